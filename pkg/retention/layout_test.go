package retention_test

import (
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/sweeper-audit/sweeper/pkg/retention"
)

func date(y, m, d int) retention.Date { return retention.Date{Year: y, Month: m, Day: d, Set: true} }

func TestLayoutReadsFieldsOutOfKeys(t *testing.T) {
	const plain = "{team}/{yyyy}/{mm}/{dd}/{request}.{part}.json"
	hour := date(2026, 1, 2)
	hour.HasHour, hour.Hour = true, 23
	for _, c := range []struct {
		name, prefix, template, key string
		want                        retention.Fields
	}{
		{"all fields", "", plain, "acme/2026/01/02/r1.request.json", retention.Fields{Team: "acme", Request: "r1", Part: "request", Date: date(2026, 1, 2)}},
		{"a team id whole", "", plain, "acme-2/2026/01/02/r1.a.json", retention.Fields{Team: "acme-2", Request: "r1", Part: "a", Date: date(2026, 1, 2)}},
		{"fields end as early as they can", "", plain, "a/2026/01/02/r.1.2.json", retention.Fields{Team: "a", Request: "r", Part: "1.2", Date: date(2026, 1, 2)}},
		{"and go on where they must", "", "{team}/{request}-{yyyy}{mm}{dd}.json", "a/x-1-20260102-20260102.json", retention.Fields{Team: "a", Request: "x-1-20260102", Date: date(2026, 1, 2)}},
		{"digits inside an open field", "", "{team}/{request}{yyyy}{mm}{dd}", "a/r20260102", retention.Fields{Team: "a", Request: "r", Date: date(2026, 1, 2)}},
		{"an hour", "", "{team}/{yyyy}-{mm}-{dd}T{hh}/{request}", "a/2026-01-02T23/r", retention.Fields{Team: "a", Request: "r", Date: hour}},
		{"a date in any order", "", "{dd}.{mm}.{yyyy}/{team}/{_}", "02.01.2026/a/x", retention.Fields{Team: "a", Date: date(2026, 1, 2)}},
		{"hive names", "", "dt={yyyy}-{mm}-{dd}/team={team}/{_}", "dt=2026-01-02/team=acme/x", retention.Fields{Team: "acme", Date: date(2026, 1, 2)}},
		{"rest takes slashes", "", "{team}/{rest}", "a/b//c/", retention.Fields{Team: "a"}},
		{"rest may be empty", "", "{team}/{rest}", "a/", retention.Fields{Team: "a"}},
		{"rest after a literal", "", "{team}/{request}-{rest}", "a/r-x/y-z", retention.Fields{Team: "a", Request: "r"}},
		{"rest after a date", "", "{team}/{yyyy}{mm}{dd}{rest}", "a/20260102", retention.Fields{Team: "a", Date: date(2026, 1, 2)}},
		{"after the prefix", "logs/", "{team}/{request}", "logs/a/r", retention.Fields{Team: "a", Request: "r"}},
		{"against the whole key", "logs/", "logs/{team}/{request}", "logs/a/r", retention.Fields{Team: "a", Request: "r"}},
		{"empty segments", "", "{team}//{request}", "a//r", retention.Fields{Team: "a", Request: "r"}},
		{"a leading slash", "", "/{team}/{request}", "/a/r", retention.Fields{Team: "a", Request: "r"}},
		{"bytes that are not UTF-8", "", "{team}/{request}", "\xff\xfe/\x00r\n", retention.Fields{Team: "\xff\xfe", Request: "\x00r\n"}},
		{"ignored fields", "", "{_}/{team}/{_}-{_}", "x/a/1-2-3", retention.Fields{Team: "a"}},
		{"the leap day", "", "{team}/{yyyy}{mm}{dd}", "a/20280229", retention.Fields{Team: "a", Date: date(2028, 2, 29)}},
	} {
		t.Run(c.name, func(t *testing.T) {
			l, err := retention.ParseLayout(c.prefix, c.template)
			if err != nil {
				t.Fatal(err)
			}
			if got, ok := l.Parse(c.key); !ok || got != c.want {
				t.Errorf("Parse(%q) = %+v, %v; want %+v", c.key, got, ok, c.want)
			}
			if l.String() != c.template {
				t.Errorf("String() = %q, want the template as given", l.String())
			}
		})
	}
}

