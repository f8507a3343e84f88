package evidence

import (
	"errors"
	"io/fs"
	"maps"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"pgregory.net/rapid"
)

// keptFile is how a keeper holds one file.
type keptFile struct {
	versions, markers int
	mode              string
	until             time.Time
	err               error
}

// keeper holds a vault's files as its map says.
type keeper map[string]*keptFile

func (k keeper) Odd() []string {
	var odd []string
	for name, f := range k {
		if f.versions != 1 || f.markers != 0 || !fs.ValidPath(name) {
			odd = append(odd, name)
		}
	}
	slices.Sort(odd)
	return odd
}

func (k keeper) Versions(name string) (versions, markers int) {
	return k[name].versions, k[name].markers
}

func (k keeper) Retention(name string) (string, time.Time, error) {
	f := k[name]
	return f.mode, f.until, f.err
}

const day = 24 * time.Hour

// lockedVault is a vault of two nights whose files are locked as stated: 2,557
// days, manifest parts 400, each from when it was put. Parts are put while the
// run goes on.
func lockedVault(t *testing.T) (*fixture, keeper) {
	t.Helper()
	f := newFixture(t)
	k := keeper{}
	for _, pl := range []*plan{f.night(20), f.quiet(21)} {
		finished, err := ParseTime(pl.p.Run.FinishedAt)
		f.must(err)
		started, err := ParseTime(pl.p.Run.StartedAt)
		f.must(err)
		small, parts := FormatTime(finished.Add(2557*day)), FormatTime(finished.Add(400*day))
		pl.p.Evidence = Intentions{ObjectLockMode: "compliance", RetainUntil: &small, ManifestRetainUntil: &parts, TimestampPolicy: "none"}
		pl.config["vault"] = vaultWith(map[string]any{"mode": "compliance", "days": 2557, "manifest_days": 400})
		f.seal(pl)
		for name := range f.fs {
			switch {
			case k[name] != nil:
			case isPartName(name[len(ReportDir(0))+1:]):
				k[name] = &keptFile{versions: 1, mode: "compliance", until: started.Add(400*day + time.Second)}
			default:
				k[name] = &keptFile{versions: 1, mode: "compliance", until: finished.Add(2557*day + time.Second)}
			}
		}
	}
	return f, k
}

func TestAVaultThatIsStoredAndLockedAsStatedHasNoFindings(t *testing.T) {
	f, k := lockedVault(t)
	k["work/lease.json"] = &keptFile{versions: 9} // not the vault's
	v := f.verify(VerifyOptions{Keeper: k, Now: at(23, 0, 0)})
	sameStrings(t, "problems", v.Problems, nil)
	sameStrings(t, "notes", v.Notes, []string{
		"lock: 10 files are locked as their reports state",
		"NOT ANCHORED: whoever holds the key could have rewritten or cut this history",
	})
}

func TestWhatLiesOverAFileAndWhatIsNotLockedAsStatedIsFound(t *testing.T) {
	const report, part = "reports/0000000000/", "manifest-0000-00000.jsonl.gz"
	const stated = "and the report states compliance until 2033-11-20T02:16:03Z at least"
	for name, c := range map[string]struct {
		tamper func(f *fixture, k keeper)
		want   []string
	}{
		"a newer version of a report": {func(_ *fixture, k keeper) { k[report+FileBundle].versions = 2 },
			[]string{"report 0: report.sigstore.json: 2 versions and 0 delete markers are stored under it, and a vault has one version of a file and no marker"}},
		"a marker over a subject": {func(f *fixture, k keeper) { k[report+FileTeams].markers = 1; delete(f.fs, report+FileTeams) },
			[]string{"report 0: teams.csv: it is missing",
				"report 0: teams.csv: 1 version and 1 delete marker are stored under it, and a vault has one version of a file and no marker"}},
		"a marker over the newest report": {func(f *fixture, k keeper) {
			k["reports/0000000001/"+FileBundle].markers = 1
			delete(f.fs, "reports/0000000001/"+FileBundle)
		}, []string{`"reports/0000000001/report.sigstore.json": 1 version and 1 delete marker are stored under it, and a vault has one version of a file and no marker`}},
		"a marker alone where a file was": {func(_ *fixture, k keeper) { k["trust/x"] = &keptFile{markers: 1} }, []string{`"trust/x": 0 versions and 1 delete marker are stored under it, and a vault has one version of a file and no marker`}},
		"a name that no file has":         {func(_ *fixture, k keeper) { k["reports//x"] = &keptFile{versions: 1} }, []string{`"reports//x": no file of a vault has such a name`}},
		"no lock":                         {func(_ *fixture, k keeper) { k[report+FileConfig].mode = "" }, []string{"report 0: config.json: its lock is none, " + stated}},
		"a weaker lock":                   {func(_ *fixture, k keeper) { k[report+FileParts].mode = "governance" }, []string{"report 0: parts.jsonl: its lock is governance until 2033-11-20T02:21:04Z, " + stated}},
		"a shorter lock":                  {func(_ *fixture, k keeper) { k[report+FileTeams].until = at(30, 0, 0) }, []string{"report 0: teams.csv: its lock is compliance until 2026-11-30T00:00:00Z, " + stated}},
		"a part's lock ends too soon":     {func(_ *fixture, k keeper) { k[report+part].until = at(30, 0, 0) }, []string{"report 0: " + part + ": its lock is compliance until 2026-11-30T00:00:00Z, and the report states compliance until 2027-12-25T02:10:03Z at least"}},
		"a lock that can't be read":       {func(_ *fixture, k keeper) { k[report+FileTeams].err = errors.New("no") }, []string{"report 0: teams.csv: its lock can't be read: no"}},
		"an extra file has but one finding": {func(f *fixture, k keeper) {
			f.fs[report+"extra"], k[report+"extra"] = &fstest.MapFile{}, &keptFile{versions: 1}
		}, []string{"report 0: extra: it does not belong to the report"}},
	} {
		t.Run(name, func(t *testing.T) {
			f, k := lockedVault(t)
			c.tamper(f, k)
			v := f.verify(VerifyOptions{Keeper: k, Now: at(23, 0, 0)})
			sameStrings(t, "problems", v.Problems, c.want)
		})
	}
}

