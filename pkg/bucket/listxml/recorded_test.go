package listxml_test

import (
	"bytes"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/sweeper-audit/sweeper/pkg/bucket/listxml"
)

// recording is an answer that a real server gave: testdata/recorded/SERVER-WHAT.xml.
type recording struct {
	name, kind string
	body       []byte
}

func recorded(t testing.TB) (all []recording) {
	t.Helper()
	files, err := filepath.Glob("testdata/recorded/*.xml")
	if err != nil || len(files) == 0 {
		t.Fatalf("no recorded answers: %v", err)
	}
	for _, file := range files {
		body, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		r := recording{name: strings.TrimSuffix(filepath.Base(file), ".xml"), body: body, kind: "ListBucketResult"}
		switch {
		case strings.Contains(r.name, "versions"):
			r.kind = "ListVersionsResult"
		case strings.Contains(r.name, "uploads"):
			r.kind = "ListMultipartUploadsResult"
		}
		all = append(all, r)
	}
	return all
}

func TestRecordedAnswersAreReadAsEncodingXMLAndTheSDKReadThem(t *testing.T) {
	for _, r := range recorded(t) {
		t.Run(r.name, func(t *testing.T) {
			got, err := decode(r.kind, r.body)
			if err != nil || got.Truncated == nil {
				t.Fatalf("got %+v, error %v", got, err)
			}
			want, err := reference(r.kind, r.body)
			if err != nil || !reflect.DeepEqual(got, want) {
				t.Errorf("encoding/xml: %v\n got %+v\nwant %+v", err, got, want)
			}
			_, order, _ := listxml.Versions(r.body)
			want, err = decodeSDK(t, r.kind, r.body, order)
			if err != nil || !reflect.DeepEqual(got, want) {
				t.Errorf("SDK: %v\n got %+v\nwant %+v", err, got, want)
			}
		})
	}
}

func TestAnAnswerThatIsCutOffAnywhereIsRefused(t *testing.T) {
	for _, r := range recorded(t) {
		whole := bytes.TrimRight(r.body, "\n")
		for cut := range whole {
			if got, err := decode(r.kind, whole[:cut]); err == nil {
				t.Fatalf("%s: the first %d of %d bytes are read as %+v", r.name, cut, len(whole), got)
			}
		}
	}
}

func TestAnErrorHoldsNothingOfTheAnswers(t *testing.T) {
	for _, r := range recorded(t) {
		for cut := range r.body {
			_, err := decode(r.kind, append(bytes.Clone(r.body[:cut]), "secret <secret &secret; secret"...))
			if err == nil || strings.Contains(err.Error(), "secret") || strings.ContainsAny(err.Error(), "<\n") {
				t.Fatalf("%s, cut at %d: error is %v", r.name, cut, err)
			}
		}
	}
}
