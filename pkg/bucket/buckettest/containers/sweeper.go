package containers

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/moby/moby/api/pkg/stdcopy"
	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/client"
	"github.com/testcontainers/testcontainers-go"
	"github.com/testcontainers/testcontainers-go/log"
	"github.com/testcontainers/testcontainers-go/wait"
)

// imageUser is the user and group that the project's Dockerfile names.
const imageUser = 65532

// SweeperImage returns the name of the project's own image, built from this
// tree and the project's Dockerfile by .ci/build-image if it isn't there yet.
func SweeperImage(t testing.TB) string {
	t.Helper()
	engine(t)
	cmd := exec.CommandContext(t.Context(), filepath.Join(moduleRoot(t), ".ci", "build-image"))
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		t.Fatalf("build the project's image: %v\n%s", err, stderr.String())
	}
	return strings.TrimSpace(stdout.String())
}

// Job is a container that is run once, to its end, as an operator would run
// it: no capabilities, no new privileges, a read-only root. It shares the
// host's network, so that a Server's Endpoint is the same inside.
type Job struct {
	Image   string
	Args    []string
	Env     map[string]string
	Dirs    map[string]string // host directory -> path inside; the job may write there
	Timeout time.Duration     // zero: two minutes
}

// Result is what a Job left behind.
type Result struct {
	Exit           int
	Stdout, Stderr string
}

// Run runs the job and waits for its end. Any exit code is a Result; a job that
// can't be started, or doesn't end in time, ends the test.
//
// The job runs as the image's own user, to whom Dirs are given; only where the
// test isn't root and so can't give anything away, the job runs as its user.
func Run(t testing.TB, job Job) Result {
	t.Helper()
	engine(t)
	var binds []string
	for host, inside := range job.Dirs {
		if err := giveAway(host); err != nil {
			t.Fatalf("give the job's directory to the image's user: %v", err)
		}
		binds = append(binds, host+":"+inside)
	}
	timeout := job.Timeout
	if timeout == 0 {
		timeout = 2 * time.Minute
	}
	c, err := testcontainers.GenericContainer(t.Context(), testcontainers.GenericContainerRequest{
		ContainerRequest: testcontainers.ContainerRequest{
			Image: job.Image, Cmd: job.Args, Env: job.Env,
			WaitingFor: wait.ForExit().WithExitTimeout(timeout),
			ConfigModifier: func(c *container.Config) {
				if os.Getuid() != 0 {
					c.User = fmt.Sprintf("%d:%d", os.Getuid(), os.Getgid())
				}
			},
			HostConfigModifier: func(h *container.HostConfig) {
				h.Binds, h.NetworkMode, h.ReadonlyRootfs = binds, "host", true
				h.CapDrop, h.SecurityOpt = []string{"ALL"}, []string{"no-new-privileges"}
			},
		},
		Started: true, Logger: log.TestLogger(t),
	})
	testcontainers.CleanupContainer(t, c, testcontainers.StopTimeout(3*time.Second))
	if err != nil {
		t.Fatalf("run a container of %s: %v%s", job.Image, err, logs(t.Context(), c))
	}
	result, err := resultOf(t.Context(), c)
	if err != nil {
		t.Fatalf("read what a container of %s left: %v", job.Image, err)
	}
	return result
}

// giveAway makes the image's user the owner of dir and all in it, if the test
// has the right to.
func giveAway(dir string) error {
	if os.Getuid() != 0 {
		return nil
	}
	return filepath.WalkDir(dir, func(path string, _ fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		return os.Lchown(path, imageUser, imageUser)
	})
}

// resultOf reads the exit code and the two streams, apart, of an ended container.
func resultOf(ctx context.Context, c testcontainers.Container) (Result, error) {
	state, err := c.State(ctx)
	if err != nil {
		return Result{}, err
	}
	docker, err := testcontainers.NewDockerClientWithOpts(ctx)
	if err != nil {
		return Result{}, err
	}
	out, err := docker.ContainerLogs(ctx, c.GetContainerID(), client.ContainerLogsOptions{ShowStdout: true, ShowStderr: true})
	if err != nil {
		return Result{}, errors.Join(err, docker.Close())
	}
	var stdout, stderr bytes.Buffer
	_, err = stdcopy.StdCopy(&stdout, &stderr, out)
	err = errors.Join(err, out.Close(), docker.Close())
	return Result{Exit: state.ExitCode, Stdout: stdout.String(), Stderr: stderr.String()}, err
}
