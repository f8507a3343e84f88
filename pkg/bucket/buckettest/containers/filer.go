package containers

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"iter"
	"net/http"
)

// filer calls the service of a SeaweedFS that keeps the names and times of
// entries (filer_pb.SeaweedFiler). It speaks gRPC by hand, a few calls of it:
// a message is a frame of five bytes (no compression, length) and a protocol
// buffer. What it writes relies on a rule of protocol buffers: of a field that
// stands twice the last one counts, and a message that stands twice is merged.
// So an entry is changed by putting the change behind it; what else it holds
// needs no understanding.
type filer struct{ endpoint string }

// The numbers of the fields that are used, from filer.proto.
const (
	ofDirectory   = 1 // of every request: the directory
	ofName        = 2 // of a request for one entry: its name there
	ofListLimit   = 5 // ListEntriesRequest
	ofWholeEntry  = 2 // CreateEntryRequest, UpdateEntryRequest
	ofEntry       = 1 // of each response that has one: the entry
	entryName     = 1
	entryTimes    = 4 // FuseAttributes
	entryExtended = 5 // pairs of a key (1) and a value (2)
	timeModified  = 2 // seconds
	timeCreated   = 6
	nanosModified = 19
	nanosCreated  = 21
)

// lookup returns the entry of that name, as bytes.
func (f filer) lookup(ctx context.Context, dir, name string) ([]byte, error) {
	answers, err := f.call(ctx, "LookupDirectoryEntry", text(text(nil, ofDirectory, dir), ofName, name))
	if err != nil {
		return nil, err
	}
	for _, answer := range answers {
		if entry := first(answer, ofEntry); entry != nil {
			return entry, nil
		}
	}
	return nil, errors.New("the filer knows of no such entry")
}

// names returns the names of the entries in dir.
func (f filer) names(ctx context.Context, dir string) ([]string, error) {
	answers, err := f.call(ctx, "ListEntries", number(text(nil, ofDirectory, dir), ofListLimit, 10_000))
	var names []string
	for _, answer := range answers {
		if entry := first(answer, ofEntry); entry != nil {
			names = append(names, string(first(entry, entryName)))
		}
	}
	return names, err
}

// update puts more fields behind the entry and stores it.
func (f filer) update(ctx context.Context, dir string, entry, more []byte) error {
	_, err := f.call(ctx, "UpdateEntry", whole(dir, entry, more))
	return err
}

// replace does the same by removing the entry, which must be an empty
// directory, first: an update never changes when an entry was created.
func (f filer) replace(ctx context.Context, dir, name string, entry, more []byte) error {
	if _, err := f.call(ctx, "DeleteEntry", text(text(nil, ofDirectory, dir), ofName, name)); err != nil {
		return err
	}
	_, err := f.call(ctx, "CreateEntry", whole(dir, entry, more))
	return err
}

// whole is a request that stores the entry with more fields behind it.
func whole(dir string, entry, more []byte) []byte {
	return text(text(nil, ofDirectory, dir), ofWholeEntry, string(entry)+string(more))
}

// call sends one message and returns all that come back.
func (f filer) call(ctx context.Context, method string, message []byte) ([][]byte, error) {
	frame := binary.BigEndian.AppendUint32([]byte{0}, uint32(len(message)))
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, f.endpoint+"/filer_pb.SeaweedFiler/"+method, bytes.NewReader(append(frame, message...)))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", "application/grpc")
	req.Header.Set("Te", "trailers")
	transport := &http.Transport{Protocols: new(http.Protocols)}
	transport.Protocols.SetUnencryptedHTTP2(true)
	defer transport.CloseIdleConnections()
	resp, err := transport.RoundTrip(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return nil, err
	}
	if status := resp.Trailer.Get("Grpc-Status") + resp.Header.Get("Grpc-Status"); status != "0" {
		return nil, fmt.Errorf("%s: HTTP %d, gRPC status %q", method, resp.StatusCode, status)
	}
	var answers [][]byte
	for len(body) >= 5 {
		end := 5 + int(binary.BigEndian.Uint32(body[1:5]))
		if end > len(body) {
			return nil, fmt.Errorf("%s: the answer is cut off", method)
		}
		answers, body = append(answers, body[5:end]), body[end:]
	}
	return answers, nil
}

// text and number put a field behind a message.
func text(message []byte, field uint64, value string) []byte {
	message = binary.AppendUvarint(message, field<<3|2)
	return append(binary.AppendUvarint(message, uint64(len(value))), value...)
}

func number(message []byte, field, value uint64) []byte {
	return binary.AppendUvarint(binary.AppendUvarint(message, field<<3), value)
}

// fields yields the fields of a message that hold text or a message.
func fields(message []byte) iter.Seq2[uint64, []byte] {
	return func(yield func(uint64, []byte) bool) {
		for len(message) > 0 {
			key, n := binary.Uvarint(message)
			value, m := binary.Uvarint(message[max(n, 0):])
			// Numbers, the other kind that these messages hold, are passed over.
			if n <= 0 || m <= 0 || key&7 != 0 && key&7 != 2 {
				return
			}
			message = message[n+m:]
			if key&7 == 0 {
				continue
			}
			if value > uint64(len(message)) || !yield(key>>3, message[:value]) {
				return
			}
			message = message[value:]
		}
	}
}

// first returns the first such field of a message, nil if it has none.
func first(message []byte, field uint64) []byte {
	for found, value := range fields(message) {
		if found == field {
			return value
		}
	}
	return nil
}
