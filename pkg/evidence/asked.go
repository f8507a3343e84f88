package evidence

import "encoding/json"

// asked is what a config allows that is off unless it says so.
type asked struct {
	ZDR struct {
		PurgeViolations bool `json:"purge_violations"`
		Metadata        struct {
			Header string `json:"header"`
		} `json:"metadata"`
	} `json:"zdr"`
}

// asks refuses a report that did more than its config allows.
func (rep *report) asks(config []byte) {
	var a asked
	if json.Unmarshal(config, &a) != nil {
		rep.problemf(FileConfig, "its zdr settings are not of the form that a config has")
		return
	}
	if n := rep.p.Totals.Purged; n > 0 && !a.ZDR.PurgeViolations {
		rep.problemf(FileConfig, "its zdr.purge_violations is false, and the payload says that %d entries were to be purged", n)
	}
	if n := rep.p.ZDR.Witness.Looked; n > 0 && a.ZDR.Metadata.Header == "" {
		rep.problemf(FileConfig, "its zdr.metadata names no header, and the payload's zdr.witness looked at %d entries", n)
	}
}
