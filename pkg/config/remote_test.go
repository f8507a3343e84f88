package config

import (
	"bytes"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// withRoster is the small config with a roster, and with more lines under its
// one store.
func withRoster(roster, store string) string {
	return strings.Replace(small, "prefix: logs/\n", "prefix: logs/\n"+store, 1) + "zdr: {roster: '" + roster + "'}\n"
}

func TestARosterOnS3IsReachedAsAllStoresAreUnlessItsURLSaysOtherwise(t *testing.T) {
	const minio = "    endpoint: http://127.0.0.1:9000\n    region: r1\n    path_style: false\n    profile: p\n    credentials_file: /c\n"
	for _, c := range []struct {
		name, store, query string
		want               Place
	}{
		{"stores on AWS", "", "", Place{}},
		{"stores elsewhere", minio, "", Place{Endpoint: "http://127.0.0.1:9000", Region: "r1", Profile: "p", CredentialsFile: "/c"}},
		{"another region", minio, "?region=r2", Place{Endpoint: "http://127.0.0.1:9000", Region: "r2", Profile: "p", CredentialsFile: "/c"}},
		{"another style", minio, "?path_style=true", Place{Endpoint: "http://127.0.0.1:9000", Region: "r1", PathStyle: true, Profile: "p", CredentialsFile: "/c"}},
		{"an identity of its own", minio, "?profile=q", Place{Endpoint: "http://127.0.0.1:9000", Region: "r1", Profile: "q"}},
		{"the standard chain", minio, "?profile=", Place{Endpoint: "http://127.0.0.1:9000", Region: "r1"}},
		{"an endpoint of its own", minio, "?endpoint=https://host:8443/", Place{Endpoint: "https://host:8443", Region: "us-east-1", PathStyle: true, Profile: "p", CredentialsFile: "/c"}},
		{"all of its own", minio, "?endpoint=https%3A%2F%2Fhost&region=r2&path_style=false&profile=q", Place{Endpoint: "https://host", Region: "r2", Profile: "q"}},
	} {
		z := mustParse(t, withRoster("s3://lists/zdr/teams.csv"+c.query, c.store)).ZDR
		c.want.Bucket = "lists"
		if z.RosterURL != nil || z.RosterS3 == nil || *z.RosterS3 != (S3Object{c.want, "zdr/teams.csv"}) {
			t.Errorf("%s: %+v, want %+v", c.name, z.RosterS3, c.want)
		}
		if z.Roster != "s3://lists/zdr/teams.csv" {
			t.Errorf("%s: shown as %s", c.name, z.Roster)
		}
	}
}

func TestStoresReachedInSeveralWaysSayNothingOfARostersServer(t *testing.T) {
	second := func(lines string) string { return change(t, small, more("b", "other", "prefix: logs/", lines)) }
	const roster = "zdr: {roster: 's3://lists/r.yaml%s'}\n"
	for _, c := range []struct {
		name, lines, query string
		want               *Place
	}{
		{"one on AWS, one not", "endpoint: http://127.0.0.1:9000", "", nil},
		{"one on AWS, one not, and a region", "endpoint: http://127.0.0.1:9000", "?region=r", nil},
		{"one on AWS, one not, and an endpoint", "endpoint: http://127.0.0.1:9000", "?endpoint=http://h", &Place{Bucket: "lists", Endpoint: "http://h", Region: "us-east-1", PathStyle: true}},
		{"two regions of AWS", "region: eu-central-1", "?region=eu-west-1", &Place{Bucket: "lists", Region: "eu-west-1"}},
		{"two identities on AWS", "profile: p", "", &Place{Bucket: "lists"}},
	} {
		got, err := parse("sweeper.yaml", "/", []byte(second(c.lines)+fmt.Sprintf(roster, c.query)), noEnv)
		switch {
		case c.want == nil && (err == nil || !strings.Contains(err.Error(), "?endpoint=")):
			t.Errorf("%s: %v, want to be asked for an endpoint", c.name, err)
		case c.want != nil && (err != nil || got.ZDR.RosterS3.Place != *c.want):
			t.Errorf("%s: %v, want %+v", c.name, err, c.want)
		}
	}
}

func TestARosterBesideTheStoresOfItsBucketIsAccepted(t *testing.T) {
	for _, key := range []string{"teams.yaml", "logs.yaml", "lists/teams.yaml", "Logs/teams.yaml"} {
		if z := mustParse(t, withRoster("s3://api-exchanges/"+key, "")).ZDR; z.RosterS3.Key != key {
			t.Errorf("%s was read as %+v", key, z.RosterS3)
		}
	}
}

func TestTheKeyOfARosterIsUnescapedOnce(t *testing.T) {
	for text, want := range map[string]string{
		"a%20b+c.yaml": "a b+c.yaml", "a%2520b.yaml": "a%20b.yaml", "a%3Fb%23c.yaml": "a?b#c.yaml", "/lead.yaml": "/lead.yaml",
		"dt=2026-11-25/t.json": "dt=2026-11-25/t.json", "a//b.CSV": "a//b.CSV",
	} {
		z := mustParse(t, withRoster("s3://lists/"+text, "")).ZDR
		if z.RosterS3.Key != want || z.Roster != "s3://lists/"+text {
			t.Errorf("%s was read as %q and is shown as %s", text, z.RosterS3.Key, z.Roster)
		}
	}
}

// The signature of a presigned URL is as good as a password.
func TestTheQueryOfARosterIsShownNowhere(t *testing.T) {
	for _, c := range []struct{ roster, shown string }{
		{"https://h.example.com/teams.yaml?X-Amz-Signature=s3cr3t&X-Amz-Credential=s3cr3t", "https://h.example.com/teams.yaml"},
		{"s3://lists/teams.yaml?profile=s3cr3t&region=s3cr3t", "s3://lists/teams.yaml"},
	} {
		conf := mustParse(t, withRoster(c.roster, ""))
		if conf.ZDR.Roster != c.shown {
			t.Errorf("%s is shown as %s", c.roster, conf.ZDR.Roster)
		}
		effective, err := conf.Effective()
		if err != nil {
			t.Fatal(err)
		}
		checkReencodes(t, effective)
		if !bytes.Contains(effective, []byte(`"roster":"`+c.shown+`"`)) || bytes.Contains(effective, []byte("s3cr3t")) {
			t.Errorf("%s: %s", c.roster, effective)
		}
		if u := conf.ZDR.RosterURL; u != nil {
			if got := u.Full().String(); got != c.roster {
				t.Errorf("%s is asked for as %s", c.roster, got)
			}
			if got := fmt.Sprintf("%v %+v %s %+v", u, u, u, conf.ZDR); strings.Contains(got, "s3cr3t") {
				t.Errorf("printed as %s", got)
			}
		}
	}
}

func TestNoProblemOfARosterShowsItsURL(t *testing.T) {
	for _, roster := range []string{
		"https://s3cr3t@h/r.yaml", "https://u:s3cr3t@h/r.yaml", "https://h/r.yaml?s3cr3t#x", "https://h/r.yaml?a=1#s3cr3t", "https://h/%zz?s3cr3t", "https://?s3cr3t",
		"http://h/s3cr3t", "s3://b/s3cr3t", "s3://bucket/r.yaml?s3cr3t", "s3://bucket/r.yaml?s3cr3t=1", "s3://bucket/r.yaml?region=s3cr3t;", "s3://bucket/r.yaml?endpoint=s3cr3t",
		"s3://bucket/r.yaml?endpoint=https://u:s3cr3t@h", "s3://bucket/r.yaml?endpoint=https://h/s3cr3t", "s3://bucket/r.yaml?path_style=s3cr3t",
		"s3://bucket/r.yaml?profile=s3cr3t&profile=s3cr3t", "s3://bucket/r.yaml?region=s3cr3t%0A", "s3://s3cr3t@bucket/r.yaml",
	} {
		_, err := parse("sweeper.yaml", "/", []byte(withRoster(roster, "")), noEnv)
		if err == nil || strings.Contains(err.Error(), "s3cr3t") || !strings.HasPrefix(err.Error(), "sweeper.yaml:9: zdr.roster") {
			t.Errorf("%s: %v", roster, err)
		}
	}
}

func TestWhateverTheURLOfARosterNeitherQueryNorPasswordIsShown(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		part := rapid.StringMatching(`[a-z0-9%:@/?#&=;+. -]{0,12}`)
		text := rapid.SampledFrom([]string{"https", "s3"}).Draw(t, "scheme") + "://" + rapid.OneOf(rapid.Just("host"), part).Draw(t, "host") +
			"/" + part.Draw(t, "path") + rapid.SampledFrom([]string{"", ".yaml", ".csv"}).Draw(t, "extension") + "?" + part.Draw(t, "before") + "S3CR3T" + part.Draw(t, "after")
		c, err := parse("sweeper.yaml", "/", []byte(withRoster(text, "")), noEnv)
		if err != nil {
			if strings.Contains(err.Error(), "S3CR3T") {
				t.Fatalf("%s: %v", text, err)
			}
			return
		}
		effective, err := c.Effective()
		if err != nil || bytes.Contains(effective, []byte("S3CR3T")) || strings.Contains(c.ZDR.Roster, "S3CR3T") {
			t.Fatalf("%s: %v, shown as %s", text, err, c.ZDR.Roster)
		}
	})
}

