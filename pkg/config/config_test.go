package config

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/sweeper-audit/sweeper/pkg/retention"
)

// small is the shortest config that is accepted: all else is a default.
const small = `organization: {name: Example Inc.}
retention: {max_age: 30d}
stores:
  - name: exchanges
    bucket: api-exchanges
    prefix: logs/
    layout: "{team}/{rest}"
vault: {dir: ./vault}
`

func noEnv(string) (string, bool) { return "", false }

func mustParse(t testing.TB, text string) *Config {
	t.Helper()
	c, err := parse("sweeper.yaml", "/etc/sweeper", []byte(text), noEnv)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func full(t testing.TB) string {
	t.Helper()
	data, err := os.ReadFile("testdata/full.yaml")
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func TestDefaultsAreThoseOfTheContract(t *testing.T) {
	c := mustParse(t, small)
	layout, err := retention.ParseLayout("logs/", "{team}/{rest}")
	if err != nil {
		t.Fatal(err)
	}
	want := &Config{
		Path:         "sweeper.yaml",
		dir:          "/etc/sweeper",
		Organization: Organization{Name: "Example Inc."},
		Retention:    Retention{MaxAge: 30 * 24 * time.Hour, MaxAgeText: "30d", AgeSource: retention.AgeEarliest},
		Stores: []Store{{
			Name: "exchanges", Place: Place{Bucket: "api-exchanges", Prefix: "logs/"}, Layouts: []retention.Layout{layout},
			Zone: time.UTC, ZoneName: "UTC", NoTeam: []string{}, Versioning: "auto", ListDecoder: "fast",
			Delete: Delete{Batch: 1000, Checksum: "auto", OverwriteGuard: "relist"},
		}},
		ZDR:     ZDR{Roster: "/etc/sweeper/zdr-teams.yaml", RosterMaxAge: 24 * time.Hour, RosterMaxAgeText: "24h", MaxPurge: 1000},
		Confirm: "full",
		Limits: Limits{
			MaxDeletions: 10_000_000, MaxShare: 0.2, ShareFloor: 1000, MaxKeyDateOnly: KeyDateOnly{0.01, 1000},
			MaxClockSkew: time.Minute, MaxClockSkewText: "1m", Concurrency: 32,
		},
		Vault:       Vault{Dir: "/etc/sweeper/vault", Work: Work{Dir: "/etc/sweeper/vault/work"}, LeaseTTL: time.Minute, LeaseTTLText: "60s"},
		Signing:     Signing{Key: "/etc/sweeper/keys/signing.pem", Trust: "/etc/sweeper/keys/trust-root.json", Timestamp: Timestamp{Policy: "none"}},
		Identifiers: Identifiers{SecretFile: "/etc/sweeper/keys/identifiers.secret", Keys: "hashed"},
		Evidence:    Evidence{Teams: "zdr"},
		HTTP:        HTTP{Listen: "127.0.0.1:9464"},
	}
	if !reflect.DeepEqual(c, want) {
		t.Errorf("got  %+v\nwant %+v", c, want)
	}
}

func TestEverySettingOfTheContractIsRead(t *testing.T) {
	c := mustParse(t, full(t))
	s := c.Stores[1]
	vienna, err := time.LoadLocation("Europe/Vienna")
	if err != nil {
		t.Fatal(err)
	}
	if s.Name != "logs" || s.WholeBucket || s.ZoneName != "Europe/Vienna" || s.Zone.String() != vienna.String() || s.Versioning != "never" || s.ListDecoder != "fast" {
		t.Errorf("store: %+v", s)
	}
	if want := (Place{Bucket: "api-logs", Prefix: "logs/", Endpoint: "https://s3.example.com:8443", Region: "us-east-1", PathStyle: true, Profile: "deleter", CredentialsFile: "/etc/sweeper/secrets/deleter"}); s.Place != want {
		t.Errorf("place: %+v, want %+v", s.Place, want)
	}
	if want := []string{"logs/_meta/", "logs/tmp/"}; !reflect.DeepEqual(s.NoTeam, want) {
		t.Errorf("no_team %q, want whole-key prefixes %q", s.NoTeam, want)
	}
	if s.Delete != (Delete{Batch: 100, Checksum: "md5", OverwriteGuard: "off"}) {
		t.Errorf("delete: %+v", s.Delete)
	}
	for i, key := range []string{"logs/dt=20260102/team=acme/x/y", "logs/acme/x"} {
		if f, ok := s.Layouts[i].Parse(key); !ok || f.Team != "acme" {
			t.Errorf("layout %d reads %+v, %v out of %s", i, f, ok, key)
		}
	}
	if !c.Stores[0].WholeBucket || c.Stores[0].Prefix != "" || c.Stores[0].Layouts[0].String() != "{team}/{yyyy}/{mm}/{dd}/{request}.{part}.json" {
		t.Errorf("store: %+v", c.Stores[0])
	}
	if c.Holds != "/etc/sweeper/holds.yaml" || c.Organization.Contact != "privacy@example.com" {
		t.Errorf("holds %q, contact %q", c.Holds, c.Organization.Contact)
	}
	v := c.Vault
	if v.Dir != "" || v.S3 == nil || v.S3.Bucket != "evidence" || v.S3.PathStyle || *v.S3.Lock != (Lock{"governance", 2557, 400}) || v.Work != (Work{Dir: "/etc/sweeper/work"}) {
		t.Errorf("vault: %+v %+v", v, v.S3)
	}
	if s := c.Schedule; s == nil || s.Cron != "15 2 * * *" || s.Timezone != "UTC" || s.Location != time.UTC || !s.CatchUp {
		t.Errorf("schedule: %+v", s)
	}
}

func TestVariablesAreExpandedInValuesOnly(t *testing.T) {
	env := map[string]string{
		"ORG": "a: b\n# not yaml", "BUCKET": "from-env", "N": "7", "P": "logs/", "EMPTY": "", "BAD": "\xff", "DIR": "/abs", "AGAIN": "${N}",
	}
	lookup := func(name string) (string, bool) { v, ok := env[name]; return v, ok }
	text := strings.NewReplacer("api-exchanges", "${BUCKET}-${N}", "logs/", "${P}", "dir: ./vault", "dir: '${DIR}/vault'").Replace(small) +
		"limits: {max_deletions: '${N}'}\n"
	c, err := parse("sweeper.yaml", "/etc/sweeper", []byte(text), lookup)
	if err != nil {
		t.Fatal(err)
	}
	if c.Stores[0].Bucket != "from-env-7" || c.Stores[0].Prefix != "logs/" || c.Limits.MaxDeletions != 7 || c.Vault.Dir != "/abs/vault" {
		t.Errorf("%+v %+v", c.Stores[0], c.Limits)
	}
	for name, want := range map[string]string{
		"${ORG}":      "control character",              // a value stays a value
		"${EMPTY}":    "organization.name: is empty",    // never a silent nothing
		"${UNSET}":    "the environment variable UNSET", // with its name
		"${BAD}":      "not UTF-8",                      //
		"${N":         "without a variable's name",      //
		"${}":         "without a variable's name",      //
		"${1N}":       "without a variable's name",      //
		"${N-x}":      "without a variable's name",      //
		"x ${AGAIN}$": "",                               // what was put in is not expanded again
		"$N $$ {N} }": "",                               // only ${NAME} means anything
	} {
		text := strings.Replace(small, "{name: Example Inc.}", "{name: '"+name+"'}", 1)
		c, err := parse("sweeper.yaml", "/", []byte(text), lookup)
		switch {
		case want == "" && err != nil:
			t.Errorf("%s: %v", name, err)
		case want == "" && c.Organization.Name != strings.ReplaceAll(name, "${AGAIN}", "${N}"):
			t.Errorf("%s became %q", name, c.Organization.Name)
		case want != "" && (err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n")):
			t.Errorf("%s: %v, want one line with %q", name, err, want)
		}
	}
}

func TestErrorsNeverShowWhatAVariableOrURLHolds(t *testing.T) {
	lookup := func(string) (string, bool) { return "s3cr3t value", true }
	for _, change := range []string{
		"confirm: ${S}", "holds: s3://user:s3cr3t@x", "limits: {max_deletions: '${S}'}", "limits: {max_share: '${S}'}", "limits: {max_clock_skew: '${S}'}",
		"signing: {key: 'awskms://s3cr3t'}", "signing: {timestamp: {url: '${S}'}}", "notify: {webhook: 'https://hooks.example.com/s3cr3t'}",
		"notify: {webhook: 'ftp://s3cr3t'}", "zdr: {roster: 'https://u:s3cr3t@example.com/r.yaml'}", "evidence: {teams: '${S}'}",
	} {
		_, err := parse("sweeper.yaml", "/", []byte(small+change+"\n"), lookup)
		if err == nil || strings.Contains(err.Error(), "s3cr3t") {
			t.Errorf("%s: %v", change, err)
		}
	}
	for _, endpoint := range []string{"https://key:s3cr3t@example.com", "http://example.com/?s3cr3t", "s3cr3t"} {
		text := strings.Replace(small, "prefix:", "endpoint: '"+endpoint+"'\n    prefix:", 1)
		_, err := parse("sweeper.yaml", "/", []byte(text), noEnv)
		if err == nil || strings.Contains(err.Error(), "s3cr3t") {
			t.Errorf("%s: %v", endpoint, err)
		}
	}
}

func TestLoadResolvesPathsAgainstTheConfigsFolder(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "sweeper.yaml")
	text := small + "holds: ../holds.yaml\nzdr: {roster: /abs/roster.csv}\n"
	write(t, path, text)
	t.Chdir(filepath.Dir(dir))
	relative := filepath.Join(filepath.Base(dir), "sweeper.yaml")
	c, err := Load(relative)
	if err != nil {
		t.Fatal(err)
	}
	if c.Path != relative || c.Vault.Dir != filepath.Join(dir, "vault") || c.Holds != filepath.Join(filepath.Dir(dir), "holds.yaml") || c.ZDR.Roster != "/abs/roster.csv" {
		t.Errorf("%q %q %q %q", c.Path, c.Vault.Dir, c.Holds, c.ZDR.Roster)
	}
	if _, err := Load(filepath.Join(dir, "nowhere.yaml")); !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), "--config") {
		t.Errorf("a missing file: %v", err)
	}
}

