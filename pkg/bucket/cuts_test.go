package bucket

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// shelf answers questions from sorted keys, as a server does that is right.
type shelf []string

func (s shelf) answer(q question) (n names, err error) {
	at, _ := slices.BinarySearch(s, max(q.after, q.prefix))
	for ; at < len(s) && strings.HasPrefix(s[at], q.prefix); at++ {
		name := s[at]
		if name <= q.after {
			continue
		}
		folded := false
		if slash := strings.IndexByte(name[len(q.prefix):], '/'); q.folded && slash >= 0 {
			name, folded = name[:len(q.prefix)+slash+1], true
		}
		switch {
		case len(n.dirs)+len(n.keys) == int(q.most) && !(folded && n.dirs[len(n.dirs)-1] == name):
			n.more = true
			return n, nil
		case !folded:
			n.keys = append(n.keys, name)
		case len(n.dirs) == 0 || n.dirs[len(n.dirs)-1] != name:
			n.dirs = append(n.dirs, name)
		}
		if folded { // on to what isn't in the directory
			at, _ = slices.BinarySearch(s, name[:len(name)-1]+"0")
			at--
		}
	}
	return n, nil
}

// between is how many keys a range has.
func (s shelf) between(after, upTo string) int {
	from, _ := slices.BinarySearch(s, after+"\x00")
	to := len(s)
	if upTo != "" {
		to, _ = slices.BinarySearch(s, upTo+"\x00")
	}
	return to - from
}

// layouts are ways in which people lay out keys, each with about n of them.
func layouts(n int) map[string]shelf {
	random := rand.New(rand.NewPCG(1, 2))
	uuid := func() string {
		return fmt.Sprintf("%08x-%04x-4%03x-%04x-%012x", random.Uint32(), random.Uint32N(1<<16), random.Uint32N(1<<12), random.Uint32N(1<<16), random.Uint64N(1<<48))
	}
	day := func() string {
		return fmt.Sprintf("2026/%02d/%02d", 9+random.IntN(3), 1+random.IntN(28))
	}
	letters := func(all string, number uint64, n int) string {
		text := make([]byte, n)
		for i := range text {
			text[n-1-i] = all[number%uint64(len(all))]
			number /= uint64(len(all))
		}
		return string(text)
	}
	made := map[string]func(i int) string{
		"a directory a team and day": func(int) string { return fmt.Sprintf("team-%03d/%s/%s.json", random.IntN(40), day(), uuid()) },
		"one team with most": func(int) string {
			team := 17
			if random.IntN(10) == 0 {
				team = random.IntN(40)
			}
			return fmt.Sprintf("team-%03d/%s/%s.json", team, day(), uuid())
		},
		"flat, at random":        func(int) string { return uuid() },
		"flat, at random, below": func(int) string { return "data/exchanges/" + uuid() + ".json.gz" },
		"flat, numbered":         func(i int) string { return fmt.Sprintf("log/%012d.json", i) },
		"flat, by time": func(i int) string {
			return fmt.Sprintf("log-2026-11-%02dT%02d%02d%02d-%04x", 1+i*28/n, i*28*24/n%24, random.IntN(60), random.IntN(60), i)
		},
		"flat, ULIDs": func(i int) string {
			return "ids/01JD" + letters("0123456789ABCDEFGHJKMNPQRSTVWXYZ", uint64(i)*40_000, 8) + letters("0123456789ABCDEFGHJKMNPQRSTVWXYZ", random.Uint64(), 14)
		},
		"flat, base64": func(int) string {
			return letters("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_", random.Uint64(), 22)
		},
		"hashed, then by day": func(int) string { return fmt.Sprintf("%02x/%s/%s", random.IntN(256), day(), uuid()) },
		"by hour": func(int) string {
			return fmt.Sprintf("%s/%02d/team-%d/%s", day(), random.IntN(24), random.IntN(5), uuid())
		},
		"as Hive has it": func(int) string {
			return fmt.Sprintf("year=2026/month=%02d/day=%02d/hour=%02d/part-%05d-%s.parquet", 9+random.IntN(3), 1+random.IntN(28), random.IntN(24), random.IntN(10), uuid())
		},
		"days, each flat":            func(int) string { return fmt.Sprintf("2026-11-%02d/%s", 1+random.IntN(3), uuid()) },
		"a thousand and more teams":  func(int) string { return fmt.Sprintf("t%04d/%s", random.IntN(3000), uuid()) },
		"a directory and flat after": func(i int) string { return []string{"a/" + uuid(), "b" + uuid()}[i%2] },
	}
	all := map[string]shelf{}
	for name, key := range made {
		keys := make([]string, n)
		for i := range keys {
			keys[i] = key(i)
		}
		slices.Sort(keys)
		all[name] = slices.Compact(keys)
	}
	return all
}

