package sweep

import (
	"testing"

	"github.com/sweeper-audit/sweeper/pkg/bucket"
)

func TestOfAStoresLooksTheOneThatReadAnotherStateWeighsMost(t *testing.T) {
	const never, enabled, unknown = bucket.StateNever, bucket.StateEnabled, bucket.StateUnknown
	for _, c := range []struct{ one, other, want, code string }{
		{never, never, never, ""},
		{never, unknown, unknown, CodeVersioningUnknown},
		{never, enabled, enabled, bucket.CodeVersioningChanged},
		{unknown, unknown, unknown, CodeVersioningUnknown},
		{unknown, enabled, enabled, bucket.CodeVersioningChanged},
		{enabled, enabled, enabled, bucket.CodeVersioningChanged},
	} {
		for _, looks := range [][]ConfirmFile{{{Versioning: c.one}, {Versioning: c.other}}, {{Versioning: c.other}, {Versioning: c.one}}} {
			got := mergeConfirms(never, looks).Versioning
			if got != c.want || versioningTrouble(never, got) != c.code {
				t.Errorf("%s, then %s: %s, want %s with code %q", looks[0].Versioning, looks[1].Versioning, got, c.want, c.code)
			}
		}
	}
}
