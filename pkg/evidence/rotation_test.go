package evidence

import (
	"strings"
	"testing"
)

// rotation is the plan of the report that hands over from one key to another,
// at noon of a November day.
func (f *fixture) rotation(day int, from, to Signer) *plan {
	f.t.Helper()
	old, err := SPKISHA256(from.Public())
	f.must(err)
	spki, err := SPKISHA256(to.Public())
	f.must(err)
	pl := &plan{signer: from, config: f.night(day).config}
	pl.p = Predicate{
		SchemaVersion: SchemaVersion, ReportID: "01936000-0000-7000-8000-00000000aaaa", ReportType: TypeKeyRotation, Result: ResultNone,
		Run:      Run{Trigger: "manual", StartedAt: FormatTime(at(day, 12, 0)), FinishedAt: FormatTime(at(day, 12, 0))},
		Manifest: Manifest{Format: ManifestFormat, TreeAlg: TreeAlg},
		Rotation: &Rotation{OldSPKISHA256: old, NewSPKISHA256: spki},
	}
	return pl
}

// rotating is a vault of one night, and a second key that its trust root knows.
func rotating(t *testing.T) (f *fixture, second Signer, old, spki string) {
	t.Helper()
	f = newFixture(t)
	f.seal(f.night(20))
	second = newSigner(t)
	old = f.trust.Keys[0].SPKISHA256
	next, err := f.trust.Rotate(old, second.Public(), at(20, 12, 0))
	f.must(err)
	f.trust, spki = next, next.Keys[1].SPKISHA256
	return f, second, old, spki
}

func TestAfterARotationTheNewKeySignsAndNoOther(t *testing.T) {
	f, second, old, spki := rotating(t)
	f.seal(f.rotation(20, f.signer, second))
	before := clone(f.fs)
	last, n, payloadSHA, bundleSHA := f.last, f.n, f.payloadSHA, f.bundleSHA

	pl := f.night(21)
	pl.signer = second
	f.seal(pl)
	v := f.verify(VerifyOptions{})
	sameStrings(t, "problems", v.Problems, nil)
	sameStrings(t, "exceptions", v.Exceptions, []string{"report 1: key " + old + " hands over to key " + spki})

	f.fs, f.last, f.n, f.payloadSHA, f.bundleSHA = before, last, n, payloadSHA, bundleSHA
	f.trust.Keys[0].NotAfter = nil
	f.seal(f.night(21))
	sameStrings(t, "by the old key", f.verify(VerifyOptions{}).Problems, []string{
		"report 2: report.sigstore.json: it is signed by key " + old + ", and report 1 hands over to key " + spki})
}

func TestAKeyDoesNotChangeWithoutARotation(t *testing.T) {
	f, second, old, spki := rotating(t)
	pl := f.night(21)
	pl.signer = second
	f.seal(pl)
	sameStrings(t, "problems", f.verify(VerifyOptions{}).Problems, []string{
		"report 1: report.sigstore.json: it is signed by key " + spki + ", report 0 by key " + old + ", and no key rotation stands between them"})
}

func TestARotationReplacesTheKeyInForce(t *testing.T) {
	f, second, old, spki := rotating(t)
	third := newSigner(t)
	pl := f.rotation(20, second, third)
	pl.p.Signer = SignerRef{}
	f.seal(pl)
	sameStrings(t, "problems", f.verify(VerifyOptions{}).Problems, []string{
		"report 1: report.sigstore.json: rotation: it replaces key " + spki + ", and the key in force since report 0 is " + old})
}

func TestALostKeyIsReplacedByTheNewOneAloneAndSaidSo(t *testing.T) {
	f, second, old, spki := rotating(t)
	pl := f.rotation(20, f.signer, second)
	pl.signer = second
	pl.p.Reasons = []Reason{{Code: CodeOldKeyUnavailable, Count: 1}}
	f.seal(pl)
	v := f.verify(VerifyOptions{})
	sameStrings(t, "problems", v.Problems, nil)
	sameStrings(t, "exceptions", v.Exceptions, []string{"report 1: OLD_KEY_UNAVAILABLE: no signature of key " + old +
		" vouches for the change to key " + spki + ", only the trust root does"})
}

