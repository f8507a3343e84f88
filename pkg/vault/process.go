package vault

import (
	"fmt"
	"os"
)

// process names one process of one boot of one host.
type process struct {
	host, boot, namespace string
	pid                   int
	started               string
}

func currentProcess(host string) (process, error) {
	if host == "" {
		var err error
		if host, err = os.Hostname(); err != nil {
			return process{}, fmt.Errorf("asking for the host's name: %w", err)
		}
	}
	p := process{host: host, pid: os.Getpid()}
	p.boot, p.namespace, p.started = describe(p.pid)
	return p, nil
}

// hasEnded reports whether p is known to have ended, as seen by self. It is
// known only of a process of the same host, boot and namespace: two containers
// on one machine both have a process 1, and two machines may both be called
// localhost. In doubt it is alive.
func (p process) hasEnded(self process) bool {
	if p.boot == "" || p.namespace == "" || p.started == "" || p.pid <= 0 ||
		p.host != self.host || p.boot != self.boot || p.namespace != self.namespace {
		return false
	}
	return ended(p.pid, p.started)
}
