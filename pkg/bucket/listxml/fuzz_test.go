package listxml_test

import (
	"reflect"
	"strings"
	"testing"
)

// crafted are answers at the edges of the rules, whole or refused.
func crafted() []string {
	const object = "<Contents><Key>a</Key><LastModified>2026-11-01T00:00:00.000Z</LastModified><ETag>&quot;e&quot;</ETag><Size>3</Size></Contents>"
	// Its third row has so many elements that one stands where a row's first did.
	nested := object + object + strings.Replace(object, "</Size>", "</Size>"+strings.Repeat("<x>y</x>", 11)+"<Contents></Contents><Contents><Key>b</Key></Contents>", 1)
	docs := []string{
		"", "<", "<a", "<a/>", "</a>", "<ListBucketResult", "<ListBucketResult>", "<ListBucketResult/>", "<ListBucketResult></ListBucketResult >",
		"<ListBucketResult a='1'b=\"2\" / >", "<s:ListBucketResult xmlns:s='x'></s:ListBucketResult>", "<ListBucketResult/><ListBucketResult/>",
		"<listbucketresult><istruncated>false</istruncated></listbucketresult>", "\uFEFF<?xml version='1.0' encoding='utf-8' standalone='no'?>\n<ListBucketResult/>\n<!-- x -->\n",
		"<?xml version=\"1.1\"?><ListBucketResult/>", "<?xml?><ListBucketResult/>", "<?xml version='1.0' encoding='latin1'?><ListBucketResult/>",
		" <?xml version='1.0'?><ListBucketResult/>", "<?xmlversion='1.0'?><ListBucketResult/>", "<!DOCTYPE a><ListBucketResult/>", "<ListBucketResult/>x", "<ListBucketResult/><![CDATA[]]>", "<ListBucketResult/>&#32;",
	}
	for _, inside := range []string{
		object, strings.Replace(object, ">a<", ">a&#x41;&lt;&#65;<![CDATA[<&]]><!-- - -->b\r\nc\rd<", 1), strings.Replace(object, ">a<", ">&#xD83D;&#xDE00;<", 1),
		strings.Replace(object, ">a<", "><", 1), strings.Replace(object, ">a<", ">]]><", 1), strings.Replace(object, ">a<", ">]]&gt;<", 1), strings.Replace(object, ">a<", ">\x01<", 1),
		strings.Replace(object, ">a<", ">\xff<", 1), strings.Replace(object, ">a<", ">\uFFFE<", 1), strings.Replace(object, ">a<", ">&#0;<", 1), strings.Replace(object, ">a<", ">&#13;&nbsp;<", 1),
		strings.Replace(object, ">a<", ">&#99999999999999999999;<", 1), strings.Replace(object, ">a<", ">a<b/><", 1), strings.Replace(object, "<Key>", "<Key x='&lt;' xmlns='other'>", 1),
		strings.Replace(object, "<Key>", "<x>y<Key>no</Key></x><Key>", 1), strings.Replace(object, "Key>", "x:Key>", 2), object + object, object + strings.Replace(object, "<Key>", "<Key xmlns='v'>", 1), object + strings.Replace(object, "Key>", "KeyX>", 2), object + "<Contents xmlns='v'/>",
		// A day is remembered from row to row; here there is none yet.
		strings.Replace(object, "00.000Z", "00+00:00", 1) + strings.Replace(object, "2026-11-01T", strings.Repeat("\x00", len("2026-11-01T")), 1),
		// Rows that begin as the one before them and go on otherwise.
		object + strings.Replace(object, "</Key>", "</Key >", 1) + object, object + strings.Replace(object, "</Key>", "</Ke>", 1), object + strings.Replace(object, "<Key>", "<Ke>", 1), object + strings.Replace(object, "<Key>", "<Kex>", 1),
		object + strings.Replace(object, "a</Key>", "<b>a</Key><LastModified></b></Key>", 1), object + strings.Replace(object, "<Key>a</Key>", "<Key/>", 1), object + strings.Replace(object, "<Size>3</Size>", "<Size>x</Size>", 1) + object,
		strings.Repeat(strings.Replace(object, "</Key>", "</Key><!-- x -->\n", 1), 3), strings.Repeat(strings.Replace(object, "<ETag>", "<x>y<z>w</z></x><ETag>", 1), 3), strings.Repeat(strings.Replace(object, "<Key>", strings.Repeat("<x>y</x>", 16)+"<Key>", 1), 3),
		nested, strings.ReplaceAll(nested, "<Contents>", "<Contents a='1'>"), object + "text", object + "<![CDATA[ ]]>",
		strings.Replace(object, "<Key>", "<Key>b</Key><Key>", 1), strings.Replace(object, "2026-11-01", "2026-02-30", 1), strings.Replace(object, ".000Z", "+02:00", 1), strings.Replace(object, ">3<", "> 3<", 1),
		"<KeyCount>1</KeyCount>" + object, "<KeyCount>2</KeyCount>" + object, object + "<CommonPrefixes><Prefix>p/</Prefix></CommonPrefixes><KeyCount>2</KeyCount>", "<KeyCount/>",
		"<IsTruncated>1</IsTruncated>", "<IsTruncated>yes</IsTruncated>", "<IsTruncated>true</IsTruncated><istruncated>true</istruncated>", "<a:b:c/>", "<:/>", "<é/>", "<a é='1'/>", "<a", "<a b>", "<a b=1/>", "<a b='<'/>", "<!-- -- -->", "<!-->", "<?pi?>",
	} {
		docs = append(docs, `<ListBucketResult xmlns="u">`+inside+"</ListBucketResult>")
	}
	const version = "<Version><Key>a</Key><VersionId>1</VersionId><IsLatest>true</IsLatest><LastModified>2026-11-01T00:00:00Z</LastModified></Version>"
	marker := strings.ReplaceAll(version, "Version>", "DeleteMarker>")
	docs = append(docs, "<ListVersionsResult>"+marker+version+version+marker+"<IsTruncated>true</IsTruncated><NextKeyMarker>k</NextKeyMarker><NextVersionIdMarker>1</NextVersionIdMarker></ListVersionsResult>",
		"<ListMultipartUploadsResult><Upload><Key>a</Key><UploadId>1</UploadId><Initiated>2026-11-01T00:00:00Z</Initiated></Upload><NextKeyMarker>k</NextKeyMarker><NextUploadIdMarker>1</NextUploadIdMarker></ListMultipartUploadsResult>")
	return docs
}

// FuzzEveryAnswerIsReadAsEncodingXMLReadsItOrRefusedByBoth compares the two in
// what they accept and in every value.
func FuzzEveryAnswerIsReadAsEncodingXMLReadsItOrRefusedByBoth(f *testing.F) {
	for _, doc := range crafted() {
		f.Add([]byte(doc))
	}
	for _, r := range recorded(f) {
		f.Add(r.body)
	}
	f.Fuzz(func(t *testing.T, doc []byte) {
		for kind := range kinds {
			sameListing(t, kind, doc)
		}
	})
}

// sameListing fails unless an answer is read as the reference reads it, or
// refused by both.
func sameListing(t interface{ Fatalf(string, ...any) }, kind string, doc []byte) {
	want, refused := reference(kind, doc)
	got, err := decode(kind, doc)
	if (err != nil) != (refused != nil) {
		t.Fatalf("%s\nas %s: error is %v, encoding/xml's %v", doc, kind, err, refused)
	}
	if err == nil && !reflect.DeepEqual(got, want) {
		t.Fatalf("%s\nas %s:\n got %+v\nwant %+v", doc, kind, got, want)
	}
}
