package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"

	"github.com/rs/zerolog"
	"github.com/spf13/cobra"

	"github.com/sweeper-audit/sweeper/pkg/evidence"
	"github.com/sweeper-audit/sweeper/pkg/schedule"
	"github.com/sweeper-audit/sweeper/pkg/sweep"
	"github.com/sweeper-audit/sweeper/pkg/telemetry"
)

// shutdownWait bounds how long open HTTP requests may take at the end.
const shutdownWait = 5 * time.Second

func (a *app) serve() *cobra.Command {
	return &cobra.Command{
		Use:   "serve",
		Short: "Run at each slot of the schedule, until SIGTERM",
		Long: `serve makes a run at each slot of schedule.cron, one at a time, catches up one
missed slot after downtime, and answers /healthz, /readyz and /metrics on
http.listen. Config, roster and holds are read again for each run. On SIGTERM or
SIGINT the batch in flight is finished and the report sealed as interrupted.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return a.daemon(cmd.Context()) },
	}
}

func (a *app) daemon(ctx context.Context) error {
	log, err := a.log()
	if err != nil {
		return err
	}
	c, err := a.load()
	if err != nil {
		return err
	}
	if c.Schedule == nil {
		return usage(errors.New("serve: the config has no schedule: set schedule.cron and schedule.timezone"))
	}
	slots, err := schedule.Parse(c.Schedule.Cron, c.Schedule.Timezone)
	if err != nil {
		return usage(err)
	}
	if _, err := spec(c); err != nil {
		return err
	}
	k, err := readKeys(c, time.Now())
	if err != nil {
		return err
	}
	areas, err := openStorage(ctx, c, k)
	if err != nil {
		return err
	}
	served, err := lastServed(ctx, areas)
	if err != nil {
		return err
	}
	metrics, health := telemetry.NewMetrics(), telemetry.NewHealth()
	stop, err := listen(ctx, c.HTTP.Listen, telemetry.Handler(metrics, health), log)
	if err != nil {
		return err
	}
	defer stop()
	health.SetReady(true, "")
	log.Info().Str("cron", slots.Cron()).Str("timezone", slots.Timezone()).Time("next", slots.Next(time.Now())).Msg("serving")
	d := &schedule.Daemon{Schedule: slots, LastServed: served, CatchUp: c.Schedule.CatchUp,
		Run: func(ctx context.Context, slot time.Time, missed []schedule.Missed) error {
			return a.slot(ctx, slot, missed, metrics, log)
		}}
	if err := d.Loop(ctx); err != nil {
		return err
	}
	log.Info().Msg("stopped")
	return nil
}

// slot serves one slot. Missed slots are not handed on: the report finds them
// by itself, in the chain.
func (a *app) slot(ctx context.Context, slot time.Time, missed []schedule.Missed, metrics *telemetry.Metrics, log zerolog.Logger) error {
	log = log.With().Time("slot", slot).Logger()
	for _, m := range missed {
		log.Warn().Time("missed", m.Slot).Str("code", m.Code).Msg("a slot was missed")
	}
	c, err := a.load()
	if err != nil {
		metrics.Failed()
		log.Error().Err(err).Msg("the config can't be read, nothing was deleted")
		return err
	}
	sealed, _, err := execute(ctx, c, sweep.Request{Type: evidence.TypeSweep, Trigger: "schedule", Slot: slot}, log, nil)
	if err != nil {
		metrics.Failed()
		log.Error().Err(err).Msg("the run sealed no report")
		return err
	}
	metrics.Sealed(sealed.Predicate)
	if sealed.Predicate.ReportType == evidence.TypeStopped {
		return fmt.Errorf("a guard stopped run %d", sealed.Number)
	}
	return nil
}

// lastServed is the slot of the last report that served one, or the start of
// the last report. Zero for an empty vault: nothing was promised yet.
func lastServed(ctx context.Context, s storage) (time.Time, error) {
	numbers, err := reportNumbers(ctx, s.vault)
	if err != nil {
		return time.Time{}, err
	}
	for i := len(numbers) - 1; i >= 0; i-- {
		r, err := readReport(ctx, s.vault, numbers[i])
		if err != nil {
			return time.Time{}, err
		}
		switch r.predicate.ReportType {
		case evidence.TypeSweep, evidence.TypeRecovery:
			return evidence.ParseTime(r.predicate.Run.StartedAt)
		}
	}
	return time.Time{}, nil
}

// listen serves HTTP until the returned function is called.
func listen(ctx context.Context, address string, handler http.Handler, log zerolog.Logger) (func(), error) {
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", address)
	if err != nil {
		return nil, fmt.Errorf("http.listen: %w", err)
	}
	server := &http.Server{Handler: handler, ReadHeaderTimeout: shutdownWait}
	go func() {
		if err := server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			log.Error().Err(err).Msg("http server ended")
		}
	}()
	log.Info().Str("listen", l.Addr().String()).Msg("answering /healthz, /readyz and /metrics")
	return func() {
		ctx, cancel := context.WithTimeout(context.Background(), shutdownWait)
		defer cancel()
		if err := server.Shutdown(ctx); err != nil {
			log.Warn().Err(err).Msg("http server was cut off")
		}
	}, nil
}
