package listxml_test

import (
	"bytes"
	"reflect"
	"strings"
	"testing"

	"github.com/sweeper-audit/sweeper/pkg/bucket/listxml"
)

// Whatever was read into a room before, whole, longer or refused, nothing of it
// is in the next answer, and what was copied out of it stays.
func TestARoomThatIsUsedAgainHoldsTheLastAnswerAlone(t *testing.T) {
	room, kept, want := new(listxml.Room), []string{}, []string{}
	answers := [][]byte{full("ListBucketResult")}
	for _, r := range recorded(t) {
		answers = append(answers, r.body, bytes.TrimSpace(r.body)[:len(r.body)/2])
	}
	for _, doc := range crafted() {
		answers = append(answers, []byte(doc))
	}
	for _, doc := range answers {
		got, err := room.Objects(doc)
		fresh, refused := listxml.Objects(doc)
		if (err != nil) != (refused != nil) || !reflect.DeepEqual(got, fresh) {
			t.Fatalf("%s\n got %+v, %v\nwant %+v, %v", doc, got, err, fresh, refused)
		}
		if err == nil {
			for _, o := range got.Contents {
				kept, want = append(kept, *o.Key), append(want, strings.Clone(*o.Key))
			}
		}
	}
	if len(kept) < 1000 || !reflect.DeepEqual(kept, want) {
		t.Error("keys that were copied out of the room have changed")
	}
}
