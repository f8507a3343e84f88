package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os/exec"
	"strings"
)

// target is a null server that runs.
type target struct {
	url string
	cmd *exec.Cmd
}

// stats is what the server counted.
type stats struct {
	Requests struct {
		ListObjects, ListVersions, ListUploads, DeleteObjects, DeleteObject, Total int64
	} `json:"requests"`
	KeysListed, KeysDeleted, KeysSlowed, Refused, MaxInFlight int64
	Keys, Expired, Left                                       int64
	CPUSeconds                                                float64 // of the server
}

const bucketName = "bench"

func (r *rig) serve(ctx context.Context, flags []string) (*target, error) {
	cmd := exec.CommandContext(ctx, r.program("null"), append([]string{"-addr", "127.0.0.1:0", "-bucket", bucketName}, flags...)...)
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	cmd.Stderr = r.log
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	t := &target{cmd: cmd}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.stop()
		return nil, fmt.Errorf("start %s: it said no address: %w", cmd, err)
	}
	t.url = strings.TrimSpace(line)
	return t, nil
}

func (t *target) stop() {
	_ = t.cmd.Process.Kill()
	_ = t.cmd.Wait()
}

func (t *target) stats(ctx context.Context) (s stats, err error) {
	ask, err := http.NewRequestWithContext(ctx, http.MethodGet, t.url+"/_/stats", nil)
	if err != nil {
		return s, err
	}
	answer, err := http.DefaultClient.Do(ask)
	if err != nil {
		return s, err
	}
	defer func() { _ = answer.Body.Close() }()
	return s, json.NewDecoder(answer.Body).Decode(&s)
}
