package evidence

import (
	"crypto/x509"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// chainScript runs chain.sh of the auditor's guide on the fixture's vault.
func chainScript(f *fixture, heads ...Head) (string, error) {
	f.t.Helper()
	guide, err := os.ReadFile("../../docs/auditors.md")
	f.must(err)
	dir := f.t.TempDir()
	for _, m := range regexp.MustCompile("(?ms)^`([a-z]+\\.sh)`[^\n]*\n\n```bash\n(.*?)^```$").FindAllStringSubmatch(string(guide), -1) {
		f.must(os.WriteFile(filepath.Join(dir, m[1]), []byte(m[2]), 0o600))
	}
	f.must(os.CopyFS(filepath.Join(dir, "vault"), f.fs))
	trust, err := f.trust.Marshal()
	f.must(err)
	f.must(os.WriteFile(filepath.Join(dir, "trust-root.json"), trust, 0o600))
	args := []string{"chain.sh", "vault", "trust-root.json"}
	for _, h := range heads {
		args = append(args, fmt.Sprintf("%d:%s", h.Sequence, h.StatementSHA256))
	}
	cmd := exec.CommandContext(f.t.Context(), "bash", args...)
	cmd.Dir = dir
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// scriptFinds demands that chain.sh finds the vault whole and says want on the way,
// or not whole because of it.
func (f *fixture) scriptFinds(whole bool, want string) {
	f.t.Helper()
	out, err := chainScript(f)
	line := want + "\n"
	if !whole {
		line = "NOT WHOLE: " + line
	}
	if whole != (err == nil) || whole != strings.Contains(out, "\nWHOLE: ") || !strings.Contains(out, line) {
		f.t.Errorf("whole: want %v, and %q: %v\n%s", whole, line, err, out)
	}
}

func TestTheAuditorsScriptDemandsThatTheKeyInForceHandsOver(t *testing.T) {
	needTools(t, "bash", "openssl", "jq", "sha256sum", "base64", "gunzip", "comm", "cmp")
	const undeclared = ": it is not by the key in force, and no key rotation hands over to its key"
	lost := []Reason{{Code: CodeOldKeyUnavailable, Count: 1}}
	for name, c := range map[string]struct {
		seal  func(f *fixture, second Signer)
		whole bool
		want  string // %[1]s is the old key, %[2]s the new one
	}{
		"handed over by the old key": {func(f *fixture, second Signer) {
			f.seal(f.rotation(20, f.signer, second))
			f.signer = second
			f.seal(f.night(21))
		}, true, "note  report 1: hands over from key %[1]s to key %[2]s"},
		"the old key is lost, and that is said": {func(f *fixture, second Signer) {
			pl := f.rotation(20, f.signer, second)
			pl.signer, pl.p.Reasons = second, lost
			f.seal(pl)
			f.signer = second
			f.seal(f.night(21))
		}, true, "note  report 1: OLD_KEY_UNAVAILABLE: only the trust root vouches for the change from key %[1]s to key %[2]s"},
		"no rotation": {func(f *fixture, second Signer) {
			f.signer = second
			f.seal(f.night(21))
		}, false, "report 1" + undeclared},
		"a rotation by the new key alone": {func(f *fixture, second Signer) {
			pl := f.rotation(20, f.signer, second)
			pl.signer = second
			f.seal(pl)
		}, false, "report 1" + undeclared},
		"the old key says that it is lost": {func(f *fixture, second Signer) {
			pl := f.rotation(20, f.signer, second)
			pl.p.Reasons = lost
			f.seal(pl)
		}, false, "report 1" + undeclared},
		"a rotation that names no new key": {func(f *fixture, second Signer) {
			pl := f.rotation(20, f.signer, second)
			pl.p.Rotation.NewSPKISHA256 = ""
			f.seal(pl)
		}, false, "report 1" + undeclared},
		"a rotation to the same key": {func(f *fixture, _ Signer) {
			f.seal(f.rotation(20, f.signer, f.signer))
		}, false, "report 1" + undeclared},
		"a rotation of a key that is not in force": {func(f *fixture, second Signer) {
			f.seal(f.rotation(20, second, newSigner(f.t)))
		}, false, "report 1" + undeclared},
		"a key rotation without keys": {func(f *fixture, second Signer) {
			pl := f.rotation(20, f.signer, second)
			pl.p.Rotation = nil
			f.seal(pl)
		}, false, "report 1" + undeclared},
		"a sweep that rotates": {func(f *fixture, second Signer) {
			pl := f.night(21)
			pl.p.Rotation = f.rotation(20, f.signer, second).p.Rotation
			f.trust.Keys[0].NotAfter = nil
			f.seal(pl)
		}, false, "report 1" + undeclared},
		"a sweep that says that the key is lost": {func(f *fixture, _ Signer) {
			pl := f.night(21)
			pl.p.Reasons = append(pl.p.Reasons, lost...)
			f.trust.Keys[0].NotAfter = nil
			f.seal(pl)
		}, false, "report 1" + undeclared},
		"the old key signs on": {func(f *fixture, second Signer) {
			f.seal(f.rotation(20, f.signer, second))
			f.trust.Keys[0].NotAfter = nil
			f.seal(f.night(21))
		}, false, "report 2" + undeclared},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f, second, old, spki := rotating(t)
			c.seal(f, second)
			f.scriptFinds(c.whole, strings.NewReplacer("%[1]s", old, "%[2]s", spki).Replace(c.want))
			if v := f.verify(VerifyOptions{}); v.Valid != c.whole {
				t.Errorf("verify: valid %v, problems %q", v.Valid, v.Problems)
			}
		})
	}
}

