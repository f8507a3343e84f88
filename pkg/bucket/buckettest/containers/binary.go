package containers

import (
	"context"
	"crypto/sha256"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/lockedfile"
	"golang.org/x/mod/modfile"
)

// dockerfile puts a static binary, and nothing else, into an image.
const dockerfile = "FROM scratch\nCOPY server /server\nENTRYPOINT [\"/server\"]\n"

// buildFlags make the binary static in effect and the same on every machine.
var buildFlags = []string{"-trimpath", "-ldflags", "-s -w"}

// image is a server's image: a build context and the name it is kept under.
type image struct {
	Dir  string // holds server and Dockerfile
	Repo string
	Tag  string // changes with whatever the binary is built from
}

// server returns the image of the named module of testdata/servers. Its binary
// is built once per set of versions and kept in the user's cache directory,
// under a lock, since go test runs packages at the same time.
func server(t testing.TB, name string) image {
	t.Helper()
	root := moduleRoot(t)
	module := filepath.Join(root, "testdata", "servers", name)
	tag, err := versionOf(module)
	if err != nil {
		t.Fatalf("read the pinned version of %s: %v", name, err)
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		t.Fatalf("find a place to keep the binary of %s: %v", name, err)
	}
	dir := filepath.Join(cache, "sweeper-test-servers", name+"-"+tag)
	if err := os.MkdirAll(filepath.Dir(dir), 0o755); err != nil {
		t.Fatalf("make a place to keep the binary of %s: %v", name, err)
	}
	unlock, err := lockedfile.MutexAt(dir + ".lock").Lock()
	if err != nil {
		t.Fatalf("lock the build of %s: %v", name, err)
	}
	defer unlock()
	if _, err := os.Stat(dir); err != nil {
		t.Logf("building %s %s from %s; once; it takes minutes", name, tag, module)
		start := time.Now()
		if err := build(t.Context(), module, dir); err != nil {
			t.Fatalf("build %s: %v", name, err)
		}
		t.Logf("built %s in %s", name, time.Since(start).Round(time.Second))
	}
	return image{Dir: dir, Repo: "sweeper-test-" + name, Tag: tag}
}

// build makes dir, whole or not at all.
func build(ctx context.Context, module, dir string) error {
	work, err := os.MkdirTemp(filepath.Dir(dir), "build-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(work)
	if err := os.Chmod(work, 0o755); err != nil {
		return err
	}
	args := append([]string{"build", "-o", filepath.Join(work, "server")}, buildFlags...)
	cmd := exec.CommandContext(ctx, "go", append(args, "tool")...)
	cmd.Dir = module
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS=linux", "GOARCH="+runtime.GOARCH, "GOWORK=off")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%s in %s: %w\n%s", cmd, module, err, out)
	}
	if err := os.WriteFile(filepath.Join(work, "Dockerfile"), []byte(dockerfile), 0o644); err != nil {
		return err
	}
	return os.Rename(work, dir)
}

// versionOf names what a build of the module at dir would give: the version of
// its tool and a digest over every other thing that goes into the binary.
func versionOf(dir string) (string, error) {
	digest := sha256.New()
	fmt.Fprintf(digest, "%s %s %q %q\n", runtime.Version(), runtime.GOARCH, buildFlags, dockerfile)
	sums, err := os.ReadFile(filepath.Join(dir, "go.sum"))
	if err != nil {
		return "", err
	}
	gomod, err := os.ReadFile(filepath.Join(dir, "go.mod"))
	if err != nil {
		return "", err
	}
	fmt.Fprintf(digest, "%s\n%s", gomod, sums)
	mod, err := modfile.Parse("go.mod", gomod, nil)
	if err != nil {
		return "", err
	}
	if len(mod.Tool) != 1 {
		return "", fmt.Errorf("%s has %d tool lines; a server's module has one", filepath.Join(dir, "go.mod"), len(mod.Tool))
	}
	for _, r := range mod.Require {
		if tool := mod.Tool[0].Path; tool == r.Mod.Path || strings.HasPrefix(tool, r.Mod.Path+"/") {
			return fmt.Sprintf("%s-%x", r.Mod.Version, digest.Sum(nil)[:6]), nil
		}
	}
	return "", fmt.Errorf("%s requires no module that has its tool %s", filepath.Join(dir, "go.mod"), mod.Tool[0].Path)
}

// moduleRoot returns the directory of the project's go.mod. Tests run in their
// package's directory, so the go command knows.
func moduleRoot(t testing.TB) string {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "go", "env", "GOMOD").Output()
	if err != nil {
		t.Fatalf("ask the go command for the module's root: %v", err)
	}
	return filepath.Dir(strings.TrimSpace(string(out)))
}
