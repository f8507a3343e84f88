package evidence

import (
	"maps"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// vaultWith is the group vault of a config.json whose S3 vault has the lock, nil
// for none.
func vaultWith(lock any) map[string]any {
	return map[string]any{"dir": "", "s3": map[string]any{"bucket": "evidence", "lock": lock}}
}

// lockedNight is a night in a vault with a lock of 30 days, of parts 5. It ends
// at 02:21:03 of November 20.
func lockedNight(f *fixture) *plan {
	pl := f.night(20)
	pl.config["vault"] = vaultWith(map[string]any{"mode": "governance", "days": 30, "manifest_days": 5})
	small, parts := "2026-12-20T02:21:03Z", "2026-11-25T02:21:03Z"
	pl.p.Evidence = Intentions{ObjectLockMode: "governance", RetainUntil: &small, ManifestRetainUntil: &parts, TimestampPolicy: "none"}
	return pl
}

func TestAPartThatIsGoneAfterItsDateIsExpired(t *testing.T) {
	f := newFixture(t)
	f.seal(lockedNight(f))
	sameStrings(t, "with all its parts", f.verify(VerifyOptions{Now: at(26, 0, 0)}).Exceptions, nil)
	delete(f.fs, "reports/0000000000/"+PartName(0, 1))
	gone := []string{"report 0: " + PartName(0, 1) + ": it is missing"}
	sameStrings(t, "without a clock", f.verify(VerifyOptions{}).Problems, gone)
	sameStrings(t, "before the date", f.verify(VerifyOptions{Now: at(25, 0, 0)}).Problems, gone)
	v := f.verify(VerifyOptions{Now: at(26, 0, 0)})
	sameStrings(t, "after the date", v.Problems, nil)
	sameStrings(t, "exceptions", v.Exceptions, []string{"report 0: manifest expired: parts gone: 1 of 2, as they may be after 2026-11-25T02:21:03Z " +
		"(vault.s3.lock.manifest_days 5); its lines were not recounted"})
	if v.Reports[0].Recounted {
		t.Error("its lines are said to be recounted")
	}
}

// Whoever holds the signing key could state a date that is soon over, and take
// the manifest away after it.
func TestOnlyADateThatTheConfigDeclaresLetsAManifestExpire(t *testing.T) {
	const report, soon = "report 0: ", "2026-11-21T00:00:00Z"
	late := soon
	excuses := func(date string) string {
		return report + PartName(0, 1) + ": it is missing, and no vault.s3.lock of its config.json says that it may be after evidence.manifestRetainUntil " + date
	}
	for name, c := range map[string]struct {
		change func(pl *plan)
		want   []string
	}{
		"a date that is soon over": {func(pl *plan) { pl.p.Evidence.ManifestRetainUntil = &late },
			[]string{report + "config.json: its vault.s3.lock.manifest_days is 5, which ends at 2026-11-25T02:21:03Z, the payload's evidence.manifestRetainUntil is " + soon, excuses(soon)}},
		"a date for the small files that is soon over": {func(pl *plan) { pl.p.Evidence.RetainUntil = &late },
			[]string{report + "config.json: its vault.s3.lock.days is 30, which ends at 2026-12-20T02:21:03Z, the payload's evidence.retainUntil is " + soon, excuses("2026-11-25T02:21:03Z")}},
		"no date": {func(pl *plan) { pl.p.Evidence.RetainUntil = nil },
			[]string{report + "config.json: its vault.s3.lock.days is 30, which ends at 2026-12-20T02:21:03Z, the payload's evidence.retainUntil is null", excuses("2026-11-25T02:21:03Z")}},
		"another mode": {func(pl *plan) { pl.p.Evidence.ObjectLockMode = "compliance" },
			[]string{report + `config.json: its vault.s3.lock is governance, the payload's evidence.objectLockMode is "compliance"`, excuses("2026-11-25T02:21:03Z")}},
		"a vault without a lock": {func(pl *plan) { pl.config["vault"] = vaultWith(nil) },
			[]string{
				report + `config.json: its vault.s3.lock is none, the payload's evidence.objectLockMode is "governance"`,
				report + "config.json: its vault.s3.lock is none, the payload's evidence.retainUntil is 2026-12-20T02:21:03Z",
				report + "config.json: its vault.s3.lock is none, the payload's evidence.manifestRetainUntil is 2026-11-25T02:21:03Z",
				excuses("2026-11-25T02:21:03Z")}},
		"a vault in a directory, and dates under mode none": {func(pl *plan) {
			pl.config["vault"] = map[string]any{"dir": "vault", "s3": nil}
			pl.p.Evidence.ObjectLockMode, pl.p.Evidence.RetainUntil = "none", nil
		}, []string{report + "config.json: its vault.s3.lock is none, the payload's evidence.manifestRetainUntil is 2026-11-25T02:21:03Z", excuses("2026-11-25T02:21:03Z")}},
		"a config that says nothing of a vault": {func(pl *plan) { delete(pl.config, "vault") }, []string{excuses("2026-11-25T02:21:03Z")}},
		"a lock of no day": {func(pl *plan) {
			pl.config["vault"] = vaultWith(map[string]any{"mode": "governance", "days": 30, "manifest_days": 0})
		}, []string{report + `config.json: its vault.s3.lock is "governance" for 30 days, manifest parts 0, which no config can ask for`, excuses("2026-11-25T02:21:03Z")}},
		"a vault of another form": {func(pl *plan) { pl.config["vault"] = "s3" },
			[]string{report + "config.json: its vault settings are not of the form that a config has", excuses("2026-11-25T02:21:03Z")}},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFixture(t)
			pl := lockedNight(f)
			c.change(pl)
			f.seal(pl)
			delete(f.fs, "reports/0000000000/"+PartName(0, 1))
			v := f.verify(VerifyOptions{Now: at(26, 0, 0)})
			sameStrings(t, "problems", v.Problems, c.want)
			sameStrings(t, "exceptions", v.Exceptions, nil)
			if ManifestExpired(pl.p, f.fs["reports/0000000000/"+FileConfig].Data, at(26, 0, 0)) {
				t.Error("ManifestExpired says that it is")
			}
		})
	}
}

