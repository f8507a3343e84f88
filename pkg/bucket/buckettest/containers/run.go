package containers

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"os"
	"testing"
	"time"

	"github.com/containerd/errdefs"
	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/api/types/network"
	"github.com/testcontainers/testcontainers-go"
	"github.com/testcontainers/testcontainers-go/log"
	"github.com/testcontainers/testcontainers-go/wait"
)

// start starts a container of img: as the test's own user, so that the test
// can touch what it writes, with binds mounted and its ports on 127.0.0.1. The
// image stays for the next test.
func start(t testing.TB, img image, req testcontainers.ContainerRequest, binds ...string) testcontainers.Container {
	t.Helper()
	name := img.Repo + ":" + img.Tag
	if exists, err := imageExists(t.Context(), name); err != nil {
		t.Fatalf("look up image %s: %v", name, err)
	} else if exists {
		req.Image = name
	} else {
		req.FromDockerfile = testcontainers.FromDockerfile{Context: img.Dir, Repo: img.Repo, Tag: img.Tag, KeepImage: true}
	}
	req.ConfigModifier = func(c *container.Config) { c.User = fmt.Sprintf("%d:%d", os.Getuid(), os.Getgid()) }
	req.HostConfigModifier = func(h *container.HostConfig) {
		h.Binds = binds
		h.PortBindings = network.PortMap{}
		for _, port := range req.ExposedPorts {
			h.PortBindings[network.MustParsePort(port)] = []network.PortBinding{{HostIP: netip.MustParseAddr("127.0.0.1")}}
		}
	}
	c, err := testcontainers.GenericContainer(t.Context(), testcontainers.GenericContainerRequest{
		ContainerRequest: req, Started: true, Logger: log.TestLogger(t),
	})
	testcontainers.CleanupContainer(t, c, testcontainers.StopTimeout(3*time.Second))
	if err != nil {
		t.Fatalf("start a container of %s: %v%s", name, err, logs(t.Context(), c))
	}
	return c
}

func imageExists(ctx context.Context, name string) (bool, error) {
	docker, err := testcontainers.NewDockerClientWithOpts(ctx)
	if err != nil {
		return false, err
	}
	defer docker.Close()
	_, err = docker.ImageInspect(ctx, name)
	if errdefs.IsNotFound(err) {
		return false, nil
	}
	return err == nil, err
}

// logs returns what the container has written so far, for a failure's message.
func logs(ctx context.Context, c testcontainers.Container) string {
	if c == nil {
		return ""
	}
	r, err := c.Logs(ctx)
	if err != nil {
		return "; no logs: " + err.Error()
	}
	defer r.Close()
	out, err := io.ReadAll(r)
	if err != nil {
		return "; logs cut off: " + err.Error()
	}
	return "\n" + string(out)
}

// answers waits until a GET of path on port is answered with 200.
func answers(path, port string) wait.Strategy {
	return wait.ForHTTP(path).WithPort(port).
		WithStatusCodeMatcher(func(status int) bool { return status == http.StatusOK }).
		WithStartupTimeout(time.Minute)
}
