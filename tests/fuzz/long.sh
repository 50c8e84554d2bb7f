#!/bin/sh
# long.sh ENGINE NAME...: `make fuzz`. All fuzzers for HOURS together, as many at a
# time as there are processors, each with its share of the time.
set -u
engine=$1
shift
: "${top_srcdir:?}"
export top_srcdir
seconds=$(awk -v hours="${HOURS:-1}" -v count=$# -v cpus="$(nproc)" \
    'BEGIN { rounds = int((count + cpus - 1) / cpus); printf "%d", hours * 3600 / rounds }')
[ "$seconds" -gt 0 ] || {
	echo "long.sh: HOURS=${HOURS-} is too little for $# fuzzers" >&2
	exit 2
}
printf '%s\n' "$@" | xargs -P "$(nproc)" -I NAME sh -c \
    'said=$(sh "$top_srcdir/tests/fuzz/run.sh" "$1" "$2" NAME)
     status=$?
     echo "NAME: $said"
     exit $status' sh "$engine" "$seconds"
