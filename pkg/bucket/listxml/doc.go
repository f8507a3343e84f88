// Package listxml reads S3's long answers, those of the three listings
// (ListObjectsV2, ListObjectVersions, ListMultipartUploads) and of DeleteObjects,
// in one pass, many times faster than encoding/xml does, into the SDK's own types;
// current objects into a smaller one (Object), if they are read into a Room. It
// does no I/O.
//
// An answer is read rightly or refused with an *Error:
//
//   - It is one whole XML 1.0 document in UTF-8, every element of it closed.
//     What is cut off, or followed by anything but white space and comments, is
//     refused. So are processing instructions and document types, which no S3
//     server sends, and names of elements and attributes beyond ASCII.
//   - Elements may stand in any order. Those that aren't known are skipped, but
//     have to be well formed. One that is read may not come twice in its parent,
//     and text between elements has no place.
//   - A value is all the text of its element: references and CDATA sections are
//     resolved, comments are dropped. A reference to half of a surrogate pair is
//     refused: encoding/xml makes U+FFFD of it, which would be another key.
//   - A name is compared without regard to case, as the SDK does. One that is
//     read may have no namespace prefix and no default namespace but the root's
//     or none.
//   - In a listing every object, version, marker and upload has a key and a date.
//     One that gives a KeyCount holds as many keys and common prefixes.
//
// Names that were encoded (encoding-type=url) stay so: EncodingType tells.
// Of the SDK's types only what is named in Objects, Versions, Uploads and Deletes
// is filled in.
package listxml

import "fmt"

// Error says why an answer was refused. It holds nothing of the answer's.
type Error struct {
	What string // in words
	At   int    // how many bytes of the answer were read
}

func (e *Error) Error() string { return fmt.Sprintf("%s, at byte %d of the answer", e.What, e.At) }
