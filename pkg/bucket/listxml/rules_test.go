package listxml_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/sweeper-audit/sweeper/pkg/bucket/listxml"
)

// answer is a listing of objects with this inside.
func answer(inside string) []byte {
	return []byte(`<?xml version="1.0" encoding="UTF-8"?><ListBucketResult xmlns="u">` + inside + "</ListBucketResult>")
}

func entry(inside string) []byte {
	return answer("<Contents>" + inside + "</Contents>")
}

const date = "<LastModified>2026-11-01T00:00:00Z</LastModified>"

func TestAKeyIsAllThatItsElementSays(t *testing.T) {
	for written, want := range map[string]string{
		"plain":                              "plain",
		" sp ace ":                           " sp ace ",
		"&lt;&gt;&amp;&apos;&quot;":          `<>&'"`,
		"&#65;&#x41;&#x1F5DD;&#x0d;&#00010;": "AA🗝\r\n",
		"a%20b+c":                            "a%20b+c",
		"<![CDATA[a&amp;<b>]]>":              "a&amp;<b>",
		"<![CDATA[]]]]><![CDATA[>]]>":        "]]>",
		"a<!-- not <this> -->b":              "ab",
		"<!---->a":                           "a",
		"a\r\nb\rc\nd":                       "a\nb\nc\nd",
		"<![CDATA[\r\n\r]]>x":                "\n\nx",
		"日本語/ключ\uFFFD":                     "日本語/ключ\uFFFD",
		"]]&gt;":                             "]]>",
		"&amp;lt;":                           "&lt;",
	} {
		out, err := listxml.Objects(entry("<Key>" + written + "</Key>" + date))
		if err != nil || *out.Contents[0].Key != want {
			t.Errorf("%q: %v, %+v; want %q", written, err, out, want)
		}
	}
}

func TestAnAnswerIsReadWhateverItsOrderAndForm(t *testing.T) {
	const whole = "<Key>k</Key>" + date + "<ETag>e</ETag><Size>7</Size>"
	for name, doc := range map[string][]byte{
		"as usual":            entry(whole),
		"another order":       entry("<Size>7</Size><ETag>e</ETag>" + date + "<Key>k</Key>"),
		"indented":            entry("\n\t<Key>k</Key>\r\n " + date + "<ETag>e</ETag><Size>7</Size>\n"),
		"unknown elements":    entry("<New><Key>x</Key><a><Key/></a>text</New>" + whole + "<Owner><ID>x</ID></Owner>"),
		"unknown namespace":   entry("<x:New xmlns:x='y'><x:Key>z</x:Key></x:New>" + whole),
		"attributes":          entry("<Key a='1' b=\"&lt;>\" xmlns:y='x'  >k</Key >" + date + "<ETag>e</ETag><Size>7</Size>"),
		"namespaces again":    entry("<Key xmlns='u'>k</Key>" + date + "<ETag xmlns=''>e</ETag><Size>7</Size>"),
		"comments":            answer("<!-- a --><Contents><!-- b -->" + whole + "<!-- c --></Contents><!-- d -->"),
		"another case":        entry("<key>k</key><LASTMODIFIED>2026-11-01T00:00:00Z</LASTMODIFIED><Etag>e</Etag><size>7</size>"),
		"no declaration":      []byte("<ListBucketResult><Contents>" + whole + "</Contents></ListBucketResult>"),
		"a byte order mark":   append([]byte("\uFEFF"), entry(whole)...),
		"comments around":     []byte("<!-- a -->\n<ListBucketResult><Contents>" + whole + "</Contents></ListBucketResult>\n<!-- b -->\n"),
		"another date":        []byte(strings.Replace(string(entry(whole)), "00:00:00Z", "02:00:00+02:00", 1)),
		"KeyCount":            answer("<KeyCount>1</KeyCount><Contents>" + whole + "</Contents>"),
		"KeyCount in the end": answer("<Contents>" + whole + "</Contents><KeyCount>1</KeyCount>"),
	} {
		out, err := listxml.Objects(doc)
		if err != nil || len(out.Contents) != 1 {
			t.Errorf("%s: %v, %+v", name, err, out)
			continue
		}
		o := out.Contents[0]
		if *o.Key != "k" || !o.LastModified.Equal(time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)) || *o.ETag != "e" || *o.Size != 7 {
			t.Errorf("%s: got %q %v %q %d", name, *o.Key, o.LastModified, *o.ETag, *o.Size)
		}
	}
}

