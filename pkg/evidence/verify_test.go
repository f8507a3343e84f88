package evidence

import "testing"

func TestAValidVaultHasNoFindings(t *testing.T) {
	f := newFixture(t)
	f.three()
	v := f.verify(VerifyOptions{})
	sameStrings(t, "problems", v.Problems, nil)
	sameStrings(t, "exceptions", v.Exceptions, nil)
}
