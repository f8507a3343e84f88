package evidence

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"io/fs"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"
)

func TestAValidVaultHasNoFindings(t *testing.T) {
	f := newFixture(t)
	f.three()
	f.fs["work/lease.json"] = &fstest.MapFile{Data: []byte("{}")}
	v := f.verify(VerifyOptions{})
	sameStrings(t, "problems", v.Problems, nil)
	sameStrings(t, "exceptions", v.Exceptions, nil)
	sameStrings(t, "notes", v.Notes, []string{
		"lock: not checked (a local copy)",
		"NOT ANCHORED: whoever holds the key could have rewritten or cut this history",
	})
	if !v.Valid || v.Assurance != AssuranceNone || len(v.Reports) != 3 {
		t.Errorf("valid %v, assurance %s, %d reports", v.Valid, v.Assurance, len(v.Reports))
	}
	if r := v.Reports[0]; r.Lines != 8 || !r.Recounted || r.Result != ResultInconclusive || r.StatementSHA256 == "" {
		t.Errorf("report 0: %+v", r)
	}
}

func TestVerificationAsJSONHasTheContractsFields(t *testing.T) {
	f := newFixture(t)
	f.three()
	b, err := json.Marshal(f.verify(VerifyOptions{}))
	if err != nil {
		t.Fatal(err)
	}
	var got map[string]any
	if err := json.Unmarshal(b, &got); err != nil {
		t.Fatal(err)
	}
	for _, field := range []string{"reports", "valid", "assurance", "problems"} {
		if got[field] == nil {
			t.Errorf("%s is missing or null in %s", field, b)
		}
	}
}

func TestOneReportAloneIsCheckedWithoutItsChain(t *testing.T) {
	f := newFixture(t)
	f.three()
	one, err := fs.Sub(f.fs, ReportDir(2))
	if err != nil {
		t.Fatal(err)
	}
	v, err := Verify(one, f.trust, VerifyOptions{})
	if err != nil {
		t.Fatal(err)
	}
	sameStrings(t, "problems", v.Problems, nil)
	if v.Notes[0] != "chain: not checked (one report alone)" || v.Reports[0].Sequence != 2 || v.Reports[0].Lines != 8 {
		t.Errorf("%+v", v)
	}
}

func TestVerifyRefusesWhatIsNeitherVaultNorReport(t *testing.T) {
	f := newFixture(t)
	_, err := Verify(fstest.MapFS{"x": &fstest.MapFile{}}, f.trust, VerifyOptions{})
	if err == nil || !strings.Contains(err.Error(), "neither a vault") {
		t.Errorf("got %v", err)
	}
	if _, err := Verify(f.fs, f.trust, VerifyOptions{Require: "much"}); err == nil {
		t.Error("require: much was accepted")
	}
	if _, err := Verify(f.fs, f.trust, VerifyOptions{From: at(2, 0, 0), To: at(1, 0, 0)}); err == nil {
		t.Error("a period that ends before it begins was accepted")
	}
	if _, err := Verify(f.fs, TrustRoot{}, VerifyOptions{}); err == nil {
		t.Error("an empty trust root was accepted")
	}
}