// part is a range of which a page was listed.
type part struct {
	Range
	hint Hint
}

// listed is the range once its next page was listed.
func (s shelf) listed(r Range) part {
	from, _ := slices.BinarySearch(s, r.After+"\x00")
	to := min(from+pageSize, from+s.between(r.After, r.UpTo))
	if to == from {
		return part{Range: r}
	}
	return part{Range{After: s[to-1], UpTo: r.UpTo}, Hint{First: s[from], Last: s[to-1], Pages: 1}}
}

// parted cuts the largest range again and again, most cuts at once, until there
// are enough and none is large, or none can be cut.
func (s shelf) parted(t *testing.T, enough, large, most int) (parts []part, requests int) {
	memory, whole := new(seen), map[string]bool{}
	parts = []part{s.listed(Range{})}
	for len(parts) < 10*enough {
		largest := -1
		for i, p := range parts {
			if !whole[p.After] && (largest < 0 || s.between(p.After, p.UpTo) > s.between(parts[largest].After, parts[largest].UpTo)) {
				largest = i
			}
		}
		if largest < 0 || len(parts) >= enough && s.between(parts[largest].After, parts[largest].UpTo) <= large {
			break
		}
		p := parts[largest]
		c := newCutter("", p.Range, p.hint, most, memory, func(q question) (names, error) { requests++; return s.answer(q) })
		cuts, err := c.cuts()
		if err != nil {
			t.Fatal(err)
		}
		if len(cuts) == 0 {
			whole[p.After] = true
		}
		wantCuts(t, p.Range, cuts, most)
		bounds := append(cuts, p.UpTo)
		parts[largest].UpTo = bounds[0]
		for i, c := range cuts {
			parts = append(parts, s.listed(Range{After: c, UpTo: bounds[i+1]}))
		}
	}
	return parts, requests
}

type fataler interface {
	Helper()
	Fatalf(string, ...any)
}

// wantCuts checks that ranges made of the cuts are disjoint and cover the whole,
// and that the cuts can be sent.
func wantCuts(t fataler, r Range, cuts []string, most int) {
	t.Helper()
	last := r.After
	for _, c := range cuts {
		if c <= last || r.UpTo != "" && c >= r.UpTo || !carriable(c) {
			t.Fatalf("cuts of (%q, %q] are %q", r.After, r.UpTo, cuts)
		}
		last = c
	}
	if len(cuts) > most {
		t.Fatalf("%d cuts, want at most %d", len(cuts), most)
	}
}

func TestRangesCutAgainAndAgainAreMuchAlikeAndCostFewRequests(t *testing.T) {
	const parts = 16
	for name, keys := range layouts(100_000) {
		for _, most := range []int{1, 4, 15} {
			t.Run(fmt.Sprintf("%s, %d at once", name, most), func(t *testing.T) {
				got, requests := keys.parted(t, parts, len(keys)/5, most)
				largest, empty := 0, 0
				for _, p := range got {
					n := keys.between(p.After, p.UpTo)
					largest = max(largest, n)
					if p.hint.Last == "" {
						empty++
					}
				}
				t.Logf("%d ranges, %d requests, largest %.1f %%, empty %d", len(got), requests, 100*float64(largest)/float64(len(keys)), empty)
				if len(got) < parts || largest > len(keys)/5 || requests+empty > 2*len(got) {
					t.Errorf("%d ranges by %d requests, %d of them empty, the largest with %d of %d keys", len(got), requests, empty, largest, len(keys))
				}
			})
		}
	}
}

