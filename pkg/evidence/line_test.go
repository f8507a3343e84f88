package evidence

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func drawLine(t *rapid.T) Line {
	hex64 := rapid.StringMatching(`[0-9a-f]{64}`)
	hour := rapid.Map(rapid.Int64Range(0, 500000), func(h int64) string { return FormatTime(time.Unix(h*3600, 0)) })
	l := Line{
		Store:   rapid.IntRange(0, 3).Draw(t, "store"),
		KeyHMAC: hex64.Draw(t, "keyHmac"),
		Kind:    rapid.SampledFrom(KindNames()).Draw(t, "kind"),
		Why:     rapid.SampledFrom([]string{WhyAge, WhyZDR}).Draw(t, "why"),
		Outcome: rapid.SampledFrom(OutcomeNames()).Draw(t, "outcome"),
		Code:    rapid.SampledFrom([]string{"", "DRY_RUN", "OBJECT_LOCK"}).Draw(t, "code"),
		By:      rapid.SampledFrom([]string{ByResponse, ByLookup}).Draw(t, "by"),
	}
	switch {
	case l.Outcome == OutcomeDeleted && l.Kind == "upload":
		l.Outcome = OutcomeAborted
	case l.Outcome == OutcomeAborted && l.Kind != "upload":
		l.Outcome = OutcomeDeleted
	case l.Outcome == OutcomeLeft:
		l.Code = "DRY_RUN"
	case l.Outcome == OutcomePending:
		l.Kind = "marker"
	case l.Outcome == OutcomeLocked:
		l.Code = rapid.SampledFrom([]string{CodeObjectLock, CodeLegalHold}).Draw(t, "lock")
		l.Kind = rapid.SampledFrom([]string{"object", "version"}).Draw(t, "lockable")
	}
	if l.Why == WhyZDR || rapid.Bool().Draw(t, "private") {
		return l
	}
	l.Created, l.At = hour.Draw(t, "created"), hour.Draw(t, "at")
	l.TeamRef = rapid.SampledFrom([]string{"", "0123456789abcdef"}).Draw(t, "teamRef")
	if rapid.Bool().Draw(t, "clear") {
		size := rapid.Int64Range(0, maxInteger).Draw(t, "size")
		l.Size, l.Key = &size, string(rapid.SliceOfN(rapid.Byte(), 1, 40).Draw(t, "key"))
		l.Team = rapid.SampledFrom([]string{"", "acme", `a"b\c`, "équipe", "<b>&"}).Draw(t, "team")
	}
	return l
}

func TestALineReadsBackAsItWasWritten(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		l := drawLine(t)
		raw := l.Append(nil)
		back, err := ParseLine(raw)
		if err != nil {
			t.Fatalf("%s: %v", raw, err)
		}
		if string(back.Append(nil)) != string(raw) || back.Key != l.Key || back.Team != l.Team {
			t.Fatalf("%s came back as %s", raw, back.Append(nil))
		}
		if strings.ContainsAny(string(raw), "\n\r") {
			t.Fatalf("%q holds a line break", raw)
		}
	})
}

func TestALineHasThisText(t *testing.T) {
	size := int64(5)
	tests := []struct {
		l    Line
		want string
	}{
		{Line{TeamRef: "0123456789abcdef", KeyHMAC: strings.Repeat("a", 64), Kind: "object", Created: "2026-10-20T03:00:00Z",
			At: "2026-11-25T02:00:00Z", Why: WhyAge, Outcome: OutcomeDeleted, By: ByResponse},
			`{"store":0,"teamRef":"0123456789abcdef","keyHmac":"` + strings.Repeat("a", 64) +
				`","kind":"object","created":"2026-10-20T03:00:00Z","at":"2026-11-25T02:00:00Z","why":"age","outcome":"deleted","by":"response"}`},
		{Line{Store: 2, KeyHMAC: strings.Repeat("b", 64), Kind: "upload", Why: WhyZDR, Outcome: OutcomeLeft, Code: "DRY_RUN", By: ByLookup},
			`{"store":2,"keyHmac":"` + strings.Repeat("b", 64) + `","kind":"upload","why":"zdr","outcome":"left","code":"DRY_RUN","by":"lookup"}`},
		{Line{KeyHMAC: strings.Repeat("c", 64), Kind: "marker", Created: "2026-10-20T03:00:00Z", At: "2026-11-25T02:00:00Z",
			Why: WhyAge, Outcome: OutcomePending, By: ByLookup, Key: "a/<x>\n", Team: "a", Size: &size},
			`{"store":0,"keyHmac":"` + strings.Repeat("c", 64) +
				`","kind":"marker","created":"2026-10-20T03:00:00Z","at":"2026-11-25T02:00:00Z","why":"age","outcome":"pending","by":"lookup","key":"a/<x>\n","team":"a","size":5}`},
		{Line{KeyHMAC: strings.Repeat("c", 64), Kind: "marker", Created: "2026-10-20T03:00:00Z", At: "2026-11-25T02:00:00Z",
			Why: WhyAge, Outcome: OutcomePending, By: ByLookup, Key: "a\xff", Size: &size},
			`{"store":0,"keyHmac":"` + strings.Repeat("c", 64) +
				`","kind":"marker","created":"2026-10-20T03:00:00Z","at":"2026-11-25T02:00:00Z","why":"age","outcome":"pending","by":"lookup","keyBase64":"Yf8=","size":5}`},
	}
	for _, tt := range tests {
		if got := string(tt.l.Append(nil)); got != tt.want {
			t.Errorf("\n got %s\nwant %s", got, tt.want)
		}
		if _, err := ParseLine([]byte(tt.want)); err != nil {
			t.Errorf("%s: %v", tt.want, err)
		}
	}
}

