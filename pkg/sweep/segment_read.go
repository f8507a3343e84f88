package sweep

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"time"

	"github.com/klauspost/compress/zstd"

	"github.com/sweeper-audit/sweeper/pkg/evidence"
	"github.com/sweeper-audit/sweeper/pkg/retention"
)

// maxSegmentWindow is the largest window that a segment was ever written with.
const maxSegmentWindow = 8 << 20

// decodeSegment reads what encodeSegment wrote, and nothing else.
func decodeSegment(name string, data []byte) ([]Planned, error) {
	return decodeCounted(name, data, 0)
}

// decodeCounted is decodeSegment for a segment that should have that many
// entries, which spares the copies of a slice that grows.
func decodeCounted(name string, data []byte, count int64) ([]Planned, error) {
	z, err := zstd.NewReader(bytes.NewReader(data), zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true),
		zstd.WithDecoderMaxWindow(maxSegmentWindow))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	defer z.Close()
	r := segmentReader{in: bufio.NewReaderSize(z, 8<<10)}
	entries := make([]Planned, 0, max(0, min(count, evidence.MaxPartLines)))
	for {
		line, err := r.line()
		if errors.Is(err, io.EOF) {
			return entries, nil
		}
		if err != nil {
			return nil, fmt.Errorf("%s: entry %d: %w", name, len(entries)+1, err)
		}
		if len(entries) == evidence.MaxPartLines {
			return nil, fmt.Errorf("%s: more than %d entries", name, evidence.MaxPartLines)
		}
		p, err := r.planned(line)
		if err != nil {
			return nil, fmt.Errorf("%s: entry %d: %w", name, len(entries)+1, err)
		}
		if len(p.Key) == 0 || p.Kind == "" || p.LastModified.IsZero() || p.Created.IsZero() || p.Why == "" {
			return nil, fmt.Errorf("%s: entry %d lacks key, kind, date or why", name, len(entries)+1)
		}
		entries = append(entries, p)
	}
}

// segmentReader reads the lines of a segment. What an entry says in the words of
// the one before it shares its memory: kind, why, team, hold and code hardly ever
// change from one line to the next.
type segmentReader struct {
	in   *bufio.Reader
	long []byte  // a line that is longer than in's buffer
	keys []byte  // room for the next keys
	last Planned // the entry before
	text []byte  // what is left of the line
	err  error   // the first

	unescaped []byte
}

// line returns the next line without its newline, io.EOF after the last one.
func (r *segmentReader) line() ([]byte, error) {
	line, err := r.in.ReadSlice('\n')
	if errors.Is(err, bufio.ErrBufferFull) {
		r.long = append(r.long[:0], line...)
		var rest []byte
		rest, err = r.in.ReadBytes('\n')
		r.long = append(r.long, rest...)
		line = r.long
	}
	if errors.Is(err, io.EOF) && len(line) > 0 {
		return nil, io.ErrUnexpectedEOF
	}
	if err != nil {
		return nil, err
	}
	return line[:len(line)-1], nil
}

// planned reads what appendPlanned wrote: its fields in their order.
func (r *segmentReader) planned(line []byte) (Planned, error) {
	r.text, r.err = line, nil
	p := Planned{
		Key:          r.key(),
		Kind:         retention.Kind(r.must(`,"kind":`, string(r.last.Kind))),
		ID:           r.may(`,"id":`, r.last.ID),
		LastModified: r.time(`,"lm":`),
		ETag:         r.may(`,"etag":`, r.last.ETag),
		Size:         r.size(),
		Latest:       r.cut(`,"latest":true`),
		Opaque:       r.cut(`,"opaque":true`),
		Created:      r.time(`,"created":`),
		Why:          r.must(`,"why":`, r.last.Why),
		Team:         r.may(`,"team":`, r.last.Team),
		Private:      r.cut(`,"private":true`),
		Hold:         r.may(`,"hold":`, r.last.Hold),
		Promotes:     r.cut(`,"promotes":true`),
		Skip:         r.may(`,"skip":`, r.last.Skip),
	}
	if string(r.text) != "}" {
		r.fail()
	}
	if r.err != nil {
		return Planned{}, r.err
	}
	r.last = p
	return p, nil
}