func TestAReportWhoseKeyWasLostBeforeItWasSealedIsSignedByTheNewOne(t *testing.T) {
	for name, first := range map[string]bool{"report 0": true, "a later one": false} {
		f := newFixture(t)
		second := newSigner(t)
		old, n := f.trust.Keys[0].SPKISHA256, "0"
		day := 20
		if !first {
			f.seal(f.night(20))
			day, n = 21, "1"
		}
		pl := f.night(day)
		finished, err := ParseTime(pl.p.Run.FinishedAt)
		f.must(err)
		f.trust, err = f.trust.Rotate(old, second.Public(), finished)
		f.must(err)
		spki := f.trust.Keys[1].SPKISHA256
		pl.signer, pl.p.Rotation = second, &Rotation{OldSPKISHA256: old, NewSPKISHA256: spki}
		pl.p.Reasons = append(pl.p.Reasons, Reason{Code: CodeOldKeyUnavailable, Count: 1})
		f.seal(pl)
		next := f.night(day + 1)
		next.signer = second
		f.seal(next)
		v := f.verify(VerifyOptions{})
		sameStrings(t, name+": problems", v.Problems, nil)
		sameStrings(t, name+": exceptions", v.Exceptions, []string{"report " + n + ": OLD_KEY_UNAVAILABLE: no signature of key " + old +
			" vouches for the change to key " + spki + ", only the trust root does"})
	}
}

func TestAReportWhoseKeyWasLostReplacesTheKeyInForce(t *testing.T) {
	f, _, old, spki := rotating(t)
	third := newSigner(t)
	next, err := f.trust.Rotate(spki, third.Public(), at(20, 12, 0))
	f.must(err)
	f.trust = next
	pl := f.night(21)
	pl.signer, pl.p.Rotation = third, &Rotation{OldSPKISHA256: spki, NewSPKISHA256: next.Keys[2].SPKISHA256}
	pl.p.Reasons = append(pl.p.Reasons, Reason{Code: CodeOldKeyUnavailable, Count: 1})
	f.seal(pl)
	sameStrings(t, "problems", f.verify(VerifyOptions{}).Problems, []string{
		"report 1: report.sigstore.json: rotation: it replaces key " + spki + ", and the key in force since report 0 is " + old})
}

func TestWhatARotationSaysFitsItself(t *testing.T) {
	f, second, old, spki := rotating(t)
	lost := []Reason{{Code: CodeOldKeyUnavailable, Count: 1}}
	ref, err := SignerFor(f.signer.Public())
	f.must(err)
	cases := map[string]struct {
		change func(p *Predicate)
		want   string
	}{
		"without keys": {func(p *Predicate) { p.Rotation = nil }, "rotation is missing in a key-rotation report"},
		"a short name": {func(p *Predicate) { p.Rotation.NewSPKISHA256 = "ab" },
			"rotation: a key is not named by a SHA-256 in lower-case hex"},
		"one key": {func(p *Predicate) { p.Rotation.NewSPKISHA256 = old }, "rotation: the old key and the new one are the same"},
		"lost, and signed by it": {func(p *Predicate) { p.Reasons = lost },
			"rotation: the signer is " + old + ": the old key signs, or the new one where reasons[] says OLD_KEY_UNAVAILABLE"},
		"by the new key": {func(p *Predicate) { p.Signer.SPKISHA256 = spki },
			"rotation: the signer is " + spki + ": the old key signs, or the new one where reasons[] says OLD_KEY_UNAVAILABLE"},
	}
	for name, c := range cases {
		pl := f.rotation(20, f.signer, second)
		pl.p.Signer = ref
		pl.p.Chain = Chain{VaultID: fixtureVault}
		f.files(pl)
		sameStrings(t, name+": before", ValidatePredicate(pl.p), nil)
		c.change(&pl.p)
		sameStrings(t, name, ValidatePredicate(pl.p), []string{c.want})
	}
	sweep := f.night(21)
	sweep.p.Signer = ref
	sweep.p.Rotation = &Rotation{OldSPKISHA256: old, NewSPKISHA256: spki}
	if got := strings.Join(ValidatePredicate(sweep.p), "\n"); !strings.Contains(got, "rotation stands in a report of type sweep, and reasons[] does not say OLD_KEY_UNAVAILABLE") {
		t.Errorf("in a sweep: %s", got)
	}
	sweep.p.Rotation, sweep.p.Reasons = nil, lost
	if got := strings.Join(ValidatePredicate(sweep.p), "\n"); !strings.Contains(got, "reasons[] says OLD_KEY_UNAVAILABLE, and rotation does not name the keys") {
		t.Errorf("in a sweep: %s", got)
	}
}