func TestLayoutDoesNotMatch(t *testing.T) {
	for _, c := range []struct{ name, prefix, template, key string }{
		{"an empty key", "", "{team}/{rest}", ""},
		{"an empty team", "", "{team}/{rest}", "/x"},
		{"a missing slash", "", "{team}/{rest}", "a"},
		{"a field over two segments", "", "{team}/{request}.json", "a/b/c.json"},
		{"too few segments", "", "{team}/{_}/{request}", "a/b"},
		{"too many segments", "", "{team}/{request}", "a/b/c"},
		{"a trailing slash", "", "{team}/{request}", "a/b/"},
		{"an empty field", "", "{team}/{request}.json", "a/.json"},
		{"text after the end", "", "{team}/{request}.json", "a/r.json.gz"},
		{"another prefix", "logs/", "{team}/{request}", "log/a/r"},
		{"the key without its prefix", "logs/", "logs/{team}/{request}", "a/r"},
		{"another name", "", "team={team}/{request}", "tenant=a/r"},
		{"a name without a team", "", "team={team}/{request}", "team=/r"},
		{"month 13", "", "{team}/{yyyy}/{mm}/{dd}", "a/2026/13/01"},
		{"month 00", "", "{team}/{yyyy}/{mm}/{dd}", "a/2026/00/01"},
		{"day 00", "", "{team}/{yyyy}/{mm}/{dd}", "a/2026/01/00"},
		{"the 30th of February", "", "{team}/{yyyy}/{mm}/{dd}", "a/2026/02/30"},
		{"the 29th in a common year", "", "{team}/{yyyy}/{mm}/{dd}", "a/2026/02/29"},
		{"the 29th in a common century", "", "{team}/{yyyy}/{mm}/{dd}", "a/2100/02/29"},
		{"year 0", "", "{team}/{yyyy}/{mm}/{dd}", "a/0000/01/01"},
		{"hour 24", "", "{team}/{yyyy}/{mm}/{dd}/{hh}", "a/2026/01/01/24"},
		{"a month of one digit", "", "{team}/{yyyy}/{mm}/{dd}", "a/2026/1/01"},
		{"signs for digits", "", "{team}/{yyyy}/{mm}/{dd}", "a/2026/+1/01"},
		{"digits that aren't ASCII", "", "{team}/{yyyy}/{mm}/{dd}", "a/2026/٣/01"},
	} {
		t.Run(c.name, func(t *testing.T) {
			l, err := retention.ParseLayout(c.prefix, c.template)
			if err != nil {
				t.Fatal(err)
			}
			if got, ok := l.Parse(c.key); ok || got != (retention.Fields{}) {
				t.Errorf("Parse(%q) = %+v, %v; want no match and no fields", c.key, got, ok)
			}
		})
	}
}

