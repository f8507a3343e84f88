package evidence

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"regexp"
)

// Secret is the 32 random bytes from which one epoch's identifiers are made.
// Printed, it shows nothing.
type Secret [32]byte

// String keeps the secret out of logs and error texts.
func (Secret) String() string { return "(secret)" }

// MarshalText keeps it out of JSON and of structured logs.
func (Secret) MarshalText() ([]byte, error) { return []byte("(secret)"), nil }

// Format keeps the secret out of %x, %d and the like.
func (Secret) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, "(secret)") }

const secretMagic = "sweeper-identifiers-v1"

var epochPattern = regexp.MustCompile(`^[a-z0-9][a-z0-9.-]{0,63}$`)

// NewSecret draws a secret from rand.
func NewSecret(rand io.Reader) (Secret, error) {
	var s Secret
	if _, err := io.ReadFull(rand, s[:]); err != nil {
		return Secret{}, fmt.Errorf("make identifier secret: %w", err)
	}
	return s, nil
}

// FormatSecret writes the one line of an identifiers.secret file:
//
//	sweeper-identifiers-v1 EPOCH 64-HEX-DIGITS
//
// The epoch is 1 to 64 of a-z, 0-9, "." and "-".
func FormatSecret(s Secret, epoch string) ([]byte, error) {
	if !epochPattern.MatchString(epoch) {
		return nil, fmt.Errorf("identifier secret: epoch %q: want 1 to 64 of a-z, 0-9, \".\" and \"-\"", epoch)
	}
	return fmt.Appendf(nil, "%s %s %s\n", secretMagic, epoch, hex.EncodeToString(s[:])), nil
}

// ParseSecret reads what FormatSecret writes, and nothing else. The error never
// quotes the file. An all-zero secret is refused: it is a file that was never
// written.
func ParseSecret(text []byte) (Secret, string, error) {
	bad := errors.New("not an identifier secret: want the one line that `sweeper keygen` writes into identifiers.secret")
	fields := bytes.Fields(text)
	if len(fields) != 3 || len(fields[2]) != 64 {
		return Secret{}, "", bad
	}
	var s Secret
	if _, err := hex.Decode(s[:], fields[2]); err != nil || s == (Secret{}) {
		return Secret{}, "", bad
	}
	epoch := string(fields[1])
	again, err := FormatSecret(s, epoch)
	if err != nil || !bytes.Equal(again, text) {
		return Secret{}, "", bad
	}
	return s, epoch, nil
}
