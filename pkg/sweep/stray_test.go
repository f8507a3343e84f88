package sweep_test

import "testing"

func TestAFileThatALateWriterLeavesInASealedRunsFolderIsRemovedByTheNextRun(t *testing.T) {
	w := newWorld(t)
	w.seed("acme", 40*day, "a")
	w.run()
	if err := w.work.Put(t.Context(), "0000000000/plan-0000-00000.jsonl.zst", []byte("keys in the clear")); err != nil {
		t.Fatal(err)
	}
	s := w.run()
	names, err := w.work.List(t.Context(), "0")
	if err != nil || len(names) > 0 {
		t.Errorf("the work area still holds %q, %v; reasons %v", names, err, s.Predicate.Reasons)
	}
}
