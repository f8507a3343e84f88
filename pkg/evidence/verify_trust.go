package evidence

import (
	"errors"
	"io/fs"
	"path"
	"regexp"
	"strconv"
)

// trustChain compares the trust roots that lie in the vault with the one that
// was given. None of them is trusted: an earlier one must be what the given one
// grew out of, and a newer one is worth asking for.
func (r *verifier) trustChain() {
	r.sameTrust()
	later := r.trust
	for n := later.Version - 1; n >= 0; n-- {
		data, err := r.trustFile(n)
		if errors.Is(err, fs.ErrNotExist) {
			r.notef("%s is not in the vault: what trust root %d was before was not checked", FileTrust(n), n+1)
			break
		}
		if err != nil {
			r.problemf("%s: %v", FileTrust(n), missingOr(err))
			break
		}
		before, err := ParseTrustRoot(data)
		if err == nil {
			err = later.Succeeds(before)
		}
		if err != nil {
			r.problemf("%s: %v", FileTrust(n), err)
			break
		}
		later = before
	}
	if newest := r.trustFiles(); newest > r.trust.Version {
		r.notef("the vault holds %s, and trust root %d was given: ask the organization for the newer one", FileTrust(newest), r.trust.Version)
	}
}

// sameTrust demands that the vault's file of the given version is the given one.
// A vault needs not hold it.
func (r *verifier) sameTrust() {
	data, err := r.trustFile(r.trust.Version)
	switch own, errOwn := r.trust.Marshal(); {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		r.problemf("%s: %v", FileTrust(r.trust.Version), missingOr(err))
	case errOwn != nil || string(own) != string(data):
		r.problemf("%s is not the trust root that was given", FileTrust(r.trust.Version))
	}
}

// trustFiles returns the newest version of which trust/ holds a file, -1 if there
// is none, and refuses whatever does not belong there.
func (r *verifier) trustFiles() int64 {
	newest := int64(-1)
	entries, err := fs.ReadDir(r.fs, "trust")
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		r.problemf("trust: its files can't be listed: %v", err)
	}
	for _, e := range entries {
		name := path.Join("trust", e.Name())
		version, isRoot := trustVersion(name)
		spki := publicKeyName.FindStringSubmatch(e.Name())
		switch {
		case e.IsDir():
			r.problemf("%s does not belong to a vault", name)
		case isRoot:
			newest = max(newest, version)
		case spki != nil:
			r.publicKey(name, spki[1])
		case !authorityName.MatchString(e.Name()):
			r.problemf("%s does not belong to a vault", name)
		}
	}
	return newest
}

// publicKey demands that a key which lies there for openssl and cosign is the one
// that its name says. Which keys count the trust root alone says.
func (r *verifier) publicKey(name, spki string) {
	data, err := fs.ReadFile(r.fs, name)
	if err != nil {
		r.problemf("%s: %v", name, missingOr(err))
		return
	}
	pub, err := ParsePublicKey(data)
	if err != nil {
		r.problemf("%s: %v", name, err)
		return
	}
	if have, err := SPKISHA256(pub); err != nil || have != spki {
		r.problemf("%s: it is not the key that its name says: its SPKI SHA-256 is %s", name, have)
	}
}

func (r *verifier) trustFile(version int64) ([]byte, error) {
	return fs.ReadFile(r.fs, FileTrust(version))
}

var (
	publicKeyName = regexp.MustCompile(`^signing-([0-9a-f]{64})\.pub$`)
	authorityName = regexp.MustCompile(`^tsa-.*\.pem$`)
	rootName      = regexp.MustCompile(`^trust/trust-root-([0-9]{4,18})\.json$`)
)

// trustVersion reads the version out of the name of a trust root in a vault.
func trustVersion(name string) (int64, bool) {
	m := rootName.FindStringSubmatch(name)
	if m == nil {
		return 0, false
	}
	n, err := strconv.ParseInt(m[1], 10, 64)
	return n, err == nil && FileTrust(n) == name
}
