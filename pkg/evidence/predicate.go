package evidence

// The predicate types, one for each kind of report.
const (
	PredicateSweep       = "urn:sweeper:deletion-report:v1" // sweep and recovery
	PredicateAttestation = "urn:sweeper:zdr-attestation:v1"
	PredicateDryRun      = "urn:sweeper:dry-run:v1"
	PredicateStopped     = "urn:sweeper:stopped:v1"
	PredicateKeyRotation = "urn:sweeper:key-rotation:v1"
)

// SchemaVersion of the predicate described here.
const SchemaVersion = "1.0"

// Report types.
const (
	TypeSweep       = "sweep"
	TypeAttestation = "attestation"
	TypeDryRun      = "dry-run"
	TypeStopped     = "stopped"
	TypeRecovery    = "recovery"
	TypeKeyRotation = "key-rotation"
)

// Results.
const (
	ResultKept               = "kept"
	ResultKeptWithExceptions = "kept-with-exceptions"
	ResultBroken             = "broken"
	ResultInconclusive       = "inconclusive"
	ResultStopped            = "stopped"
	ResultInterrupted        = "interrupted"
	ResultNone               = "none"
)

// Predicate is what one report says. Every time in it is RFC 3339 in UTC,
// every count an integer, every digest lower-case hex.
type Predicate struct {
	SchemaVersion string       `json:"schemaVersion"`
	ReportID      string       `json:"reportId"`
	ReportType    string       `json:"reportType"`
	Result        string       `json:"result"`
	Reasons       []Reason     `json:"reasons"`
	Signer        SignerRef    `json:"signer"`
	Chain         Chain        `json:"chain"`
	Organization  Organization `json:"organization"`
	Run           Run          `json:"run"`
	Actor         Actor        `json:"actor"`
	Policy        Policy       `json:"policy"`
	Stores        []Store      `json:"stores"`
	Population    []Population `json:"population"`
	Outcomes      []Outcomes   `json:"outcomes"`
	Totals        Totals       `json:"totals"`
	Exceptions    []Exception  `json:"exceptions"`
	Holds         []Hold       `json:"holds"`
	// HoldsSHA256 is the digest of the holds file; empty without one.
	HoldsSHA256  string       `json:"holdsSha256"`
	Lateness     Lateness     `json:"lateness"`
	Confirmation Confirmation `json:"confirmation"`
	ZDR          ZDR          `json:"zdr"`
	Manifest     Manifest     `json:"manifest"`
	Identifiers  IDScheme     `json:"identifiers"`
	Evidence     Intentions   `json:"evidence"`
	Limits       []string     `json:"limits"`
	Controls     []string     `json:"controls"`
	// Rotation stands in a key-rotation report, and in that of a run whose key was
	// lost before it was sealed.
	Rotation *Rotation `json:"rotation,omitempty"`
}

// Reason is why a result is not "kept", or a change that an auditor must notice.
type Reason struct {
	Code  string `json:"code"`
	Count int64  `json:"count"`
}

// SignerRef names the key that signs this very payload.
type SignerRef struct {
	SPKISHA256 string `json:"spkiSha256"`
	Algorithm  string `json:"algorithm"`
}

// Rotation hands the vault over from one signing key to another: every report
// after this one is by the new key, until the next rotation.
type Rotation struct {
	OldSPKISHA256 string `json:"oldSpkiSha256"`
	NewSPKISHA256 string `json:"newSpkiSha256"`
}

// Chain ties a report to the one before it. The pointers are null in report 0.
type Chain struct {
	VaultID                 string  `json:"vaultId"`
	Sequence                int64   `json:"sequence"`
	PreviousReportID        *string `json:"previousReportId"`
	PreviousStatementSHA256 *string `json:"previousStatementSha256"`
	PreviousBundleSHA256    *string `json:"previousBundleSha256"`
	// NextDue is the slot by which the next report is due; null without a schedule.
	NextDue *string `json:"nextDue"`
}

// Organization makes the promise.
type Organization struct {
	Name    string `json:"name"`
	Contact string `json:"contact"`
}

// Run says when and why the run took place.
type Run struct {
	Trigger      string       `json:"trigger"` // schedule, manual, apply, recovery
	ScheduledFor *string      `json:"scheduledFor"`
	Schedule     *Schedule    `json:"schedule"`
	StartedAt    string       `json:"startedAt"`
	FinishedAt   string       `json:"finishedAt"`
	Missed       []MissedSlot `json:"missed"`
	Clock        Clock        `json:"clock"`
	Apply        *Apply       `json:"apply"`
}

