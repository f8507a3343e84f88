package main

import (
	"errors"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/sweeper-audit/sweeper/pkg/schedule"
	"github.com/sweeper-audit/sweeper/pkg/telemetry"
)

// A slot of a schedule that the config no longer has is not served: its report
// would state a schedule that it doesn't belong to.
func TestServeLeavesAScheduleThatWasEdited(t *testing.T) {
	t.Parallel()
	_, gate := embedded(t)
	text := configFor(gate.URL, dirVault) + "schedule: {cron: \"0 4 * * *\", timezone: UTC}\n"
	b := install(t, text, "test", "testtest")
	d := &daemon{app: &app{configPath: filepath.Join(b.dir, "sweeper.yaml")}, metrics: telemetry.NewMetrics(),
		health: telemetry.NewHealth(), log: zerolog.Nop()}
	old, err := schedule.Parse("0 3 * * *", "UTC")
	if err != nil {
		t.Fatal(err)
	}
	if err := d.slot(t.Context(), old, time.Now(), nil); !errors.Is(err, errRescheduled) {
		t.Errorf("the slot ended with %v", err)
	}
	if calls := gate.Calls("ListObjectsV2"); len(calls) != 0 {
		t.Error("a run was made")
	}
	b.write(t, "sweeper.yaml", strings.Replace(text, "30d", "zero", 1))
	if err := d.slot(t.Context(), old, time.Now(), nil); err == nil || errors.Is(err, errRescheduled) {
		t.Errorf("a config that can't be read ended with %v", err)
	}
}

// An interrupted sweep has not served its slot: what it left waits for the next
// start, not for the next night.
func TestServeCatchesUpAfterAnInterruptedRun(t *testing.T) {
	t.Parallel()
	server, gate := embedded(t)
	server.Put(scriptBucket, "acme/r1.request.json", []byte("{}"), time.Now().Add(-31*24*time.Hour))
	b := install(t, configFor(gate.URL, dirVault)+"schedule: {cron: \"* * * * *\", timezone: UTC}\n", "test", "testtest")
	b.run(t, 0, "run", "--slot", "auto")
	whole := b.served(t)
	b.interrupt(t, gate)
	if after := b.served(t); !after.Equal(whole) {
		t.Errorf("served until %s, an interrupted run later until %s", whole, after)
	}
}

func (b *built) served(t *testing.T) time.Time {
	t.Helper()
	at, err := lastServed(t.Context(), storage{vault: b.vault(t)})
	if err != nil {
		t.Fatal(err)
	}
	return at
}
