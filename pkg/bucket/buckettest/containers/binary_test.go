package containers

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestEveryServerBuilds is also how CI builds the servers ahead of the tests
// that use them.
func TestEveryServerBuilds(t *testing.T) {
	// The module without a go.sum is our own null server, which runs in no container.
	modules, err := filepath.Glob(filepath.Join(moduleRoot(t), "testdata", "servers", "*", "go.sum"))
	if err != nil || len(modules) == 0 {
		t.Fatalf("found no server to build: %v, %v", modules, err)
	}
	for _, module := range modules {
		img := server(t, filepath.Base(filepath.Dir(module)))
		info, err := os.Stat(filepath.Join(img.Dir, "server"))
		if err != nil || info.Mode()&0o111 == 0 {
			t.Errorf("%s has no program: %v, %v", img.Repo, info, err)
		}
	}
}

func TestTheTagChangesWithEveryPin(t *testing.T) {
	const mod = "module example.com/server\n\ngo 1.26\n\ntool example.com/store/cmd/store\n\nrequire (\n\texample.com/store v1.2.3\n\texample.com/dep v0.1.0\n)\n"
	seen := map[string]string{}
	for _, tt := range []struct{ name, mod, sum string }{
		{"as-is", mod, "sums"},
		{"server-bumped", strings.Replace(mod, "v1.2.3", "v1.2.4", 1), "sums"},
		{"dependency-bumped", strings.Replace(mod, "v0.1.0", "v0.1.1", 1), "sums"},
		{"other-bytes", mod, "other sums"},
	} {
		dir := t.TempDir()
		for name, text := range map[string]string{"go.mod": tt.mod, "go.sum": tt.sum} {
			if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		tag, err := versionOf(dir)
		if err != nil {
			t.Fatalf("%s: %v", tt.name, err)
		}
		if want := map[bool]string{true: "v1.2.4-", false: "v1.2.3-"}[tt.name == "server-bumped"]; !strings.HasPrefix(tag, want) {
			t.Errorf("%s: tag %s, want it to begin with %s", tt.name, tag, want)
		}
		if other, twice := seen[tag]; twice {
			t.Errorf("%s and %s have the same tag %s", tt.name, other, tag)
		}
		seen[tag] = tt.name
	}
}
