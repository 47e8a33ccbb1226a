#!/usr/bin/env bash
# Looks at the dead letters of a queue by curl and jq, and requeues those whose error matches.
#
#   examples/requeue_dead.sh shop jobs 'timed out'     # FLO_HTTP=http://localhost:9000, FLO_TOKEN=…
set -euo pipefail

namespace=$1 queue=$2 pattern=$3
server=${FLO_HTTP:-http://localhost:9000}
headers=(-H 'Content-Type: application/json')
[ -z "${FLO_TOKEN:-}" ] || headers+=(-H "Authorization: Bearer $FLO_TOKEN")

call() { curl -sS --fail-with-body "${headers[@]}" "$server/v1/$namespace/$1" -d "$2"; }

cursor=null
while
  page=$(call queue.dlq_list "$(jq -n --arg queue "$queue" --argjson cursor "$cursor" \
    '{queue: $queue, limit: 1000} + if $cursor then {cursor: $cursor} else {} end')")
  seqs=$(jq -c --arg pattern "$pattern" \
    '[.messages[] | select((.error // "") | test($pattern)) | .seq]' <<<"$page")
  jq -r --arg pattern "$pattern" \
    '.messages[] | select((.error // "") | test($pattern)) | "\(.seq)\t\(.reason)\t\(.error)"' <<<"$page"
  if [ "$seqs" != '[]' ]; then
    count=$(call queue.dlq_requeue "$(jq -n --arg queue "$queue" --argjson seqs "$seqs" \
      '{queue: $queue, seqs: $seqs}')")
    echo "requeued: $count"
  fi
  cursor=$(jq -c .cursor <<<"$page")
  [ "$cursor" != null ]
do :; done
