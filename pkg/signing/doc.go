// Package signing holds the two things around a signature that need the
// outside: the private key, which is a file or a key of AWS KMS, and the time
// stamp authority. What is signed, and what a time stamp must say, is decided in
// package evidence.
//
// Both are asked over the network by their own protocol: KMS by the AWS SDK,
// an authority by RFC 3161 over HTTP. The KMS client was tried against a server
// of our own that speaks the same protocol and really signs; no real KMS was
// within reach. Every signature is verified with the key's public half before
// it is used, so a service that signs something else is found out.
//
// No error here holds a key, a passphrase, or a URL's user or query.
package signing
