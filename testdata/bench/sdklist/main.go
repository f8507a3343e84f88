// Sdklist drains the AWS SDK's paginator over a bucket and counts the keys: what
// a listing costs a program that does nothing else and takes what it is given.
//
//	sdklist ENDPOINT BUCKET
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/sweeper-audit/sweeper/testdata/bench/used"
)

func main() {
	if err := run(context.Background(), os.Args[1:], time.Now()); err != nil {
		fmt.Fprintln(os.Stderr, "sdklist:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, start time.Time) error {
	if len(args) != 2 {
		return errors.New("usage: sdklist ENDPOINT BUCKET")
	}
	conf, err := config.LoadDefaultConfig(ctx, config.WithRegion("us-east-1"))
	if err != nil {
		return err
	}
	client := s3.NewFromConfig(conf, func(o *s3.Options) { o.BaseEndpoint, o.UsePathStyle = &args[0], true })
	pages := s3.NewListObjectsV2Paginator(client, &s3.ListObjectsV2Input{Bucket: &args[1], EncodingType: types.EncodingTypeUrl})
	keys := 0
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return err
		}
		keys += len(page.Contents)
	}
	return used.Print(keys, start)
}
