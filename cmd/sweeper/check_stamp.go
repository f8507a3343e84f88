package main

import (
	"context"
	"crypto/rand"
	"fmt"

	"github.com/sweeper-audit/sweeper/pkg/config"
	"github.com/sweeper-audit/sweeper/pkg/evidence"
	"github.com/sweeper-audit/sweeper/pkg/render"
)

// checkStamp asks the time stamp authority for one stamp, over random bytes;
// nothing where no authority is set.
func checkStamp(ctx context.Context, c *config.Config, trust evidence.TrustRoot) []render.Check {
	stamp := stamper(c, trust)
	if stamp == nil {
		return nil
	}
	const subject = "time stamps"
	probe := make([]byte, 32)
	_, err := rand.Read(probe)
	if err == nil {
		_, err = stamp(ctx, probe)
	}
	switch policy := c.Signing.Timestamp.Policy; {
	case err == nil:
		return []render.Check{{State: render.OK, Subject: subject, Meaning: "the authority answers, and the trust root knows it"}}
	case policy == evidence.PolicyRequired:
		return []render.Check{failed(subject, fmt.Errorf("no run is made without one: %w", err))}
	default:
		return []render.Check{{State: render.Warn, Subject: subject, Meaning: fmt.Sprintf("reports will have none: %v", err),
			Do: "try signing.timestamp.url, and whether signing.trust names its root"}}
	}
}
