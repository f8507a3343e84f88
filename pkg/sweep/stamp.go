package sweep

import (
	"context"
	"errors"
	"fmt"

	"github.com/sweeper-audit/sweeper/pkg/evidence"
)

// CodeTimestampMissing says that the time stamp authority gave nothing when the
// report was made, and that the policy does without. It stands in reasons[].
const CodeTimestampMissing = "TIMESTAMP_MISSING"

// stampTries is how often an authority is asked for one time stamp.
const stampTries = 3

// unstamped asks the authority for a time stamp of a report that is about to be
// made, where the policy is best-effort: whether there will be one must be known
// before the payload is signed, since a time stamp is over the signature.
func (s *Sweeper) unstamped(ctx context.Context, run *Run) bool {
	if run.Spec.Timestamp != evidence.PolicyBestEffort {
		return false
	}
	_, err := s.stamp(ctx, []byte(run.ID))
	if err != nil {
		s.Log.Warn().Err(err).Msg("the report will have no time stamp")
	}
	return err != nil
}

// rehearseStamp has the rehearsed report stamped. Under the policy required, a
// run that could not seal its report is so stopped before it deletes.
func (s *Sweeper) rehearseStamp(ctx context.Context, run *Run, bundle []byte) error {
	if run.Spec.Timestamp != evidence.PolicyRequired {
		return nil
	}
	_, err := s.stamped(ctx, run.Spec.Timestamp, bundle)
	return err
}

// stamped puts a time stamp into a bundle, as the policy demands.
func (s *Sweeper) stamped(ctx context.Context, policy string, bundle []byte) ([]byte, error) {
	if policy != evidence.PolicyRequired && policy != evidence.PolicyBestEffort {
		return bundle, nil
	}
	_, sig, _, err := evidence.OpenBundle(bundle)
	if err != nil {
		return nil, err
	}
	token, err := s.stamp(ctx, sig)
	if err == nil && len(s.Trust.TSARoots) > 0 {
		_, err = evidence.CheckStamp(bundle, token, s.Trust.TSARoots)
	}
	switch {
	case err == nil:
		return evidence.AddToken(bundle, token)
	case policy == evidence.PolicyRequired:
		return nil, fmt.Errorf("a time stamp is required (signing.timestamp), and there is none: %w", err)
	default:
		s.Log.Warn().Err(err).Msg("the report has no time stamp; \"sweeper report timestamp\" adds one later")
		return bundle, nil
	}
}

// stamp asks the authority, again after a pause if it gives nothing.
func (s *Sweeper) stamp(ctx context.Context, sig []byte) (token []byte, err error) {
	if s.Stamp == nil {
		return nil, errors.New("no time stamp authority is set (signing.timestamp.url)")
	}
	pauses := s.pauses()
	for try := 1; ; try++ {
		if token, err = s.Stamp(ctx, sig); err == nil || try == stampTries {
			return token, err
		}
		if e := pause(ctx, ctx, pauses.NextBackOff()); e != nil {
			return nil, e
		}
	}
}

// putTokens puts the time stamp that stands in a stored bundle beside it, where
// openssl reads it.
func (s *Sweeper) putTokens(ctx context.Context, number int64, bundle []byte) error {
	tokens, err := evidence.Tokens(bundle)
	if err != nil {
		return fmt.Errorf("vault: report %d: %w", number, err)
	}
	for i, token := range tokens {
		if _, err := once(ctx, s.Vault, reportFile(number, evidence.FileToken(i+1)), token); err != nil {
			return err
		}
	}
	return nil
}
