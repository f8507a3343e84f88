package main

import (
	"context"
	"fmt"
)

// sweeping measures what deletes.
func (r *rig) sweeping(ctx context.Context) ([]table, error) {
	var tables []table
	for _, measure := range []func(context.Context) (table, error){r.sweepCost, r.batches, r.faults} {
		t, err := measure(ctx)
		if err != nil {
			return nil, err
		}
		tables = append(tables, t)
	}
	return tables, nil
}

func (r *rig) half() []string { return append(keysFlag(r.sweepKeys), "-expired-every", "2") }

// sweepCost compares whole programs that delete by age.
func (r *rig) sweepCost(ctx context.Context) (table, error) {
	programs := []contender{r.wholeRun("Sweeper: run, confirm: none", 0)}
	if r.rivals {
		programs = append(programs, r.mc(), r.rclone())
	}
	samples, err := r.compare(ctx, r.n, r.half(), programs...)
	t := table{name: "sweep-cost", head: []string{"program", "seconds", "to Sweeper", "keys deleted a second", "CPU s per million deleted", "listings", "deletes", "most in flight", "peak MB"},
		note: fmt.Sprintf("%s keys, half of them expired, no latency, median of %d runs each. Sweeper also writes plan, manifest and report.", thousands(int64(r.sweepKeys)), r.n)}
	if err != nil {
		return t, err
	}
	for i, s := range samples {
		t.rows = append(t.rows, []string{programs[i].name, seconds(s.wall), times(s.wall, samples[0].wall), perSecond(s.KeysDeleted, s.wall), perMillion(s.cpu, s.KeysDeleted),
			thousands(s.Requests.ListObjects), thousands(s.Requests.DeleteObjects + s.Requests.DeleteObject), fmt.Sprint(s.MaxInFlight), megabytes(s.rss)})
	}
	return t, nil
}

// batches shows what concurrency gains for deletes on a server far away.
func (r *rig) batches(ctx context.Context) (table, error) {
	t := table{name: "sweep-streams", head: []string{"limits.concurrency", "seconds", "to 1 stream", "keys deleted a second", "most in flight", "listings", "deletes"},
		note: fmt.Sprintf("A run of %s keys, half of them expired, with confirm: none, each answer after %s, one run each.", thousands(int64(r.sweepKeys)), r.latency)}
	var first sample
	for i, concurrency := range []int{1, 16} {
		s, err := r.once(ctx, r.wholeRun(fmt.Sprintf("run, %d", concurrency), concurrency), append(r.half(), "-latency", r.latency.String()))
		if err != nil {
			return t, err
		}
		if i == 0 {
			first = s
		}
		t.rows = append(t.rows, []string{fmt.Sprint(concurrency), seconds(s.wall), times(s.wall, first.wall), perSecond(s.KeysDeleted, s.wall), fmt.Sprint(s.MaxInFlight),
			thousands(s.Requests.ListObjects), thousands(s.Requests.DeleteObjects + s.Requests.DeleteObject)})
	}
	return t, nil
}
