package listxml_test

import (
	"bytes"
	"reflect"
	"slices"
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
		other := new(listxml.Room)
		got, err := room.ReadObjects(doc)
		fresh, refused := other.ReadObjects(doc)
		same := err != nil || slices.Equal(room.Objects, other.Objects)
		if (err != nil) != (refused != nil) || !same || !reflect.DeepEqual(got, fresh) {
			t.Fatalf("%s\n got %+v %+v, %v\nwant %+v %+v, %v", doc, got, room.Objects, err, fresh, other.Objects, refused)
		}
		if err == nil {
			for _, o := range room.Objects {
				kept, want = append(kept, o.Key), append(want, strings.Clone(o.Key))
			}
		}
	}
	if len(kept) < 1000 || !reflect.DeepEqual(kept, want) {
		t.Error("keys that were copied out of the room have changed")
	}
}
