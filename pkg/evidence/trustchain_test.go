package evidence

import (
	"slices"
	"strings"
	"testing"
	"testing/fstest"
)

func TestATrustRootOnlyGains(t *testing.T) {
	f, _, old, _ := rotating(t)
	zero, err := NewTrustRoot(fixtureVault, f.signer.Public(), at(1, 0, 0))
	f.must(err)
	one := f.trust
	f.must(one.Succeeds(zero))
	end, other := "2026-12-01T00:00:00Z", "2026-12-02T00:00:00Z"

	sum := func(r TrustRoot) string {
		data, err := r.Marshal()
		f.must(err)
		return SHA256Hex(data)
	}
	two := func(change func(*TrustRoot)) TrustRoot {
		before := sum(one)
		r := TrustRoot{Version: 2, PreviousSHA256: &before, VaultID: one.VaultID, Keys: slices.Clone(one.Keys), TSARoots: []string{}}
		change(&r)
		return r
	}
	f.must(two(func(*TrustRoot) {}).Succeeds(one))
	f.must(two(func(r *TrustRoot) { r.Keys[0].CompromisedAt, r.Keys[1].NotAfter = &end, &end }).Succeeds(one))
	f.must(two(func(r *TrustRoot) { r.TSARoots = []string{"later"} }).Succeeds(one))

	cases := map[string]struct {
		change func(*TrustRoot)
		want   string
	}{
		"a version left out": {func(r *TrustRoot) { r.Version = 3 }, "trust root 3 does not follow trust root 1 by its version"},
		"another file before": {func(r *TrustRoot) { r.PreviousSHA256 = &old },
			"trust root 2: its previousSha256 is not the digest of trust root 1 (" + sum(one) + ")"},
		"another vault": {func(r *TrustRoot) { r.VaultID = "x" }, `trust root 2 is for vault "x", the one before for "vault-7f3a"`},
		"a key removed": {func(r *TrustRoot) { r.Keys = r.Keys[:1] }, "trust root 2 names 1 keys, the one before 2: a key is never removed"},
		"an end moved": {func(r *TrustRoot) { r.Keys[0].NotAfter = &other },
			"trust root 2: key " + old + ": its notAfter or compromisedAt was moved or removed"},
		"an end removed": {func(r *TrustRoot) { r.Keys[0].NotAfter = nil },
			"trust root 2: key " + old + ": its notAfter or compromisedAt was moved or removed"},
		"a begin moved": {func(r *TrustRoot) { r.Keys[0].NotBefore = other },
			"trust root 2: key " + old + ": its entry changed: it may only gain notAfter and compromisedAt"},
		"keys changed places": {func(r *TrustRoot) { slices.Reverse(r.Keys) },
			"trust root 2: key " + old + ": its notAfter or compromisedAt was moved or removed"},
	}
	for name, c := range cases {
		if err := two(c.change).Succeeds(one); err == nil || err.Error() != c.want {
			t.Errorf("%s:\n got %v\nwant %s", name, err, c.want)
		}
	}
	one.TSARoots = []string{"a"}
	if err := two(func(*TrustRoot) {}).Succeeds(one); err == nil || err.Error() != "trust root 2: tsaRoots[0] of the one before was removed or changed" {
		t.Errorf("an authority removed: %v", err)
	}
}

func TestOnlyAKeyInForceIsReplaced(t *testing.T) {
	f, second, old, _ := rotating(t)
	for _, spki := range []string{old, strings.Repeat("a", 64)} {
		if _, err := f.trust.Rotate(spki, second.Public(), at(21, 0, 0)); err == nil || err.Error() != "make trust root: key "+spki+" is not in force" {
			t.Errorf("got %v", err)
		}
	}
}

func TestTheVaultsTrustRootsMustBeThoseOfTheGivenOne(t *testing.T) {
	f, second, _, _ := rotating(t)
	zero, err := NewTrustRoot(fixtureVault, f.signer.Public(), at(1, 0, 0))
	f.must(err)
	put := func(name string, r TrustRoot) {
		data, err := r.Marshal()
		f.must(err)
		f.fs[name] = &fstest.MapFile{Data: data}
	}
	put(FileTrust(0), zero)
	put(FileTrust(1), f.trust)
	f.seal(f.rotation(20, f.signer, second))
	v := f.verify(VerifyOptions{})
	sameStrings(t, "problems", v.Problems, nil)
	if strings.Contains(strings.Join(v.Notes, "\n"), "trust") {
		t.Errorf("notes: %q", v.Notes)
	}

	one := f.trust
	f.trust = zero
	v = f.verify(VerifyOptions{})
	sameStrings(t, "problems with the old one", v.Problems, nil)
	if want := "the vault holds trust/trust-root-0001.json, and trust root 0 was given: ask the organization for the newer one"; !slices.Contains(v.Notes, want) {
		t.Errorf("notes: %q", v.Notes)
	}

	f.trust = one
	stranger, err := NewTrustRoot(fixtureVault, newSigner(t).Public(), at(1, 0, 0))
	f.must(err)
	put(FileTrust(0), stranger)
	data, err := stranger.Marshal()
	f.must(err)
	sameStrings(t, "problems with another history", f.verify(VerifyOptions{}).Problems, []string{
		"trust/trust-root-0000.json: trust root 1: its previousSha256 is not the digest of trust root 0 (" + SHA256Hex(data) + ")"})
	put(FileTrust(1), zero)
	put(FileTrust(0), zero)
	sameStrings(t, "problems with another one", f.verify(VerifyOptions{}).Problems, []string{
		"trust/trust-root-0001.json is not the trust root that was given"})
	f.fs[FileTrust(0)] = &fstest.MapFile{Data: []byte("{}")}
	delete(f.fs, FileTrust(1))
	if got := f.verify(VerifyOptions{}).Problems; len(got) != 1 || !strings.HasPrefix(got[0], "trust/trust-root-0000.json: ") {
		t.Errorf("problems with no trust root at all: %q", got)
	}
	delete(f.fs, FileTrust(0))
	v = f.verify(VerifyOptions{})
	sameStrings(t, "problems without", v.Problems, nil)
	if want := "trust/trust-root-0000.json is not in the vault: what trust root 1 was before was not checked"; !slices.Contains(v.Notes, want) {
		t.Errorf("notes: %q", v.Notes)
	}
}
