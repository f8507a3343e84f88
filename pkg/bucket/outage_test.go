package bucket

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"
)

func TestAPauseOfTheListingsHoldsAllBackAndEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := &outage{patience: time.Minute}
		begun := time.Now()
		waited := func() time.Duration {
			if err := o.wait(t.Context()); err != nil {
				t.Error(err)
			}
			return time.Since(begun)
		}
		if d := waited(); d != 0 {
			t.Errorf("%v were waited for nothing", d)
		}
		o.pause(begun, 3*time.Second)
		o.pause(begun, time.Second) // is over before the other
		go func() {
			time.Sleep(2 * time.Second)
			o.pause(time.Now(), 3*time.Second)
		}()
		if d := waited(); d != 5*time.Second {
			t.Errorf("the wait ended after %v, want 5s: it was prolonged", d)
		}
		o.pause(time.Now(), time.Hour)
		o.over()
		if d := waited(); d != 5*time.Second {
			t.Errorf("%v were waited though the server answers", d)
		}
	})
}

func TestAnInterruptionEndsAPauseAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPatient(time.Minute)
		p.outage.pause(time.Now(), time.Hour)
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		begun := time.Now()
		go func() {
			_, err := p.GetAttemptToken(ctx)
			ended <- err
		}()
		synctest.Wait() // it waits
		cancel()
		if err := <-ended; !errors.Is(err, context.Canceled) || time.Since(begun) != 0 {
			t.Errorf("error %v after %v, want %v at once", err, time.Since(begun), context.Canceled)
		}
	})
}

func TestAnOutageIsWaitedForAsLongAsPatienceLastsHoweverManyAsk(t *testing.T) {
	o := &outage{patience: time.Minute}
	at := time.Date(2026, 11, 30, 12, 0, 0, 0, time.UTC)
	for _, step := range []struct {
		after time.Duration // since the step before
		over  bool          // the server answered meanwhile
		again bool
	}{
		{0, false, true}, {59 * time.Second, false, true}, {time.Second, false, false},
		{time.Minute, false, false},   // the same outage, and still no answer
		{time.Nanosecond, true, true}, // the server answered: another outage
		{59 * time.Second, false, true}, {2 * time.Second, false, false},
		{time.Minute + 1, false, true}, // nobody asked meanwhile: another outage
	} {
		at = at.Add(step.after)
		if step.over {
			o.over()
		}
		if again := o.failed(at); again != step.again {
			t.Errorf("%+v: another attempt: %v", step, again)
		}
	}
}

func TestABodyThatBreaksBecauseOfAnInterruptionIsNotAskedForAgain(t *testing.T) {
	p := newPatient(time.Minute)
	p.begun = time.Now()
	for _, c := range []struct {
		cause error
		again bool
	}{{errors.New("stream error: stream ID 1; INTERNAL_ERROR"), true}, {context.Canceled, false}} {
		if again := p.IsErrorRetryable(&brokenBody{c.cause}); again != c.again {
			t.Errorf("%v: another attempt: %v", c.cause, again)
		}
	}
}

func TestARequestThatHangsIsNotMadeAgainAfterAMinuteThoughOthersAreAnswered(t *testing.T) {
	p := newPatient(0)
	for ago, again := range map[time.Duration]bool{50 * time.Second: true, 100 * time.Second: false} {
		p.outage.over()
		p.begun = time.Now().Add(-ago)
		if got := p.IsErrorRetryable(context.DeadlineExceeded); got != again {
			t.Errorf("%v after it began there is another attempt: %v", ago, got)
		}
	}
}

func TestAListingsRetryHoldsTheOthersBackUntilOneIsAnswered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		one := newPatient(time.Minute)
		other := one // as each request has it
		delay, err := one.RetryDelay(10, errors.New("503"))
		if err != nil || delay <= 0 {
			t.Fatalf("delay %v, error %v", delay, err)
		}
		begun := time.Now()
		release, err := other.GetAttemptToken(t.Context())
		if err != nil || time.Since(begun) != delay {
			t.Fatalf("the other went after %v, error %v: want %v", time.Since(begun), err, delay)
		}
		if _, err := one.RetryDelay(10, errors.New("503")); err != nil {
			t.Fatal(err)
		}
		begun = time.Now()
		if err := release(nil); err != nil {
			t.Fatal(err)
		}
		if _, err := other.GetAttemptToken(t.Context()); err != nil || time.Since(begun) != 0 {
			t.Errorf("it waited %v though the server answers, error %v", time.Since(begun), err)
		}
	})
}
