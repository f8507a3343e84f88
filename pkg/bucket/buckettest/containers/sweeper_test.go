package containers_test

import (
	"archive/tar"
	"bytes"
	"debug/elf"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/moby/moby/client"
	"github.com/testcontainers/testcontainers-go"

	"github.com/sweeper-audit/sweeper/pkg/bucket/buckettest/containers"
)

func TestSweeperImageRunsAsNobodyInParticular(t *testing.T) {
	docker, image := inspect(t)
	got, err := docker.ImageInspect(t.Context(), image)
	if err != nil {
		t.Fatal(err)
	}
	if got.Config.User != "65532:65532" {
		t.Errorf("the image's user is %q, want 65532:65532", got.Config.User)
	}
	if !slices.Equal(got.Config.Entrypoint, []string{"/sweeper"}) {
		t.Errorf("the image's entrypoint is %q, want /sweeper without a shell", got.Config.Entrypoint)
	}
}

func TestSweeperImageHoldsNothingButAStaticBinary(t *testing.T) {
	docker, image := inspect(t)
	made, err := docker.ContainerCreate(t.Context(), client.ContainerCreateOptions{Image: image})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if _, err := docker.ContainerRemove(t.Context(), made.ID, client.ContainerRemoveOptions{Force: true}); err != nil {
			t.Error(err)
		}
	}()
	content, err := docker.ContainerExport(t.Context(), made.ID, client.ContainerExportOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer content.Close()

	var files []string
	var binary []byte
	for r := tar.NewReader(content); ; {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		// The engine adds empty files, links and folders of its own.
		if h.Size == 0 {
			continue
		}
		files = append(files, h.Name)
		if h.Name == "sweeper" {
			if binary, err = io.ReadAll(r); err != nil {
				t.Fatal(err)
			}
		}
	}
	slices.Sort(files)
	if want := []string{"LICENSE", "etc/ssl/certs/ca-certificates.crt", "sweeper"}; !slices.Equal(files, want) {
		t.Errorf("the image holds %q, want %q", files, want)
	}
	program, err := elf.NewFile(bytes.NewReader(binary))
	if err != nil {
		t.Fatalf("the image's binary: %v", err)
	}
	for _, p := range program.Progs {
		if p.Type == elf.PT_INTERP {
			t.Error("the image's binary needs a dynamic loader, and the image has none")
		}
	}
}

func TestAJobsExitAndStreamsAreItsOwnAndItMayWriteWhereItWasTold(t *testing.T) {
	image := containers.SweeperImage(t)

	refused := containers.Run(t, containers.Job{Image: image, Args: []string{"no-such-command"}})
	if refused.Exit != 2 || refused.Stdout != "" || refused.Stderr == "" {
		t.Errorf("an unknown command left %+v, want exit 2 and words on stderr alone", refused)
	}

	dir := t.TempDir()
	made := containers.Run(t, containers.Job{
		Image: image, Args: []string{"keygen", "--dir", "/data/keys"}, Dirs: map[string]string{dir: "/data"},
	})
	if made.Exit != 0 {
		t.Errorf("keygen left %+v, want exit 0", made)
	}
	if _, err := os.Stat(filepath.Join(dir, "keys", "signing.pem")); err != nil {
		t.Errorf("what the job wrote is not on the host: %v", err)
	}
}

// inspect returns the name of the project's image and a client of the engine
// that has it.
func inspect(t *testing.T) (*testcontainers.DockerClient, string) {
	t.Helper()
	image := containers.SweeperImage(t)
	docker, err := testcontainers.NewDockerClientWithOpts(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := docker.Close(); err != nil {
			t.Error(err)
		}
	})
	return docker, image
}
