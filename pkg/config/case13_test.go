package config

import (
	"strings"
	"testing"
)

// Case 13: an empty, zero or doubled setting must never mean "everything". That
// nothing is touched then is a script of the command line (bad-config).
func TestCase13EmptyZeroAndDoubledSettingsAreRefusedWithLineAndField(t *testing.T) {
	for name, c := range map[string]struct{ change, says string }{
		"age 0":                           {`30d => 0d`, "sweeper.yaml:2: retention.max_age: "},
		"age missing":                     {`{max_age: 30d} => {age_source: earliest}`, "sweeper.yaml:2: retention.max_age: is missing"},
		"age without a value":             {`{max_age: 30d} => {max_age: }`, "sweeper.yaml:2: retention.max_age: has no value"},
		"age negative":                    {`30d => -30d`, "sweeper.yaml:2: retention.max_age: "},
		"stores twice":                    {`stores: []`, "sweeper.yaml:9: stores: stands twice, first on line 3"},
		"an unknown field":                {`prefix: logs/ => prefix: logs/` + "\n    max_age: 1d", "sweeper.yaml:7: stores[0].max_age: is unknown"},
		"empty prefix, no whole_bucket":   {`prefix: logs/ => prefix: ""`, "sweeper.yaml:6: stores[0].prefix: is empty"},
		"absent prefix, no whole_bucket":  {`prefix: logs/ => profile: x`, "sweeper.yaml:4: stores[0].prefix: is empty"},
		"empty prefix, whole_bucket: no":  {"prefix: logs/ => prefix: \"\"\n    whole_bucket: false", "stores[0].prefix: is empty"},
		"a prefix and whole_bucket: true": {"prefix: logs/ => prefix: logs/\n    whole_bucket: true", "stores[0]."},
	} {
		t.Run(name, func(t *testing.T) {
			parsed, err := parse("sweeper.yaml", "/etc/sweeper", []byte(change(t, small, c.change)), noEnv)
			if err == nil || parsed != nil {
				t.Fatal("accepted")
			}
			if !strings.Contains(err.Error(), c.says) {
				t.Errorf("%q doesn't say %q", err, c.says)
			}
		})
	}
}
