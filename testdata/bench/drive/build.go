package main

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
)

// rig is what measuring needs: the programs, and a folder to run them in.
type rig struct {
	options
	root  string // of the repository
	dir   string // for this time
	tools string // where mc and rclone are kept
	log   io.Writer
	boxes int
}

func (r *rig) program(name string) string { return filepath.Join(r.dir, "bin", name) }

// build builds everything that runs.
func (r *rig) build(ctx context.Context) error {
	gomod, err := exec.CommandContext(ctx, "go", "env", "GOMOD").Output()
	if err != nil {
		return fmt.Errorf("ask the go command where the module is: %w", err)
	}
	r.root = filepath.Dir(strings.TrimSpace(string(gomod)))
	for _, p := range []struct{ module, pkg, name string }{
		{"testdata/servers/null", ".", "null"},
		{".", "./cmd/sweeper", "sweeper"},
		{".", "./testdata/bench/sweeplist", "sweeplist"},
		{".", "./testdata/bench/sdklist", "sdklist"},
		{".", "./testdata/bench/tokenlist", "tokenlist"},
	} {
		if err := r.goBuild(ctx, p.module, r.program(p.name), p.pkg); err != nil {
			return err
		}
	}
	if !r.sweep || !r.rivals {
		return nil
	}
	return r.buildRivals(ctx)
}

// buildRivals builds mc and rclone once for each set of versions and keeps them
// in the user's cache.
func (r *rig) buildRivals(ctx context.Context) error {
	cache, err := os.UserCacheDir()
	if err != nil {
		return err
	}
	const module = "testdata/bench/tools"
	pins, err := os.ReadFile(filepath.Join(r.root, module, "go.mod"))
	if err != nil {
		return err
	}
	r.tools = filepath.Join(cache, "sweeper-bench", fmt.Sprintf("%s-%x", runtime.Version(), sha256.Sum256(pins))[:24])
	for _, p := range []string{"github.com/minio/mc", "github.com/rclone/rclone"} {
		to := filepath.Join(r.tools, filepath.Base(p))
		if _, err := os.Stat(to); !errors.Is(err, os.ErrNotExist) {
			if err != nil {
				return err
			}
			continue
		}
		fmt.Fprintf(r.log, "building %s; once; it takes minutes\n", p)
		if err := os.MkdirAll(r.tools, 0o755); err != nil {
			return err
		}
		if err := r.goBuild(ctx, module, to+".new", p); err != nil {
			return err
		}
		if err := os.Rename(to+".new", to); err != nil {
			return err
		}
	}
	return nil
}

func (r *rig) goBuild(ctx context.Context, module, to, pkg string) error {
	cmd := exec.CommandContext(ctx, "go", "build", "-trimpath", "-o", to, pkg)
	cmd.Dir = filepath.Join(r.root, module)
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOWORK=off")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%s in %s: %w\n%s", cmd, module, err, out)
	}
	return nil
}
