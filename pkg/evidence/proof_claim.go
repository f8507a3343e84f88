package evidence

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"
)

// Claim is what a proof proves: that the report says this of the entry. That it
// is true is said by whoever signed.
type Claim struct {
	Report          int64  `json:"report"`
	ReportID        string `json:"reportId"`
	ReportType      string `json:"reportType"`
	StatementSHA256 string `json:"statementSha256"`
	StartedAt       string `json:"startedAt"` // of the run
	FinishedAt      string `json:"finishedAt"`
	MaxAge          string `json:"maxAge"`
	Store           string `json:"store"`
	Kind            string `json:"kind"`
	Bucket          string `json:"bucket"`
	// Key is bytes; in JSON it stands as keyBase64 where it is not UTF-8.
	Key string `json:"key,omitempty"`
	// ID is the version's or the upload's; empty where versioning was never on.
	ID      string `json:"id"`
	Outcome string `json:"outcome"`
	Code    string `json:"code,omitempty"`
	Why     string `json:"why"`
	// At is cut down to the hour; empty for ZDR teams and unattributed entries.
	At   string `json:"at,omitempty"`
	Gone bool   `json:"gone"` // deleted, absent or aborted
}

func newClaim(p Predicate, statementSHA256 string, name entryName, l Line) Claim {
	return Claim{
		Report: p.Chain.Sequence, ReportID: p.ReportID, ReportType: p.ReportType, StatementSHA256: statementSHA256,
		StartedAt: p.Run.StartedAt, FinishedAt: p.Run.FinishedAt, MaxAge: p.Policy.MaxAge,
		Store: p.Stores[l.Store].Name, Kind: l.Kind, Bucket: name.bucket, Key: name.key, ID: name.id,
		Outcome: l.Outcome, Code: l.Code, Why: l.Why, At: l.At,
		Gone: l.Outcome == OutcomeDeleted || l.Outcome == OutcomeAbsent || l.Outcome == OutcomeAborted,
	}
}

// MarshalJSON writes a key that is not UTF-8 as keyBase64.
func (c Claim) MarshalJSON() ([]byte, error) {
	type plain Claim
	out := struct {
		plain
		KeyBase64 []byte `json:"keyBase64,omitempty"`
	}{plain: plain(c)}
	if !utf8.ValidString(c.Key) {
		out.Key, out.KeyBase64 = "", []byte(c.Key)
	}
	return json.Marshal(out)
}

// Sentence is the claim in words, with the key in quotes and escapes: it is for
// whoever asked for that key, not for a log.
func (c Claim) Sentence() string {
	what := fmt.Sprintf("%s %q", c.Kind, c.Key)
	if c.Kind == "marker" {
		what = fmt.Sprintf("delete marker of %q", c.Key)
	}
	switch {
	case c.ID != "" && c.Kind == "upload":
		what += fmt.Sprintf(", upload id %q", c.ID)
	case c.ID != "":
		what += fmt.Sprintf(", version id %q", c.ID)
	}
	return fmt.Sprintf("The %s, in bucket %q (store %q), %s, by run %d, %s.", what, c.Bucket, c.Store, c.fate(), c.Report, c.reason())
}

// fate is what became of the entry, and when.
func (c Claim) fate() string {
	switch c.Outcome {
	case OutcomeDeleted:
		return "was deleted " + c.when()
	case OutcomeAborted:
		return "was aborted " + c.when()
	case OutcomeAbsent:
		return "was seen to be gone " + c.when() + ", by whose hand is unknown"
	}
	said := "was kept: " + c.Outcome
	switch c.Outcome {
	case OutcomeFailed:
		said = "was not deleted: failed"
	case OutcomeUnconfirmed:
		said = "may be there still: unconfirmed"
	case OutcomeLeft:
		said = "was left: planned and not attempted"
	}
	if c.Code != "" {
		said += " (" + c.Code + ")"
	}
	return said + ", " + c.when()
}

// when says the hour, since the evidence knows no more, or the run's bounds.
func (c Claim) when() string {
	at, err := ParseTime(c.At)
	if err != nil {
		return fmt.Sprintf("between %s and %s (no time is kept for entries of ZDR teams and of nobody)", c.StartedAt, c.FinishedAt)
	}
	return fmt.Sprintf("at %s to %s UTC (times in the evidence are cut to the hour)", at.Format("2006-01-02 15:04"), at.Add(time.Hour).Format("15:04"))
}

func (c Claim) reason() string {
	var why strings.Builder
	if c.Why == WhyZDR {
		why.WriteString("which had it planned as a ZDR team's, of which nothing may be stored")
	} else {
		fmt.Fprintf(&why, "which had it planned as older than %s", c.MaxAge)
	}
	if c.ReportType != TypeSweep {
		fmt.Fprintf(&why, " (its report is of type %s)", c.ReportType)
	}
	return why.String()
}
