package bucket

import (
	"context"
	"errors"
	"net/http"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/sweeper-audit/sweeper/pkg/retention"
)

// Metadata returns the value of a user metadata header of the entry; name is
// what follows x-amz-meta-, in any case. ok is false if the entry has no such
// header. The error wraps ErrGone if the entry isn't there any more, or if its
// name has other bytes now. It needs the right to read objects, and reads none.
func (b *Bucket) Metadata(ctx context.Context, e retention.Entry, name string) (value string, ok bool, err error) {
	const doing = "reading the metadata of an entry in"
	if err := b.named(doing, e); err != nil {
		return "", false, err
	}
	if e.Kind != retention.Object && e.Kind != retention.Version {
		return "", false, &Error{Store: b.cfg.Name, Bucket: b.cfg.Bucket, Doing: doing, Words: "only versions of objects have metadata that can be read"}
	}
	out, err := b.head(ctx, e)
	if err != nil {
		err = b.failOn(doing, "s3:GetObject and s3:GetObjectVersion", err)
		// A "null" version that a delete marker took the place of.
		if failed := (*Error)(nil); errors.As(err, &failed) && failed.Status == http.StatusMethodNotAllowed && e.Rewritable() {
			return "", false, b.gone(doing)
		}
		return "", false, err
	}
	if e.ETag != "" && strings.Trim(e.ETag, `"`) != strings.Trim(aws.ToString(out.ETag), `"`) {
		return "", false, b.gone(doing)
	}
	value, ok = out.Metadata[strings.ToLower(name)]
	if !ok && aws.ToInt32(out.MissingMeta) > 0 {
		return "", false, &Error{Store: b.cfg.Name, Bucket: b.cfg.Bucket, Doing: doing,
			Words: "some of its metadata can't be a header, so the server left it out (x-amz-missing-meta): whether the header is there isn't known"}
	}
	return value, ok, nil
}

// head asks for the entry by its version id. A current "null" version that isn't
// found so is asked for without: versitygw knows it by no id.
func (b *Bucket) head(ctx context.Context, e retention.Entry) (*s3.HeadObjectOutput, error) {
	in := &s3.HeadObjectInput{Bucket: &b.cfg.Bucket, Key: &e.Key, VersionId: optional(e.ID)}
	out, err := b.client.HeadObject(ctx, in)
	if e.Kind != retention.Object || e.ID != nullID || Code(err) != "NotFound" {
		return out, err
	}
	in.VersionId = nil
	plain, plainErr := b.client.HeadObject(ctx, in)
	if plainErr != nil || (aws.ToString(plain.VersionId) != "" && *plain.VersionId != nullID) {
		return out, err // what is there now is another version
	}
	return plain, nil
}
