package signing

import (
	"bytes"
	"crypto"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"

	"github.com/youmark/pkcs8"

	"github.com/sweeper-audit/sweeper/pkg/evidence"
)

const encryptedBlock = "ENCRYPTED PRIVATE KEY"

// Parse reads a PKCS#8 PEM file, encrypted (PBES2, as `openssl pkcs8 -topk8`
// and `openssl genpkey -aes-256-cbc` write it) or not. The passphrase is nil
// exactly if the file is not encrypted; one newline at its end is not part of it.
func Parse(pemBytes, passphrase []byte) (evidence.Signer, error) {
	block, rest := pem.Decode(pemBytes)
	encrypted := block != nil && block.Type == encryptedBlock
	switch {
	case encrypted && len(bytes.TrimSpace(rest)) > 0:
		return nil, errors.New("there is something after the encrypted key in its file")
	case encrypted && passphrase == nil:
		return nil, errors.New("the key is encrypted: name the file with its passphrase in signing.passphrase_file")
	case !encrypted && passphrase != nil:
		return nil, errors.New("the key is not encrypted, and signing.passphrase_file is set: encrypt the key (openssl pkcs8 -topk8), or remove the setting")
	case !encrypted:
		return evidence.LoadSigner(pemBytes)
	}
	key, _, err := pkcs8.ParsePrivateKey(block.Bytes, line(passphrase))
	if err != nil {
		return nil, errors.New("the key can't be decrypted: the passphrase is wrong, or the file is not an encrypted PKCS#8 key")
	}
	plain, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, errors.New("the encrypted file holds no key that can sign")
	}
	return evidence.LoadSigner(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: plain}))
}

// Encrypt returns the PEM of an unencrypted PKCS#8 key in the encrypted form
// that Parse reads: AES-256-CBC, PBKDF2 with SHA-256 and 600,000 rounds.
func Encrypt(pemBytes, passphrase []byte) ([]byte, error) {
	secret := line(passphrase)
	if len(secret) == 0 {
		return nil, errors.New("encrypt the key: the passphrase is empty")
	}
	s, err := evidence.LoadSigner(pemBytes)
	if err != nil {
		return nil, err
	}
	der, err := pkcs8.MarshalPrivateKey(s, secret, &pkcs8.Opts{Cipher: pkcs8.AES256CBC,
		KDFOpts: pkcs8.PBKDF2Opts{SaltSize: 16, IterationCount: 600_000, HMACHash: crypto.SHA256}})
	if err != nil {
		return nil, fmt.Errorf("encrypt the key: %w", err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: encryptedBlock, Bytes: der}), nil
}

// line is a passphrase without the newline that an editor puts behind it.
func line(passphrase []byte) []byte {
	return bytes.TrimSuffix(bytes.TrimSuffix(passphrase, []byte("\n")), []byte("\r"))
}
