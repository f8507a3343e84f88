package sweep

import (
	"bytes"
	"encoding/json"
	"fmt"
	"time"

	"github.com/sweeper-audit/sweeper/pkg/bucket"
	"github.com/sweeper-audit/sweeper/pkg/evidence"
	"github.com/sweeper-audit/sweeper/pkg/retention"
)

// Entry is what the rules judge.
type Entry = retention.Entry

// StoreSpec says which bucket, how to reach it, and how to read its keys. It
// holds no secret: Profile and CredentialsFile only name where one is.
type StoreSpec struct {
	Name            string   `json:"name"`
	Bucket          string   `json:"bucket"`
	Prefix          string   `json:"prefix"`
	Endpoint        string   `json:"endpoint"`
	Region          string   `json:"region"`
	PathStyle       bool     `json:"pathStyle"`
	Profile         string   `json:"profile"`
	CredentialsFile string   `json:"credentialsFile"`
	Layouts         []string `json:"layouts"`
	KeyDateZone     string   `json:"keyDateZone"`
	NoTeam          []string `json:"noTeam"` // prefixes of the whole key
	Versioning      string   `json:"versioning"`
	ListDecoder     string   `json:"listDecoder"`
	Checksum        string   `json:"checksum"`
	OverwriteGuard  string   `json:"overwriteGuard"`
	Batch           int      `json:"batch"`
}

// RosterSpec is the roster as it was read, or empty.
type RosterSpec struct {
	Source string           `json:"source"`
	SHA256 string           `json:"sha256"`
	MaxAge time.Duration    `json:"maxAge"` // nanoseconds
	Roster retention.Roster `json:"roster"`
	// AllowEmpty says that there are no ZDR teams, on purpose.
	AllowEmpty bool `json:"allowEmpty"`
}

// Metadata is the second witness: how many of the newest entries of a store are
// asked for which user metadata header; off while the header is empty.
type Metadata struct {
	Header string `json:"header"`
	Sample int    `json:"sample"`
}

// Spec is everything that decides in a run, as values: made from the config,
// the roster and the holds, and frozen in run.json.
type Spec struct {
	Organization evidence.Organization `json:"organization"`
	Actor        evidence.Actor        `json:"actor"`
	MaxAge       time.Duration         `json:"maxAge"` // nanoseconds
	MaxAgeText   string                `json:"maxAgeText"`
	AgeSource    retention.AgeSource   `json:"ageSource"`
	Stores       []StoreSpec           `json:"stores"`
	Roster       RosterSpec            `json:"roster"`
	Purge        bool                  `json:"purge"` // violations of ZDR go, however young
	Metadata     Metadata              `json:"metadata"`
	Holds        []retention.Hold      `json:"holds"`
	HoldsSHA256  string                `json:"holdsSha256"`
	Limits       retention.Limits      `json:"limits"`
	Confirm      bool                  `json:"confirm"`
	AllTeams     bool                  `json:"allTeams"` // rows for all teams, not only ZDR ones
	ClearKeys    bool                  `json:"clearKeys"`
	Schedule     *evidence.Schedule    `json:"schedule"`
	Lock         string                `json:"lock"` // none, compliance, governance
	LockDays     int                   `json:"lockDays"`
	ManifestDays int                   `json:"manifestDays"`
	// Timestamp is the policy of time stamps: none (or empty), best-effort, required.
	Timestamp string `json:"timestamp,omitempty"`
	// Config is config.json, to the byte.
	Config []byte `json:"config"`
}

// Request asks for one run.
type Request struct {
	Spec Spec
	// Type is evidence.TypeSweep, TypeDryRun or TypeAttestation.
	Type string
	// Trigger is "schedule" or "manual"; an Apply makes it "apply".
	Trigger string
	// Slot is the slot of the schedule that this run serves; zero for none.
	Slot time.Time
	// PrefixOnly makes an attestation list the ZDR teams' prefixes alone.
	PrefixOnly bool
	// Apply asks for the plan of an earlier report to be carried out; nil for none.
	Apply *Apply
}

// StoreFound is what preflight found out about a store.
type StoreFound struct {
	Versioning string        `json:"versioning"`
	ObjectLock string        `json:"objectLock"`
	Provider   string        `json:"provider"`
	Skew       time.Duration `json:"skew"` // server minus local, nanoseconds
	// Left says why the store is left alone (a code); empty if it is swept.
	Left string `json:"left"`
}

// Shard is a store and a key range (After, UpTo]; the bounds are bytes. The
// incomplete uploads of a store, which a server lists only as a whole, are a
// shard of their own.
type Shard struct {
	Store   int    `json:"store"` // index into Stores
	After   []byte `json:"after"`
	UpTo    []byte `json:"upTo"`
	Prefix  []byte `json:"prefix,omitempty"` // of the keys, beside the store's; only where a run looks at nothing else
	Uploads bool   `json:"uploads,omitempty"`
}

