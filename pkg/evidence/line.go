package evidence

import (
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"unicode/utf8"
)

// Values of a line's fields.
const (
	WhyAge = "age"
	WhyZDR = "zdr"

	ByResponse = "response" // the server's answer to our delete
	ByLookup   = "lookup"   // our own look at the store, a listing included

	OutcomeDeleted     = "deleted"
	OutcomeAbsent      = "absent"
	OutcomeAborted     = "aborted"
	OutcomeHeld        = "held"
	OutcomeLocked      = "locked"
	OutcomePending     = "pending"
	OutcomeChanged     = "changed"
	OutcomeFailed      = "failed"
	OutcomeUnconfirmed = "unconfirmed"
	OutcomeLeft        = "left"
)

// KindNames are the kinds of entry, in the words of a line.
func KindNames() []string { return []string{"object", "version", "marker", "upload"} }

// OutcomeNames are the outcomes that a line can have.
func OutcomeNames() []string {
	return []string{OutcomeDeleted, OutcomeAbsent, OutcomeAborted, OutcomeHeld, OutcomeLocked, OutcomePending,
		OutcomeChanged, OutcomeFailed, OutcomeUnconfirmed, OutcomeLeft}
}

// isKind and isOutcome are asked about every line, and so make no slice.
func isKind(s string) bool {
	switch s {
	case "object", "version", "marker", "upload":
		return true
	}
	return false
}

func isOutcome(s string) bool {
	switch s {
	case OutcomeDeleted, OutcomeAbsent, OutcomeAborted, OutcomeHeld, OutcomeLocked, OutcomePending,
		OutcomeChanged, OutcomeFailed, OutcomeUnconfirmed, OutcomeLeft:
		return true
	}
	return false
}

// Line is what happened to one planned entry.
type Line struct {
	Store   int    // index into stores[]
	TeamRef string // empty for ZDR teams, for unattributed entries and for those of no team
	KeyHMAC string
	Kind    string
	// Created, rounded up, and At, cut down, are whole hours. Both are empty
	// for ZDR teams and for unattributed entries.
	Created string
	At      string
	Why     string
	Outcome string
	Code    string // optional, but for left and locked
	By      string
	// Key, Team and Size are given with identifiers.keys: clear, never for ZDR
	// teams and unattributed entries. A nil Size means hashed.
	Key  string
	Team string
	Size *int64
}

// Private reports whether the line says as little as one about a ZDR team.
func (l Line) Private() bool { return l.Created == "" }

// Append appends the line's exact bytes, without a newline: fixed field order,
// no spaces, empty fields left out. A key that is not UTF-8 stands as
// keyBase64. The same bytes are the leaf of the tree.
func (l Line) Append(dst []byte) []byte {
	dst = append(dst, `{"store":`...)
	dst = strconv.AppendInt(dst, int64(l.Store), 10)
	dst = appendField(dst, "teamRef", l.TeamRef)
	dst = appendField(dst, "keyHmac", l.KeyHMAC)
	dst = appendField(dst, "kind", l.Kind)
	dst = appendField(dst, "created", l.Created)
	dst = appendField(dst, "at", l.At)
	dst = appendField(dst, "why", l.Why)
	dst = appendField(dst, "outcome", l.Outcome)
	dst = appendField(dst, "code", l.Code)
	dst = appendField(dst, "by", l.By)
	if l.Size != nil {
		if utf8.ValidString(l.Key) {
			dst = appendString(append(dst, `,"key":`...), l.Key)
		} else {
			dst = appendField(dst, "keyBase64", base64.StdEncoding.EncodeToString([]byte(l.Key)))
		}
		if l.Team != "" {
			dst = appendString(append(dst, `,"team":`...), l.Team)
		}
		dst = append(dst, `,"size":`...)
		dst = strconv.AppendInt(dst, *l.Size, 10)
	}
	return append(dst, '}')
}

