#!/usr/bin/env bash
# Checks one report with nothing but openssl, jq and coreutils.
#
#   recipe.sh REPORT_DIR PUBLIC_KEY REPORT_TYPE
#
# Run it on your own copy of the vault, with a public key that reached you by
# another way. It ends with 0 and prints the verdict, or stops at what is wrong.
set -euo pipefail
R=$1 KEY=$2 TYPE=$3
W=$(mktemp -d)
trap 'rm -rf "$W"' EXIT
PT=application/vnd.in-toto+json

# The envelope: its type, its payload, its one signature.
jq -e --arg t $PT '.dsseEnvelope.payloadType==$t' "$R/report.sigstore.json"
jq -r .dsseEnvelope.payload "$R/report.sigstore.json" | base64 -d > "$W/payload.json"
jq -r '.dsseEnvelope.signatures[0].sig' "$R/report.sigstore.json" | base64 -d > "$W/sig.bin"
{ printf 'DSSEv1 %d %s %d ' ${#PT} $PT "$(wc -c < "$W/payload.json")"; cat "$W/payload.json"; } > "$W/pae.bin"
openssl dgst -sha256 -verify "$KEY" -signature "$W/sig.bin" "$W/pae.bin"

# The payload names this key, and is of the kind that was asked for.
SPKI=$(openssl pkey -pubin -in "$KEY" -outform DER | sha256sum | cut -d' ' -f1)
jq -e --arg s "$SPKI" --arg t "$TYPE" '.predicate.signer.spkiSha256==$s and .predicate.reportType==$t' "$W/payload.json"

# The files are those that were signed, and the parts those that are listed. A
# report of a night on which nothing expired lists none.
(cd "$R" && jq -r '.subject[] | .digest.sha256 + "  " + .name' "$W/payload.json" | sha256sum -c -)
if [ -s "$R/parts.jsonl" ]; then
  (cd "$R" && jq -r '.sha256 + "  " + .name' parts.jsonl | sha256sum -c -)
fi
LINES=$(jq -r .name "$R/parts.jsonl" | while read -r P; do gunzip -c "$R/$P"; done | wc -l)
jq -e --argjson n "$LINES" '.predicate.manifest.recordCount==$n' "$W/payload.json"

jq -c '.predicate | {result, reasons, chain}' "$W/payload.json"
