package config

import (
	"net/url"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// path reads a setting as a path, resolved against the config's folder, or as a
// URL of one of the given schemes, kept as it is.
func (f file) path(g *group, name, fallback string, schemes ...string) string {
	path := g.text(name, fallback)
	if path == "" {
		if n := g.fields[name].value; n != nil && n.kind == scalar && n.text == "" {
			g.problem(name, "is empty; write a path, or remove the line")
		}
		return ""
	}
	scheme, isURL := schemeOf(path)
	switch {
	case isURL && slices.Contains(schemes, scheme):
		return path
	case isURL:
		g.problem(name, "is a URL (%s://), which this setting does not take; write a path", scheme)
		return ""
	case filepath.IsAbs(path):
		return filepath.Clean(path)
	default:
		return filepath.Join(f.dir, path)
	}
}

// schemeOf returns what stands before "://", if that is in the text.
func schemeOf(path string) (scheme string, isURL bool) {
	scheme, _, isURL = strings.Cut(path, "://")
	return scheme, isURL
}

// url reads a setting as an http or https URL; it may be absent or empty. No
// problem shows the URL: its path or user may be a secret.
func (g *group) url(name string) string {
	text := g.text(name, "")
	if text == "" {
		return ""
	}
	u, err := url.Parse(text)
	if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Hostname() == "" {
		g.problem(name, "is not an http or https URL; write it as in https://example.com/path")
		return ""
	}
	return text
}

// endpoint reads an S3 endpoint: scheme, host and perhaps a port, no more.
func (g *group) endpoint(name string) string {
	text := strings.TrimSuffix(g.url(name), "/")
	if text == "" {
		if g.has(name) && g.fields[name].value.text == "" && g.fields[name].value.kind == scalar {
			g.problem(name, "is empty; write a URL as in http://127.0.0.1:9000, or remove the line to mean AWS")
		}
		return ""
	}
	u, err := url.Parse(text)
	switch {
	case err != nil:
		return ""
	case u.User != nil:
		g.problem(name, "holds a user or password; remove it and name a profile or credentials_file")
		return ""
	case u.Path != "" || u.RawQuery != "" || u.ForceQuery || u.Fragment != "":
		g.problem(name, "has more than a scheme, a host and a port; the bucket goes into bucket:, the folder into prefix:")
		return ""
	}
	return text
}

// place reads how to reach a bucket.
func (f file) place(g *group) Place {
	at := Place{Bucket: g.bucket(), Prefix: g.prefix(), Endpoint: g.endpoint("endpoint")}
	region := ""
	if g.has("endpoint") {
		region = "us-east-1" // what servers that have no regions answer to
	}
	at.Region = g.text("region", region)
	at.PathStyle = g.boolean("path_style", g.has("endpoint"))
	at.Profile = g.text("profile", "")
	at.CredentialsFile = f.path(g, "credentials_file", "")
	return at
}

func (g *group) bucket() string {
	name := g.required("bucket", "api-exchanges")
	if name != "" && !isBucketName(name) {
		g.problem("bucket", "is not a bucket's name; write the bare name, without s3://, slash or ARN")
	}
	return name
}

func isBucketName(name string) bool {
	return regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{1,253}[A-Za-z0-9]$`).MatchString(name)
}

// prefix reads a key prefix, which is empty or ends in "/": "log" would take
// "logbook/" along.
func (g *group) prefix() string {
	n, ok := g.scalar("prefix")
	if !ok {
		return ""
	}
	switch {
	case n.textProblem() != "":
		g.problem("prefix", "%s", n.textProblem())
	case n.text != "" && !strings.HasSuffix(n.text, "/"):
		g.problem("prefix", `must end in "/", else it takes other folders along; write %q`, n.raw+"/")
	case len(n.text) > 1000:
		g.problem("prefix", "is longer than any key; shorten it")
	default:
		return n.text
	}
	return ""
}
