package vault_test

import (
	"crypto/md5"
	"encoding/hex"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"testing/fstest"

	"github.com/sweeper-audit/sweeper/pkg/vault"
	"github.com/sweeper-audit/sweeper/pkg/vault/vaulttest"
)

// stocked is an embedded server that holds these files under "p/", and where
// the place is.
func stocked(t *testing.T, wrap func(http.Handler) http.Handler, names ...string) vault.S3Config {
	t.Helper()
	h := embedded(t)
	writer := openS3(t, h, vault.S3Config{Prefix: "p/"})
	for _, name := range names {
		if err := writer.Put(t.Context(), name, []byte("this is "+name)); err != nil {
			t.Fatal(err)
		}
	}
	if wrap != nil {
		h = wrap(h)
	}
	return vault.S3Config{Bucket: "vault", Prefix: "p/", Endpoint: vaulttest.Serve(t, h), PathStyle: true}
}

func openFS(t *testing.T, c vault.S3Config) *vault.S3FS {
	t.Helper()
	f, err := vault.OpenS3FS(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func TestABucketReadsAsAFileSystem(t *testing.T) {
	names := []string{"reports/0000000000/a.json", "reports/0000000000/b.json", "reports/0000000001/a.json", "reports-not.json", "reports0", "trust/x.json"}
	c := stocked(t, nil, names...)
	f := openFS(t, c)
	if err := fstest.TestFS(f, names...); err != nil {
		t.Fatal(err)
	}
	if data, err := f.ReadFile("trust/x.json"); err != nil || string(data) != "this is trust/x.json" {
		t.Errorf("%q, %v", data, err)
	}
	if odd := f.Odd(); len(odd) > 0 || f.Err() != nil {
		t.Errorf("odd %q, %v", odd, f.Err())
	}
}

// What is missing is an answer, and no fault.
func TestAFileThatIsNotThereIsNoFault(t *testing.T) {
	c := stocked(t, nil, "a/b")
	f := openFS(t, c)
	for _, name := range []string{"a/c", "b", "a/b/c"} {
		if _, err := fs.Stat(f, name); !isNotExist(err) {
			t.Errorf("stat %s: %v", name, err)
		}
		if _, err := fs.ReadFile(f, name); !isNotExist(err) {
			t.Errorf("read %s: %v", name, err)
		}
		if _, err := fs.ReadDir(f, name); !isNotExist(err) {
			t.Errorf("list %s: %v", name, err)
		}
	}
	if f.Err() != nil {
		t.Error(f.Err())
	}
}

func isNotExist(err error) bool {
	return err != nil && strings.Contains(err.Error(), fs.ErrNotExist.Error())
}

func TestANameThatNoFileHasIsOdd(t *testing.T) {
	c := stocked(t, nil, "a")
	for _, key := range []string{"p//x", "p/", "p/../x"} {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPut, c.Endpoint+"/vault/"+strings.NewReplacer("//", "/%2F", "..", "%2E%2E").Replace(key), strings.NewReader("x"))
		if err != nil {
			t.Fatal(err)
		}
		answer, err := http.DefaultClient.Do(r)
		if err != nil || answer.StatusCode != http.StatusOK {
			t.Fatalf("put %s: %v, %v", key, answer, err)
		}
		_ = answer.Body.Close()
	}
	f := openFS(t, c)
	if odd := f.Odd(); !slices.Equal(odd, []string{"../x", "/x"}) {
		t.Errorf("odd: %q", odd)
	}
	if entries, err := f.ReadDir("."); err != nil || len(entries) != 1 {
		t.Errorf("%v, %v", entries, err)
	}
}

// A fault says nothing about the vault, so it is not to be taken for a finding:
// the first one stays, and nothing is read any more.
func TestAFaultEndsTheReadingAndSaysWhatToDo(t *testing.T) {
	const file = "reports/0000000000/a.json"
	reading := func(r *http.Request) bool {
		return strings.HasSuffix(r.URL.Path, file) && r.URL.RawQuery == "x-id=GetObject"
	}
	for name, c := range map[string]struct {
		wrap func(http.Handler) http.Handler
		ask  func(f *vault.S3FS) error
		says []string
	}{
		"no right to read": {func(h http.Handler) http.Handler { return answering(h, reading, 403, s3Error("AccessDenied")) }, readA,
			[]string{"AccessDenied", "needs s3:GetObject on its objects", "deploy/iam/auditor.json"}},
		"no right to ask for locks": {func(h http.Handler) http.Handler {
			return answering(h, query("retention"), 403, s3Error("AccessDenied"))
		},
			func(f *vault.S3FS) error { _, _, err := f.Retention(file); return err }, []string{"needs s3:GetObjectRetention on its objects"}},
		"gone since":  {func(h http.Handler) http.Handler { return answering(h, reading, 404, s3Error("NoSuchKey")) }, readA, []string{"it is gone since the vault was listed; verify again"}},
		"other since": {func(h http.Handler) http.Handler { return answering(h, reading, 200, "that is "+file) }, readA, []string{"it is another file since the vault was listed; verify again"}},
		"no server":   {func(h http.Handler) http.Handler { return answering(h, reading, 501, s3Error("NotImplemented")) }, readA, []string{"NotImplemented"}},
	} {
		t.Run(name, func(t *testing.T) {
			place := stocked(t, c.wrap, file, "b")
			f := openFS(t, place)
			err := c.ask(f)
			wantOneLine(t, err, append(c.says, "s3://vault/p/", file)...)
			if _, again := f.ReadFile("b"); f.Err() == nil || again == nil || again.Error() != err.Error() {
				t.Errorf("afterwards: %v, %v", again, f.Err())
			}
		})
	}
}

func readA(f *vault.S3FS) error {
	_, err := f.ReadFile("reports/0000000000/a.json")
	return err
}

func TestAListingThatCanNotBeTrustedIsAnError(t *testing.T) {
	version := func(key string, latest string) string {
		return "<Version><Key>" + key + "</Key><VersionId>1</VersionId><IsLatest>" + latest + "</IsLatest></Version>"
	}
	for name, c := range map[string]struct {
		status int
		body   string
		says   string
	}{
		"denied":              {403, s3Error("AccessDenied"), "needs s3:ListBucketVersions on the bucket"},
		"can't":               {501, s3Error("NotImplemented"), "fetch the vault with any S3 tool and verify the copy"},
		"no bucket":           {404, s3Error("NoSuchBucket"), "correct its name"},
		"no end":              {200, "<ListVersionsResult><IsTruncated>true</IsTruncated></ListVersionsResult>", "the listing doesn't end"},
		"end not told":        {200, "<ListVersionsResult></ListVersionsResult>", "doesn't say whether more follows"},
		"outside":             {200, "<ListVersionsResult><IsTruncated>false</IsTruncated>" + version("q/x", "true") + "</ListVersionsResult>", "outside the prefix"},
		"no newest version":   {200, "<ListVersionsResult><IsTruncated>false</IsTruncated>" + version("p/x", "false") + "</ListVersionsResult>", "which version of a file is the newest"},
		"encoding not kept":   {200, "<ListVersionsResult><EncodingType>url</EncodingType><IsTruncated>false</IsTruncated>" + version("p/%zz", "true") + "</ListVersionsResult>", "invalid URL escape"},
		"the same page twice": {200, "<ListVersionsResult><IsTruncated>true</IsTruncated><NextKeyMarker>p/x</NextKeyMarker></ListVersionsResult>", "the listing doesn't end"},
	} {
		t.Run(name, func(t *testing.T) {
			place := stocked(t, func(h http.Handler) http.Handler { return answering(h, query("versions"), c.status, c.body) })
			_, err := vault.OpenS3FS(t.Context(), place)
			if err == nil || !strings.Contains(err.Error(), c.says) || !strings.Contains(err.Error(), "s3://vault/p/") {
				t.Errorf("%v, want %q", err, c.says)
			}
		})
	}
}

// A long verification must not end with one answer that broke off.
func TestAnAnswerThatBreaksOffIsAskedForAgain(t *testing.T) {
	var asked atomic.Int32
	place := stocked(t, func(h http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.Method == http.MethodGet && strings.HasSuffix(r.URL.Path, "/a") && asked.Add(1) < 3 {
				w.Header().Set("Content-Length", "9")
				_, _ = io.WriteString(w, "this")
				return
			}
			h.ServeHTTP(w, r)
		})
	}, "a")
	f := openFS(t, place)
	if data, err := f.ReadFile("a"); err != nil || string(data) != "this is a" || asked.Load() != 3 {
		t.Errorf("%q, %v after %d answers", data, err, asked.Load())
	}
}