func TestFindDefaultPrefersTheWorkingDirectory(t *testing.T) {
	t.Chdir(t.TempDir())
	system := filepath.Join(t.TempDir(), "system.yaml")
	if _, err := findFirst("sweeper.yaml", system); err == nil || !strings.Contains(err.Error(), "--config") {
		t.Errorf("with neither file: %v", err)
	}
	write(t, system, "")
	if path, err := findFirst("sweeper.yaml", system); path != system || err != nil {
		t.Errorf("with the second alone: %q, %v", path, err)
	}
	write(t, "sweeper.yaml", "")
	if path, err := FindDefault(); path != "sweeper.yaml" || err != nil {
		t.Errorf("with the first: %q, %v", path, err)
	}
}

// Falling through to another config would sweep another store.
func TestAConfigThatCannotBeReadIsNotPassedOver(t *testing.T) {
	t.Chdir(t.TempDir())
	write(t, "system.yaml", small)
	write(t, "file", "")
	unreadable := filepath.Join("file", "sweeper.yaml") // a file is no folder
	path, err := findFirst(unreadable, "system.yaml")
	if path != unreadable || err != nil {
		t.Fatalf("findFirst = %q, %v", path, err)
	}
	if _, err := Load(path); err == nil {
		t.Error("it was loaded")
	}
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestHoldsOnUnknownStoresAreRefused(t *testing.T) {
	c := mustParse(t, small)
	known := retention.Hold{ID: "a", Match: retention.HoldMatch{Store: "exchanges", Team: "x"}}
	all := retention.Hold{ID: "b", Match: retention.HoldMatch{Team: "x"}}
	if err := c.CheckHolds([]retention.Hold{known, all}); err != nil {
		t.Error(err)
	}
	typo := retention.Hold{ID: "case-17", Match: retention.HoldMatch{Store: "exchange", Team: "x"}}
	if err := c.CheckHolds([]retention.Hold{known, typo}); err == nil || !strings.Contains(err.Error(), "case-17") {
		t.Errorf("a hold on an unknown store: %v", err)
	}
}

func TestHoldsThatCanMatchNothingAreRefused(t *testing.T) {
	c := mustParse(t, strings.Replace(small, "vault:", `  - {name: events, bucket: events, prefix: ev/, layout: "{team}/{request}"}`+"\nvault:", 1))
	for _, h := range []struct {
		name  string
		match retention.HoldMatch
		want  string // in the error; empty if the hold is right
	}{
		{"a prefix in a store", retention.HoldMatch{Prefix: "logs/acme/"}, ""},
		{"a prefix around a store", retention.HoldMatch{Prefix: "lo"}, ""},
		{"a prefix in another store", retention.HoldMatch{Store: "exchanges", Prefix: "ev/acme/"}, "match.prefix lies outside store exchanges"},
		{"a prefix without the store's", retention.HoldMatch{Prefix: "s3cret/"}, "match.prefix lies outside any store"},
		{"keys in two stores", retention.HoldMatch{Keys: []string{"logs/a", "ev/a"}}, ""},
		{"a key in another store", retention.HoldMatch{Store: "exchanges", Keys: []string{"logs/a", "ev/a"}}, "match.keys[1] lies outside store exchanges"},
		{"a key that is only the start of the prefix", retention.HoldMatch{Keys: []string{"lo"}}, "match.keys[0] lies outside any store"},
		{"a key without the store's prefix", retention.HoldMatch{Keys: []string{"s3cret/1"}}, "match.keys[0] lies outside any store"},
		{"a request that one layout reads", retention.HoldMatch{Request: "r"}, ""},
		{"a request in its store", retention.HoldMatch{Store: "events", Request: "r"}, ""},
		{"a request that no layout reads", retention.HoldMatch{Store: "exchanges", Request: "r"}, "no layout of store exchanges has {request}"},
		{"a team", retention.HoldMatch{Team: "acme"}, ""},
	} {
		err := c.CheckHolds([]retention.Hold{{ID: "case-17", Match: h.match}})
		if h.want == "" && err != nil {
			t.Errorf("%s: %v", h.name, err)
		}
		if h.want != "" && (err == nil || !strings.HasPrefix(err.Error(), "hold case-17: ") || !strings.Contains(err.Error(), h.want) || !strings.Contains(err.Error(), "; ")) {
			t.Errorf("%s: %v, want %q and a way out", h.name, err, h.want)
		}
		if err != nil && strings.Contains(err.Error(), "s3cret") {
			t.Errorf("%s: the error shows a key: %v", h.name, err)
		}
	}
}

func TestLoadRefusesCredentialsFilesThatAreNotThere(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "sweeper.yaml")
	text := strings.NewReplacer("prefix: logs/", "prefix: logs/\n    credentials_file: s3cret/store",
		"{dir: ./vault}", "\n  s3: {bucket: evidence, credentials_file: s3cret/vault}\n  work:\n    s3:\n      bucket: working\n      credentials_file: s3cret/work").Replace(small)
	write(t, path, text)
	for _, left := range []string{"7: stores[0]", "10: vault.s3", "14: vault.work.s3", ""} {
		_, err := Load(path)
		if left == "" {
			if err != nil {
				t.Errorf("all files are there: %v", err)
			}
			break
		}
		first, _, _ := strings.Cut(fmt.Sprint(err), "\n")
		if !strings.HasPrefix(first, path+":"+left+".credentials_file: ") || !strings.Contains(first, "; ") || strings.Contains(first, "s3cret") {
			t.Errorf("got %q, want line and setting %s, a way out and no path", first, left)
		}
		name := map[string]string{"7: stores[0]": "store", "10: vault.s3": "vault", "14: vault.work.s3": "work"}[left]
		if err := os.MkdirAll(filepath.Join(dir, "s3cret"), 0o700); err != nil {
			t.Fatal(err)
		}
		write(t, filepath.Join(dir, "s3cret", name), "")
	}
}