func TestALineInAnyOtherSpellingIsRefused(t *testing.T) {
	good := `{"store":0,"teamRef":"0123456789abcdef","keyHmac":"` + strings.Repeat("a", 64) +
		`","kind":"object","created":"2026-10-20T03:00:00Z","at":"2026-11-25T02:00:00Z","why":"age","outcome":"deleted","by":"response"}`
	if _, err := ParseLine([]byte(good)); err != nil {
		t.Fatal(err)
	}
	replace := func(old, new string) string {
		if !strings.Contains(good, old) {
			t.Fatalf("%s is not in the line", old)
		}
		return strings.Replace(good, old, new, 1)
	}
	for name, bad := range map[string]string{
		"a space":               replace(`"store":0`, `"store": 0`),
		"a field twice":         replace(`"by"`, `"why":"age","by"`),
		"a field in capitals":   replace(`"why"`, `"Why"`),
		"an unknown field":      replace(`"by"`, `"etag":"x","by"`),
		"another order":         replace(`"store":0,`, ``)[:len(good)-len(`"store":0,`)-1] + `,"store":0}`,
		"an escaped letter":     replace(`"age"`, `"\u0061ge"`),
		"a float":               replace(`"store":0`, `"store":0.0`),
		"a negative store":      replace(`"store":0`, `"store":-1`),
		"no store":              replace(`"store":0,`, ``),
		"an empty field":        replace(`"by"`, `"code":"","by"`),
		"a short hmac":          replace(strings.Repeat("a", 64), "aa"),
		"an hmac in capitals":   replace(strings.Repeat("a", 64), strings.Repeat("A", 64)),
		"minutes":               replace(`T03:00:00Z`, `T03:01:00Z`),
		"another zone":          replace(`T03:00:00Z`, `T03:00:00+00:00`),
		"created without at":    replace(`"at":"2026-11-25T02:00:00Z",`, ``),
		"a team without a date": replace(`"created":"2026-10-20T03:00:00Z","at":"2026-11-25T02:00:00Z",`, ``),
		"a dated ZDR line":      replace(`"age"`, `"zdr"`),
		"an unknown kind":       replace(`"object"`, `"blob"`),
		"an unknown outcome":    replace(`"deleted"`, `"gone"`),
		"an aborted object":     replace(`"deleted"`, `"aborted"`),
		"a deleted upload":      replace(`"object"`, `"upload"`),
		"left without a code":   replace(`"deleted"`, `"left"`),
		"a message for a code":  replace(`"by"`, `"code":"Access denied","by"`),
		"no by":                 replace(`,"by":"response"`, ``),
		"a key without size":    replace(`}`, `,"key":"x"}`),
		"a size without key":    replace(`}`, `,"size":1}`),
		"something after":       good + `{}`,
		"a newline":             good + "\n",
		"not an object":         `[]`,
		"null":                  `null`,
	} {
		if l, err := ParseLine([]byte(bad)); err == nil {
			t.Errorf("%s was read as %+v", name, l)
		}
	}
}

