package listxml_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// recording is an answer that a real server gave: testdata/recorded/SERVER-WHAT.xml.
type recording struct {
	name, kind string
	body       []byte
}

func recorded(t testing.TB) (all []recording) {
	t.Helper()
	files, err := filepath.Glob("testdata/recorded/*.xml")
	if err != nil {
		t.Fatal(err)
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
