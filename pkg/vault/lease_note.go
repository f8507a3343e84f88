package vault

// Note returns what the last SetNote gave. Before any, it is the note in the
// record that this lease replaced, released or taken over; empty if it had none,
// or if there was no record.
func (l *Lease) Note() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.note
}

// SetNote keeps a short text in the lease's record, for the holders to come. It
// is not written at once: the next renewal does, and Release. Once the lease was
// released or lost, nothing is written any more. Bytes that are not UTF-8 are
// replaced.
func (l *Lease) SetNote(note string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.note = note
}