func TestCutsLieInTheRangeWhateverTheServerAnswers(t *testing.T) {
	text := rapid.OneOf(rapid.StringMatching(`[a-c0-2/]{0,6}`), rapid.StringMatching(`a/[ab09/é-]{0,4}`), rapid.String())
	rapid.Check(t, func(t *rapid.T) {
		lies := rapid.Bool().Draw(t, "lies")
		keys := shelf(rapid.SliceOfDistinct(text, rapid.ID[string]).Draw(t, "keys"))
		keys = slices.DeleteFunc(keys, func(k string) bool { return k == "" || !carriable(k) })
		slices.Sort(keys)
		memory := new(seen)
		for range 3 {
			bounds := []string{text.Draw(t, "after"), text.Draw(t, "up to")}
			slices.Sort(bounds)
			r := Range{After: bounds[0], UpTo: bounds[1]}
			if rapid.Bool().Draw(t, "open") {
				r.UpTo = ""
			}
			prefix := rapid.SampledFrom([]string{"", "a/", "a"}).Draw(t, "prefix")
			if _, some := r.under(prefix); !some {
				continue
			}
			hint := Hint{First: text.Draw(t, "first"), Last: text.Draw(t, "last"), Pages: 1}
			most, requests := rapid.IntRange(0, 5).Draw(t, "most"), 0
			c := newCutter(prefix, r, hint, most, memory, func(q question) (names, error) {
				if requests++; requests > 30 {
					t.Fatalf("more than %d requests", requests)
				}
				if !lies {
					return keys.answer(q)
				}
				some := rapid.SliceOf(text)
				return q.fit(names{dirs: some.Draw(t, "dirs"), keys: some.Draw(t, "names"), more: rapid.Bool().Draw(t, "more")}), nil
			})
			cuts, err := c.cuts()
			if err != nil {
				t.Fatal(err)
			}
			wantCuts(t, r, cuts, most)
		}
	})
}

func TestARangeIsNotCutWhereTheServerFails(t *testing.T) {
	broken := errors.New("broken")
	for _, hint := range []Hint{{}, {First: "d/1", Last: "d/2", Pages: 1}} {
		c := newCutter("", Range{}, hint, 3, new(seen), func(question) (names, error) { return names{}, broken })
		if cuts, err := c.cuts(); !errors.Is(err, broken) || len(cuts) > 0 {
			t.Errorf("cuts %q, error %v", cuts, err)
		}
	}
}

func TestWhatCannotBeSentOrCutsNothingOffIsNoCut(t *testing.T) {
	dirs := func(dirs ...string) names { return names{dirs: dirs} }
	for name, c := range map[string]struct {
		within Range
		hint   Hint
		answer names // to every question
		want   []string
	}{
		"a directory that XML can't carry":     {Range{After: "a/1"}, Hint{}, dirs("b\x01/", "c/", "d\xff/"), []string{"c/"}},
		"the first of a range not yet listed":  {Range{}, Hint{}, dirs("a/", "b/"), []string{"b/"}},
		"the first after one that was listed":  {Range{After: "A/1"}, Hint{}, dirs("a/", "b/"), []string{"a/", "b/"}},
		"a key's bytes that XML can't carry":   {Range{After: "d/\x0115", UpTo: "d/zz"}, Hint{First: "d/\x0111", Last: "d/\x0115", Pages: 1}, names{keys: []string{"d/z9"}}, nil},
		"a key's bytes that it can":            {Range{After: "d/x15", UpTo: "d/x99"}, Hint{First: "d/x01", Last: "d/x15", Pages: 1}, names{keys: []string{"d/x98"}}, []string{"d/x3", "d/x5", "d/x7"}},
		"what isn't under what was asked for":  {Range{After: "a/1"}, Hint{}, dirs("", "/", "A/", "a/", "b"), nil},
		"names in no order, and each twice":    {Range{After: "a/1"}, Hint{}, dirs("c/", "b/", "c/", "b/"), []string{"b/", "c/"}},
		"a page that was listed, of no bother": {Range{After: "a/1"}, Hint{First: "q", Last: "r"}, dirs("b/"), []string{"b/"}},
	} {
		t.Run(name, func(t *testing.T) {
			search := newCutter("", c.within, c.hint, 3, new(seen), func(q question) (names, error) { return q.fit(c.answer), nil })
			if cuts, err := search.cuts(); err != nil || !slices.Equal(cuts, c.want) {
				t.Errorf("cuts %q, error %v; want %q", cuts, err, c.want)
			}
		})
	}
}

func TestWhatWasSeenOfDirectoriesIsBounded(t *testing.T) {
	var s seen
	for i := range 10 * seenMost {
		dir := fmt.Sprint(i)
		s.note(dir, func(d *dirSeen) { d.key = dir })
		if len(s.dirs) > seenMost || s.of(dir).key != dir {
			t.Fatalf("after %d directories %d are remembered, the last as %+v", i+1, len(s.dirs), s.of(dir))
		}
	}
}
