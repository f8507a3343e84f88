package config

import (
	"bytes"
	"testing"
)

func TestWhereTheSigningKeyIsAndWhoStampsIt(t *testing.T) {
	const arn = "awskms:///arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"
	for text, want := range map[string]Signing{
		`{key: "` + arn + `"}`: {Key: arn, Timestamp: Timestamp{Policy: "none"}},
		`{key: k.pem, passphrase_file: p.txt}`: {Key: "/etc/sweeper/k.pem", PassphraseFile: "/etc/sweeper/p.txt",
			Timestamp: Timestamp{Policy: "none"}},
		`{timestamp: {url: "http://tsa.example.com/x", policy: required}}`: {Key: "/etc/sweeper/keys/signing.pem",
			Timestamp: Timestamp{URL: "http://tsa.example.com/x", Policy: "required"}},
		`{timestamp: {url: "http://tsa.example.com", policy: best-effort}}`: {Key: "/etc/sweeper/keys/signing.pem",
			Timestamp: Timestamp{URL: "http://tsa.example.com", Policy: "best-effort"}},
		`{timestamp: {url: "http://tsa.example.com"}}`: {Key: "/etc/sweeper/keys/signing.pem",
			Timestamp: Timestamp{URL: "http://tsa.example.com", Policy: "none"}},
	} {
		want.Trust = "/etc/sweeper/keys/trust-root.json"
		if got := mustParse(t, small+"signing: "+text+"\n").Signing; got != want {
			t.Errorf("%s:\n got %+v\nwant %+v", text, got, want)
		}
	}
}

func TestEvidenceShowsWhichKeyAndAuthorityAndNoSecretOfThem(t *testing.T) {
	c := mustParse(t, small+`signing: {key: k.pem, passphrase_file: p.txt, timestamp: {url: "http://u:s3cr3t@tsa.example.com/a?k=s3cr3t", policy: required}}`+"\n")
	got, err := c.Effective()
	if err != nil {
		t.Fatal(err)
	}
	want := `"signing":{"key":"k.pem","passphrase_file":"p.txt","trust":"keys/trust-root.json",` +
		`"timestamp":{"url":"http://tsa.example.com/a","policy":"required"}}`
	if !bytes.Contains(got, []byte(want)) || bytes.Contains(got, []byte("s3cr3t")) {
		t.Errorf("got %s", got)
	}
}
