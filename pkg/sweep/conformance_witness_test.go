package sweep_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/sweeper-audit/sweeper/pkg/evidence"
	"github.com/sweeper-audit/sweeper/pkg/sweep"
)

const zdrHeader = "zero-data-retention"

// saying gives an object metadata about Zero Data Retention.
func saying(value string) func(*s3.PutObjectInput) {
	return func(in *s3.PutObjectInput) { in.Metadata = map[string]string{zdrHeader: value} }
}

// looks counts the requests for the metadata of objects.
func (r *real) looks() (n int64) {
	for _, c := range r.Calls("HeadObject") {
		if strings.TrimPrefix(c.Path, "/"+r.bucket+"/") != c.Path {
			n++
		}
	}
	return n
}

func (r *real) wantWitness(s *sweep.Sealed, looked, found int64) {
	r.t.Helper()
	if got, want := s.Predicate.ZDR.Witness, (evidence.Witness{Looked: looked, Found: found}); got != want {
		r.t.Errorf("report %d: the witness is %+v, want %+v", s.Number, got, want)
	}
}

// The metadata counts in a bucket that never had versioning, too, where entries
// have no ids.
func testWitness(t *testing.T, b *bench) {
	for _, state := range []types.BucketVersioningStatus{"", enabled, suspended} {
		t.Run("versioning "+string(state), func(t *testing.T) {
			r := newReal(t, b.Server, state)
			r.roster(since("zdr", -time.Hour), since("zero", -time.Hour))
			r.today()
			r.make("acme/silent")
			r.make("acme/denies", saying("false"))
			r.make("zdr/before")
			r.begin("acme/upload")
			if s := r.run(); r.looks() != 0 || s.Predicate.ZDR.Witness != (evidence.Witness{}) {
				t.Errorf("the witness is off, and %d entries were looked at", r.looks())
			}
			r.spec.Metadata = sweep.Metadata{Header: zdrHeader, Sample: 200}
			s := r.run()
			r.wantResult(s, evidence.ResultKeptWithExceptions, 0, sweep.CodeZDRResidual)
			r.wantWitness(s, 3, 0)

			r.make("acme/confesses", saying("true"))
			s = r.run()
			r.wantResult(s, evidence.ResultBroken, 3, evidence.CodeZDRMetadata)
			r.wantWitness(s, 4, 1)
			r.wantRow(s, evidence.TeamRow{Team: "zdr", Store: "store", Objects: 1, Remaining: 1, State: evidence.StateResidual})

			r.make("zdr/confesses", saying("true"))
			s = r.run()
			r.wantResult(s, evidence.ResultBroken, 3, evidence.CodeZDRMetadata, sweep.CodeZDRViolation)
			r.wantWitness(s, 5, 2)
			r.wantRow(s, evidence.TeamRow{Team: "zdr", Store: "store", Objects: 2, Remaining: 2, State: evidence.StateViolation})
			r.wantRow(s, evidence.TeamRow{Team: "zero", Store: "store", State: evidence.StateZero})
			if n := reason(s, evidence.CodeZDRMetadata); n != 2 {
				t.Errorf("the reasons count %d, want 2", n)
			}
		})
	}
}

// What makes a version noncurrent, or hides it, takes nothing of what its
// metadata says.
func testWitnessSample(t *testing.T, b *bench) {
	r := newReal(t, b.Server, enabled)
	r.roster(since("zdr", -time.Hour))
	r.spec.Metadata = sweep.Metadata{Header: zdrHeader, Sample: 3}
	r.req.Type = evidence.TypeAttestation
	for i := range 5 {
		r.make(fmt.Sprintf("acme/old-%d", i), saying("true"))
	}
	r.split()
	r.make("acme/new", saying("true"))
	r.make("acme/new")
	r.make("acme/hidden")
	r.hide("acme/hidden")
	r.begin("acme/upload")
	s := r.run()
	r.wantWitness(s, 3, 1)
	r.wantResult(s, evidence.ResultBroken, 3, evidence.CodeZDRMetadata)
	if n := r.looks(); n != 3 {
		t.Errorf("%d entries were looked at, want 3", n)
	}
}

func testWitnessRefused(t *testing.T, b *bench) {
	r := newReal(t, b.Server, enabled)
	r.roster(since("zdr", time.Hour))
	r.spec.Metadata = sweep.Metadata{Header: zdrHeader, Sample: 10}
	r.make("acme/old")
	r.split()
	r.make("acme/young", saying("true"))
	r.refuse("HeadObject", http.StatusForbidden, "AccessDenied")
	s := r.run()
	r.wantThings("object acme/young") // that nobody may look keeps nothing
	r.wantResult(s, evidence.ResultInconclusive, 3, sweep.CodeWitnessIncomplete)
	r.wantWitness(s, 0, 0)
	if n := reason(s, sweep.CodeWitnessIncomplete); n != 2 {
		t.Errorf("the reasons count %d, want 2", n)
	}
}
