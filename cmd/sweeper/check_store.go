package main

import (
	"context"
	"fmt"
	"time"

	"github.com/sweeper-audit/sweeper/pkg/bucket"
	"github.com/sweeper-audit/sweeper/pkg/config"
	"github.com/sweeper-audit/sweeper/pkg/render"
	"github.com/sweeper-audit/sweeper/pkg/retention"
)

func checkStore(ctx context.Context, c *config.Config, store config.Store, b *bucket.Bucket, roster retention.Roster, now time.Time) []render.Check {
	subject := "store " + store.Name
	state, err := b.Inspect(ctx)
	if err != nil {
		return []render.Check{failed(subject, err)}
	}
	checks := []render.Check{{State: render.OK, Subject: subject,
		Meaning: fmt.Sprintf("bucket %s answers (%s), clock within %s", store.Bucket, state.Provider, state.Skew.Abs().Round(time.Second))}}
	add := func(state render.State, meaning, do string) {
		checks = append(checks, render.Check{State: state, Subject: subject, Meaning: meaning, Do: do})
	}
	if state.Skew.Abs() > c.Limits.MaxClockSkew {
		add(render.Fail, fmt.Sprintf("the server's clock is %s off the local one, more than %s", state.Skew, c.Limits.MaxClockSkew), "nothing will be deleted: set both clocks (NTP)")
	}
	found := fmt.Sprintf("versioning is %s, Object Lock is %s", state.Versioning, state.ObjectLock)
	listing := bucket.Versions
	switch state.Versioning {
	case bucket.StateNever:
		listing = bucket.Current
		add(render.OK, found, "")
		if err := b.ProbeDelete(ctx); err != nil {
			checks = append(checks, failed(subject, err))
		}
	case bucket.StateEnabled, bucket.StateSuspended:
		add(render.OK, found+"; whether versions may be deleted is not asked: a server that ignores version ids would leave a delete marker", "")
	default:
		add(render.Fail, "the server does not say whether versioning is on", "if it never was, set versioning: never")
		return checks
	}
	if store.Delete.OverwriteGuard == "etag" {
		if bucket.IgnoresETag(state.Provider) {
			add(render.Fail, state.Provider+" ignores the ETag of a delete: overwrite_guard etag protects nothing here", "set delete.overwrite_guard: relist")
		} else {
			add(render.Warn, "whether the server honours the ETag of a delete can't be found out without deleting", "the first run that deletes finds out, and says OVERWRITE_GUARD_IGNORED if it doesn't")
		}
	}
	return append(checks, checkKeys(ctx, c, store, b, listing, roster, now), checkUploads(ctx, subject, b))
}

// checkKeys reads the first page of the listing that a run will make, and says
// how well the layouts read its keys.
func checkKeys(ctx context.Context, c *config.Config, store config.Store, b *bucket.Bucket, listing bucket.Listing, roster retention.Roster, now time.Time) render.Check {
	subject := "store " + store.Name
	judge := retention.NewJudge(retention.Policy{Store: store.Name, Prefix: store.Prefix, MaxAge: c.Retention.MaxAge, AgeSource: c.Retention.AgeSource,
		Start: now, Cutoff: retention.Cutoff(now, c.Retention.MaxAge), Layouts: store.Layouts, Zone: store.Zone, NoTeam: store.NoTeam, Roster: roster})
	var seen, unread, anomalies int
	for page, err := range b.Pages(ctx, bucket.Range{What: listing}) {
		if err != nil {
			return failed(subject, err)
		}
		for _, e := range page.Entries {
			v := judge.Judge(e)
			seen++
			if v.Attribution == retention.Unattributed {
				unread++
			}
			if v.Anomaly != "" {
				anomalies++
			}
		}
		break
	}
	what := "objects"
	if listing == bucket.Versions {
		what = "versions and delete markers"
	}
	ch := render.Check{State: render.OK, Subject: subject, Meaning: fmt.Sprintf("%s can be listed; of the first %d the layout reads all but %d; %d have a date that can't be right", what, seen, unread, anomalies)}
	if unread > 0 || anomalies > 0 {
		ch.State, ch.Do = render.Warn, "correct the layout or key_date_zone, or declare the prefix under no_team: a key of nobody makes every ZDR attestation inconclusive"
	}
	return ch
}

// checkUploads lists all incomplete uploads, as a run does.
func checkUploads(ctx context.Context, subject string, b *bucket.Bucket) render.Check {
	found := 0
	for page, err := range b.Pages(ctx, bucket.Range{What: bucket.Uploads}) {
		if err != nil {
			return render.Check{State: render.Warn, Subject: subject, Meaning: fmt.Sprintf("incomplete multipart uploads can't be listed to the end: %v", err),
				Do: "they hold data that no object listing shows: until they can be listed every run is inconclusive"}
		}
		found += len(page.Entries)
	}
	return render.Check{State: render.OK, Subject: subject, Meaning: fmt.Sprintf("%d incomplete multipart uploads, listed to the end", found)}
}
