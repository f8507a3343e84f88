package retention_test

import (
	"testing"
	"time"

	"github.com/sweeper-audit/sweeper/pkg/retention"
)

func TestOnlyNamesThatCanGetOtherBytesAreRewritable(t *testing.T) {
	for _, c := range []struct {
		kind retention.Kind
		id   string
		want bool
	}{
		{retention.Object, "", true}, {retention.Object, "null", true}, {retention.Object, "v1", false},
		{retention.Version, "null", true}, {retention.Version, "v1", false},
		{retention.Marker, "null", true}, {retention.Marker, "v1", false}, {retention.Upload, "u1", false},
	} {
		if got := (retention.Entry{Kind: c.kind, ID: c.id}).Rewritable(); got != c.want {
			t.Errorf("%s %q: rewritable %v", c.kind, c.id, got)
		}
	}
}

func TestSameBytesNoticesEveryChange(t *testing.T) {
	e := retention.Entry{Key: "k", Kind: retention.Object, ID: "null", LastModified: start, ETag: `"a"`, Size: 1, Latest: true}
	same := e
	same.LastModified, same.Latest = start.In(time.FixedZone("x", 3600)), false
	if !e.SameBytes(same) {
		t.Error("another zone or place in the stack is called a change")
	}
	if same.Kind = retention.Version; !e.SameBytes(same) || !same.SameBytes(e) {
		t.Error("a current version that became noncurrent is called a change")
	}
	for name, change := range map[string]func(*retention.Entry){
		"key": func(o *retention.Entry) { o.Key = "l" }, "kind": func(o *retention.Entry) { o.Kind = retention.Marker },
		"id": func(o *retention.Entry) { o.ID = "" }, "date": func(o *retention.Entry) { o.LastModified = start.Add(time.Second) },
		"etag": func(o *retention.Entry) { o.ETag = `"b"` }, "size": func(o *retention.Entry) { o.Size = 2 },
	} {
		o := e
		change(&o)
		if e.SameBytes(o) {
			t.Errorf("a changed %s goes unnoticed", name)
		}
	}
}
