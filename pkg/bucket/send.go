package bucket

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/sweeper-audit/sweeper/pkg/retention"
)

const (
	maxBatch   = 1000 // S3's limit for one DeleteObjects
	nullID     = "null"
	deleting   = "deleting in"
	rightsNull = "s3:DeleteObject and s3:DeleteObjectVersion"
)

// send sends each entry once: all that XML can carry in batches, the others and
// those that failed in batches twice one by one, so that one key never spoils
// the others' batch. Entries without an id go as version "null" or, without
// null, as plain deletes.
func (b *Bucket) send(ctx context.Context, entries []retention.Entry, null bool) []Deletion {
	if out, done := b.proveETag(ctx, entries, null); done {
		return out
	}
	out := make([]Deletion, len(entries))
	var batch, single []int
	for i, e := range entries {
		if carriable(e.Key) && !b.learned.stubborn(e) {
			batch = append(batch, i)
		} else {
			single = append(single, i)
		}
	}
	for places := range slices.Chunk(batch, maxBatch) {
		place(out, places, b.sendBatch(ctx, pick(entries, places), null))
	}
	for _, at := range single {
		out[at] = b.sendOne(ctx, entries[at], null)
	}
	return out
}

// versionID is the id that a delete of e names, "" for a plain delete.
func versionID(e retention.Entry, null bool) string {
	if e.ID == "" && null {
		return nullID
	}
	return e.ID
}

// sendBatch is one DeleteObjects.
func (b *Bucket) sendBatch(ctx context.Context, entries []retention.Entry, null bool) []Deletion {
	room := 0
	for i := range entries {
		room += len(entries[i].Key) + len(entries[i].ID) + rowSize
	}
	batch := newBatch(room)
	for i := range entries {
		e := &entries[i]
		batch.add(e.Key, versionID(*e, null), aws.ToString(b.etagOf(*e)))
	}
	out, err := b.deleteObjects(ctx, batch, once)
	if err != nil {
		return alike(len(entries), b.fateOf(err))
	}
	a := newAnswer(entries, null)
	for i := range out.Deleted {
		a.deleted(&out.Deleted[i])
	}
	for i := range out.Errors {
		a.failed(&out.Errors[i])
	}
	b.unasked.Add(a.unasked)
	for i, d := range a.fates() {
		switch {
		case d.Code == internalError:
			b.learned.failedInBatch(entries[i])
		case d.Status == Deleted:
			b.learned.forget(entries[i])
		}
	}
	return a.fates()
}

// once keeps the SDK from sending a delete again by itself: what was written
// between two attempts would be deleted with it.
func once(o *s3.Options) { o.Retryer = aws.NopRetryer{} }

func (b *Bucket) deleteObjects(ctx context.Context, batch batch, options ...func(*s3.Options)) (*s3.DeleteObjectsOutput, error) {
	batch.close()
	in := &s3.DeleteObjectsInput{Bucket: &b.cfg.Bucket, Delete: &types.Delete{Objects: []types.ObjectIdentifier{}}}
	return b.client.DeleteObjects(ctx, in, append(options, func(o *s3.Options) {
		b.applyChecksum(in, o)
		o.APIOptions = append(o.APIOptions, batch.install)
	})...)
}

// sendOne is one DeleteObject.
func (b *Bucket) sendOne(ctx context.Context, e retention.Entry, null bool) Deletion {
	id := versionID(e, null)
	out, err := b.client.DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: &b.cfg.Bucket, Key: &e.Key, VersionId: optional(id), IfMatch: b.etagOf(e)}, once)
	if err != nil {
		return b.fateOf(err)
	}
	b.learned.forget(e)
	return acknowledged(e, aws.ToBool(out.DeleteMarker), aws.ToString(out.VersionId), "")
}

// fateOf is the fate of every entry of a request that failed as a whole. A
// refusal by S3 (4xx) says that nothing was done. Anything else may hide a
// request that was carried out.
func (b *Bucket) fateOf(err error) Deletion {
	e := (*Error)(nil)
	if !errors.As(b.fail(deleting, rightsNull, err), &e) {
		return Deletion{Code: CodeNoAnswer, Retryable: true}
	}
	code := e.Code
	if code == "" {
		code = CodeNoAnswer
		if e.Status >= 300 {
			code = fmt.Sprintf("HTTP_%d", e.Status)
		}
	}
	switch {
	case errors.Is(err, errNotS3):
		return Deletion{Code: code}
	case e.Status < 300, e.Status >= 500, transient(code),
		e.Status == http.StatusRequestTimeout, e.Status == http.StatusTooManyRequests:
		return Deletion{Code: code, Retryable: true}
	case absentCode(code):
		return Deletion{Code: code}
	case code == preconditionFailed:
		return Deletion{Code: CodeChanged}
	}
	return Deletion{Status: Failed, Code: code}
}

// acknowledged judges a success. An entry of a bucket that never had versioning
// has no version but "null", and its delete makes no marker: an answer that
// speaks of either says that versioning was switched on, and that the data may
// still be there under a marker. The same goes for one with an id whose answer
// names another: the id was not heeded, and a marker was made.
func acknowledged(e retention.Entry, marker bool, version, markerID string) Deletion {
	made := marker || markerID != ""
	switch {
	case e.ID == "" && (made || version != "" && version != nullID),
		e.ID != "" && (markerID != "" && markerID != e.ID || version != "" && version != e.ID):
		return Deletion{Status: Failed, Code: CodeVersioningChanged}
	case made && e.Kind != retention.Marker:
		// What went was a delete marker that had taken the name ("null").
		return Deletion{Code: CodeChanged}
	}
	return Deletion{Status: Deleted}
}
