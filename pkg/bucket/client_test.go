package bucket

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
)

func TestTheEnvironmentDoesNotRedirectAStore(t *testing.T) {
	t.Setenv("AWS_ENDPOINT_URL", "http://elsewhere.invalid")
	t.Setenv("AWS_ENDPOINT_URL_S3", "http://elsewhere.invalid")
	t.Setenv("AWS_REQUEST_CHECKSUM_CALCULATION", "when_supported")
	for _, endpoint := range []string{"", "http://127.0.0.1:9000"} {
		b, err := Open(t.Context(), Config{Name: "s", Bucket: "b", Region: "eu-west-1", Endpoint: endpoint})
		if err != nil {
			t.Fatal(err)
		}
		got := ""
		if base := b.client.Options().BaseEndpoint; base != nil {
			got = *base
		}
		if got != endpoint {
			t.Errorf("requests of a store with endpoint %q go to %q", endpoint, got)
		}
		if o := b.client.Options(); o.RequestChecksumCalculation != aws.RequestChecksumCalculationWhenRequired ||
			o.ResponseChecksumValidation != aws.ResponseChecksumValidationWhenRequired {
			t.Error("checksums are sent that no one demanded")
		}
	}
}

func TestProviderOfAStoreOnAWSIsAWSWhateverAnswers(t *testing.T) {
	for host, want := range map[string]string{
		"": "aws", "s3.eu-west-1.amazonaws.com": "aws", "s3.cn-north-1.amazonaws.com.cn": "aws",
		"notamazonaws.com": "X", "amazonaws.com.example.org": "X",
	} {
		if got := provider(host, "X/1 (y)"); got != want {
			t.Errorf("provider of host %q is %q, want %q", host, got, want)
		}
	}
}

func TestAnswersOfS3AreToldFromOthers(t *testing.T) {
	for name, c := range map[string]struct {
		operation string
		status    int
		body      string
		s3        bool
		becomes   int // the status that the SDK sees
	}{
		"a listing":              {"ListObjectsV2", 200, "<?xml version=\"1.0\"?><ListBucketResult>", true, 200},
		"a listing's neighbour":  {"ListObjectsV2", 200, "<ListVersionsResult/>", false, 200},
		"an error as a success":  {"ListObjectsV2", 200, "<Error><Code>InternalError</Code></Error>", true, 500},
		"an error":               {"ListObjectsV2", 403, "<Error/>", true, 403},
		"an error without body":  {"ListObjectsV2", 403, "", true, 403},
		"an outage's page":       {"ListObjectsV2", 503, "<html/>", true, 503},
		"a page":                 {"ListObjectsV2", 200, "<html/>", false, 200},
		"a page, not found":      {"ListObjectsV2", 404, "<html/>", false, 404},
		"nothing":                {"ListObjectsV2", 200, "", false, 200},
		"a delete":               {"DeleteObject", 204, "", true, 204},
		"a delete with a page":   {"DeleteObject", 200, "<html/>", false, 200},
		"a delete with an error": {"DeleteObject", 200, "<Error/>", true, 500},
	} {
		t.Run(name, func(t *testing.T) {
			answer := &http.Response{StatusCode: c.status, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(c.body))}
			err := checkAnswer(c.operation, answer)
			if errors.Is(err, errNotS3) == c.s3 || answer.StatusCode != c.becomes {
				t.Errorf("error %v, status %d; want S3: %v, status %d", err, answer.StatusCode, c.s3, c.becomes)
			}
			if body, err := io.ReadAll(answer.Body); err != nil || string(body) != c.body {
				t.Errorf("the body left to read is %q, %v", body, err)
			}
		})
	}
}
