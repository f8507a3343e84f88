package main

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/sweeper-audit/sweeper/pkg/config"
	"github.com/sweeper-audit/sweeper/pkg/evidence"
	"github.com/sweeper-audit/sweeper/pkg/retention"
	"github.com/sweeper-audit/sweeper/pkg/sweep"
)

// spec turns the config, the roster and the holds into the values that a run
// freezes. Any error is a usage error, unless it says otherwise itself: nothing
// was touched.
func spec(ctx context.Context, c *config.Config) (sweep.Spec, error) {
	s, err := readSpec(ctx, c)
	if other := (*exitError)(nil); err != nil && !errors.As(err, &other) {
		err = usage(err)
	}
	return s, err
}

func readSpec(ctx context.Context, c *config.Config) (sweep.Spec, error) {
	effective, err := c.Effective()
	if err != nil {
		return sweep.Spec{}, err
	}
	actor, err := actor()
	if err != nil {
		return sweep.Spec{}, err
	}
	roster, err := readRoster(ctx, c)
	if err != nil {
		return sweep.Spec{}, err
	}
	holds, holdsSum, err := readHolds(c)
	if err != nil {
		return sweep.Spec{}, err
	}
	s := sweep.Spec{
		Organization: evidence.Organization{Name: c.Organization.Name, Contact: c.Organization.Contact},
		Actor:        actor,
		MaxAge:       c.Retention.MaxAge, MaxAgeText: c.Retention.MaxAgeText, AgeSource: c.Retention.AgeSource,
		Roster: roster, Purge: c.ZDR.PurgeViolations, Metadata: sweep.Metadata(c.ZDR.Metadata), Holds: holds, HoldsSHA256: holdsSum,
		Limits: retention.Limits{MaxDeletions: c.Limits.MaxDeletions, MaxShare: c.Limits.MaxShare, ShareFloor: c.Limits.ShareFloor,
			MaxKeyDateOnlyShare: c.Limits.MaxKeyDateOnly.Share, MaxKeyDateOnlyFloor: c.Limits.MaxKeyDateOnly.Floor,
			MaxClockSkew: c.Limits.MaxClockSkew, MaxPurge: c.ZDR.MaxPurge},
		Confirm: c.Confirm == "full", AllTeams: c.Evidence.Teams == "all", ClearKeys: c.Identifiers.Keys == "clear",
		Lock: "none", Config: effective, Timestamp: c.Signing.Timestamp.Policy,
	}
	if c.Schedule != nil {
		s.Schedule = &evidence.Schedule{Cron: c.Schedule.Cron, Timezone: c.Schedule.Timezone}
	}
	if c.Vault.S3 != nil && c.Vault.S3.Lock != nil {
		s.Lock, s.LockDays, s.ManifestDays = c.Vault.S3.Lock.Mode, c.Vault.S3.Lock.Days, c.Vault.S3.Lock.ManifestDays
	}
	for _, store := range c.Stores {
		s.Stores = append(s.Stores, storeSpec(store))
	}
	return s, nil
}

func storeSpec(s config.Store) sweep.StoreSpec {
	spec := sweep.StoreSpec{Name: s.Name, Bucket: s.Bucket, Prefix: s.Prefix, Endpoint: s.Endpoint, Region: s.Region,
		PathStyle: s.PathStyle, Profile: s.Profile, CredentialsFile: s.CredentialsFile, KeyDateZone: s.ZoneName, NoTeam: s.NoTeam,
		Versioning: s.Versioning, ListDecoder: s.ListDecoder, Checksum: s.Delete.Checksum, OverwriteGuard: s.Delete.OverwriteGuard, Batch: s.Delete.Batch}
	for _, l := range s.Layouts {
		spec.Layouts = append(spec.Layouts, l.String())
	}
	return spec
}

func readHolds(c *config.Config) ([]retention.Hold, string, error) {
	if c.Holds == "" {
		return nil, "", nil
	}
	data, err := os.ReadFile(c.Holds)
	if err != nil {
		return nil, "", fmt.Errorf("read the holds (holds): %w; without them nothing may be deleted", err)
	}
	holds, err := config.ParseHolds(c.Holds, data)
	if err != nil {
		return nil, "", err
	}
	return holds, evidence.SHA256Hex(data), errors.Join(c.CheckHolds(holds))
}
