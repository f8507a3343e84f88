package evidence

import (
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash"
	"io"
)

// Domain strings of the identifier scheme. Each ends where a 0x00 begins.
const (
	domainTeam    = "sweeper/team/v1"
	domainEntry   = "sweeper/entry/v1"
	domainTeamRef = "sweeper/teamref/v1"
	domainCommit  = "sweeper/commit/v1"
)

// Identifier schemes: without or with raw keys beside the hashed ones.
const (
	SchemeHashed = "hashed"
	SchemeClear  = "clear"
)

// Identifiers makes the identifiers of one epoch.
type Identifiers struct {
	secret Secret
	epoch  string
}

// NewIdentifiers returns the identifiers of an epoch's secret.
func NewIdentifiers(s Secret, epoch string) *Identifiers {
	return &Identifiers{secret: s, epoch: epoch}
}

// Epoch names the epoch.
func (i *Identifiers) Epoch() string { return i.epoch }

// EpochCommit commits to the epoch's secret:
//
//	SHA-256("sweeper/commit/v1" 0x00 secret), hex
func (i *Identifiers) EpochCommit() string { return commit(i.secret[:]) }

// TeamKey identifies the entries of one team in one epoch, and no others. It
// may be handed to that team. Printed, it shows nothing.
type TeamKey [32]byte

// String keeps the key out of logs and error texts.
func (TeamKey) String() string { return "(team key)" }

// MarshalText keeps it out of JSON and of structured logs.
func (TeamKey) MarshalText() ([]byte, error) { return []byte("(team key)"), nil }

// Format keeps the key out of %x, %d and the like.
func (TeamKey) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, "(team key)") }

// Team returns a team's key; the team "" is that of unattributed entries:
//
//	HKDF-SHA-256(secret, salt empty, info "sweeper/team/v1" 0x00 epoch 0x00 team, 32 bytes)
func (i *Identifiers) Team(team string) TeamKey {
	// 32 bytes are far below HKDF's limit: the only error there is can't happen,
	// and a zero key would be seen by its commitment.
	derived, err := hkdf.Key(sha256.New, i.secret[:], nil, domainTeam+"\x00"+i.epoch+"\x00"+team, 32)
	if err != nil {
		return TeamKey{}
	}
	return TeamKey(derived)
}

// Ref is the short name of the team in manifest lines: the first 16 hex digits
// of HMAC-SHA-256(teamKey, "sweeper/teamref/v1").
func (k TeamKey) Ref() string {
	return hex.EncodeToString(mac(k[:], []byte(domainTeamRef)))[:16]
}

// Commit commits to the team's key, as teamKeyCommit in teams.csv:
//
//	SHA-256("sweeper/commit/v1" 0x00 teamKey), hex
func (k TeamKey) Commit() string { return commit(k[:]) }

// EntryName is the name of an entry that is hashed. The id is the version id
// ("null" included) or the upload id; empty where versioning was never on:
//
//	kind 0x00 bucket 0x00 key 0x00 id
func EntryName(kind, bucket, key, id string) []byte {
	return []byte(kind + "\x00" + bucket + "\x00" + key + "\x00" + id)
}

// Opening is what, with the name, opens this one entry to an auditor:
//
//	HMAC-SHA-256(teamKey, name)
func (k TeamKey) Opening(name []byte) [32]byte { return [32]byte(mac(k[:], name)) }

// OpenEntry computes keyHmac from a name and its opening:
//
//	SHA-256("sweeper/entry/v1" 0x00 opening name), hex
func OpenEntry(name []byte, opening [32]byte) string {
	h := sha256.New()
	h.Write([]byte(domainEntry + "\x00"))
	h.Write(opening[:])
	h.Write(name)
	return hex.EncodeToString(h.Sum(nil))
}

// KeyHMAC is the identifier of an entry in a manifest line, hex.
func (k TeamKey) KeyHMAC(kind, bucket, key, id string) string {
	name := EntryName(kind, bucket, key, id)
	return OpenEntry(name, k.Opening(name))
}

// EntryHasher makes the keyHmac of many entries of one team, faster than its
// TeamKey does. It is not for concurrent use.
type EntryHasher struct {
	mac  hash.Hash
	text []byte // what keyHmac is the SHA-256 of: domain 0x00 opening name
}

// Entries returns the hasher of the team's entries.
func (k TeamKey) Entries() *EntryHasher {
	return &EntryHasher{mac: hmac.New(sha256.New, k[:]), text: make([]byte, 0, 256)} // 256: room for the opening, at least
}

// KeyHMAC is that of TeamKey, for a key in bytes.
func (h *EntryHasher) KeyHMAC(kind, bucket string, key []byte, id string) string {
	const opening = len(domainEntry) + 1
	const name = opening + sha256.Size
	h.text = append(h.text[:0], domainEntry+"\x00"...)
	h.text = h.text[:name] // the opening's place: it is computed from the name behind it
	h.text = append(append(h.text, kind...), 0)
	h.text = append(append(h.text, bucket...), 0)
	h.text = append(append(h.text, key...), 0)
	h.text = append(h.text, id...)
	h.mac.Reset()
	h.mac.Write(h.text[name:])
	h.mac.Sum(h.text[:opening])
	sum := sha256.Sum256(h.text)
	var digits [2 * sha256.Size]byte
	hex.Encode(digits[:], sum[:])
	return string(digits[:])
}

func commit(secret []byte) string {
	return SHA256Hex(append([]byte(domainCommit+"\x00"), secret...))
}

func mac(key, message []byte) []byte {
	h := hmac.New(sha256.New, key)
	h.Write(message)
	return h.Sum(nil)
}
