package render

import (
	"bufio"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/sweeper-audit/sweeper/pkg/evidence"
)

// Formats of a plan.
const (
	PlanTable = "table" // for a person, with a summary at the end
	PlanCSV   = "csv"   // RFC 4180, with a head
	PlanJSON  = "json"  // an object a line
)

// PlanFormats are the formats of a plan.
func PlanFormats() []string { return []string{PlanTable, PlanCSV, PlanJSON} }

// PlanEntry is one entry that a plan names.
type PlanEntry struct {
	Store, Kind, Team     string
	Created, LastModified time.Time
	Size                  int64 // bytes
	Why                   string
	Hold                  string // the hold that keeps it; "" if it goes
	KeyHMAC               string
	Key                   string // bytes
	// Private entries are a ZDR team's or nobody's: team, key and dates of them
	// are shown nowhere.
	Private bool
}

// Plan writes a plan as its entries come, and holds none of them.
type Plan struct {
	out    *bufio.Writer
	report evidence.Predicate
	format string
	keys   bool
	begun  bool
	csv    *csv.Writer // over out, which keeps its errors too
	total  planTotal
}

// NewPlan begins the plan of a report in one of the formats. Keys are shown only
// if keys is set, and never those of private entries.
func NewPlan(w io.Writer, report evidence.Predicate, format string, keys bool) *Plan {
	out := bufio.NewWriter(w)
	return &Plan{out: out, report: report, format: format, keys: keys, csv: csv.NewWriter(out), total: planTotal{kinds: map[storeKind]int64{}}}
}

// Add writes the next entry. The error is the writer's.
func (p *Plan) Add(e PlanEntry) error {
	p.total.add(e)
	p.begin()
	p.entry(e)
	if _, err := p.out.Write(nil); err != nil { // bufio keeps the first error
		return fmt.Errorf("write the plan: %w", err)
	}
	return nil
}

// Close writes what is left, of a plan that came to its end or not. A whole
// table gets a summary and the way on. The error is the writer's.
func (p *Plan) Close(whole bool) error {
	switch {
	case whole && p.format == PlanTable:
		var end page
		if p.begun {
			end.WriteString("\n")
		}
		end.para("", p.total.String())
		end.onward(p.report)
		p.write(end.String())
	case whole:
		p.begin() // an empty CSV file has a head too
	}
	p.csv.Flush()
	if err := p.out.Flush(); err != nil {
		return fmt.Errorf("write the plan: %w", err)
	}
	return nil
}

// write writes into the buffer, which keeps an error for Flush.
func (p *Plan) write(s string) { _, _ = p.out.WriteString(s) }

// begin writes the head, once.
func (p *Plan) begin() {
	if p.begun {
		return
	}
	p.begun = true
	head := []string{"store", "kind", "team", "created", "lastModified", "size", "why", "hold", "keyHmac"}
	if p.keys {
		head = append(head, "key")
	}
	switch p.format {
	case PlanTable:
		head[4] = "last modified"
		p.row(upper(head))
	case PlanCSV:
		_ = p.csv.Write(head)
	}
}

func (p *Plan) entry(e PlanEntry) {
	switch p.format {
	case PlanCSV:
		_ = p.csv.Write(p.cells(e))
	case PlanJSON:
		p.json(e)
	default:
		p.row(p.cells(e))
	}
}

// cells are the columns of an entry: those of head.
func (p *Plan) cells(e PlanEntry) []string {
	cells := []string{exact(e.Store), e.Kind, exact(e.Team), second(e.Created), second(e.LastModified), strconv.FormatInt(e.Size, 10), e.Why, exact(e.Hold), e.KeyHMAC}
	if p.keys {
		cells = append(cells, exact(e.Key))
	}
	if e.Private {
		for _, i := range []int{2, 3, 4, 5, 9} {
			if i < len(cells) {
				cells[i] = "-"
			}
		}
	}
	return cells
}

func (p *Plan) row(cells []string) {
	const size = 5
	p.write(padded(cells, []int{12, 7, 16, 20, 20, 10, 3, 10, 64, 0}, size))
}