func TestTheAuditorsScriptTakesAStampWhoseCertificateHasExpiredSince(t *testing.T) {
	needTools(t, "bash", "openssl", "jq", "sha256sum", "base64", "gunzip", "comm", "cmp")
	f := newFixture(t)
	f.seal(f.night(20))
	tsa := newAuthority(t, func(c *x509.Certificate) { c.NotAfter = at(20, 12, 0) })
	f.trust.TSARoots = []string{tsa.root}
	f.putToken(0, 1, tsa.stamp(f.signatureOf(0), at(20, 3, 0)))
	f.scriptFinds(true, "ok    report 0: sweep, inconclusive, 2026-11-20T02:15:03Z, stamped 2026-11-20T03:00:00Z")
	f.putToken(0, 1, tsa.stamp(f.signatureOf(0), at(20, 13, 0)))
	f.scriptFinds(false, "report 0: report.tsr is not a time stamp of its signature")
	f.putToken(0, 1, tsa.stamp(f.signatureOf(0), at(20, 2, 16)))
	f.scriptFinds(false, "report 0 was stamped before it says that it was finished")
	f.putToken(0, 1, tsa.stamp(f.signatureOf(0), at(20, 2, 17))) // clocks may differ by 5 minutes
	f.scriptFinds(true, "ok    report 0: sweep, inconclusive, 2026-11-20T02:15:03Z, stamped 2026-11-20T02:17:00Z")
	f.putToken(0, 1, []byte("no token"))
	f.scriptFinds(false, "report 0: report.tsr is not a time stamp")
}

// Who holds the key can write what they like, but not on the auditor's terminal.
func TestNothingThatAReportSaysSteersTheAuditorsTerminal(t *testing.T) {
	needTools(t, "bash", "openssl", "jq", "sha256sum", "base64", "gunzip", "comm", "cmp")
	f := newFixture(t)
	pl := f.quiet(20)
	pl.p.Result = "kept\x1b[2J\u009b1A\u202e é"
	f.seal(pl)
	out, err := chainScript(f)
	if err != nil || !strings.Contains(out, "ok    report 0: sweep, kept?[2J?1A? é, 2026") {
		t.Errorf("%v\n%q", err, out)
	}
}
