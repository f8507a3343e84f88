package bucket

import (
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/iotest"
)

// served is an HTTP client that always answers with a body.
type served struct{ body io.Reader }

func (s served) Do(*http.Request) (*http.Response, error) {
	return &http.Response{Body: io.NopCloser(s.body)}, nil
}

func TestASlotIsGivenBackOnceWhenTheAnswerEndsBreaksOrIsClosed(t *testing.T) {
	read := func(body io.ReadCloser) { _, _ = io.Copy(io.Discard, body) }
	shut := func(body io.ReadCloser) { _ = body.Close() }
	for name, c := range map[string]struct {
		body  io.Reader
		steps []func(io.ReadCloser)
	}{
		"read to the end":  {strings.NewReader("x"), []func(io.ReadCloser){read}},
		"broken":           {iotest.ErrReader(io.ErrUnexpectedEOF), []func(io.ReadCloser){read}},
		"closed":           {strings.NewReader("x"), []func(io.ReadCloser){shut}},
		"read, and closed": {strings.NewReader("x"), []func(io.ReadCloser){read, shut, shut}},
	} {
		t.Run(name, func(t *testing.T) {
			slots := NewSlots(2)
			slots <- struct{}{} // another's
			request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://x", http.NoBody)
			if err != nil {
				t.Fatal(err)
			}
			answer, err := slotted{served{c.body}, slots}.Do(request) //nolint:bodyclose // whether and when it is closed is what is tested
			if err != nil || len(slots) != 2 {
				t.Fatalf("%d slots are taken, error %v", len(slots), err)
			}
			for _, step := range c.steps {
				step(answer.Body)
			}
			if len(slots) != 1 {
				t.Errorf("%d slots are taken, want the other's alone", len(slots))
			}
		})
	}
}
