package listxml_test

import (
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/smithy-go/middleware"
	"pgregory.net/rapid"

	"github.com/sweeper-audit/sweeper/pkg/bucket/listxml"
)

// sdkDeletes reads the answer to a DeleteObjects with the SDK's decoder.
func sdkDeletes(t testing.TB, body []byte) (*s3.DeleteObjectsOutput, error) {
	t.Helper()
	out, err := sdk(body).DeleteObjects(t.Context(), &s3.DeleteObjectsInput{Bucket: aws.String("bucket"),
		Delete: &types.Delete{Objects: []types.ObjectIdentifier{{Key: aws.String("k")}}}})
	if err != nil {
		return nil, err
	}
	out.ResultMetadata = middleware.Metadata{}
	return out, nil
}

func deleteResult(inside string) []byte {
	return []byte(`<?xml version="1.0" encoding="UTF-8"?><DeleteResult xmlns="u">` + inside + "</DeleteResult>")
}

// whatServersAnswer are rows as AWS, MinIO, SeaweedFS, versitygw and gofakes3
// write them.
var whatServersAnswer = map[string]string{
	"success":               "<Deleted><Key>a</Key></Deleted>",
	"a version":             "<Deleted><Key>a</Key><VersionId>null</VersionId></Deleted>",
	"a marker made":         "<Deleted><DeleteMarker>true</DeleteMarker><DeleteMarkerVersionId>v</DeleteMarkerVersionId><Key>a</Key></Deleted>",
	"a marker deleted":      "<Deleted><Key>a</Key><VersionId>v</VersionId><DeleteMarker>true</DeleteMarker><DeleteMarkerVersionId>v</DeleteMarkerVersionId></Deleted>",
	"no marker":             "<Deleted><DeleteMarker>false</DeleteMarker><DeleteMarkerVersionId></DeleteMarkerVersionId><Key>a</Key><VersionId></VersionId></Deleted>",
	"a refusal":             "<Error><Code>AccessDenied</Code><Key>a</Key><Message>Access &lt;Denied&gt;</Message><VersionId>v</VersionId></Error>",
	"both":                  "<Error><Key>a</Key><Code>SlowDown</Code></Error><Deleted><Key>b</Key></Deleted><Error><Key>c</Key><Code>x</Code></Error>",
	"the same key again":    "<Deleted><Key>a</Key></Deleted><Error><Key>a</Key><Code>InternalError</Code></Error><Deleted><Key>a</Key></Deleted>",
	"no key":                "<Deleted/><Error></Error><Deleted><Key/></Deleted>",
	"nothing":               "",
	"unknown elements":      "<New><Key>no</Key></New><Deleted><ETag>e</ETag><Key>a</Key><Owner><Key>no</Key></Owner></Deleted><Error><Key>b</Key><Resource>/a</Resource></Error>",
	"indented":              "\n  <Deleted>\n    <Key>a</Key>\n  </Deleted>\n",
	"a key with references": "<Deleted><Key>a&amp;&#x20;&lt;b&gt;&#34;&#39;&#10;</Key></Deleted>",
	"another case":          "<DELETED><key>a</key></DELETED><error><KEY>b</KEY><code>c</code></error>",
}

func TestTheAnswerToADeleteIsReadAsTheSDKReadsIt(t *testing.T) {
	for name, rows := range whatServersAnswer {
		doc := deleteResult(rows)
		want, err := sdkDeletes(t, doc)
		if err != nil {
			t.Fatalf("%s: the SDK: %v", name, err)
		}
		if got, err := listxml.Deletes(doc); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %v\n got %+v\nwant %+v", name, err, got, want)
		}
	}
}

func TestTheAnswerToADeleteThatIsCutOffAnywhereIsRefused(t *testing.T) {
	for name, rows := range whatServersAnswer {
		whole := deleteResult(rows)
		for cut := range whole {
			if got, err := listxml.Deletes(whole[:cut]); err == nil {
				t.Fatalf("%s: the first %d of %d bytes are read as %+v", name, cut, len(whole), got)
			}
		}
	}
}

