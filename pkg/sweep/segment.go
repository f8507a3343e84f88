package sweep

import (
	"time"

	"github.com/sweeper-audit/sweeper/pkg/evidence"
	"github.com/sweeper-audit/sweeper/pkg/retention"
)

// segmentEntries is how many entries a plan segment holds at most: a fraction of
// what a manifest part may have, since the entries of a segment are in memory
// while it is swept, and each range that is listed has one open. Earlier versions
// wrote segments of up to evidence.MaxPartLines, which are read as well.
const segmentEntries = 16000

// Planned is one entry that is to go, as the plan holds it: enough to delete
// it, to see whether it changed, and to write its manifest line.
type Planned struct {
	Key          []byte         `json:"k"` // base64: keys are bytes
	Kind         retention.Kind `json:"kind"`
	ID           string         `json:"id,omitempty"`
	LastModified time.Time      `json:"lm"`
	ETag         string         `json:"etag,omitempty"`
	Size         int64          `json:"size"`
	Latest       bool           `json:"latest,omitempty"`
	Opaque       bool           `json:"opaque,omitempty"`
	Created      time.Time      `json:"created"`
	Why          string         `json:"why"`
	Team         string         `json:"team,omitempty"`
	// Private entries are a ZDR team's or unattributed: their line says little.
	Private bool   `json:"private,omitempty"`
	Hold    string `json:"hold,omitempty"` // the hold that keeps it
	// Promotes says that, once this current version is gone, an older one that
	// stays is what a reader finds.
	Promotes bool `json:"promotes,omitempty"`
	// Skip says why the entry is left, though it is to go: a code.
	Skip string `json:"skip,omitempty"`
}

// goes reports whether the sweep will try to delete the entry.
func (p Planned) goes() bool { return p.Hold == "" && p.Skip == "" }

// Entry returns the entry as it was listed.
func (p Planned) Entry() Entry {
	return Entry{Key: string(p.Key), Kind: p.Kind, ID: p.ID, LastModified: p.LastModified,
		ETag: p.ETag, Size: p.Size, Latest: p.Latest, Opaque: p.Opaque}
}

// keyHMAC identifies the entry in the evidence.
func (p *Planned) keyHMAC(bucket string, key *teamKey) string {
	return key.entries.KeyHMAC(string(p.Kind), bucket, p.Key, p.ID)
}

func planned(e Entry, v retention.Verdict, skip string) Planned {
	why := evidence.WhyAge
	if !v.Expired {
		why = evidence.WhyZDR
	}
	return Planned{Key: []byte(e.Key), Kind: e.Kind, ID: e.ID, LastModified: e.LastModified,
		ETag: e.ETag, Size: e.Size, Latest: e.Latest, Opaque: e.Opaque, Created: v.Created, Why: why,
		Team: v.Team, Private: v.ZDRTeam || v.Attribution == retention.Unattributed, Hold: v.Hold, Skip: skip}
}
