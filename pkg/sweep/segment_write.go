package sweep

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strconv"
	"time"

	"github.com/klauspost/compress/zstd"
)

// segmentWriter writes a plan segment as its entries come: one JSON object a
// line, zstd. It holds the compressed bytes and a small encoder, and no entry.
// After Close it can be used for the next segment, which costs less than a new one.
type segmentWriter struct {
	out  packed
	z    *zstd.Encoder
	line []byte
	n    int
}

// segmentWindow is how far back the encoder finds what repeats. Sorted keys
// repeat what stands right before them, and a small window needs less memory.
const segmentWindow = 16 << 10

func newSegmentWriter() (*segmentWriter, error) {
	z, err := zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1), zstd.WithEncoderLevel(zstd.SpeedFastest),
		zstd.WithWindowSize(segmentWindow), zstd.WithLowerEncoderMem(true))
	if err != nil {
		return nil, fmt.Errorf("plan segment: %w", err)
	}
	w := &segmentWriter{z: z}
	z.Reset(&w.out)
	return w, nil
}

// Add appends an entry.
func (w *segmentWriter) Add(p Planned) error {
	line, err := appendPlanned(w.line[:0], &p)
	if err != nil {
		return fmt.Errorf("plan segment: entry %d: %w", w.n+1, err)
	}
	w.line = append(line, '\n')
	if _, err := w.z.Write(w.line); err != nil {
		return fmt.Errorf("plan segment: %w", err)
	}
	w.n++
	return nil
}

// Len is how many entries were added since the last Close.
func (w *segmentWriter) Len() int { return w.n }

// Close returns the segment's bytes, which are the caller's, and begins the next.
func (w *segmentWriter) Close() ([]byte, error) {
	if err := w.z.Close(); err != nil {
		return nil, fmt.Errorf("plan segment: %w", err)
	}
	data := []byte(w.out)
	w.out, w.n = nil, 0
	w.z.Reset(&w.out)
	return data, nil
}

// packed is what was written to it. It grows in small steps: each of a run's many
// open segments has one, and doubling them would waste half of their memory.
type packed []byte

const packedStep = 64 << 10

func (b *packed) Write(p []byte) (int, error) {
	if need := len(*b) + len(p); need > cap(*b) {
		grown := make([]byte, len(*b), need+packedStep)
		copy(grown, *b)
		*b = grown
	}
	*b = append(*b, p...)
	return len(p), nil
}

// encodeSegment writes a plan segment at once.
func encodeSegment(entries []Planned) ([]byte, error) {
	w, err := newSegmentWriter()
	if err != nil {
		return nil, err
	}
	for _, e := range entries {
		if err := w.Add(e); err != nil {
			return nil, err
		}
	}
	return w.Close()
}

// appendPlanned appends what encoding/json makes of p, byte for byte, without
// its cost: a run plans millions of entries.
func appendPlanned(dst []byte, p *Planned) ([]byte, error) {
	dst = append(dst, `{"k":`...)
	if p.Key == nil {
		dst = append(dst, "null"...)
	} else {
		dst = base64.StdEncoding.AppendEncode(append(dst, '"'), p.Key)
		dst = append(dst, '"')
	}
	dst = appendText(append(dst, `,"kind":`...), string(p.Kind))
	if p.ID != "" {
		dst = appendText(append(dst, `,"id":`...), p.ID)
	}
	dst, err := appendTime(append(dst, `,"lm":`...), p.LastModified)
	if err != nil {
		return nil, err
	}
	if p.ETag != "" {
		dst = appendText(append(dst, `,"etag":`...), p.ETag)
	}
	dst = strconv.AppendInt(append(dst, `,"size":`...), p.Size, 10)
	dst = appendTrue(dst, `,"latest":true`, p.Latest)
	dst = appendTrue(dst, `,"opaque":true`, p.Opaque)
	if dst, err = appendTime(append(dst, `,"created":`...), p.Created); err != nil {
		return nil, err
	}
	dst = appendText(append(dst, `,"why":`...), p.Why)
	if p.Team != "" {
		dst = appendText(append(dst, `,"team":`...), p.Team)
	}
	dst = appendTrue(dst, `,"private":true`, p.Private)
	if p.Hold != "" {
		dst = appendText(append(dst, `,"hold":`...), p.Hold)
	}
	dst = appendTrue(dst, `,"promotes":true`, p.Promotes)
	if p.Skip != "" {
		dst = appendText(append(dst, `,"skip":`...), p.Skip)
	}
	return append(dst, '}'), nil
}

func appendTrue(dst []byte, field string, set bool) []byte {
	if !set {
		return dst
	}
	return append(dst, field...)
}

func appendTime(dst []byte, t time.Time) ([]byte, error) {
	dst, err := t.AppendText(append(dst, '"'))
	if err != nil {
		return nil, err
	}
	return append(dst, '"'), nil
}

// appendText appends a JSON string. Names and ETags are hardly ever anything but
// ASCII; the rest is left to encoding/json. The quote is common: ETags have two.
func appendText(dst []byte, s string) []byte {
	begin := len(dst)
	dst = append(dst, '"')
	for i := range len(s) {
		switch c := s[i]; {
		case c == '"' || c == '\\':
			dst = append(dst, '\\', c)
		case c < ' ' || c > '~' || c == '<' || c == '>' || c == '&':
			text, err := json.Marshal(s)
			if err != nil { // a string always encodes
				text = []byte(`""`)
			}
			return append(dst[:begin], text...)
		default:
			dst = append(dst, c)
		}
	}
	return append(dst, '"')
}
