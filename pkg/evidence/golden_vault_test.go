package evidence

import (
	"encoding/json"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
)

// The vaults under testdata/vaults stand for those that are out there: they were
// sealed once, by the version that their name says, and must verify for ever with
// what was recorded then. So there is no flag that makes them or their recordings
// anew. Whoever must change one to make this test pass has made the evidence of
// somebody else unverifiable. A new version of the format adds a vault.
//
// v1.0-a was made by the built program against an S3 server with versions: a dry
// run and its apply, a sweep with a purge, attestations of everything and of
// prefixes, a stopped run, a killed one and its recovery, a change of keys, time
// stamps. v1.0-b has what a server would not do on demand: locks, missed slots,
// changes of what was promised, keys in the clear, a report.html.
func goldenVaults() []string { return []string{"v1.0-a", "v1.0-b"} }

const goldenDir = "testdata/vaults"

func goldenTrust(t testing.TB, name string) TrustRoot {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(goldenDir, name, "trust-root.json"))
	if err != nil {
		t.Fatal(err)
	}
	trust, err := ParseTrustRoot(data)
	if err != nil {
		t.Fatal(err)
	}
	return trust
}

func TestNoGoldenVaultIsForgotten(t *testing.T) {
	entries, err := os.ReadDir(goldenDir)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
		var size int64
		err := fs.WalkDir(os.DirFS(filepath.Join(goldenDir, e.Name())), ".", func(_ string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return err
			}
			info, err := d.Info()
			size += info.Size()
			return err
		})
		if err != nil || size > 200_000 {
			t.Errorf("%s has %d bytes (%v)", e.Name(), size, err)
		}
	}
	sameStrings(t, "vaults", names, goldenVaults())
}

func TestVaultsOfOldVerifyForEverAsTheyDid(t *testing.T) {
	for _, name := range goldenVaults() {
		t.Run(name, func(t *testing.T) {
			trust, vault := goldenTrust(t, name), os.DirFS(filepath.Join(goldenDir, name, "vault"))
			v, err := Verify(vault, trust, VerifyOptions{})
			if err != nil {
				t.Fatal(err)
			}
			if !v.Valid {
				t.Errorf("it has problems: %q", v.Problems)
			}
			asRecorded(t, name+"/verify.json", v)

			last := v.Reports[len(v.Reports)-1]
			v, err = Verify(vault, trust, VerifyOptions{Require: AssuranceAnchored,
				Heads: []Head{{Sequence: last.Sequence, StatementSHA256: last.StatementSHA256}}})
			if err != nil {
				t.Fatal(err)
			}
			asRecorded(t, name+"/verify-anchored.json", v)
		})
	}
}

func TestProofsOfOldProveForEverWhatTheyDid(t *testing.T) {
	for _, name := range goldenVaults() {
		t.Run(name, func(t *testing.T) {
			trust, vault := goldenTrust(t, name), os.DirFS(filepath.Join(goldenDir, name))
			proofs, err := fs.Glob(vault, "proofs/*.json")
			if err != nil || len(proofs) == 0 {
				t.Fatalf("%d proofs, %v", len(proofs), err)
			}
			for _, file := range proofs {
				data, err := fs.ReadFile(vault, file)
				if err != nil {
					t.Fatal(err)
				}
				p, err := ParseProof(data)
				if err != nil {
					t.Fatalf("%s: %v", file, err)
				}
				claim, err := VerifyProof(p, trust)
				if err != nil {
					t.Fatalf("%s: %v", file, err)
				}
				asRecorded(t, path.Join(name, "claims", path.Base(file)), claim)
			}
		})
	}
}

// The parsers' own promise, over bytes that a former version wrote.
func TestDocumentsOfOldEncodeToTheirOwnBytes(t *testing.T) {
	kinds := map[string]bool{}
	for _, name := range goldenVaults() {
		vault := os.DirFS(filepath.Join(goldenDir, name, "vault"))
		bundles, err := fs.Glob(vault, "reports/*/"+FileBundle)
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range bundles {
			data, err := fs.ReadFile(vault, file)
			if err != nil {
				t.Fatal(err)
			}
			payload, _, _, err := OpenBundle(data)
			if err != nil {
				t.Fatalf("%s: %v", file, err)
			}
			st, err := ParseStatement(payload)
			if err != nil {
				t.Fatalf("%s: %v", file, err)
			}
			again, err := st.Marshal()
			same(t, payload, again, err)
			kinds[st.Predicate.ReportType] = true
		}
	}
	for _, kind := range []string{TypeSweep, TypeAttestation, TypeDryRun, TypeStopped, TypeRecovery, TypeKeyRotation} {
		if !kinds[kind] {
			t.Errorf("no golden vault has a report of type %s", kind)
		}
	}
}

// asRecorded demands that all that was recorded is said again, word for word. A
// field that didn't exist then may be there now.
func asRecorded(t *testing.T, file string, got any) {
	t.Helper()
	recorded, err := os.ReadFile(filepath.Join(goldenDir, file))
	if err != nil {
		t.Fatal(err)
	}
	said, err := json.Marshal(got)
	if err != nil {
		t.Fatal(err)
	}
	var want, have any
	if err := json.Unmarshal(recorded, &want); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(said, &have); err != nil {
		t.Fatal(err)
	}
	for _, at := range differences("", want, have) {
		t.Errorf("%s: %s", file, at)
	}
}

// differences tells where have lacks something of want or says it differently.
func differences(at string, want, have any) []string {
	var all []string
	switch w := want.(type) {
	case map[string]any:
		h, _ := have.(map[string]any)
		for _, k := range slices.Sorted(maps.Keys(w)) {
			all = append(all, differences(at+"."+k, w[k], h[k])...)
		}
	case []any:
		h, _ := have.([]any)
		if len(h) != len(w) {
			return []string{strings.TrimPrefix(at, ".") + " has another length"}
		}
		for i := range w {
			all = append(all, differences(at+"[]", w[i], h[i])...)
		}
	default:
		if !reflect.DeepEqual(want, have) {
			want, _ := json.Marshal(want)
			have, _ := json.Marshal(have)
			all = append(all, strings.TrimPrefix(at, ".")+" is "+string(have)+", recorded was "+string(want))
		}
	}
	return all
}
