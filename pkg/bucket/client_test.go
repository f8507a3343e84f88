package bucket

import "testing"

func TestTheEnvironmentDoesNotRedirectAStore(t *testing.T) {
	t.Setenv("AWS_ENDPOINT_URL", "http://elsewhere.invalid")
	t.Setenv("AWS_ENDPOINT_URL_S3", "http://elsewhere.invalid")
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
