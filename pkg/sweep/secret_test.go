package sweep_test

import (
	"bytes"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/klauspost/compress/gzip"

	"github.com/sweeper-audit/sweeper/pkg/bucket/buckettest"
	"github.com/sweeper-audit/sweeper/pkg/evidence"
)

func TestNoKeyIsEverLoggedOrPutIntoTheVault(t *testing.T) {
	const canary = "canary"
	w := newWorld(t)
	w.spec.Stores[0].Layouts = []string{"{team}/{request}.json"}
	w.spec.Stores[0].Batch = 2
	for _, team := range []string{"acme", "zdr", "ZDR"} {
		for _, r := range []string{"1", "2", "3", "4", "5", "6"} {
			w.put(team+"/"+canary+r+".json", 40*day)
		}
	}
	w.put(canary+"-of-nobody", 40*day)
	var faults atomic.Int32 // batches may go side by side
	fault := func(c buckettest.Call) buckettest.Verdict {
		if !isDelete(c) {
			return buckettest.Verdict{}
		}
		switch faults.Add(1) {
		case 1:
			return buckettest.Verdict{Drop: true}
		case 3:
			return buckettest.Refuse(http.StatusForbidden, "AccessDenied", "no, not "+canary)
		case 4:
			return buckettest.Refuse(http.StatusInternalServerError, "Oops"+canary, canary)
		case 5:
			return buckettest.Verdict{Answer: &buckettest.Answer{Status: http.StatusOK, Body: "<DeleteResult><Error><Key>acme/" + canary +
				"5.json</Key><Code>no " + canary + "</Code><Message>" + canary + "</Message></Error></DeleteResult>"}}
		case 6:
			return buckettest.Verdict{Answer: &buckettest.Answer{Status: http.StatusOK, Body: canary}}
		}
		return buckettest.Verdict{}
	}
	w.OnRequest(fault)
	w.run()
	w.OnRequest(func(c buckettest.Call) buckettest.Verdict {
		if isList(c) {
			return buckettest.Verdict{Answer: &buckettest.Answer{Status: http.StatusOK, Body: "<ListBucketResult><IsTruncated>false</IsTruncated>" +
				strings.Repeat("<Contents><Key>"+canary+"</Key><LastModified>2026-01-01T00:00:00Z</LastModified></Contents>", 2) + "</ListBucketResult>"}}
		}
		return buckettest.Verdict{}
	})
	w.run()
	w.OnRequest(nil)
	w.put("acme/"+canary+"9.json", 50*day)
	w.dies("manifest-0000-00000.jsonl.gz")
	w.run()
	if text := w.logs.String(); strings.Contains(text, canary) || !strings.Contains(text, "report sealed") {
		t.Errorf("the log shows a key, or nothing:\n%.2000s", text)
	}
	w.wantNowhere(canary)
}

// wantNowhere searches the vault.
func (w *world) wantNowhere(canary string) {
	w.t.Helper()
	w.eachInVault(func(name string, data []byte) {
		if bytes.Contains(data, []byte(canary)) {
			w.t.Errorf("%s shows %q", name, canary)
		}
	})
}

// eachInVault reads each file of the vault: what is inside a gzip file, and what
// a bundle signs.
func (w *world) eachInVault(f func(name string, data []byte)) {
	w.t.Helper()
	files := 0
	err := fs.WalkDir(os.DirFS(w.vaultDir), ".", func(name string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		data, err := fs.ReadFile(os.DirFS(w.vaultDir), name)
		if err != nil {
			return err
		}
		if path.Ext(name) == ".gz" {
			z, err := gzip.NewReader(bytes.NewReader(data))
			if err != nil {
				return err
			}
			if data, err = io.ReadAll(z); err != nil {
				return err
			}
		}
		if payload, _, _, err := evidence.OpenBundle(data); err == nil {
			data = payload
		}
		files++
		f(name, data)
		return nil
	})
	if err != nil || files < 5 {
		w.t.Errorf("%d files looked at, %v", files, err)
	}
}

func TestClearKeysShowNoZDRTeamAndNoUnattributedKey(t *testing.T) {
	w := newWorld(t)
	w.spec.ClearKeys, w.spec.AllTeams = true, true
	open := w.seed("acme", 40*day, "r")
	w.seed("zdr", 100*day, "canary")
	w.put("canary", 40*day)
	bad := "acme/\xff/" + noon.Add(-40*day).Format("2006/01/02")
	w.spec.Stores[0].Layouts = append(w.spec.Stores[0].Layouts, "{team}/{rest}")
	w.put(bad, 40*day)
	w.run()
	w.wantNowhere("canary")
	l := w.lines(0)[w.ids.Team("acme").KeyHMAC("object", store1, open, "")]
	if l.Key != open || l.Team != "acme" || l.Size == nil || *l.Size != int64(len("of "+open)) {
		t.Errorf("the line is %+v, want key, team and size", l)
	}
}

func TestLinesOfZDRTeamsAndUnattributedKeysSayNoTeamAndNoTime(t *testing.T) {
	w := newWorld(t)
	zdr := w.seed("zdr", 100*day, "r")
	w.put("stray", 40*day)
	w.run()
	lines := w.lines(0)
	for team, key := range map[string]string{"zdr": zdr, "": "stray"} {
		l, ok := lines[w.ids.Team(team).KeyHMAC("object", store1, key, "")]
		if !ok || !l.Private() || l.TeamRef != "" || l.Outcome != evidence.OutcomeDeleted {
			t.Errorf("the line is %+v (%v)", l, ok)
		}
	}
}

func TestCreatedIsRoundedUpAndAtCutDownToTheHour(t *testing.T) {
	w := newWorld(t)
	w.advance(59*time.Minute + 59*time.Second)
	key := "acme/2026/10/01/r.request.json"
	w.spec.Stores[0].Layouts = []string{"{team}/{rest}"}
	w.put(key, 40*day-time.Second) // created at 12:00:01
	w.run()
	l := w.lines(0)[w.ids.Team("acme").KeyHMAC("object", store1, key, "")]
	if l.Created != "2026-10-16T13:00:00Z" || l.At != "2026-11-25T12:00:00Z" {
		t.Errorf("created %s, at %s", l.Created, l.At)
	}
}
