package evidence

import (
	"errors"
	"fmt"
)

// AddToken returns the bundle with an RFC 3161 time stamp in it, where cosign
// looks for one. It does not check the token (see CheckToken); it is done before
// the bundle is stored, and never after.
func AddToken(bundle, token []byte) ([]byte, error) {
	b, err := parseBundle(bundle)
	if err != nil {
		return nil, err
	}
	if len(token) == 0 || len(token) > MaxToken {
		return nil, fmt.Errorf("bundle: a time stamp of %d bytes: want 1 to %d", len(token), MaxToken)
	}
	if b.VerificationMaterial.Tokens != nil {
		return nil, errors.New("bundle: it holds a time stamp already")
	}
	b.VerificationMaterial.Tokens = &timestamps{RFC3161: []timestampToken{{SignedTimestamp: token}}}
	return encodeJSON(b)
}

// Tokens returns the time stamps that stand in a bundle, unchecked.
func Tokens(bundle []byte) ([][]byte, error) {
	b, err := parseBundle(bundle)
	if err != nil || b.VerificationMaterial.Tokens == nil {
		return nil, err
	}
	var all [][]byte
	for _, t := range b.VerificationMaterial.Tokens.RFC3161 {
		all = append(all, t.SignedTimestamp)
	}
	return all, nil
}
