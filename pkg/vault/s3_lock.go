package vault

import (
	"context"
	"errors"
	"fmt"
	"path"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
)

// Lock says how long an S3 vault's files can't be deleted or replaced, by
// Object Lock.
type Lock struct {
	// Mode is "compliance" (no one can shorten it) or "governance".
	Mode string
	// Days is the retention of all files but manifest parts; ManifestDays that
	// of manifest parts. Whole days of 24 hours from the put on, by the local
	// clock, rounded up to a whole second.
	Days, ManifestDays int
}

// clockSlack is by how much the clock of the host that put a file, which its
// retention counts from, may have been behind the server's.
const clockSlack = 24 * time.Hour

func (l *Lock) check() error {
	switch {
	case l == nil:
		return nil
	case l.Mode != "compliance" && l.Mode != "governance":
		return fmt.Errorf("lock mode %q: must be compliance or governance", l.Mode)
	case l.Days < 1 || l.ManifestDays < 1:
		return fmt.Errorf("lock of %d days and manifest_days %d: both must be at least 1", l.Days, l.ManifestDays)
	}
	return nil
}

func (l *Lock) mode() types.ObjectLockMode {
	if l.Mode == "governance" {
		return types.ObjectLockModeGovernance
	}
	return types.ObjectLockModeCompliance
}

// until is the date asked for. S3 knows whole seconds.
func (l *Lock) until(name string, now time.Time) time.Time {
	return now.UTC().Add(time.Second - 1).Truncate(time.Second).Add(l.length(name))
}

func (l *Lock) length(name string) time.Duration {
	days := l.Days
	if base := path.Base(name); strings.HasPrefix(base, "manifest-") && strings.HasSuffix(base, ".jsonl.gz") {
		days = l.ManifestDays
	}
	return time.Duration(days) * 24 * time.Hour
}

// checkRetention asks the server for the lock on the version just put: a server
// that ignores the headers would leave evidence that anyone can delete.
func (s *S3) checkRetention(ctx context.Context, name string, id *string, mode types.ObjectLockMode, until time.Time) error {
	got, err := s.retention(ctx, name, id)
	if err != nil {
		return err
	}
	if string(got.Mode) != string(mode) || got.RetainUntilDate == nil || !got.RetainUntilDate.Equal(until) {
		return s.fail("locking", name, fmt.Errorf("asked for %s until %s, the server says %s",
			mode, until.Format(time.RFC3339), says(got)))
	}
	return nil
}

func (s *S3) retention(ctx context.Context, name string, id *string) (types.ObjectLockRetention, error) {
	got, err := s.askRetention(ctx, name, id)
	if err != nil {
		return got, s.fail("reading back the lock of", name, err)
	}
	return got, nil
}

// askRetention returns what the server says, or its error as it came. The zero
// value means that there is no lock.
func (s *S3) askRetention(ctx context.Context, name string, id *string) (types.ObjectLockRetention, error) {
	in := &s3.GetObjectRetentionInput{Bucket: &s.bucket, Key: s.key(name)}
	if aws.ToString(id) != "" {
		in.VersionId = id
	}
	out, err := s.client.GetObjectRetention(ctx, in)
	switch {
	case errorCode(err) == "NoSuchObjectLockConfiguration":
		return types.ObjectLockRetention{}, nil
	case err != nil:
		return types.ObjectLockRetention{}, err
	case out.Retention == nil:
		return types.ObjectLockRetention{}, nil
	}
	return *out.Retention, nil
}

// says puts a retention in words.
func says(r types.ObjectLockRetention) string {
	switch {
	case r.Mode == "":
		return "no lock"
	case r.RetainUntilDate == nil:
		return string(r.Mode) + " without a date"
	}
	return string(r.Mode) + " until " + r.RetainUntilDate.UTC().Format(time.RFC3339)
}

// checkLocked is for a file that was put before, perhaps by an earlier run. Its
// date was set then, so what is asked is whether its lock was as long as one set
// now, counted from when the server says that the file was put.
func (s *S3) checkLocked(ctx context.Context, name string) error {
	if s.lock == nil {
		return nil
	}
	const doing = "checking the lock of"
	head, err := s.client.HeadObject(ctx, &s3.HeadObjectInput{Bucket: &s.bucket, Key: s.key(name)})
	if err != nil {
		return s.fail(doing, name, err)
	}
	if head.LastModified == nil {
		return s.fail(doing, name, errors.New("the answer doesn't say when the file was put"))
	}
	got, err := s.retention(ctx, name, head.VersionId)
	if err != nil {
		return err
	}
	least := head.LastModified.UTC().Add(s.lock.length(name) - clockSlack)
	if string(got.Mode) != string(s.lock.mode()) || got.RetainUntilDate == nil || got.RetainUntilDate.Before(least) {
		return s.fail(doing, name, fmt.Errorf("vault.s3.lock asks for %s until %s at least, as the file was put at %s; the server says %s; "+
			"put such a retention on the file, or use a new prefix",
			s.lock.mode(), least.Format(time.RFC3339), head.LastModified.UTC().Format(time.RFC3339), says(got)))
	}
	return nil
}

// CheckWork refuses a bucket with Object Lock as a work area: working files hold
// keys in the clear and must be erasable. A bucket that won't say is refused
// too. A server that doesn't know the question has no Object Lock.
func (s *S3) CheckWork(ctx context.Context) error {
	out, err := s.client.GetObjectLockConfiguration(ctx, &s3.GetObjectLockConfigurationInput{Bucket: &s.bucket})
	switch {
	case errorCode(err) == "ObjectLockConfigurationNotFoundError", isNotImplemented(err):
		return nil
	case err != nil:
		return fmt.Errorf("vault: asking bucket %s for its Object Lock: %w; a work area must be known to have none: "+
			"allow s3:GetBucketObjectLockConfiguration, or give vault.work another bucket or a directory%s", s.bucket, err, also(s.hint(err)))
	}
	c := out.ObjectLockConfiguration
	if c != nil && (c.ObjectLockEnabled != "" || c.Rule != nil) {
		return fmt.Errorf("vault: bucket %s has Object Lock: working files must be erasable; give vault.work a bucket without it, or a directory", s.bucket)
	}
	return nil
}

func also(hint string) string {
	if hint == "" {
		return ""
	}
	return "; " + hint
}
