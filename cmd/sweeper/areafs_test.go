package main

import (
	"testing"
	"testing/fstest"

	"github.com/sweeper-audit/sweeper/pkg/vault"
)

func TestAnAreaIsAFileSystem(t *testing.T) {
	area, err := vault.OpenDir(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	// "a.b" sorts between "a" and what lies in it.
	names := []string{"reports/a.b", "reports/a/one", "reports/a/two", "trust/root.json", "work/lease.json"}
	for _, name := range names {
		if err := area.Put(t.Context(), name, []byte("of "+name)); err != nil {
			t.Fatal(err)
		}
	}
	a, err := openAreaFS(t.Context(), area, "trust/", "reports/")
	if err != nil {
		t.Fatal(err)
	}
	if err := fstest.TestFS(a, names[:4]...); err != nil {
		t.Error(err)
	}
	if _, err := a.Open("work/lease.json"); err == nil {
		t.Error("a file that was not asked for is there")
	}
}
