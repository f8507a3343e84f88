package config

import (
	"fmt"
	"regexp"
	"strings"
	"testing"
)

// refusals are changes of the small config, by what is wrong with each. A
// change is "old => new", or text to append.
var refusals = []struct{ name, change string }{
	{"age: empty", `max_age: 30d => max_age: ""`},
	{"age: no value", `{max_age: 30d} => {max_age: }`},
	{"age: zero", `30d => 0d`},
	{"age: a bare zero", `30d => 0`},
	{"age: negative", `30d => -30d`},
	{"age: no unit", `30d => 30`},
	{"age: under a day", `30d => 23h`},
	{"age: missing", `{max_age: 30d} => {age_source: earliest}`},
	{"age: a list", `30d => [30d]`},
	{"age source", `max_age: 30d => max_age: 30d, age_source: newest`},
	{"retention missing", `retention: {max_age: 30d} => confirm: full`},
	{"retention not a group", `retention: {max_age: 30d} => retention: 30d`},
	{"organization missing", `organization: {name: Example Inc.} => confirm: full`},
	{"organization: empty name", `Example Inc. => ""`},
	{"organization: blank name", `Example Inc. => "  "`},
	{"organization: a number", `Example Inc. => 17`},
	{"unknown field at the top", `storess: []`},
	{"unknown field deep inside", `max_age: 30d => max_agee: 30d`},
	{"unknown field in a store", `prefix: => perfix:`},
	{"doubled: stores", `stores: []`},
	{"doubled: a setting", `max_age: 30d => max_age: 30d, max_age: 1d`},
	{"doubled: quoted", `max_age: 30d => max_age: 30d, "max_age": 1d`},
	{"stores missing", `stores: => holds: "h"` + "\nx:"},
	{"stores empty", "stores:\n  - name: exchanges\n    bucket: api-exchanges\n    prefix: logs/\n    layout: \"{team}/{rest}\" => stores: []"},
	{"stores a group", "stores:\n  - name => stores:\n    name"},
	{"store a word", "layout: \"{team}/{rest}\" => layout: \"{team}/{rest}\"\n  - exchanges"},
	{"store name missing", `name: exchanges => profile: x`},
	{"store name with a slash", `name: exchanges => name: a/b`},
	{"bucket missing", `bucket: api-exchanges => profile: x`},
	{"bucket a URL", `api-exchanges => s3://api-exchanges`},
	{"bucket an ARN", `api-exchanges => "arn:aws:s3:eu:1:accesspoint/x"`},
	{"prefix without a slash", `prefix: logs/ => prefix: logs`},
	{"prefix absent", `prefix: logs/ => profile: x`},
	{"prefix empty", `prefix: logs/ => prefix: ""`},
	{"prefix no value", `prefix: logs/ => prefix:`},
	{"prefix a number", `prefix: logs/ => prefix: 2026`},
	{"prefix empty and whole_bucket false", `prefix: logs/ => whole_bucket: false`},
	{"whole bucket beside a prefix", "prefix: logs/ => prefix: logs/\n    whole_bucket: true"},
	{"whole bucket not a boolean", "prefix: logs/ => whole_bucket: yes"},
	{"endpoint without a scheme", "prefix: logs/ => prefix: logs/\n    endpoint: 127.0.0.1:9000"},
	{"endpoint of another scheme", "prefix: logs/ => prefix: logs/\n    endpoint: ftp://host"},
	{"endpoint without a host", "prefix: logs/ => prefix: logs/\n    endpoint: 'http://:9000'"},
	{"endpoint with a path", "prefix: logs/ => prefix: logs/\n    endpoint: http://host/bucket"},
	{"endpoint with a user", "prefix: logs/ => prefix: logs/\n    endpoint: http://u:p@host"},
	{"endpoint empty", "prefix: logs/ => prefix: logs/\n    endpoint: ''"},
	{"credentials file a URL", "prefix: logs/ => prefix: logs/\n    credentials_file: s3://x/y"},
	{"layout missing", `layout: "{team}/{rest}" => profile: x`},
	{"layout without a team", `{team}/{rest} => {request}/{rest}`},
	{"layout empty", `"{team}/{rest}" => ""`},
	{"layout list empty", `"{team}/{rest}" => []`},
	{"layout list with a bad one", `"{team}/{rest}" => ["{team}/{rest}", "{team}-{rest}"]`},
	{"layout a group, quotes forgotten", `"{team}/{rest}" => {team}/{rest}`},
	{"layout a group", `"{team}/{rest}" => {team: rest}`},
	{"layout list of groups", `"{team}/{rest}" => [{team: rest}]`},
	{"layout with a line feed", "\"{team}/{rest}\" => |\n      {team}/{rest}"},
	{"zone", "prefix: logs/ => prefix: logs/\n    key_date_zone: Europe/Wien"},
	{"zone of the machine", "prefix: logs/ => prefix: logs/\n    key_date_zone: Local"},
	{"zone empty", "prefix: logs/ => prefix: logs/\n    key_date_zone: ''"},
	{"no_team without a slash", "prefix: logs/ => prefix: logs/\n    no_team: [_meta]"},
	{"no_team over all", "prefix: logs/ => prefix: logs/\n    no_team: [logs/]"},
	{"no_team not a list", "prefix: logs/ => prefix: logs/\n    no_team: _meta/"},
	{"versioning", "prefix: logs/ => prefix: logs/\n    versioning: off"},
	{"list_decoder", "prefix: logs/ => prefix: logs/\n    list_decoder: faster"},
	{"batch zero", "prefix: logs/ => prefix: logs/\n    delete: {batch: 0}"},
	{"batch over the protocol's", "prefix: logs/ => prefix: logs/\n    delete: {batch: 1001}"},
	{"checksum", "prefix: logs/ => prefix: logs/\n    delete: {checksum: sha1}"},
	{"overwrite guard", "prefix: logs/ => prefix: logs/\n    delete: {overwrite_guard: none}"},
	{"two stores: one name", more("exchanges", "other", "prefix: logs/", "")},
	{"two stores: one place", more("b", "api-exchanges", "prefix: logs/", "")},
	{"two stores: a prefix in the other", more("b", "api-exchanges", "prefix: logs/2026/", "")},
	{"two stores: the whole bucket too", more("b", "api-exchanges", "whole_bucket: true", "")},
	{"two stores: one server spelled two ways", more("b", "api-exchanges", "prefix: logs/", "endpoint: https://s3.eu-central-1.amazonaws.com")},
	{"vault missing", `vault: {dir: ./vault} => confirm: full`},
	{"vault nowhere", `{dir: ./vault} => {}`},
	{"vault empty", `./vault => ""`},
	{"vault twice", `dir: ./vault => dir: ./vault, s3: {bucket: evidence}, work: {dir: w}`},
	{"vault a URL", `./vault => s3://evidence`},
	{"vault in a bucket without a work area", `dir: ./vault => s3: {bucket: evidence}`},
	{"vault without a bucket", `dir: ./vault => s3: {}, work: {dir: w}`},
	{"vault inside a store", `dir: ./vault => s3: {bucket: api-exchanges, prefix: logs/vault/}, work: {dir: w}`},
	{"vault around a store", `dir: ./vault => s3: {bucket: api-exchanges}, work: {dir: w}`},
	{"work area inside a store", `dir: ./vault => dir: ./vault, work: {s3: {bucket: api-exchanges, prefix: logs/}}`},
	{"work area with a lock", `dir: ./vault => dir: ./vault, work: {s3: {bucket: work, lock: {days: 1}}}`},
	{"work area in the locked bucket", `dir: ./vault => s3: {bucket: evidence, prefix: v/, lock: {}}, work: {s3: {bucket: evidence, prefix: w/}}`},
	{"work area is the vault", `dir: ./vault => dir: ./vault, work: {dir: vault/}`},
	{"work area around the vault", `dir: ./vault => dir: ./vault, work: {dir: .}`},
	{"work area around the S3 vault", `dir: ./vault => s3: {bucket: evidence, prefix: v/}, work: {s3: {bucket: evidence}}`},
	{"work area nowhere", `dir: ./vault => dir: ./vault, work: {}`},
	{"work area twice", `dir: ./vault => dir: ./vault, work: {dir: w, s3: {bucket: work}}`},
	{"lock mode and days", `dir: ./vault => s3: {bucket: evidence, lock: {mode: legal, days: 0, manifest_days: -1}}, work: {dir: w}`},
	{"lease too short", `dir: ./vault => dir: ./vault, lease: {ttl: 4s}`},
	{"lease too long", `dir: ./vault => dir: ./vault, lease: {ttl: 11m}`},
	{"max_deletions zero", `limits: {max_deletions: 0}`},
	{"max_deletions negative", `limits: {max_deletions: -1}`},
	{"max_deletions in hex", `limits: {max_deletions: 0x10}`},
	{"max_deletions a fraction", `limits: {max_deletions: 1.5}`},
	{"max_deletions in exponent form", `limits: {max_deletions: 1e6}`},
	{"max_deletions without end", `limits: {max_deletions: 99999999999999999999}`},
	{"max_share zero", `limits: {max_share: 0}`},
	{"max_share over all", `limits: {max_share: 1.1}`},
	{"max_share in percent", `limits: {max_share: 20%}`},
	{"max_share not a number", `limits: {max_share: .nan}`},
	{"max_share negative", `limits: {max_share: -0.2}`},
	{"share_floor zero", `limits: {share_floor: 0}`},
	{"max_key_date_only", `limits: {max_key_date_only: {share: 2, floor: 0}}`},
	{"max_key_date_only not a group", `limits: {max_key_date_only: 0.01}`},
	{"max_clock_skew zero", `limits: {max_clock_skew: 0s}`},
	{"max_clock_skew without a unit", `limits: {max_clock_skew: 60}`},
	{"concurrency zero", `limits: {concurrency: 0}`},
	{"limits empty", `limits:`},
	{"roster empty", `zdr: {roster: ""}`},
	{"roster of another scheme", `zdr: {roster: gs://x/y}`},
	{"roster_max_age", `zdr: {roster_max_age: 0h}`},
	{"roster by http", `zdr: {roster: "http://host/roster.yaml"}`},
	{"roster without a host", `zdr: {roster: "https:///roster.yaml"}`},
	{"roster not a URL", `zdr: {roster: "https://host/%zz"}`},
	{"roster with a fragment", `zdr: {roster: "https://host/roster.yaml#"}`},
	{"roster with a user", `zdr: {roster: "https://user@host/roster.yaml"}`},
	{"roster on S3 with a user", `zdr: {roster: "s3://user@bucket/roster.yaml"}`},
	{"roster on S3 without a bucket", `zdr: {roster: "s3:///roster.yaml"}`},
	{"roster on S3 without a key", `zdr: {roster: "s3://bucket/"}`},
	{"roster on S3 a folder", `zdr: {roster: "s3://bucket/rosters.yaml/"}`},
	{"roster on S3 with a port", `zdr: {roster: "s3://bucket:9000/roster.yaml"}`},
	{"roster on S3 of another format", `zdr: {roster: "s3://bucket/roster.txt"}`},
	{"roster on S3 with an unknown name", `zdr: {roster: "s3://bucket/roster.yaml?X-Amz-Signature=s3cr3t&versionId=s3cr3t"}`},
	{"roster on S3 with a name doubled", `zdr: {roster: "s3://bucket/roster.yaml?region=a&region=b"}`},
	{"roster on S3 with a bad query", `zdr: {roster: "s3://bucket/roster.yaml?region=a;b"}`},
	{"roster on S3 with bad values", `zdr: {roster: "s3://bucket/roster.yaml?endpoint=host&path_style=s3cr3t&region=%20"}`},
	{"roster on S3 with an empty endpoint", `zdr: {roster: "s3://bucket/roster.yaml?endpoint="}`},
	{"roster inside a store", `zdr: {roster: "s3://api-exchanges/logs/roster.yaml"}`},
	{"roster inside a store by another spelling", `zdr: {roster: "s3://api-exchanges/logs/roster.yaml?endpoint=https://s3.us-east-1.amazonaws.com"}`},
	{"roster on S3 somewhere", "vault: => " + `  - {name: b, bucket: other, prefix: b/, layout: "{team}/{rest}", endpoint: "http://127.0.0.1:9000"}` + "\nzdr: {roster: 's3://bucket/roster.yaml?region=x'}\nvault:"},
	{"metadata: a header alone", `zdr: {metadata: {header: zero-data-retention}}`},
	{"metadata: a header and no sample", `zdr: {metadata: {header: zero-data-retention, sample: 0}}`},
	{"metadata: a sample alone", `zdr: {metadata: {sample: 200}}`},
	{"metadata: a sample and no header", `zdr: {metadata: {header: "", sample: 200}}`},
	{"metadata: a sample too large", `zdr: {metadata: {header: zero-data-retention, sample: 10001}}`},
	{"metadata: a negative sample", `zdr: {metadata: {header: zero-data-retention, sample: -1}}`},
	{"metadata: a header of two words", `zdr: {metadata: {header: zero data, sample: 200}}`},
	{"metadata: a header with a colon", `zdr: {metadata: {header: "zdr:", sample: 200}}`},
	{"metadata: a header that is only the common start", `zdr: {metadata: {header: X-Amz-Meta-, sample: 200}}`},
	{"max_purge zero", `zdr: {max_purge: 0}`},
	{"allow_empty", `zdr: {allow_empty: 1}`},
	{"confirm", `confirm: partly`},
	{"holds no value", `holds:`},
	{"holds a list", `holds: [a.yaml]`},
	{"identifiers", `identifiers: {keys: plain, secret_file: ""}`},
	{"evidence", `evidence: {teams: some}`},
	{"cron missing", `schedule: {}`},
	{"cron of two fields", `schedule: {cron: "15 2"}`},
	{"cron with a zone", `schedule: {cron: "TZ=UTC 15 2 * * *"}`},
	{"cron with a bare zone", `schedule: {cron: "TZ="}`},
	{"cron without slots", `schedule: {cron: "@every 24h"}`},
	{"cron that never comes", `schedule: {cron: "0 0 31 2 *"}`},
	{"timezone", `schedule: {cron: "15 2 * * *", timezone: CEST}`},
	{"listen", `http: {listen: 9464}`},
	{"listen without a port", `http: {listen: localhost}`},
	{"listen on a port too high", `http: {listen: ":65536"}`},
	{"notify", `notify: {webhook: hooks.example.com, heartbeat: "ftp://x"}`},
	{"variable not set", `api-exchanges => ${BUCKET}`},
	{"variable not set in a prefix", `prefix: logs/ => prefix: ${PREFIX}`},
	{"variable not set in a list", `"{team}/{rest}" => ["${LAYOUT}"]`},
	{"variable in place of a store", "layout: \"{team}/{rest}\" => layout: \"{team}/{rest}\"\n  - ${STORE}"},
	{"anchor and alias", "confirm: &a full\nholds: *a"},
	{"merge key", "limits: {<<: {max_share: 1}}"},
	{"tag", `confirm: !!str full`},
	{"name that is a number", `1: 2`},
	{"second document", "---\nconfirm: full"},
	{"not YAML", `confirm: [full`},
	{"tab", "limits:\n\tmax_share: 1"},
	{"not UTF-8", "confirm: \xff"},
	{"nested without end", "confirm: " + strings.Repeat("[", 1000)},
	{"several at once", "{max_age: 30d} => {age_source: x}\nconfirm: maybe\nlimits: {max_share: 0, concurrency: 0}\nwhat: 1"},
	{"KMS without an ARN", `signing: {key: "awskms:///arn:aws:kms:x"}`},
	{"KMS with an alias", `signing: {key: "awskms:///arn:aws:kms:eu-west-1:111122223333:alias/sweeper"}`},
	{"KMS with a passphrase", `signing: {key: "awskms:///arn:aws:kms:eu-west-1:111122223333:key/1234-ab", passphrase_file: p}`},
	{"timestamp policy", `signing: {timestamp: {url: "https://tsa.example.com", policy: require}}`},
	{"timestamps from nowhere", `signing: {timestamp: {policy: required}}`},
	{"unsupported: notify", `notify: {webhook: "https://example.com", heartbeat: "https://example.com"}`},
}

