package deploy_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/smithy-go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sweeper-audit/sweeper/pkg/bucket/buckettest/containers"
)

func code(err error) string {
	if api, ok := errors.AsType[smithy.APIError](err); ok {
		return api.ErrorCode()
	}
	return ""
}

// The condition key is AWS's; what the guide says of other servers, and that
// the rest of the policy holds there even against someone with every right.
func TestOnAnotherServerTheVaultsBucketKeepsWhatThePolicyCanSayThere(t *testing.T) {
	server := containers.Versitygw(t)
	bucket := aws.String("sweeper-evidence")
	admin := server.Admin()
	_, err := admin.CreateBucket(t.Context(), &s3.CreateBucketInput{Bucket: bucket, ObjectLockEnabledForBucket: aws.Bool(true)})
	require.NoError(t, err)

	var policy struct {
		Version   string
		Statement []map[string]any
	}
	require.NoError(t, json.Unmarshal(read(t, "iam/evidence-bucket-policy.json"), &policy))
	set := func() error {
		text, err := json.Marshal(policy)
		require.NoError(t, err)
		_, err = admin.PutBucketPolicy(t.Context(), &s3.PutBucketPolicyInput{Bucket: bucket, Policy: aws.String(string(text))})
		return err
	}
	require.Equal(t, "MalformedPolicy", code(set()))

	server.AddUser(t, "almighty", "almighty-secret-key")
	require.Equal(t, "NoSecondVersion", policy.Statement[0]["Sid"])
	policy.Statement[0] = map[string]any{"Effect": "Allow", "Principal": map[string]any{"AWS": []string{"almighty"}}, "Action": "s3:*",
		"Resource": []string{"arn:aws:s3:::sweeper-evidence", "arn:aws:s3:::sweeper-evidence/*"}}
	require.NoError(t, set())

	c := server.Client("almighty", "almighty-secret-key")
	key := aws.String("reports/0000000000/report.sigstore.json")
	put, err := c.PutObject(t.Context(), &s3.PutObjectInput{Bucket: bucket, Key: key, Body: strings.NewReader("{}"), IfNoneMatch: aws.String("*"),
		ObjectLockMode: types.ObjectLockModeGovernance, ObjectLockRetainUntilDate: aws.Time(time.Now().Add(48 * time.Hour))})
	require.NoError(t, err)
	_, err = c.DeleteObject(t.Context(), &s3.DeleteObjectInput{Bucket: bucket, Key: key})
	assert.Equal(t, "AccessDenied", code(err), "a delete marker")
	_, err = c.DeleteObject(t.Context(), &s3.DeleteObjectInput{Bucket: bucket, Key: key, VersionId: put.VersionId, BypassGovernanceRetention: aws.Bool(true)})
	assert.Equal(t, "AccessDenied", code(err), "a version")
	_, err = c.PutObjectRetention(t.Context(), &s3.PutObjectRetentionInput{Bucket: bucket, Key: key, BypassGovernanceRetention: aws.Bool(true),
		Retention: &types.ObjectLockRetention{Mode: types.ObjectLockRetentionModeGovernance, RetainUntilDate: aws.Time(time.Now().Add(time.Hour))}})
	assert.Error(t, err, "a shorter lock")
	_, err = c.PutBucketVersioning(t.Context(), &s3.PutBucketVersioningInput{Bucket: bucket,
		VersioningConfiguration: &types.VersioningConfiguration{Status: types.BucketVersioningStatusSuspended}})
	assert.Equal(t, "AccessDenied", code(err), "versioning")
	versions, err := c.ListObjectVersions(t.Context(), &s3.ListObjectVersionsInput{Bucket: bucket})
	require.NoError(t, err)
	assert.Len(t, versions.Versions, 1)
	assert.Empty(t, versions.DeleteMarkers)
}
