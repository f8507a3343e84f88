package sweep_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sweeper-audit/sweeper/pkg/bucket/buckettest"
	"github.com/sweeper-audit/sweeper/pkg/evidence"
	"github.com/sweeper-audit/sweeper/pkg/retention"
	"github.com/sweeper-audit/sweeper/pkg/sweep"
)

// small is a world with two stores and a run of several segments and batches, of every kind
// of line. It returns the keys that must stay.
func small(t *testing.T) (w *world, stay []string) {
	t.Helper()
	w = newWorld(t)
	w.CreateBucket("other")
	w.spec.Stores = append(w.spec.Stores, w.store("other"))
	w.spec.Stores[0].Layouts = []string{layout, "{team}/{request}"}
	w.spec.AllTeams = true
	w.spec.Stores[0].Batch, w.cut = 2, 3
	for i := range 4 {
		w.seed("acme", 40*day, fmt.Sprint(i))
	}
	w.seed("zdr", 100*day, "old")
	w.put("stray", 50*day)
	w.put("basalt/x", 50*day)
	stay = []string{w.seed("acme", 40*day, "held"), w.seed("acme", day, "young"), w.seed("basalt", 29*day, "young")}
	w.spec.Holds = []retention.Hold{{ID: "h", Owner: "o", Until: noon.Add(90 * day), Match: retention.HoldMatch{Keys: stay[:1]}}}
	w.Put("other", dated("acme", 40*day, "old"), nil, noon.Add(-40*day))
	w.Put("other", dated("acme", day, "young"), nil, noon.Add(-day))
	return w, stay
}

// settled checks what must hold once a healthy run has followed any number of
// deaths: everything old is gone, everything young is there, the chain has no
// gap, and each planned entry stands in the manifest of its run once.
func (w *world) settled(s *sweep.Sealed, stay []string) {
	w.t.Helper()
	w.wantKeys(stay...)
	if keys := w.Keys("other"); !slices.Equal(keys, []string{dated("acme", day, "young")}) {
		w.t.Errorf("the other store holds %q", keys)
	}
	v := w.verify()
	for i, r := range v.Reports {
		if r.Sequence != int64(i) {
			w.t.Errorf("report %d stands at place %d", r.Sequence, i)
		}
	}
	if n := int64(len(v.Reports)); n != s.Number+1 {
		w.t.Errorf("%d reports, the last has number %d", n, s.Number)
	}
	// What may be left of work is that of dry runs; these are sweeps.
	if names, err := w.work.List(w.t.Context(), "0"); err != nil || len(names) > 0 {
		w.t.Errorf("the work area still holds %q, %v", names, err)
	}
}

func TestARunMayDieAtAnyWrite(t *testing.T) {
	for _, after := range []bool{false, true} {
		for k := int64(1); ; k += stride() {
			var writes atomic.Int64
			w, stay := small(t)
			repair := w.sabotage(after, from(k, &writes))
			_, err := w.try(t.Context())
			died := writes.Load() >= k
			repair()
			begun, sealed := has(w.work, "0000000000/run.json"), has(w.vault, evidence.ReportDir(0)+"/"+evidence.FileBundle)
			s := w.run()
			w.settled(s, stay)
			// A run that died between its freezing and its bundle is sealed under its own number.
			if recovered := slices.Equal(s.Recovered, []int64{0}); recovered != (begun && !sealed) || (s.Number == 1) != (begun || sealed) {
				t.Errorf("begun %v, sealed %v: the next run has number %d and recovered %v", begun, sealed, s.Number, s.Recovered)
			}
			if t.Failed() {
				t.Fatalf("the writes failed from the %d-th on (made: %v): %v\n%s", k, after, err, w.logs)
			}
			if !died {
				if k < 20 {
					t.Fatalf("the run made only %d writes", writes.Load())
				}
				break
			}
		}
	}
}

