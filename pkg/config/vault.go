package config

import (
	"path/filepath"
	"strings"
	"time"
)

func (f file) vault(g *group) Vault {
	defer g.done()
	v := Vault{Dir: f.path(g, "dir", "")}
	s3 := g.child("s3")
	lease := g.child("lease")
	v.LeaseTTL, v.LeaseTTLText = lease.duration("ttl", "60s", 5*time.Second, 10*time.Minute)
	lease.done()
	if g.has("s3") {
		v.S3 = &VaultS3{Place: f.place(s3), Lock: lock(s3)}
		s3.done()
	}
	switch {
	case g.broken:
	case g.has("dir") && g.has("s3"):
		g.problem("s3", "stands beside dir, but evidence goes to one place; remove one of the two")
	case !g.has("dir") && !g.has("s3"):
		g.p.add(g.line, g.path, `has no place; write dir: ./vault, or s3: {bucket: ..., ...}`)
	}
	v.Work = f.work(g, v)
	return v
}

func lock(g *group) *Lock {
	l := g.child("lock")
	if !g.has("lock") {
		return nil
	}
	defer l.done()
	return &Lock{
		Mode: l.oneOf("mode", "compliance", "compliance", "governance"),
		Days: int(l.integer("days", 2557, 1, 36500)), ManifestDays: int(l.integer("manifest_days", 400, 1, 36500)),
	}
}

// work reads the place of working files. Beside a vault in a folder it has a
// default; beside one in a bucket it must be said.
func (f file) work(g *group, v Vault) Work {
	w := g.child("work")
	if !g.has("work") {
		if v.S3 != nil {
			g.problem("work", `is missing, which an S3 vault needs: its files must be erasable; write {dir: ./work} or {s3: {bucket: ..., ...}} without Object Lock`)
		}
		if v.Dir == "" {
			return Work{}
		}
		return Work{Dir: filepath.Join(v.Dir, "work")}
	}
	defer w.done()
	out := Work{Dir: f.path(w, "dir", "")}
	s3 := w.child("s3")
	if w.has("s3") {
		at := f.place(s3)
		if s3.has("lock") {
			s3.get("lock")
			s3.problem("lock", "is not for the work area: working files must be erasable; remove it and use a bucket without Object Lock")
		}
		s3.done()
		out.S3 = &at
	}
	if !w.broken && w.has("dir") == w.has("s3") {
		w.p.add(w.line, w.path, "must have one place: write either dir: or s3:")
	}
	if out.holds(v) {
		w.p.add(w.line, w.path, "is the vault itself or around it: working files are erased, evidence never; use a folder or prefix beside it or in it, such as work/")
	}
	if out.S3 != nil && v.S3 != nil && v.S3.Lock != nil && sameBucket(*out.S3, v.S3.Place) {
		s3.problem("bucket", "is the vault's bucket, which has Object Lock: working files must be erasable; use another bucket, or a dir")
	}
	return out
}

// holds reports whether the vault is the work area or lies in it.
func (w Work) holds(v Vault) bool {
	if w.S3 != nil && v.S3 != nil {
		return sameBucket(*w.S3, v.S3.Place) && strings.HasPrefix(v.S3.Prefix, w.S3.Prefix)
	}
	separator := string(filepath.Separator)
	return w.Dir != "" && v.Dir != "" && strings.HasPrefix(v.Dir+separator, strings.TrimSuffix(w.Dir, separator)+separator)
}