func TestEffectiveShowsNoFolderThatTheConfigLiesIn(t *testing.T) {
	text := small + "holds: ../holds.yaml\nzdr: {roster: /srv/roster.csv}\nsigning: {key: ../keys2/k.pem}\n"
	var all []string
	for _, dir := range []string{"/home/jane/sweeper", "/home/jane/other"} {
		c, err := parse("sweeper.yaml", dir, []byte(text), noEnv)
		if err != nil {
			t.Fatal(err)
		}
		got, err := c.Effective()
		if err != nil {
			t.Fatal(err)
		}
		checkReencodes(t, got)
		for _, want := range []string{`"dir":"vault"`, `"dir":"vault/work"`, `"trust":"keys/trust-root.json"`, `"secret_file":"keys/identifiers.secret"`,
			`"holds":"/home/jane/holds.yaml"`, `"roster":"/srv/roster.csv"`, `"key":"/home/jane/keys2/k.pem"`} {
			if !bytes.Contains(got, []byte(want)) {
				t.Errorf("no %s in %s", want, got)
			}
		}
		all = append(all, string(got))
	}
	if all[0] != all[1] {
		t.Errorf("one config in two folders gave %s and %s", all[0], all[1])
	}
}

func TestEffectiveIsGoldenAndReencodesToItsOwnBytes(t *testing.T) {
	for name, text := range map[string]string{"full.effective.json": full(t), "small.effective.json": small} {
		got, err := mustParse(t, text).Effective()
		if err != nil {
			t.Fatal(err)
		}
		golden(t, name, string(got))
		checkReencodes(t, got)
		again, err := mustParse(t, "# a comment\n"+text).Effective()
		if err != nil || !bytes.Equal(got, again) {
			t.Errorf("%s: the same settings gave other bytes", name)
		}
	}
}

