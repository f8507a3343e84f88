package bucket

import (
	"context"
	"errors"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/smithy-go"
	"github.com/google/uuid"
)

const probing = "asking for the right to delete in"

// ProbeDelete asks for the right to delete in the only way there is: it deletes
// a random key under the prefix that cannot exist. It is for a bucket that
// never had versioning (it asks, and refuses any other: there a server that
// ignores the version id would leave a delete marker), and only for a run that
// means to delete. It also finds out which checksum DeleteObjects wants and, if
// the server refuses it outright, that "null" is no version id here. A nil
// error means that the delete of that key was acknowledged.
func (b *Bucket) ProbeDelete(ctx context.Context) error {
	versioning, _, err := b.versioning(ctx)
	if err != nil {
		return err
	}
	if versioning != StateNever {
		return &Error{Store: b.cfg.Name, Bucket: b.cfg.Bucket, Doing: probing,
			Words: fmt.Sprintf("not asked, because the versioning state is %s and only a bucket that never had versioning may be asked", versioning)}
	}
	null := b.learned.nullState() != nullRefused
	err = b.probe(ctx, null)
	if auto := b.cfg.Checksum == "" || b.cfg.Checksum == checksumAuto; auto && !b.learned.wantsMD5() && wantsMD5(err) {
		b.learned.setMD5()
		err = b.probe(ctx, null)
	}
	if null && versionIDRefused(Code(err)) && Code(err) != "NoSuchVersion" {
		// NoSuchVersion is also the truth about a key that doesn't exist; the
		// first real delete finds out.
		if plain := b.probe(ctx, false); plain == nil {
			b.learned.setNull(nullRefused)
			return nil
		}
	}
	return b.probeError(err)
}

// probe deletes one key that cannot exist. A refusal of the key alone comes back
// as a smithy.APIError, like a refusal of the request.
func (b *Bucket) probe(ctx context.Context, null bool) error {
	key, id := b.cfg.Prefix+".sweeper-probe-"+uuid.NewString(), ""
	if null {
		id = nullID
	}
	batch := newBatch(len(key) + rowSize)
	batch.add(key, id, "")
	out, err := b.deleteObjects(ctx, batch)
	switch {
	case err != nil:
		return err
	case len(out.Errors) > 0:
		return refusal(out.Errors[0])
	case len(out.Deleted) == 0 || aws.ToString(out.Deleted[0].Key) != key:
		return errors.New("the key is in neither list of the answer")
	case aws.ToBool(out.Deleted[0].DeleteMarker):
		return &smithy.GenericAPIError{Code: CodeVersioningChanged}
	}
	return nil
}

func refusal(row types.Error) error {
	return &smithy.GenericAPIError{Code: aws.ToString(row.Code), Message: aws.ToString(row.Message)}
}

func wantsMD5(err error) bool {
	refused := smithy.APIError(nil)
	return errors.As(err, &refused) && md5Demanded(refused.ErrorCode(), refused.ErrorMessage())
}

// probeError says what a failed probe means; nil if the right was shown.
func (b *Bucket) probeError(err error) error {
	if err == nil || absentCode(Code(err)) {
		return nil
	}
	failed := (*Error)(nil)
	if !errors.As(b.fail(probing, rightsNull, err), &failed) {
		return err
	}
	switch {
	case failed.Code == CodeVersioningChanged:
		failed.Words = "the delete made a delete marker: versioning was switched on. Delete that marker, and check the bucket"
	case failed.Code == "" && failed.Status == 0 && failed.cause == nil:
		failed.Words = "the server answered and didn't say whether the key was deleted"
	case failed.Status >= 400 && failed.Status < 500 && failed.Status != 401 && failed.Status != 403 && failed.Status != 404:
		failed.Words = fmt.Sprintf("the server rejects DeleteObjects with checksum %q: set the store's `delete: {checksum: ...}` to another of auto, crc32, md5; if it rejects all, it can't be swept", b.checksumInUse())
	}
	return failed
}

func (b *Bucket) checksumInUse() string {
	switch {
	case b.learned.wantsMD5():
		return checksumMD5
	case b.cfg.Checksum == "":
		return checksumAuto
	}
	return b.cfg.Checksum
}
