package render

import (
	"fmt"
	"io"
	"math"
	"os"
	"sync"
	"time"
	"unicode/utf8"

	"golang.org/x/term"
)

// Progress is told how far a run is. Calls may come from many goroutines.
type Progress interface {
	// Step begins a step of the run and its counts.
	Step(name string)
	// Expect says how many entries this step will list, if it is as last time; 0 if
	// nobody knows.
	Expect(entries int64)
	// Listed adds to the pages and entries looked at in this step, and to the
	// expired ones.
	Listed(pages, entries, expired int)
	// Done adds to the entries that have an outcome.
	Done(entries int)
}

// redraw is the least time between two drawings.
const redraw = 100 * time.Millisecond

// Line is a Progress on one line of a terminal, which it draws over. It is an
// io.Writer too, for what else goes to that terminal (the log): the line steps
// aside for it. Where there is no terminal it draws nothing and passes writes
// on. It has no goroutine and no timer: it draws when it is told something.
type Line struct {
	out   io.Writer
	width func() int // of the terminal, in columns; nil: not a terminal
	now   func() time.Time

	mu             sync.Mutex
	step           string
	begun, drawn   time.Time
	did            counts // in this step
	before         counts // in the steps before it, of each count the last that wasn't zero
	expected       int64  // entries that this step will list, about; 0: nobody knows
	lastTime       bool   // expected is how many they were in the last run
	shown          int    // columns of the line on the screen
	stepped, ended bool
}

// counts are what was done.
type counts struct{ pages, listed, expired, done int64 }

// NewProgress returns the progress line of a writer, usually stderr. Close it
// before anything else is written there, or write that through it.
func NewProgress(w io.Writer) *Line {
	line := &Line{out: w, now: time.Now}
	file, ok := w.(*os.File)
	if !ok || !term.IsTerminal(int(file.Fd())) {
		return line
	}
	line.width = func() int {
		width, _, err := term.GetSize(int(file.Fd()))
		if err != nil {
			return 80
		}
		return width
	}
	return line
}

// Step implements Progress. It always draws.
func (l *Line) Step(name string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.did.listed > 0 {
		l.before = l.did
	}
	l.before.done = l.did.done
	// A second listing finds what the first one did, but for what is gone.
	l.expected, l.lastTime = max(0, l.before.listed-l.before.done), false
	l.step, l.begun, l.did = name, l.now(), counts{}
	l.stepped, l.ended = true, false
	l.draw()
}

// Expect implements Progress.
func (l *Line) Expect(entries int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.expected, l.lastTime = entries, true
}

// Listed implements Progress.
func (l *Line) Listed(pages, entries, expired int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.did.pages += int64(pages)
	l.did.listed += int64(entries)
	l.did.expired += int64(expired)
	l.drawSometimes()
}

// Done implements Progress.
func (l *Line) Done(entries int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.did.done += int64(entries)
	l.drawSometimes()
}

// Write implements io.Writer: the line is taken away and what is written takes
// its place. It is drawn again with the next news.
func (l *Line) Write(text []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.erase()
	return l.out.Write(text)
}

// Close takes the line away; a new Step would bring it back.
func (l *Line) Close() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.erase()
	l.ended = true
}

func (l *Line) drawSometimes() {
	if l.stepped && !l.ended && l.now().Sub(l.drawn) >= redraw {
		l.draw()
	}
}

// draw puts the line on the screen. A progress line that can't be written is no
// reason to stop a run: errors are dropped.
func (l *Line) draw() {
	if l.width == nil {
		return
	}
	l.drawn = l.now()
	// The last column stays free: writing it would wrap on some terminals.
	text := short(l.text(), max(l.width()-1, 2))
	// It is written over the old one, which never is blank in between.
	fmt.Fprintf(l.out, "\r%-*s", l.shown, text)
	l.shown = utf8.RuneCountInString(text)
}

func (l *Line) erase() {
	if l.width == nil || l.shown == 0 {
		return
	}
	fmt.Fprintf(l.out, "\r%-*s\r", l.shown, "")
	l.shown = 0
}

// text is the line, with what matters most at its start.
func (l *Line) text() string {
	said, took := l.step, l.drawn.Sub(l.begun)
	if l.did.listed > 0 {
		said += ": " + count(l.did.listed) + " listed"
		if took >= time.Second {
			said += ", " + count(rounded(float64(l.did.listed)/took.Seconds())) + "/s"
		}
		switch left := estimate(took, l.did.listed, l.expected); {
		case left != "":
			said += ", " + left
		case l.lastTime && l.expected > 0 && l.did.listed > l.expected:
			said += ", more than last time"
		}
		said += ", " + count(l.did.expired) + " expired, " + of(l.did.pages, "page", "pages")
	}
	if l.did.done > 0 {
		said += ": " + count(l.did.done)
		if planned := l.before.expired; planned > 0 {
			said += " of " + count(planned)
		}
		said += " done"
		if left := estimate(took, l.did.done, l.before.expired); left != "" {
			said += ", " + left
		}
	}
	return said
}

// rounded cuts what nobody can read off a line that changes: it keeps two digits.
func rounded(rate float64) int64 {
	unit := 1.0
	for rate/unit >= 100 {
		unit *= 10
	}
	return int64(math.Round(rate/unit) * unit)
}
