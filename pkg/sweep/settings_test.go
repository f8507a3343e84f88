package sweep

import (
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

const settings = `{"retention":{"max_age":"30d"},"stores":[` +
	`{"name":"a","prefix":"","layout":["{team}/{rest}"],"list_decoder":"fast","delete":{"batch":1000,"checksum":"auto","overwrite_guard":"relist"}},` +
	`{"name":"b","prefix":"","layout":["{team}/{rest}","{rest}"],"list_decoder":"fast","delete":{"batch":1000,"checksum":"auto","overwrite_guard":"relist"}}],` +
	`"holds":"","limits":{"max_deletions":9007199254740993,"concurrency":32},"vault":{"s3":null},"schedule":null,"http":{"listen":":1"}}`

func TestSettingsThatDifferAreNamedAndOnlyPaceBindsNoPlan(t *testing.T) {
	for name, c := range map[string]struct {
		old, new string // one after the other is replaced once
		want     []string
		pace     bool
	}{
		"nothing":               {``, ``, nil, true},
		"requests in flight":    {`"concurrency":32`, `"concurrency":8`, []string{"limits.concurrency"}, true},
		"batch":                 {`"batch":1000`, `"batch":10`, []string{"stores[0].delete.batch"}, true},
		"where a daemon is":     {`":1"`, `":2"`, []string{"http.listen"}, true},
		"retention":             {`"30d"`, `"29d"`, []string{"retention.max_age"}, false},
		"prefix":                {`"name":"b","prefix":""`, `"name":"b","prefix":"x/"`, []string{"stores[1].prefix"}, false},
		"layout":                {`["{team}/{rest}"]`, `["{rest}"]`, []string{"stores[0].layout"}, false},
		"another layout":        {`["{team}/{rest}"]`, `["{team}/{rest}","{rest}"]`, []string{"stores[0].layout"}, false},
		"overwrite guard":       {`"relist"`, `"off"`, []string{"stores[0].delete.overwrite_guard"}, false},
		"how listings are read": {`"fast"`, `"sdk"`, []string{"stores[0].list_decoder"}, false},
		"a large limit":         {`9007199254740993`, `9007199254740992`, []string{"limits.max_deletions"}, false},
		"a limit's type":        {`9007199254740993`, `"9007199254740993"`, []string{"limits.max_deletions"}, false},
		"a limit that is gone":  {`"max_deletions":9007199254740993,`, ``, []string{"limits.max_deletions"}, false},
		"a setting of later":    {`"limits":{`, `"limits":{"max_bytes":1,`, []string{"limits.max_bytes"}, false},
		"a group for nothing":   {`"s3":null`, `"s3":{"bucket":"v"}`, []string{"vault.s3"}, false},
		"a store more":          {`"stores":[`, `"stores":[{"name":"c"},`, []string{"stores"}, false},
		"a name like a pace":    {`"holds":""`, `"holds":"","x":{"limits":{"concurrency":1}}`, []string{"x"}, false},
		"pace and more": {`"limits":{"max_deletions":9007199254740993,"concurrency":32}`, `"limits":{"max_deletions":1,"concurrency":1}`,
			[]string{"limits.concurrency", "limits.max_deletions"}, false},
	} {
		t.Run(name, func(t *testing.T) {
			now := strings.Replace(settings, c.old, c.new, 1)
			for _, pair := range [][2]string{{settings, now}, {now, settings}} {
				got, err := changedSettings([]byte(pair[0]), []byte(pair[1]))
				if err != nil || !slices.Equal(got, c.want) {
					t.Errorf("%v, %v, want %v", got, err, c.want)
				}
				if pace := !slices.ContainsFunc(got, func(s string) bool { return !paceOnly.MatchString(s) }); pace != c.pace {
					t.Errorf("that only the pace differs is %v", pace)
				}
			}
		})
	}
}

func TestAConfigThatCanNotBeReadIsAnError(t *testing.T) {
	for _, c := range [][2]string{{"", settings}, {settings, "{"}, {"not JSON", settings}} {
		if got, err := changedSettings([]byte(c[0]), []byte(c[1])); err == nil {
			t.Errorf("%.20q and %.20q differ in %v", c[0], c[1], got)
		}
	}
}

func TestAnyByteThatIsADifferenceIsNamed(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		// A digit or letter inside a value of the text stands for any setting.
		at := rapid.IntRange(0, len(settings)-1).Draw(t, "at")
		with := rapid.ByteRange('a', 'z').Draw(t, "with")
		now := []byte(settings)
		now[at] = with
		got, err := changedSettings([]byte(settings), now)
		if err == nil && (len(got) == 0) != (string(now) == settings) {
			t.Fatalf("byte %d as %q: %v", at, with, got)
		}
	})
}
