package render

import (
	"fmt"
	"slices"
	"strings"

	"github.com/sweeper-audit/sweeper/pkg/evidence"
)

// storeGrid has a row a store: what was found and what became of it.
func storeGrid(p evidence.Predicate) *grid {
	plans := p.ReportType != evidence.TypeAttestation
	g := &grid{Caption: "What was found in each store", Head: head("Store", ">Listed", ">Expired", ">Kept", "Seen to its end")}
	if plans {
		g.Caption = "What was found in each store, and what became of it"
		g.Head = head("Store", ">Listed", ">Expired", ">Kept", ">Planned", ">Gone", ">Not gone", "Seen to its end")
	}
	outcomes := map[string]evidence.OutcomeCounts{}
	for _, o := range p.Outcomes {
		outcomes[o.Store] = o.OutcomeCounts
	}
	populations := map[string]evidence.Population{}
	for _, pop := range p.Population {
		populations[pop.Store] = pop
	}
	row := func(name string, pop evidence.PopulationCounts, o evidence.OutcomeCounts, end gridCell) {
		cells := []gridCell{text(name), number(pop.Listed), number(pop.Expired), number(pop.Kept)}
		if plans {
			cells = append(cells, number(o.Planned), number(gone(o)), number(o.Planned-gone(o)))
		}
		g.add(append(cells, end)...)
	}
	for _, s := range p.Stores {
		pop, listed := populations[s.Name]
		if !listed {
			cells := []gridCell{text(s.Name)}
			for range len(g.Head) - 2 {
				cells = append(cells, text("?"))
			}
			g.add(append(cells, ended(false))...)
			continue
		}
		row(s.Name, pop.PopulationCounts, outcomes[s.Name], ended(pop.Complete))
	}
	if len(p.Stores) > 1 {
		all := len(p.Population) == len(p.Stores) && !slices.ContainsFunc(p.Population, func(pop evidence.Population) bool { return !pop.Complete })
		row("All stores", p.Totals.PopulationCounts, p.Totals.OutcomeCounts, ended(all))
	}
	return g
}

func ended(yes bool) gridCell {
	if yes {
		return gridCell{Tone: &tone{"ok", "✓", "yes"}}
	}
	return gridCell{Tone: &tone{"bad", "✕", "no"}}
}

// scopeGrid says where the stores are, and how they were read.
func scopeGrid(p evidence.Predicate) *grid {
	g := &grid{Caption: "Where the stores are, and how they were read", Head: head("Store", "Bucket and prefix", "Server", "Layouts", "Settings")}
	for _, s := range p.Stores {
		server := text(joined(" · ", s.Provider, s.Region))
		server.Sub = clean(s.EndpointHost)
		layouts := gridCell{Text: strings.Join(cleaned(s.Layouts), "\n"), Code: true}
		if len(s.NoTeam) > 0 {
			layouts.Sub = "without team: " + clean(strings.Join(s.NoTeam, ", "))
		}
		settings := text(joined(", ", named("versioning", s.Versioning), named("Object Lock", s.ObjectLock)))
		settings.Sub = clean(joined(", ", named("overwrite guard", s.OverwriteGuard), named("key dates in", s.KeyDateZone)))
		g.add(text(s.Name), gridCell{Text: clean(s.Bucket + "/" + s.Prefix), Code: true}, server, layouts, settings)
	}
	return g
}

// named and joined leave out what is empty, and clean nothing.
func named(name, value string) string {
	if value == "" {
		return ""
	}
	return name + " " + value
}

func joined(sep string, all ...string) string {
	return strings.Join(slices.DeleteFunc(all, func(s string) bool { return s == "" }), sep)
}

// storeNotes are the sentences below the tables of stores.
func storeNotes(p evidence.Predicate) []string {
	var notes []string
	for _, s := range p.Stores {
		if s.Note != "" {
			notes = append(notes, fmt.Sprintf("Store %s: %s.", clean(s.Name), coded(s.Note)))
		}
	}
	return append(notes, beside(p)...)
}

// outcomeGrid has a row an outcome that occurred; nil where nothing was planned.
func outcomeGrid(p evidence.Predicate) *grid {
	t := p.Totals
	if t.Planned == 0 {
		return nil
	}
	g := &grid{Caption: fmt.Sprintf("What became of %s planned", entries(t.Planned)), Head: head("Outcome", ">Entries", "Meaning")}
	for _, o := range outcomeTerms(t.OutcomeCounts) {
		if o.N > 0 {
			g.add(text(o.Name), number(o.N), text(outcomeMeaning(o.Name)))
		}
	}
	return g
}

func outcomeMeaning(outcome string) string {
	switch outcome {
	case "deleted":
		return "the server acknowledged our delete"
	case "absent":
		return "seen gone by a listing; by whose hand is not known"
	case "aborted":
		return "an incomplete upload that we aborted, acknowledged"
	case "held":
		return "kept by a hold"
	case "locked":
		return "kept by the store's Object Lock or legal hold"
	case "pending":
		return "an expired delete marker over a version that must stay"
	case "changed":
		return "younger or other bytes by the time its turn came: left alone"
	case "failed":
		return "could not be deleted"
	case "unconfirmed":
		return "the answer was lost: it may be gone or not"
	default:
		return "planned, and not attempted"
	}
}

func reasonGrid(p evidence.Predicate) *grid {
	g := &grid{Caption: "Why the result is what it is, and what changed", Head: head("Reason", ">Count", "Meaning")}
	for _, r := range p.Reasons {
		g.add(code(r.Code), number(r.Count), text(meaningOr(r.Code)))
	}
	return g.orNil()
}

func exceptionGrid(p evidence.Predicate) *grid {
	g := &grid{Caption: "What was not as the promise says, by store", Head: head("Exception", "Store", ">Count", "Until", "Meaning")}
	for _, x := range p.Exceptions {
		until := "–"
		if x.Until != nil {
			until = when(*x.Until)
		}
		store := x.Store
		if store == "" {
			store = "–"
		}
		g.add(code(x.Code), text(store), number(x.Count), text(until), text(meaningOr(x.Code)))
	}
	return g.orNil()
}

func code(s string) gridCell { return gridCell{Text: clean(s), Code: true} }

func meaningOr(code string) string {
	if m := meaning(code); m != "" {
		return m
	}
	return "a code that this program does not know"
}

func (g *grid) orNil() *grid {
	if len(g.Rows) == 0 {
		return nil
	}
	return g
}

func holdGrid(p evidence.Predicate) (*grid, string) {
	g := &grid{Caption: "Holds in force", Head: head("Hold", "Owner", "Scope", ">Expired entries kept", "Until")}
	for _, h := range p.Holds {
		g.add(text(h.ID), text(h.Owner), text(h.Scope), number(h.Entries), text(when(h.Until)))
	}
	if p.HoldsSHA256 == "" {
		return g.orNil(), "There is no holds file."
	}
	if len(p.Holds) == 0 {
		return nil, "The holds file names no hold in force."
	}
	return g, ""
}
