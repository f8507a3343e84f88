// Tokenlist lists a bucket with as little work as can be: it signs each request,
// counts the keys of the answer in one pass over its bytes, keeps nothing and
// checks nothing. No program that reads its pages one after another is cheaper
// by much: it is the floor to compare with.
//
//	tokenlist ENDPOINT BUCKET
package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"

	"github.com/sweeper-audit/sweeper/testdata/bench/used"
)

func main() {
	if err := run(context.Background(), os.Args[1:], time.Now()); err != nil {
		fmt.Fprintln(os.Stderr, "tokenlist:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, start time.Time) error {
	if len(args) != 2 {
		return errors.New("usage: tokenlist ENDPOINT BUCKET")
	}
	l := lister{address: args[0] + "/" + args[1], signer: v4.NewSigner(), who: aws.Credentials{
		AccessKeyID: os.Getenv("AWS_ACCESS_KEY_ID"), SecretAccessKey: os.Getenv("AWS_SECRET_ACCESS_KEY"),
	}}
	keys := 0
	for token := ""; ; {
		if err := l.get(ctx, token); err != nil {
			return err
		}
		n, next := tokenize(l.page.Bytes())
		if keys += n; next == "" {
			return used.Print(keys, start)
		}
		token = next
	}
}

type lister struct {
	address string
	signer  *v4.Signer
	who     aws.Credentials
	page    bytes.Buffer
}

// get reads one page into l.page.
func (l *lister) get(ctx context.Context, token string) error {
	query := url.Values{"list-type": {"2"}, "encoding-type": {"url"}}
	if token != "" {
		query.Set("continuation-token", token)
	}
	ask, err := http.NewRequestWithContext(ctx, http.MethodGet, l.address+"?"+query.Encode(), nil)
	if err != nil {
		return err
	}
	const empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
	ask.Header.Set("X-Amz-Content-Sha256", empty)
	if err := l.signer.SignHTTP(ctx, l.who, ask, empty, "s3", "us-east-1", time.Now()); err != nil {
		return err
	}
	answer, err := http.DefaultClient.Do(ask)
	if err != nil {
		return err
	}
	defer func() { _ = answer.Body.Close() }()
	if answer.StatusCode != http.StatusOK {
		return fmt.Errorf("list: %s", answer.Status)
	}
	l.page.Reset()
	_, err = io.Copy(&l.page, answer.Body)
	return err
}

// tokenize goes from tag to tag.
func tokenize(page []byte) (keys int, token string) {
	for {
		open := bytes.IndexByte(page, '<')
		if open < 0 {
			return keys, token
		}
		page = page[open+1:]
		end := bytes.IndexByte(page, '>')
		if end < 0 {
			return keys, token
		}
		switch name := page[:end]; {
		case string(name) == "Key":
			keys++
		case string(name) == "NextContinuationToken":
			if stop := bytes.IndexByte(page[end:], '<'); stop > 0 {
				token = string(page[end+1 : end+stop])
			}
		}
		page = page[end+1:]
	}
}
