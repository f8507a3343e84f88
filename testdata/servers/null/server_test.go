package main

import (
	"encoding/json"
	"encoding/xml"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"
)

// client asks a server as S3's clients do.
type client struct {
	*testing.T
	*server
	url string
}

func start(t *testing.T, o options) *client {
	t.Helper()
	o.bucket, o.now = "bench", noon
	if o.layout == "" {
		o.layout = layoutEven
	}
	if o.page == 0 {
		o.page = 1000
	}
	if o.teams == 0 {
		o.teams = 3
	}
	s, err := newServer(o)
	if err != nil {
		t.Fatal(err)
	}
	web := httptest.NewServer(s)
	t.Cleanup(web.Close)
	return &client{t, s, web.URL}
}

func (c *client) ask(method, path, body string) (status int, header http.Header, answer string) {
	c.Helper()
	ask, err := http.NewRequestWithContext(c.Context(), method, c.url+path, strings.NewReader(body))
	if err != nil {
		c.Fatal(err)
	}
	got, err := http.DefaultClient.Do(ask)
	if err != nil {
		c.Fatal(err)
	}
	defer got.Body.Close()
	text, err := io.ReadAll(got.Body)
	if err != nil {
		c.Fatal(err)
	}
	return got.StatusCode, got.Header, string(text)
}

// page is what the tests read of a page, of either listing.
type page struct {
	Contents, Version []struct {
		Key, LastModified, ETag string
		VersionID               string `xml:"VersionId"`
		Size                    int
	}
	CommonPrefixes                         []struct{ Prefix string }
	NextContinuationToken                  string
	NextKeyMarker                          string
	NextVersionIDMarker                    string `xml:"NextVersionIdMarker"`
	IsTruncated                            bool
	KeyCount, MaxKeys                      int
	EncodingType, Prefix, Delimiter, Owner string
}

func (c *client) page(query url.Values) (p page) {
	c.Helper()
	status, _, text := c.ask(http.MethodGet, "/bench?"+query.Encode(), "")
	if status != http.StatusOK {
		c.Fatalf("list %v: %d %s", query, status, text)
	}
	if err := xml.Unmarshal([]byte(text), &p); err != nil {
		c.Fatalf("list %v: %v", query, err)
	}
	return p
}

// walk follows a listing to its end.
func (c *client) walk(query url.Values) (keys, prefixes []string) {
	c.Helper()
	for range 10_000 {
		p := c.page(query)
		rows := append(p.Contents, p.Version...)
		if n := len(rows) + len(p.CommonPrefixes); n > p.MaxKeys || query.Has("list-type") && n != p.KeyCount || p.IsTruncated && n == 0 {
			c.Fatalf("a page of %d rows says KeyCount %d, MaxKeys %d, truncated %v", n, p.KeyCount, p.MaxKeys, p.IsTruncated)
		}
		for _, row := range rows {
			keys = append(keys, row.Key)
		}
		for _, common := range p.CommonPrefixes {
			prefixes = append(prefixes, common.Prefix)
		}
		switch {
		case !p.IsTruncated:
			return keys, prefixes
		case query.Has("versions"):
			query.Set("key-marker", p.NextKeyMarker)
			query.Set("version-id-marker", p.NextVersionIDMarker)
		default:
			query.Set("continuation-token", p.NextContinuationToken)
		}
	}
	c.Fatal("the listing has no end")
	return nil, nil
}

func (c *client) deleteKeys(quiet bool, rows ...string) (deleted []string, refused map[string]string) {
	c.Helper()
	var ask strings.Builder
	fmt.Fprintf(&ask, "<Delete><Quiet>%v</Quiet>", quiet)
	for _, row := range rows {
		ask.WriteString("<Object><Key>" + row + "</Key></Object>")
	}
	status, _, text := c.ask(http.MethodPost, "/bench?delete", ask.String()+"</Delete>")
	var answer struct {
		Deleted []struct{ Key string }
		Error   []struct{ Key, Code string }
	}
	if err := xml.Unmarshal([]byte(text), &answer); err != nil || status != http.StatusOK {
		c.Fatalf("delete: %d %s %v", status, text, err)
	}
	refused = map[string]string{}
	for _, d := range answer.Deleted {
		deleted = append(deleted, d.Key)
	}
	for _, e := range answer.Error {
		refused[e.Key] = e.Code
	}
	return deleted, refused
}

