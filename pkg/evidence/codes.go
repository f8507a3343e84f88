package evidence

// Codes that the format itself gives a meaning: a line, an exception or a
// reason that says one of them is checked against what it stands beside.
const (
	// On a locked line, and in exceptions[]: what keeps the entry. An exception
	// OBJECT_LOCK says until when; a legal hold has no end.
	CodeObjectLock = "OBJECT_LOCK"
	CodeLegalHold  = "LEGAL_HOLD"
	// On a deleted line, and in exceptions[]: an older version, held or locked,
	// became current.
	CodePromoted = "PROMOTED"
	// On an aborted line, and in exceptions[]: the upload still got a part within
	// the last day before the run.
	CodeUploadActive = "UPLOAD_ACTIVE"
	// In reasons[]: only the ZDR teams' prefixes were listed (zdr.mode prefixes).
	CodePrefixOnly = "PREFIX_ONLY"
	// In reasons[]: the witness found stored metadata that says zero retention.
	CodeZDRMetadata = "ZDR_METADATA"
	// In reasons[], beside a rotation: the new key signs the report, the old one is
	// lost.
	CodeOldKeyUnavailable = "OLD_KEY_UNAVAILABLE"
)

// tiedCodes are those that exceptions[] count line by line.
func tiedCodes() []string {
	return []string{CodeObjectLock, CodeLegalHold, CodePromoted, CodeUploadActive}
}
