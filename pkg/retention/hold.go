package retention

import (
	"strings"
	"time"
)

// Hold is a named reason to keep entries longer: an abuse case, a legal hold.
type Hold struct {
	ID, Reason, Owner string
	// Until is the instant from which the hold no longer counts.
	Until time.Time
	Match HoldMatch
}

// HoldMatch says what a hold covers. Store "" means all stores; exactly one of
// the other four is set.
type HoldMatch struct {
	Store   string
	Team    string   // entries attributed to this team, whole id
	Prefix  string   // entries whose whole key starts with this
	Request string   // entries whose layout reads this {request}
	Keys    []string // entries with one of these whole keys
}

// Scope returns which of the four a hold matches by, in the words of a report:
// team, prefix, request or keys.
func (m HoldMatch) Scope() string {
	switch {
	case m.Team != "":
		return "team"
	case m.Prefix != "":
		return "prefix"
	case m.Request != "":
		return "request"
	default:
		return "keys"
	}
}

// InForce reports whether the hold counts for a run that starts at start.
func (h Hold) InForce(start time.Time) bool { return start.Before(h.Until) }

// heldKeys finds the first hold, in the order of the file, that covers an
// entry. Each map holds indexes into ids.
type heldKeys struct {
	ids                  []string
	teams, requests, key map[string]int
	prefixes             []heldPrefix
}

type heldPrefix struct {
	prefix string
	hold   int
}

// newHeldKeys keeps the holds in force in one store.
func newHeldKeys(holds []Hold, store string, start time.Time) heldKeys {
	h := heldKeys{teams: map[string]int{}, requests: map[string]int{}, key: map[string]int{}}
	for _, hold := range holds {
		m := hold.Match
		if !hold.InForce(start) || (m.Store != "" && m.Store != store) {
			continue
		}
		i := len(h.ids)
		h.ids = append(h.ids, hold.ID)
		// By what is set rather than by Scope: should two ever be set, both hold.
		addFirst(h.teams, m.Team, i)
		addFirst(h.requests, m.Request, i)
		for _, k := range m.Keys {
			addFirst(h.key, k, i)
		}
		if m.Prefix != "" {
			h.prefixes = append(h.prefixes, heldPrefix{m.Prefix, i})
		}
	}
	return h
}

func addFirst(m map[string]int, name string, hold int) {
	if _, taken := m[name]; !taken && name != "" {
		m[name] = hold
	}
}

// none is the index of no hold: it lies behind that of any.
func (h *heldKeys) none() int { return len(h.ids) }

// byTeam returns the index of the first hold on a team that a layout read.
func (h *heldKeys) byTeam(id string) int {
	if i, ok := h.teams[id]; ok && validTeam(id) {
		return i
	}
	return h.none()
}

// byRequest returns the index of the first hold on a request that a layout read.
func (h *heldKeys) byRequest(id string) int {
	if i, ok := h.requests[id]; ok {
		return i
	}
	return h.none()
}

// byKey returns the index of the first hold on the key or on its start.
func (h *heldKeys) byKey(key string) int {
	first := h.none()
	if i, ok := h.key[key]; ok {
		first = i
	}
	for _, p := range h.prefixes {
		if p.hold < first && strings.HasPrefix(key, p.prefix) {
			first = p.hold
		}
	}
	return first
}

// id returns the id of a hold, or "" of none.
func (h *heldKeys) id(hold int) string {
	if hold == h.none() {
		return ""
	}
	return h.ids[hold]
}
