package config

// refuseUnsupported refuses settings that are part of the format but have no
// effect in this version, so that nobody relies on a protection that isn't
// there. Building one of them means deleting its line here.
func refuseUnsupported(p *problems, c *Config) {
	settings := []struct {
		path    string
		set     bool
		instead string
	}{
		{"notify.webhook", c.Notify.Webhook != "", `write "", and watch the exit code or /metrics`},
		{"notify.heartbeat", c.Notify.Heartbeat != "", `write "", and watch the exit code or /metrics`},
	}
	for _, s := range settings {
		if s.set {
			p.unsupported(s.path, s.instead)
		}
	}
}

func (p *problems) unsupported(path, instead string) {
	p.add(p.lineOf(path), path, "is not supported by this version; %s", instead)
}
