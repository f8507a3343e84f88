package bucket

import (
	"strings"
	"unicode/utf8"
)

// probesMost is how many pages of one entry a search for cuts may ask for.
const probesMost = 8

// flatDir is a search for cuts in a directory of many keys and no directories.
// Keys are looked at without the directory. It goes by the first position at
// which the keys that are still to come differ from the present one: cuts differ
// from it there, by characters of the kind that stands there.
type flatDir struct {
	*cutter
	dir     string
	from    string   // the present key, or what stands for one
	upTo    string   // cuts lie before it; "" is not known
	samples []string // keys
	most    int      // positions that are looked at
}

// bytes cuts what is left of a flat directory.
func (c *cutter) bytes(dir string) ([]string, error) {
	f := &flatDir{cutter: c, dir: dir, from: c.from[len(dir):]}
	if err := f.sample(); err != nil || len(f.samples) == 0 {
		return nil, err
	}
	f.bounds()
	from, left := 0, f.upTo != ""
	if left {
		from = diff(f.from, f.upTo)
	}
	cuts, err := f.search(from, left)
	for i := range cuts {
		cuts[i] = dir + cuts[i]
	}
	return cuts, err
}

// sample collects keys that show how keys of the directory are made.
func (f *flatDir) sample() error {
	f.most = len(f.from)
	first, last := f.hint.First, f.hint.Last
	if dirOf(first) == f.dir && dirOf(last) == f.dir && last != "" {
		f.samples = []string{first[len(f.dir):], last[len(f.dir):]}
		f.most = diff(f.samples[0], f.samples[1]) + 1 // a page holds what differs further on
		f.seen.note(f.dir, func(d *dirSeen) { d.key = last })
		return nil
	}
	if key := f.seen.of(f.dir).key; key != "" {
		f.samples = []string{key[len(f.dir):]}
	} else if key, err := f.after(f.from); err != nil || key == "" {
		return err
	} else {
		f.from = key
		f.seen.note(f.dir, func(d *dirSeen) { d.key = f.dir + key })
	}
	f.most = len(f.samples[0])
	return nil
}

// bounds makes of the present place one that is as long as a key, and finds the
// end from what was seen.
func (f *flatDir) bounds() {
	for p := len(f.from); p < f.most; p++ {
		letters := alphabet(f.samples, p)
		if len(letters) == 0 {
			break
		}
		f.from += string(letters[:1])
	}
	f.most = min(f.most, len(f.from))
	if strings.HasPrefix(f.cutter.upTo, f.dir) {
		f.upTo = f.cutter.upTo[len(f.dir):]
	}
	end := f.seen.of(f.dir).end
	switch {
	case end == "":
	case end <= f.dir+f.from: // it was seen too long ago
		f.seen.note(f.dir, func(d *dirSeen) { d.end = "" })
	case f.upTo == "" || end[len(f.dir):] < f.upTo:
		f.upTo = end[len(f.dir):]
	}
}

// search looks for the first position, from one on, at which keys that are still
// to come differ from the present one: what comes after a string that differs
// at a position differs there or before, so positions can be halved. left says
// that it may well be the very first.
func (f *flatDir) search(from int, left bool) ([]string, error) {
	best, reached, until := -1, "", f.most
	for f.probes < probesMost {
		var open []int
		for p := from; p < until; p++ {
			if len(f.letters(p)) > 0 {
				open = append(open, p)
			}
		}
		if len(open) == 0 {
			break
		}
		if left {
			if cuts, err := f.cutAt(open[0], ""); err != nil || len(cuts) > 0 {
				return cuts, err
			}
			from, left = open[0]+1, false
			continue
		}
		p := open[len(open)/2]
		key, err := f.after(f.from[:p] + f.letters(p)[:1])
		if err != nil {
			return nil, err
		}
		if key == "" {
			from = p + 1
			continue
		}
		best, reached = diff(f.from, key), key
		until = best
	}
	if best < 0 {
		return nil, nil
	}
	return f.cutAt(best, reached)
}