func TestTheContentTypeSaysTheFormatWhereTheNameDoesNot(t *testing.T) {
	want, err := ParseRoster("roster.yaml", []byte(goodRosters["roster.yaml"]))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ name, contentType, text string }{
		{"https://h/roster", "application/yaml", "roster.yaml"},
		{"https://h/roster", "text/yaml; charset=utf-8", "roster.yml"},
		{"https://h/roster.php", "application/json", "roster.json"},
		{"https://h", "Text/CSV; header=present", "ROSTER.CSV"},
		{"https://h/roster.csv", "application/json", "ROSTER.CSV"},
		{"https://h/roster.json", "", "roster.json"},
	} {
		got, err := ParseServedRoster(c.name, c.contentType, []byte(goodRosters[c.text]))
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s, %s: %+v, %v", c.name, c.contentType, got, err)
		}
	}
	for _, contentType := range []string{"", "text/plain", "text/html", "application/octet-stream", ";", "json"} {
		if _, err := ParseServedRoster("https://h/roster", contentType, []byte(goodRosters["roster.json"])); err == nil || !strings.HasPrefix(err.Error(), "https://h/roster:1: ") {
			t.Errorf("%q: %v", contentType, err)
		}
	}
}

func TestPurgeAndMetadataAreReadAndShown(t *testing.T) {
	for _, header := range []string{"zero-data-retention", "Zero-Data-Retention", "x-amz-meta-zero-data-retention", "X-Amz-Meta-Zero-Data-Retention"} {
		c := mustParse(t, small+"zdr: {purge_violations: true, metadata: {header: "+header+", sample: 200}}\n")
		if !c.ZDR.PurgeViolations || c.ZDR.Metadata != (Metadata{"zero-data-retention", 200}) {
			t.Errorf("%s: %+v", header, c.ZDR)
		}
		effective, err := c.Effective()
		if err != nil || !bytes.Contains(effective, []byte(`"purge_violations":true`)) || !bytes.Contains(effective, []byte(`"metadata":{"header":"zero-data-retention","sample":200}`)) {
			t.Errorf("%s: %v %s", header, err, effective)
		}
	}
	for _, sample := range []string{"1", "10000"} {
		mustParse(t, small+"zdr: {metadata: {header: h, sample: "+sample+"}}\n")
	}
	for _, off := range []string{"{}", `{header: ""}`, "{sample: 0}", `{header: "", sample: 0}`} {
		if c := mustParse(t, small+"zdr: {metadata: "+off+"}\n"); c.ZDR.Metadata != (Metadata{}) {
			t.Errorf("%s: %+v", off, c.ZDR.Metadata)
		}
	}
}
