package main

import (
	"fmt"
	"testing"
)

func TestKillTmp(t *testing.T) {
	for _, at := range []place{inDir, inS3} {
		t.Run(string(at), func(t *testing.T) {
			w := newKillWorld(t, at, dozen)
			fmt.Println(at, w.requests(t))
			for _, g := range w.gates {
				for i, c := range g.Calls("") {
					fmt.Println(i+1, c.Op, c.Path)
				}
			}
			a := w.account(t)
			fmt.Println(a.lines)
		})
	}
}
