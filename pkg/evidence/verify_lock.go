package evidence

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"
)

// maxLockDays is the longest lock that a config can ask for.
const maxLockDays = 36500

// declaredLock is vault.s3.lock of a config; the zero value is none.
type declaredLock struct {
	Mode         string `json:"mode"`
	Days         int64  `json:"days"`
	ManifestDays int64  `json:"manifest_days"`
}

func (l declaredLock) none() bool { return l == declaredLock{} }

// lockOf reads the lock that a config.json asks for. A run's config says where
// its vault is; where one doesn't, nothing was declared.
func lockOf(config []byte) (lock declaredLock, declared bool, err error) {
	if err := checkConfig(config); err != nil {
		return lock, false, err
	}
	var c struct {
		Vault *struct {
			S3 *struct {
				Lock *declaredLock `json:"lock"`
			} `json:"s3"`
		} `json:"vault"`
	}
	if json.Unmarshal(config, &c) != nil {
		return lock, false, errors.New("its vault settings are not of the form that a config has")
	}
	if c.Vault == nil || c.Vault.S3 == nil || c.Vault.S3.Lock == nil {
		return lock, c.Vault != nil, nil
	}
	lock = *c.Vault.S3.Lock
	inRange := func(days int64) bool { return days >= 1 && days <= maxLockDays }
	if lockRank(lock.Mode) == 0 || !inRange(lock.Days) || !inRange(lock.ManifestDays) {
		return lock, false, fmt.Errorf("its vault.s3.lock is %q for %d days, manifest parts %d, which no config can ask for",
			lock.Mode, lock.Days, lock.ManifestDays)
	}
	return lock, true, nil
}

// lockFindings holds what the payload states of locks against what its config
// asked for: whoever holds the key could otherwise state a date that is soon
// over, and take the manifest away. Dates count from run.finishedAt.
func lockFindings(p Predicate, lock declaredLock) []string {
	finished, err := ParseTime(p.Run.FinishedAt)
	if err != nil {
		return []string{"run.finishedAt can't be read, so the lock's end can't be checked"}
	}
	var findings []string
	e := p.Evidence
	want := declaredLock{Mode: "none"}
	if !lock.none() {
		want = lock
	}
	if e.ObjectLockMode != want.Mode {
		findings = append(findings, fmt.Sprintf("its vault.s3.lock is %s, the payload's evidence.objectLockMode is %q", want.Mode, e.ObjectLockMode))
	}
	for _, d := range []struct {
		field, setting string
		said           *string
		days           int64
	}{
		{"retainUntil", "days", e.RetainUntil, lock.Days},
		{"manifestRetainUntil", "manifest_days", e.ManifestRetainUntil, lock.ManifestDays},
	} {
		said, due := "null", "null"
		if d.said != nil {
			said = *d.said
		}
		if !lock.none() {
			due = FormatTime(finished.Add(time.Duration(d.days) * 24 * time.Hour))
		}
		switch {
		case said == due:
		case lock.none():
			findings = append(findings, fmt.Sprintf("its vault.s3.lock is none, the payload's evidence.%s is %s", d.field, said))
		default:
			findings = append(findings, fmt.Sprintf("its vault.s3.lock.%s is %d, which ends at %s, the payload's evidence.%s is %s",
				d.setting, d.days, due, d.field, said))
		}
	}
	return findings
}

// lockStated compares what the payload states of locks with the config.
func (rep *report) lockStated(config []byte) {
	lock, declared, err := lockOf(config)
	if err != nil {
		rep.problemf(FileConfig, "%v", err)
		return
	}
	rep.lock, rep.lockUnsaid = lock, !declared
	if !declared {
		return
	}
	findings := lockFindings(rep.p, lock)
	for _, finding := range findings {
		rep.problemf(FileConfig, "%s", finding)
	}
	rep.lockHolds = len(findings) == 0
}

// expired reports whether the manifest's stated date is over, and is the one
// that the config declares.
func (rep *report) expired(now time.Time) bool {
	return rep.lockHolds && rep.p.Evidence.over(now)
}

// over reports whether the date stated for the manifest has passed. Without a
// clock none has.
func (e Intentions) over(now time.Time) bool {
	if e.ManifestRetainUntil == nil || now.IsZero() {
		return false
	}
	t, err := ParseTime(*e.ManifestRetainUntil)
	return err == nil && t.Before(now)
}

// ManifestExpired reports whether manifest parts of a report may be gone: its
// stated date is over, and is the one that follows from its config.json.
func ManifestExpired(p Predicate, config []byte, now time.Time) bool {
	lock, declared, err := lockOf(config)
	return err == nil && declared && len(lockFindings(p, lock)) == 0 && p.Evidence.over(now)
}