func TestLayoutRefusesTemplatesThatCouldMisread(t *testing.T) {
	for _, c := range []struct{ template, want string }{
		{"", "no {team}"},
		{"{request}.json", "no {team}"},
		{"{team}-{request}", "beside other text"},
		{"x-{team}/{request}", "beside other text"},
		{"{team}.json", "beside other text"},
		{"team={team}.json", "beside other text"},
		{"team={team}-{request}", "beside other text"},
		{"a=b={team}/{_}", "beside other text"},
		{"={team}/{_}", "beside other text"},
		{"{yyyy}={team}/{mm}/{dd}", "beside other text"},
		{"{team}/{team}", "{team} twice"},
		{"{team}/{request}/{request}", "{request} twice"},
		{"{team}/{yyyy}/{yyyy}{mm}{dd}", "{yyyy} twice"},
		{"{team}/{rest}/{rest}", "{rest} before its end"},
		{"{team}/{rest}/x", "{rest} before its end"},
		{"{team}/{rest}.json", "{rest} before its end"},
		{"{team}/{request}{part}", "nothing between them"},
		{"{team}/{_}{_}", "nothing between them"},
		{"{team}/{request}{rest}", "nothing between them"},
		{"{team}/{yyyy}/{request}", "half a date"},
		{"{team}/{yyyy}-{mm}/{request}", "half a date"},
		{"{team}/{mm}/{dd}", "half a date"},
		{"{team}/{hh}", "{hh} without a date"},
		{"{team}/{tenant}", "unknown field {tenant}"},
		{"{team}/{Team}", "unknown field {Team}"},
		{"{team}/{}", "unknown field {}"},
		{"{team}/{ request }", "unknown field"},
		{"{team}/{request", "brace without its partner"},
		{"{team}/request}", "brace without its partner"},
		{"{team}/{{request}}", "unknown field"},
		{"{te/am}", "brace without its partner"},
	} {
		t.Run(c.template, func(t *testing.T) {
			l, err := retention.ParseLayout("", c.template)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Fatalf("ParseLayout(%q) = %v, want an error with %q", c.template, err, c.want)
			}
			if !strings.Contains(err.Error(), "{team}/{yyyy}/{mm}/{dd}/{request}.{part}.json") {
				t.Errorf("the error shows no right example: %v", err)
			}
			if _, ok := l.Parse("a/b"); ok {
				t.Error("a refused layout matches")
			}
		})
	}
	if _, err := retention.ParseLayout("logs", "{team}/{rest}"); err == nil {
		t.Error("a prefix without a final slash is accepted")
	}
}

func TestTeamPrefixOnlyIfATeamsKeysShareOne(t *testing.T) {
	for _, c := range []struct{ prefix, template, want string }{
		{"", "{team}/{rest}", "acme/"}, {"", "team={team}/{rest}", "team=acme/"}, {"logs/", "{team}/{rest}", "logs/acme/"},
		{"logs/", "logs/{team}/{rest}", "logs/acme/"},
		{"", "{yyyy}/{mm}/{dd}/{team}/{rest}", ""}, {"", "v1/{team}/{rest}", ""}, {"", "{team}", ""},
	} {
		l, err := retention.ParseLayout(c.prefix, c.template)
		if err != nil {
			t.Fatal(err)
		}
		if got, ok := l.TeamPrefix("acme"); got != c.want || ok != (c.want != "") {
			t.Errorf("the prefix of a team by %q after %q is %q, %t, want %q", c.template, c.prefix, got, ok, c.want)
		}
	}
}

func TestTheKeysUnderATeamsPrefixAreThatTeams(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		template := genTemplate(r)
		l, err := retention.ParseLayout("", template)
		if err != nil {
			r.Fatal(err)
		}
		f := genFields(r, template)
		key, err := l.Format(f)
		if err != nil {
			r.Skip("no key has these fields")
		}
		for _, team := range []string{f.Team, f.Team + "-2", "x" + f.Team} {
			if prefix, ok := l.TeamPrefix(team); ok && strings.HasPrefix(key, prefix) != (team == f.Team) {
				r.Errorf("key %q of team %q, and the prefix of %q is %q", key, f.Team, team, prefix)
			}
		}
	})
}

// genTemplate draws templates that are valid by construction.
func genTemplate(r *rapid.T) string {
	segments := []string{rapid.SampledFrom([]string{"{team}", "team={team}", "t={team}"}).Draw(r, "team")}
	pick := func(label string, from ...string) {
		if s := rapid.SampledFrom(from).Draw(r, label); s != "" {
			segments = append(segments, s)
		}
	}
	pick("date", "", "{yyyy}/{mm}/{dd}", "{yyyy}{mm}{dd}", "{yyyy}-{mm}-{dd}T{hh}", "dt={yyyy}{mm}/{dd}.{hh}")
	pick("literal", "", "v1", "_", "100%", "a=b")
	pick("request", "{request}.{part}.json", "{request}", "{request}-{_}", "{_}.{request}", "r.{request}--{part}")
	segments = rapid.Permutation(segments).Draw(r, "order")
	pick("rest", "", "{rest}", "x{rest}")
	return strings.Join(segments, "/")
}