func TestRecoveryMayDieAtAnyWriteToo(t *testing.T) {
	for k := int64(2); k <= 24; k += 2 * stride() {
		for j := 1 + k/2%7; j <= 40; j += 7 {
			var one, two atomic.Int64
			w, stay := small(t)
			repair := w.sabotage(k%2 == 0, from(k, &one))
			_, err1 := w.try(t.Context())
			repair()
			repair = w.sabotage(j%2 == 0, from(j, &two))
			_, err2 := w.try(t.Context())
			repair()
			w.settled(w.run(), stay)
			if t.Failed() {
				t.Fatalf("k=%d %v, j=%d %v\n%s", k, err1, j, err2, w.logs)
			}
			if two.Load() < j {
				break
			}
		}
	}
}

func has(a sweep.Area, name string) bool {
	_, err := a.Get(context.Background(), name)
	return err == nil
}

// dies makes a run that fails at the first write of a file of that name.
func (w *world) dies(file string) {
	w.t.Helper()
	repair := w.sabotage(false, func(name string) bool { return strings.HasSuffix(name, file) })
	if _, err := w.try(w.t.Context()); err == nil {
		w.t.Fatalf("a run that can't write %s went on", file)
	}
	repair()
}

func TestADeadRunIsSettledByWhatTheStoreShows(t *testing.T) {
	w := newWorld(t)
	w.spec.Stores[0].Layouts = []string{"{team}/{request}"}
	for _, key := range []string{"acme/gone", "acme/changed", "acme/denied", "acme/held"} {
		w.put(key, 40*day)
	}
	w.spec.Holds = []retention.Hold{{ID: "h", Owner: "o", Until: noon.Add(day), Match: retention.HoldMatch{Keys: []string{"acme/held"}}}}
	w.deletes(func(key string) string {
		if key == "acme/gone" {
			return ""
		}
		return "AccessDenied"
	})
	w.dies("manifest-0000-00000.jsonl.gz")
	w.put("acme/changed", time.Hour)
	w.OnRequest(nil)
	s := w.run()
	if !slices.Equal(s.Recovered, []int64{0}) {
		t.Fatalf("recovered %v, want 0", s.Recovered)
	}
	w.wantFates(0, map[string]string{"acme/gone": "absent RECOVERED", "acme/changed": "changed CHANGED_SINCE_LISTED",
		"acme/denied": "left RECOVERED", "acme/held": "held"})
	w.wantFates(1, map[string]string{"acme/gone": "", "acme/changed": "", "acme/denied": "deleted", "acme/held": "held"})
	w.wantKeys("acme/changed", "acme/held")
	if r := w.verify().Reports[0]; r.Type != evidence.TypeRecovery || r.Result != evidence.ResultInterrupted {
		t.Errorf("the dead run's report is a %s with the result %s", r.Type, r.Result)
	}
}

func TestADeadRunWhoseStoreCanNotBeReachedHoldsNobodyUp(t *testing.T) {
	w := newWorld(t)
	key := w.seed("acme", 40*day, "a")
	w.dies("manifest-0000-00000.jsonl.gz")
	w.CreateBucket("other")
	w.spec.Stores = []sweep.StoreSpec{w.store("other")}
	w.OnRequest(func(c buckettest.Call) buckettest.Verdict {
		if strings.HasPrefix(c.Path, "/"+store1) {
			return buckettest.Refuse(http.StatusForbidden, "AccessDenied", "no")
		}
		return buckettest.Verdict{}
	})
	s := w.run()
	w.wantFates(0, map[string]string{key: "unconfirmed STORE_UNREACHABLE"})
	w.wantResult(s, evidence.ResultKept, 0, evidence.CodeScopeChanged)
}

func TestADeadDryRunAndAttestationStayWhatTheyAre(t *testing.T) {
	for kind, file := range map[string]string{evidence.TypeDryRun: "guard.json", evidence.TypeAttestation: "plan-0000.json"} {
		w := newWorld(t)
		key := w.seed("acme", 40*day, "a")
		w.req.Type = kind
		w.dies(file)
		w.run()
		w.wantKeys(key)
		if r := w.verify().Reports[0]; r.Type != kind {
			t.Errorf("the dead %s is sealed as a %s", kind, r.Type)
		}
	}
}

