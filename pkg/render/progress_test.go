package render

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// screen is a terminal of one line: it keeps what a person would see.
type screen struct {
	mu      sync.Mutex
	line    []rune
	col     int
	history []string // each state after a write
	raw     bytes.Buffer
}

func (s *screen) Write(text []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.raw.Write(text)
	for _, r := range string(text) {
		switch r {
		case '\r':
			s.col = 0
		case '\n':
			s.line, s.col = nil, 0
		default:
			if s.col == len(s.line) {
				s.line = append(s.line, r)
			} else {
				s.line[s.col] = r
			}
			s.col++
		}
	}
	s.history = append(s.history, strings.TrimRight(string(s.line), " "))
	return len(text), nil
}

func (s *screen) seen() string {
	if len(s.history) == 0 {
		return ""
	}
	return s.history[len(s.history)-1]
}

func onScreen(width int) (*Line, *screen, *time.Time) {
	s, now := &screen{}, time.Date(2026, 11, 25, 2, 15, 0, 0, time.UTC)
	return &Line{out: s, width: func() int { return width }, now: func() time.Time { return now }}, s, &now
}

func TestProgressShowsStepListedRateExpiredPagesAndDone(t *testing.T) {
	var p Progress
	line, s, now := onScreen(100)
	p = line
	p.Step("plan")
	assert.Equal(t, "plan", s.seen())
	*now = now.Add(2 * time.Second)
	p.Listed(1, 1000, 300)
	assert.Equal(t, "plan: 1,000 listed, 500/s, 300 expired, 1 page", s.seen())
	*now = now.Add(2 * time.Second)
	p.Listed(2, 1000, 367)
	assert.Equal(t, "plan: 2,000 listed, 500/s, 667 expired, 3 pages", s.seen())
	p.Step("sweep")
	assert.Equal(t, "sweep", s.seen(), "a shorter line leaves nothing of the longer one")
	*now = now.Add(time.Second)
	p.Done(400)
	assert.Equal(t, "sweep: 400 of 667 done", s.seen())
	p.Step("confirm")
	*now = now.Add(500 * time.Millisecond)
	p.Listed(1, 10, 1)
	assert.Equal(t, "confirm: 10 listed, 1 expired, 1 page", s.seen(), "the second listing counts for itself")
	line.Close()
	assert.Empty(t, s.seen())
	p.Done(1)
	assert.Empty(t, s.seen(), "nothing is drawn after Close")
}

func TestARateOnALineThatChangesKeepsTwoDigits(t *testing.T) {
	for rate, want := range map[float64]int64{0: 0, 0.4: 0, 7.5: 8, 99.4: 99, 99.6: 100, 104: 100, 9_949: 9_900, 170_531: 170_000, 999_999: 1_000_000} {
		assert.Equal(t, want, rounded(rate), "%v", rate)
	}
}

func TestProgressIsDrawnOverAndNeverBlankInBetween(t *testing.T) {
	line, s, now := onScreen(100)
	line.Step("confirm")
	for range 3 {
		*now = now.Add(time.Second)
		line.Listed(1, 1000, 0)
	}
	line.Step("seal")
	for drawn := range strings.SplitSeq(strings.TrimPrefix(s.raw.String(), "\r"), "\r") {
		assert.NotEmpty(t, strings.TrimSpace(drawn))
	}
	assert.Equal(t, "seal", s.seen(), "and nothing is left of a longer one")
}

func TestProgressDrawsAtMostTenTimesASecond(t *testing.T) {
	line, s, now := onScreen(100)
	line.Step("plan")
	for range 1000 {
		*now = now.Add(time.Millisecond)
		line.Listed(0, 1, 0)
	}
	assert.Len(t, s.history, 11)
}

func TestProgressStepsAsideForTheLog(t *testing.T) {
	line, s, now := onScreen(100)
	line.Step("plan")
	n, err := line.Write([]byte("a log line\n"))
	require.NoError(t, err)
	assert.Equal(t, 11, n)
	assert.Empty(t, s.seen())
	assert.Contains(t, s.raw.String(), "\r    \ra log line\n", "the line is wiped before the log is written")
	*now = now.Add(time.Second)
	line.Listed(1, 5, 0)
	assert.Contains(t, s.seen(), "plan: 5 listed")
}

func TestProgressNeverReachesTheLastColumn(t *testing.T) {
	for _, width := range []int{0, 1, 2, 10, 20} {
		line, s, now := onScreen(width)
		line.Step("confirm \x1b[2J")
		*now = now.Add(time.Second)
		line.Listed(1234, 1234567, 1234567)
		for _, seen := range s.history {
			assert.LessOrEqual(t, len([]rune(seen)), max(width-1, 2))
		}
		assert.NotContains(t, s.raw.String(), "\x1b")
	}
}

func TestProgressWritesNothingWhereThereIsNoTerminal(t *testing.T) {
	path := filepath.Join(t.TempDir(), "stderr")
	file, err := os.Create(path)
	require.NoError(t, err)
	var buffer bytes.Buffer
	for _, line := range []*Line{NewProgress(file), NewProgress(&buffer)} {
		line.Step("plan")
		line.Listed(1, 10, 1)
		line.Done(1)
		_, err = line.Write([]byte("log\n"))
		require.NoError(t, err)
		line.Close()
	}
	require.NoError(t, file.Close())
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	assert.Equal(t, "log\n", string(text))
	assert.Equal(t, "log\n", buffer.String())
}

func TestProgressTakesCallsFromManyGoroutines(t *testing.T) {
	s := &screen{}
	line := &Line{out: s, width: func() int { return 80 }, now: time.Now}
	line.Step("plan")
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			for range 500 {
				line.Listed(1, 2, 1)
				line.Done(1)
			}
		})
	}
	group.Wait()
	assert.Equal(t, counts{pages: 4000, listed: 8000, expired: 4000, done: 4000}, line.did)
}