func genFields(r *rapid.T, template string) retention.Fields {
	f := retention.Fields{}
	value := rapid.OneOf(rapid.StringMatching(`[a-z0-9_-]{1,8}`), rapid.StringMatching(`[a-z.\-\x00é%+ ]{1,6}`), rapid.Just("\xff\x01"))
	f.Team = value.Draw(r, "team")
	if strings.Contains(template, "{request}") {
		f.Request = value.Draw(r, "request")
	}
	if strings.Contains(template, "{part}") {
		f.Part = value.Draw(r, "part")
	}
	if strings.Contains(template, "{yyyy}") {
		f.Date = date(rapid.IntRange(1, 9999).Draw(r, "y"), rapid.IntRange(1, 12).Draw(r, "m"), rapid.IntRange(1, 28).Draw(r, "d"))
		if strings.Contains(template, "{hh}") {
			f.Date.HasHour, f.Date.Hour = true, rapid.IntRange(0, 23).Draw(r, "h")
		}
	}
	return f
}

func TestFormattedKeysParseBackToTheirFields(t *testing.T) {
	formatted, refused := 0, 0
	rapid.Check(t, func(r *rapid.T) {
		prefix := rapid.SampledFrom([]string{"", "logs/", "a/b/"}).Draw(r, "prefix")
		template := genTemplate(r)
		l, err := retention.ParseLayout(prefix, template)
		if err != nil {
			r.Fatalf("%q: %v", template, err)
		}
		want := genFields(r, template)
		key, err := l.Format(want)
		if err != nil {
			refused++ // a request that holds the literal after it has no key of its own
			return
		}
		formatted++
		got, ok := l.Parse(key)
		if !ok || got != want || !strings.HasPrefix(key, prefix) {
			r.Errorf("%q: %q parses as %+v, want %+v", template, key, got, want)
		}
	})
	if formatted < 4*refused {
		t.Errorf("only %d of %d keys could be formatted: the test says little", formatted, formatted+refused)
	}
}

func TestTeamsAreReadWhole(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		template := genTemplate(r)
		l, err := retention.ParseLayout("", template)
		if err != nil {
			r.Fatal(err)
		}
		f := genFields(r, template)
		key, err := l.Format(f)
		if err != nil {
			return
		}
		// What stands between two slashes is the team (after the name, if any).
		found := false
		for _, s := range strings.Split(key, "/") {
			found = found || s == f.Team || strings.TrimPrefix(strings.TrimPrefix(s, "team="), "t=") == f.Team
		}
		if !found {
			r.Errorf("%q of %q: team %q is no whole segment", template, key, f.Team)
		}
	})
}

func TestFormatRefusesFieldsThatNoKeyHolds(t *testing.T) {
	l := layouts(t, "{team}/{yyyy}/{mm}/{dd}/{request}.{part}.json")[0]
	good := retention.Fields{Team: "a", Request: "r", Part: "p", Date: date(2026, 1, 2)}
	if key, err := l.Format(good); err != nil || key != "a/2026/01/02/r.p.json" {
		t.Fatalf("Format = %q, %v", key, err)
	}
	for name, spoil := range map[string]func(*retention.Fields){
		"no team":          func(f *retention.Fields) { f.Team = "" },
		"a slash":          func(f *retention.Fields) { f.Request = "a/b" },
		"the next literal": func(f *retention.Fields) { f.Request = "a.b" },
		"no date":          func(f *retention.Fields) { f.Date = retention.Date{} },
		"no such day":      func(f *retention.Fields) { f.Date.Day = 32 },
		"a five-digit year": func(f *retention.Fields) {
			f.Date.Year = 10000
		},
	} {
		f := good
		spoil(&f)
		if key, err := l.Format(f); err == nil {
			t.Errorf("%s: formatted as %q", name, key)
		}
	}
}

// A pathological template over a long key must cost no more than their product.
func TestLayoutWorkIsBounded(t *testing.T) {
	l := layouts(t, "{team}/{_}a{_}a{_}a{_}a{_}a{_}a{_}a{_}a{_}a{_}a{request}b")[0]
	if _, ok := l.Parse("t/" + strings.Repeat("a", 1022)); ok {
		t.Error("matched a key without its last letter")
	}
}