// more is a change that adds a second store.
func more(name, bucket, prefix, extra string) string {
	store := fmt.Sprintf("  - name: %s\n    bucket: %s\n    %s\n    layout: \"{team}/{rest}\"\n", name, bucket, prefix)
	if extra != "" {
		store += "    " + extra + "\n"
	}
	return "vault: => " + store + "vault:"
}

func change(t *testing.T, text, change string) string {
	t.Helper()
	before, after, replaced := strings.Cut(change, " => ")
	if !replaced {
		return text + change + "\n"
	}
	if strings.Count(text, before) == 0 {
		t.Fatalf("%q changes nothing", change)
	}
	return strings.Replace(text, before, after, 1)
}

// problemLine is what every problem looks like: where, which setting, and after
// the last semicolon or comma a way out.
var problemLine = regexp.MustCompile(`^sweeper\.yaml:[1-9][0-9]*: ([a-z0-9_.\[\]A-Z]+: )?.*[;,:] .+$`)

func TestBadConfigsAreRefusedWithLineFieldAndWayOut(t *testing.T) {
	var b strings.Builder
	seen := map[string]bool{}
	for _, r := range refusals {
		if seen[r.name] {
			t.Errorf("two cases are called %q", r.name)
		}
		seen[r.name] = true
		c, err := parse("sweeper.yaml", "/etc/sweeper", []byte(change(t, small, r.change)), noEnv)
		if err == nil || c != nil {
			t.Errorf("%s: accepted", r.name)
			continue
		}
		fmt.Fprintf(&b, "# %s\n%v\n\n", r.name, err)
		for line := range strings.Lines(err.Error()) {
			if !problemLine.MatchString(strings.TrimSuffix(line, "\n")) {
				t.Errorf("%s: no line, field and way out in %q", r.name, line)
			}
		}
	}
	golden(t, "refusals.golden", b.String())
}

