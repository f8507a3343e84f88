package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"slices"
	"strconv"
	"time"

	"github.com/sweeper-audit/sweeper/pkg/evidence"
	"github.com/sweeper-audit/sweeper/pkg/retention"
	"github.com/sweeper-audit/sweeper/pkg/vault"
)

// reports are the sealed reports of a vault, or of a copy of one.
type reports struct {
	numbers []int64 // in order
	open    func(name string) (io.ReadCloser, error)
}

// reportsOf reads them from the vault itself.
func reportsOf(ctx context.Context, v vault.Area) (reports, error) {
	numbers, err := reportNumbers(ctx, v)
	return reports{numbers, func(name string) (io.ReadCloser, error) {
		data, err := v.Get(ctx, name)
		return io.NopCloser(bytes.NewReader(data)), err
	}}, err
}

// reportsIn reads them from a copy, and writes nothing to it.
func reportsIn(dir string) (reports, error) {
	files := copied(dir)
	names, err := fs.Glob(files, "reports/*/"+evidence.FileBundle)
	if err != nil {
		return reports{}, fmt.Errorf("--vault: %w", err)
	}
	if len(names) == 0 {
		return reports{}, usage(fmt.Errorf("--vault: %s holds no reports/: name the folder that does", dir))
	}
	var numbers []int64
	for _, name := range names {
		if n, err := strconv.ParseInt(path.Base(path.Dir(name)), 10, 64); err == nil {
			numbers = append(numbers, n)
		}
	}
	slices.Sort(numbers)
	return reports{numbers, func(name string) (io.ReadCloser, error) { return files.Open(name) }}, nil
}

// missing are the numbers before the last report under which none is.
func (r reports) missing() spans { return gaps(r.numbers, 0) }

func (r reports) read(name string) ([]byte, error) {
	f, err := r.open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close() //nolint:errcheck // opened for reading only
	return io.ReadAll(f)
}

// search looks through reports for one object.
type search struct {
	flags   proveFlags
	reports reports
	trust   evidence.TrustRoot
	ids     *evidence.Identifiers // nil with a team's key
	team    *evidence.TeamKeyFile // nil with the identifier secret

	configured []string // the stores that the config names

	named       int64 // the one report that was asked for, -1 for all
	searched    int   // reports
	older       int   // reports before the one with the line, not looked into
	expired     int   // reports whose manifest is past its stated date, and gone
	otherEpochs int   // reports that were made with another secret or key
	elsewhere   int   // reports that know no such store
	known       bool  // a report that was looked into knows it
	compromised spans // reports that nothing here shows to be older than their key's compromise
	versions    bool  // the bucket may keep versions
	committed   bool  // a teams.csv commits to the team's key
}

// search looks through report n, or from the newest report back if n is
// negative. The error is evidence.ErrNoLine if none has such a line.
func (s *search) search(n int64) (evidence.Proof, evidence.Claim, error) {
	s.named = n
	numbers := slices.Clone(s.reports.numbers)
	slices.Reverse(numbers)
	if n >= 0 {
		if !slices.Contains(numbers, n) {
			return evidence.Proof{}, evidence.Claim{}, usage(fmt.Errorf("there is no report %d; \"sweeper report list\" shows those that are", n))
		}
		numbers = []int64{n}
	}
	for i, n := range numbers {
		s.older = len(numbers) - i - 1
		proof, claim, err := s.report(n)
		if errors.Is(err, evidence.ErrNoLine) {
			continue
		}
		if said := (*exitError)(nil); err != nil && (!errors.As(err, &said) || said.status == exitEvidence) {
			err = fmt.Errorf("report %d: %w; \"sweeper verify\" says all that is wrong", n, err)
		}
		return proof, claim, err
	}
	return evidence.Proof{}, evidence.Claim{}, evidence.ErrNoLine
}

// report looks through one report. What it returns has been verified.
func (s *search) report(n int64) (proof evidence.Proof, claim evidence.Claim, err error) {
	dir := evidence.ReportDir(n) + "/"
	bundle, err := s.reports.read(dir + evidence.FileBundle)
	if err != nil {
		return proof, claim, err
	}
	st, err := s.counted(n, bundle)
	if errors.Is(err, evidence.ErrCompromised) && s.named < 0 {
		s.compromised = s.compromised.with(n)
		return proof, claim, evidence.ErrNoLine
	}
	if err != nil {
		return proof, claim, doesNotCount(err)
	}
	sought, err := s.sought(st, dir)
	if err != nil {
		return proof, claim, err
	}
	if len(sought) == 0 {
		return proof, claim, evidence.ErrNoLine
	}
	s.searched++
	open := func(name string) (io.ReadCloser, error) { return s.reports.open(dir + name) }
	if proof, err = evidence.FindProof(bundle, open, sought); err != nil {
		if missing(err) && s.manifestExpired(st, dir) {
			s.searched, s.expired = s.searched-1, s.expired+1
			err = evidence.ErrNoLine
		}
		return proof, claim, err
	}
	claim, err = evidence.VerifyProof(proof, s.trust)
	return proof, claim, err
}

