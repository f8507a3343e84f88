package main

import (
	"errors"
	"fmt"

	"github.com/sweeper-audit/sweeper/pkg/sweep"
	"github.com/sweeper-audit/sweeper/pkg/vault"
)

// Exit statuses: a contract, see README.md.
const (
	exitOK       = 0
	exitFailed   = 1 // could not run, or was interrupted
	exitUsage    = 2 // usage or config error; nothing was touched
	exitHeld     = 5 // another run holds the lease
	exitEvidence = 6 // the evidence does not check out
)

// exitError is an error with an exit status. A nil err prints nothing: the
// command has said everything itself.
type exitError struct {
	status int
	err    error
}

func (e *exitError) Error() string {
	if e.err == nil {
		return fmt.Sprintf("exit status %d", e.status)
	}
	return e.err.Error()
}

func (e *exitError) Unwrap() error { return e.err }

// usage marks an error as the caller's: nothing was touched.
func usage(err error) error { return &exitError{exitUsage, err} }

// exitWith ends with a status whose reason stands on stdout already.
func exitWith(status int) error {
	if status == exitOK {
		return nil
	}
	return &exitError{status: status}
}

// statusOf maps an error to the exit status.
func statusOf(err error) int {
	var e *exitError
	switch {
	case err == nil:
		return exitOK
	case errors.As(err, &e):
		return e.status
	case errors.Is(err, sweep.ErrNotAppliable):
		return exitUsage
	case errors.Is(err, vault.ErrHeld):
		return exitHeld
	default:
		return exitFailed
	}
}