func TestReadingAVaultOnlyReads(t *testing.T) {
	place := stocked(t, func(h http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.Method != http.MethodGet {
				t.Errorf("%s %s", r.Method, r.URL)
			}
			h.ServeHTTP(w, r)
		})
	}, "a/b", "c")
	f := openFS(t, place)
	if err := fs.WalkDir(f, ".", func(name string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			_, err = f.ReadFile(name)
		}
		return err
	}); err != nil {
		t.Fatal(err)
	}
}

// Ten thousand reports must not be held in memory: what stays is the listing.
func TestReadingAVaultKeepsTheListingAndNoFile(t *testing.T) {
	const files, page = 50_000, 1000
	body := strings.Repeat("x", 16<<10)
	sum := md5.Sum([]byte(body))
	tag := hex.EncodeToString(sum[:])
	server := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !r.URL.Query().Has("versions") {
			w.Header().Set("ETag", tag)
			_, _ = io.WriteString(w, body)
			return
		}
		from, _ := strconv.Atoi(r.URL.Query().Get("version-id-marker"))
		fmt.Fprintf(w, "<ListVersionsResult><IsTruncated>%t</IsTruncated><NextKeyMarker>p/x</NextKeyMarker><NextVersionIdMarker>%d</NextVersionIdMarker>",
			from+page < files, from+page)
		for i := from; i < from+page; i++ {
			fmt.Fprintf(w, "<Version><Key>p/reports/%010d/manifest-0000-%05d.jsonl.gz</Key><VersionId>%032d</VersionId><ETag>%s</ETag><Size>%d</Size><IsLatest>true</IsLatest></Version>",
				i/10, i%10, i, tag, len(body))
		}
		fmt.Fprint(w, "</ListVersionsResult>")
	})
	vaulttest.Credentials(t)
	before := heap()
	f := openFS(t, vault.S3Config{Bucket: "vault", Prefix: "p/", Endpoint: vaulttest.Serve(t, server), PathStyle: true})
	listed := heap()
	if each := (listed - before) / files; each > 400 {
		t.Errorf("%d bytes a file", each)
	} else {
		t.Logf("%d bytes a file", each)
	}
	for i := range 500 {
		if _, err := f.ReadFile(fmt.Sprintf("reports/%010d/manifest-0000-00003.jsonl.gz", i)); err != nil {
			t.Fatal(err)
		}
	}
	if grown := heap() - listed; grown > 1<<20 {
		t.Errorf("reading 8 MB left %d bytes", grown)
	}
	runtime.KeepAlive(f)
}

func heap() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}
