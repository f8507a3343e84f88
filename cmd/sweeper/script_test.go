package main

import (
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/sweeper-audit/sweeper/pkg/bucket/buckettest"
)

// TestMain lets scripts call the real command line as "sweeper".
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"sweeper": main})
}

// TestScripts runs the scripts in testdata/script: each is a story of the
// command line, told against an embedded S3 server over HTTP.
//
// Beside the usual ones there are these commands:
//
//	setup             keys, a roster and a sweeper.yaml for bucket "exchanges"
//	put KEY AGE       an object in it of that age ("31d", "5h")
//	have KEY...       these keys and no others are in it
//	refuse OP CODE    the server answers that operation with an error from now on
//	versioning        switches versioning of the bucket on
//	set OLD NEW       replaces a text in sweeper.yaml; \n is a line end
//	status N ARGS...  runs sweeper, which must exit with N; its output is in the
//	                  files out and err
//	calls OP N        that operation was asked of the server N times so far
//	upload KEY FILE   a roster in bucket "lists" of the server, its NOW replaced
//	publish PATH FILE [TYPE]
//	                  a roster at $HTTPS/PATH, its NOW replaced
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		RequireExplicitExec: false,
		Setup:               setupScript,
		Cmds: map[string]func(ts *testscript.TestScript, neg bool, args []string){
			"setup": cmdSetup, "put": cmdPut, "have": cmdHave, "refuse": cmdRefuse, "versioning": cmdVersioning,
			"set": cmdSet, "status": cmdStatus, "calls": cmdCalls,
			"upload": cmdUpload, "publish": cmdPublish,
		},
	})
}

// world is what a script's own commands work on.
type world struct {
	server *buckettest.Server
	gate   *buckettest.Gate
	web    *web
	now    time.Time
}

type worldKey struct{}

// scriptTB keeps the test process's environment as it is: scripts run side by
// side, each with an environment of its own.
type scriptTB struct{ testing.TB }

func (scriptTB) Setenv(string, string) {}

const scriptBucket = "exchanges"

func setupScript(env *testscript.Env) error {
	tb, ok := env.T().(testing.TB)
	if !ok {
		return errors.New("testscript's T is not a testing.TB")
	}
	t := scriptTB{tb}
	server := buckettest.Embedded(t)
	server.CreateBucket(scriptBucket)
	server.CreateBucket(listBucket)
	web, err := startWeb(t, env)
	if err != nil {
		return err
	}
	w := &world{server: server, gate: buckettest.Proxy(t, server.URL), web: web, now: time.Now().UTC()}
	env.Values[worldKey{}] = w
	env.Setenv("ENDPOINT", w.gate.URL)
	env.Setenv("AWS_ACCESS_KEY_ID", "test")
	env.Setenv("AWS_SECRET_ACCESS_KEY", "testtest")
	env.Setenv("AWS_CONFIG_FILE", filepath.Join(env.WorkDir, "no-such-file"))
	env.Setenv("AWS_SHARED_CREDENTIALS_FILE", filepath.Join(env.WorkDir, "no-such-file"))
	env.Setenv("NOW", w.now.Format(time.RFC3339))
	return nil
}

func theWorld(ts *testscript.TestScript) *world { return ts.Value(worldKey{}).(*world) }

func cmdSetup(ts *testscript.TestScript, _ bool, _ []string) {
	w := theWorld(ts)
	ts.Check(generateKeys(ts.MkAbs("keys"), w.now.Add(-time.Hour)))
	ts.Check(os.WriteFile(ts.MkAbs("zdr-teams.yaml"), fmt.Appendf(nil,
		"as_of: %s\nteams:\n  - {id: zeta, zdr_since: 2020-01-01T00:00:00Z}\n", w.now.Format(time.RFC3339)), 0o600))
	ts.Check(os.WriteFile(ts.MkAbs("sweeper.yaml"), []byte(strings.ReplaceAll(scriptConfig, "ENDPOINT", w.gate.URL)), 0o600))
}

const scriptConfig = `organization: {name: Example Inc., contact: privacy@example.com}
retention:
  max_age: 30d
stores:
  - name: exchanges
    bucket: exchanges
    whole_bucket: true
    endpoint: ENDPOINT
    region: us-east-1
    path_style: true
    layout: "{team}/{request}.{part}.json"
zdr:
  roster: zdr-teams.yaml
vault:
  dir: ./vault
`