func TestAnAnswerToADeleteThatCannotBeReadRightlyIsRefused(t *testing.T) {
	const ok = "<Deleted><Key>a</Key></Deleted>"
	for name, c := range map[string]struct {
		doc  []byte
		want string
	}{
		"a listing":             {answer(""), "not of the kind"},
		"an error":              {[]byte("<Error><Code>x</Code></Error>"), "not of the kind"},
		"no end":                {[]byte("<DeleteResult>" + ok), "cut off"},
		"more after it":         {append(deleteResult(ok), "<DeleteResult/>"...), "can't be read"},
		"crossed tags":          {deleteResult("<Deleted><Key>a</Deleted></Key>"), "doesn't match"},
		"text between rows":     {deleteResult(ok + "a"), "text stands"},
		"two keys":              {deleteResult("<Deleted><Key>a</Key><Key>b</Key></Deleted>"), "twice"},
		"two versions":          {deleteResult("<Error><VersionId>1</VersionId><VersionId>2</VersionId></Error>"), "twice"},
		"two codes":             {deleteResult("<Error><Code>a</Code><Code>b</Code></Error>"), "twice"},
		"two markers":           {deleteResult("<Deleted><DeleteMarker>true</DeleteMarker><DeleteMarker>false</DeleteMarker></Deleted>"), "twice"},
		"an element in a key":   {deleteResult("<Deleted><Key>a<b/></Key></Deleted>"), "inside a value"},
		"no such reference":     {deleteResult("<Deleted><Key>&a;</Key></Deleted>"), "reference"},
		"a control character":   {deleteResult("<Deleted><Key>a&#1;</Key></Deleted>"), "XML doesn't have"},
		"half a surrogate pair": {deleteResult("<Deleted><Key>&#xD83D;</Key></Deleted>"), "reference"},
		"another namespace":     {deleteResult("<Deleted xmlns='v'><Key>a</Key></Deleted>"), "namespace"},
		"a prefix":              {deleteResult("<x:Deleted xmlns:x='v'><Key>a</Key></x:Deleted>"), "namespace"},
		"maybe a marker":        {deleteResult("<Deleted><DeleteMarker>maybe</DeleteMarker></Deleted>"), "neither true nor false"},
		"an empty marker":       {deleteResult("<Deleted><DeleteMarker/></Deleted>"), "neither true nor false"},
	} {
		out, err := listxml.Deletes(c.doc)
		if e := (*listxml.Error)(nil); !errors.As(err, &e) || out != nil || !strings.Contains(e.What, c.want) {
			t.Errorf("%s: error is %v, want %q in it", name, err, c.want)
		}
	}
}

// Any keys, ids and codes, in any spelling and order, come out as they went in.
func TestEveryRowOfADeletesAnswerComesOutAsItWentIn(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var doc strings.Builder
		want := new(s3.DeleteObjectsOutput)
		text := rapid.StringOfN(char, 0, 12, -1)
		for range rapid.IntRange(0, 6).Draw(t, "rows") {
			elements := []string{}
			value := func(name string) *string {
				if !rapid.Bool().Draw(t, "has "+name) {
					return nil
				}
				v := text.Draw(t, name)
				elements = append(elements, tagged(name, spell(t, v)))
				return &v
			}
			key, version := value("Key"), value("VersionId")
			if rapid.Bool().Draw(t, "is an error") {
				want.Errors = append(want.Errors, types.Error{Key: key, VersionId: version, Code: value("Code"), Message: value("Message")})
				doc.WriteString(tagged("Error", shuffled(t, elements...)))
				continue
			}
			row := types.DeletedObject{Key: key, VersionId: version, DeleteMarkerVersionId: value("DeleteMarkerVersionId")}
			if rapid.Bool().Draw(t, "has DeleteMarker") {
				row.DeleteMarker = aws.Bool(rapid.Bool().Draw(t, "DeleteMarker"))
				elements = append(elements, tagged("DeleteMarker", fmt.Sprint(*row.DeleteMarker)))
			}
			want.Deleted = append(want.Deleted, row)
			doc.WriteString(tagged("Deleted", shuffled(t, elements...)))
		}
		body := deleteResult(doc.String())
		if got, err := listxml.Deletes(body); err != nil || !reflect.DeepEqual(got, want) {
			t.Fatalf("%s\n error %v\n  got %+v\n want %+v", body, err, got, want)
		}
	})
}

// FuzzEveryAnswerToADeleteIsReadAsEncodingXMLReadsItOrRefusedByBoth compares the
// two in what they accept and in every value; and what is accepted with what the
// SDK reads, if it can (it refuses values in pieces).
func FuzzEveryAnswerToADeleteIsReadAsEncodingXMLReadsItOrRefusedByBoth(f *testing.F) {
	for _, rows := range whatServersAnswer {
		f.Add(deleteResult(rows))
	}
	f.Add(deleteResult("<Deleted><Key>a<![CDATA[&]]><!-- x -->b</Key><x:y/></Deleted><KeyCount>9</KeyCount><CommonPrefixes><Prefix/></CommonPrefixes>"))
	f.Add(deleteResult("<Deleted><DeleteMarker>1</DeleteMarker><DeleteMarker>0</DeleteMarker></Deleted><Deleted xmlns='v'/>"))
	for _, doc := range crafted() {
		f.Add([]byte(strings.NewReplacer("ListBucketResult", "DeleteResult", "Contents>", "Deleted>").Replace(doc)))
	}
	f.Fuzz(func(t *testing.T, doc []byte) {
		got, ok := sameDeletes(t, doc)
		if !ok {
			return
		}
		if bySDK, err := sdkDeletes(t, doc); err == nil && !reflect.DeepEqual(got, bySDK) {
			t.Fatalf("\n got %+v\nthe SDK's %+v", got, bySDK)
		}
	})
}

// sameDeletes is sameListing for the answer to a DeleteObjects, and returns what
// was read.
func sameDeletes(t interface{ Fatalf(string, ...any) }, doc []byte) (got *s3.DeleteObjectsOutput, ok bool) {
	want, refused := referenceDeletes(doc)
	got, err := listxml.Deletes(doc)
	if (err != nil) != (refused != nil) {
		t.Fatalf("%s\nerror is %v, encoding/xml's %v", doc, err, refused)
	}
	if err == nil && !reflect.DeepEqual(got, want) {
		t.Fatalf("%s\n got %+v\nwant %+v", doc, got, want)
	}
	return got, err == nil
}
