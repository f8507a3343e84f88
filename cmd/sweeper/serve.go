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
	metrics, health := telemetry.NewMetrics(), telemetry.NewHealth()
	stop, err := listen(ctx, c.HTTP.Listen, telemetry.Handler(metrics, health), log)
	if err != nil {
		return err
	}
	defer stop()
	d := &daemon{app: a, metrics: metrics, health: health, log: log}
	for {
		// A schedule that was edited ends the loop, and the new one begins.
		if again, err := d.follow(ctx); err != nil || !again {
			return err
		}
	}
}

// daemon is what serve keeps between runs.
type daemon struct {
	app     *app
	metrics *telemetry.Metrics
	health  *telemetry.Health
	log     zerolog.Logger
}

// errRescheduled ends a loop whose schedule is no longer that of the config.
var errRescheduled = errors.New("the schedule was changed")

// follow serves the schedule that the config has now. again says that the
// schedule was changed meanwhile.
func (d *daemon) follow(ctx context.Context) (again bool, err error) {
	c, err := d.app.load()
	if err != nil {
		return false, err
	}
	if c.Schedule == nil {
		return false, usage(errors.New("serve: the config has no schedule: set schedule.cron and schedule.timezone"))
	}
	slots, err := schedule.Parse(c.Schedule.Cron, c.Schedule.Timezone)
	if err != nil {
		return false, usage(err)
	}
	if _, err := spec(ctx, c); err != nil {
		return false, err
	}
	k, err := readKeys(ctx, c, time.Now())
	if err != nil {
		return false, err
	}
	areas, err := openStorage(ctx, c, k)
	if err != nil {
		return false, err
	}
	served, err := lastServed(ctx, areas)
	if err != nil {
		return false, err
	}
	d.health.SetReady(true, "")
	d.log.Info().Str("cron", slots.Cron()).Str("timezone", slots.Timezone()).Time("next", slots.Next(time.Now())).Msg("serving")
	loop, end := context.WithCancelCause(ctx)
	defer end(nil)
	err = (&schedule.Daemon{Schedule: slots, LastServed: served, CatchUp: c.Schedule.CatchUp,
		Run: func(ctx context.Context, slot time.Time, missed []schedule.Missed) error {
			err := d.slot(ctx, slots, slot, missed)
			if errors.Is(err, errRescheduled) {
				end(err)
			}
			return err
		}}).Loop(loop)
	if err != nil {
		return false, err
	}
	if again = errors.Is(context.Cause(loop), errRescheduled); again {
		d.log.Warn().Msg("the schedule was changed in the config; the new one is followed from now on")
	} else {
		d.log.Info().Msg("stopped")
	}
	return again, nil
}

// slot serves one slot. Missed slots are not handed on: the report finds them
// by itself, in the chain.
func (d *daemon) slot(ctx context.Context, slots schedule.Schedule, slot time.Time, missed []schedule.Missed) error {
	log := d.log.With().Time("slot", slot).Logger()
	for _, m := range missed {
		log.Warn().Time("missed", m.Slot).Str("code", m.Code).Msg("a slot was missed")
	}
	c, err := d.app.load()
	if err != nil {
		return d.failed(log, err)
	}
	if c.Schedule == nil || c.Schedule.Cron != slots.Cron() || c.Schedule.Timezone != slots.Timezone() {
		return errRescheduled
	}
	sealed, _, err := execute(ctx, c, sweep.Request{Type: evidence.TypeSweep, Trigger: "schedule", Slot: slot}, log, nil)
	if err != nil {
		return d.failed(log, err)
	}
	d.health.SetReady(true, "")
	d.metrics.Sealed(sealed.Predicate)
	if sealed.Predicate.ReportType == evidence.TypeStopped {
		return fmt.Errorf("a guard stopped run %d", sealed.Number)
	}
	return nil
}

// failed tells of a run that sealed no report. The process is not ready until
// one does.
func (d *daemon) failed(log zerolog.Logger, err error) error {
	d.metrics.Failed()
	d.health.SetReady(false, "the last run sealed no report")
	log.Error().Err(err).Msg("the run sealed no report")
	return err
}

// lastServed is the start of the last sweep or recovery that came to its end:
// slots since then wait to be served. Zero for an empty vault: nothing was
// promised yet.
func lastServed(ctx context.Context, s storage) (time.Time, error) {
	numbers, err := reportNumbers(ctx, s.vault)
	if err != nil {
		return time.Time{}, err
	}
	var first time.Time
	for i := len(numbers) - 1; i >= 0; i-- {
		r, err := readReport(ctx, s.vault, numbers[i])
		if err != nil {
			return time.Time{}, err
		}
		p := r.predicate
		if p.ReportType != evidence.TypeSweep && p.ReportType != evidence.TypeRecovery {
			continue
		}
		if first, err = evidence.ParseTime(p.Run.StartedAt); err != nil || p.Result != evidence.ResultInterrupted {
			return first, err
		}
		first = first.Add(-time.Second) // its own slot, if it served one, is open again
		if p.Run.ScheduledFor != nil {
			if slot, err := evidence.ParseTime(*p.Run.ScheduledFor); err == nil && slot.Before(first) {
				first = slot.Add(-time.Second)
			}
		}
	}
	return first, nil
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
