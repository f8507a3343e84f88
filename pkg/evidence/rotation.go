package evidence

import "fmt"

// rotation checks what a report says of a change of keys.
func (v *validator) rotation() {
	p := v.p
	lost := v.says(CodeOldKeyUnavailable)
	if p.Rotation == nil || p.ReportType != TypeKeyRotation {
		v.need((p.Rotation == nil) == (p.ReportType != TypeKeyRotation), "rotation stands in a key-rotation report, and only there")
		v.need(!lost || p.ReportType == TypeKeyRotation, "reasons[] says %s in a report of type %s", CodeOldKeyUnavailable, p.ReportType)
		return
	}
	x := p.Rotation
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
// signed by: the same one, or the new one after a key rotation. Another key may
// sign only a key rotation that says OLD_KEY_UNAVAILABLE.
func NextSigner(p Predicate) string {
	if p.Rotation != nil {
		return p.Rotation.NewSPKISHA256
	}
	return p.Signer.SPKISHA256
}

// signers demands that the key changes by key-rotation reports alone.
func (r *verifier) signers() {
	for i, rep := range r.reports {
		if i == 0 || !r.contiguous(i) || !rep.signed || !r.reports[i-1].signed {
			continue
		}
		before := r.reports[i-1]
		want := NextSigner(before.p)
		switch x := rep.p.Rotation; {
		case x != nil && x.OldSPKISHA256 != want:
			rep.problemf(FileBundle, "rotation: it replaces key %s, and the key in force since report %d is %s", x.OldSPKISHA256, before.dir, want)
		case x != nil && rep.p.Signer.SPKISHA256 == x.NewSPKISHA256:
			r.exceptionf("report %d: %s: no signature of key %s vouches for the change to key %s, only the trust root does", rep.dir,
				CodeOldKeyUnavailable, x.OldSPKISHA256, x.NewSPKISHA256)
		case x != nil:
			r.exceptionf("report %d: key %s hands over to key %s", rep.dir, x.OldSPKISHA256, x.NewSPKISHA256)
		case rep.p.Signer.SPKISHA256 == want:
		case before.p.Rotation != nil:
			rep.problemf(FileBundle, "it is signed by key %s, and report %d hands over to key %s", rep.p.Signer.SPKISHA256, before.dir, want)
		default:
			rep.problemf(FileBundle, "it is signed by key %s, report %d by key %s, and no key rotation stands between them",
				rep.p.Signer.SPKISHA256, before.dir, want)
		}
	}
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
