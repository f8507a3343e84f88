package bucket

import (
	"cmp"
	"context"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/ratelimit"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

const (
	listAttempts    = 30 // more than a minute has room for, unless chance makes all pauses short
	usualPatience   = time.Minute
	shortestBackoff = 100 * time.Millisecond // what a blip costs; SlowDown begins with a second
)

// patient is the SDK's retryer for the requests of listings: one that fails for
// good leaves a whole store inconclusive, and asking again harms nothing. What
// may be asked again is what the SDK says, and brokenBody: no refusal, no answer
// that isn't S3's. It has no bucket of tokens: their number and time bound the
// attempts.
type patient struct {
	aws.RetryerV2
	outage *outage
	begun  time.Time // when the request was first made
}

// newPatient returns the retryer of which each request has a copy. patience 0 is
// the usual one.
func newPatient(patience time.Duration) patient {
	o := &outage{patience: cmp.Or(patience, usualPatience)}
	return patient{outage: o, RetryerV2: retry.NewStandard(func(s *retry.StandardOptions) {
		s.MaxAttempts = listAttempts
		s.MaxBackoff = o.patience / 12
		s.BaseDelay = shortestBackoff
		s.RateLimiter = ratelimit.None
	})}
}

// patiently makes a request that of a listing.
func (b *Bucket) patiently(o *s3.Options) {
	p := b.patient
	p.begun = time.Now()
	o.Retryer = p
}

// GetAttemptToken waits for the pause of all. It is asked before each attempt,
// and before the attempt takes a slot: nobody holds one while waiting.
func (p patient) GetAttemptToken(ctx context.Context) (func(error) error, error) {
	if err := p.outage.wait(ctx); err != nil {
		return nil, err
	}
	return func(err error) error {
		if err == nil {
			p.outage.over()
		}
		return nil
	}, nil
}

// IsErrorRetryable says whether there is another attempt, but for their number. A
// request that hangs until it times out isn't made for ever because others fare
// better, and a dead server isn't waited for by each request anew.
func (p patient) IsErrorRetryable(err error) bool {
	now := time.Now()
	return p.RetryerV2.IsErrorRetryable(err) && p.outage.failed(now) && now.Sub(p.begun) < p.outage.patience
}

// RetryDelay is the pause before an attempt, which all listings keep.
func (p patient) RetryDelay(attempt int, err error) (time.Duration, error) {
	delay, err := p.RetryerV2.RetryDelay(attempt, err)
	p.outage.pause(time.Now(), delay)
	return delay, err
}
