package bucket

import (
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// How a DeleteObjects proves that it arrived whole. S3 demands a checksum, but
// servers differ in which: older ones want Content-MD5 and some reject every
// x-amz-checksum header.
const (
	checksumAuto  = "auto"  // the SDK's default, until the probe finds that MD5 is wanted
	checksumCRC32 = "crc32" // x-amz-checksum-crc32
	checksumMD5   = "md5"   // Content-MD5, and no x-amz-checksum header
)

// applyChecksum sets the checksum of one DeleteObjects.
func (b *Bucket) applyChecksum(in *s3.DeleteObjectsInput, o *s3.Options) {
	switch {
	case b.cfg.Checksum == checksumMD5, b.learned.wantsMD5():
		o.APIOptions = append(o.APIOptions, contentMD5)
	case b.cfg.Checksum == checksumCRC32:
		in.ChecksumAlgorithm = types.ChecksumAlgorithmCrc32
	}
}

// contentMD5 puts Content-MD5 in the place of the SDK's own checksum: without
// its set-up no algorithm is chosen, and none is computed.
func contentMD5(stack *middleware.Stack) error {
	if _, err := stack.Initialize.Remove("AWSChecksum:SetupInputContext"); err != nil {
		return err
	}
	return smithyhttp.AddContentChecksumMiddleware(stack)
}
