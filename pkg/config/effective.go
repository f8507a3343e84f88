package config

import (
	"encoding/json"
	"net/url"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// Effective returns the config as evidence shows it (config.json): compact JSON
// with every default filled in, the names of sweeper.yaml, durations as text and
// shares as decimal text. It holds no secret: no credentials file, no user,
// password or query of a URL, and of a webhook only its host. Paths under the
// config's folder are relative to it. The same config gives the same bytes, and
// the bytes re-encode to themselves.
func (c *Config) Effective() ([]byte, error) {
	return json.Marshal(c.effective())
}

type effective struct {
	Organization effectiveOrganization `json:"organization"`
	Retention    effectiveRetention    `json:"retention"`
	Stores       []effectiveStore      `json:"stores"`
	ZDR          effectiveZDR          `json:"zdr"`
	Holds        string                `json:"holds"`
	Confirm      string                `json:"confirm"`
	Limits       effectiveLimits       `json:"limits"`
	Vault        effectiveVault        `json:"vault"`
	Signing      effectiveSigning      `json:"signing"`
	Identifiers  effectiveIdentifiers  `json:"identifiers"`
	Evidence     effectiveEvidence     `json:"evidence"`
	Schedule     *effectiveSchedule    `json:"schedule"`
	HTTP         effectiveHTTP         `json:"http"`
	Notify       effectiveNotify       `json:"notify"`
}

type effectiveOrganization struct {
	Name    string `json:"name"`
	Contact string `json:"contact"`
}

type effectiveRetention struct {
	MaxAge    string `json:"max_age"`
	AgeSource string `json:"age_source"`
}

type effectivePlace struct {
	Bucket    string `json:"bucket"`
	Prefix    string `json:"prefix"`
	Endpoint  string `json:"endpoint"`
	Region    string `json:"region"`
	PathStyle bool   `json:"path_style"`
	Profile   string `json:"profile"`
}

type effectiveStore struct {
	Name string `json:"name"`
	effectivePlace
	WholeBucket bool            `json:"whole_bucket"`
	Layout      []string        `json:"layout"`
	KeyDateZone string          `json:"key_date_zone"`
	NoTeam      []string        `json:"no_team"`
	Versioning  string          `json:"versioning"`
	ListDecoder string          `json:"list_decoder"`
	Delete      effectiveDelete `json:"delete"`
}

type effectiveDelete struct {
	Batch          int    `json:"batch"`
	Checksum       string `json:"checksum"`
	OverwriteGuard string `json:"overwrite_guard"`
}

type effectiveZDR struct {
	Roster          string            `json:"roster"`
	RosterMaxAge    string            `json:"roster_max_age"`
	PurgeViolations bool              `json:"purge_violations"`
	MaxPurge        int64             `json:"max_purge"`
	AllowEmpty      bool              `json:"allow_empty"`
	Metadata        effectiveMetadata `json:"metadata"`
}

type effectiveMetadata struct {
	Header string `json:"header"`
	Sample int    `json:"sample"`
}

type effectiveLimits struct {
	MaxDeletions   int64                `json:"max_deletions"`
	MaxShare       string               `json:"max_share"`
	ShareFloor     int64                `json:"share_floor"`
	MaxKeyDateOnly effectiveKeyDateOnly `json:"max_key_date_only"`
	MaxClockSkew   string               `json:"max_clock_skew"`
	Concurrency    int                  `json:"concurrency"`
}

type effectiveKeyDateOnly struct {
	Share string `json:"share"`
	Floor int64  `json:"floor"`
}

type effectiveVault struct {
	Dir   string            `json:"dir"`
	S3    *effectiveVaultS3 `json:"s3"`
	Work  effectiveWork     `json:"work"`
	Lease effectiveLease    `json:"lease"`
}

type effectiveVaultS3 struct {
	effectivePlace
	Lock *effectiveLock `json:"lock"`
}

type effectiveLock struct {
	Mode         string `json:"mode"`
	Days         int    `json:"days"`
	ManifestDays int    `json:"manifest_days"`
}

type effectiveWork struct {
	Dir string          `json:"dir"`
	S3  *effectivePlace `json:"s3"`
}

type effectiveLease struct {
	TTL string `json:"ttl"`
}

type effectiveSigning struct {
	Key            string             `json:"key"`
	PassphraseFile string             `json:"passphrase_file"`
	Trust          string             `json:"trust"`
	Timestamp      effectiveTimestamp `json:"timestamp"`
}

type effectiveTimestamp struct {
	URL    string `json:"url"`
	Policy string `json:"policy"`
}

type effectiveIdentifiers struct {
	SecretFile string `json:"secret_file"`
	Keys       string `json:"keys"`
}

type effectiveEvidence struct {
	Teams string `json:"teams"`
}

type effectiveSchedule struct {
	Cron     string `json:"cron"`
	Timezone string `json:"timezone"`
	CatchUp  bool   `json:"catch_up"`
}

type effectiveHTTP struct {
	Listen string `json:"listen"`
}

type effectiveNotify struct {
	Webhook   string `json:"webhook"`
	Heartbeat string `json:"heartbeat"`
}

func (c *Config) effective() effective {
	e := effective{
		Organization: effectiveOrganization{clean(c.Organization.Name), clean(c.Organization.Contact)},
		Retention:    effectiveRetention{durationText(c.Retention.MaxAge, c.Retention.MaxAgeText), string(c.Retention.AgeSource)},
		Stores:       []effectiveStore{},
		ZDR: effectiveZDR{
			bareURL(c.local(c.ZDR.Roster)), durationText(c.ZDR.RosterMaxAge, c.ZDR.RosterMaxAgeText), c.ZDR.PurgeViolations,
			c.ZDR.MaxPurge, c.ZDR.AllowEmpty, effectiveMetadata{clean(c.ZDR.Metadata.Header), c.ZDR.Metadata.Sample},
		},
		Holds: bareURL(c.local(c.Holds)), Confirm: clean(c.Confirm),
		Limits: effectiveLimits{
			c.Limits.MaxDeletions, decimal(c.Limits.MaxShare), c.Limits.ShareFloor,
			effectiveKeyDateOnly{decimal(c.Limits.MaxKeyDateOnly.Share), c.Limits.MaxKeyDateOnly.Floor},
			durationText(c.Limits.MaxClockSkew, c.Limits.MaxClockSkewText), c.Limits.Concurrency,
		},
		Vault: c.Vault.effective(c.local),
		Signing: effectiveSigning{
			bareURL(c.local(c.Signing.Key)), clean(c.local(c.Signing.PassphraseFile)), clean(c.local(c.Signing.Trust)),
			effectiveTimestamp{bareURL(c.Signing.Timestamp.URL), clean(c.Signing.Timestamp.Policy)},
		},
		Identifiers: effectiveIdentifiers{clean(c.local(c.Identifiers.SecretFile)), clean(c.Identifiers.Keys)},
		Evidence:    effectiveEvidence{clean(c.Evidence.Teams)},
		HTTP:        effectiveHTTP{clean(c.HTTP.Listen)},
		Notify:      effectiveNotify{hostOf(c.Notify.Webhook), hostOf(c.Notify.Heartbeat)},
	}
	for _, s := range c.Stores {
		e.Stores = append(e.Stores, s.effective())
	}
	if s := c.Schedule; s != nil {
		e.Schedule = &effectiveSchedule{clean(s.Cron), clean(s.Timezone), s.CatchUp}
	}
	return e
}

func (s Store) effective() effectiveStore {
	e := effectiveStore{
		Name: clean(s.Name), effectivePlace: s.Place.effective(), WholeBucket: s.WholeBucket, Layout: []string{},
		KeyDateZone: clean(s.ZoneName), NoTeam: []string{}, Versioning: clean(s.Versioning), ListDecoder: clean(s.ListDecoder),
		Delete: effectiveDelete{s.Delete.Batch, clean(s.Delete.Checksum), clean(s.Delete.OverwriteGuard)},
	}
	for _, l := range s.Layouts {
		e.Layout = append(e.Layout, clean(l.String()))
	}
	for _, p := range s.NoTeam {
		e.NoTeam = append(e.NoTeam, clean(p))
	}
	return e
}

func (v Vault) effective(local func(string) string) effectiveVault {
	e := effectiveVault{
		Dir: clean(local(v.Dir)), Work: effectiveWork{Dir: clean(local(v.Work.Dir))},
		Lease: effectiveLease{durationText(v.LeaseTTL, v.LeaseTTLText)},
	}
	if v.S3 != nil {
		e.S3 = &effectiveVaultS3{effectivePlace: v.S3.Place.effective()}
		if l := v.S3.Lock; l != nil {
			e.S3.Lock = &effectiveLock{clean(l.Mode), l.Days, l.ManifestDays}
		}
	}
	if v.Work.S3 != nil {
		at := v.Work.S3.effective()
		e.Work.S3 = &at
	}
	return e
}

func (p Place) effective() effectivePlace {
	return effectivePlace{clean(p.Bucket), clean(p.Prefix), bareURL(p.Endpoint), clean(p.Region), p.PathStyle, clean(p.Profile)}
}

// local writes a path under the config's folder relative to it, with slashes:
// where the folder is, such as in someone's home, proves nothing.
func (c *Config) local(path string) string {
	if c.dir == "" || !filepath.IsAbs(path) {
		return path
	}
	if relative, err := filepath.Rel(c.dir, path); err == nil && filepath.IsLocal(relative) {
		return filepath.ToSlash(relative)
	}
	return path
}

// clean keeps the bytes re-encodable: JSON can't hold what is not UTF-8, and a
// path may be anything.
func clean(s string) string { return strings.ToValidUTF8(s, "\ufffd") }

// bareURL drops what may be secret of a URL: user, query and fragment.
func bareURL(s string) string {
	u, err := url.Parse(s)
	if !strings.Contains(s, "://") {
		return clean(s)
	}
	if err != nil {
		return ""
	}
	u.User, u.RawQuery, u.ForceQuery, u.Fragment, u.RawFragment = nil, "", false, "", ""
	return clean(u.String())
}

// hostOf keeps the host alone: the path of a webhook is often its secret.
func hostOf(s string) string {
	u, err := url.Parse(s)
	if err != nil || u.Host == "" {
		return ""
	}
	return clean(u.Host)
}

// durationText is the text in the config, or the duration's own if a Config was
// built without one.
func durationText(d time.Duration, text string) string {
	if parsed, ok := parseDuration(text); ok && parsed == d {
		return text
	}
	return plain(d)
}

func decimal(share float64) string { return strconv.FormatFloat(share, 'f', -1, 64) }
