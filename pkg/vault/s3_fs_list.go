package vault

import (
	"cmp"
	"errors"
	"io/fs"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
)

// row is one version or delete marker.
type row struct {
	file
	marker, latest bool
}

// list reads every version and delete marker of the place.
func (f *S3FS) list() ([]row, error) {
	fail := func(err error) error { return f.failed("listing the versions in", "", rightList, err) }
	var rows []row
	marks := map[[2]string]bool{}
	in := &s3.ListObjectVersionsInput{Bucket: &f.s.bucket, Prefix: &f.s.prefix, EncodingType: types.EncodingTypeUrl}
	for {
		page, err := f.s.client.ListObjectVersions(f.ctx, in)
		if isNotImplemented(err) {
			err = errors.Join(err, errors.New("this server can't list versions: fetch the vault with any S3 tool and verify the copy"))
		}
		if err != nil {
			return nil, fail(err)
		}
		decode := decoder(page.EncodingType)
		take := func(key *string, r row) error {
			name, err := decode(aws.ToString(key))
			if err != nil {
				return err
			}
			var inside bool
			if r.name, inside = strings.CutPrefix(name, f.s.prefix); !inside {
				return errors.New("the server lists a key outside the prefix it was asked for")
			}
			rows = append(rows, r)
			return nil
		}
		for _, v := range page.Versions {
			err = errors.Join(err, take(v.Key, row{file{"", aws.ToString(v.VersionId), aws.ToString(v.ETag), aws.ToInt64(v.Size), aws.ToTime(v.LastModified)}, false, aws.ToBool(v.IsLatest)}))
		}
		for _, m := range page.DeleteMarkers {
			err = errors.Join(err, take(m.Key, row{file{"", aws.ToString(m.VersionId), "", 0, time.Time{}}, true, aws.ToBool(m.IsLatest)}))
		}
		switch {
		case err != nil:
			return nil, fail(err)
		case page.IsTruncated == nil:
			return nil, fail(errors.New("the answer doesn't say whether more follows"))
		case !*page.IsTruncated:
			return rows, nil
		}
		key, err := decode(aws.ToString(page.NextKeyMarker))
		mark := [2]string{key, aws.ToString(page.NextVersionIdMarker)}
		if err != nil || key == "" || marks[mark] {
			return nil, fail(errors.New("the listing doesn't end: more is announced, but nothing new comes"))
		}
		marks[mark] = true
		in.KeyMarker, in.VersionIdMarker = &key, page.NextVersionIdMarker
	}
}

// decoder undoes the encoding that the server says it used. Some ignore that
// one was asked for.
func decoder(t types.EncodingType) func(string) (string, error) {
	if t == types.EncodingTypeUrl {
		return url.QueryUnescape
	}
	return func(s string) (string, error) { return s, nil }
}

// fold makes files and counts of the rows.
func (f *S3FS) fold(rows []row) error {
	slices.SortStableFunc(rows, func(a, b row) int { return cmp.Or(strings.Compare(a.name, b.name), strings.Compare(a.id, b.id)) })
	// versitygw lists a row at the edge of a page on both.
	rows = slices.CompactFunc(rows, func(a, b row) bool { return a.name == b.name && a.id == b.id })
	for len(rows) > 0 {
		name := rows[0].name
		end := slices.IndexFunc(rows, func(r row) bool { return r.name != name })
		if end < 0 {
			end = len(rows)
		}
		if err := f.add(name, rows[:end]); err != nil {
			return err
		}
		rows = rows[end:]
	}
	return nil
}

// add takes in all that is stored under one name.
func (f *S3FS) add(name string, rows []row) error {
	var c stack
	var newest []row
	for _, r := range rows {
		if r.marker {
			c.markers++
		} else {
			c.versions++
		}
		if r.latest {
			newest = append(newest, r)
		}
	}
	if len(newest) != 1 {
		return f.failed("listing the versions in", "", rightList, errors.New("the answer doesn't say which version of a file is the newest"))
	}
	shown := fs.ValidPath(name) && name != "."
	if name != "" && (!shown || c != stack{versions: 1}) { // "": the prefix itself, as consoles create it to show a folder
		f.odd, f.count[name] = append(f.odd, name), c
	}
	if shown && !newest[0].marker {
		f.files = append(f.files, newest[0].file)
	}
	return nil
}