func TestEmptyFilesAreRefused(t *testing.T) {
	for _, text := range []string{"", "\n", "# only a comment\n", "---\n", "null\n", "[]\n", "text\n", "\x00"} {
		if _, err := parse("sweeper.yaml", "/", []byte(text), noEnv); err == nil || strings.Contains(err.Error(), "\n") {
			t.Errorf("%q: %v, want one problem", text, err)
		}
	}
}

func TestStoresApartAreAccepted(t *testing.T) {
	for name, c := range map[string]string{
		"another folder":  more("b", "api-exchanges", "prefix: logs2/", ""),
		"another bucket":  more("b", "other", "prefix: logs/", ""),
		"another server":  more("b", "api-exchanges", "prefix: logs/", "endpoint: http://127.0.0.1:9000"),
		"vault in folder": `dir: ./vault => s3: {bucket: api-exchanges, prefix: vault/}, work: {s3: {bucket: api-exchanges, prefix: work/}}`,
		"vault elsewhere": `dir: ./vault => s3: {bucket: api-exchanges, prefix: logs/, endpoint: "http://127.0.0.1:9000"}, work: {dir: w}`,
		"work in another": `dir: ./vault => s3: {bucket: evidence, lock: {}}, work: {s3: {bucket: work}}`,
	} {
		if _, err := parse("sweeper.yaml", "/", []byte(change(t, small, c)), noEnv); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestOneServerSpelledTwoWaysIsOneServer(t *testing.T) {
	for _, same := range [][]string{
		{"", "https://s3.amazonaws.com", "https://s3.eu-central-1.amazonaws.com", "http://s3.dualstack.us-east-1.amazonaws.com:80"},
		{"http://localhost:9000", "http://127.0.0.1:9000", "http://[::1]:9000", "https://LOCALHOST:9000", "http://127.0.0.2:9000"},
		{"http://s3.example.com", "http://S3.Example.com:80", "http://s3.example.com."},
		{"https://s3.example.com", "https://s3.example.com:443"},
	} {
		for _, other := range same {
			if server(other) != server(same[0]) {
				t.Errorf("%q and %q are told apart", other, same[0])
			}
		}
	}
	for _, apart := range [][2]string{
		{"http://s3.example.com", "https://s3.example.com"}, {"http://127.0.0.1:9000", "http://127.0.0.1:9001"}, {"", "http://127.0.0.1"},
		{"https://s3.example.com", "https://s3.example.org"}, {"", "https://amazonaws.com.example.com"},
	} {
		if server(apart[0]) == server(apart[1]) {
			t.Errorf("%q and %q are taken for one server", apart[0], apart[1])
		}
	}
}
