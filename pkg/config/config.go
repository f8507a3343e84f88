// Package config turns sweeper.yaml, the roster and the holds into checked
// values. It is strict: an unknown, doubled, empty, zero or misspelt setting is
// refused with its line, all problems are reported at once, and nothing that is
// missing ever means "everything".
//
// It reads only the files it is named, never a bucket, and of keys and
// credentials it knows where they are, not what they are. What may be secret in
// a URL is in no error and not in what evidence shows.
package config

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/sweeper-audit/sweeper/pkg/retention"
)

// Config is a whole sweeper.yaml: checked, with defaults filled in and relative
// paths resolved against the config's folder.
type Config struct {
	Path         string // of the config file, as given to Load
	dir          string // its absolute folder; empty in a Config built in code
	Organization Organization
	Retention    Retention
	Stores       []Store // at least one; no two overlap
	ZDR          ZDR
	Holds        string // absolute path, or "" for none
	Confirm      string // full, none
	Limits       Limits
	Vault        Vault
	Signing      Signing
	Identifiers  Identifiers
	Evidence     Evidence
	Schedule     *Schedule // nil: no slot is ever missed
	HTTP         HTTP
	Notify       Notify
}

// Organization makes the promise.
type Organization struct{ Name, Contact string }

// Retention says how long entries may stay.
type Retention struct {
	MaxAge     time.Duration // at least 24 h
	MaxAgeText string        // as in the config: "30d"
	AgeSource  retention.AgeSource
}

// Place is how to reach a bucket.
type Place struct {
	Bucket          string
	Prefix          string // empty or ending in "/"
	Endpoint        string // URL of scheme and host; empty is AWS
	Region          string // empty: by the SDK's own chain (only without an endpoint)
	PathStyle       bool   // by default true with an endpoint, false without
	Profile         string // of the AWS SDK's shared config; empty is its default
	CredentialsFile string // absolute path, or empty
}

// Store is a bucket, or a prefix of one, under retention.
type Store struct {
	Name string
	Place
	WholeBucket bool // true exactly if the prefix is empty
	Layouts     []retention.Layout
	Zone        *time.Location
	ZoneName    string
	NoTeam      []string // whole-key prefixes
	Versioning  string   // auto, never
	ListDecoder string   // fast, sdk
	Delete      Delete
}

// Delete is how a store's entries are deleted.
type Delete struct {
	Batch          int    // keys a request, 1 to 1000
	Checksum       string // auto, crc32, md5
	OverwriteGuard string // relist, etag, off
}

// ZDR is how Zero Data Retention is checked.
type ZDR struct {
	// Roster names the roster: an absolute path, or a URL without its query.
	Roster           string
	RosterURL        *PrivateURL // where to read it by HTTPS; nil if it is elsewhere
	RosterS3         *S3Object   // where to read it in a bucket; nil if it is elsewhere
	RosterMaxAge     time.Duration
	RosterMaxAgeText string
	PurgeViolations  bool
	MaxPurge         int64
	AllowEmpty       bool
	Metadata         Metadata
}

// Metadata is the second look at stored metadata: both fields are set, or none.
type Metadata struct {
	Header string // lower case, without x-amz-meta-
	Sample int    // entries of each store, 1 to 10,000
}

// Limits are the bounds of a run.
type Limits struct {
	MaxDeletions     int64
	MaxShare         float64 // over 0, at most 1
	ShareFloor       int64
	MaxKeyDateOnly   KeyDateOnly
	MaxClockSkew     time.Duration
	MaxClockSkewText string
	Concurrency      int
}

// KeyDateOnly bounds the entries that expire by the date in their key alone.
type KeyDateOnly struct {
	Share float64
	Floor int64
}

// Vault is where evidence goes: Dir or S3, never both.
type Vault struct {
	Dir          string // absolute path
	S3           *VaultS3
	Work         Work
	LeaseTTL     time.Duration
	LeaseTTLText string
}

// VaultS3 is a vault in a bucket. A nil Lock asks for no Object Lock.
type VaultS3 struct {
	Place
	Lock *Lock
}

// Lock is the Object Lock that evidence is put with, in days.
type Lock struct {
	Mode               string // compliance, governance
	Days, ManifestDays int
}

// Work is where working files go: Dir or S3, never both.
type Work struct {
	Dir string // absolute path
	S3  *Place
}

// Signing is where the signing key and its trust root are.
type Signing struct {
	Key            string // absolute path, or awskms:///ARN
	PassphraseFile string // absolute path of what decrypts Key, or empty
	Trust          string // absolute path
	Timestamp      Timestamp
}

// Timestamp is the RFC 3161 service: its URL, which may be empty under the
// policy none, and the policy (none, best-effort, required).
type Timestamp struct{ URL, Policy string }

// Identifiers is how keys are named in the evidence.
type Identifiers struct {
	SecretFile string // absolute path
	Keys       string // hashed, clear
}

// Evidence says whose rows teams.csv has: zdr or all.
type Evidence struct{ Teams string }

// Schedule is when serve runs.
type Schedule struct {
	Cron, Timezone string
	Location       *time.Location
	CatchUp        bool
}

// HTTP is where serve answers.
type HTTP struct{ Listen string }

// Notify is who is told of a run.
type Notify struct{ Webhook, Heartbeat string }

// Load reads and checks a config file. ${NAME} in a value is taken from the
// environment. The error holds every problem, a line each:
// "file:line: field: what is wrong; the way out".
func Load(path string) (*Config, error) { return load(path, refuseMissingFiles) }

// LoadAnywhere is Load without asking whether the credentials files that the
// config names are there: for reading a vault, or a config of another machine.
func LoadAnywhere(path string) (*Config, error) { return load(path) }

func load(path string, more ...func(*problems, *Config)) (*Config, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read the config (name another with --config): %w", err)
	}
	absolute, err := filepath.Abs(path)
	if err != nil {
		return nil, fmt.Errorf("find the folder of the config %s: %w", path, err)
	}
	return parse(path, filepath.Dir(absolute), data, os.LookupEnv, more...)
}

// FindDefault returns the config file to use when none is named: sweeper.yaml
// in the working directory, else /etc/sweeper/sweeper.yaml. One that is there
// but can't be read is returned all the same: to fall through to another config
// would sweep another store than the one meant.
func FindDefault() (string, error) {
	return findFirst("sweeper.yaml", "/etc/sweeper/sweeper.yaml")
}

func findFirst(paths ...string) (string, error) {
	for _, path := range paths {
		if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
			return path, nil
		}
	}
	return "", fmt.Errorf("no config: there is no %s; name one with --config FILE, or try \"sweeper demo\", which needs none", strings.Join(paths, " and no "))
}
