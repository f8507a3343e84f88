package main

import (
	"fmt"
	"strings"
)

// spans are reports by number, each from the first of a row to its last.
type spans [][2]int64

// with adds a number that is lower than all before it: reports are searched from
// the newest back.
func (s spans) with(n int64) spans {
	if len(s) > 0 && s[0][0] == n+1 {
		s[0][0] = n
		return s
	}
	return append(spans{{n, n}}, s...)
}

// String names them in order, such as "1, 4 to 5".
func (s spans) String() string {
	said := make([]string, len(s))
	for i, span := range s {
		said[i] = fmt.Sprint(span[0])
		if span[0] < span[1] {
			said[i] += fmt.Sprintf(" to %d", span[1])
		}
	}
	return strings.Join(said, ", ")
}
