package config

import (
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/sweeper-audit/sweeper/pkg/retention"
)

// Whatever is accepted passes the checks that a reader of Config relies on.
func FuzzConfig(f *testing.F) {
	f.Add(full(f))
	f.Add(small)
	f.Add(small + "zdr: {roster: 's3://b-u-c-ket/k?endpoint=http://h&region=r', metadata: {header: x-amz-meta-h, sample: 1}}\n")
	f.Add(small + "zdr: {roster: 'https://h/r.yaml?q'}\n")
	for _, r := range refusals {
		if before, after, replaced := strings.Cut(r.change, " => "); replaced {
			f.Add(strings.Replace(small, before, after, 1))
		} else {
			f.Add(small + r.change + "\n")
		}
	}
	f.Fuzz(func(t *testing.T, text string) {
		defer quick(t)()
		lookup := func(name string) (string, bool) { return name, name != "UNSET" }
		c, err := parse("sweeper.yaml", "/etc/sweeper", []byte(text), lookup)
		if err != nil {
			if c != nil {
				t.Error("a config beside an error")
			}
			for line := range strings.Lines(err.Error()) {
				if !strings.HasPrefix(line, "sweeper.yaml:") {
					t.Errorf("a problem without its line: %q", line)
				}
			}
			return
		}
		checkConfig(t, c)
		data, err := c.Effective()
		if err != nil {
			t.Fatal(err)
		}
		checkReencodes(t, data)
	})
}

func checkConfig(t *testing.T, c *Config) {
	if c.Retention.MaxAge < 24*time.Hour || c.Organization.Name == "" || len(c.Stores) == 0 {
		t.Errorf("accepted without an age, a name or a store: %+v", c)
	}
	l := c.Limits
	if l.MaxDeletions < 1 || !(l.MaxShare > 0 && l.MaxShare <= 1) || l.ShareFloor < 1 || l.MaxClockSkew < time.Second || l.Concurrency < 1 {
		t.Errorf("limits %+v", l)
	}
	if (c.Vault.Dir == "") == (c.Vault.S3 == nil) || (c.Vault.Work.Dir == "") == (c.Vault.Work.S3 == nil) {
		t.Errorf("vault %+v", c.Vault)
	}
	if c.Schedule != nil && (c.Schedule.Cron == "" || c.Schedule.Location == nil) {
		t.Errorf("schedule %+v", c.Schedule)
	}
	z := c.ZDR
	if remote := z.RosterURL != nil || z.RosterS3 != nil; z.Roster == "" || remote != strings.Contains(z.Roster, "://") || (remote && strings.ContainsAny(z.Roster, "?#")) {
		t.Errorf("roster %+v", z)
	}
	if (z.Metadata.Header == "") != (z.Metadata.Sample == 0) {
		t.Errorf("metadata %+v", z.Metadata)
	}
	for i, s := range c.Stores {
		if s.Name == "" || s.Bucket == "" || s.WholeBucket != (s.Prefix == "") || (s.Prefix != "" && !strings.HasSuffix(s.Prefix, "/")) || s.Zone == nil || len(s.Layouts) == 0 {
			t.Errorf("store %+v", s)
		}
		if s.Delete.Batch < 1 || s.Delete.Batch > 1000 {
			t.Errorf("batch %d", s.Delete.Batch)
		}
		for _, p := range s.NoTeam {
			if !strings.HasPrefix(p, s.Prefix) || !strings.HasSuffix(p, "/") || p == s.Prefix {
				t.Errorf("no_team %q of prefix %q", p, s.Prefix)
			}
		}
		for _, o := range c.Stores[:i] {
			if s.Name == o.Name || (s.Endpoint == o.Endpoint && s.Bucket == o.Bucket && (strings.HasPrefix(s.Prefix, o.Prefix) || strings.HasPrefix(o.Prefix, s.Prefix))) {
				t.Errorf("stores %+v and %+v overlap", o.Place, s.Place)
			}
		}
	}
}

func FuzzParseRoster(f *testing.F) {
	for name, text := range goodRosters {
		f.Add(name, text)
	}
	f.Add("r.json", `{"as_of": "2026-11-25T00:00:00Z", "teams": [{"id": "a", "id": "b"}]}`)
	f.Add("r.csv", "# as_of: 2026-11-25T00:00:00Z\nid,zdr_since\n\"a\n\"b,c\n")
	f.Fuzz(func(t *testing.T, name, text string) {
		defer quick(t)()
		r, err := ParseRoster(name, []byte(text))
		if err != nil {
			if r.Teams != nil {
				t.Error("teams beside an error")
			}
			return
		}
		if r.AsOf.IsZero() || r.Teams == nil {
			t.Errorf("accepted without as_of or teams: %+v", r)
		}
		seen := map[string]bool{}
		for _, team := range r.Teams {
			if team.ID == "" || seen[team.ID] || strings.Contains(team.ID, "/") || !utf8.ValidString(team.ID) || team.Since.Location() != time.UTC {
				t.Errorf("accepted team %+v", team)
			}
			seen[team.ID] = true
		}
	})
}

func FuzzParseHolds(f *testing.F) {
	f.Add(goodHolds)
	f.Add("holds:\n  - {id: a, reason: r, owner: o, until: 2027-01-31, match: {team: t, keys: [k]}}\n")
	f.Add("holds: [{id: a, reason: r, owner: o, until: 9999-12-31, match: {keys: [[a]]}}]")
	f.Fuzz(func(t *testing.T, text string) {
		defer quick(t)()
		holds, err := ParseHolds("holds.yaml", []byte(text))
		if err != nil {
			if holds != nil {
				t.Error("holds beside an error")
			}
			return
		}
		seen := map[string]bool{}
		for _, h := range holds {
			if h.ID == "" || h.Reason == "" || h.Owner == "" || h.Until.IsZero() || seen[h.ID] || scopes(h.Match) != 1 {
				t.Errorf("accepted hold %+v", h)
			}
			seen[h.ID] = true
		}
	})
}

// quick fails inputs that are small and yet take long.
func quick(t *testing.T) func() {
	began := time.Now()
	return func() {
		if took := time.Since(began); took > 5*time.Second {
			t.Errorf("took %v", took)
		}
	}
}

func scopes(m retention.HoldMatch) int {
	n := 0
	for _, set := range []bool{m.Team != "", m.Prefix != "", m.Request != "", len(m.Keys) > 0} {
		if set {
			n++
		}
	}
	return n
}