// cutAt cuts by the characters at a position. reached is a key still to come
// that differs there, "" if none is known. It makes sure that something comes
// after the last cut.
func (f *flatDir) cutAt(p int, reached string) ([]string, error) {
	stem, letters := f.from[:p], f.letters(p)
	known := -1 // the last of letters that is known to have something after it
	if reached != "" {
		known = strings.IndexByte(letters, reached[p])
	}
	wanted := func() int { // the last of the cuts, if there is something up to the last letter
		n := min(f.cutter.most, len(letters))
		return n*(len(letters)+1)/(n+1) - 1
	}
	for next := wanted(); f.probes < probesMost && known < wanted(); next = (known + len(letters)) / 2 {
		key, err := f.after(stem + letters[next:next+1])
		if err != nil {
			return nil, err
		}
		if key == "" {
			letters = letters[:next]
			continue
		}
		known = next
		if strings.HasPrefix(key, stem) {
			known = max(known, strings.IndexByte(letters, key[p]))
		}
	}
	if known < 0 {
		return nil, nil
	}
	if known < wanted() {
		letters = letters[:known+1]
	}
	cuts := even(strings.Split(letters, ""), f.cutter.most, false)
	for i := range cuts {
		cuts[i] = stem + cuts[i]
	}
	return cuts, nil
}

// letters are the characters that a cut may have at a position, after what the
// present key has before it.
func (f *flatDir) letters(p int) string {
	stem := f.from[:p]
	if !carriable(f.dir + stem) {
		return "" // in the middle of a character
	}
	var fit strings.Builder
	for _, x := range alphabet(f.samples, p) {
		if x > f.from[p] && (f.upTo == "" || stem+string(rune(x)) < f.upTo) {
			fit.WriteByte(x)
		}
	}
	return fit.String()
}

// after asks for the first key of the range after a string; "" if there is none.
func (f *flatDir) after(start string) (string, error) {
	f.probes++
	n, err := f.ask(question{prefix: f.dir, after: f.dir + start, most: 1})
	if err != nil {
		return "", err
	}
	if len(n.keys) == 0 {
		if !n.more {
			f.seen.note(f.dir, func(d *dirSeen) {
				if d.end == "" || f.dir+start < d.end {
					d.end = f.dir + start
				}
			})
		}
		return "", nil
	}
	key := n.keys[0]
	if f.cutter.upTo != "" && key >= f.cutter.upTo {
		return "", nil
	}
	f.samples = append(f.samples, key[len(f.dir):])
	return key[len(f.dir):], nil
}

// alphabet guesses which characters keys have at a position, in order, by the
// samples: what stands there, and its kind if that is a letter or a digit. The
// kind shows in the letters and digits around it.
func alphabet(samples []string, p int) []byte {
	var there [utf8.RuneSelf]bool
	var digits, lower, upper byte // the greatest of each
	for _, s := range samples {
		if p >= len(s) || s[p] <= ' ' || s[p] > '~' {
			continue
		}
		there[s[p]] = true
		for i := p; i >= 0 && alphanumeric(s[i]); i-- {
			widen(&digits, &lower, &upper, s[i])
		}
		for i := p; i < len(s) && alphanumeric(s[i]); i++ {
			widen(&digits, &lower, &upper, s[i])
		}
	}
	add := func(from, to byte) {
		for x := from; x <= to; x++ {
			there[x] = true
		}
	}
	if digits > 0 {
		add('0', '9')
	}
	if lower > 0 {
		add('a', top(lower, digits, 'f', 'z'))
	}
	if upper > 0 {
		add('A', top(upper, digits, 'F', 'Z'))
	}
	var all []byte
	for x, is := range there {
		if is {
			all = append(all, byte(x))
		}
	}
	return all
}

// top is the last letter that keys may have: hexadecimal digits end early.
func top(greatest, digits, hex, all byte) byte {
	if digits > 0 && greatest <= hex {
		return hex
	}
	return all
}

func widen(digits, lower, upper *byte, x byte) {
	switch {
	case x >= 'a':
		*lower = max(*lower, x)
	case x >= 'A':
		*upper = max(*upper, x)
	default:
		*digits = max(*digits, x)
	}
}

func alphanumeric(x byte) bool {
	return x >= '0' && x <= '9' || x >= 'a' && x <= 'z' || x >= 'A' && x <= 'Z'
}