// padded is a row of a table: each column has a width that most texts have, and
// what is longer moves the rest of its line, since the next row is not known
// yet. The column at right, if there is one, is aligned to the right.
func padded(cells []string, width []int, right int) string {
	var b strings.Builder
	for i, cell := range cells {
		if cell == "" {
			cell = "-"
		}
		pad := strings.Repeat(" ", max(0, width[i]-utf8.RuneCountInString(cell)))
		if i == right {
			b.WriteString(pad + cell + "  ")
		} else {
			b.WriteString(cell + pad + "  ")
		}
	}
	return strings.TrimRight(b.String(), " ") + "\n"
}

func upper(all []string) []string {
	out := make([]string, len(all))
	for i, s := range all {
		out[i] = strings.ToUpper(s)
	}
	return out
}

// planLine is an entry in JSON. What is not shown is null.
type planLine struct {
	Store        string  `json:"store"`
	Kind         string  `json:"kind"`
	Team         *string `json:"team"`
	Created      *string `json:"created"`
	LastModified *string `json:"lastModified"`
	Size         *int64  `json:"size"`
	Why          string  `json:"why"`
	Hold         string  `json:"hold"`
	KeyHMAC      string  `json:"keyHmac"`
	Key          *string `json:"key"`
	// KeyBase64 stands in Key's place where the key is not UTF-8: keys are bytes.
	KeyBase64 []byte `json:"keyBase64,omitempty"`
}

func (p *Plan) json(e PlanEntry) {
	l := planLine{Store: e.Store, Kind: e.Kind, Why: e.Why, Hold: e.Hold, KeyHMAC: e.KeyHMAC}
	if !e.Private {
		team, created, modified := e.Team, second(e.Created), second(e.LastModified)
		l.Team, l.Created, l.LastModified, l.Size = &team, &created, &modified, &e.Size
		switch {
		case !p.keys:
		case utf8.ValidString(e.Key):
			l.Key = &e.Key
		default:
			l.KeyBase64 = []byte(e.Key)
		}
	}
	enc := json.NewEncoder(p.out)
	enc.SetEscapeHTML(false)
	_ = enc.Encode(l) // into the buffer
}

// second is a time to the second, in UTC, as evidence writes it.
func second(t time.Time) string { return t.UTC().Format(time.RFC3339) }

// exact shows a text of any bytes so that it can be got back: as it is, or in
// the quotes and escapes of a Go string if it can't be printed, begins with a
// quote, or begins or ends in a way that a reader or a spreadsheet takes for
// something else.
func exact(s string) string {
	plain := utf8.ValidString(s) && strings.TrimSpace(s) == s && !strings.HasPrefix(s, `"`) && strings.IndexAny(s, "=+-@") != 0
	for _, r := range s {
		plain = plain && strconv.IsPrint(r)
	}
	if plain {
		return s
	}
	return strconv.Quote(s)
}

type storeKind struct{ store, kind string }

// planTotal counts what a plan names.
type planTotal struct {
	kinds  map[storeKind]int64
	order  []storeKind
	n      int64
	held   int64
	bytes  int64
	oldest time.Time // of those whose dates are shown
}

func (t *planTotal) add(e PlanEntry) {
	k := storeKind{e.Store, e.Kind}
	if t.kinds[k] == 0 {
		t.order = append(t.order, k)
	}
	t.kinds[k]++
	t.n++
	t.bytes += e.Size
	if e.Hold != "" {
		t.held++
	}
	if !e.Private && (t.oldest.IsZero() || e.Created.Before(t.oldest)) {
		t.oldest = e.Created
	}
}

// String is one sentence: "3 entries (exchanges: 2 objects, 1 marker), ...".
func (t *planTotal) String() string {
	if t.n == 0 {
		return "Nothing is planned."
	}
	var stores []string
	said := map[string][]string{}
	for _, k := range t.order {
		if said[k.store] == nil {
			stores = append(stores, k.store)
		}
		said[k.store] = append(said[k.store], of(t.kinds[k], clean(k.kind), clean(k.kind)+"s"))
	}
	for i, store := range stores {
		slices.Sort(said[store])
		stores[i] = clean(store) + ": " + strings.Join(said[store], ", ")
	}
	all := fmt.Sprintf("%s (%s), %s", entries(t.n), strings.Join(stores, "; "), of(t.bytes, "byte", "bytes"))
	if t.held > 0 {
		all += fmt.Sprintf(", %s of them on hold, to stay", count(t.held))
	}
	if !t.oldest.IsZero() {
		all += ", the oldest created " + second(t.oldest)
	}
	return all + "."
}