// appendField is for values that hold no character which JSON escapes.
func appendField(dst []byte, name, value string) []byte {
	if value == "" {
		return dst
	}
	dst = append(dst, `,"`...)
	dst = append(dst, name...)
	dst = append(dst, `":"`...)
	dst = append(dst, value...)
	return append(dst, '"')
}

func appendString(dst []byte, s string) []byte {
	b, err := encodeJSON(s)
	if err != nil { // a string always encodes
		return append(dst, `""`...)
	}
	return append(dst, b...)
}

// Validate reports why the line can't stand in a manifest.
func (l Line) Validate() error {
	switch {
	case l.Store < 0:
		return errors.New("store is negative")
	case l.TeamRef != "" && !isHex(l.TeamRef, 8):
		return errors.New("teamRef is not 16 lower-case hex digits")
	case !isHex(l.KeyHMAC, 32):
		return errors.New("keyHmac is not 64 lower-case hex digits")
	case !isKind(l.Kind):
		return fmt.Errorf("kind %q is unknown", l.Kind)
	case l.Why != WhyAge && l.Why != WhyZDR:
		return fmt.Errorf("why %q is unknown", l.Why)
	case !isOutcome(l.Outcome):
		return fmt.Errorf("outcome %q is unknown", l.Outcome)
	case l.Code != "" && !IsCode(l.Code):
		return fmt.Errorf("code %q is not a code", l.Code)
	case l.By != ByResponse && l.By != ByLookup:
		return fmt.Errorf("by %q is unknown", l.By)
	}
	return l.validatePairs()
}

// validatePairs checks which fields go together.
func (l Line) validatePairs() error {
	switch {
	case (l.Created == "") != (l.At == ""):
		return errors.New("created and at stand together or not at all")
	case l.Private() && (l.TeamRef != "" || l.Size != nil):
		return errors.New("a line without created says neither teamRef nor a raw key")
	case !l.Private() && l.Why == WhyZDR:
		return errors.New("a line about a ZDR team says neither created nor at")
	case !l.Private() && (!isHour(l.Created) || !isHour(l.At)):
		return errors.New("created and at are whole hours, RFC 3339 in UTC")
	case l.Size == nil && (l.Key != "" || l.Team != ""):
		return errors.New("a raw key or team without a size")
	case l.Size != nil && (l.Key == "" || *l.Size < 0 || *l.Size > maxInteger):
		return errors.New("a raw key needs a size of at least 0")
	case !utf8.ValidString(l.Team):
		return errors.New("the team id is not UTF-8")
	}
	return l.validateOutcome()
}

// validateOutcome checks which outcomes a kind can have, and which codes an
// outcome.
func (l Line) validateOutcome() error {
	data := l.Kind == "object" || l.Kind == "version"
	switch {
	case l.Outcome == OutcomeLeft && l.Code == "":
		return errors.New("an entry that was left needs a code that says why")
	case l.Outcome == OutcomeAborted && l.Kind != "upload":
		return errors.New("only an upload is aborted")
	case l.Outcome == OutcomeDeleted && l.Kind == "upload":
		return errors.New("an upload is aborted, not deleted")
	case l.Outcome == OutcomePending && l.Kind != "marker":
		return errors.New("only a delete marker is pending")
	case l.Outcome == OutcomeLocked && !data:
		return errors.New("only an object or a version is locked")
	case l.Outcome == OutcomeLocked && l.Code != CodeObjectLock && l.Code != CodeLegalHold:
		return fmt.Errorf("a locked entry needs the code %s or %s", CodeObjectLock, CodeLegalHold)
	case l.Code == CodePromoted && (l.Outcome != OutcomeDeleted || !data):
		return fmt.Errorf("%s is for an object or a version that was deleted", CodePromoted)
	case l.Code == CodeUploadActive && l.Outcome != OutcomeAborted:
		return fmt.Errorf("%s is for an upload that was aborted", CodeUploadActive)
	}
	return nil
}
