package main

import (
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// held counts what the bucket holds: versions with current objects, markers and
// incomplete uploads.
func (g *gateway) held(t *testing.T) [3]int {
	t.Helper()
	versions, err := g.client.ListObjectVersions(t.Context(), &s3.ListObjectVersionsInput{Bucket: aws.String("exchanges")})
	if err != nil {
		t.Fatal(err)
	}
	uploads, err := g.client.ListMultipartUploads(t.Context(), &s3.ListMultipartUploadsInput{Bucket: aws.String("exchanges")})
	if err != nil {
		t.Fatal(err)
	}
	return [3]int{len(versions.Versions), len(versions.DeleteMarkers), len(uploads.Uploads)}
}

func (g *gateway) upload(t *testing.T, key string) {
	t.Helper()
	if _, err := g.client.CreateMultipartUpload(t.Context(), &s3.CreateMultipartUploadInput{Bucket: aws.String("exchanges"), Key: aws.String(key)}); err != nil {
		t.Fatal(err)
	}
}

func TestOnARealServerCheckReadsAVersionedBucketAndChangesNothing(t *testing.T) {
	t.Parallel()
	g := startGateway(t)
	g.versioned(t)
	for range 3 {
		if _, err := g.client.PutObject(t.Context(), &s3.PutObjectInput{Bucket: aws.String("exchanges"), Key: aws.String("acme/r1.request.json"), Body: strings.NewReader("{}")}); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := g.client.DeleteObject(t.Context(), &s3.DeleteObjectInput{Bucket: aws.String("exchanges"), Key: aws.String("acme/r1.request.json")}); err != nil {
		t.Fatal(err)
	}
	g.upload(t, "acme/r2.request.json")
	before := g.held(t)
	if before != [3]int{3, 1, 1} {
		t.Fatalf("the bucket holds %v", before)
	}
	b := install(t, configFor(g.Endpoint, dirVault), g.AccessKey, g.SecretKey)
	out, _ := b.run(t, 0, "check", "--json")
	for _, want := range []string{"versioning is enabled, Object Lock is ", "not asked", "of the first 4 the layout reads all but 0", "1 incomplete multipart uploads, listed to the end"} {
		if !strings.Contains(out, want) {
			t.Errorf("no %q in %s", want, out)
		}
	}
	if after := g.held(t); after != before {
		t.Errorf("the bucket held %v, and %v after the check", before, after)
	}
}

func TestOnARealServerPrefixOnlySeesTheTeamsKeysAndUploadsAndNoOther(t *testing.T) {
	t.Parallel()
	g := startGateway(t)
	g.put(t, "acme/r1.request.json", time.Now())
	g.put(t, "zeta-2/r1.request.json", time.Now())
	g.upload(t, "zeta-2/r2.request.json")
	b := install(t, configFor(g.Endpoint, dirVault), g.AccessKey, g.SecretKey)
	out, _ := b.run(t, 3, "attest", "--prefix-only", "--json")
	if p := report(t, out); p.ZDR.Mode != "prefixes" || p.Result != "inconclusive" || p.ZDR.Violation != 0 || p.Totals.Objects != 0 || p.Totals.Uploads != 1 {
		t.Errorf("with nothing of the team: %s, %+v, %+v", p.Result, p.ZDR, p.Totals)
	}
	g.upload(t, "zeta/r3.request.json")
	out, _ = b.run(t, 3, "attest", "--prefix-only", "--json")
	if p := report(t, out); p.Result != "broken" || p.ZDR.Violation != 1 || p.Totals.Uploads != 2 {
		t.Errorf("with an upload of the team: %s, %+v, %+v", p.Result, p.ZDR, p.Totals)
	}
	b.verified(t)
}
