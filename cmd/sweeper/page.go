package main

import (
	"bytes"

	"github.com/sweeper-audit/sweeper/pkg/evidence"
	"github.com/sweeper-audit/sweeper/pkg/render"
	"github.com/sweeper-audit/sweeper/pkg/sweep"
)

// sealedPage makes the report.html that is sealed with a report.
func sealedPage(p evidence.Predicate, rows []evidence.TeamRow, ages *sweep.Ages) ([]byte, error) {
	o := render.HTMLOptions{Teams: rows}
	if ages != nil {
		o.Ages = &render.AgeHistogram{BucketDays: 1, Before: ages.Before, After: ages.After, MaxAgeDays: ages.MaxAgeDays}
	}
	var out bytes.Buffer
	err := render.HTML(&out, p, o)
	return out.Bytes(), err
}
