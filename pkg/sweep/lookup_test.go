package sweep

import (
	"testing"
	"time"

	"github.com/sweeper-audit/sweeper/pkg/bucket"
	"github.com/sweeper-audit/sweeper/pkg/retention"
)

func TestOnlyANameThatOtherBytesCanTakeIsJudgedByItsDate(t *testing.T) {
	for _, c := range []struct {
		kind retention.Kind
		id   string
		want sight
	}{
		{retention.Version, "v1", unchanged}, {retention.Marker, "v1", unchanged}, {retention.Upload, "u1", unchanged},
		{retention.Version, "null", changed}, {retention.Marker, "null", changed}, {retention.Object, "", changed},
	} {
		t.Run(string(c.kind)+" "+c.id, func(t *testing.T) {
			planned := Entry{Key: "k", Kind: c.kind, ID: c.id, LastModified: t0}
			later := planned
			later.LastModified = t0.Add(time.Second)
			l := looker{store: shelf{entries: []Entry{later}}, within: bucket.Range{What: bucket.Versions}, going: map[name]bool{nameOf(planned): true}}
			seen, err := l.look(t.Context(), []Entry{planned})
			if err != nil || seen[0] != c.want {
				t.Errorf("seen %v, %v, want %v", seen, err, c.want)
			}
		})
	}
}
