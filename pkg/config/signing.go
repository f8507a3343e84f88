package config

import (
	"regexp"
	"strings"
)

// kmsKey names a key of AWS KMS by its ARN. An alias is not taken: it may be
// moved to another key, which no trust root names.
var kmsKey = regexp.MustCompile(`^awskms:///arn:aws[a-z-]*:kms:[a-z0-9-]+:[0-9]{12}:key/[A-Za-z0-9-]+$`)

func (f file) signing(g *group) Signing {
	defer g.done()
	s := Signing{
		Key: f.path(g, "key", "keys/signing.pem", "awskms"), PassphraseFile: f.path(g, "passphrase_file", ""),
		Trust: f.path(g, "trust", "keys/trust-root.json"),
	}
	if s.KMS() {
		if !kmsKey.MatchString(s.Key) {
			g.problem("key", "is not a key of AWS KMS; write awskms:///arn:aws:kms:REGION:ACCOUNT:key/ID (a key's ARN, not an alias's)")
		}
		if s.PassphraseFile != "" {
			g.problem("passphrase_file", "is set, but a key of AWS KMS has no passphrase; remove it")
		}
	}
	t := g.child("timestamp")
	s.Timestamp = Timestamp{URL: t.url("url"), Policy: t.oneOf("policy", "none", "none", "best-effort", "required")}
	if s.Timestamp.Policy != "none" && s.Timestamp.URL == "" && !t.broken && !t.has("url") {
		t.problem("policy", "asks for time stamps, and there is no url to get them from; write url: http://tsa.example.com, or policy: none")
	}
	t.done()
	return s
}

// KMS reports whether the signing key is one of AWS KMS.
func (s Signing) KMS() bool { return strings.HasPrefix(s.Key, "awskms://") }
