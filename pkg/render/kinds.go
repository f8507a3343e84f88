package render

import (
	"fmt"
	"strings"

	"github.com/sweeper-audit/sweeper/pkg/evidence"
)

// part is a count and what it counts, in words that follow the number.
type part struct {
	n         int64
	one, many string
}

// parts writes those that are not zero: "2 objects, 1 delete marker".
func parts(all ...part) string {
	var said []string
	for _, x := range all {
		if x.n > 0 {
			said = append(said, count(x.n)+" "+verb(x.n, x.one, x.many))
		}
	}
	return strings.Join(said, ", ")
}

// beside says what the columns of the table of stores do not: a sentence each,
// none where there is nothing beside current objects that went or stayed.
func beside(r evidence.Predicate) []string {
	var said []string
	t := r.Totals
	if r.ZDR.Mode == evidence.ModePrefixes {
		said = append(said, "Only the ZDR teams' own prefixes and all uploads were listed: the numbers are of those.")
	}
	if t.NoncurrentVersions+t.DeleteMarkers+t.Uploads > 0 {
		said = append(said, "Listed: "+parts(
			part{t.Objects, "current object", "current objects"},
			part{t.NoncurrentVersions, "noncurrent version", "noncurrent versions"},
			part{t.DeleteMarkers, "delete marker", "delete markers"},
			part{t.Uploads, "incomplete upload", "incomplete uploads"})+".")
	}
	if t.Purged > 0 {
		said = append(said, fmt.Sprintf("Planned beside the expired: %s of ZDR teams, to be purged before %s time (counted under KEPT as well).",
			entries(t.Purged), verb(t.Purged, "its", "their")))
	}
	if t.Aborted > 0 {
		said = append(said, "Deleted: "+parts(part{t.Aborted, "of them is an upload that was aborted", "of them are uploads that were aborted"})+".")
	}
	if t.Locked+t.Pending > 0 {
		said = append(said, "Not gone: "+parts(
			part{t.Held, "on hold", "on hold"},
			part{t.Locked, "under Object Lock or legal hold", "under Object Lock or legal hold"},
			part{t.Pending, "delete marker over a version that must stay", "delete markers over versions that must stay"},
			part{t.Changed, "rewritten since", "rewritten since"},
			part{t.Failed + t.Unconfirmed, "failed", "failed"},
			part{t.Left, "not attempted", "not attempted"})+".")
	}
	return said
}

// inPrefixes says how many ZDR teams have nothing in their prefixes. Rows are
// those of teams.csv.
func inPrefixes(rows []evidence.TeamRow) string {
	clean := map[string]bool{}
	for _, r := range rows {
		if r.ZDR {
			before, seen := clean[r.Team]
			clean[r.Team] = (before || !seen) && r.State == evidence.StateZeroInPrefix
		}
	}
	var n int64
	for _, ok := range clean {
		if ok {
			n++
		}
	}
	return fmt.Sprintf("%s of %s %s nothing in %s own prefixes; what lies elsewhere was not looked at.", count(n), teams(int64(len(clean))),
		verb(n, "has", "have"), verb(n, "its", "their"))
}

// witness says what the second look at stored metadata came to.
func witness(w evidence.Witness) string {
	said := fmt.Sprintf("Second witness: the metadata of %s was looked at; ", entries(w.Looked))
	if w.Found == 0 {
		return said + "none says that nothing may be stored."
	}
	return said + fmt.Sprintf("%s %s that nothing may be stored, whatever the roster says.", count(w.Found), verb(w.Found, "says", "say"))
}
