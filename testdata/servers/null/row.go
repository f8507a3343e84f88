package main

import "strconv"

var parts = [2]string{".request.json", ".response.json"}

// key appends the key.
func (p *place) key(k *keyspace, to []byte) []byte {
	to = decimals(append(to, "team-"...), p.team, 5)
	to = append(append(to, '/'), k.dates[p.ago]...)
	to = hex(to, uint64(p.request), 12)
	to = hex(to, p.id, 16)
	to = append(to, "0000"...)
	return append(to, parts[p.part]...)
}

// modified appends LastModified as listings write it.
func (p *place) modified(k *keyspace, to []byte) []byte {
	to = decimals(append(to, k.stamps[p.ago]...), p.second/3600, 2)
	to = decimals(append(to, ':'), p.second/60%60, 2)
	to = decimals(append(to, ':'), p.second%60, 2)
	return append(to, ".000Z"...)
}

// etag appends what stands between the quotes.
func (p *place) etag(to []byte) []byte {
	to = hex(to, p.id, 16)
	return hex(to, p.id*31+uint64(p.part), 16)
}

// version appends the version id that the key has in a versioned bucket.
func (p *place) version(to []byte) []byte {
	return hex(append(to, "v1."...), p.id+uint64(p.part), 16)
}

// size is between half a kilobyte and 32.
func (p *place) size() int { return 512 + int((p.id>>uint(8+p.part))%32_256) }

// rest appends what rows of all listings have after the key.
func (p *place) rest(k *keyspace, to []byte) []byte {
	to = p.modified(k, append(to, "<LastModified>"...))
	to = p.etag(append(to, "</LastModified><ETag>&quot;"...))
	to = strconv.AppendInt(append(to, "&quot;</ETag><Size>"...), int64(p.size()), 10)
	return append(to, "</Size><StorageClass>STANDARD</StorageClass>"...)
}

func decimals(to []byte, n, width int) []byte {
	to = append(to, "00000"[:width]...)
	for i := len(to) - 1; n > 0; i, n = i-1, n/10 {
		to[i] = byte('0' + n%10)
	}
	return to
}

func hex(to []byte, n uint64, width int) []byte {
	to = append(to, "0000000000000000"[:width]...)
	for i, end := len(to)-1, len(to)-width; i >= end; i, n = i-1, n>>4 {
		to[i] = "0123456789abcdef"[n&15]
	}
	return to
}
