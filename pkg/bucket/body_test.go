package bucket_test

import "testing"

// Without plainBody about one in a hundred of these answers is lost.
func TestALongAnswerToADeleteIsReadToItsEnd(t *testing.T) {
	s := newStand(t)
	b := open(t, s.Server.Config(name))
	keys := numbered(300)
	for round := range 300 {
		s.put(keys...)
		for i, d := range b.Delete(t.Context(), list(t, b)) {
			if d != gone {
				t.Fatalf("round %d: entry %d of 300 is %+v, want it acknowledged", round, i, d)
			}
		}
	}
}
