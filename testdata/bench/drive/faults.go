package main

import (
	"bytes"
	"context"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"syscall"
	"time"
)

// faults shows that what is on record is what the server did: no key is
// recorded as deleted that the server still has, and in the end all are gone.
func (r *rig) faults(ctx context.Context) (table, error) {
	t := table{name: "sweep-faults", head: []string{"what happens", "recorded as deleted", "deleted by the server", "recorded, but still there", "SlowDown: keys", "requests", "left of the expired", "seconds"},
		note: fmt.Sprintf("%s keys, half of them expired. The manifest of each report is compared with the server, key by key.", thousands(int64(r.sweepKeys)))}
	for _, row := range []struct {
		name      string
		flags     []string
		interrupt bool
	}{
		{"5 % of the keys are answered SlowDown", []string{"-slowdown", "0.05"}, false},
		{"the server takes no more than a tenth of the keys a second", []string{"-rate", fmt.Sprint(max(r.sweepKeys/10, 1))}, false},
		{"5 % of the versions are answered SlowDown, in a bucket with versions", []string{"-slowdown", "0.05", "-versioned"}, false},
		{"the first again, and the run is stopped by SIGTERM after a quarter", []string{"-slowdown", "0.05", "-latency", "200ms"}, true},
	} {
		rows, err := r.fault(ctx, row.name, append(r.half(), row.flags...), row.interrupt)
		if err != nil {
			return t, fmt.Errorf("%s: %w", row.name, err)
		}
		t.rows = append(t.rows, rows...)
	}
	return t, nil
}

// fault makes a run and, if that was interrupted, one more that ends the work.
func (r *rig) fault(ctx context.Context, name string, flags []string, interrupt bool) (rows [][]string, err error) {
	server, err := r.serve(ctx, flags)
	if err != nil {
		return nil, err
	}
	defer server.stop()
	box, err := r.box()
	if err != nil {
		return nil, err
	}
	defer func() { _ = os.RemoveAll(box) }()
	if err := r.install(ctx, box, server.url, settings{concurrency: 4, confirm: "full", keys: "clear"}); err != nil {
		return nil, err
	}
	if out, err := r.sweeper(ctx, box, "check").CombinedOutput(); err != nil {
		return nil, fmt.Errorf("sweeper check: %w\n%s", err, out)
	}
	recorded := map[string]bool{}
	for report := 0; ; report++ {
		begin := time.Now()
		if err := r.sweepOnce(ctx, box, server, interrupt && report == 0); err != nil {
			return nil, err
		}
		took := time.Since(begin)
		before := len(recorded)
		if err := r.manifest(ctx, box, report, recorded); err != nil {
			return nil, err
		}
		wrong, err := server.there(ctx, recorded)
		if err != nil {
			return nil, err
		}
		s, err := server.stats(ctx)
		if err != nil {
			return nil, err
		}
		rows = append(rows, []string{name, thousands(int64(len(recorded))), thousands(s.KeysDeleted), thousands(int64(wrong)), thousands(s.KeysSlowed), thousands(s.Refused), thousands(s.Expired - s.KeysDeleted), seconds(took)})
		fmt.Fprintf(r.log, "%s: %d on record, %d more\n", name, len(recorded), len(recorded)-before)
		switch {
		case wrong > 0 || int64(len(recorded)) > s.KeysDeleted:
			return nil, fmt.Errorf("%d keys are recorded as deleted, %d of them are there; the server deleted %d", len(recorded), wrong, s.KeysDeleted)
		case interrupt && report == 0:
			name = "then a second run"
			continue
		}
		if int64(len(recorded)) != s.KeysDeleted && !interrupt {
			return nil, fmt.Errorf("%d keys are recorded as deleted, the server deleted %d", len(recorded), s.KeysDeleted)
		}
		return rows, swept(nil, s)
	}
}

// sweepOnce runs to the end, or sends SIGTERM once a quarter of the keys is gone.
func (r *rig) sweepOnce(ctx context.Context, box string, server *target, interrupt bool) error {
	cmd := r.sweeper(ctx, box, "run")
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Start(); err != nil {
		return err
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	for interrupt {
		select {
		case <-ended:
			return fmt.Errorf("the run was over before it could be stopped: %s\n%s", cmd.ProcessState, last(out.Bytes()))
		case <-time.After(2 * time.Millisecond):
		}
		s, err := server.stats(ctx)
		if err != nil {
			return errors.Join(err, cmd.Process.Kill())
		}
		if s.KeysDeleted*4 < s.Expired { // several batches are in flight by then
			continue
		}
		if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
			return err
		}
		if <-ended; cmd.ProcessState.ExitCode() != 1 {
			return fmt.Errorf("the stopped run ended with %s, want status 1\n%s", cmd.ProcessState, last(out.Bytes()))
		}
		return nil
	}
	if err := <-ended; err != nil {
		return fmt.Errorf("sweeper run: %w\n%s", err, last(out.Bytes()))
	}
	return nil
}

// manifest adds the keys that a report says were deleted.
func (r *rig) manifest(ctx context.Context, box string, report int, to map[string]bool) error {
	cmd := r.sweeper(ctx, box, "report", "show", fmt.Sprint(report), "--format", "json")
	var complaint bytes.Buffer
	cmd.Stderr = &complaint
	text, err := cmd.Output()
	if err != nil {
		return fmt.Errorf("%s: %w\n%s", cmd, err, complaint.Bytes())
	}
	for line := range bytes.Lines(text) {
		var entry struct{ Key, Outcome string }
		if err := json.Unmarshal(line, &entry); err != nil {
			return fmt.Errorf("read a line of manifest %d: %w", report, err)
		}
		if entry.Outcome == "deleted" {
			to[entry.Key] = true
		}
	}
	return nil
}

// there counts which of the keys a listing still shows.
func (t *target) there(ctx context.Context, keys map[string]bool) (n int, err error) {
	for token := ""; ; {
		query := url.Values{"list-type": {"2"}}
		if token != "" {
			query.Set("continuation-token", token)
		}
		ask, err := http.NewRequestWithContext(ctx, http.MethodGet, t.url+"/"+bucketName+"?"+query.Encode(), nil)
		if err != nil {
			return n, err
		}
		var page struct {
			Contents              []struct{ Key string }
			NextContinuationToken string
		}
		answer, err := http.DefaultClient.Do(ask)
		if err != nil {
			return n, err
		}
		err = xml.NewDecoder(answer.Body).Decode(&page)
		_ = answer.Body.Close()
		if err != nil {
			return n, fmt.Errorf("list what is left: %s: %w", answer.Status, err)
		}
		for _, row := range page.Contents {
			if keys[row.Key] {
				n++
			}
		}
		if token = page.NextContinuationToken; token == "" {
			return n, nil
		}
	}
}