// missing reports whether an error says that a file isn't there.
func missing(err error) bool {
	return errors.Is(err, fs.ErrNotExist) || errors.Is(err, vault.ErrNotFound)
}

// counted opens report n if its signature counts and it is that report of that
// vault: over another one, to say that nothing was found would mean nothing.
func (s *search) counted(n int64, bundle []byte) (evidence.Statement, error) {
	st, err := evidence.OpenCounted(bundle, nil, s.trust)
	if errors.Is(err, evidence.ErrCompromised) {
		tokens, fault := s.tokens(n)
		if fault != nil {
			return st, &exitError{exitFailed, fault} // that says nothing of the evidence
		}
		st, err = evidence.OpenCounted(bundle, tokens, s.trust)
	}
	if err != nil {
		return st, err
	}
	switch c, findings := st.Predicate.Chain, evidence.ValidatePredicate(st.Predicate); {
	case c.VaultID != s.trust.VaultID:
		return st, fmt.Errorf("it is of vault %q, the trust root of %q", c.VaultID, s.trust.VaultID)
	case c.Sequence != n:
		return st, fmt.Errorf("what lies there is report %d", c.Sequence)
	case len(findings) > 0:
		return st, fmt.Errorf("it contradicts itself: %s", findings[0])
	}
	return st, nil
}

// doesNotCount gives what is wrong with a report its exit status, unless it has one.
func doesNotCount(err error) error {
	if said := (*exitError)(nil); errors.As(err, &said) {
		return err
	}
	return &exitError{exitEvidence, err}
}

// tokens reads the time stamps that stand beside report n.
func (s *search) tokens(n int64) (tokens [][]byte, err error) {
	for i := 1; ; i++ {
		token, err := s.reports.read(evidence.ReportDir(n) + "/" + evidence.FileToken(i))
		if missing(err) {
			return tokens, nil
		}
		if err != nil {
			return nil, err
		}
		tokens = append(tokens, token)
	}
}

// manifestExpired reports whether the report's manifest parts may be gone. What
// lists them may not.
func (s *search) manifestExpired(st evidence.Statement, dir string) bool {
	if _, err := s.signedFile(st, dir, evidence.FileParts); err != nil {
		return false
	}
	config, err := s.signedFile(st, dir, evidence.FileConfig)
	return err == nil && evidence.ManifestExpired(st.Predicate, config, time.Now())
}

// signedFile reads a file of a report, and demands that it is the signed one.
func (s *search) signedFile(st evidence.Statement, dir, name string) ([]byte, error) {
	data, err := s.reports.read(dir + name)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	signed := evidence.Subject{Name: name, Digest: evidence.Digest{SHA256: evidence.SHA256Hex(data)}}
	if !slices.Contains(st.Subject, signed) {
		return nil, fmt.Errorf("%s: it is not the file that was signed: its SHA-256 differs", name)
	}
	return data, nil
}

// sought is what the object can stand under in a report: none if the report knows
// no such store, or was made with another secret.
func (s *search) sought(st evidence.Statement, dir string) ([]evidence.Sought, error) {
	p := st.Predicate
	i := slices.IndexFunc(p.Stores, func(store evidence.Store) bool { return store.Name == s.flags.store })
	if i < 0 {
		if p.ReportType != evidence.TypeKeyRotation { // that is about no store
			s.elsewhere++
		}
		return nil, nil
	}
	s.known = true
	keys, err := s.teamKeys(st, p.Stores[i], dir)
	if err != nil || keys == nil {
		return nil, err
	}
	s.versions = s.versions || p.Stores[i].Versioning != "never"
	var sought []evidence.Sought
	for _, k := range keys {
		for _, c := range candidates(s.flags.kind, s.flags.version) {
			sought = append(sought, evidence.Seek(k, i, c.kind, p.Stores[i].Bucket, s.flags.key, c.id))
		}
	}
	return sought, nil
}