func (c *client) stats() (r report) {
	c.Helper()
	_, _, text := c.ask(http.MethodGet, "/_/stats", "")
	if err := json.Unmarshal([]byte(text), &r); err != nil {
		c.Fatal(err)
	}
	return r
}

// want is what a listing of keys should give, told from all keys that are there.
func want(all []string, prefix, delimiter, after string) (keys, prefixes []string) {
	for _, key := range all {
		if !strings.HasPrefix(key, prefix) || key <= after {
			continue
		}
		if at := strings.Index(key[len(prefix):], delimiter); delimiter != "" && at >= 0 {
			prefixes = append(prefixes, key[:len(prefix)+at+len(delimiter)])
			continue
		}
		keys = append(keys, key)
	}
	return keys, slices.Compact(prefixes)
}

func TestEveryListingGivesWhatIsThereOnceAndInOrder(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	c := start(t, options{keys: 700, expiredEvery: 3, page: 7})
	all := allKeys(c.space)
	_, _ = c.deleteKeys(true, all[0], all[1], all[350], all[699])
	c.deleteKeys(true, all[100:180]...)
	there := slices.DeleteFunc(slices.Clone(all), func(key string) bool { i, _ := c.space.find(key); return c.gone.has(i) })
	for _, prefix := range []string{"", "team-00001", "team-00001/", "team-00002/2026/11/", all[200], "zzz", "\xff"} {
		for _, delimiter := range []string{"", "/", "0", ".json"} {
			for _, after := range []string{"", "team-00001/", all[random.IntN(700)], all[random.IntN(700)] + "x", "zzz"} {
				for _, kind := range []string{"list-type", "versions"} {
					query := url.Values{kind: {"2"}, "prefix": {prefix}, "delimiter": {delimiter}}
					if kind == "versions" {
						if delimiter != "" && strings.HasSuffix(after, delimiter) {
							continue // there it means a common prefix, as the walk itself shows
						}
						query.Set("key-marker", after)
					} else {
						query.Set("start-after", after)
					}
					keys, prefixes := c.walk(query)
					wantKeys, wantPrefixes := want(there, prefix, delimiter, after)
					if !slices.Equal(keys, wantKeys) || !slices.Equal(prefixes, wantPrefixes) {
						t.Errorf("%s under %q by %q after %q: %d keys and prefixes %v, want %d and %v", kind, prefix, delimiter, after, len(keys), prefixes, len(wantKeys), wantPrefixes)
					}
				}
			}
		}
	}
}

func TestAPageEchoesWhatWasAskedAndDescribesEachKey(t *testing.T) {
	c := start(t, options{keys: 100, versioned: true})
	p := c.page(url.Values{"list-type": {"2"}, "max-keys": {"1"}, "prefix": {"team-00001/"}, "encoding-type": {"url"}})
	if p.EncodingType != "url" || p.Prefix != "team-00001/" || p.MaxKeys != 1 || len(p.Contents) != 1 || !p.IsTruncated {
		t.Fatalf("%+v", p)
	}
	row := p.Contents[0]
	_, h, _ := c.ask(http.MethodHead, "/bench/"+row.Key, "")
	at, err := time.Parse(time.RFC3339, row.LastModified)
	if err != nil || h.Get("ETag") != row.ETag || h.Get("Content-Length") != fmt.Sprint(row.Size) || h.Get("Last-Modified") != at.Format(http.TimeFormat) {
		t.Errorf("row %+v, HEAD %v", row, h)
	}
	v := c.page(url.Values{"versions": {""}, "max-keys": {"1"}, "prefix": {row.Key}})
	if len(v.Version) != 1 || v.Version[0].VersionID != h.Get("X-Amz-Version-Id") || v.Version[0].VersionID == "" {
		t.Errorf("version %+v, HEAD %v", v, h)
	}
	if p := c.page(url.Values{"list-type": {"2"}, "prefix": {"a&<b"}}); p.Prefix != "a&<b" || p.KeyCount != 0 {
		t.Errorf("%+v", p)
	}
}

