package config

import (
	"net/url"
	"strings"
)

// PrivateURL is an https URL whose query may be a secret, as that of a presigned
// URL is. It prints without it.
type PrivateURL struct{ full url.URL }

// String returns scheme, host and path.
func (u PrivateURL) String() string { return bareURL(u.full.String()) }

// Full returns the whole URL: for the request, never for a message.
func (u PrivateURL) Full() *url.URL { return &u.full }

// S3Object is one object and how to reach it. Its Prefix is empty: Key is whole.
type S3Object struct {
	Place
	Key string
}

// remoteRoster reads the URL of a roster that is not a file. No problem shows
// more of it than the names that the query of an s3 URL may have.
func (z *ZDR) remoteRoster(g *group, stores []readStore) {
	scheme, isURL := schemeOf(z.Roster)
	if !isURL {
		return
	}
	text := z.Roster
	z.Roster = bareURL(text)
	u, err := url.Parse(text)
	switch {
	case err != nil:
		g.problem("roster", "is not a URL; write it as in https://host/roster.yaml or s3://bucket/roster.yaml, other characters escaped as in %%20")
	case u.User != nil:
		g.problem("roster", "holds a user or password; remove it: an https roster is read without one, an s3 roster with the identity of the stores or of ?profile=")
	case strings.Contains(text, "#"):
		g.problem("roster", `has a fragment; remove it, or write %%23 to mean the character "#"`)
	case scheme == "s3":
		z.RosterS3 = g.rosterObject(u, stores)
	case u.Hostname() == "":
		g.problem("roster", "names no host; write it as in https://host/roster.yaml")
	default:
		z.RosterURL = &PrivateURL{full: *u}
	}
}

// rosterObject reads s3://BUCKET/KEY. The bucket is reached as the stores are,
// if they are all reached in one way, and else as AWS is, by the SDK's standard
// chain. What the query says comes first. An endpoint there has the defaults of
// a store's endpoint; a profile there is an identity of its own, beside which
// the stores' credentials file is not looked at.
func (g *group) rosterObject(u *url.URL, stores []readStore) *S3Object {
	at, known := commonAccess(stores)
	at.Bucket = u.Host
	q := g.query("roster", u, "endpoint", "region", "path_style", "profile")
	if q.has("endpoint") {
		at.Endpoint, at.Region, at.PathStyle, known = q.endpoint("endpoint"), "us-east-1", true, true
	}
	at.Region = q.text("region", at.Region)
	at.PathStyle = q.boolean("path_style", at.PathStyle)
	if q.has("profile") {
		at.Profile, at.CredentialsFile = q.text("profile", ""), ""
	}
	o := &S3Object{Place: at, Key: strings.TrimPrefix(u.Path, "/")}
	switch {
	case !isBucketName(at.Bucket) || o.Key == "" || strings.HasSuffix(o.Key, "/"):
		g.problem("roster", "names no object; write it as in s3://bucket/roster.yaml")
	case rosterFormat(o.Key, "") == "":
		g.problem("roster", "has an unknown extension; name the object .yaml, .yml, .json or .csv")
	case !known:
		g.problem("roster", "may be on any server, since the stores are not all reached in one way; say on which, as in s3://bucket/roster.yaml?endpoint=https://s3.eu-central-1.amazonaws.com&region=eu-central-1")
	}
	for _, s := range stores {
		if sameBucket(s.Place, at) && strings.HasPrefix(o.Key, s.Prefix) {
			g.problem("roster", "lies inside %s, whose sweep would delete it; use a bucket or prefix of its own", s.describe())
		}
	}
	return o
}

// commonAccess returns how the stores are reached, bucket and prefix aside. It
// is the zero Place (AWS, by the SDK's standard chain) if they are reached in
// several ways; known says that it is the right server all the same, since they
// are all on AWS.
func commonAccess(stores []readStore) (at Place, known bool) {
	one, aws := true, true
	for i, s := range stores {
		access := s.Place
		access.Bucket, access.Prefix = "", ""
		if i == 0 {
			at = access
		}
		one = one && access == at
		aws = aws && server(access.Endpoint) == "aws"
	}
	if !one {
		at = Place{}
	}
	return at, one || aws
}

// query reads the query of a setting's URL as a group of settings. What it holds
// beside the known names may be a secret, so problems don't show it.
func (g *group) query(name string, u *url.URL, known ...string) *group {
	line := g.fields[name].line
	n := &node{line: line, kind: object}
	values, err := url.ParseQuery(u.RawQuery)
	if err != nil {
		g.problem(name, "has a query that can't be read; write ?name=value&name=value, other characters escaped as in %%20")
	}
	for _, k := range known {
		for _, value := range values[k] {
			v := textNode(line, value)
			v.raw = "..."
			n.fields = append(n.fields, field{k, line, v})
		}
		delete(values, k)
	}
	if len(values) > 0 {
		g.problem(name, "has an unknown name in its query; known here: %s", strings.Join(known, ", "))
	}
	return newGroup(g.p, n, join(g.path, name), line)
}
