package bucket

import (
	"context"

	"github.com/sweeper-audit/sweeper/pkg/retention"
)

// guardETag is the overwrite guard that sends each rewritable entry's ETag with
// its delete, so that the server deletes these bytes or none. It needs the right
// to read objects, and most servers ignore it.
const guardETag = "etag"

// wrongETag is what no object has: an MD5 of nothing that was ever stored.
const wrongETag = `"00000000000000000000000000000000"`

// etagOf is the condition under which an entry may go, nil for none.
func (b *Bucket) etagOf(e retention.Entry) *string {
	if b.cfg.OverwriteGuard != guardETag || !e.Rewritable() || e.Kind == retention.Marker {
		return nil
	}
	return optional(e.ETag)
}

// proveETag finds out whether the server honours conditions: it sends the first
// conditional entry, which is to go anyway, under a condition that doesn't hold.
// Honoured, the entry stays and is sent with the others; else it is gone, with
// a code that says how, and nothing else was sent. done says that this answered
// for all of the entries.
func (b *Bucket) proveETag(ctx context.Context, entries []retention.Entry, null bool) (out []Deletion, done bool) {
	if b.cfg.OverwriteGuard != guardETag || b.learned.etagKnown() {
		return nil, false
	}
	for i, e := range entries {
		if b.etagOf(e) == nil || !carriable(e.Key) {
			continue
		}
		probe := e
		probe.ETag = wrongETag
		fate := b.sendBatch(ctx, []retention.Entry{probe}, null)[0]
		if fate.Code == CodeChanged {
			b.learned.setETag()
			return nil, false
		}
		out = alike(len(entries), Deletion{Status: Failed, Code: CodeNotSent, Retryable: true})
		if fate.Status == Deleted {
			b.learned.setETag()
			fate.Code = CodeGuardIgnored
		}
		out[i] = fate
		return out, true
	}
	return nil, false
}
