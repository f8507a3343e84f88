package render

import (
	"fmt"
	"io"
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
	// Listed adds to the entries looked at in this step, and to the expired ones.
	Listed(entries, expired int)
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

	mu                    sync.Mutex
	step                  string
	begun, drawn          time.Time
	listed, expired, done int64 // in this step
	planned               int64 // found expired by the last step that listed
	shown                 int   // columns of the line on the screen
	stepped, ended        bool
}

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
	if l.expired > 0 {
		l.planned = l.expired // what this step has to do
	}
	l.step, l.begun, l.listed, l.expired, l.done = name, l.now(), 0, 0, 0
	l.stepped, l.ended = true, false
	l.draw()
}

// Listed implements Progress.
func (l *Line) Listed(entries, expired int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.listed += int64(entries)
	l.expired += int64(expired)
	l.drawSometimes()
}

// Done implements Progress.
func (l *Line) Done(entries int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.done += int64(entries)
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
	used := utf8.RuneCountInString(text)
	fmt.Fprintf(l.out, "\r%-*s\r%s", l.shown, "", text)
	l.shown = used
}

func (l *Line) erase() {
	if l.width == nil || l.shown == 0 {
		return
	}
	fmt.Fprintf(l.out, "\r%-*s\r", l.shown, "")
	l.shown = 0
}

func (l *Line) text() string {
	said := l.step
	if l.listed > 0 {
		said += ": " + count(l.listed) + " listed"
		if took := l.drawn.Sub(l.begun); took >= time.Second {
			said += ", " + count(int64(float64(l.listed)/took.Seconds())) + "/s"
		}
		said += ", " + count(l.expired) + " expired"
	}
	if l.done > 0 {
		said += ": " + count(l.done)
		if l.planned > 0 {
			said += " of " + count(l.planned)
		}
		said += " done"
	}
	return said
}
