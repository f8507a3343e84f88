package evidence

import (
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
	"time"
)

// Keeper is what the place that holds a vault knows of its files, and a copy
// doesn't. Names are those of the fs.FS that is verified.
type Keeper interface {
	// Odd returns the names, sorted, under which something else is stored than
	// one version and no delete marker, and those that no file of an fs.FS has.
	Odd() []string
	// Versions counts what is stored under a name.
	Versions(name string) (versions, markers int)
	// Retention returns the Object Lock of the version that the fs.FS shows:
	// compliance or governance, and its end; or "" if there is none.
	Retention(name string) (mode string, until time.Time, err error)
}

// kept checks what only the keeper knows: that nothing was laid over a file,
// and that each is locked as its report states.
func (r *verifier) kept() {
	if r.o.Keeper == nil {
		r.notef("lock: not checked (a local copy)")
		return
	}
	for _, name := range r.o.Keeper.Odd() {
		r.odd(name)
	}
	var locked, without int
	for _, rep := range r.reports {
		switch {
		case !rep.signed:
		case rep.p.Evidence.ObjectLockMode == "none":
			without++
		default:
			locked += r.locks(rep)
		}
	}
	if locked > 0 {
		r.notef("lock: %d files are locked as their reports state", locked)
	}
	if without > 0 {
		r.notef("lock: none is stated by %d of %d reports", without, len(r.reports))
	}
}

// odd says what is stored under a name of the vault's. A part whose time is over
// may be expired by a rule of the bucket, which leaves a delete marker.
func (r *verifier) odd(name string) {
	if r.whole && !strings.HasPrefix(name, "reports/") && !strings.HasPrefix(name, "trust/") {
		return // not the vault's: a work area, say
	}
	versions, markers := r.o.Keeper.Versions(name)
	rep, file := r.ofReport(name)
	if rep != nil && isPartName(file) && versions <= 1 && rep.expired(r.o.Now) {
		return
	}
	said := fmt.Sprintf("%s and %s are stored under it, and a vault has one version of a file and no marker",
		counted(versions, "version"), counted(markers, "delete marker"))
	if !fs.ValidPath(name) {
		said = "no file of a vault has such a name"
	}
	if rep != nil {
		rep.problemf(file, "%s", said)
		return
	}
	r.problemf("%q: %s", name, said)
}

func counted(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// ofReport finds the report that a name is in, and what it is called there.
func (r *verifier) ofReport(name string) (*report, string) {
	if !fs.ValidPath(name) {
		return nil, ""
	}
	if !r.whole {
		return r.reports[0], name
	}
	i := slices.IndexFunc(r.reports, func(rep *report) bool { return strings.HasPrefix(name, rep.at+"/") })
	if i < 0 {
		return nil, ""
	}
	return r.reports[i], strings.TrimPrefix(name, r.reports[i].at+"/")
}

// locks compares the lock of each of the report's files with what the report
// states, and returns how many are as stated. One that is over is not asked for.
func (r *verifier) locks(rep *report) (asStated int) {
	small, parts, err := rep.lockEnds()
	if err != nil {
		rep.problemf(FileBundle, "%v", err)
		return 0
	}
	if rep.lockUnsaid {
		rep.problemf(FileConfig, "it says nothing of a vault, and evidence.objectLockMode is %s", rep.p.Evidence.ObjectLockMode)
	}
	entries, err := fs.ReadDir(r.fs, rep.at)
	if err != nil {
		rep.problemf(".", "its files can't be listed: %v", err)
		return 0
	}
	for _, e := range entries {
		file, least := e.Name(), small
		switch {
		case isPartName(file):
			least = parts
		case !rep.owns(file):
			continue // it has its finding
		}
		if least.Before(r.o.Now) {
			continue
		}
		mode, until, err := r.o.Keeper.Retention(path.Join(rep.at, file))
		switch {
		case err != nil:
			rep.problemf(file, "its lock can't be read: %v", err)
		case lockRank(mode) < lockRank(rep.p.Evidence.ObjectLockMode) || until.Before(least):
			rep.problemf(file, "its lock is %s, and the report states %s until %s at least", lockSaid(mode, until),
				rep.p.Evidence.ObjectLockMode, FormatTime(least))
		default:
			asStated++
		}
	}
	return asStated
}

func (rep *report) owns(file string) bool {
	return file == FileBundle || slices.Contains(rep.tokenFiles, file) ||
		slices.ContainsFunc(rep.s.Subject, func(s Subject) bool { return s.Name == file })
}

// lockEnds returns when the locks of the small files and of the parts end at
// the earliest. The stated dates count from run.finishedAt. The small files are
// put after it, perhaps by another machine; the parts while the run goes on, so
// that a part's lock may end sooner by as long as the run took.
func (rep *report) lockEnds() (small, parts time.Time, err error) {
	e := rep.p.Evidence
	if lockRank(e.ObjectLockMode) == 0 {
		return small, parts, fmt.Errorf("evidence.objectLockMode is %q", e.ObjectLockMode)
	}
	if e.RetainUntil == nil || e.ManifestRetainUntil == nil {
		return small, parts, fmt.Errorf("evidence.objectLockMode is %s, and retainUntil or manifestRetainUntil is null", e.ObjectLockMode)
	}
	var ends [4]time.Time
	for i, s := range []string{*e.RetainUntil, *e.ManifestRetainUntil, rep.p.Run.StartedAt, rep.p.Run.FinishedAt} {
		if ends[i], err = ParseTime(s); err != nil {
			return small, parts, err
		}
	}
	took := max(0, ends[3].Sub(ends[2]))
	return ends[0].Add(-clockSlack), ends[1].Add(-took - clockSlack), nil
}

func lockRank(mode string) int {
	switch mode {
	case "compliance":
		return 2
	case "governance":
		return 1
	default:
		return 0
	}
}

func lockSaid(mode string, until time.Time) string {
	if mode == "" {
		return "none"
	}
	return mode + " until " + FormatTime(until)
}
