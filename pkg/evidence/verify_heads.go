package evidence

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Head anchors the history up to one report: the digest of its signed payload,
// kept by someone who does not hold the key.
type Head struct {
	Sequence        int64
	StatementSHA256 string
	// Noted is when that someone noted it, zero if they don't say. A report's own
	// time proves nothing once its key was in other hands: only this one does.
	Noted time.Time
}

// ParseHead reads SEQ:STATEMENT_SHA256.
func ParseHead(s string) (Head, error) {
	seq, sum, found := strings.Cut(s, ":")
	n, err := strconv.ParseInt(seq, 10, 64)
	if !found || err != nil || n < 0 || strconv.FormatInt(n, 10) != seq || !isHex(sum, 32) {
		return Head{}, fmt.Errorf("head %q: want SEQ:STATEMENT_SHA256, a number and 64 lower-case hex digits", s)
	}
	return Head{Sequence: n, StatementSHA256: sum}, nil
}

// ParseNotedHead reads SEQ:STATEMENT_SHA256 or SEQ:STATEMENT_SHA256@TIME, where
// TIME (RFC 3339) is when the head was noted.
func ParseNotedHead(s string) (Head, error) {
	head, noted, timed := strings.Cut(s, "@")
	h, err := ParseHead(head)
	if err != nil || !timed {
		return h, err
	}
	t, err := time.Parse(time.RFC3339, noted)
	if err != nil || t.IsZero() {
		return Head{}, fmt.Errorf("head %q: %q is not when it was noted: want a time such as 2026-11-25T00:00:00Z", s, noted)
	}
	h.Noted = t.UTC()
	return h, nil
}

// checkHeads compares each head with the report that it names. One that fits
// anchors that report and all before it.
func (r *verifier) checkHeads() {
	newest := int64(-1)
	for _, h := range r.o.Heads {
		i := slices.IndexFunc(r.reports, func(rep *report) bool { return rep.number() == h.Sequence })
		switch {
		case i < 0 && r.whole:
			r.problemf("report %d: a head names it, and it is not in the vault: the history was cut", h.Sequence)
		case i < 0:
			r.problemf("report %d: a head names it, and this is report %d", h.Sequence, r.reports[0].number())
		case r.reports[i].statementSHA != h.StatementSHA256:
			r.reports[i].problemf(FileBundle, "the payload's digest is %s, the head says %s: the history was rewritten",
				r.reports[i].statementSHA, h.StatementSHA256)
		default:
			newest = max(newest, h.Sequence)
			r.reports[i].notedAfterwards(h)
		}
	}
	for _, rep := range r.reports {
		rep.check.Anchored = rep.number() <= newest
	}
	var later []int64
	for _, rep := range r.reports {
		if rep.number() > newest {
			later = append(later, rep.number())
		}
	}
	if newest < 0 || len(later) == 0 {
		return
	}
	came := fmt.Sprintf("report %d", later[0])
	if n := len(later); n > 1 {
		came = fmt.Sprintf("reports %d to %d", later[0], later[n-1])
	}
	r.anchoredPart = true
	r.notef("anchored up to report %d; %s came later", newest, came)
}

// notedAfterwards refuses a head that was noted before its report was finished:
// one of the two times is wrong.
func (rep *report) notedAfterwards(h Head) {
	finished, err := ParseTime(rep.p.Run.FinishedAt)
	if err == nil && !h.Noted.IsZero() && h.Noted.Add(clockSlack).Before(finished) {
		rep.problemf(FileBundle, "a head that was noted at %s names it, and run.finishedAt is %s", FormatTime(h.Noted), rep.p.Run.FinishedAt)
	}
}

// anchoring returns the heads that fit the report or one after it that its
// digest leads to.
func (r *verifier) anchoring(rep *report) []Head {
	var heads []Head
	for _, h := range r.o.Heads {
		i := slices.IndexFunc(r.reports, func(x *report) bool { return x.number() == h.Sequence })
		if i >= 0 && r.reports[i].statementSHA == h.StatementSHA256 && h.Sequence >= rep.number() && r.linked(rep, r.reports[i]) {
			heads = append(heads, h)
		}
	}
	return heads
}

// anchoredBefore reports whether someone noted the report, or one after it,
// before the instant.
func (r *verifier) anchoredBefore(rep *report, limit time.Time) bool {
	return slices.ContainsFunc(r.anchoring(rep), func(h Head) bool { return !h.Noted.IsZero() && h.Noted.Before(limit) })
}

// timeless ends the finding about a compromised key where a head could vouch if
// it said when it was noted.
func (r *verifier) timeless(rep *report) string {
	for _, h := range r.anchoring(rep) {
		if h.Noted.IsZero() {
			return fmt.Sprintf("; of the head %d it isn't known when it was noted: if before then, say so with --head SEQ:STATEMENT_SHA256@TIME", h.Sequence)
		}
	}
	return ""
}
