package containers

import (
	"encoding/json"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// readerMay is all that Sweeper needs to look at a bucket, and nothing that
// changes one.
func readerMay() []string {
	return []string{
		"s3:ListBucket", "s3:ListBucketVersions", "s3:ListBucketMultipartUploads", "s3:GetBucketLocation",
		"s3:GetBucketVersioning", "s3:GetBucketObjectLockConfiguration",
	}
}

// AddReader makes an account that may list the bucket and ask for its state,
// but delete nothing in it. It replaces the bucket's policy.
func (s *Server) AddReader(t testing.TB, bucket, accessKey, secretKey string) {
	t.Helper()
	s.AddUser(t, accessKey, secretKey)
	s.Allow(t, bucket, accessKey, readerMay()...)
}

// Allow makes the given actions the only ones that the bucket's policy allows,
// and accessKey the only account that it allows them to.
func (s *Server) Allow(t testing.TB, bucket, accessKey string, actions ...string) {
	t.Helper()
	// The bucket itself for what is asked of it, /* for what is done to its objects.
	statement := map[string]any{
		"Effect":    "Allow",
		"Principal": map[string]any{"AWS": []string{accessKey}},
		"Action":    actions,
		// The bucket for what is asked of it, /* for what is done to its objects.
		"Resource": []string{"arn:aws:s3:::" + bucket, "arn:aws:s3:::" + bucket + "/*"},
	}
	policy, err := json.Marshal(map[string]any{"Version": "2012-10-17", "Statement": []any{statement}})
	if err != nil {
		t.Fatalf("write the policy of bucket %s: %v", bucket, err)
	}
	_, err = s.Admin().PutBucketPolicy(t.Context(), &s3.PutBucketPolicyInput{
		Bucket: aws.String(bucket), Policy: aws.String(string(policy)),
	})
	if err != nil {
		t.Fatalf("set the policy of bucket %s: %v", bucket, err)
	}
}
