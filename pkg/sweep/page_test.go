package sweep_test

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sweeper-audit/sweeper/pkg/evidence"
	"github.com/sweeper-audit/sweeper/pkg/sweep"
)

// plain is a page with all that it was made from, when the report was finished
// among it.
type plain struct {
	Predicate evidence.Predicate
	Teams     []evidence.TeamRow
	Ages      *sweep.Ages
}

func plainPage(p evidence.Predicate, rows []evidence.TeamRow, ages *sweep.Ages) ([]byte, error) {
	return json.Marshal(plain{p, rows, ages})
}

func (w *world) pageOf(s *sweep.Sealed) (p plain) {
	w.t.Helper()
	if err := json.Unmarshal([]byte(w.read(s.ReportPath+"/"+evidence.FileHTML)), &p); err != nil {
		w.t.Fatal(err)
	}
	return p
}

func (w *world) subjects(number int64) (names []string) {
	w.t.Helper()
	payload, _, _, err := evidence.OpenBundle([]byte(w.read(evidence.ReportDir(number) + "/" + evidence.FileBundle)))
	if err != nil {
		w.t.Fatal(err)
	}
	st, err := evidence.ParseStatement(payload)
	if err != nil {
		w.t.Fatal(err)
	}
	for _, s := range st.Subject {
		names = append(names, s.Name)
	}
	return names
}

func TestThePageIsSignedAndSaysWhatTheReportSays(t *testing.T) {
	w := newWorld(t)
	w.seed("acme", 40*day, "a")
	s := w.run()
	if names := w.subjects(0); !slices.Contains(names, evidence.FileHTML) {
		t.Errorf("the subjects are %v, want the page among them", names)
	}
	p := w.pageOf(s)
	if p.Predicate.Result != s.Predicate.Result || p.Predicate.Run.FinishedAt != s.Predicate.Run.FinishedAt || len(p.Teams) != 1 {
		t.Errorf("the page is made from %+v, the report says %+v", p, s.Predicate)
	}
}

func TestAPageThatWasChangedIsFound(t *testing.T) {
	w := newWorld(t)
	s := w.run()
	file := filepath.Join(w.vaultDir, s.ReportPath, evidence.FileHTML)
	if err := os.Chmod(file, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte("<p>All is well."), 0o600); err != nil {
		t.Fatal(err)
	}
	v, err := evidence.Verify(os.DirFS(w.vaultDir), w.trust, evidence.VerifyOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if len(v.Problems) != 1 || !strings.Contains(v.Problems[0], "report.html: it is not the file that was signed") {
		t.Errorf("verify finds %q", v.Problems)
	}
}

func TestAReportWithoutAPageVerifies(t *testing.T) {
	w := newWorld(t)
	w.page = nil
	w.run()
	if names := w.subjects(0); slices.Contains(names, evidence.FileHTML) {
		t.Errorf("the subjects are %v", names)
	}
}

var errPage = errors.New("the page can't be made")

func TestAPageThatCanNotBeMadeIsFoundBeforeAnythingIsDeleted(t *testing.T) {
	w := newWorld(t)
	key := w.seed("acme", 40*day, "a")
	w.page = func(evidence.Predicate, []evidence.TeamRow, *sweep.Ages) ([]byte, error) { return nil, errPage }
	if _, err := w.try(t.Context()); !errors.Is(err, errPage) || !strings.Contains(err.Error(), "nothing was deleted") {
		t.Errorf("error %v, want that of the page", err)
	}
	w.wantKeys(key)
	if w.hasReport(0) || has(w.work, "0000000000/run.json") {
		t.Error("the run took a number")
	}
}

func (w *world) hasReport(n int64) bool {
	return has(w.vault, evidence.ReportDir(n)+"/"+evidence.FileBundle)
}

// A run that died while it was sealed is finished by another program, at another
// time: by the page that its payload names, if there is a payload, and else by
// its own.
func TestWhoeverSealsADeadRunPublishesThePageThatIsSigned(t *testing.T) {
	for _, c := range []struct {
		at    string
		newer bool // the page that counts is the newer program's
	}{{"seal/payload.json", true}, {"reports/0000000000/" + evidence.FileHTML, false}, {evidence.FileBundle, false}} {
		w := newWorld(t)
		w.seed("acme", 40*day, "a")
		w.dies(c.at)
		w.advance(time.Hour)
		w.page = func(p evidence.Predicate, rows []evidence.TeamRow, ages *sweep.Ages) ([]byte, error) {
			data, err := plainPage(p, rows, ages)
			return append(data, '\n'), err
		}
		w.run()
		page := w.read(evidence.ReportDir(0) + "/" + evidence.FileHTML)
		if newer := strings.HasSuffix(page, "\n"); newer != c.newer {
			t.Errorf("died at %s: the newer program's page: %v, want %v", c.at, newer, c.newer)
		}
		if names, err := w.work.List(t.Context(), "0"); err != nil || len(names) > 0 {
			t.Errorf("died at %s: the work area holds %q, %v", c.at, names, err)
		}
	}
}
