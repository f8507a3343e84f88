package vault

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// maxEmptyPages is how many pages without a key may follow each other. Some
// servers send a few while they skip what was deleted.
const maxEmptyPages = 100

// List implements Area. A token that comes again, a page that is cut off
// without a token, a key listed twice or one outside the prefix is an error.
// In a bucket with versions the current ones are listed.
func (s *S3) List(ctx context.Context, prefix string) ([]string, error) {
	if err := checkPrefix(prefix); err != nil {
		return nil, err
	}
	var names []string
	seen, tokens := map[string]bool{}, map[string]bool{}
	in := &s3.ListObjectsV2Input{Bucket: &s.bucket, Prefix: s.key(prefix)}
	for empty := 0; ; {
		page, err := s.client.ListObjectsV2(ctx, in)
		if err != nil {
			return nil, s.fail("listing", prefix, err)
		}
		for _, o := range page.Contents {
			name, inside := strings.CutPrefix(aws.ToString(o.Key), s.prefix)
			switch {
			case !inside || !strings.HasPrefix(name, prefix):
				return nil, s.fail("listing", prefix, errors.New("the server lists a key outside the prefix it was asked for"))
			case seen[name]:
				return nil, s.fail("listing", prefix, errors.New("the server lists a key twice"))
			}
			seen[name] = true
			if name != "" { // the prefix itself, as consoles create it to show a folder
				names = append(names, name)
			}
		}
		if page.IsTruncated == nil {
			return nil, s.fail("listing", prefix, errors.New("the answer doesn't say whether more follows"))
		}
		if !*page.IsTruncated {
			slices.Sort(names)
			return names, nil
		}
		if empty++; len(page.Contents) > 0 {
			empty = 0
		}
		token := aws.ToString(page.NextContinuationToken)
		if token == "" || tokens[token] || empty > maxEmptyPages {
			return nil, s.fail("listing", prefix, errors.New("the listing doesn't end: more is announced, but nothing new comes"))
		}
		tokens[token] = true
		in.ContinuationToken = aws.String(token)
	}
}

// version is one version or delete marker of a key.
type version struct{ id string }

// versions lists all that the bucket holds under exactly this name, with true;
// or false if the server has no such listing, and so no versions.
func (s *S3) versions(ctx context.Context, name string) ([]version, bool, error) {
	var found []version
	key := s.key(name)
	marks := map[[2]string]bool{}
	in := &s3.ListObjectVersionsInput{Bucket: &s.bucket, Prefix: key}
	for {
		page, err := s.client.ListObjectVersions(ctx, in)
		if isNotImplemented(err) {
			return nil, false, nil
		}
		if err != nil {
			return nil, false, s.fail("listing the versions of", name, err)
		}
		for _, v := range page.Versions {
			if aws.ToString(v.Key) == *key {
				found = append(found, version{aws.ToString(v.VersionId)})
			}
		}
		for _, m := range page.DeleteMarkers {
			if aws.ToString(m.Key) == *key {
				found = append(found, version{aws.ToString(m.VersionId)})
			}
		}
		if !aws.ToBool(page.IsTruncated) {
			return found, true, nil
		}
		mark := [2]string{aws.ToString(page.NextKeyMarker), aws.ToString(page.NextVersionIdMarker)}
		if mark[0] == "" || marks[mark] {
			return nil, false, s.fail("listing the versions of", name, errors.New("the listing doesn't end: more is announced, but nothing new comes"))
		}
		marks[mark] = true
		in.KeyMarker, in.VersionIdMarker = page.NextKeyMarker, page.NextVersionIdMarker
	}
}