// Schedule is the cron expression and the time zone it is read in.
type Schedule struct {
	Cron     string `json:"cron"`
	Timezone string `json:"timezone"`
}

// MissedSlot is a slot of the schedule that no run served.
type MissedSlot struct {
	Slot string `json:"slot"`
	Code string `json:"code"`
}

// Clock is how far each store's server was from the local clock, in
// milliseconds (server minus local), and the limit as the config gives it.
type Clock struct {
	ServerSkewMillis map[string]int64 `json:"serverSkewMillis"` // by store name
	Limit            string           `json:"limit"`
}

// Apply names the plan that this run carried out.
type Apply struct {
	Report int64  `json:"report"`
	Reason string `json:"reason"`
	Ticket string `json:"ticket,omitempty"`
}

// Actor is what ran: never a person.
type Actor struct {
	Tool         string `json:"tool"`
	Version      string `json:"version"`
	Commit       string `json:"commit"`
	BinarySHA256 string `json:"binarySha256"`
	Identity     string `json:"identity"`
}

// Policy is what was to be kept, and since when.
type Policy struct {
	MaxAge       string       `json:"maxAge"` // as in the config: "30d"
	AgeSource    string       `json:"ageSource"`
	Cutoff       string       `json:"cutoff"`
	ConfigSHA256 string       `json:"configSha256"`
	Limits       PolicyLimits `json:"limits"`
	Guard        *Guard       `json:"guard"` // null unless one tripped
}

// PolicyLimits are the limits in force. Shares are decimal text ("0.2"): JSON
// numbers are integers in this format.
type PolicyLimits struct {
	MaxDeletions        int64  `json:"maxDeletions"`
	MaxShare            string `json:"maxShare"`
	ShareFloor          int64  `json:"shareFloor"`
	MaxKeyDateOnlyShare string `json:"maxKeyDateOnlyShare"`
	MaxKeyDateOnlyFloor int64  `json:"maxKeyDateOnlyFloor"`
	MaxClockSkewMillis  int64  `json:"maxClockSkewMillis"`
	MaxPurge            int64  `json:"maxPurge"`
	MaxRosterAgeSeconds int64  `json:"maxRosterAgeSeconds"`
	AllowEmptyRoster    bool   `json:"allowEmptyRoster"`
}

// Guard is the limit that stopped the run: its name as in the config, what was
// seen and what was allowed.
type Guard struct {
	Name  string `json:"name"`
	Store string `json:"store,omitempty"`
	Value string `json:"value"`
	Limit string `json:"limit"`
}

// Store is what was under retention.
type Store struct {
	Name           string   `json:"name"`
	Provider       string   `json:"provider"`
	EndpointHost   string   `json:"endpointHost"`
	Region         string   `json:"region"`
	Bucket         string   `json:"bucket"`
	Prefix         string   `json:"prefix"`
	Layouts        []string `json:"layouts"`
	KeyDateZone    string   `json:"keyDateZone"`
	NoTeam         []string `json:"noTeam"`
	Versioning     string   `json:"versioning"` // never, enabled, suspended, unknown
	ObjectLock     string   `json:"objectLock"` // none, enabled, unknown
	OverwriteGuard string   `json:"overwriteGuard"`
	Note           string   `json:"note,omitempty"` // a code, never a message
}

// PopulationCounts is what the planning listing saw.
type PopulationCounts struct {
	Listed                int64 `json:"listed"`
	Objects               int64 `json:"objects"`
	NoncurrentVersions    int64 `json:"noncurrentVersions"`
	DeleteMarkers         int64 `json:"deleteMarkers"`
	Uploads               int64 `json:"uploads"`
	Bytes                 int64 `json:"bytes"`
	Pages                 int64 `json:"pages"`
	Unattributed          int64 `json:"unattributed"`
	Anomalies             int64 `json:"anomalies"`
	Expired               int64 `json:"expired"`
	ExpiredByKeyDateAlone int64 `json:"expiredByKeyDateAlone"`
	Kept                  int64 `json:"kept"`
}

// Population is one store's counts. Complete is false unless the listing ended
// as a listing should.
type Population struct {
	Store string `json:"store"`
	PopulationCounts
	Complete bool `json:"complete"`
}