func TestADeletedKeyIsGoneEverywhereAndCountedOnce(t *testing.T) {
	c := start(t, options{keys: 100})
	all := allKeys(c.space)
	deleted, refused := c.deleteKeys(false, all[3], "no-such-key", all[3])
	if !slices.Equal(deleted, []string{all[3], "no-such-key", all[3]}) || len(refused) > 0 {
		t.Errorf("deleted %v, refused %v", deleted, refused)
	}
	if deleted, _ := c.deleteKeys(true, all[4]); len(deleted) > 0 {
		t.Errorf("a quiet delete tells of %v", deleted)
	}
	if status, _, _ := c.ask(http.MethodDelete, "/bench/"+all[5]+"?versionId=null", ""); status != http.StatusNoContent {
		t.Errorf("a single delete is answered %d", status)
	}
	for i, want := range map[int]int{2: 200, 3: 404, 4: 404, 5: 404} {
		for _, method := range []string{http.MethodHead, http.MethodGet} {
			if status, _, _ := c.ask(method, "/bench/"+all[i], ""); status != want {
				t.Errorf("%s of key %d: %d, want %d", method, i, status, want)
			}
		}
	}
	if r := c.stats(); r.KeysDeleted != 3 || r.Left != 97 || r.Requests.DeleteObjects != 2 || r.Requests.DeleteObject != 1 || r.Requests.HeadObject != 4 || r.Requests.Total != 11 || r.MaxInFlight != 1 {
		t.Errorf("%+v", r)
	}
}

func TestOnlyTheRightVersionIsDeleted(t *testing.T) {
	c := start(t, options{keys: 100, versioned: true})
	p := c.page(url.Values{"versions": {""}, "max-keys": {"1"}})
	key, id := p.Version[0].Key, p.Version[0].VersionID
	for version, want := range map[string]int{"": 400, "null": 400, "v1.0": 400} {
		if status, _, _ := c.ask(http.MethodDelete, "/bench/"+key+"?versionId="+version, ""); status != want || c.stats().KeysDeleted > 0 {
			t.Errorf("version %q: %d", version, status)
		}
	}
	if status, _, _ := c.ask(http.MethodDelete, "/bench/"+key+"?versionId="+id, ""); status != 204 || c.stats().KeysDeleted != 1 {
		t.Errorf("its own version: %d", status)
	}
}

func TestAShareOfTheKeysIsRefusedOnceAndTheSameOnesEachTime(t *testing.T) {
	var first map[string]string
	for range 2 {
		c := start(t, options{keys: 1000, slowdown: 0.05})
		all := allKeys(c.space)
		_, refused := c.deleteKeys(true, all...)
		if len(refused) < 20 || len(refused) > 80 || first != nil && fmt.Sprint(first) != fmt.Sprint(refused) {
			t.Errorf("%d of 1000 keys are refused, before that %d", len(refused), len(first))
		}
		first = refused
		if r := c.stats(); r.KeysDeleted != int64(1000-len(refused)) || r.KeysSlowed != int64(len(refused)) {
			t.Errorf("%+v", r)
		}
		if _, refused := c.deleteKeys(true, all...); len(refused) > 0 || c.stats().Left != 0 {
			t.Errorf("again %d are refused, %d left", len(refused), c.stats().Left)
		}
	}
}

func TestMoreKeysASecondThanAllowedAreRefusedWhole(t *testing.T) {
	l := limiter{rate: 1000}
	at := noon
	for i, c := range []struct {
		after time.Duration
		keys  int
		want  bool
	}{{0, 900, true}, {0, 1000, true}, {0, 1, false}, {800 * time.Millisecond, 1, false}, {200 * time.Millisecond, 1, true}, {time.Hour, 1000, true}, {0, 1, false}} {
		at = at.Add(c.after)
		if got := l.admit(c.keys, at); got != c.want {
			t.Errorf("step %d: %v", i, got)
		}
	}
	c := start(t, options{keys: 2000, rate: 1})
	all := allKeys(c.space)
	c.deleteKeys(true, all[:1000]...)
	if status, _, text := c.ask(http.MethodDelete, "/bench/"+all[1500], ""); status != 503 || !strings.Contains(text, "SlowDown") || c.stats().Refused != 1 || c.stats().Left != 1000 {
		t.Errorf("%d %s", status, text)
	}
}

