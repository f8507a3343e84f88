package demo

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// WriteConfig writes what `sweeper run --config DIR/sweeper.yaml` needs for the
// server at the endpoint into dir, which it makes if need be: sweeper.yaml,
// zdr-teams.yaml with now as its date, and credentials (any will do). The keys
// are to be made by `sweeper keygen --dir DIR/keys`; the vault becomes
// DIR/vault. It refuses to overwrite.
func WriteConfig(dir, endpoint string, now time.Time) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("make the demo's folder: %w", err)
	}
	since := now.AddDate(0, 0, -90).UTC().Truncate(24 * time.Hour).Format(time.RFC3339)
	fill := strings.NewReplacer(
		"@endpoint@", endpoint, "@bucket@", Bucket, "@layout@", Layout,
		"@as_of@", now.UTC().Format(time.RFC3339), "@since@", since,
		"@zero@", ZeroTeam, "@violation@", ViolationTeam,
	)
	for _, file := range []struct {
		name, text string
		mode       os.FileMode
	}{
		{"sweeper.yaml", configText, 0o644},
		{"zdr-teams.yaml", rosterText, 0o644},
		{"credentials", credentialsText, 0o600},
	} {
		if err := create(filepath.Join(dir, file.name), fill.Replace(file.text), file.mode); err != nil {
			return fmt.Errorf("write the demo's config: %w", err)
		}
	}
	return nil
}

func create(name, text string, mode os.FileMode) error {
	file, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
	if err != nil {
		return err
	}
	if _, err := file.WriteString(text); err != nil {
		_ = file.Close() // the error that matters is the write's
		return err
	}
	return file.Close()
}

const configText = `# Written by sweeper demo. Relative paths are relative to this folder.
organization: {name: Example Inc., contact: privacy@example.com}
retention:
  max_age: 30d
stores:
  - name: exchanges
    bucket: @bucket@
    prefix: ""
    whole_bucket: true
    endpoint: @endpoint@
    region: us-east-1
    path_style: true
    credentials_file: credentials
    layout: "@layout@"
    key_date_zone: UTC
zdr:
  roster: zdr-teams.yaml
limits:
  max_share: 0.2
  share_floor: 1000
vault:
  dir: vault
signing:
  key: keys/signing.pem
  trust: keys/trust-root.json
identifiers:
  secret_file: keys/identifiers.secret
`

const rosterText = `as_of: @as_of@
teams:
  - {id: @violation@, zdr_since: @since@}
  - {id: @zero@, zdr_since: @since@}
`

const credentialsText = `[default]
aws_access_key_id = demo
aws_secret_access_key = demo
`
