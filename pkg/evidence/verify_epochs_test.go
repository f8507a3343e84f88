package evidence

import "testing"

// Who lost the secret and made another may have kept the epoch's name: it is said,
// and no finding. Under another name a team has another key.
func TestASecretThatWasReplacedUnderItsNameIsSaid(t *testing.T) {
	for name, c := range map[string]struct {
		secret Secret
		epoch  string
		want   []string
	}{
		"the same":                 {Secret{1, 2, 3}, "2026-11", nil},
		"another, and a new name":  {Secret{4}, "2026-12", nil},
		"the same with a new name": {Secret{1, 2, 3}, "2026-12", nil},
		"another, and no new name": {Secret{4}, "2026-11", []string{"report 1: identifiers.epoch \"2026-11\" is that of report 0 with another epochCommit: " +
			"the secret was replaced without a new name, and neither finds the other's entries"}},
	} {
		f := newFixture(t)
		f.seal(f.night(20))
		f.ids = NewIdentifiers(c.secret, c.epoch)
		f.seal(f.night(21))
		f.seal(f.night(22)) // said once
		v := f.verify(VerifyOptions{})
		sameStrings(t, name+": problems", v.Problems, nil)
		sameStrings(t, name+": notes", v.Notes[:len(v.Notes)-2], c.want) // the others are about locks and anchors
	}
}
