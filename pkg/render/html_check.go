package render

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/sweeper-audit/sweeper/pkg/evidence"
)

// checkView is how a reader checks the report without this program.
type checkView struct {
	Expect          []fact
	Cosign, OpenSSL string // empty for a type of report that isn't known
}

var digest = regexp.MustCompile(`^[0-9a-f]{64}$`)

// check writes the two recipes. They are made to be pasted into a shell, so
// nothing of the report stands in them but its number, a type that is known, its
// counts and a digest.
func check(p evidence.Predicate) checkView {
	v := checkView{Expect: facts("Result", p.Result, "Manifest lines", count(p.Manifest.RecordCount), "Key (SPKI SHA-256)", p.Signer.SPKISHA256)}
	predicate := evidence.PredicateType(p.ReportType)
	if predicate == "" {
		return v
	}
	dir := evidence.ReportDir(p.Chain.Sequence)
	v.Cosign = fmt.Sprintf(`R=%s
cosign verify-blob-attestation --key signing.pub \
  --bundle $R/report.sigstore.json --type %s \
  --insecure-ignore-tlog $R/parts.jsonl`, dir, predicate)

	key := ""
	if digest.MatchString(p.Signer.SPKISHA256) {
		key = "\ntest $SPKI = " + p.Signer.SPKISHA256
	}
	var b strings.Builder
	fmt.Fprintf(&b, `set -euo pipefail
R=%s; W=$(mktemp -d); PT=application/vnd.in-toto+json

# The signature: over these very bytes, by the key that you hold.
jq -e --arg t $PT '.dsseEnvelope.payloadType==$t' $R/report.sigstore.json
jq -r .dsseEnvelope.payload $R/report.sigstore.json | base64 -d > $W/payload.json
jq -r '.dsseEnvelope.signatures[0].sig' $R/report.sigstore.json | base64 -d > $W/sig.bin
{ printf 'DSSEv1 %%d %%s %%d ' ${#PT} $PT $(wc -c < $W/payload.json); cat $W/payload.json; } > $W/pae.bin
openssl dgst -sha256 -verify signing.pub -signature $W/sig.bin $W/pae.bin

# The report: signed by this key, of this kind, with this number.
SPKI=$(openssl pkey -pubin -in signing.pub -outform DER | sha256sum | cut -d' ' -f1)%s
jq -e --arg s $SPKI '.predicate.signer.spkiSha256==$s and .predicate.reportType=="%s"
  and .predicate.chain.sequence==%d' $W/payload.json

# The files: those that were signed, and the parts that they list.
(cd $R && jq -r '.subject[] | .digest.sha256 + "  " + .name' $W/payload.json | sha256sum -c -)
`, dir, key, p.ReportType, p.Chain.Sequence)
	if p.Manifest.RecordCount > 0 {
		fmt.Fprintf(&b, `(cd $R && jq -r '.sha256 + "  " + .name' parts.jsonl | sha256sum -c -)

# The lines, recounted: %s, by outcome.
gunzip -c $R/manifest-*.jsonl.gz | jq -r .outcome | sort | uniq -c
%s`, of(p.Manifest.RecordCount, "line", "lines"), expected(p.Totals.OutcomeCounts))
	}
	if t := p.Evidence.TimestampPolicy; t != "" && t != "none" {
		b.WriteString("\n# The time, by an authority that you trust, where there is a token.\n" +
			"AT=$(openssl ts -reply -in $R/report.tsr -text | sed -n 's/^Time stamp: //p')\n" +
			"openssl ts -verify -data $W/sig.bin -in $R/report.tsr -CAfile tsa-root.pem -attime $(date -d \"$AT\" +%s)\n")
	}
	b.WriteString("\n# What it says.\njq '.predicate | {result, reasons, chain}' $W/payload.json")
	v.OpenSSL = b.String()
	return v
}

// expected is what the recount must print, as comments.
func expected(o evidence.OutcomeCounts) string {
	var b strings.Builder
	for _, t := range outcomeTerms(o) {
		if t.N > 0 {
			fmt.Fprintf(&b, "#   %d %s\n", t.N, t.Name)
		}
	}
	return b.String()
}
