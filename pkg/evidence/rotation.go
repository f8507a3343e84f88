package evidence

import "fmt"

// rotation checks what a report says of a change of keys. A key-rotation report
// makes one. A report whose key was lost before it was sealed makes one too: it
// is signed by the new key and says so.
func (v *validator) rotation() {
	p := v.p
	lost := v.says(CodeOldKeyUnavailable)
	x := p.Rotation
	if x == nil {
		v.need(p.ReportType != TypeKeyRotation, "rotation is missing in a key-rotation report")
		v.need(!lost, "reasons[] says %s, and rotation does not name the keys", CodeOldKeyUnavailable)
		return
	}
	v.need(lost || p.ReportType == TypeKeyRotation, "rotation stands in a report of type %s, and reasons[] does not say %s",
		p.ReportType, CodeOldKeyUnavailable)
	v.need(isHex(x.OldSPKISHA256, 32) && isHex(x.NewSPKISHA256, 32), "rotation: a key is not named by a SHA-256 in lower-case hex")
	v.need(x.OldSPKISHA256 != x.NewSPKISHA256, "rotation: the old key and the new one are the same")
	want := x.OldSPKISHA256
	if lost {
		want = x.NewSPKISHA256
	}
	v.need(p.Signer.SPKISHA256 == want, "rotation: the signer is %s: the old key signs, or the new one where reasons[] says %s",
		p.Signer.SPKISHA256, CodeOldKeyUnavailable)
}

// NextSigner is the SPKI SHA-256 of the key that the report after p must be
// signed by: the same one, or the new one after a change of keys. Another key may
// sign only a report that names both and says OLD_KEY_UNAVAILABLE.
func NextSigner(p Predicate) string {
	if p.Rotation != nil {
		return p.Rotation.NewSPKISHA256
	}
	return p.Signer.SPKISHA256
}

// signers demands that the key changes only where a report says so, and tells of
// each change.
func (r *verifier) signers() {
	for i, rep := range r.reports {
		if !rep.signed {
			continue
		}
		if i > 0 && r.contiguous(i) && r.reports[i-1].signed && !rep.signedInTurn(r.reports[i-1]) {
			continue
		}
		switch x := rep.p.Rotation; {
		case x == nil:
		case rep.p.Signer.SPKISHA256 == x.NewSPKISHA256:
			r.exceptionf("report %d: %s: no signature of key %s vouches for the change to key %s, only the trust root does", rep.number(),
				CodeOldKeyUnavailable, x.OldSPKISHA256, x.NewSPKISHA256)
		default:
			r.exceptionf("report %d: key %s hands over to key %s", rep.number(), x.OldSPKISHA256, x.NewSPKISHA256)
		}
	}
}

// signedInTurn demands that the report is signed by the key in force since the
// one before it, or replaces that very key.
func (rep *report) signedInTurn(before *report) bool {
	want := NextSigner(before.p)
	switch x := rep.p.Rotation; {
	case x != nil && x.OldSPKISHA256 != want:
		rep.problemf(FileBundle, "rotation: it replaces key %s, and the key in force since report %d is %s", x.OldSPKISHA256, before.dir, want)
	case x != nil || rep.p.Signer.SPKISHA256 == want:
		return true
	case before.p.Rotation != nil:
		rep.problemf(FileBundle, "it is signed by key %s, and report %d hands over to key %s", rep.p.Signer.SPKISHA256, before.dir, want)
	default:
		rep.problemf(FileBundle, "it is signed by key %s, report %d by key %s, and no key rotation stands between them",
			rep.p.Signer.SPKISHA256, before.dir, want)
	}
	return false
}

// handedOver ends the finding about an unknown key where an earlier report
// hands over to it: most likely the trust root is an old one.
func (r *verifier) handedOver(spki string) string {
	for _, rep := range r.reports {
		if x := rep.p.Rotation; rep.signed && x != nil && x.NewSPKISHA256 == spki {
			return fmt.Sprintf("; report %d hands over to this key, so ask the organization for its newer trust root", rep.number())
		}
	}
	return ""
}
