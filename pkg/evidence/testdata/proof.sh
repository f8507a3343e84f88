#!/usr/bin/env bash
# Checks a proof with openssl, jq and coreutils alone:
#
#	proof.sh PROOF PUBLIC-KEY
#
# and prints the entry's name, its line, and what the report says of its run.
set -euo pipefail
shopt -s inherit_errexit
P=$1 PUB=$2 W=$(mktemp -d) PT=application/vnd.in-toto+json
trap 'rm -r "$W"' EXIT

# The signature over the payload, and the signer that it names.
jq -e --arg t $PT '.bundle.dsseEnvelope.payloadType==$t' "$P" >/dev/null
jq -j .bundle.dsseEnvelope.payload "$P" | base64 -d >"$W/payload.json"
jq -j '.bundle.dsseEnvelope.signatures[0].sig' "$P" | base64 -d >"$W/sig.bin"
{ printf 'DSSEv1 %d %s %d ' ${#PT} $PT "$(wc -c <"$W/payload.json")"; cat "$W/payload.json"; } >"$W/pae.bin"
openssl dgst -sha256 -verify "$PUB" -signature "$W/sig.bin" "$W/pae.bin" >/dev/null
SPKI=$(openssl pkey -pubin -in "$PUB" -outform DER | sha256sum | cut -d' ' -f1)
jq -e --arg s "$SPKI" '.predicate.signer.spkiSha256==$s' "$W/payload.json" >/dev/null

# Name and opening give the line's keyHmac; kind and bucket are the line's and the store's.
jq -j .name "$P" | base64 -d >"$W/name"
HMAC=$({ printf 'sweeper/entry/v1\0'; jq -j .opening "$P" | base64 -d; cat "$W/name"; } | sha256sum | cut -d' ' -f1)
jq -j .line "$P" >"$W/line"
jq -e --arg h "$HMAC" '.keyHmac==$h' "$W/line" >/dev/null
STORE=$(jq .store "$W/line")
KIND=$(jq -r .kind "$W/line") BUCKET=$(jq -r ".predicate.stores[$STORE].bucket" "$W/payload.json")
printf '%s\0%s\0' "$KIND" "$BUCKET" | cmp -n $((${#KIND} + ${#BUCKET} + 2)) - "$W/name"

# The line is in its part, and the part in the signed root (RFC 9162, section 2.1.3.2).
bytes() { tr a-f A-F | basenc -d --base16; }
node() { printf '01%s%s' "$1" "$2" | bytes | sha256sum | cut -d' ' -f1; }
climb() { # LEAF-HASH INDEX COUNT SIBLING...
	local r=$1 fn=$2 sn=$(($3 - 1)) p
	shift 3
	for p; do
		((sn > 0)) || return 1 # more siblings than the tree is high
		if ((fn % 2 == 1 || fn == sn)); then
			r=$(node "$p" "$r")
			while ((fn % 2 == 0 && fn > 0)); do fn=$((fn / 2)) sn=$((sn / 2)); done
		else
			r=$(node "$r" "$p")
		fi
		fn=$((fn / 2)) sn=$((sn / 2))
	done
	((sn == 0)) || return 1
	echo "$r"
}
LEAF=$({ printf '\0'; cat "$W/line"; } | sha256sum | cut -d' ' -f1)
PART=$(climb "$LEAF" "$(jq .lineIndex "$P")" "$(jq .lineCount "$P")" $(jq -r '.lineProof[]' "$P"))
LEAF=$(printf '00%s' "$PART" | bytes | sha256sum | cut -d' ' -f1)
ROOT=$(climb "$LEAF" "$(jq .partIndex "$P")" "$(jq .predicate.manifest.partCount "$W/payload.json")" $(jq -r '.partProof[]' "$P"))
jq -e --arg r "$ROOT" '.predicate.manifest.rootHash==$r' "$W/payload.json" >/dev/null

tr '\0' '\n' <"$W/name"
echo
cat "$W/line"
echo
jq -c '.predicate | {sequence: .chain.sequence, type: .reportType, started: .run.startedAt, finished: .run.finishedAt}' "$W/payload.json"