func TestWhatCannotBeReadRightlyIsRefused(t *testing.T) {
	for name, c := range map[string]struct {
		doc  []byte
		want string
	}{
		"nothing":                      {nil, "cut off"},
		"another listing":              {[]byte("<ListVersionsResult/>"), "not of the kind"},
		"an error":                     {[]byte("<Error/>"), "not of the kind"},
		"no end":                       {[]byte("<ListBucketResult>"), "cut off"},
		"a second answer":              {append(answer(""), answer("")...), "processing instruction"},
		"a second root":                {append(answer(""), "<ListBucketResult/>"...), "can't be read"},
		"text after it":                {append(answer(""), "x"...), "text stands"},
		"text in it":                   {answer("x"), "text stands"},
		"text in an entry":             {entry("x<Key>k</Key>" + date), "text stands"},
		"no key":                       {entry(date), "no key"},
		"an empty key":                 {entry("<Key></Key>" + date), "no key"},
		"a key outside":                {answer("<Contents>" + date + "</Contents><Key>k</Key>"), "no key"},
		"no date":                      {entry("<Key>k</Key>"), "no date"},
		"another's date":               {entry("<Key>k</Key><Initiated>2026-11-01T00:00:00Z</Initiated>"), "no date"},
		"an empty date":                {entry("<Key>k</Key><LastModified/>"), "date can't be read"},
		"no such day":                  {entry("<Key>k</Key><LastModified>2026-02-30T00:00:00Z</LastModified>"), "date can't be read"},
		"two keys":                     {entry("<Key>k</Key><Key>k</Key>" + date), "twice"},
		"two dates":                    {entry("<Key>k</Key>" + date + date), "twice"},
		"two ends":                     {answer("<IsTruncated>false</IsTruncated><IsTruncated>false</IsTruncated>"), "twice"},
		"an element in a key":          {entry("<Key>a<b/>c</Key>" + date), "inside a value"},
		"crossed tags":                 {answer("<a><b></a></b>"), "doesn't match"},
		"an end too many":              {append(answer(""), "</ListBucketResult>"...), "can't be read"},
		"half a surrogate pair":        {entry("<Key>&#xD83D;&#xDDDD;</Key>" + date), "reference"},
		"an unknown entity":            {entry("<Key>&nbsp;</Key>" + date), "reference"},
		"a bare ampersand":             {entry("<Key>a&b</Key>" + date), "reference"},
		"a control character":          {entry("<Key>a\x01</Key>" + date), "XML doesn't have"},
		"a reference to one":           {entry("<Key>a&#1;</Key>" + date), "XML doesn't have"},
		"broken UTF-8":                 {entry("<Key>a\xc3</Key>" + date), "XML doesn't have"},
		"broken UTF-8 that is skipped": {answer("<x>\xff</x>"), "XML doesn't have"},
		"a doctype":                    {[]byte("<!DOCTYPE x><ListBucketResult/>"), "declaration"},
		"a processing instruction":     {answer("<?x?>"), "processing instruction"},
		"XML 1.1":                      {[]byte("<?xml version='1.1'?><ListBucketResult/>"), "XML 1.0"},
		"Latin-1":                      {[]byte("<?xml version='1.0' encoding='latin1'?><ListBucketResult/>"), "XML 1.0"},
		"another namespace":            {entry("<Key xmlns='v'>k</Key>" + date), "namespace"},
		"another namespace later":      {answer("<Contents><Key>k</Key>" + date + "</Contents><Contents><Key xmlns='v'>k</Key>" + date + "</Contents>"), "namespace"},
		"another name later":           {answer("<Contents><Key>k</Key>" + date + "</Contents><Contents><Keys>k</Keys>" + date + "</Contents>"), "no key"},
		"a prefix":                     {entry("<s:Key>k</s:Key>" + date), "namespace"},
		"KeyCount too high":            {answer("<KeyCount>2</KeyCount><Contents><Key>k</Key>" + date + "</Contents>"), "KeyCount"},
		"KeyCount too low":             {answer("<KeyCount>0</KeyCount><Contents><Key>k</Key>" + date + "</Contents>"), "KeyCount"},
		"KeyCount empty":               {answer("<KeyCount></KeyCount>"), "KeyCount"},
		"neither true nor false":       {answer("<IsTruncated>maybe</IsTruncated>"), "neither true nor false"},
		"a size in words":              {entry("<Key>k</Key>" + date + "<Size>big</Size>"), "size"},
		"a prefix without one":         {answer("<CommonPrefixes/>"), "no prefix"},
	} {
		out, err := listxml.Objects(c.doc)
		if e := (*listxml.Error)(nil); !errors.As(err, &e) || out != nil || !strings.Contains(e.What, c.want) {
			t.Errorf("%s: error is %v, want %q in it", name, err, c.want)
		}
	}
}

