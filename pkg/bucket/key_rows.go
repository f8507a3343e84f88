package bucket

import "github.com/sweeper-audit/sweeper/pkg/retention"

// keyRows are rows of one key, by version id. Most keys have one or two, which
// are looked through; of many there is an index. It is used again for the next
// key: a bucket has millions.
type keyRows struct {
	rows []retention.Entry
	byID map[string]int // of rows, nil if they are few
}

const fewRows = 8

func (k *keyRows) find(id string) (e retention.Entry, ok bool) {
	if k.byID != nil {
		at, ok := k.byID[id]
		if ok {
			e = k.rows[at]
		}
		return e, ok
	}
	for i := range k.rows {
		if k.rows[i].ID == id {
			return k.rows[i], true
		}
	}
	return e, false
}

func (k *keyRows) has(id string) bool {
	_, ok := k.find(id)
	return ok
}

// put adds a row whose id is not there.
func (k *keyRows) put(e *retention.Entry) {
	k.rows = append(k.rows, *e)
	switch {
	case k.byID != nil:
		k.byID[e.ID] = len(k.rows) - 1
	case len(k.rows) > fewRows:
		k.byID = make(map[string]int, 2*len(k.rows))
		for i := range k.rows {
			k.byID[k.rows[i].ID] = i
		}
	}
}

func (k *keyRows) reset() { k.rows, k.byID = k.rows[:0], nil }
