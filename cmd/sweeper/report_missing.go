package main

import (
	"context"
	"errors"
	"syscall"

	"github.com/sweeper-audit/sweeper/pkg/evidence"
	"github.com/sweeper-audit/sweeper/pkg/render"
	"github.com/sweeper-audit/sweeper/pkg/vault"
)

// reportsAndGaps are the numbers of the sealed reports, and those that are missing:
// each below the highest number of which there is a file. The highest itself may be
// of a run that is under way, or that died and will be sealed by the next, unless a
// directory stands where its bundle does.
func reportsAndGaps(ctx context.Context, v vault.Area) (numbers []int64, gone spans, err error) {
	names, err := v.List(ctx, "reports/")
	if err != nil {
		return nil, nil, err
	}
	numbers, highest := numbersIn(names)
	end := highest // the first number that needs no report
	if len(numbers) > 0 && numbers[len(numbers)-1] == highest {
		end = highest + 1
	}
	// What List doesn't name may stand under the next number.
	_, err = v.Get(ctx, evidence.ReportDir(max(end, 0))+"/"+evidence.FileBundle)
	switch {
	case errors.Is(err, syscall.EISDIR):
		end = max(end, 0) + 1
	case err != nil && !errors.Is(err, vault.ErrNotFound):
		return nil, nil, err
	}
	return numbers, gaps(numbers, end), nil
}

// gaps are the numbers below an end, or below the last of some in order, that are
// not among them.
func gaps(numbers []int64, end int64) spans {
	var gone spans
	next := int64(0)
	for _, n := range numbers {
		if n > next {
			gone = append(gone, [2]int64{next, n - 1})
		}
		next = n + 1
	}
	if end > next {
		gone = append(gone, [2]int64{next, end - 1})
	}
	return gone
}

// rows are those of a list, of reports that are missing. Of a long row of them no
// more than the first are shown: a folder of one high number is no reason for
// millions of lines.
func (s spans) rows() (rows []render.Row) {
	const most = 100
	for _, span := range s {
		for n := span[0]; n <= span[1] && n < span[0]+most; n++ {
			rows = append(rows, render.Row{Number: n})
		}
	}
	return rows
}