func checkReencodes(t testing.TB, data []byte) {
	t.Helper()
	var e effective
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	if err := d.Decode(&e); err != nil {
		t.Fatal(err)
	}
	again, err := json.Marshal(e)
	if err != nil || !bytes.Equal(again, data) {
		t.Errorf("re-encodes to other bytes:\n%s\n%s", data, again)
	}
}

func TestEffectiveHoldsNoSecret(t *testing.T) {
	c := mustParse(t, full(t))
	c.Stores[0].Endpoint = "https://key:s3cr3t@example.com"
	c.Stores[0].CredentialsFile = "/s3cr3t"
	c.ZDR.Roster = "https://u:s3cr3t@example.com/roster.yaml?token=s3cr3t#s3cr3t"
	c.Signing.Timestamp.URL = "https://tsa.example.com/?s3cr3t"
	c.Notify = Notify{Webhook: "https://hooks.example.com/s3cr3t", Heartbeat: "https://u:s3cr3t@beat.example.com/s3cr3t"}
	c.Vault.Dir = "/bytes/\xff" // a path may be anything
	got, err := c.Effective()
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(got, []byte("s3cr3t")) {
		t.Errorf("a secret in %s", got)
	}
	for _, want := range []string{`"webhook":"hooks.example.com"`, `"heartbeat":"beat.example.com"`, `"roster":"https://example.com/roster.yaml"`} {
		if !bytes.Contains(got, []byte(want)) {
			t.Errorf("no %s in %s", want, got)
		}
	}
	checkReencodes(t, got)
}

func TestEffectiveOfAConfigBuiltInCodeShowsItsDurations(t *testing.T) {
	c := &Config{Retention: Retention{MaxAge: 30 * 24 * time.Hour, MaxAgeText: "7d"}, Limits: Limits{MaxClockSkew: 90 * time.Second}}
	got, err := c.Effective()
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`"max_age":"30d"`, `"max_clock_skew":"90s"`} {
		if !bytes.Contains(got, []byte(want)) {
			t.Errorf("no %s in %s", want, got)
		}
	}
}
