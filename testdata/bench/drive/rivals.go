package main

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// mc removes by age as MinIO's client does.
func (r *rig) mc() contender {
	return contender{name: "mc rm --older-than", check: swept, start: func(ctx context.Context, box, url string) (*exec.Cmd, error) {
		cmd := exec.CommandContext(ctx, filepath.Join(r.tools, "mc"), "rm", "--recursive", "--force", "--older-than", "30d", "bench/"+bucketName)
		cmd.Dir = box
		cmd.Env = append(os.Environ(), "MC_CONFIG_DIR="+box, "MC_HOST_bench="+strings.Replace(url, "://", "://bench:benchbench@", 1))
		return cmd, nil
	}}
}

// rclone removes by age with its listing of the whole bucket at once and as
// many requests at a time as Sweeper has by default.
func (r *rig) rclone() contender {
	return contender{name: "rclone delete --min-age", check: swept, start: func(ctx context.Context, box, url string) (*exec.Cmd, error) {
		cmd := exec.CommandContext(ctx, filepath.Join(r.tools, "rclone"), "delete", "--min-age", "30d", "--use-server-modtime", "--fast-list",
			"--checkers", "32", "--transfers", "32", ":s3:"+bucketName)
		cmd.Dir = box
		cmd.Env = append(os.Environ(), "RCLONE_CONFIG="+os.DevNull, "RCLONE_S3_PROVIDER=Other", "RCLONE_S3_ENDPOINT="+url, "RCLONE_S3_REGION=us-east-1",
			"RCLONE_S3_ACCESS_KEY_ID=bench", "RCLONE_S3_SECRET_ACCESS_KEY=bench", "RCLONE_S3_LIST_VERSION=2")
		return cmd, nil
	}}
}