// Run is a frozen run: the content of run.json. Creating that file takes the
// number. Nothing that decides is read from anywhere else afterwards.
type Run struct {
	ID        string    `json:"id"` // UUIDv7
	Number    int64     `json:"number"`
	Type      string    `json:"type"`
	Trigger   string    `json:"trigger"`
	Slot      time.Time `json:"slot"` // zero for none
	StartedAt time.Time `json:"startedAt"`
	Cutoff    time.Time `json:"cutoff"`
	// TakenOver says that the run before this one had not released its lease.
	TakenOver bool `json:"takenOver"`
	// Leftovers counts working files of earlier runs that could not be removed.
	Leftovers int64 `json:"leftovers"`
	// PrefixOnly says that only the ZDR teams' prefixes (and all uploads) are listed.
	PrefixOnly bool `json:"prefixOnly,omitempty"`
	// Apply names the plan that the run carries out; nil where it makes its own.
	Apply *evidence.Apply `json:"apply,omitempty"`
	// Rotation names the keys of a key rotation, which does nothing else; nil for
	// every other run that is frozen. OldKeyLost says that the new key signs it. A
	// dead run gets both when its key is lost.
	Rotation   *evidence.Rotation `json:"rotation,omitempty"`
	OldKeyLost bool               `json:"oldKeyLost,omitempty"`
	// Purge are the ZDR teams whose violations go.
	Purge  []string     `json:"purge,omitempty"`
	Spec   Spec         `json:"spec"`
	Found  []StoreFound `json:"found"` // a StoreFound for each of Spec.Stores
	Shards []Shard      `json:"shards"`

	// endsAfter is when the report before was finished, where a lost key is
	// replaced: no key's window may end before its last report.
	endsAfter time.Time
	// opened are the stores that preflight opened. What they learned of their
	// servers saves requests; a run that lacks them opens its stores anew.
	opened []Bucket
	// streams are what the run's listings share; nil: each shard has one stream.
	streams streams
	// roads are what the shards of each store share while they are swept; nil: a shard
	// has its own.
	roads []*road
	// alive says whether the lease is still good; nil where there is none.
	alive func() error
}

// Deletes reports whether the run is one that deletes.
func (r *Run) Deletes() bool { return r.Type == evidence.TypeSweep }

// start is the run's start by the earlier of local and server clock: by it holds
// are in force and key dates have begun.
func (r *Run) start() time.Time { return r.Cutoff.Add(r.Spec.MaxAge) }

// Policy returns the rules for one store of the run.
func (r *Run) Policy(store int) (retention.Policy, error) {
	s := r.Spec.Stores[store]
	zone, err := time.LoadLocation(s.KeyDateZone)
	if err != nil {
		return retention.Policy{}, fmt.Errorf("run %d: store %q: key_date_zone: %w", r.Number, s.Name, err)
	}
	p := retention.Policy{
		Store: s.Name, Prefix: s.Prefix,
		MaxAge: r.Spec.MaxAge, AgeSource: r.Spec.AgeSource,
		Start: r.start(), Cutoff: r.Cutoff,
		Zone: zone, NoTeam: s.NoTeam, Holds: r.Spec.Holds, Roster: r.Spec.Roster.Roster, Purge: map[string]bool{},
	}
	for _, team := range r.Purge {
		p.Purge[team] = true
	}
	for _, text := range s.Layouts {
		l, err := retention.ParseLayout(s.Prefix, text)
		if err != nil {
			return retention.Policy{}, fmt.Errorf("run %d: store %q: layout: %w", r.Number, s.Name, err)
		}
		p.Layouts = append(p.Layouts, l)
	}
	return p, nil
}

// versioned reports whether a store's bucket has, or had, versioning.
func (r *Run) versioned(store int) bool { return r.Found[store].Versioning != bucket.StateNever }

// rangeOf is what the listing of a shard covers.
func (r *Run) rangeOf(shard int) bucket.Range {
	sh := r.Shards[shard]
	list := bucket.Range{After: string(sh.After), UpTo: string(sh.UpTo), Prefix: string(sh.Prefix), What: bucket.Current}
	switch {
	case sh.Uploads:
		list.What = bucket.Uploads
	case r.versioned(sh.Store):
		list.What = bucket.Versions
	}
	return list
}

// Names of a run's files in the work area.
func workName(n int64, file string) string { return fmt.Sprintf("%010d/%s", n, file) }

const runFile = "run.json"

func planFile(shard int) string           { return fmt.Sprintf("plan-%04d.json", shard) }
func segmentFile(shard, n int) string     { return fmt.Sprintf("plan-%04d-%05d.jsonl.zst", shard, n) }
func begunName(shard, n int) string       { return fmt.Sprintf("begun-%04d-%05d.json", shard, n) }
func confirmFile(shard int) string        { return fmt.Sprintf("confirm-%04d.json", shard) }
func witnessFile(store int) string        { return fmt.Sprintf("witness-%04d.json", store) }
func sweptFile(shard, n int) string       { return fmt.Sprintf("swept-%04d-%05d.json", shard, n) }
func sealFile(name string) string         { return "seal/" + name }
func reportFile(n int64, f string) string { return evidence.ReportDir(n) + "/" + f }

const guardFile = "guard.json"

// marshal writes the one spelling of a working file.
func marshal(v any) ([]byte, error) {
	data, err := json.Marshal(v)
	if err != nil {
		return nil, fmt.Errorf("encode working file: %w", err)
	}
	return append(data, '\n'), nil
}

// unmarshal refuses what this version would not have written: a working file
// of another version must not be half understood.
func unmarshal(name string, data []byte, v any) error {
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.DisallowUnknownFields()
	if err := dec.Decode(v); err != nil {
		return fmt.Errorf("work area: %s: %w", name, err)
	}
	return nil
}
