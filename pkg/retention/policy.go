package retention

import (
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// Policy is everything that decides about the entries of one store. It is
// frozen for a run, so the same entry gets the same verdict on every machine.
type Policy struct {
	Store     string
	MaxAge    time.Duration
	AgeSource AgeSource
	Start     time.Time // the run's start, by the earlier of local and server clock
	Cutoff    time.Time // Cutoff(Start, MaxAge)
	Layouts   []Layout  // in order; the first that matches wins
	Zone      *time.Location
	NoTeam    []string // whole-key prefixes declared to hold no team's data
	Prefix    string
	Holds     []Hold
	Roster    Roster
	// Purge are the ZDR teams whose violations go, however young.
	Purge map[string]bool
}

// Attribution says whose an entry is, as far as its key tells.
type Attribution string

// The three attributions. An unattributed key may be any team's, a ZDR team's
// too: it is never shown or logged in the clear.
const (
	Attributed   Attribution = "attributed"
	NoTeam       Attribution = "no-team"
	Unattributed Attribution = "unattributed"
)

// Finding is what an entry says about its ZDR team.
type Finding string

// The findings. Residual is an entry from before the team's zdr_since by each
// of its dates, violation one from after it by each.
const (
	FindingNone          Finding = "" // not a ZDR team's
	FindingResidual      Finding = "residual"
	FindingViolation     Finding = "violation"
	FindingDatesDisagree Finding = "dates-disagree"
)

// Anomalies of a key date. Each is reported, and LastModified alone then
// counts for the age: a wrong layout or zone must not make young data old.
const (
	KeyDateFuture  = "KEY_DATE_FUTURE"  // the day or hour has not begun at Start
	KeyDateAfter   = "KEY_DATE_AFTER"   // it ends more than 2 days after LastModified
	KeyDateAncient = "KEY_DATE_ANCIENT" // it ends more than 400 days before LastModified
)

const (
	maxKeyDateAfter  = 2 * Day
	maxKeyDateBefore = 400 * Day
)

// Verdict is what the policy says of one entry. All times are in UTC.
type Verdict struct {
	Team         string // empty unless Attributed
	Attribution  Attribution
	ZDRTeam      bool      // Team is in the roster
	Request      string    // what the layout read as {request}, if anything
	Created      time.Time // by the policy's age source
	KeyDate      time.Time // the end of the key's day or hour; zero if it has none
	Expired      bool      // Created lies before the cutoff
	KeyDateAlone bool      // expired, though LastModified alone would have kept it
	Anomaly      string    // of the key date; empty if none
	Hold         string    // id of the first hold in force that covers it, expired or not
	ZDR          Finding
	Purge        bool // not expired, and goes as a violation of ZDR
}

// Goes reports whether the entry is to go, if nothing holds or locks it.
func (v Verdict) Goes() bool { return v.Expired || v.Purge }

// Judge judges one entry. For many, make a Judge once.
func (p Policy) Judge(e Entry) Verdict { return NewJudge(p).Judge(e) }

// Judge is a Policy made ready for many entries. It is fastest where they come in
// the order of their keys, since it remembers what the keys of one folder have in
// common. It is not for concurrent use.
type Judge struct {
	policy Policy
	since  map[string]time.Time // of each ZDR team
	held   heldKeys

	folders folders
	team    teamRules
	date    dateEnd // of the last date
}

// NewJudge prepares a policy, which must not be changed afterwards.
func NewJudge(p Policy) *Judge {
	return &Judge{policy: p, since: p.Roster.since(), held: newHeldKeys(p.Holds, p.Store, p.Start), folders: folders{layouts: p.Layouts}}
}

// Judge says whose the entry is, how old, whether it has to go, what holds it,
// and what it says about its ZDR team.
func (j *Judge) Judge(e Entry) Verdict {
	var v Verdict
	date, hold := j.attribute(e.Key, &v)
	if e.Opaque { // whose the true key is, and of when, can't be read out of this one
		v, date, hold = Verdict{Attribution: Unattributed}, Date{}, j.held.none()
	}
	j.age(e.LastModified, date, &v)
	v.Hold = j.held.id(min(hold, j.held.byKey(e.Key)))
	if v.Attribution == Attributed && j.rules(v.Team).zdr {
		v.ZDRTeam = true
		v.ZDR = finding(j.team.since, e.LastModified, v.KeyDate)
		v.Purge = v.ZDR == FindingViolation && !v.Expired && j.policy.Purge[v.Team]
	}
	return v
}

// attribute reads the key, and says in v whose it is. The date it returns is unset unless the entry is a
// team's: a layout that doesn't apply to a key has no date in it either. The
// hold it returns is the first on a team or request that a layout read, whatever
// the attribution: a no_team prefix takes no key from under a hold.
func (j *Judge) attribute(key string, v *Verdict) (date Date, hold int) {
	hold = j.held.none()
	noTeam := j.underNoTeam(key)
	v.Attribution = Unattributed
	if noTeam {
		v.Attribution = NoTeam
	}
	known := j.folders.of(key)
	for i, l := range j.policy.Layouts {
		var f Fields
		var ok bool
		if known != nil {
			ok = l.in(&known[i], key, &f)
		} else {
			f, ok = l.Parse(key)
		}
		if !ok {
			continue
		}
		rules := j.rules(f.Team)
		hold = min(hold, rules.hold, j.held.byRequest(f.Request))
		if v.Request == "" {
			v.Request = f.Request
		}
		if noTeam {
			// No declaration hides a ZDR team's data, whichever layout sees it.
			if !rules.zdr {
				continue
			}
		} else if !rules.valid {
			return Date{}, hold
		}
		v.Team, v.Request, v.Attribution = f.Team, f.Request, Attributed
		return f.Date, hold
	}
	return Date{}, hold
}

// validTeam reports whether what stands in a team's place can be a team's id:
// neither bytes that are not UTF-8 nor control characters can stand in the
// evidence.
func validTeam(id string) bool {
	plain := true
	for i := range len(id) {
		plain = plain && ' ' <= id[i] && id[i] <= '~'
	}
	return plain || utf8.ValidString(id) && !strings.ContainsFunc(id, unicode.IsControl)
}

func (j *Judge) underNoTeam(key string) bool {
	for _, p := range j.policy.NoTeam {
		if strings.HasPrefix(key, p) {
			return true
		}
	}
	return false
}

// age sets Created, KeyDate, Anomaly, Expired and KeyDateAlone.
func (j *Judge) age(modified time.Time, date Date, v *Verdict) {
	v.Created = modified.UTC()
	if date.Set {
		v.KeyDate = j.end(date)
		v.Anomaly = j.anomaly(modified, date, v.KeyDate)
	}
	if date.Set && v.Anomaly == "" {
		switch j.policy.AgeSource {
		case AgeEarliest:
			if v.KeyDate.Before(modified) {
				v.Created = v.KeyDate
			}
		case AgeKeyDate:
			v.Created = v.KeyDate
		}
	}
	v.Expired = v.Created.Before(j.policy.Cutoff)
	v.KeyDateAlone = v.Expired && !modified.Before(j.policy.Cutoff)
}

// dateEnd is the end of a key date.
type dateEnd struct {
	date Date
	end  time.Time
}

// end is date.End in the policy's zone. Keys of one day come one after the other,
// and elsewhere than in UTC the end of a day takes several looks at the zone.
func (j *Judge) end(date Date) time.Time {
	if j.date.date != date { // which is set, unlike that of a new Judge
		j.date = dateEnd{date: date, end: date.End(j.policy.Zone)}
	}
	return j.date.end
}

func (j *Judge) anomaly(modified time.Time, date Date, end time.Time) string {
	switch {
	// What is over at Start has begun by then, which spares the look at the zone.
	case end.After(j.policy.Start) && date.Start(j.policy.Zone).After(j.policy.Start):
		return KeyDateFuture
	case end.Sub(modified) > maxKeyDateAfter:
		return KeyDateAfter
	case modified.Sub(end) > maxKeyDateBefore:
		return KeyDateAncient
	default:
		return ""
	}
}

// finding compares an entry's dates with the instant from which nothing of its
// team may be stored. A key date is the end of a day or hour: up to since, all
// of it lies before. An anomalous key date counts like any other, since doubt
// must not become "residual".
func finding(since, modified, keyDate time.Time) Finding {
	modifiedBefore := modified.Before(since)
	keyBefore := modifiedBefore
	if !keyDate.IsZero() {
		keyBefore = !keyDate.After(since)
	}
	switch {
	case modifiedBefore && keyBefore:
		return FindingResidual
	case !modifiedBefore && !keyBefore:
		return FindingViolation
	default:
		return FindingDatesDisagree
	}
}