func TestWhatIsNotUnderstoodIsRefused(t *testing.T) {
	c := start(t, options{keys: 10})
	object := "<Object><Key>k</Key></Object>"
	for name, r := range map[string]struct {
		method, path, body string
		status             int
		code               string
	}{
		"another bucket":       {"GET", "/other?list-type=2", "", 404, "NoSuchBucket"},
		"a list of 1001":       {"POST", "/bench?delete", "<Delete>" + strings.Repeat(object, 1001) + "</Delete>", 400, "MalformedXML"},
		"an empty list":        {"POST", "/bench?delete", "<Delete></Delete>", 400, "MalformedXML"},
		"an object cut off":    {"POST", "/bench?delete", "<Delete><Object><Key>k</Key>", 400, "MalformedXML"},
		"an object of no key":  {"POST", "/bench?delete", "<Delete><Object></Object></Delete>", 400, "MalformedXML"},
		"a token not ours":     {"GET", "/bench?list-type=2&continuation-token=%21", "", 400, "InvalidArgument"},
		"a number that is not": {"GET", "/bench?list-type=2&max-keys=many", "", 400, "InvalidArgument"},
		"another operation":    {"GET", "/bench?lifecycle", "", 501, "NotImplemented"},
		"a put":                {"PUT", "/bench/k", "x", 405, "MethodNotAllowed"},
		"no lock":              {"GET", "/bench?object-lock", "", 404, "ObjectLockConfigurationNotFoundError"},
	} {
		t.Run(name, func(t *testing.T) {
			status, _, text := c.ask(r.method, r.path, r.body)
			if status != r.status || !strings.Contains(text, "<Code>"+r.code+"</Code>") {
				t.Errorf("%d %s, want %d %s", status, text, r.status, r.code)
			}
		})
	}
}

func TestTheBucketSaysWhatItIs(t *testing.T) {
	for _, versioned := range []bool{false, true} {
		c := start(t, options{keys: 10, versioned: versioned})
		_, h, text := c.ask(http.MethodGet, "/bench?versioning", "")
		if strings.Contains(text, "Enabled") != versioned {
			t.Errorf("versioned %v: %s", versioned, text)
		}
		if at, err := http.ParseTime(h.Get("Date")); err != nil || time.Since(at).Abs() > time.Minute {
			t.Errorf("Date %q: %v", h.Get("Date"), err)
		}
		if _, _, text := c.ask(http.MethodGet, "/bench?uploads", ""); !strings.Contains(text, "<IsTruncated>false") {
			t.Error(text)
		}
		if status, _, _ := c.ask(http.MethodHead, "/bench", ""); status != http.StatusOK {
			t.Error(status)
		}
	}
}

func TestAnAnswerTakesItsTimeAndSoManyAreInFlight(t *testing.T) {
	c := start(t, options{keys: 10, latency: 50 * time.Millisecond})
	begin, done := time.Now(), make(chan int)
	for range 4 {
		go func() {
			answer, err := http.Get(c.url + "/bench?list-type=2")
			if err != nil {
				done <- 0
				return
			}
			answer.Body.Close()
			done <- answer.StatusCode
		}()
	}
	for range 4 {
		if status := <-done; status != http.StatusOK {
			t.Errorf("status %d", status)
		}
	}
	if took := time.Since(begin); took < 50*time.Millisecond {
		t.Errorf("four answers came after %s", took)
	}
	if r := c.stats(); r.MaxInFlight < 1 || r.MaxInFlight > 4 || r.Requests.ListObjects != 4 {
		t.Errorf("%+v", r)
	}
}

func TestFlagsThatMeanNothingAreRefused(t *testing.T) {
	for _, args := range []string{"-keys -1", "-teams 0", "-layout odd", "-page 1001", "-slowdown 2", "-expired-every -2", "extra"} {
		if err := run(t.Context(), strings.Fields("-addr 127.0.0.1:0 "+args), io.Discard, io.Discard); err == nil {
			t.Errorf("%s: served", args)
		}
	}
}

// BenchmarkPage is what a page of a thousand keys costs the server.
func BenchmarkPage(b *testing.B) {
	s, err := newServer(options{bucket: "bench", keys: 1_000_000, teams: 100, expiredEvery: 30, layout: layoutEven, page: 1000})
	if err != nil {
		b.Fatal(err)
	}
	c := &call{query: url.Values{"start-after": {"team-00050/"}}}
	b.ReportAllocs()
	for b.Loop() {
		c.body = c.body[:0]
		s.list(c, objectRows)
	}
}