func TestAKeyRotationsLockIsHeldAgainstItsConfigToo(t *testing.T) {
	f, second, _, _ := rotating(t)
	pl := f.rotation(20, f.signer, second)
	pl.config["vault"] = vaultWith(map[string]any{"mode": "governance", "days": 30, "manifest_days": 5})
	small, parts := "2026-11-21T00:00:00Z", "2026-11-25T12:00:00Z"
	pl.p.Evidence = Intentions{ObjectLockMode: "governance", RetainUntil: &small, ManifestRetainUntil: &parts}
	f.seal(pl)
	sameStrings(t, "problems", f.verify(VerifyOptions{}).Problems, []string{
		"report 1: config.json: its vault.s3.lock.days is 30, which ends at 2026-12-20T12:00:00Z, the payload's evidence.retainUntil is " + small})
}

// Over a lock that the config doesn't declare nothing can be said of its dates.
func TestInABucketALockMustBeDeclared(t *testing.T) {
	f := newFixture(t)
	pl := lockedNight(f)
	delete(pl.config, "vault")
	f.seal(pl)
	k := keeper{}
	for name := range f.fs {
		k[name] = &keptFile{versions: 1, mode: "compliance", until: at(30, 0, 0).Add(400 * day)}
	}
	sameStrings(t, "problems", f.verify(VerifyOptions{Keeper: k, Now: at(23, 0, 0)}).Problems, []string{
		"report 0: config.json: it says nothing of a vault, and evidence.objectLockMode is governance"})
}

// Whatever a config declares, the dates that follow from it let the manifest
// expire when they are over, and a date that is a second off never does.
func TestAManifestExpiresJustAtTheDateThatFollowsFromItsConfig(t *testing.T) {
	f := newFixture(t)
	base := lockedNight(f)
	finished, err := ParseTime(base.p.Run.FinishedAt)
	f.must(err)
	rapid.Check(t, func(r *rapid.T) {
		days := rapid.IntRange(1, 36500)
		small, parts := days.Draw(r, "days"), days.Draw(r, "manifest_days")
		off := rapid.IntRange(-1, 1).Draw(r, "seconds off")
		pl := *base
		pl.config = maps.Clone(base.config)
		pl.config["vault"] = vaultWith(map[string]any{"mode": "governance", "days": small, "manifest_days": parts})
		end := finished.AddDate(0, 0, parts)
		a, b := FormatTime(finished.AddDate(0, 0, small)), FormatTime(end.Add(time.Duration(off)*time.Second))
		pl.p.Evidence.RetainUntil, pl.p.Evidence.ManifestRetainUntil = &a, &b
		config := f.files(&pl)[FileConfig]
		if ManifestExpired(pl.p, config, end) && off == 0 || ManifestExpired(pl.p, config, end.Add(9*time.Second)) != (off == 0) {
			r.Errorf("%s, which is %d seconds off: expired at its date %v, later %v", b, off,
				ManifestExpired(pl.p, config, end), ManifestExpired(pl.p, config, end.Add(9*time.Second)))
		}
	})
}
