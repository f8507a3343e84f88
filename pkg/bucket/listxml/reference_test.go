package listxml_test

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	smithytime "github.com/aws/smithy-go/time"
)

// The rules of the package once more, told by what encoding/xml makes of the
// answer: slowly, over a tree, and without a line of the package itself.

var (
	errRefused  = errors.New("refused")
	declared    = regexp.MustCompile(`^\s*version\s*=\s*("1\.0"|'1\.0')(\s+encoding\s*=\s*("(?i:utf-8)"|'(?i:utf-8)'))?(\s+standalone\s*=\s*("yes"|'yes'|"no"|'no'))?\s*$`)
	surrogate   = regexp.MustCompile(`&#(0*5529[6-9]|0*55[3-9]\d\d|0*56\d\d\d|0*57[0-2]\d\d|0*573[0-3]\d|0*5734[0-3]|x0*[dD][89a-fA-F][0-9a-fA-F]{2});`)
	letterRead  = "Key LastModified ETag Size VersionId IsLatest UploadId Initiated Prefix Contents Version DeleteMarker Upload CommonPrefixes IsTruncated KeyCount EncodingType NextContinuationToken NextKeyMarker NextVersionIdMarker NextUploadIdMarker Deleted Error DeleteMarkerVersionId Code Message"
	oftenInside = "Contents Version DeleteMarker Upload CommonPrefixes Deleted Error"
)

type element struct {
	name              string // without a prefix
	prefixed, foreign bool
	text              strings.Builder
	cdata             bool
	children          []*element
}

// tree reads a document, or refuses what the package's rules about documents do.
func tree(doc []byte) (*element, error) {
	doc = bytes.TrimPrefix(doc, []byte("\uFEFF"))
	// One decoder knows what is balanced, the other what was written.
	balanced, written := xml.NewDecoder(bytes.NewReader(doc)), xml.NewDecoder(bytes.NewReader(doc))
	var open []*element
	var root *element
	space := ""
	for first := true; ; first = false {
		from := written.InputOffset()
		if _, err := balanced.Token(); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return nil, err
		}
		token, err := written.RawToken()
		if err != nil {
			return nil, err
		}
		raw := doc[from:written.InputOffset()]
		switch token := token.(type) {
		case xml.Comment:
		case xml.ProcInst:
			if !first || token.Target != "xml" || !declared.Match(token.Inst) || !isSpace(raw[len("<?xml"):][:1]) {
				return nil, errRefused
			}
		case xml.CharData:
			cdata := bytes.HasPrefix(raw, []byte("<![CDATA["))
			if !cdata && surrogate.Match(raw) || len(open) == 0 && (cdata || !isSpace(token)) {
				return nil, errRefused
			}
			if len(open) > 0 {
				open[len(open)-1].text.Write(token)
				open[len(open)-1].cdata = open[len(open)-1].cdata || cdata
			}
		case xml.StartElement:
			if surrogate.Match(raw) || !ascii(token.Name) || len(open) == 0 && root != nil {
				return nil, errRefused
			}
			e := &element{name: token.Name.Local, prefixed: token.Name.Space != ""}
			for _, a := range token.Attr {
				if !ascii(a.Name) {
					return nil, errRefused
				}
				if a.Name == (xml.Name{Local: "xmlns"}) && root == nil {
					space = a.Value
				} else if a.Name == (xml.Name{Local: "xmlns"}) {
					e.foreign = a.Value != "" && a.Value != space
				}
			}
			if root == nil {
				root = e
			} else {
				open[len(open)-1].children = append(open[len(open)-1].children, e)
			}
			open = append(open, e)
		case xml.EndElement:
			open = open[:len(open)-1]
		default:
			return nil, errRefused
		}
	}
	if root == nil {
		return nil, errRefused
	}
	return root, nil
}

func ascii(n xml.Name) bool {
	return strings.IndexFunc(n.Space+n.Local, func(r rune) bool { return r > 127 }) < 0
}

func isSpace(text []byte) bool { return len(bytes.Trim(text, " \t\r\n")) == 0 }

// fields returns the children of an element that are read, by the names that S3
// gives them, in order.
func (e *element) fields() (fields []*element, err error) {
	if e.cdata || !isSpace([]byte(e.text.String())) {
		return nil, errRefused
	}
	seen := map[string]bool{}
	for _, c := range e.children {
		for _, name := range strings.Fields(letterRead) {
			if !strings.EqualFold(name, c.name) {
				continue
			}
			if c.prefixed || c.foreign || seen[name] && !oneOf(oftenInside, name) {
				return nil, errRefused
			}
			seen[name] = true
			c.name = name
			fields = append(fields, c)
		}
	}
	return fields, nil
}

func oneOf(names, name string) bool { return slices.Contains(strings.Fields(names), name) }

// values reads the children of an element that are values.
type values struct {
	of  map[string]string
	err error
}

func (e *element) values(names string) values {
	v := values{of: map[string]string{}}
	var fields []*element
	fields, v.err = e.fields()
	for _, f := range fields {
		if !oneOf(names, f.name) {
			continue
		}
		if v.of[f.name] = f.text.String(); len(f.children) > 0 {
			v.err = errRefused
		}
	}
	return v
}

