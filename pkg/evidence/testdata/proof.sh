#!/usr/bin/env bash
# Checks a proof with openssl, jq and coreutils alone:
#
#	proof.sh PROOF PUBLIC-KEY
#
# and prints the entry's kind, bucket, key and id, its line, and what the report
# says of its run. Whatever is not plain ASCII is printed as $'\123', as bash reads
# it: a key can hold bytes that steer a terminal.
set -euo pipefail
shopt -s inherit_errexit
export LC_ALL=C
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

# Its numbers are numbers and its hashes hashes, before the shell works with them.
jq -e '([.lineIndex, .lineCount, .partIndex] | all(type=="number" and .>=0 and .<1e15 and .==floor))
  and .lineIndex<.lineCount and ([.lineProof[], .partProof[]] | all(test("^[0-9a-f]{64}$")))' "$P" >/dev/null
jq -e '.predicate.manifest.partCount | type=="number" and .>=1 and .<1e15 and .==floor' "$W/payload.json" >/dev/null

# Name and opening give the line's keyHmac. The opening is 32 bytes, or else where
# it ends and the name begins would be anybody's choice.
jq -j .name "$P" | base64 -d >"$W/name"
jq -j .opening "$P" | base64 -d >"$W/opening"
(($(wc -c <"$W/opening") == 32))
HMAC=$({ printf 'sweeper/entry/v1\0'; cat "$W/opening" "$W/name"; } | sha256sum | cut -d' ' -f1)
jq -j .line "$P" >"$W/line"
jq -es --arg h "$HMAC" 'length==1 and .[0].keyHmac==$h' "$W/line" >/dev/null

# The name is kind, bucket, key and id with a NUL in between. Kind and bucket are
# the line's and the store's. A key may hold a NUL, kinds, buckets and ids don't.
mapfile -d '' -t NAME < <(cat "$W/name" && printf '\0')
((${#NAME[@]} >= 4))
KIND=${NAME[0]} BUCKET=${NAME[1]} ID=${NAME[-1]}
KEY=$(printf '%q' "${NAME[2]}")
for PIECE in "${NAME[@]:3:${#NAME[@]}-4}"; do KEY+="\$'\\0'$(printf '%q' "$PIECE")"; done
[ "$KEY" != "''" ]
jq -e --arg k "$KIND" --arg b "$BUCKET" --slurpfile p "$W/payload.json" '.kind==$k and (.store | type=="number" and .>=0)
  and $p[0].predicate.stores[.store].bucket==$b' "$W/line" >/dev/null

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

printf '%q\n%q\n%s\n%q\n' "$KIND" "$BUCKET" "$KEY" "$ID"
jq -ac . "$W/line"
jq -ac '.predicate | {sequence: .chain.sequence, type: .reportType, started: .run.startedAt, finished: .run.finishedAt}' "$W/payload.json"
