package evidence

import (
	"errors"
	"io/fs"
	"slices"
	"testing"
	"testing/fstest"
)

// unreadable is a vault in which some names can't be opened.
type unreadable struct {
	fs.FS
	names []string
}

func (u unreadable) Open(name string) (fs.File, error) {
	if slices.Contains(u.names, name) {
		return nil, &fs.PathError{Op: "open", Path: name, Err: errors.New("input/output error")}
	}
	return u.FS.Open(name)
}

// trustedVault is a vault of one night with all that belongs under trust/: two
// trust roots, of which the second is given, and what lies beside them.
func trustedVault(t *testing.T) *fixture {
	t.Helper()
	f, _, old, spki := rotating(t)
	zero, err := NewTrustRoot(fixtureVault, f.signer.Public(), at(1, 0, 0))
	f.must(err)
	for _, root := range []TrustRoot{zero, f.trust} {
		data, err := root.Marshal()
		f.must(err)
		f.fs[FileTrust(root.Version)] = &fstest.MapFile{Data: data}
	}
	f.fs["trust/signing-"+old+".pub"] = &fstest.MapFile{Data: []byte(f.trust.Keys[0].PublicKeyPEM)}
	f.fs["trust/signing-"+spki+".pub"] = &fstest.MapFile{Data: []byte(f.trust.Keys[1].PublicKeyPEM)}
	f.fs["trust/tsa-0.pem"] = &fstest.MapFile{}
	return f
}

func TestWhatDoesNotBelongUnderTrustIsFound(t *testing.T) {
	f := trustedVault(t)
	sameStrings(t, "problems of a good one", f.verify(VerifyOptions{}).Problems, nil)
	old, other := f.trust.Keys[0].SPKISHA256, f.trust.Keys[1].SPKISHA256
	for name, c := range map[string]struct {
		file, data, want string
	}{
		"a key by another name":         {"trust/signing.pub", "", "trust/signing.pub does not belong to a vault"},
		"a note":                        {"trust/README", "", "trust/README does not belong to a vault"},
		"a trust root with few digits":  {"trust/trust-root-1.json", "", "trust/trust-root-1.json does not belong to a vault"},
		"a trust root with many digits": {"trust/trust-root-00001.json", "", "trust/trust-root-00001.json does not belong to a vault"},
		"a folder":                      {"trust/tsa-1.pem/x", "", "trust/tsa-1.pem does not belong to a vault"},
		"another key by a key's name": {"trust/signing-" + old + ".pub", f.trust.Keys[1].PublicKeyPEM,
			"trust/signing-" + old + ".pub: it is not the key that its name says: its SPKI SHA-256 is " + other},
		"no key by a key's name": {"trust/signing-" + old + ".pub", "x",
			"trust/signing-" + old + `.pub: not a public key: want one PEM block "PUBLIC KEY"`},
	} {
		t.Run(name, func(t *testing.T) {
			f := *f
			f.fs = clone(f.fs)
			f.fs[c.file] = &fstest.MapFile{Data: []byte(c.data)}
			sameStrings(t, "problems", f.verify(VerifyOptions{}).Problems, []string{c.want})
		})
	}
}

func TestATrustRootThatCannotBeReadIsFoundWithTheReason(t *testing.T) {
	f := trustedVault(t)
	pub := "trust/signing-" + f.trust.Keys[0].SPKISHA256 + ".pub"
	for name, want := range map[string]string{
		FileTrust(1): "trust/trust-root-0001.json: it can't be read: open trust/trust-root-0001.json: input/output error",
		FileTrust(0): "trust/trust-root-0000.json: it can't be read: open trust/trust-root-0000.json: input/output error",
		pub:          pub + ": it can't be read: open " + pub + ": input/output error",
		"trust":      "trust: its files can't be listed: open trust: input/output error",
	} {
		v, err := Verify(unreadable{f.fs, []string{name}}, f.trust, VerifyOptions{})
		f.must(err)
		sameStrings(t, name, v.Problems, []string{want})
	}
}

// A newer trust root may say that a key was compromised. However many came since
// the given one, and whether or not those between are there, the newest is named.
func TestTheNewestOfTheVaultsTrustRootsIsAskedFor(t *testing.T) {
	f := trustedVault(t)
	for _, version := range []int64{9999, 3, 10000} {
		f.fs[FileTrust(version)] = &fstest.MapFile{Data: []byte("{}")}
	}
	v := f.verify(VerifyOptions{})
	sameStrings(t, "problems", v.Problems, nil)
	want := "the vault holds trust/trust-root-10000.json, and trust root 1 was given: ask the organization for the newer one"
	if !slices.Contains(v.Notes, want) {
		t.Errorf("notes: %q", v.Notes)
	}
}
