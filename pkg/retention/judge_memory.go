package retention

import (
	"strings"
	"time"
)

// folders remembers what the layouts read out of the last folder that held two
// keys in a row. In a sorted listing most keys lie in the folder of the one before.
type folders struct {
	layouts []Layout
	last    []byte   // the folder of the last key
	name    string   // the folder that is remembered
	read    []folder // what each layout read out of it
}

// of returns what each layout reads out of the key's folder, nil if that is not
// known yet.
func (d *folders) of(key string) []folder {
	name := key[:strings.LastIndexByte(key, '/')+1]
	switch {
	case d.read != nil && name == d.name:
		return d.read
	case string(d.last) != name: // it may be the only key there
		d.last = append(d.last[:0], name...)
		return nil
	}
	// A copy, so that what is remembered doesn't hold a whole page in memory.
	d.name = strings.Clone(name)
	if d.read == nil {
		d.read = make([]folder, len(d.layouts))
	}
	for i, l := range d.layouts {
		d.read[i] = l.folder(d.name)
	}
	return d.read
}

// teamRules is what the policy says of a team.
type teamRules struct {
	id    string
	known bool
	valid bool // the id can be one
	zdr   bool
	since time.Time
	hold  int // index of the first hold on it
}

// rules returns the rules of a team, as a layout read it. It is the last one's
// more often than not.
func (j *Judge) rules(id string) *teamRules {
	if !j.team.known || j.team.id != id {
		since, zdr := j.since[id]
		j.team = teamRules{id: id, known: true, valid: validTeam(id), zdr: zdr, since: since, hold: j.held.byTeam(id)}
	}
	return &j.team
}
