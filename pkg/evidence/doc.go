// Package evidence holds the formats that an outsider reads, and checks them.
// It is pure: no S3, no clock, no files but the io/fs.FS values handed in, and
// no randomness but the readers handed in. It never logs, never trusts a key
// that it finds beside the evidence, and never puts a secret into an error.
//
// A vault holds reports/0000000123/, one directory a report, numbered from 0
// without a gap. A report is these files and no other:
//
//	report.sigstore.json              the bundle; a directory without one is no report
//	parts.jsonl, teams.csv, config.json, report.html     the subjects; the last may be absent
//	manifest-0000-00000.jsonl.gz ...  the parts, by shard and number
//	report.tsr, report-2.tsr ...      RFC 3161 tokens over the raw signature
//
// # JSON
//
// Documents are written once by encoding/json from plain structs, without HTML
// escaping, without spaces and without a newline at the end; those bytes are
// stored, hashed and signed. Reading refuses unknown fields, anything after the
// value, and every document that does not encode to its own bytes again. So a
// field that stands twice, one in capitals or a list that is null instead of
// empty is refused: Go and jq read the same. config.json is written elsewhere
// and carries fields that are not known here; it is refused if it holds spaces
// between tokens, a field twice in one object or a field name in capitals.
// Times are RFC 3339 in UTC ("Z"), with a fraction only if there is one. Counts
// are integers from 0 to 2^53-1. Digests are lower-case hex SHA-256.
//
// # Statement and bundle
//
// The payload is an in-toto Statement v1: the digests of the subjects, in the
// order above, and the Predicate, field by field in predicate.go. It is signed
// in a DSSE envelope (payloadType application/vnd.in-toto+json) with exactly one
// signature: ECDSA P-256 with SHA-256 over the PAE, ASN.1 DER (or Ed25519). The
// envelope stands in a Sigstore bundle v0.3 in protobuf's JSON form:
//
//	{"mediaType":"application/vnd.dev.sigstore.bundle.v0.3+json",
//	 "verificationMaterial":{"publicKey":{"hint":"<hex SPKI SHA-256>"}},
//	 "dsseEnvelope":{"payload":"<base64>","payloadType":"application/vnd.in-toto+json",
//	  "signatures":[{"sig":"<base64>","keyid":"SHA256:<OpenSSH fingerprint>"}]}}
//
// without the line breaks. A token got at sealing stands in
// verificationMaterial.timestampVerificationData.rfc3161Timestamps[].signedTimestamp.
// predicate.signer names the key too, so that a signature can't be moved to
// another payload with a key made to fit.
//
// # Manifest
//
// A part is gzip (no name, no time, one member) of at most 64,000 lines, each
// ended by a newline. A line is one planned entry, fixed field order, empty
// fields left out:
//
//	{"store":0,"teamRef":"<16 hex>","keyHmac":"<64 hex>","kind":"object","created":"2026-10-20T03:00:00Z",
//	 "at":"2026-11-25T02:00:00Z","why":"age","outcome":"deleted","by":"response"}
//
// created is rounded up to the hour, at is cut down to it. Lines about ZDR teams
// and unattributed entries have neither of these nor a teamRef; lines about
// entries of declared no-team prefixes have no teamRef. code follows outcome
// where there is one, and always with outcome left. Only an upload is aborted and
// no upload is deleted; only a delete marker is pending; only an object or a
// version is locked, and its code is OBJECT_LOCK or LEGAL_HOLD. PROMOTED stands on
// deleted, UPLOAD_ACTIVE on aborted; exceptions count these four codes as the
// lines have them. Lines why zdr are about ZDR teams in violation alone, entries
// that were purged before their time. by is response (the server's
// answer to our delete) or lookup (our own look at the store, a listing
// included). With identifiers.keys: clear, key (or keyBase64, if it is not
// UTF-8), team and size follow by, never for ZDR teams and unattributed entries.
//
// parts.jsonl has one Part a line, by shard, then number. bytes is the size of
// the stored file. The tree is RFC 6962 with SHA-256, in two levels: partRoot
// over a part's lines (leaf: the line without its newline), rootHash over the
// part roots (leaf: the 32 bytes). Identifiers are specified where they are
// computed: see Identifiers, TeamKey and OpenEntry.
//
// teams.csv is as encoding/csv writes it, lines ended by "\n": a row a ZDR team
// and store, also at zero; other teams only with evidence.teams: all. gone
// counts the planned entries that are deleted, absent or aborted. A team counts
// in predicate.zdr by the worst of its states; zero-in-prefix counts as
// inconclusive, and stands only in an attestation with zdr.mode prefixes, which
// says zero of no team and PREFIX_ONLY in its reasons.
//
// # Time stamps
//
// report.tsr, report-2.tsr and what stands in the bundle are whole RFC 3161
// answers (TimeStampResp, DER) over the raw signature bytes, with the authority's
// certificates. See CheckToken. A report's own claim of when it was finished may
// be 5 minutes ahead of its stamp, and a day behind before it is said to be late.
//
// # Trust root, secret
//
// A trust root is one JSON document (see TrustRoot), version 0 first, each later
// one a new file that names the digest of the one before and only adds to it: see
// Succeeds. The signing key changes by a key-rotation report, which names both
// keys in predicate.rotation and is signed by the old one, or by the new one with
// the reason OLD_KEY_UNAVAILABLE; the next report is by the new key. It has no
// stores and no lines, and its run.finishedAt is the instant at which one key ends
// and the other begins. Where the old key is lost and a run of its is not sealed
// yet, there is no such report: that run's own, of whichever type, has
// predicate.rotation and the reason, and the new key signs it. An identifier secret
// is one line: see FormatSecret.
package evidence
