package bucket

import (
	"testing"

	"pgregory.net/rapid"

	"github.com/sweeper-audit/sweeper/pkg/retention"
)

// However many entries a key has, a row is about the first with its version; or,
// if it names none or the entry has none, about the key's entry if it is alone.
func TestARowIsAboutTheEntryThatItNames(t *testing.T) {
	name, id := rapid.SampledFrom([]string{"a", "b", "c"}), rapid.SampledFrom([]string{"", "null", "1", "2"})
	rapid.Check(t, func(t *rapid.T) {
		entries := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) retention.Entry {
			return retention.Entry{Key: name.Draw(t, "key"), ID: id.Draw(t, "id"), Kind: rapid.SampledFrom([]retention.Kind{retention.Object, retention.Marker}).Draw(t, "kind")}
		}), 0, 8).Draw(t, "entries")
		null, key, version := rapid.Bool().Draw(t, "null"), name.Draw(t, "row's key"), id.Draw(t, "row's version")
		at, marker, alone := -1, -1, []int{}
		for i, e := range entries {
			if e.Key != key {
				continue
			}
			alone = append(alone, i)
			if at < 0 && versionID(e, null) == version {
				at = i
			}
			if marker < 0 && e.Kind == retention.Marker && e.ID == version {
				marker = i
			}
		}
		if at < 0 && len(alone) == 1 && (version == "" || entries[alone[0]].ID == "") {
			at = alone[0]
		}
		a := newAnswer(entries, null)
		if got, ok := a.find(key, version); ok != (at >= 0) || ok && got != at || ok == (a.unasked == 1) {
			t.Fatalf("the row is about %d (%v), want %d; %d unasked", got, ok, at, a.unasked)
		}
		if got, ok := a.marker(key, "", version); ok != (marker >= 0) || ok && got != marker {
			t.Fatalf("the row's marker is %d (%v), want %d", got, ok, marker)
		}
	})
}