func read[T any](v *values, name string, parse func(string) (T, error)) *T {
	text, ok := v.of[name]
	if !ok {
		return nil
	}
	value, err := parse(text)
	if err != nil {
		v.err = err
	}
	return &value
}

func verbatim(s string) (string, error) { return s, nil }

func integer(s string) (int64, error) { return strconv.ParseInt(s, 10, 64) }

func count(s string) (int32, error) {
	n, err := strconv.ParseInt(s, 10, 32)
	return int32(n), err
}

// page is an answer, of whatever kind, its entries in the document's order.
type page struct {
	Truncated                               *bool
	Count                                   *int32
	Encoding                                string
	Token, NextKey, NextVersion, NextUpload *string
	Prefixes                                []string
	Entries                                 []row
}

type row struct {
	Kind                      string // the element's name
	Key                       string
	Date                      time.Time
	ETag, VersionID, UploadID *string
	Size                      *int64
	Latest                    *bool
}

// kinds are the listings: the root, the entries, the field of their date.
var kinds = map[string]struct{ entries, date string }{
	"ListBucketResult":           {"Contents", "LastModified"},
	"ListVersionsResult":         {"Version DeleteMarker", "LastModified"},
	"ListMultipartUploadsResult": {"Upload", "Initiated"},
}

// reference reads an answer.
func reference(kind string, doc []byte) (p page, err error) {
	root, err := tree(doc)
	if err != nil {
		return p, err
	}
	if root.prefixed || !strings.EqualFold(root.name, kind) {
		return p, errRefused
	}
	fields, err := root.fields()
	if err != nil {
		return p, err
	}
	v := root.values("IsTruncated KeyCount EncodingType NextContinuationToken NextKeyMarker NextVersionIdMarker NextUploadIdMarker")
	p = page{Truncated: read(&v, "IsTruncated", strconv.ParseBool), Count: read(&v, "KeyCount", count), Encoding: v.of["EncodingType"],
		Token: read(&v, "NextContinuationToken", verbatim), NextKey: read(&v, "NextKeyMarker", verbatim),
		NextVersion: read(&v, "NextVersionIdMarker", verbatim), NextUpload: read(&v, "NextUploadIdMarker", verbatim)}
	if v.err != nil {
		return p, v.err
	}
	for _, f := range fields {
		switch {
		case f.name == "CommonPrefixes":
			v := f.values("Prefix")
			prefix, ok := v.of["Prefix"]
			if v.err != nil || !ok {
				return p, errRefused
			}
			p.Prefixes = append(p.Prefixes, prefix)
		case oneOf(kinds[kind].entries, f.name):
			r, err := f.row(kinds[kind].date)
			if err != nil {
				return p, err
			}
			p.Entries = append(p.Entries, r)
		}
	}
	if kind == "ListBucketResult" && p.Count != nil && int(*p.Count) != len(p.Entries)+len(p.Prefixes) {
		return p, errRefused
	}
	return keep(kind, p), nil
}

func (e *element) row(date string) (r row, err error) {
	v := e.values("Key LastModified ETag Size VersionId IsLatest UploadId Initiated")
	dates := map[string]*time.Time{"LastModified": read(&v, "LastModified", smithytime.ParseDateTime), "Initiated": read(&v, "Initiated", smithytime.ParseDateTime)}
	r = row{Kind: e.name, Key: v.of["Key"], ETag: read(&v, "ETag", verbatim), VersionID: read(&v, "VersionId", verbatim),
		UploadID: read(&v, "UploadId", verbatim), Size: read(&v, "Size", integer), Latest: read(&v, "IsLatest", strconv.ParseBool)}
	if v.err != nil || r.Key == "" || dates[date] == nil {
		return r, errors.Join(errRefused, v.err)
	}
	r.Date = *dates[date]
	return r, nil
}

// keep drops what the SDK's type for a kind has no place for.
func keep(kind string, p page) page {
	if kind != "ListBucketResult" {
		p.Count, p.Token = nil, nil
	}
	if kind != "ListVersionsResult" {
		p.NextVersion = nil
	}
	if kind != "ListMultipartUploadsResult" {
		p.NextUpload = nil
	}
	if kind == "ListBucketResult" {
		p.NextKey = nil
	}
	for i := range p.Entries {
		r := &p.Entries[i]
		if r.Kind != "Version" && r.Kind != "DeleteMarker" {
			r.VersionID, r.Latest = nil, nil
		}
		if r.Kind != "Upload" {
			r.UploadID = nil
		}
		switch {
		case r.Kind == "DeleteMarker", r.Kind == "Upload":
			r.ETag, r.Size = nil, nil
		case r.Kind == "Contents" && r.ETag == nil:
			r.ETag = new(string) // what is left out of an object is zero
		}
		if r.Kind == "Contents" && r.Size == nil {
			r.Size = new(int64)
		}
	}
	return p
}
