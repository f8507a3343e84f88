package sweep

import (
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestPausesGrowAreJitteredAndStayInOneBudget(t *testing.T) {
	var seen []time.Duration
	rapid.Check(t, func(t *rapid.T) {
		first := time.Duration(rapid.IntRange(1, 200).Draw(t, "first pause in ms")) * time.Millisecond
		pause, meant, all := (&Sweeper{firstPause: first}).pauses(), first, time.Duration(0)
		for i := range attempts - 1 {
			got := pause.NextBackOff()
			if got < meant/2 || got > meant*3/2+1 {
				t.Fatalf("pause %d is %v, want half to one and a half times %v", i, got, meant)
			}
			meant, all = min(2*meant, 10*time.Second), all+got
			seen = append(seen, got)
		}
		if all > 35*time.Second {
			t.Fatalf("the pauses add up to %v", all)
		}
	})
	same := 0
	for _, d := range seen {
		if d%(time.Millisecond/2) == 0 {
			same++
		}
	}
	if same > len(seen)/10 {
		t.Errorf("%d of %d pauses are just as long as they are meant to be: workers would come back together", same, len(seen))
	}
}
