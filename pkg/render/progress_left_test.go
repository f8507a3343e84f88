package render

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"pgregory.net/rapid"
)

func TestProgressEstimatesOnceThereIsEnoughToTellBy(t *testing.T) {
	line, s, now := onScreen(100)
	line.Step("plan")
	line.Expect(1_000_000)
	for _, next := range []struct {
		after  time.Duration
		listed int
		want   string
	}{
		{4 * time.Second, 40_000, "plan: 40,000 listed, 10,000/s, 0 expired, 0 pages"}, // too early
		{2 * time.Second, 20_000, "plan: 60,000 listed, 10,000/s, about 2 min left, 0 expired, 0 pages"},
		{44 * time.Second, 440_000, "plan: 500,000 listed, 10,000/s, less than a minute left, 0 expired, 0 pages"},
		{50 * time.Second, 500_000, "plan: 1,000,000 listed, 10,000/s, 0 expired, 0 pages"}, // nothing is known of what may follow
		{time.Second, 1, "plan: 1,000,001 listed, 9,900/s, more than last time, 0 expired, 0 pages"},
	} {
		*now = now.Add(next.after)
		line.Listed(0, next.listed, 0)
		assert.Equal(t, next.want, s.seen())
	}
}

func TestProgressEstimatesNothingWithoutAReportToGoBy(t *testing.T) {
	line, s, now := onScreen(100)
	line.Step("plan")
	line.Expect(0)
	*now = now.Add(time.Hour)
	line.Listed(3600, 3_600_000, 9)
	assert.Equal(t, "plan: 3,600,000 listed, 1,000/s, 9 expired, 3,600 pages", s.seen())
}

func TestProgressEstimatesTheSweepAndTheSecondListingByThePlan(t *testing.T) {
	line, s, now := onScreen(100)
	line.Step("plan")
	line.Expect(0)
	line.Listed(1000, 1_000_000, 400_000)
	line.Step("sweep")
	*now = now.Add(10 * time.Second)
	line.Done(40_000)
	assert.Equal(t, "sweep: 40,000 of 400,000 done, about 2 min left", s.seen())
	line.Done(360_000)
	line.Step("confirm")
	*now = now.Add(10 * time.Second)
	line.Listed(100, 100_000, 0)
	assert.Equal(t, "confirm: 100,000 listed, 10,000/s, less than a minute left, 0 expired, 100 pages", s.seen())
	*now = now.Add(50 * time.Second)
	line.Listed(501, 500_001, 0)
	assert.Equal(t, "confirm: 600,001 listed, 10,000/s, 0 expired, 601 pages", s.seen(), "more than the plan left says nothing")
	line.Step("plan") // of the next run of a daemon
	line.Expect(0)
	*now = now.Add(10 * time.Second)
	line.Listed(100, 100_000, 0)
	assert.Equal(t, "plan: 100,000 listed, 10,000/s, 0 expired, 100 pages", s.seen(), "the run before says nothing of this one")
}

func TestAnEstimateIsRounded(t *testing.T) {
	for left, want := range map[time.Duration]string{
		5 * time.Second:  "less than a minute left",
		time.Minute:      "about 1 min left",
		89 * time.Second: "about 1 min left",
		91 * time.Second: "about 2 min left",
		12 * time.Minute: "about 10 min left",
		13 * time.Minute: "about 15 min left",
		58 * time.Minute: "about 1 h left",
		64 * time.Minute: "about 1 h left",
		66 * time.Minute: "about 1 h 10 min left",
		23 * time.Hour:   "about 23 h left",
	} {
		// Half is done, so the rest takes as long again.
		assert.Equal(t, want, estimate(left, 5_000, 10_000), left.String())
	}
}

func TestAnEstimateIsMadeFromFiveSecondsAndAFiftiethOn(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		took := time.Duration(rapid.Int64Range(0, int64(48*time.Hour)).Draw(t, "took"))
		done := rapid.Int64Range(0, 1<<40).Draw(t, "done")
		expected := rapid.Int64Range(0, 1<<40).Draw(t, "expected")
		enough := took >= 5*time.Second && done >= 1 && done >= expected/50 && done < expected
		assert.Equal(t, enough, estimate(took, done, expected) != "")
	})
}
