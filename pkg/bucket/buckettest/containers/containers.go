// Package containers starts real S3 servers, and the project's own image, as
// containers for tests.
//
// A server is one of the nested modules under testdata/servers, built as a
// static binary and put alone into an image, so that no image registry is
// needed. Its data lies in a directory of the test's. Servers listen on
// 127.0.0.1 only and end with their test. An entry can be made as of any time
// (PutAt, HideAt, UploadAt): how depends on the server, see the file of its
// past (touched.go, claimed.go, rewritten.go).
//
// Without a Docker Engine a test fails on CI (CI=true) and is skipped, saying
// why, elsewhere.
//
// This package never reaches anything but the local Docker Engine and the Go
// module proxy, and holds no rule of the product: what a server should answer
// is for the tests to say.
package containers

import (
	"context"
	"errors"
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/moby/moby/client"
	"github.com/testcontainers/testcontainers-go"
)

// engine makes sure that a Docker Engine answers, or ends the test.
func engine(t testing.TB) {
	t.Helper()
	if err := configure(); err != nil {
		t.Fatalf("set up testcontainers: %v", err)
	}
	require(t, ping(t.Context()))
}

// require ends the test if err says that there is no engine.
func require(t testing.TB, err error) {
	t.Helper()
	if err == nil {
		return
	}
	if os.Getenv("CI") == "true" {
		t.Fatalf("this test needs a Docker Engine, and CI may not go without: %v", err)
	}
	// A contributor without Docker can still run every other test; CI, above,
	// is where this one must run.
	t.Skipf("skipped: no Docker Engine is reachable, so no real S3 server can be started: %v", err)
}

// configure tells testcontainers what it can't find out: that its reaper is
// not to be pulled from a registry (containers end in t.Cleanup instead), and
// that ports are published on this host even when the tests themselves run
// inside a container that shares the engine's network. It reads its settings
// once, so they are set before its first call; what is set already stands.
func configure() error {
	settings := map[string]string{"TESTCONTAINERS_RYUK_DISABLED": "true"}
	if _, err := os.Stat("/.dockerenv"); err == nil {
		settings["TESTCONTAINERS_HOST_OVERRIDE"] = "127.0.0.1"
	}
	for name, value := range settings {
		if _, set := os.LookupEnv(name); set {
			continue
		}
		if err := os.Setenv(name, value); err != nil {
			return err
		}
	}
	return nil
}

// ping asks the engine for its version. testcontainers panics where it finds
// no engine's socket at all, which is the common case of a machine without
// Docker and must read as an error.
func ping(ctx context.Context) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("find the Docker Engine: %v", r)
		}
	}()
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	docker, err := testcontainers.NewDockerClientWithOpts(ctx)
	if err != nil {
		return fmt.Errorf("reach the Docker Engine: %w", err)
	}
	_, err = docker.Ping(ctx, client.PingOptions{})
	return errors.Join(err, docker.Close())
}
