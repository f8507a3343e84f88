package deploy_test

import (
	"bytes"
	"encoding/json"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// bucketStatement is a statement of a bucket's policy: it says whom it is about.
type bucketStatement struct {
	Sid, Effect, Principal string
	Action, Resource       texts
	Condition              map[string]map[string]string
}

func bucketPolicy(t *testing.T, name string) []bucketStatement {
	t.Helper()
	var p struct {
		Version   string
		Statement []bucketStatement
	}
	decoder := json.NewDecoder(bytes.NewReader(read(t, name)))
	decoder.DisallowUnknownFields()
	require.NoError(t, decoder.Decode(&p))
	assert.Equal(t, "2012-10-17", p.Version)
	return p.Statement
}

func TestTheVaultsBucketRefusesASecondVersionAMarkerAndAShorterLockToEveryone(t *testing.T) {
	const vault = "arn:aws:s3:::sweeper-evidence"
	assert.Equal(t, []bucketStatement{
		// Null true: the request has no such header. With the header S3 itself
		// refuses a name that is taken.
		{"NoSecondVersion", "Deny", "*", texts{"s3:PutObject"}, texts{vault + "/*"},
			map[string]map[string]string{"Null": {"s3:if-none-match": "true"}}},
		{"NoEraseNoMarkerNoShorterLock", "Deny", "*", texts{"s3:BypassGovernanceRetention", "s3:DeleteObject", "s3:DeleteObjectVersion"},
			texts{vault + "/*"}, nil},
		{"NoOtherRulesForTheBucket", "Deny", "*", texts{"s3:DeleteBucket", "s3:PutBucketObjectLockConfiguration", "s3:PutBucketVersioning"},
			texts{vault}, nil},
	}, bucketPolicy(t, "iam/evidence-bucket-policy.json"))
}

// The bucket's policy is for everyone, so it must not stand in the way of who
// writes the evidence or reads it.
func TestTheVaultsBucketDeniesNothingThatTheWriterOrTheAuditorNeeds(t *testing.T) {
	var needed []string
	for _, file := range []string{"iam/evidence-writer.json", "iam/auditor.json"} {
		for _, s := range policy(t, file) {
			if s.Effect == "Allow" && slices.ContainsFunc(s.Resource, func(r string) bool {
				return r == "arn:aws:s3:::sweeper-evidence" || r == "arn:aws:s3:::sweeper-evidence/*"
			}) {
				needed = append(needed, s.Action...)
			}
		}
	}
	require.Contains(t, needed, "s3:PutObject")
	for _, s := range bucketPolicy(t, "iam/evidence-bucket-policy.json") {
		for _, action := range s.Action {
			if s.Condition == nil {
				assert.NotContains(t, needed, action, s.Sid)
			}
		}
	}
}

func TestTheAuditorMayListAndReadTheVaultAndNothingElse(t *testing.T) {
	const vault = "arn:aws:s3:::sweeper-evidence"
	assert.Equal(t, map[string]statement{
		"ListTheVault": {"ListTheVault", "Allow", texts{"s3:ListBucket", "s3:ListBucketVersions"}, texts{vault}},
		"ReadTheVault": {"ReadTheVault", "Allow", texts{"s3:GetObject", "s3:GetObjectRetention"}, texts{vault + "/*"}},
	}, policy(t, "iam/auditor.json"))
}
