package sweep

import (
	"testing"
	"time"
)

func TestAPauseIsAsLongAsTheShareOfKeysThatGoAgain(t *testing.T) {
	for _, c := range []struct {
		again, sent int
		want        time.Duration
	}{{1000, 1000, 200 * time.Millisecond}, {1, 1, 200 * time.Millisecond}, {500, 1000, 100 * time.Millisecond}, {50, 1000, 10 * time.Millisecond}} {
		if got := part(200*time.Millisecond, c.again, c.sent); got != c.want {
			t.Errorf("%d of %d keys go again after %v, want %v", c.again, c.sent, got, c.want)
		}
	}
}

func TestAKeyThatIsRefusedEachTimeIsTriedForAsLongWhateverWentBesidesIt(t *testing.T) {
	meant, all := 200*time.Millisecond, time.Duration(0)
	for again, sent, i := 50, 1000, 1; i < attempts; again, sent, i = 1, again, i+1 {
		meant, all = min(2*meant, 10*time.Second), all+part(meant, again, sent)
	}
	if all < 20*time.Second {
		t.Errorf("it is given up after %v", all)
	}
}