func TestAStoppedRunThatDiesStaysStopped(t *testing.T) {
	w := newWorld(t)
	key := w.seed("acme", 40*day, "a")
	w.spec.Limits.MaxDeletions = 0
	w.dies("manifest-0000-00000.jsonl.gz")
	w.run()
	w.wantKeys(key)
	w.wantFates(0, map[string]string{key: "left GUARD"})
	if r := w.verify().Reports[0]; r.Type != evidence.TypeStopped {
		t.Errorf("a stopped run that died is sealed as a %s", r.Type)
	}
}

func TestARunThatIsStillAliveSomewhereStopsAtTheGuardThatRecoveryShut(t *testing.T) {
	w := newWorld(t)
	key := w.seed("acme", 40*day, "a")
	w.dies("guard.json")
	run := w.frozen(0)
	w.spec.Limits.MaxDeletions = 0
	keep := w.sabotageRemoves()
	w.run()
	keep()
	late := w.sweeper()
	if err := late.Guard(t.Context(), run); err != nil {
		t.Fatal(err)
	}
	if err := late.SweepShard(t.Context(), t.Context(), run, 0); err != nil {
		t.Fatal(err)
	}
	w.wantKeys(key)
	w.wantFates(0, map[string]string{key: "left RECOVERED"})
	if data, err := w.work.Get(t.Context(), "0000000000/guard.json"); err != nil || !strings.Contains(string(data), `"go":false`) {
		t.Errorf("the dead run's guard says %s, %v", data, err)
	}
}

func TestAPartOfAnotherRunIsFoundOutBeforeAnythingIsDeleted(t *testing.T) {
	w := newWorld(t)
	key := w.seed("acme", 40*day, "a")
	w.dies("confirm-0000.json") // its part is in the vault
	w.wantKeys()
	w.put(key, 40*day)
	w.work, w.lease = openDir(t, t.TempDir()), openDir(t, t.TempDir()) // the work area is lost
	if _, err := w.try(t.Context()); err == nil || !strings.Contains(err.Error(), "vault.work") {
		t.Errorf("error %v, want one that names vault.work", err)
	}
	w.wantKeys(key)
}

func TestAReportThatCouldNotBeSealedIsFoundOutBeforeAnythingIsDeleted(t *testing.T) {
	for name, spoil := range map[string]func(w *world){
		"a schedule without slots": func(w *world) { w.spec.Schedule = &evidence.Schedule{Cron: "0 0 31 2 *", Timezone: "UTC"} },
		"a team no evidence holds": func(w *world) { w.spec.Roster.Roster.Teams = []retention.RosterTeam{{ID: "\n", Since: noon}} },
		"another vault's key":      func(w *world) { w.run(); w.trust.VaultID = "another" },
		"a gap in the chain": func(w *world) {
			w.run()
			w.run()
			if err := os.RemoveAll(w.vaultDir + "/" + evidence.ReportDir(1)); err != nil {
				w.t.Fatal(err)
			}
			if err := os.Rename(w.vaultDir+"/"+evidence.ReportDir(0), w.vaultDir+"/"+evidence.ReportDir(3)); err != nil {
				w.t.Fatal(err)
			}
			w.req.Type = evidence.TypeSweep
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.req.Type = evidence.TypeAttestation
			spoil(w)
			w.req.Type = evidence.TypeSweep
			key := w.seed("acme", 40*day, "a")
			s, err := w.try(t.Context())
			if err == nil {
				t.Errorf("report %d was sealed", s.Number)
			}
			w.wantKeys(key)
			if n := len(w.deleteCalls()); n > 0 {
				t.Errorf("%d deletes were sent", n)
			}
		})
	}
}

// frozen reads the run.json of a run.
func (w *world) frozen(number int64) *sweep.Run {
	w.t.Helper()
	data, err := w.work.Get(w.t.Context(), fmt.Sprintf("%010d/run.json", number))
	run := new(sweep.Run)
	if err == nil {
		err = json.Unmarshal(data, run)
	}
	if err != nil {
		w.t.Fatal(err)
	}
	return run
}

// sabotageRemoves makes the work area keep what it should remove.
func (w *world) sabotageRemoves() (repair func()) {
	k := w.work
	w.work = keeper{k}
	return func() { w.work = k }
}

type keeper struct{ sweep.Area }

func (keeper) Remove(context.Context, string) error { return fs.ErrPermission }
