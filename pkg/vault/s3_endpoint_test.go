package vault

import "testing"

func TestNoEndpointFromTheEnvironmentRedirectsAVault(t *testing.T) {
	for name, value := range map[string]string{
		"AWS_ENDPOINT_URL": "http://elsewhere.invalid", "AWS_ENDPOINT_URL_S3": "http://elsewhere.invalid",
		"AWS_CONFIG_FILE": "/nonexistent", "AWS_SHARED_CREDENTIALS_FILE": "/nonexistent",
		"AWS_PROFILE": "", "AWS_EC2_METADATA_DISABLED": "true",
	} {
		t.Setenv(name, value)
	}
	const own = "https://s3.example.org"
	for _, endpoint := range []string{"", own} {
		s, err := OpenS3(t.Context(), S3Config{Bucket: "vault", Region: "eu-central-1", Endpoint: endpoint})
		if err != nil {
			t.Fatal(err)
		}
		got := s.client.Options().BaseEndpoint
		if endpoint == "" && got != nil {
			t.Errorf("a vault on AWS is sought at %s", *got)
		}
		if endpoint != "" && (got == nil || *got != endpoint) {
			t.Errorf("a vault at %s is sought elsewhere", endpoint)
		}
	}
}