func cmdPut(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) != 2 {
		ts.Fatalf("usage: put KEY AGE")
	}
	w := theWorld(ts)
	w.server.Put(scriptBucket, args[0], []byte("{}"), w.now.Add(-age(ts, args[1])))
}

func age(ts *testscript.TestScript, s string) time.Duration {
	n, err := strconv.Atoi(s[:len(s)-1])
	ts.Check(err)
	switch s[len(s)-1] {
	case 'd':
		return time.Duration(n) * 24 * time.Hour
	case 'h':
		return time.Duration(n) * time.Hour
	case 's':
		return time.Duration(n) * time.Second
	}
	ts.Fatalf("age %q: want days (d), hours (h) or seconds (s)", s)
	return 0
}

func cmdHave(ts *testscript.TestScript, neg bool, args []string) {
	have := strings.Join(theWorld(ts).server.Keys(scriptBucket), " ")
	if want := strings.Join(args, " "); (have == want) == neg {
		ts.Fatalf("the bucket has: %s", have)
	}
}

func cmdRefuse(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) != 2 {
		ts.Fatalf("usage: refuse OP CODE")
	}
	op, code := args[0], args[1]
	theWorld(ts).gate.OnRequest(func(c buckettest.Call) buckettest.Verdict {
		if c.Op == op {
			return buckettest.Refuse(http.StatusForbidden, code, "refused by the test")
		}
		return buckettest.Verdict{}
	})
}

func cmdVersioning(ts *testscript.TestScript, _ bool, _ []string) {
	theWorld(ts).server.SetVersioning(scriptBucket, true)
}

// cmdCalls counts the requests of an operation since the script began.
func cmdCalls(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) != 2 {
		ts.Fatalf("usage: calls OP N")
	}
	n := len(theWorld(ts).gate.Calls(args[0]))
	if (strconv.Itoa(n) == args[1]) == neg {
		ts.Fatalf("%s was called %d times", args[0], n)
	}
}

func cmdSet(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) != 2 {
		ts.Fatalf("usage: set OLD NEW")
	}
	path := ts.MkAbs("sweeper.yaml")
	data, err := os.ReadFile(path)
	ts.Check(err)
	text, old, now := string(data), strings.ReplaceAll(args[0], `\n`, "\n"), strings.ReplaceAll(args[1], `\n`, "\n")
	if n := strings.Count(text, old); n != 1 {
		ts.Fatalf("%q stands %d times in sweeper.yaml", old, n)
	}
	ts.Check(os.WriteFile(path, []byte(strings.Replace(text, old, now, 1)), 0o600))
}

// cmdStatus runs sweeper and checks its exit status: status 3 run --json. Its
// output goes to the files stdout and stderr.
func cmdStatus(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) < 1 {
		ts.Fatalf("usage: status N ARGS...")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	var stdout, stderr strings.Builder
	got := runIn(ts, args[1:], &stdout, &stderr)
	ts.Check(os.WriteFile(ts.MkAbs("out"), []byte(stdout.String()), 0o600))
	ts.Check(os.WriteFile(ts.MkAbs("err"), []byte(stderr.String()), 0o600))
	ts.Logf("[stdout]\n%s[stderr]\n%s", stdout.String(), stderr.String())
	if got != want {
		ts.Fatalf("sweeper %s: exit status %d, not %d", strings.Join(args[1:], " "), got, want)
	}
	if strings.Contains(stderr.String(), "panic:") {
		ts.Fatalf("a panic reached the user")
	}
}

// runIn runs the built sweeper in the script's folder and environment.
func runIn(ts *testscript.TestScript, args []string, stdout, stderr *strings.Builder) int {
	cmd := exec.Command("sweeper", args...)
	path, err := exec.LookPath(filepath.Join(firstPath(ts), "sweeper"))
	ts.Check(err)
	cmd.Path, cmd.Err = path, nil
	cmd.Dir = ts.MkAbs(".")
	for _, name := range []string{"PATH", "HOME", "TMPDIR", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE", "SSL_CERT_FILE"} {
		cmd.Env = append(cmd.Env, name+"="+ts.Getenv(name))
	}
	cmd.Stdout, cmd.Stderr = stdout, stderr
	err = cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		ts.Check(err)
	}
	return cmd.ProcessState.ExitCode()
}

// firstPath is where testscript puts the commands of TestMain.
func firstPath(ts *testscript.TestScript) string {
	dir, _, _ := strings.Cut(ts.Getenv("PATH"), string(os.PathListSeparator))
	return dir
}
