package evidence

import (
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"slices"
)

// report is one report while it is checked.
type report struct {
	fs     fs.FS
	at     string // its directory
	dir    int64  // the directory's number, -1 if it stands alone
	bundle bundle
	s      Statement
	p      Predicate
	parsed bool // s and p say something
	signed bool // by a key of the trust root

	statementSHA string
	bundleSHA    string
	files        map[string][]byte // subjects whose digest fits
	teams        []TeamRow
	facts        Facts
	hasFacts     bool
	lock         declaredLock // of config.json
	lockUnsaid   bool         // config.json says nothing of a vault
	lockHolds    bool         // what the payload states of locks fits config.json
	// purgedGone counts by store the young entries of ZDR teams that went; nil
	// unless every line was read.
	purgedGone []int64
	tokenFiles []string // its report.tsr and report-N.tsr
	stamps     []Token  // those of its time stamps that count
	check      ReportCheck
}

// number is the directory's number, or, standing alone, what the report says.
func (rep *report) number() int64 {
	if rep.dir >= 0 {
		return rep.dir
	}
	return rep.p.Chain.Sequence
}

// isSweep reports whether the report can serve a slot.
func (rep *report) isSweep() bool {
	return rep.parsed && (rep.p.ReportType == TypeSweep || rep.p.ReportType == TypeRecovery)
}

func (rep *report) problemf(file, format string, args ...any) {
	said := fmt.Sprintf("%s: %s", file, fmt.Sprintf(format, args...))
	if rep.dir >= 0 || rep.parsed { // else nothing says which one it is
		said = fmt.Sprintf("report %d: %s", rep.number(), said)
	}
	rep.check.Problems = append(rep.check.Problems, said)
}

// checkReport checks everything that can be seen without the report's
// neighbours.
func (r *verifier) checkReport(at string, dir int64) *report {
	rep := &report{fs: r.fs, at: at, dir: dir, files: map[string][]byte{}}
	rep.check.Sequence = max(dir, 0)
	if !rep.open() {
		return rep
	}
	rep.fillCheck()
	if !rep.signature(r) {
		return rep
	}
	for _, finding := range ValidatePredicate(rep.p) {
		rep.problemf(FileBundle, "%s", finding)
	}
	rep.subjects()
	rep.config()
	rep.teamsFile()
	parts := rep.partsFile()
	rep.extraFiles(parts)
	r.tokens(rep)
	if !r.inPeriod(rep) {
		r.notef("report %d: outside the audit period, its manifest lines were not recounted", rep.number())
		return rep
	}
	rep.recount(parts, r)
	return rep
}

// open reads bundle and statement.
func (rep *report) open() bool {
	data, err := rep.read(FileBundle)
	if err != nil {
		rep.problemf(FileBundle, "%v", err)
		return false
	}
	rep.bundleSHA = SHA256Hex(data)
	rep.bundle, err = parseBundle(data)
	if err != nil {
		rep.problemf(FileBundle, "%v", err)
		return false
	}
	rep.statementSHA = SHA256Hex(rep.bundle.DSSEEnvelope.Payload)
	rep.s, err = ParseStatement(rep.bundle.DSSEEnvelope.Payload)
	if err != nil {
		rep.problemf(FileBundle, "%v", err)
		return false
	}
	rep.p, rep.parsed = rep.s.Predicate, true
	return true
}

func (rep *report) fillCheck() {
	rep.check = ReportCheck{
		Sequence:        rep.number(),
		ReportID:        rep.p.ReportID,
		Type:            rep.p.ReportType,
		Result:          rep.p.Result,
		Reasons:         rep.p.Reasons,
		StartedAt:       rep.p.Run.StartedAt,
		FinishedAt:      rep.p.Run.FinishedAt,
		StatementSHA256: rep.statementSHA,
	}
}

// signature checks who signed. What follows means nothing unless it holds.
func (rep *report) signature(r *verifier) bool {
	if err := rep.bundle.signedBy(r.trust, rep.p.Signer); err != nil {
		rep.problemf(FileBundle, "%v%s", err, r.handedOver(rep.bundle.VerificationMaterial.PublicKey.Hint))
		return false
	}
	rep.signed = true
	return true
}

// subjects compares the files with the digests that were signed.
func (rep *report) subjects() {
	names := make([]string, len(rep.s.Subject))
	for i, s := range rep.s.Subject {
		names[i] = s.Name
	}
	must := []string{FileParts, FileTeams, FileConfig}
	if !slices.Equal(names, must) && !slices.Equal(names, append(must, FileHTML)) {
		rep.problemf(FileBundle, "the subjects are %q, not %s, %s, %s and, where there is one, %s", names, FileParts, FileTeams,
			FileConfig, FileHTML)
	}
	for _, s := range rep.s.Subject {
		if !slices.Contains(must, s.Name) && s.Name != FileHTML {
			continue
		}
		data, err := rep.read(s.Name)
		switch {
		case err != nil:
			rep.problemf(s.Name, "%v", err)
		case SHA256Hex(data) != s.Digest.SHA256:
			rep.problemf(s.Name, "it is not the file that was signed: its SHA-256 differs")
		default:
			rep.files[s.Name] = data
		}
	}
}

var tokenPattern = regexp.MustCompile(`^report(-[2-9]|-[1-9][0-9]+)?\.tsr$`)

// extraFiles refuses whatever a report does not consist of.
func (rep *report) extraFiles(parts []Part) {
	known := map[string]bool{FileBundle: true}
	for _, s := range rep.s.Subject {
		known[s.Name] = true
	}
	for _, p := range parts {
		known[p.Name] = true
	}
	entries, err := fs.ReadDir(rep.fs, rep.at)
	if err != nil {
		rep.problemf(".", "its files can't be listed: %v", err)
		return
	}
	for _, e := range entries {
		switch {
		case tokenPattern.MatchString(e.Name()) && !e.IsDir():
			rep.tokenFiles = append(rep.tokenFiles, e.Name())
		case known[e.Name()] && !e.IsDir():
		case rep.files[FileParts] == nil && isPartName(e.Name()):
			// Which parts belong is not known; parts.jsonl has its finding.
		default:
			rep.problemf(e.Name(), "it does not belong to the report")
		}
	}
}

func isPartName(name string) bool {
	_, _, ok := ParsePartName(name)
	return ok
}

// read returns a file of the report. The error is a sentence about it.
func (rep *report) read(name string) ([]byte, error) {
	file := path.Join(rep.at, name)
	info, err := fs.Stat(rep.fs, file)
	if err != nil {
		return nil, missingOr(err)
	}
	if info.IsDir() || info.Size() > 2*maxDocument {
		return nil, fmt.Errorf("it is a directory, or larger than %d bytes", 2*maxDocument)
	}
	data, err := fs.ReadFile(rep.fs, file)
	if err != nil {
		return nil, missingOr(err)
	}
	return data, nil
}