func TestVersionsAndMarkersKeepTheirPlaces(t *testing.T) {
	row := func(name, key string) string {
		return "<" + name + "><Key>" + key + "</Key><VersionId>1</VersionId><IsLatest>true</IsLatest>" + date + "</" + name + ">"
	}
	doc := "<ListVersionsResult><VersionIdMarker>1</VersionIdMarker>" + row("DeleteMarker", "a") + row("Version", "&lt;Version>") + row("Version", "b") +
		"<DeleteMarkers/>" + row("DeleteMarker", "c") + "</ListVersionsResult>"
	out, order, err := listxml.Versions([]byte(doc))
	if err != nil || len(out.Versions) != 2 || len(out.DeleteMarkers) != 2 {
		t.Fatalf("%v, %+v", err, out)
	}
	if v, m := order.Versions, order.Markers; v[0] != 2 || v[1] != 3 || m[0] != 1 || m[1] != 4 {
		t.Errorf("order is %+v, want versions at 2 and 3 and markers at 1 and 4", order)
	}
}

func TestWhatAnAnswerSaysOfItselfIsReadInEveryListing(t *testing.T) {
	const head = "<IsTruncated>true</IsTruncated><EncodingType>url</EncodingType><NextKeyMarker>a%20</NextKeyMarker><CommonPrefixes><Prefix>p</Prefix></CommonPrefixes>"
	u, err := listxml.Uploads([]byte("<ListMultipartUploadsResult>" + head + "<NextUploadIdMarker>i</NextUploadIdMarker></ListMultipartUploadsResult>"))
	if err != nil || !*u.IsTruncated || u.EncodingType != types.EncodingTypeUrl || *u.NextKeyMarker != "a%20" || *u.NextUploadIdMarker != "i" || *u.CommonPrefixes[0].Prefix != "p" {
		t.Errorf("uploads: %v, %+v", err, u)
	}
	v, _, err := listxml.Versions([]byte("<ListVersionsResult>" + head + "<NextVersionIdMarker>i</NextVersionIdMarker></ListVersionsResult>"))
	if err != nil || !*v.IsTruncated || v.EncodingType != types.EncodingTypeUrl || *v.NextKeyMarker != "a%20" || *v.NextVersionIdMarker != "i" || *v.CommonPrefixes[0].Prefix != "p" {
		t.Errorf("versions: %v, %+v", err, v)
	}
	o, err := listxml.Objects(answer(head + "<NextContinuationToken></NextContinuationToken>"))
	if err != nil || !*o.IsTruncated || aws.ToString(o.NextContinuationToken) != "" || o.NextContinuationToken == nil || o.KeyCount != nil {
		t.Errorf("objects: %v, %+v", err, o)
	}
}
