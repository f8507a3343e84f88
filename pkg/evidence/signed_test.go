package evidence

import (
	"errors"
	"strings"
	"testing"
)

func TestASignatureCountsInItsKeysWindowOnly(t *testing.T) {
	f := newFixture(t)
	f.three()
	tsa := newAuthority(t, nil)
	bundle := f.fs[ReportDir(1)+"/"+FileBundle].Data // of 21 November
	instant := func(s string) *string { return &s }
	before, after := tsa.stamp(f.signatureOf(1), at(21, 2, 30)), tsa.stamp(f.signatureOf(1), at(21, 12, 30))
	early := tsa.stamp(f.signatureOf(1), at(21, 0, 0))
	other := tsa.stamp(f.signatureOf(2), at(21, 2, 30))
	for name, c := range map[string]struct {
		change func(k *TrustKey)
		tokens [][]byte
		want   string // in the error; empty: it counts
	}{
		"in-its-window":                  {change: func(*TrustKey) {}},
		"before-it":                      {change: func(k *TrustKey) { k.NotBefore = "2026-11-22T00:00:00Z" }, want: "before the key's notBefore"},
		"after-it":                       {change: func(k *TrustKey) { k.NotAfter = instant("2026-11-20T00:00:00Z") }, want: "after the key's notAfter"},
		"compromised":                    {change: func(k *TrustKey) { k.CompromisedAt = instant("2026-11-21T12:00:00Z") }, want: "compromised"},
		"stamped-before-the-compromise":  {change: func(k *TrustKey) { k.CompromisedAt = instant("2026-11-21T12:00:00Z") }, tokens: [][]byte{after, before}},
		"stamped-after-it":               {change: func(k *TrustKey) { k.CompromisedAt = instant("2026-11-21T12:00:00Z") }, tokens: [][]byte{after}, want: "compromised"},
		"stamped-before-it-was-finished": {change: func(k *TrustKey) { k.CompromisedAt = instant("2026-11-21T12:00:00Z") }, tokens: [][]byte{early}, want: "compromised"},
		"another-report-stamped-before":  {change: func(k *TrustKey) { k.CompromisedAt = instant("2026-11-21T12:00:00Z") }, tokens: [][]byte{other}, want: "compromised"},
		"stamped-and-out-of-its-window":  {change: func(k *TrustKey) { k.NotBefore = "2026-11-22T00:00:00Z" }, tokens: [][]byte{before}, want: "notBefore"},
		"compromised-before-it-was-made": {change: func(k *TrustKey) { k.CompromisedAt = instant("2026-11-20T12:00:00Z") }, tokens: [][]byte{before}, want: "compromised"},
	} {
		t.Run(name, func(t *testing.T) {
			trust := f.trust
			trust.Keys, trust.TSARoots = append([]TrustKey{}, f.trust.Keys...), []string{tsa.root}
			c.change(&trust.Keys[0])
			s, err := OpenCounted(bundle, c.tokens, trust)
			if c.want == "" && (err != nil || s.Predicate.Chain.Sequence != 1) {
				t.Fatalf("it does not count: %v", err)
			}
			if c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
				t.Fatalf("want %q: %v", c.want, err)
			}
			if errors.Is(err, ErrCompromised) != (c.want == "compromised") {
				t.Fatalf("who has more time stamps is not told so: %v", err)
			}
		})
	}
}

func TestASignatureOfAnotherKeyNeverCounts(t *testing.T) {
	f, g := newFixture(t), newFixture(t)
	f.three()
	if _, err := OpenCounted(f.fs[ReportDir(1)+"/"+FileBundle].Data, nil, g.trust); err == nil {
		t.Fatal("it counts by a trust root that does not name its key")
	}
}

func TestATimeStampInTheBundleVouchesForACompromisedKey(t *testing.T) {
	f := newFixture(t)
	f.three()
	tsa := newAuthority(t, nil)
	instant := "2026-11-21T12:00:00Z"
	f.trust.TSARoots, f.trust.Keys[0].CompromisedAt = []string{tsa.root}, &instant
	stamped, err := AddToken(f.fs[ReportDir(1)+"/"+FileBundle].Data, tsa.stamp(f.signatureOf(1), at(21, 2, 30)))
	f.must(err)
	_, err = OpenCounted(stamped, nil, f.trust)
	f.must(err)
}
