package sweep

import (
	"bytes"
	"context"
	"fmt"

	"github.com/sweeper-audit/sweeper/pkg/evidence"
)

// foldSegment adds what a segment's manifest part and its working files say.
// Whoever wrote the part has counted its lines; where the vault's part is to the
// byte what was counted, nobody counts again.
func (s *Sweeper) foldSegment(ctx context.Context, f *facts, plan ShardPlan, shard, n int) error {
	var swept SweptFile
	if _, err := s.load(ctx, f.run, sweptFile(shard, n), &swept); err != nil {
		return err
	}
	name := evidence.PartName(shard, n)
	data, err := s.Vault.Get(ctx, reportFile(f.run.Number, name))
	if err != nil {
		return err
	}
	store := &f.stores[f.run.Shards[shard].Store]
	if c := swept.Counted; c != nil && c.Part.Name == name && c.Part.Count == plan.Segments[n].Count &&
		c.EpochCommit == s.Identifiers.EpochCommit() && c.Part.SHA256 == evidence.SHA256Hex(data) {
		store.lines.add(c.Lines)
		f.parts = append(f.parts, c.Part)
	} else if err := s.foldPart(ctx, f, plan, shard, n, data); err != nil {
		return err
	}
	store.lines.Outcomes.Retries += swept.Retries
	store.lines.Outcomes.WindowSeconds = max(store.lines.Outcomes.WindowSeconds, swept.WindowSeconds)
	store.unasked += swept.Unasked
	store.ignored = store.ignored || swept.GuardIgnored
	store.lockedUntil = later(store.lockedUntil, swept.LockedUntil)
	return nil
}

// foldPart counts a manifest part, line by line, beside the plan segment that
// it belongs to.
func (s *Sweeper) foldPart(ctx context.Context, f *facts, plan ShardPlan, shard, n int, data []byte) error {
	entries, err := s.readSegment(ctx, f.run, plan, n)
	if err != nil {
		return err
	}
	at := f.run.Shards[shard].Store
	store, bucket, keys := &f.stores[at], f.run.Spec.Stores[at].Bucket, s.teamKeys()
	name := evidence.PartName(shard, n)
	part, err := evidence.ReadPart(name, bytes.NewReader(data), func(i int64, _ []byte, l evidence.Line) error {
		if i < 1 || i > int64(len(entries)) {
			return fmt.Errorf("line %d is in no plan", i)
		}
		if e := &entries[i-1]; l.Store != at || l.KeyHMAC != e.keyHMAC(bucket, keys(e.Team)) {
			return fmt.Errorf("line %d is not about the entry that was planned, or was made with another identifiers.secret", i)
		}
		store.lines.count(&entries[i-1], &l, f.run.StartedAt)
		return nil
	})
	if err != nil {
		return fmt.Errorf("vault: %w", err)
	}
	if part.Count != int64(len(entries)) {
		return fmt.Errorf("vault: %s has %d lines, its plan segment %d entries", name, part.Count, len(entries))
	}
	f.parts = append(f.parts, part)
	return nil
}
