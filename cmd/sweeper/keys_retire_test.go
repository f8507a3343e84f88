package main

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/sweeper-audit/sweeper/pkg/evidence"
)

func TestRetiringAnEpochDestroysItsSecretAfterItsNameAlone(t *testing.T) {
	k := newKeyed(t, "")
	k.run(t, 0, "run")
	file := filepath.Join(k.dir, "keys/identifiers.secret")
	before, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	same := func(want bool) {
		t.Helper()
		now, err := os.ReadFile(file)
		if err != nil || (string(now) == string(before)) != want {
			t.Errorf("the secret stands: %v, want %v (%v)", !want, want, err)
		}
	}
	k.run(t, 2, "keys", "retire-epoch", "2", "--yes", "2")
	k.run(t, 2, "keys", "retire-epoch", "1", "--yes", "yes")
	k.run(t, 2, "keys", "retire-epoch", "1") // nobody is there to type its name
	same(true)
	hard := filepath.Join(k.dir, "hard-link")
	if err := os.Link(file, hard); err != nil {
		t.Fatal(err)
	}
	cmd := k.command(t, "keys", "retire-epoch", "1")
	cmd.Stdin = strings.NewReader("1\n")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	same(false)
	if old, err := os.ReadFile(hard); err != nil || strings.Trim(string(old), "\x00") != "" {
		t.Errorf("the old secret was not overwritten (%v)", err)
	}
	k.run(t, 0, "run")
	if e := k.sealed(t, 1).predicate.Identifiers.Epoch; e != "2" {
		t.Errorf("the next report is of epoch %s", e)
	}
	k.verify(0, "keys/trust-root.json")
	list, _ := k.run(t, 0, "keys", "list")
	contains(t, "list", list, "not in identifiers.secret_file", "here")
}