func TestHoursNeverMakeAnEntryOlderOrARunLonger(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		at := time.Unix(rapid.Int64Range(0, 4e9).Draw(t, "seconds"), rapid.Int64Range(0, 999999999).Draw(t, "nanos"))
		up, err := ParseTime(HourUp(at))
		if err != nil {
			t.Fatal(err)
		}
		down, err := ParseTime(HourDown(at))
		if err != nil {
			t.Fatal(err)
		}
		if up.Before(at) || up.Sub(at) >= time.Hour || down.After(at) || at.Sub(down) >= time.Hour {
			t.Fatalf("%v: up %v, down %v", at, up, down)
		}
	})
	on := time.Date(2026, 11, 25, 3, 0, 0, 0, time.FixedZone("", 3600))
	if HourUp(on) != "2026-11-25T02:00:00Z" || HourDown(on) != "2026-11-25T02:00:00Z" {
		t.Errorf("on the hour: %s, %s", HourUp(on), HourDown(on))
	}
}

func BenchmarkLineToTree(b *testing.B) {
	k := NewIdentifiers(countingSecret(), "e").Team("acme")
	ref := k.Ref()
	tr := newTree()
	var buf []byte
	b.ReportAllocs()
	for i := range b.N {
		l := Line{TeamRef: ref, KeyHMAC: k.KeyHMAC("object", "api-exchanges", fmt.Sprint("acme/2026/10/01/", i), ""), Kind: "object",
			Created: "2026-10-20T03:00:00Z", At: "2026-11-25T02:00:00Z", Why: WhyAge, Outcome: OutcomeDeleted, By: ByResponse}
		buf = l.Append(buf[:0])
		tr.add(buf)
	}
}

func BenchmarkPartWriteAndRead(b *testing.B) {
	k := NewIdentifiers(countingSecret(), "e").Team("acme")
	b.ReportAllocs()
	for b.Loop() {
		w := NewPart(PartName(0, 0))
		for i := range 10000 {
			if err := w.Add(Line{TeamRef: k.Ref(), KeyHMAC: k.KeyHMAC("object", "b", fmt.Sprint(i), ""), Kind: "object",
				Created: "2026-10-20T03:00:00Z", At: "2026-11-25T02:00:00Z", Why: WhyAge, Outcome: OutcomeDeleted, By: ByResponse}); err != nil {
				b.Fatal(err)
			}
		}
		data, _, err := w.Finish()
		if err != nil {
			b.Fatal(err)
		}
		if _, err := ReadPart(PartName(0, 0), strings.NewReader(string(data)), func(int64, []byte, Line) error { return nil }); err != nil {
			b.Fatal(err)
		}
	}
}

func TestAnOutcomeFitsItsKindAndItsCode(t *testing.T) {
	tests := []struct {
		name, kind, outcome, code, want string
	}{
		{"a locked version", "version", OutcomeLocked, CodeObjectLock, ""},
		{"a locked object", "object", OutcomeLocked, CodeLegalHold, ""},
		{"a pending marker", "marker", OutcomePending, "MARKER_HIDES", ""},
		{"a deleted marker", "marker", OutcomeDeleted, "", ""},
		{"a promoting object", "object", OutcomeDeleted, CodePromoted, ""},
		{"an aborted upload", "upload", OutcomeAborted, CodeUploadActive, ""},
		{"an absent upload", "upload", OutcomeAbsent, "", ""},
		{"a held upload", "upload", OutcomeHeld, "", ""},
		{"an aborted object", "object", OutcomeAborted, "", "only an upload is aborted"},
		{"an aborted version", "version", OutcomeAborted, "", "only an upload is aborted"},
		{"a deleted upload", "upload", OutcomeDeleted, "", "an upload is aborted, not deleted"},
		{"a pending version", "version", OutcomePending, "MARKER_HIDES", "only a delete marker is pending"},
		{"a pending object", "object", OutcomePending, "MARKER_HIDES", "only a delete marker is pending"},
		{"a pending upload", "upload", OutcomePending, "MARKER_HIDES", "only a delete marker is pending"},
		{"a locked marker", "marker", OutcomeLocked, CodeObjectLock, "only an object or a version is locked"},
		{"a locked upload", "upload", OutcomeLocked, CodeLegalHold, "only an object or a version is locked"},
		{"locked without a lock", "version", OutcomeLocked, "", "a locked entry needs the code OBJECT_LOCK or LEGAL_HOLD"},
		{"locked for another reason", "version", OutcomeLocked, "ACCESS_DENIED", "a locked entry needs the code OBJECT_LOCK or LEGAL_HOLD"},
		{"promoted and still there", "object", OutcomeHeld, CodePromoted, "PROMOTED is for an object or a version that was deleted"},
		{"promoted by a marker", "marker", OutcomeDeleted, CodePromoted, "PROMOTED is for an object or a version that was deleted"},
		{"active and still there", "upload", OutcomeFailed, CodeUploadActive, "UPLOAD_ACTIVE is for an upload that was aborted"},
	}
	for _, tt := range tests {
		for _, why := range []string{WhyAge, WhyZDR} {
			l := Line{KeyHMAC: strings.Repeat("a", 64), Kind: tt.kind, Why: why, Outcome: tt.outcome, Code: tt.code, By: ByLookup}
			_, err := ParseLine(l.Append(nil))
			got := ""
			if err != nil {
				got = strings.TrimPrefix(err.Error(), "manifest line: ")
			}
			if got != tt.want {
				t.Errorf("%s, why %s: got %q, want %q", tt.name, why, got, tt.want)
			}
		}
	}
}

