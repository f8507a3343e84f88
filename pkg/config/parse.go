package config

import (
	"math"
	"net"
	"strconv"
	"time"

	"github.com/sweeper-audit/sweeper/pkg/retention"
)

// file is one config file being read.
type file struct {
	p   *problems
	dir string // absolute: what relative paths are relative to
}

// parse checks a config's text. path stands in errors, dir is what relative
// paths are resolved against, lookup is the environment. The checks are those
// that look beyond the text.
func parse(path, dir string, data []byte, lookup func(string) (string, bool), checks ...func(*problems, *Config)) (*Config, error) {
	p := newProblems(path)
	n := parseYAML(p, data)
	if n == nil {
		return nil, p.err()
	}
	expand(p, n, "", lookup)
	f := file{p: p, dir: dir}
	c := f.config(newGroup(p, n, "", n.line))
	c.Path, c.dir = path, dir
	for _, check := range append(checks, refuseUnsupported) {
		check(p, c)
	}
	if err := p.err(); err != nil {
		return nil, err
	}
	return c, nil
}

func (f file) config(g *group) *Config {
	c := &Config{}
	c.Organization = f.organization(g.child("organization"))
	c.Retention = f.retention(g.child("retention"))
	stores := f.stores(g)
	for _, s := range stores {
		c.Stores = append(c.Stores, s.Store)
	}
	c.ZDR = f.zdr(g.child("zdr"), stores)
	c.Holds = f.path(g, "holds", "")
	c.Confirm = g.oneOf("confirm", "full", "full", "none")
	c.Limits = f.limits(g.child("limits"))
	vault := g.child("vault")
	c.Vault = f.vault(vault)
	refuseOverlaps(stores, vault, c.Vault)
	c.Signing = f.signing(g.child("signing"))
	c.Identifiers = f.identifiers(g.child("identifiers"))
	c.Evidence = f.evidence(g.child("evidence"))
	c.Schedule = f.schedule(g)
	c.HTTP = f.http(g.child("http"))
	c.Notify = f.notify(g.child("notify"))
	g.done()
	return c
}

func (f file) organization(g *group) Organization {
	defer g.done()
	return Organization{Name: g.required("name", "Example Inc."), Contact: g.text("contact", "")}
}

func (f file) retention(g *group) Retention {
	defer g.done()
	r := Retention{}
	// Any scalar: ParseAge says best what is wrong with a bare number.
	if n, ok := g.scalar("max_age"); ok {
		age, err := retention.ParseAge(n.text)
		if err != nil {
			g.problem("max_age", "%v", err)
		}
		r.MaxAge, r.MaxAgeText = age, n.text
	}
	g.missing("max_age", "30d")
	r.AgeSource = retention.AgeSource(g.oneOf("age_source", "earliest", "earliest", "last_modified", "key_date"))
	return r
}

func (f file) zdr(g *group, stores []readStore) ZDR {
	defer g.done()
	z := ZDR{
		Roster: f.path(g, "roster", "zdr-teams.yaml", "s3", "https"), PurgeViolations: g.boolean("purge_violations", false),
		MaxPurge: g.integer("max_purge", 1000, 1, math.MaxInt64), AllowEmpty: g.boolean("allow_empty", false),
	}
	z.RosterMaxAge, z.RosterMaxAgeText = g.duration("roster_max_age", "24h", time.Minute, 3660*retention.Day)
	z.remoteRoster(g, stores)
	z.Metadata = metadata(g.child("metadata"))
	return z
}

func (f file) limits(g *group) Limits {
	defer g.done()
	l := Limits{
		MaxDeletions: g.integer("max_deletions", 10_000_000, 1, math.MaxInt64),
		MaxShare:     g.share("max_share", 0.2),
		ShareFloor:   g.integer("share_floor", 1000, 1, math.MaxInt64),
		Concurrency:  int(g.integer("concurrency", 32, 1, 1024)),
	}
	k := g.child("max_key_date_only")
	l.MaxKeyDateOnly = KeyDateOnly{Share: k.share("share", 0.01), Floor: k.integer("floor", 1000, 1, math.MaxInt64)}
	k.done()
	l.MaxClockSkew, l.MaxClockSkewText = g.duration("max_clock_skew", "1m", time.Second, 24*time.Hour)
	return l
}

func (f file) identifiers(g *group) Identifiers {
	defer g.done()
	return Identifiers{
		SecretFile: f.path(g, "secret_file", "keys/identifiers.secret"),
		Keys:       g.oneOf("keys", "hashed", "hashed", "clear"),
	}
}

func (f file) evidence(g *group) Evidence {
	defer g.done()
	return Evidence{Teams: g.oneOf("teams", "zdr", "zdr", "all")}
}

func (f file) http(g *group) HTTP {
	defer g.done()
	listen := g.text("listen", "127.0.0.1:9464")
	_, port, err := net.SplitHostPort(listen)
	if number, e := strconv.ParseUint(port, 10, 16); err != nil || e != nil || strconv.FormatUint(number, 10) != port {
		g.problem("listen", "%q is not an address to listen on; write host:port, as in 127.0.0.1:9464", listen)
	}
	return HTTP{Listen: listen}
}

func (f file) notify(g *group) Notify {
	defer g.done()
	return Notify{Webhook: g.url("webhook"), Heartbeat: g.url("heartbeat")}
}
