package main

import (
	"context"
	"fmt"
)

// listing measures what only reads.
func (r *rig) listing(ctx context.Context) ([]table, error) {
	cost, dry, err := r.listCost(ctx)
	if err != nil {
		return nil, err
	}
	tables := []table{cost, r.model(dry)}
	for _, measure := range []func(context.Context) (table, error){r.streams, r.memory} {
		t, err := measure(ctx)
		if err != nil {
			return nil, err
		}
		tables = append(tables, t)
	}
	return tables, nil
}

func keysFlag(n int) []string { return []string{"-keys", fmt.Sprint(n)} }

// listCost compares the CPU time of a listing, one request at a time, and also
// returns what the dry run took.
func (r *rig) listCost(ctx context.Context) (t table, dry sample, err error) {
	names := []contender{
		r.lister("tokenizer: counts keys, checks nothing", "tokenlist"),
		r.lister("AWS SDK's paginator", "sdklist"),
		r.lister("Sweeper's listing alone", "sweeplist"),
		r.dryRun("Sweeper: whole dry run, 1 stream", 1),
	}
	samples, err := r.compare(ctx, r.n, keysFlag(r.keys), names...)
	if err != nil {
		return t, dry, err
	}
	t = table{name: "list-cost", head: []string{"program", "CPU s per million keys", "to the paginator", "to the tokenizer", "keys a second", "requests", "peak MB", "server's CPU s"},
		note: fmt.Sprintf("%s keys, no latency, median of %d runs each.", thousands(int64(r.keys)), r.n)}
	for i, s := range samples {
		t.rows = append(t.rows, []string{names[i].name, perMillion(s.cpu, s.Keys), times(s.cpu, samples[1].cpu), times(s.cpu, samples[0].cpu),
			perSecond(s.Keys, s.wall), thousands(s.Requests.Total), megabytes(s.rss), fmt.Sprintf("%.2f", s.CPUSeconds)})
	}
	return t, samples[len(samples)-1], nil
}

// streams shows what concurrency gains against a server that is far away.
func (r *rig) streams(ctx context.Context) (table, error) {
	t := table{name: "list-streams", head: []string{"layout", "limits.concurrency", "seconds", "to 1 stream", "keys a second", "most in flight", "requests"},
		note: fmt.Sprintf("A dry run of %s keys, each answer after %s, one run each. Skewed: one team has 90 %% of the keys.", thousands(int64(r.keys)), r.latency)}
	var first sample
	for i, row := range []struct {
		layout      string
		concurrency int
	}{{"even", 1}, {"even", 16}, {"skewed", 16}} {
		flags := append(keysFlag(r.keys), "-latency", r.latency.String(), "-layout", row.layout)
		s, err := r.once(ctx, r.dryRun(fmt.Sprintf("dry run, %s, %d", row.layout, row.concurrency), row.concurrency), flags)
		if err != nil {
			return t, err
		}
		if i == 0 {
			first = s
		}
		t.rows = append(t.rows, []string{row.layout, fmt.Sprint(row.concurrency), seconds(s.wall), times(s.wall, first.wall), perSecond(s.Keys, s.wall),
			fmt.Sprint(s.MaxInFlight), thousands(s.Requests.Total)})
	}
	return t, nil
}

// memory shows that memory doesn't grow with the bucket.
func (r *rig) memory(ctx context.Context) (table, error) {
	t := table{name: "list-memory", head: []string{"keys", "expired", "peak MB", "CPU s per million keys", "seconds"},
		note: "A dry run each, with the default concurrency and no latency."}
	for _, keys := range []int{r.most / 100, r.most / 10, r.most} {
		s, err := r.once(ctx, r.dryRun(fmt.Sprintf("dry run, %d keys", keys), 0), keysFlag(keys))
		if err != nil {
			return t, err
		}
		t.rows = append(t.rows, []string{thousands(s.Keys), thousands(s.Expired), megabytes(s.rss), perMillion(s.cpu, s.Keys), seconds(s.wall)})
	}
	return t, nil
}
