package retention_test

import (
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/sweeper-audit/sweeper/pkg/retention"
)

// layer is an entry of a key: a version ('v') or a marker ('m'), in capitals
// if it stays.
type layer byte

func (l layer) marker() bool { return l == 'm' || l == 'M' }
func (l layer) stays() bool  { return l == 'V' || l == 'M' }

func (l layer) kind(i int) retention.Kind {
	switch {
	case l.marker():
		return retention.Marker
	case i == 0:
		return retention.Object
	default:
		return retention.Version
	}
}

func stackOf(layers []layer) *retention.Stack {
	var s retention.Stack
	for i, l := range layers {
		s.Add(l.kind(i), l.stays())
	}
	return &s
}

// after are the layers that are left, newest first: all that stay, and the
// pending ones of the markers that were to go.
func after(layers []layer) []layer {
	pending := stackOf(layers).Pending()
	var left []layer
	for _, l := range layers {
		if l == 'm' && pending > 0 {
			pending--
			left = append(left, l)
		} else if l.stays() {
			left = append(left, l)
		}
	}
	return left
}

// readable reports whether a plain GET finds a version.
func readable(layers []layer) bool { return len(layers) > 0 && !layers[0].marker() }

func TestAMarkerStaysWhereAVersionUnderItStays(t *testing.T) {
	for _, tt := range []struct {
		name, stack string
		pending     int
		promotes    bool
	}{
		{"nothing there", "", 0, false},
		{"a lone marker goes", "m", 0, false},
		{"several lone markers go", "mmm", 0, false},
		{"a marker goes with the versions under it", "mvv", 0, false},
		{"a marker over a version that stays is pending", "mV", 1, false},
		{"each marker over a version that stays is pending", "mvmV", 2, false},
		{"a marker under a version that stays goes", "Vm", 0, false},
		{"a marker between versions that stay goes", "VmV", 0, false},
		{"a marker under a marker that stays goes", "MmV", 0, false},
		{"a marker over a marker that stays goes", "mMV", 0, false},
		{"a current version goes, and the one that stays is found", "vV", 0, true},
		{"a current version goes, and a pending marker hides the one that stays", "vmV", 1, false},
		{"a current version goes, and a marker that stays hides the rest", "vMV", 0, false},
		{"all versions go", "vvv", 0, false},
		{"a current version stays", "VvV", 0, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := stackOf([]layer(tt.stack))
			if got := s.Pending(); got != tt.pending {
				t.Errorf("%d markers are pending, want %d", got, tt.pending)
			}
			if got := s.Promotes(); got != tt.promotes {
				t.Errorf("promotes: %t, want %t", got, tt.promotes)
			}
		})
	}
}

func TestWhateverTheStackNothingUnreadableBecomesReadable(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		layers := rapid.SliceOfN(rapid.SampledFrom([]layer("vVmM")), 0, 12).Draw(t, "stack")
		left := after(layers)
		if !readable(layers) && readable(left) {
			t.Fatalf("%s: nothing could be read, now something can (%s is left)", layers, left)
		}
		if promotes := len(layers) > 0 && layers[0] == 'v' && readable(left); promotes != stackOf(layers).Promotes() {
			t.Fatalf("%s: promotes is %t, want %t", layers, !promotes, promotes)
		}
	})
}

func TestNoMarkerStaysThatHidesNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		layers := rapid.SliceOfN(rapid.SampledFrom([]layer("vVmM")), 0, 12).Draw(t, "stack")
		if stackOf(layers).Pending() == 0 {
			return
		}
		staying := slices.DeleteFunc(slices.Clone(layers), func(l layer) bool { return !l.stays() })
		if !readable(staying) {
			t.Fatalf("%s: markers are kept, though without them nothing could be read either", layers)
		}
	})
}
