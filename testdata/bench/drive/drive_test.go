package main

import (
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestTheMedianTakesEachNumberByItself(t *testing.T) {
	got := median([]sample{{wall: 3, cpu: 1, rss: 9}, {wall: 1, cpu: 5, rss: 7}, {wall: 2, cpu: 3, rss: 8, stats: stats{Keys: 4}}})
	if got.wall != 2 || got.cpu != 3 || got.rss != 8 || got.Keys != 4 {
		t.Errorf("%+v", got)
	}
}

func TestTablesReplaceWhatStandsBetweenTheirMarkersAndNothingElse(t *testing.T) {
	path := filepath.Join(t.TempDir(), "page.md")
	write := func(text string) {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	tables := []table{{name: "a", head: []string{"x", "y"}, rows: [][]string{{"1", "2"}}, note: "So."}}
	const before, after = "# Page\n\n<!-- bench:a -->\n", "<!-- /bench:a -->\n\nThe end.\n<!-- bench:b -->\nkept\n<!-- /bench:b -->\n"
	const want = before + "| x | y |\n| --- | --- |\n| 1 | 2 |\n\nSo.\n" + after
	for range 2 {
		write(before + "old\n" + after)
		if err := update(path, tables); err != nil {
			t.Fatal(err)
		}
		if got, err := os.ReadFile(path); err != nil || string(got) != want {
			t.Fatalf("%s %v", got, err)
		}
	}
	for _, text := range []string{"", before, strings.ReplaceAll(before+after, "bench:a", "bench:c")} {
		write(text)
		if err := update(path, tables); err == nil || !strings.Contains(err.Error(), `"a"`) {
			t.Errorf("%q: %v", text, err)
		}
		if got, _ := os.ReadFile(path); string(got) != text {
			t.Errorf("%q became %q", text, got)
		}
	}
}

func TestNumbersAreWrittenForPeople(t *testing.T) {
	for n, want := range map[int64]string{0: "0", 999: "999", 1000: "1,000", 1234567: "1,234,567"} {
		if got := thousands(n); got != want {
			t.Errorf("%d: %s", n, got)
		}
	}
	if got := perMillion(2*time.Second, 500_000); got != "4.00" {
		t.Error(got)
	}
	if got := perSecond(500_000, 2*time.Second); got != "250,000" {
		t.Error(got)
	}
}

func TestARunThatDidNotDoItsWorkIsNoMeasurement(t *testing.T) {
	good := stats{Keys: 100, Expired: 50, KeysDeleted: 50, Left: 50}
	for name, s := range map[string]stats{
		"one left":        {Keys: 100, Expired: 50, KeysDeleted: 49, Left: 51},
		"one too many":    {Keys: 100, Expired: 50, KeysDeleted: 51, Left: 49},
		"counts disagree": {Keys: 100, Expired: 50, KeysDeleted: 50, Left: 51},
	} {
		if swept(nil, s) == nil {
			t.Errorf("%s: accepted", name)
		}
	}
	if err := swept(nil, good); err != nil {
		t.Error(err)
	}
	r := &rig{}
	for text, ok := range map[string]bool{`{"totals":{"deleted":50}}`: true, `{"totals":{"deleted":51}}`: false, ``: false} {
		if err := r.wholeRun("run", 1).check([]byte(text), good); (err == nil) != ok {
			t.Errorf("run %s: %v", text, err)
		}
	}
	for text, ok := range map[string]bool{`{"totals":{"listed":100,"expired":50}}`: true, `{"totals":{"listed":100,"expired":49}}`: false, `{"totals":{"listed":99,"expired":50}}`: false} {
		if err := r.dryRun("dry run", 1).check([]byte(text), good); (err == nil) != ok {
			t.Errorf("dry run %s: %v", text, err)
		}
	}
	for text, ok := range map[string]bool{`{"keys":100}`: true, `{"keys":99}`: false, "": false} {
		if err := r.lister("lister", "x").check([]byte(text), good); (err == nil) != ok {
			t.Errorf("lister %s: %v", text, err)
		}
	}
}

func TestFlagsThatMeasureNothingAreRefused(t *testing.T) {
	for _, args := range []string{"", "-n 3", "-list -n 0", "-list -keys 0", "-sweep more"} {
		if _, err := parse(strings.Fields(args), io.Discard); err == nil {
			t.Errorf("%q: accepted", args)
		}
	}
}
