package bucket

import (
	"bytes"
	"encoding/xml"
	"testing"

	"pgregory.net/rapid"
)

// The first element of what begins so is what encoding/xml finds, whatever
// stands in the answer's first bytes.
func TestTheRootElementIsTheOneThatEncodingXMLFinds(t *testing.T) {
	// What may stand in each place, the usual first.
	places := [][]string{
		{`<?xml version="1.0" encoding="UTF-8"?>`, "", `<?xml version="1.0"?>`, `<?xml version="1.0" encoding="latin1"?>`, "\uFEFF", "x", "\xff", "</a>"},
		{"", "\n", " \r\n\t", "<!-- x -->", "<!DOCTYPE html>", "<", "text"},
		{"<", "", "</", "<s:", "<?", "<!"},
		{"DeleteResult", "Error", "", "R1", "é", " R"},
		{` xmlns="`, "", ` xmlns='`, ` xmlns = "`, ` a="b" xmlns="`, ` a="`, "\xff", " "},
		{"http://s3.amazonaws.com/doc/2006-03-01/", "", "u", "&", "&lt;", "<", ">", "\"", "'", "\x01", "\xff", "é"},
		{`"`, "", "'", `" a="b"`, " "},
		{">", "", "/>", " >", "<"},
	}
	rapid.Check(t, func(t *rapid.T) {
		var head []byte
		for _, place := range places {
			piece := place[0]
			if rapid.IntRange(0, 3).Draw(t, "bent") == 3 {
				piece = rapid.SampledFrom(place).Draw(t, "piece")
			}
			head = append(head, piece...)
		}
		want := ""
		for decoder := xml.NewDecoder(bytes.NewReader(head)); ; {
			token, err := decoder.Token()
			if err != nil {
				break
			}
			if start, ok := token.(xml.StartElement); ok {
				want = start.Name.Local
				break
			}
		}
		if got := rootElement(head); got != want {
			t.Fatalf("the root of %q is %q, want %q", head, got, want)
		}
	})
}
