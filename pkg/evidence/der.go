package evidence

import "errors"

// maxDERDepth is twice what a time stamp with its certificates needs.
const maxDERDepth = 32

var errNotDER = errors.New("it is not DER: want definite, shortest lengths, and one-byte tags")

// checkDER demands that data is a sequence of well-formed DER elements, down to
// the primitive ones. The library that reads time stamps takes BER, and reads
// past the end of some of it.
func checkDER(data []byte, depth int) error {
	if depth == 0 {
		return errNotDER
	}
	for len(data) > 0 {
		tag, length, header := data[0], 0, 2
		switch {
		case tag&0x1f == 0x1f || len(data) < 2 || data[1] == 0x80 || data[1] > 0x84:
			return errNotDER
		case data[1] < 0x80:
			length = int(data[1])
		default:
			header += int(data[1] & 0x7f)
			if len(data) < header || data[2] == 0 {
				return errNotDER
			}
			for _, b := range data[2:header] {
				length = length<<8 | int(b)
			}
			if length < 0x80 {
				return errNotDER
			}
		}
		if length < 0 || length > len(data)-header {
			return errNotDER
		}
		content := data[header : header+length]
		if tag&0x20 != 0 {
			if err := checkDER(content, depth-1); err != nil {
				return err
			}
		}
		data = data[header+length:]
	}
	return nil
}