// OutcomeCounts is what became of the planned entries. Planned is the sum of
// the final outcomes and Left.
type OutcomeCounts struct {
	Planned      int64 `json:"planned"`
	Purged       int64 `json:"purged"` // planned for ZDR, not for age: lines why zdr
	Deleted      int64 `json:"deleted"`
	DeletedBytes int64 `json:"deletedBytes"`
	Absent       int64 `json:"absent"`
	Aborted      int64 `json:"aborted"`
	Held         int64 `json:"held"`
	Locked       int64 `json:"locked"`
	Pending      int64 `json:"pending"`
	Changed      int64 `json:"changed"`
	Failed       int64 `json:"failed"`
	Unconfirmed  int64 `json:"unconfirmed"`
	Left         int64 `json:"left"`
	Retries      int64 `json:"retries"`
	// WindowSeconds is the longest time that a rewritable entry went unchecked
	// before its delete, rounded up. In Totals it is the largest, not a sum.
	WindowSeconds int64 `json:"windowSeconds"`
}

// Outcomes is one store's outcomes.
type Outcomes struct {
	Store string `json:"store"`
	OutcomeCounts
}

// Totals are the fields of population and outcomes summed over the stores.
type Totals struct {
	PopulationCounts
	OutcomeCounts
}

// Exception is something that was not as the promise says, with its reason.
// Until is when the last of them ends: OBJECT_LOCK says so (but where a run died
// before it could), LEGAL_HOLD never.
type Exception struct {
	Code  string  `json:"code"`
	Store string  `json:"store"`
	Count int64   `json:"count"`
	Until *string `json:"until,omitempty"`
}

// Hold is one hold in force and how many expired entries it kept.
type Hold struct {
	ID      string `json:"id"`
	Owner   string `json:"owner"`
	Until   string `json:"until"`
	Scope   string `json:"scope"` // team, prefix, request, keys
	Entries int64  `json:"entries"`
}

// Lateness says how late deletions were. Ages are whole seconds.
type Lateness struct {
	OldestDeletedSeconds  int64 `json:"oldestAgeAtDeletionSeconds"`
	OldestSurvivorSeconds int64 `json:"oldestSurvivorAgeSeconds"`
	// Late counts the entries older than maxAge plus one schedule interval.
	Late int64 `json:"late"`
}

// Confirmation is what the second listing saw. The times are null where none
// was made.
type Confirmation struct {
	StartedAt        *string `json:"startedAt"`
	FinishedAt       *string `json:"finishedAt"`
	ExpiredRemaining int64   `json:"expiredRemaining"`
	Excused          Excused `json:"excused"`
	Complete         bool    `json:"complete"`
}

// Excused counts what remains for a stated reason.
type Excused struct {
	Held    int64 `json:"held"`
	Locked  int64 `json:"locked"`
	Pending int64 `json:"pending"`
}

// ZDR is the state of the roster's teams. Zero + Residual + Violation +
// Inconclusive = TeamCount.
type ZDR struct {
	RosterSource string  `json:"rosterSource"`
	RosterSHA256 string  `json:"rosterSha256"`
	RosterAsOf   string  `json:"rosterAsOf"`
	TeamCount    int64   `json:"teamCount"`
	Zero         int64   `json:"zero"`
	Residual     int64   `json:"residual"`
	Violation    int64   `json:"violation"`
	Inconclusive int64   `json:"inconclusive"`
	Mode         string  `json:"mode"` // ModeFull, ModePrefixes
	Witness      Witness `json:"witness"`
}

// Witness is the second look at stored metadata (0, 0 when it is off).
type Witness struct {
	Looked int64 `json:"looked"`
	Found  int64 `json:"found"`
}

// Manifest commits to every manifest line.
type Manifest struct {
	Format      string `json:"format"`
	RecordCount int64  `json:"recordCount"`
	PartCount   int64  `json:"partCount"`
	TreeAlg     string `json:"treeAlg"`
	RootHash    string `json:"rootHash"`
}

// ManifestFormat and TreeAlg are the only values of their fields in version 1.0.
const (
	ManifestFormat = "sweeper-manifest-v1+jsonl+gzip"
	TreeAlg        = "rfc6962-sha256-two-level"
)

// IDScheme says how keyHmac and teamRef were made, and commits to the secret.
type IDScheme struct {
	Scheme      string `json:"scheme"` // hashed or clear: with or without raw keys beside them
	Epoch       string `json:"epoch"`
	EpochCommit string `json:"epochCommit"`
}

// Intentions are what the writer asked of the vault; they are checked on the
// store itself, not here.
type Intentions struct {
	ObjectLockMode      string  `json:"objectLockMode"` // none, compliance, governance
	RetainUntil         *string `json:"retainUntil"`
	ManifestRetainUntil *string `json:"manifestRetainUntil"`
	TimestampPolicy     string  `json:"timestampPolicy"`
}
