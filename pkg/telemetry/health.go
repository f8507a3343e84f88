package telemetry

import (
	"fmt"
	"net/http"
	"sync"
)

// Health says whether the process is ready. It begins not ready.
type Health struct {
	mu    sync.Mutex
	ready bool
	why   string
}

// NewHealth returns a Health that is not ready yet.
func NewHealth() *Health { return &Health{why: "starting"} }

// SetReady says whether the process is ready, and why not.
func (h *Health) SetReady(ready bool, why string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.ready, h.why = ready, why
}

func (h *Health) state() (bool, string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.ready, h.why
}

// Handler answers /healthz (the process lives), /readyz (it can do its work)
// and /metrics.
func Handler(m *Metrics, h *Health) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", m.handler())
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintln(w, "ok")
	})
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, _ *http.Request) {
		if ready, why := h.state(); !ready {
			http.Error(w, "not ready: "+why, http.StatusServiceUnavailable)
			return
		}
		fmt.Fprintln(w, "ready")
	})
	return mux
}