func FuzzParseLayout(f *testing.F) {
	for _, s := range []string{"{team}/{yyyy}/{mm}/{dd}/{request}.{part}.json", "team={team}/{rest}", "{team}/{_}{rest}", "{{}}", "logs/{team}/x"} {
		f.Add("", s)
		f.Add("logs/", s)
	}
	f.Fuzz(func(t *testing.T, prefix, template string) {
		l, err := retention.ParseLayout(prefix, template)
		if err != nil {
			return
		}
		// Whatever is accepted reads one team, whole, and only under the prefix.
		got, ok := l.Parse("x")
		if ok && (got.Team != "x" || prefix != "") {
			t.Errorf("%q after %q reads %+v out of x", template, prefix, got)
		}
		if strings.Count(template, "{team}") < 1 {
			t.Errorf("%q was accepted without a team", template)
		}
	})
}

func FuzzLayoutParse(f *testing.F) {
	templates := []string{
		"{team}/{yyyy}/{mm}/{dd}/{request}.{part}.json", "team={team}/{yyyy}{mm}{dd}{hh}-{rest}", "{_}/{team}/{_}x{request}yy{_}", "p/{team}/{rest}",
	}
	for _, key := range []string{"acme/2026/01/02/r.p.json", "team=a/2026010203-x", "a/b/xxryyyy", "p/a/", "\xff/\x00", ""} {
		f.Add(key)
	}
	f.Fuzz(func(t *testing.T, key string) {
		for _, l := range layouts(t, templates...) {
			got, ok := l.Parse(key)
			if !ok {
				if got != (retention.Fields{}) {
					t.Errorf("%s: no match, yet %+v", l, got)
				}
				continue
			}
			if got.Team == "" || strings.Contains(got.Team+got.Request+got.Part, "/") || !strings.Contains(key, got.Team) {
				t.Errorf("%s: %q reads as %+v", l, key, got)
			}
			if got.Date.Set && !strings.Contains(key, fmt.Sprintf("%04d", got.Date.Year)) {
				t.Errorf("%s: %q has no year %d", l, key, got.Date.Year)
			}
			if again, err := l.Format(got); err == nil {
				if back, _ := l.Parse(again); back != got {
					t.Errorf("%s: %q and %q read differently", l, key, again)
				}
			}
		}
	})
}

// slowMatch is the definition of how a segment matches: each field takes as few
// bytes as possible, the first ones first.
func slowMatch(template, text string) (fields []string, ok bool) {
	if template == "" {
		return nil, text == ""
	}
	if template[0] != '{' {
		if text == "" || text[0] != template[0] {
			return nil, false
		}
		return slowMatch(template[1:], text[1:])
	}
	name, rest, _ := strings.Cut(template[1:], "}")
	for n := 1; n <= len(text); n++ {
		if rest, ok := slowMatch(rest, text[n:]); ok {
			return append([]string{name + "=" + text[:n]}, rest...), true
		}
	}
	return nil, false
}

func TestFieldsTakeAsFewBytesAsPossible(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		template := rapid.SampledFrom([]string{"{request}", "{request}.{part}", "{request}.{part}.a", "a{request}aa{part}a", "{request}a.a{_}.{part}",
			"a.{request}", "{_}.{request}.{_}.{part}.a"}).Draw(t, "template")
		name := rapid.StringOfN(rapid.SampledFrom([]rune("a.b")), 0, 12, -1).Draw(t, "name")
		layout, err := retention.ParseLayout("", "{team}/"+template)
		if err != nil {
			t.Fatal(err)
		}
		got, ok := layout.Parse("t/" + name)
		want, wantOK := slowMatch(template, name)
		if ok != wantOK {
			t.Fatalf("%s against %q: %t, want %t", name, template, ok, wantOK)
		}
		for _, f := range want {
			if f == "request="+got.Request || f == "part="+got.Part || strings.HasPrefix(f, "_=") {
				continue
			}
			t.Fatalf("%s against %q: %+v, want %s", name, template, got, want)
		}
	})
}