// teamKeys are the keys that the object can be hashed with: of the teams that the
// report's layouts read out of its key, and of nobody.
func (s *search) teamKeys(st evidence.Statement, store evidence.Store, dir string) ([]evidence.TeamKey, error) {
	scheme := st.Predicate.Identifiers
	if s.team != nil {
		if scheme.Epoch != s.team.Epoch {
			s.otherEpochs++
			return nil, nil
		}
		return []evidence.TeamKey{s.team.Key}, s.checkTeamKey(st, dir)
	}
	if scheme.EpochCommit != s.ids.EpochCommit() {
		s.otherEpochs++
		return nil, nil
	}
	keys := []evidence.TeamKey{s.ids.Team("")}
	for _, text := range store.Layouts {
		l, err := retention.ParseLayout(store.Prefix, text)
		if err != nil {
			return nil, fmt.Errorf("its layout: %w", err)
		}
		if f, ok := l.Parse(s.flags.key); ok && evidence.ValidTeamID(f.Team) {
			keys = append(keys, s.ids.Team(f.Team))
		}
	}
	return keys, nil
}

// checkTeamKey holds the team's key against the report's commitment, where there
// is one.
func (s *search) checkTeamKey(st evidence.Statement, dir string) error {
	data, err := s.signedFile(st, dir, evidence.FileTeams)
	if err != nil {
		return err
	}
	rows, err := evidence.ParseTeams(data)
	if err != nil {
		return err
	}
	committed, err := s.team.CheckCommit(rows)
	if err != nil {
		return usage(fmt.Errorf("--team-key: report %d: %w", st.Predicate.Chain.Sequence, err))
	}
	s.committed = s.committed || committed
	return nil
}

type candidate struct{ kind, id string }

// candidates are the kinds of entry, and the ids, that the object can have had.
// Without an id it is an object of a bucket without versions, or a null version.
func candidates(kind, version string) []candidate {
	var all []candidate
	for _, k := range evidence.KindNames() {
		switch {
		case kind != "" && kind != k:
		case version != "":
			all = append(all, candidate{k, version})
		case k == "object":
			all = append(all, candidate{k, ""}, candidate{k, "null"})
		case k != "upload":
			all = append(all, candidate{k, "null"})
		}
	}
	return all
}

// nothing says that no report is about the object, and what that doesn't cover.
// It does not name the key.
func (s *search) nothing() string {
	said := fmt.Sprintf("No report says that it was deleted (reports searched: %d).", s.searched)
	if s.named >= 0 {
		said = fmt.Sprintf("Report %d does not say that it was deleted.\nOther reports, which were not searched: %d.", s.named, len(s.reports.numbers)-1)
	}
	for _, note := range s.notes() {
		said += "\n" + note
	}
	if s.elsewhere > 0 {
		said += fmt.Sprintf("\nReports that know no store %q: %d.", s.flags.store, s.elsewhere)
	}
	if s.flags.version == "" && s.versions {
		said += "\nIf the bucket keeps versions, name one: --version ID. So too for an incomplete upload."
	}
	if s.team != nil {
		said += fmt.Sprintf("\nThe key of team %s finds that team's entries alone.", s.team.Team)
	}
	return said + "\nThat no report was rewritten, or cut off at the end, was not checked: \"sweeper verify\" does."
}

// notes say what the answer leaves open.
func (s *search) notes() []string {
	var notes []string
	if s.older > 0 {
		notes = append(notes, fmt.Sprintf("Older reports, which were not searched: %d. \"sweeper prove N\" asks one of them.", s.older))
	}
	if s.expired > 0 {
		notes = append(notes, fmt.Sprintf("Reports whose manifest has expired, so that nobody can search them any more: %d.", s.expired))
	}
	if len(s.compromised) > 0 {
		notes = append(notes, fmt.Sprintf("Reports that were not searched, since their key was compromised and no time stamp of theirs is from before: %s.",
			s.compromised))
	}
	if gone := s.reports.missing(); len(gone) > 0 {
		notes = append(notes, fmt.Sprintf("Reports that are missing, so that nobody can search them: %s.", gone))
	}
	if s.otherEpochs > 0 {
		notes = append(notes, fmt.Sprintf("Reports that were not searched, since they were made with another identifier secret: %d.", s.otherEpochs))
	}
	if s.team != nil && s.searched > 0 && !s.committed {
		notes = append(notes, fmt.Sprintf("No row of %s commits to the key of team %s.", evidence.FileTeams, s.team.Team))
	}
	return notes
}
