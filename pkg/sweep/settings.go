package sweep

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"reflect"
	"regexp"
	"slices"
)

// paceOnly matches the settings that say how fast a run goes, or where a daemon
// listens: neither what is deleted nor how that is proved. Whatever is not named
// here, and whatever a later version adds, binds a plan.
var paceOnly = regexp.MustCompile(`^(limits\.concurrency|stores\[[0-9]+\]\.delete\.batch|http\.listen)$`)

// changedSettings compares two config.json and returns the paths of the settings
// that differ, such as stores[0].prefix, by name. An error means that one of them
// can't be read.
func changedSettings(planned, now []byte) (differ []string, err error) {
	before, err := settingsOf(planned)
	if err != nil {
		return nil, fmt.Errorf("read the plan's config: %w", err)
	}
	after, err := settingsOf(now)
	if err != nil {
		return nil, fmt.Errorf("read the config: %w", err)
	}
	compareSettings("", before, after, &differ)
	return differ, nil
}

func settingsOf(config []byte) (settings any, err error) {
	dec := json.NewDecoder(bytes.NewReader(config))
	dec.UseNumber() // an int64 must not come to equal another
	if err := dec.Decode(&settings); err != nil {
		return nil, err
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("more follows its end")
	}
	return settings, nil
}

// compareSettings adds the paths of what differs. Lists are compared item by item
// if they are lists of groups and of one length, else as a whole.
func compareSettings(path string, a, b any, differ *[]string) {
	switch a := a.(type) {
	case map[string]any:
		if b, ok := b.(map[string]any); ok {
			names := maps.Clone(a)
			maps.Copy(names, b)
			for _, name := range slices.Sorted(maps.Keys(names)) {
				one, had := a[name]
				other, has := b[name]
				at := name
				if path != "" {
					at = path + "." + name
				}
				if had != has {
					*differ = append(*differ, at)
				} else {
					compareSettings(at, one, other, differ)
				}
			}
			return
		}
	case []any:
		if b, ok := b.([]any); ok && len(a) == len(b) && len(a) > 0 {
			if _, group := a[0].(map[string]any); group {
				for i := range a {
					compareSettings(fmt.Sprintf("%s[%d]", path, i), a[i], b[i], differ)
				}
				return
			}
		}
	}
	if !reflect.DeepEqual(a, b) {
		*differ = append(*differ, path)
	}
}