func TestOneReportInABucketIsAskedForItsLocksToo(t *testing.T) {
	f, k := lockedVault(t)
	one := keeper{}
	for name, file := range k {
		if rest, ok := strings.CutPrefix(name, ReportDir(0)+"/"); ok {
			one[rest] = file
		}
	}
	one[FileTeams].mode, one[FileConfig].versions = "", 2
	sub, err := fs.Sub(f.fs, ReportDir(0))
	f.must(err)
	v, err := Verify(sub, f.trust, VerifyOptions{Keeper: one, Now: at(23, 0, 0)})
	f.must(err)
	sameStrings(t, "problems", v.Problems, []string{
		"report 0: config.json: 2 versions and 0 delete markers are stored under it, and a vault has one version of a file and no marker",
		"report 0: teams.csv: its lock is none, and the report states compliance until 2033-11-20T02:16:03Z at least",
	})
}

func TestReportsThatStateNoLockAreSaidAndNotAskedForOne(t *testing.T) {
	f := newFixture(t)
	f.three()
	k := keeper{}
	for name := range f.fs {
		k[name] = &keptFile{versions: 1, err: errors.New("asked")}
	}
	v := f.verify(VerifyOptions{Keeper: k})
	sameStrings(t, "problems", v.Problems, nil)
	if v.Notes[0] != "lock: none is stated by 3 of 3 reports" {
		t.Errorf("notes %q", v.Notes)
	}
}

// A rule of the bucket takes a part away when its lock is over: in a bucket
// with versions it leaves a marker, over the version or alone.
func TestAPartThatIsGoneAfterItsStatedDateIsExpiredAndNotFound(t *testing.T) {
	const part = "reports/0000000000/manifest-0000-00000.jsonl.gz"
	over, before := at(20, 2, 22).Add(400*day), at(20, 2, 20).Add(400*day)
	for name, c := range map[string]struct {
		now               time.Time
		versions, markers int
		problems          int
	}{
		"a marker over the version": {over, 1, 1, 0},
		"a marker alone":            {over, 0, 1, 0},
		"a version laid over it":    {over, 2, 1, 1},
		"before its date":           {before, 1, 1, 2},
	} {
		t.Run(name, func(t *testing.T) {
			f, k := lockedVault(t)
			delete(f.fs, part)
			k[part].versions, k[part].markers = c.versions, c.markers
			v := f.verify(VerifyOptions{Keeper: k, Now: c.now})
			expired := slices.Contains(v.Exceptions, "report 0: manifest expired: parts gone: 1 of 2, as they may be after 2027-12-25T02:21:03Z "+
				"(vault.s3.lock.manifest_days 400); its lines were not recounted")
			if len(v.Problems) != c.problems || expired != (c.now == over) {
				t.Errorf("problems %q, exceptions %q", v.Problems, v.Exceptions)
			}
		})
	}
}

// Whatever the lock of whichever file is: it is a finding just if it is weaker
// or ends sooner than stated.
func TestALockIsAFindingJustIfItIsLessThanStated(t *testing.T) {
	f, k := lockedVault(t)
	names := slices.Sorted(maps.Keys(k))
	rapid.Check(t, func(r *rapid.T) {
		kept := maps.Clone(k)
		name := rapid.SampledFrom(names).Draw(r, "name")
		file := *kept[name]
		file.mode = rapid.SampledFrom([]string{"", "governance", "compliance"}).Draw(r, "mode")
		moved := time.Duration(rapid.IntRange(-20, 20).Draw(r, "minutes")) * time.Minute
		file.until = file.until.Add(moved)
		kept[name] = &file
		less := file.mode != "compliance" || moved < -5*time.Minute
		v := f.verify(VerifyOptions{Keeper: kept, Now: at(23, 0, 0)})
		if (len(v.Problems) == 1) != less {
			r.Errorf("%s: %s, moved by %s: %q", name, file.mode, moved, v.Problems)
		}
	})
}
