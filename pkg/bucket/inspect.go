package bucket

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
)

// What State.Versioning and State.ObjectLock may say.
const (
	StateNever     = "never"     // versioning was never on, so that no version can exist
	StateEnabled   = "enabled"   // versioning, or Object Lock, is on
	StateSuspended = "suspended" // versioning was on: versions may exist
	StateNone      = "none"      // no Object Lock
	StateUnknown   = "unknown"   // the server can't say
)

// State is what a store's server says of the bucket and of itself.
type State struct {
	Versioning string // never, enabled, suspended, unknown
	ObjectLock string // none, enabled, unknown
	Provider   string // "aws", the Server header's product, or the endpoint's host

	// Skew is the server's clock minus the local one, as the Date header shows
	// it: cut to a whole second, so up to a second too low. LocalTime is the
	// middle between request and answer. Both times are UTC.
	Skew                  time.Duration
	ServerTime, LocalTime time.Time
}

// Inspect asks for the state of the bucket. It writes nothing. An error means
// that the store must be left alone: it can't be reached, it isn't S3, the
// bucket isn't there, its versioning state can't be read (unless the
// configuration answers for it), or the answers carry no date. The State
// returned beside an error holds what was found until then.
func (b *Bucket) Inspect(ctx context.Context) (State, error) {
	state := State{Versioning: StateUnknown, ObjectLock: StateUnknown}
	versioning, x, err := b.versioning(ctx)
	state.Provider = provider(b.host(), x.header.Get("Server"))
	if err != nil {
		return state, err
	}
	state.Versioning = versioning
	if err := b.readClocks(x, &state); err != nil {
		return state, err
	}
	if state.ObjectLock, err = b.objectLock(ctx); err != nil {
		return state, err
	}
	return state, ctx.Err()
}

// versioning reads the bucket's versioning state. Where the server can't or
// won't say, `versioning: never` in the configuration is the answer; without it
// a server that can't is unknown, and one that won't is an error. What the
// server does say is believed over the configuration.
func (b *Bucket) versioning(ctx context.Context) (string, exchange, error) {
	ctx, x := watched(ctx)
	out, err := b.client.GetBucketVersioning(ctx, &s3.GetBucketVersioningInput{Bucket: &b.cfg.Bucket})
	if err = b.fail("asking for the versioning state of", "s3:GetBucketVersioning", err); err != nil {
		state, err := b.unsaidVersioning(err)
		return state, *x, err
	}
	switch out.Status {
	case "":
		return StateNever, *x, nil
	case types.BucketVersioningStatusEnabled:
		return StateEnabled, *x, nil
	case types.BucketVersioningStatusSuspended:
		return StateSuspended, *x, nil
	}
	return StateUnknown, *x, b.lie("asking for the versioning state of", "the answer is neither Enabled nor Suspended nor empty")
}

func (b *Bucket) unsaidVersioning(err error) (string, error) {
	e := (*Error)(nil)
	if !errors.As(err, &e) {
		return StateUnknown, err
	}
	// Only the answer of an S3 server that can't say leaves the question to the
	// configuration. One that refuses to may well know of versions, and a bucket
	// that can't be reached has no state.
	answered := e.Status != http.StatusForbidden && e.Status >= 400 && (e.Code != "" || notImplemented(e)) && e.Code != "NoSuchBucket" &&
		!transient(e.Code) && !wrongRegion(e.Code) && !credentialsRefused(e.Code) && e.Status != http.StatusUnauthorized
	switch {
	case answered && b.cfg.Versioning == StateNever:
		return StateNever, nil
	case answered && notImplemented(e):
		return StateUnknown, nil
	case answered:
		e.Words += "; or, if versioning was never on in this bucket, set the store's `versioning: never`"
	}
	return StateUnknown, err
}

// readClocks compares the server's clock with the local one.
func (b *Bucket) readClocks(x exchange, state *State) error {
	date, err := http.ParseTime(x.header.Get("Date"))
	if err != nil {
		return &Error{Store: b.cfg.Name, Bucket: b.cfg.Bucket, Doing: "reading the server's clock for",
			Words: fmt.Sprintf("the answers of %s have no valid Date header, so that clocks can't be compared: let the server, or the proxy before it, send one", b.endpoint())}
	}
	state.ServerTime = date.UTC()
	state.LocalTime = x.sent.Add(x.received.Sub(x.sent) / 2).UTC()
	state.Skew = state.ServerTime.Sub(state.LocalTime)
	return nil
}

// objectLock asks whether the bucket has Object Lock. A server that can't or
// won't say is unknown; only one that can't be reached is an error.
func (b *Bucket) objectLock(ctx context.Context) (string, error) {
	out, err := b.client.GetObjectLockConfiguration(ctx, &s3.GetObjectLockConfigurationInput{Bucket: &b.cfg.Bucket})
	if err == nil {
		if c := out.ObjectLockConfiguration; c != nil && c.ObjectLockEnabled == types.ObjectLockEnabledEnabled {
			return StateEnabled, nil
		}
		return StateNone, nil
	}
	err = b.fail("asking for the Object Lock state of", "s3:GetBucketObjectLockConfiguration", err)
	e := (*Error)(nil)
	switch {
	case Code(err) == "ObjectLockConfigurationNotFoundError":
		return StateNone, nil
	case errors.Is(err, errNotS3), errors.As(err, &e) && e.Status != 0:
		return StateUnknown, nil
	}
	return StateUnknown, err
}

// host is the endpoint's host name, "" for AWS's own.
func (b *Bucket) host() string {
	u, err := url.Parse(b.cfg.Endpoint)
	if err != nil {
		return "unknown"
	}
	return u.Hostname()
}