func TestAPurgedEntryIsNeverSaidMoreOfThanOneOfAZDRTeam(t *testing.T) {
	private := Line{KeyHMAC: strings.Repeat("a", 64), Kind: "version", Why: WhyZDR, Outcome: OutcomeDeleted, By: ByResponse}
	if _, err := ParseLine(private.Append(nil)); err != nil {
		t.Error(err)
	}
	size := int64(1)
	for want, more := range map[string]func(l *Line){
		"manifest line: a line about a ZDR team says neither created nor at": func(l *Line) {
			l.Created, l.At = "2026-10-20T03:00:00Z", "2026-11-25T02:00:00Z"
		},
		"manifest line: created and at stand together or not at all": func(l *Line) { l.At = "2026-11-25T02:00:00Z" },
		"manifest line: a line without created says neither teamRef nor a raw key": func(l *Line) {
			l.TeamRef, l.Key, l.Size = "0123456789abcdef", "k", &size
		},
	} {
		l := private
		more(&l)
		if _, err := ParseLine(l.Append(nil)); err == nil || err.Error() != want {
			t.Errorf("got %v, want %q", err, want)
		}
	}
}

func TestAPlainLineReadsAsAnyJSONDoes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		data := drawLine(t).Append(nil)
		if rapid.Bool().Draw(t, "spoil") { // a byte of it, if not into another valid line
			data[rapid.IntRange(0, len(data)-1).Draw(t, "at")] = rapid.Byte().Draw(t, "byte")
		}
		plain, ok := plainLine(data)
		if !ok || plain.Validate() != nil || sameBytes(data, plain.Append(nil)) != nil {
			return
		}
		if slow, err := decodeLine(data); err != nil || !reflect.DeepEqual(plain, slow) {
			t.Fatalf("%s\nreads as %+v, as JSON as %+v (%v)", data, plain, slow, err)
		}
	})
}

func TestALineWithoutARawKeyIsReadAsPlain(t *testing.T) {
	for _, l := range someLines(3) {
		if _, ok := plainLine(l.Append(nil)); !ok {
			t.Errorf("%s is read slowly", l.Append(nil))
		}
	}
}

func TestAWholeHourIsOneOfTheTimesThatAreWritten(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := []byte(HourDown(time.Unix(rapid.Int64Range(-62135596800, 253402300799).Draw(t, "seconds"), 0)))
		if rapid.Bool().Draw(t, "spoil") {
			s[rapid.IntRange(0, len(s)-1).Draw(t, "at")] = rapid.SampledFrom([]byte("0123456789:-.,+ TtZz")).Draw(t, "byte")
		}
		if rapid.Bool().Draw(t, "lengthen") {
			at := rapid.IntRange(0, len(s)).Draw(t, "where")
			s = slices.Insert(s, at, rapid.SampledFrom([]byte("0 Z:+-")).Draw(t, "more"))
		}
		at, err := ParseTime(string(s))
		if want := err == nil && at.Truncate(time.Hour).Equal(at); isHour(string(s)) != want {
			t.Fatalf("%s: %t, want %t", s, !want, want)
		}
	})
	for s, want := range map[string]bool{"2026-11-25T02:00:00Z": true, "2026-11-25T24:00:00Z": false, "2026-02-29T02:00:00Z": false,
		"2026-11-25T02:00:01Z": false, "2026-11-25t02:00:00Z": false, "2026-11-25T2:00:00Z": false, "2026-11-25T02:00:00.0Z": false, "": false} {
		if isHour(s) != want {
			t.Errorf("%s: %t, want %t", s, !want, want)
		}
	}
}

func TestACodeIsUpperCaseAndBeginsWithALetter(t *testing.T) {
	for s, want := range map[string]bool{"A": true, "DRY_RUN": true, "HTTP_418": true, strings.Repeat("A", 64): true,
		strings.Repeat("A", 65): false, "": false, "_A": false, "4A": false, "a": false, "A-B": false, "É": false, "A\n": false} {
		if IsCode(s) != want {
			t.Errorf("%q: %t, want %t", s, !want, want)
		}
	}
}
