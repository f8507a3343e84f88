package bucket

import (
	"context"
	"errors"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/smithy-go"

	"github.com/sweeper-audit/sweeper/pkg/retention"
)

// What Lock.Mode may say.
const (
	ModeGovernance = "governance"
	ModeCompliance = "compliance"
)

// Lock is what protects an entry from deletion. The zero value is no lock.
type Lock struct {
	Mode      string    // governance or compliance; "" without a retention
	Until     time.Time // the end of the retention, UTC; it may have passed
	LegalHold bool
}

// Lock asks for the entry's retention and legal hold. An entry or a bucket
// without them, and a server that knows no Object Lock, has no lock; neither has
// a delete marker or an upload, which S3 can't lock, and nothing is asked then.
// An error says that it isn't known: the right to ask is missing, or no good
// answer came. It wraps ErrGone if the entry isn't there any more.
func (b *Bucket) Lock(ctx context.Context, e retention.Entry) (Lock, error) {
	const doing = "asking for the Object Lock of an entry in"
	if e.Kind == retention.Marker || e.Kind == retention.Upload {
		return Lock{}, nil
	}
	if err := b.named(doing, e); err != nil {
		return Lock{}, err
	}
	var lock Lock
	kept, err := b.client.GetObjectRetention(ctx, &s3.GetObjectRetentionInput{Bucket: &b.cfg.Bucket, Key: &e.Key, VersionId: optional(e.ID)})
	if err != nil && !neverLocked(err) {
		return Lock{}, b.failOn(doing, "s3:GetObjectRetention", err)
	}
	if err == nil && kept.Retention != nil {
		var ok bool
		if lock.Mode, lock.Until, ok = readRetention(*kept.Retention); !ok {
			return Lock{}, b.lie(doing, "the retention has no mode that S3 knows, or no date")
		}
	}
	held, err := b.client.GetObjectLegalHold(ctx, &s3.GetObjectLegalHoldInput{Bucket: &b.cfg.Bucket, Key: &e.Key, VersionId: optional(e.ID)})
	if err != nil && !neverLocked(err) {
		return Lock{}, b.failOn(doing, "s3:GetObjectLegalHold", err)
	}
	lock.LegalHold = err == nil && held.LegalHold != nil && held.LegalHold.Status == types.ObjectLockLegalHoldStatusOn
	return lock, nil
}

// readRetention reads a retention; an empty one is none.
func readRetention(r types.ObjectLockRetention) (mode string, until time.Time, ok bool) {
	switch r.Mode {
	case "":
		return "", time.Time{}, r.RetainUntilDate == nil
	case types.ObjectLockRetentionModeGovernance:
		mode = ModeGovernance
	case types.ObjectLockRetentionModeCompliance:
		mode = ModeCompliance
	default:
		return "", time.Time{}, false
	}
	if r.RetainUntilDate == nil || r.RetainUntilDate.IsZero() {
		return "", time.Time{}, false
	}
	return mode, r.RetainUntilDate.UTC(), true
}

// neverLocked reports whether an error is the server's way to say that the
// entry has no such lock.
func neverLocked(err error) bool {
	refused := smithy.APIError(nil)
	return errors.As(err, &refused) && noLock(refused.ErrorCode(), refused.ErrorMessage())
}
