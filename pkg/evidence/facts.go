package evidence

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
)

// Facts are what may not change between two reports unless it is declared: what
// is under retention, when, for how long, and which teams were promised what.
type Facts struct {
	Stores    []StoreFacts
	MaxAge    string
	AgeSource string
	Cron      string // empty without a schedule
	Timezone  string
	// ZDRTeams maps each ZDR team to the instant from which nothing of it may be
	// stored, as teams.csv writes it.
	ZDRTeams map[string]string
}

// StoreFacts are the settings of a store that say what is looked at and how it
// is read.
type StoreFacts struct {
	Name        string     `json:"name"`
	Bucket      string     `json:"bucket"`
	Prefix      string     `json:"prefix"`
	Endpoint    string     `json:"endpoint"`
	Region      string     `json:"region"`
	Layout      stringList `json:"layout"`
	KeyDateZone string     `json:"key_date_zone"`
	NoTeam      stringList `json:"no_team"`
	Versioning  string     `json:"versioning"`
}

// stringList is a list of strings, or one string that stands for a list of one.
type stringList []string

// UnmarshalJSON reads both forms.
func (l *stringList) UnmarshalJSON(data []byte) error {
	var one string
	if json.Unmarshal(data, &one) == nil {
		*l = nil
		if one != "" {
			*l = stringList{one}
		}
		return nil
	}
	var many []string
	if err := json.Unmarshal(data, &many); err != nil {
		return err
	}
	*l = many
	return nil
}

// FactsOf reads the facts out of a report's config.json and its teams.csv.
func FactsOf(config []byte, teams []TeamRow) (Facts, error) {
	if err := checkConfig(config); err != nil {
		return Facts{}, fmt.Errorf("%s: %w", FileConfig, err)
	}
	var c struct {
		Retention struct {
			MaxAge    string `json:"max_age"`
			AgeSource string `json:"age_source"`
		} `json:"retention"`
		Stores   []StoreFacts `json:"stores"`
		Schedule *struct {
			Cron     string `json:"cron"`
			Timezone string `json:"timezone"`
		} `json:"schedule"`
	}
	if err := json.Unmarshal(config, &c); err != nil {
		return Facts{}, fmt.Errorf("%s: %w", FileConfig, err)
	}
	f := Facts{
		Stores:    c.Stores,
		MaxAge:    c.Retention.MaxAge,
		AgeSource: c.Retention.AgeSource,
		ZDRTeams:  map[string]string{},
	}
	if c.Schedule != nil {
		f.Cron, f.Timezone = c.Schedule.Cron, c.Schedule.Timezone
	}
	for _, row := range teams {
		if row.ZDR {
			f.ZDRTeams[row.Team] = row.ZDRSince
		}
	}
	return f, nil
}

// checkConfig refuses a config.json that Go and jq could read differently:
// spaces between tokens, a field that stands twice, a field name in capitals
// (Go matches names without regard to case), anything after the value.
func checkConfig(data []byte) error {
	if len(data) > maxDocument {
		return fmt.Errorf("larger than %d bytes", maxDocument)
	}
	var compact bytes.Buffer
	if err := json.Compact(&compact, data); err != nil {
		return err
	}
	if err := sameBytes(data, compact.Bytes()); err != nil {
		return err
	}
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	if err := checkValue(d, 0); err != nil {
		return err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return errors.New("there is something after the JSON value")
	}
	return nil
}

func checkValue(d *json.Decoder, depth int) error {
	if depth > 32 {
		return errors.New("nested too deeply")
	}
	t, err := d.Token()
	if err != nil {
		return err
	}
	open, ok := t.(json.Delim)
	if !ok {
		return nil
	}
	seen := map[string]bool{}
	for d.More() {
		if open == '{' {
			t, err := d.Token()
			if err != nil {
				return err
			}
			name, _ := t.(string)
			if seen[name] {
				return fmt.Errorf("field %q stands twice in one object", name)
			}
			if strings.ToLower(name) != name {
				return fmt.Errorf("field %q is not in lower case", name)
			}
			seen[name] = true
		}
		if err := checkValue(d, depth+1); err != nil {
			return err
		}
	}
	_, err = d.Token()
	return err
}
