package bucket

import (
	"slices"
	"strings"
)

// cutter looks for the cuts of one range. It knows nothing of the network: it is
// a function of the range, the hint and the answers.
type cutter struct {
	prefix     string
	from, upTo string // cuts lie strictly between the two; upTo "" is an open end
	hint       Hint
	most       int
	seen       *seen
	ask        func(question) (names, error)
	probes     int // pages of one asked for
}

func newCutter(prefix string, r Range, hint Hint, most int, seen *seen, ask func(question) (names, error)) *cutter {
	c := &cutter{prefix: prefix, from: r.After, upTo: r.UpTo, hint: hint, most: most, seen: seen, ask: ask}
	if hint.Pages == 0 {
		c.hint = Hint{}
	}
	if !strings.HasPrefix(c.upTo, prefix) {
		c.upTo = "" // it lies behind all that has the prefix
	}
	if last := c.hint.Last; strings.HasPrefix(last, prefix) && last > c.from && (c.upTo == "" || last < c.upTo) {
		c.from = last
	}
	if !strings.HasPrefix(c.from, prefix) {
		c.from = prefix // it lies before all that has the prefix
	}
	return c
}

// cuts goes down the directories that the present place lies in, from the one
// that the whole range has in common, to the first that has others after the
// present one, and cuts between those.
func (c *cutter) cuts() ([]string, error) {
	if c.most < 1 {
		return nil, nil
	}
	dir := c.prefix
	if c.upTo != "" {
		dir = longer(dir, commonDir(c.from, c.upTo))
	}
	for {
		present, below := c.present(dir)
		if !below && c.flat(dir) {
			return c.bytes(dir)
		}
		after, fresh := c.from, c.from == dir
		if below {
			after = present[:len(present)-1] + "0" // the character after "/": past all of the present directory
		}
		n, err := c.list(dir, after)
		if err != nil {
			return nil, err
		}
		whole := n
		if fresh && len(n.dirs) > 0 && (len(n.keys) == 0 || n.dirs[0] < n.keys[0]) {
			n.dirs = n.dirs[1:] // there is nothing before it that could be cut off
		}
		switch {
		case len(n.dirs) > 0:
			return even(n.dirs, c.most, n.more), nil
		case len(n.keys) > 0 && n.more:
			return c.bytes(dir)
		case below:
			dir = present
		case len(whole.dirs) == 1 && len(whole.keys) == 0:
			c.from, dir = whole.dirs[0], whole.dirs[0]
		default: // what is left is less than a page, or nothing
			return nil, nil
		}
	}
}

// present returns the directory right in dir in which the present place lies.
func (c *cutter) present(dir string) (present string, below bool) {
	if at := strings.IndexByte(c.from[len(dir):], '/'); at >= 0 {
		return c.from[:len(dir)+at+1], true
	}
	return "", false
}

// flat reports whether a page of the directory's keys, or more, is known to have
// no directory among them.
func (c *cutter) flat(dir string) bool {
	return dirOf(c.hint.First) == dir && dirOf(c.hint.Last) == dir && c.hint.Last != "" || c.seen.of(dir).key != ""
}

// list asks for the names right in dir that come after a string, and leaves out
// what lies outside the range.
func (c *cutter) list(dir, after string) (names, error) {
	if c.upTo != "" && after >= c.upTo {
		return names{}, nil
	}
	known := c.seen.of(dir)
	if !known.asked || after < known.after || known.names.more && after >= last(known.names) {
		start := after
		if start == dir {
			start = "" // the same, and MinIO takes it for no start at all
		}
		n, err := c.ask(question{prefix: dir, after: start, folded: true, most: pageSize})
		if err != nil {
			return names{}, err
		}
		known = dirSeen{names: n}
		c.seen.note(dir, func(d *dirSeen) {
			d.asked, d.after, d.names = true, after, names{dirs: n.dirs, keys: edges(n.keys), more: n.more}
		})
	}
	inside := func(name string) bool { return name > after && name > c.from && (c.upTo == "" || name < c.upTo) }
	n := names{dirs: only(known.names.dirs, inside), keys: only(known.names.keys, inside)}
	n.more = known.names.more && inside(last(known.names))
	return n, nil
}

// last is the last name of an answer.
func last(n names) (name string) {
	if len(n.dirs) > 0 {
		name = n.dirs[len(n.dirs)-1]
	}
	if len(n.keys) > 0 {
		name = max(name, n.keys[len(n.keys)-1])
	}
	return name
}

// edges keeps the first and the last of keys: the others are of no use as cuts.
func edges(keys []string) []string {
	if len(keys) > 2 {
		return []string{keys[0], keys[len(keys)-1]}
	}
	return keys
}

func only(all []string, want func(string) bool) (some []string) {
	for _, s := range all {
		if want(s) {
			some = append(some, s)
		}
	}
	return some
}

// even chooses most of the places, or all, so that they cut what lies before,
// between and after them into parts alike. Where there is more after the last,
// that one is chosen.
func even(places []string, most int, more bool) []string {
	n, parts := min(most, len(places)), len(places)+1
	if more {
		parts--
	}
	cuts := make([]string, 0, n)
	for i := 1; i <= n; i++ {
		at := i * parts / (n + 1)
		if more {
			at = i * parts / n
		}
		cuts = append(cuts, places[max(at, 1)-1])
	}
	return slices.Compact(cuts)
}

// dirOf is a key's directory, "/" included.
func dirOf(key string) string { return key[:strings.LastIndexByte(key, '/')+1] }

// commonDir is the longest directory that two keys have in common.
func commonDir(a, b string) string { return dirOf(a[:diff(a, b)]) }

// diff is the first place at which two strings differ.
func diff(a, b string) int {
	n := min(len(a), len(b))
	for i := range n {
		if a[i] != b[i] {
			return i
		}
	}
	return n
}

func longer(a, b string) string {
	if len(b) > len(a) {
		return b
	}
	return a
}