// secretText is a new secret of an epoch, as its file has it.
func secretText(t *testing.T, epoch string) string {
	t.Helper()
	secret, err := evidence.NewSecret(strings.NewReader(strings.Repeat(epoch, 32)))
	if err != nil {
		t.Fatal(err)
	}
	text, err := evidence.FormatSecret(secret, epoch)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// begins is the name of the epoch whose secret is in the file.
func (k *keyed) begins() string {
	k.t.Helper()
	text, err := os.ReadFile(filepath.Join(k.dir, "keys/identifiers.secret"))
	if err != nil {
		k.t.Fatal(err)
	}
	_, epoch, err := evidence.ParseSecret(text)
	if err != nil {
		k.t.Fatal(err)
	}
	return epoch
}

func TestRetiringAnEpochMayDieAtAnyStepAndBeRunAgain(t *testing.T) {
	const file = "keys/identifiers.secret"
	k := newKeyed(t, "")
	path := func(name string) string { return filepath.Join(k.dir, name) }
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	made := func() { k.write(t, file+".new", secretText(t, "2")) }
	linked := func() { made(); must(os.Link(path(file), path(file+".old"))) }
	renamed := func() { linked(); must(os.Rename(path(file+".new"), path(file))) }
	overwritten := func() { renamed(); must(os.WriteFile(path(file+".old"), make([]byte, 90), 0o600)) }
	for name, c := range map[string]struct {
		died func()
		says string
	}{
		"after the new secret was made":        {made, "The secret of epoch 1 is destroyed; the next report begins epoch 2."},
		"after the old one got another name":   {linked, "The secret of epoch 1 is destroyed; the next report begins epoch 2."},
		"after the new one took its name":      {renamed, "What an earlier try left of the old secret is destroyed"},
		"after the old secret was overwritten": {overwritten, "What an earlier try left of the old secret is destroyed"},
	} {
		must(os.RemoveAll(path(file)))
		k.write(t, file, secretText(t, "1"))
		must(os.RemoveAll(path("hard-link")))
		must(os.Link(path(file), path("hard-link")))
		c.died()
		out, _ := k.run(t, 0, "keys", "retire-epoch", "1", "--yes", "1")
		contains(t, name, out, c.says)
		if e := k.begins(); e != "2" {
			t.Errorf("%s: the next epoch is %s", name, e)
		}
		if old, err := os.ReadFile(path("hard-link")); err != nil || strings.Trim(string(old), "\x00") != "" {
			t.Errorf("%s: the old secret was not overwritten (%v)", name, err)
		}
		if left, err := filepath.Glob(path(file + ".*")); err != nil || len(left) > 0 {
			t.Errorf("%s: %q is left behind", name, left)
		}
	}
	k.run(t, 2, "keys", "retire-epoch", "1", "--yes", "1")
}

func TestANewSecretHasTheModeAndTheOwnerOfTheOld(t *testing.T) {
	k := newKeyed(t, "")
	file := filepath.Join(k.dir, "keys/identifiers.secret")
	const mode = 0o700
	if err := os.Chmod(file, mode); err != nil {
		t.Fatal(err)
	}
	if os.Geteuid() == 0 { // nobody else can give a file away
		if err := os.Chown(file, 1234, 1234); err != nil {
			t.Fatal(err)
		}
	}
	link := filepath.Join(k.dir, "keys/elsewhere")
	if err := os.Rename(file, link); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("elsewhere", file); err != nil {
		t.Fatal(err)
	}
	before, err := os.Stat(file)
	if err != nil {
		t.Fatal(err)
	}
	k.run(t, 0, "keys", "retire-epoch", "1", "--yes", "1")
	after, err := os.Lstat(link)
	if err != nil {
		t.Fatal(err)
	}
	if after.Mode() != before.Mode() || os.SameFile(before, after) || !sameOwner(before, after) {
		t.Errorf("%v was %v", after, before)
	}
	if e := k.begins(); e != "2" {
		t.Errorf("the next epoch is %s", e)
	}
}

func TestAnEpochsNameIsNotUsedTwice(t *testing.T) {
	k := newKeyed(t, "")
	k.run(t, 0, "run")
	for _, next := range []string{"3", "2"} {
		k.run(t, 0, "keys", "retire-epoch", k.begins(), "--yes", k.begins(), "--next", next)
		k.run(t, 0, "run")
	}
	for _, used := range []string{"1", "3", "2"} {
		_, errs := k.run(t, 2, "keys", "retire-epoch", "2", "--yes", "2", "--next", used)
		contains(t, used, errs, "there is an epoch "+used+" already", "nothing was destroyed")
	}
	k.run(t, 0, "keys", "retire-epoch", "2", "--yes", "2")
	if e := k.begins(); e != "4" {
		t.Errorf("the epoch after 1, 3 and 2 is %s", e)
	}
}

func TestASecretThatChangedWhileTheOperatorWasAskedIsNotDestroyed(t *testing.T) {
	k := newKeyed(t, "")
	cmd := k.command(t, "keys", "retire-epoch", "1")
	answer, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	prompt, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	question := make([]byte, len("This destroys"))
	if _, err := io.ReadFull(prompt, question); err != nil {
		t.Fatal(err)
	}
	k.run(t, 0, "keys", "retire-epoch", "1", "--yes", "1")
	if _, err := io.WriteString(answer, "1\n"); err != nil {
		t.Fatal(err)
	}
	var errs bytes.Buffer
	if _, err := errs.ReadFrom(prompt); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait() // its status says it
	if cmd.ProcessState.ExitCode() != 2 {
		t.Errorf("exit status %d", cmd.ProcessState.ExitCode())
	}
	contains(t, "it", errs.String(), "holds the secret of epoch 2, not of 1")
	if e := k.begins(); e != "2" {
		t.Errorf("the next epoch is %s", e)
	}
}

// sameOwner reports whether two files have one owner and group.
func sameOwner(a, b os.FileInfo) bool {
	x, ok := a.Sys().(*syscall.Stat_t)
	y, ok2 := b.Sys().(*syscall.Stat_t)
	return ok && ok2 && x.Uid == y.Uid && x.Gid == y.Gid
}