// fail notes that the line goes on with something else than it should.
func (r *segmentReader) fail() {
	if r.err == nil {
		r.err = fmt.Errorf("is not a planned entry, from %q on", r.text[:min(len(r.text), 16)])
	}
}

// cut takes what the line may go on with, and reports whether it did.
func (r *segmentReader) cut(text string) bool {
	if len(r.text) < len(text) || string(r.text[:len(text)]) != text {
		return false
	}
	r.text = r.text[len(text):]
	return true
}

// keyRoom is how many bytes of keys are allotted at once.
const keyRoom = 16 << 10

func (r *segmentReader) key() []byte {
	if !r.cut(`{"k":"`) {
		r.fail()
		return nil
	}
	end := bytes.IndexByte(r.text, '"')
	if end < 0 {
		r.fail()
		return nil
	}
	if room := base64.StdEncoding.DecodedLen(end); cap(r.keys)-len(r.keys) < room {
		r.keys = make([]byte, 0, max(keyRoom, room))
	}
	from := len(r.keys)
	keys, err := base64.StdEncoding.AppendDecode(r.keys, r.text[:end])
	if err != nil {
		r.fail()
		return nil
	}
	r.keys, r.text = keys, r.text[end+1:]
	return keys[from:len(keys):len(keys)]
}

func (r *segmentReader) must(name, last string) string {
	if !r.cut(name) {
		r.fail()
		return ""
	}
	return r.string(last)
}

func (r *segmentReader) may(name, last string) string {
	if !r.cut(name) {
		return ""
	}
	return r.string(last)
}

// string reads a JSON string. The one that is given stands for what equals it.
func (r *segmentReader) string(last string) string {
	end, how := quoted(r.text)
	if end < 0 {
		r.fail()
		return ""
	}
	text := r.text[1:end]
	switch how {
	case spelledOut:
		var s string
		if err := json.Unmarshal(r.text[:end+1], &s); err != nil && r.err == nil {
			r.err = err
		}
		r.text = r.text[end+1:]
		return s
	case escaped:
		r.unescaped = r.unescaped[:0]
		for i := 0; i < len(text); i++ {
			if text[i] == '\\' {
				i++
			}
			r.unescaped = append(r.unescaped, text[i])
		}
		text = r.unescaped
	}
	r.text = r.text[end+1:]
	if string(text) == last {
		return last
	}
	return string(text)
}

// spelling is how a JSON string is written.
type spelling int

const (
	asItIs     spelling = iota // what it says is what stands there
	escaped                    // but for backslashes before quotes and backslashes, as in every ETag
	spelledOut                 // with anything else, which encoding/json reads
)

// quoted finds the quote that ends the JSON string at the start of text, -1 if
// there is none.
func quoted(text []byte) (end int, how spelling) {
	if len(text) == 0 || text[0] != '"' {
		return -1, asItIs
	}
	for i := 1; i < len(text); i++ {
		switch c := text[i]; {
		case c == '"':
			return i, how
		case c == '\\':
			i++
			if i < len(text) && (text[i] == '"' || text[i] == '\\') {
				how = max(how, escaped)
			} else {
				how = spelledOut
			}
		case c < ' ' || c > '~':
			how = spelledOut
		}
	}
	return -1, asItIs
}

func (r *segmentReader) time(name string) time.Time {
	if !r.cut(name) {
		r.fail()
		return time.Time{}
	}
	end, how := quoted(r.text)
	if end < 0 || how != asItIs {
		r.fail()
		return time.Time{}
	}
	var t time.Time
	if err := t.UnmarshalText(r.text[1:end]); err != nil {
		r.fail()
		return time.Time{}
	}
	r.text = r.text[end+1:]
	return t
}

func (r *segmentReader) size() int64 {
	if !r.cut(`,"size":`) {
		r.fail()
		return 0
	}
	end := 0
	for end < len(r.text) && (r.text[end] == '-' || '0' <= r.text[end] && r.text[end] <= '9') {
		end++
	}
	n, err := strconv.ParseInt(string(r.text[:end]), 10, 64)
	if err != nil {
		r.fail()
		return 0
	}
	r.text = r.text[end:]
	return n
}
