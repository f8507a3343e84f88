package vault

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"
)

// Holder says who holds or held a lease.
type Holder struct {
	// ID is a random UUID, new with each lease.
	ID   string
	Host string
	PID  int
	// Acquired and Expires are UTC by the holder's wall clock.
	Acquired, Expires time.Time
}

// record is the content of the lease's file, one JSON object. Readers ignore
// fields that they don't know.
type record struct {
	Holder string `json:"holder"`
	Host   string `json:"host"`
	PID    int    `json:"pid"`
	// Boot, Namespace and Started tell the process from every other one that
	// ever had its number. Empty where the system doesn't say.
	Boot      string `json:"bootId,omitempty"`
	Namespace string `json:"pidNamespace,omitempty"`
	Started   string `json:"startTime,omitempty"`
	// Acquired and Expires are for people, and to see whether waiting is worth
	// while. That nobody holds the lease is never concluded from them alone.
	Acquired time.Time `json:"acquired"`
	Expires  time.Time `json:"expires"`
	TTL      string    `json:"ttl"` // as time.Duration prints it
	// Renewals makes each state of the file different from all before.
	Renewals int64 `json:"renewals"`
	Released bool  `json:"released"`
	// Note is the holders' own, handed on from lease to lease.
	Note string `json:"note,omitempty"`
}

func newRecord(holder string, p process, now time.Time, ttl time.Duration) record {
	return record{
		Holder: holder, Host: p.host, PID: p.pid, Boot: p.boot, Namespace: p.namespace, Started: p.started,
		Acquired: now.UTC(), Expires: now.UTC().Add(ttl), TTL: ttl.String(),
	}
}

// parseRecord refuses what no holder can have written: a lease that can't be
// understood is not a free one.
func parseRecord(data []byte) (record, error) {
	var r record
	if err := json.Unmarshal(data, &r); err != nil {
		return record{}, fmt.Errorf("not a lease: %w", err)
	}
	switch ttl, err := time.ParseDuration(r.TTL); {
	case err != nil:
		return record{}, fmt.Errorf("not a lease: ttl: %w", err)
	case ttl <= 0 || ttl > maxTTL:
		return record{}, fmt.Errorf("not a lease: a ttl of %v", ttl)
	case r.Holder == "" || r.Expires.IsZero():
		return record{}, errors.New("not a lease: holder or expiry is missing")
	}
	return r, nil
}

func (r record) marshal() []byte {
	data, err := json.Marshal(r)
	if err != nil {
		// Only a year past 9999 can do that. An empty file would be read as
		// "not a lease", and so refused.
		return nil
	}
	return append(data, '\n')
}

// ttl was checked when the record was made or parsed.
func (r record) ttl() time.Duration {
	d, _ := time.ParseDuration(r.TTL)
	return d
}

func (r *record) renewed(now time.Time) {
	r.Renewals++
	r.Expires = now.UTC().Add(r.ttl())
}

func (r record) holder() Holder {
	return Holder{ID: r.Holder, Host: r.Host, PID: r.PID, Acquired: r.Acquired, Expires: r.Expires}
}

func (r record) process() process {
	return process{host: r.Host, pid: r.PID, boot: r.Boot, namespace: r.Namespace, started: r.Started}
}

func (r record) heldError(work Area) error {
	return fmt.Errorf("vault: %w by process %d on host %q until %s (%s): wait for that run to end; "+
		"if it has died, the lease can be taken over after that time", ErrHeld, r.PID, r.Host, r.Expires.UTC().Format(time.RFC3339), where(work))
}
