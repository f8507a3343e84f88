package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/sweeper-audit/sweeper/pkg/evidence"
)

// The binary is killed with SIGKILL, and its key is gone when it is looked for.
func TestWhereverARunIsKilledAndLosesItsKeyEveryEntryIsAccountedFor(t *testing.T) {
	needTools(t)
	asked := int64(len(newKillWorld(t, inDir, dozen).requests(t)))
	var recovered, replaced atomic.Int64
	step := int64(3)
	if testing.Short() {
		step = 9
	}
	t.Run("each", func(t *testing.T) {
		for n := int64(1); n <= asked; n += step {
			s := shot{n: n, when: []when{before, after}[n%2]}
			t.Run(fmt.Sprintf("%s-%d", s.when, s.n), func(t *testing.T) {
				t.Parallel()
				w := newKillWorld(t, inDir, dozen)
				w.fire(t, s)
				w.losesKey(t)
				w.run(t, 0, "run")
				a := w.account(t)
				for i, r := range a.reports {
					if !slices.Contains(r.Reasons, evidence.Reason{Code: evidence.CodeOldKeyUnavailable, Count: 1}) {
						continue
					}
					replaced.Add(1)
					if r.Type != evidence.TypeKeyRotation {
						recovered.Add(1)
					}
					if i != 0 && r.Type != evidence.TypeKeyRotation {
						t.Errorf("report %d is a %s", i, r.Type)
					}
				}
				auditor := newAuditor(t, filepath.Join(w.dir, "vault"), filepath.Join(w.dir, "keys/trust-root.json"))
				auditor.says(t, false, "bash chain.sh vault trust-root.json", 0, "WHOLE: ")
			})
		}
	})
	if want := (asked + step - 1) / step; replaced.Load() != want || recovered.Load() < want/2 {
		t.Errorf("%d keys were lost, %d reports say so, and %d of them are those of dead runs", want, replaced.Load(), recovered.Load())
	}
}

// losesKey removes the signing key, replaces it, and puts the new files in the
// places of the old ones.
func (w *killWorld) losesKey(t *testing.T) {
	t.Helper()
	if err := os.Remove(filepath.Join(w.dir, "keys/signing.pem")); err != nil {
		t.Fatal(err)
	}
	w.run(t, 2, "run")
	w.run(t, 0, "keys", "rotate", "--old-key-lost")
	for from, to := range map[string]string{"signing-0001.pem": "signing.pem", "trust-root-0001.json": "trust-root.json"} {
		if err := os.Rename(filepath.Join(w.dir, "keys", from), filepath.Join(w.dir, "keys", to)); err != nil {
			t.Fatal(err)
		}
	}
}

func TestAKeyThatIsLostBeforeItsTrustRootIsWrittenIsReplaced(t *testing.T) {
	for name, c := range map[string]struct {
		lost  bool // the old key is lost too, so that the new one signed
		named int  // keys in the trust root
	}{
		"the old key handed over": {false, 2},
		"the new key signed":      {true, 3},
	} {
		t.Run(name, func(t *testing.T) {
			k := newKeyed(t, "signing:\n  key: keys/signing.pem\n  trust: keys/trust-root.json\n")
			k.run(t, 0, "run")
			rotate := []string{"keys", "rotate"}
			if c.lost {
				k.remove("keys/signing.pem")
				rotate = append(rotate, "--old-key-lost")
			}
			k.run(t, 0, rotate...)
			k.remove("keys/signing-0001.pem", "keys/trust-root-0001.json", "vault/trust/trust-root-0001.json")

			if c.lost { // its public half is asked for where the keys are, and in the vault it counts for nothing
				pub := filepath.Join(k.dir, "keys/signing-0001.pub")
				if err := os.Rename(pub, pub+".away"); err != nil {
					t.Fatal(err)
				}
				_, errs := k.run(t, 1, "keys", "rotate", "--old-key-lost")
				contains(t, "without the public half", errs, "which the trust root does not name")
				k.remove("keys/signing-0001.pem", "keys/signing-0001.pub")
				if err := os.Rename(pub+".away", pub); err != nil {
					t.Fatal(err)
				}
			} else {
				_, errs := k.run(t, 1, "keys", "rotate")
				contains(t, "not said to be lost", errs, "report 1 hands over to key ", "if it is lost too, rotate with --old-key-lost")
			}
			out, _ := k.run(t, 0, "keys", "rotate", "--old-key-lost")
			contains(t, "rotate", out, "Report 2 hands over from key ", "keys/signing-0001-2.pem", "keys/trust-root-0001.json")
			again, _ := k.run(t, 0, "keys", "rotate", "--old-key-lost")
			if again != out {
				t.Errorf("a second rotate did something else:\n%s", again)
			}
			k.set("keys/signing.pem", "keys/signing-0001-2.pem")
			k.set("keys/trust-root.json", "keys/trust-root-0001.json")
			k.run(t, 0, "run")
			v := k.verify(0, "keys/trust-root-0001.json")
			said := 0
			for _, e := range v.Exceptions {
				if strings.Contains(e, "OLD_KEY_UNAVAILABLE: no signature of key ") {
					said++
				}
			}
			if root := k.trust("keys/trust-root-0001.json"); len(root.Keys) != c.named || said != c.named-1 || len(v.Reports) != 4 {
				t.Errorf("%d keys in the trust root, %d reports, exceptions %q", len(root.Keys), len(v.Reports), v.Exceptions)
			}
		})
	}
}

func TestARotationWhoseTrustRootHasNoPlaceIsNotBegun(t *testing.T) {
	k := newKeyed(t, "signing:\n  key: keys/signing.pem\n  trust: keys/trust-root.json\n")
	k.run(t, 0, "run")
	spki := k.trust("keys/trust-root.json").Keys[0].SPKISHA256
	k.run(t, 0, "keys", "trust", "--compromised", spki+"=2100-01-01T00:00:00Z")
	_, errs := k.run(t, 2, "keys", "rotate", "--old-key-lost")
	contains(t, "rotate", errs, "trust-root-0001.json is newer than signing.trust", "set signing.trust to it first")
	if v := k.verify(0, "keys/trust-root.json"); len(v.Reports) != 1 {
		t.Errorf("%d reports", len(v.Reports))
	}
}