// Whoever can write to the vault, without the key.
func TestTamperingWithFilesIsFoundAndNamed(t *testing.T) {
	part := PartName(0, 0)
	edit := func(name string, change func([]byte) []byte) func(fstest.MapFS) {
		return func(v fstest.MapFS) { v[name].Data = change(v[name].Data) }
	}
	replace := func(old, new string) func([]byte) []byte {
		return func(b []byte) []byte {
			if !bytes.Contains(b, []byte(old)) {
				return append(b, "the test replaces nothing"...)
			}
			return bytes.Replace(b, []byte(old), []byte(new), 1)
		}
	}
	tests := []struct {
		name   string
		tamper func(v fstest.MapFS)
		want   []string
	}{
		{"an edited config", edit("reports/0000000000/config.json", replace("30d", "60d")),
			[]string{"report 0: config.json: it is not the file that was signed: its SHA-256 differs"}},
		{"an edited team", edit("reports/0000000000/teams.csv", replace("residual", "zero")),
			[]string{"report 0: teams.csv: it is not the file that was signed: its SHA-256 differs"}},
		{"a missing subject", func(v fstest.MapFS) { delete(v, "reports/0000000001/teams.csv") },
			[]string{"report 1: teams.csv: it is missing"}},
		{"edited parts", edit("reports/0000000000/parts.jsonl", replace(`"count":3`, `"count":4`)),
			[]string{"report 0: parts.jsonl: it is not the file that was signed: its SHA-256 differs"}},
		{"a missing part", func(v fstest.MapFS) { delete(v, "reports/0000000000/"+part) },
			[]string{"report 0: " + part + ": it is missing"}},
		{"a recompressed part", edit("reports/0000000000/"+part, recompress(t)),
			[]string{"report 0: " + part + ": it is not the file that parts.jsonl lists: its SHA-256 differs"}},
		{"an extra part", func(v fstest.MapFS) {
			v["reports/0000000000/"+PartName(0, 2)] = v["reports/0000000000/"+part]
		}, []string{"report 0: " + PartName(0, 2) + ": it does not belong to the report"}},
		{"an extra file", func(v fstest.MapFS) { v["reports/0000000000/notes.txt"] = &fstest.MapFile{} },
			[]string{"report 0: notes.txt: it does not belong to the report"}},
		{"an unsigned report.html", func(v fstest.MapFS) { v["reports/0000000000/report.html"] = &fstest.MapFile{} },
			[]string{"report 0: report.html: it does not belong to the report"}},
		{"a stray directory", func(v fstest.MapFS) { v["reports/7/x"] = &fstest.MapFile{} },
			[]string{"reports/7 is not a report's directory"}},
		{"a re-indented bundle", edit("reports/0000000002/report.sigstore.json", func(b []byte) []byte {
			var out bytes.Buffer
			if err := json.Indent(&out, b, "", " "); err != nil {
				t.Fatal(err)
			}
			return out.Bytes()
		}), []string{"report 2: report.sigstore.json: bundle: does not re-encode to its own bytes (first difference at byte 1)"}},
		{"a bundle of another payload type", edit("reports/0000000002/report.sigstore.json", replace("vnd.in-toto+json", "vnd.in-toto+jsox")),
			[]string{`report 2: report.sigstore.json: bundle: payloadType is "application/vnd.in-toto+jsox", not "application/vnd.in-toto+json"`}},
		{"another key's id", edit("reports/0000000002/report.sigstore.json", replace(`"keyid":"SHA256:`, `"keyid":"SHA257:`)), nil},
		{"a cut middle", func(v fstest.MapFS) { removeDir(v, "reports/0000000001/") },
			[]string{"report 1: report.sigstore.json is missing, and there are reports after it"}},
		{"a cut beginning", func(v fstest.MapFS) {
			removeDir(v, "reports/0000000000/")
			removeDir(v, "reports/0000000001/")
		}, []string{"reports 0 to 1: report.sigstore.json is missing in each, and there are reports after them"}},
		{"a removed bundle", func(v fstest.MapFS) { delete(v, "reports/0000000001/report.sigstore.json") },
			[]string{"report 1: report.sigstore.json is missing, and there are reports after it"}},
		{"an unsealed report far off", func(v fstest.MapFS) { v["reports/0000000009/"+part] = &fstest.MapFile{} },
			[]string{"report 9: report.sigstore.json is missing, and the next report to be sealed is 3"}},
		{"swapped reports", func(v fstest.MapFS) {
			a, b := "reports/0000000001/", "reports/0000000002/"
			for _, name := range fileNames(v, a, b) {
				x, y := v[a+name], v[b+name]
				delete(v, a+name)
				delete(v, b+name)
				if x != nil {
					v[b+name] = x
				}
				if y != nil {
					v[a+name] = y
				}
			}
		}, []string{
			"report 1: report.sigstore.json: chain.sequence is 2, the directory's number is 1",
			"report 1: report.sigstore.json: chain.previousReportId is not the id of report 0",
			"report 1: report.sigstore.json: chain.previousStatementSha256 is not the digest of report 0's payload",
			"report 1: report.sigstore.json: chain.previousBundleSha256 is not the digest of report 0's report.sigstore.json",
			"report 1: report.sigstore.json: run.missed does not declare slot 2026-11-21T02:15:00Z, and report 0 was the last sweep before",
			"report 2: report.sigstore.json: chain.sequence is 1, the directory's number is 2",
			"report 2: report.sigstore.json: chain.previousReportId is not the id of report 1",
			"report 2: report.sigstore.json: chain.previousStatementSha256 is not the digest of report 1's payload",
			"report 2: report.sigstore.json: chain.previousBundleSha256 is not the digest of report 1's report.sigstore.json",
			"report 2: report.sigstore.json: run.startedAt 2026-11-21T02:15:03Z is before that of report 1 (2026-11-22T02:15:03Z)",
		}},
	}
	f := newFixture(t)
	f.three()
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			v := clone(f.fs)
			tt.tamper(v)
			got, err := Verify(v, f.trust, VerifyOptions{})
			if err != nil {
				t.Fatal(err)
			}
			if tt.want == nil { // the text names a key that differs in each run
				if len(got.Problems) != 1 || !strings.HasPrefix(got.Problems[0], "report 2: report.sigstore.json: keyid is ") {
					t.Errorf("problems: %q", got.Problems)
				}
				return
			}
			sameStrings(t, "problems", got.Problems, tt.want)
			if got.Valid {
				t.Error("it is called valid")
			}
		})
	}
}

func TestARunUnderWayIsANoteAndNoFinding(t *testing.T) {
	f := newFixture(t)
	f.three()
	f.fs["reports/0000000003/"+PartName(0, 0)] = &fstest.MapFile{Data: []byte("x")}
	v := f.verify(VerifyOptions{})
	sameStrings(t, "problems", v.Problems, nil)
	if v.Notes[0] != "report 3: not sealed: a run that is under way, or that died and will be sealed by the next" {
		t.Errorf("notes: %q", v.Notes)
	}
}

func removeDir(v fstest.MapFS, prefix string) {
	for name := range v {
		if strings.HasPrefix(name, prefix) {
			delete(v, name)
		}
	}
}

func fileNames(v fstest.MapFS, prefixes ...string) []string {
	var names []string
	for name := range v {
		for _, p := range prefixes {
			if base, ok := strings.CutPrefix(name, p); ok && !slices.Contains(names, base) {
				names = append(names, base)
			}
		}
	}
	return names
}

func recompress(t *testing.T) func([]byte) []byte {
	return func(b []byte) []byte {
		r, err := gzip.NewReader(bytes.NewReader(b))
		if err != nil {
			t.Fatal(err)
		}
		var out bytes.Buffer
		w, err := gzip.NewWriterLevel(&out, gzip.BestSpeed)
		if err != nil {
			t.Fatal(err)
		}
		w.ModTime = time.Unix(1, 0)
		var plain bytes.Buffer
		if _, err := plain.ReadFrom(r); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write(plain.Bytes()); err != nil {
			t.Fatal(err)
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		return out.Bytes()
	}
}
