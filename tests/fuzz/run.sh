#!/bin/sh
# run.sh ENGINE SECONDS NAME: fuzzes one parser for that long, from the build's
# top. What was found before is in fuzz/corpus/NAME; a finding is left in
# fuzz/findings, and the last lines say how to repeat it.
set -u
engine=$1 seconds=$2 name=$3
: "${top_srcdir:?}"
seeds=$top_srcdir/tests/fuzz/corpus/$name
kept=fuzz/corpus/$name
found=fuzz/findings/$name-
mkdir -p "$kept" fuzz/findings

# for findings: a link of the plain program
repeat() {
	echo "repeat it: tests/fuzz/fuzz_$name $1"
}

case $engine in
afl)
	export AFL_SKIP_CPUFREQ=1 AFL_I_DONT_CARE_ABOUT_MISSING_CRASHES=1 \
	    AFL_NO_AFFINITY=1 AFL_NO_UI=1 AFL_AUTORESUME=1 AFL_BENCH_UNTIL_CRASH=
	afl-fuzz -i "$seeds" -o "fuzz/afl-$name" -V "$seconds" -m none -t 5000+ \
	    -- "fuzz/afl/fuzz_$name" >"fuzz/$name.log" 2>&1 || {
		tail -n 20 "fuzz/$name.log"
		exit 1
	}
	sed -n 's/^\(execs_done\|execs_per_sec\|corpus_count\|edges_found\) *: /\1 /p' \
	    "fuzz/afl-$name/default/fuzzer_stats" | tr '\n' ' '
	echo
	for crash in "fuzz/afl-$name"/default/crashes/id* "fuzz/afl-$name"/default/hangs/id*; do
		[ -f "$crash" ] || continue
		cp "$crash" "$found$(basename "$crash" | tr ',:' '--')"
		repeat "$crash"
		status=1
	done
	exit ${status:-0}
	;;
*)
	# Behind an input that is cut off, the server's thread may be at its request still.
	leaks=1
	[ "$name" != connection ] || leaks=0
	# Memory beyond what any input of this size may take is a finding, too.
	"fuzz/$engine/fuzz_$name" -max_total_time="$seconds" -timeout=20 -rss_limit_mb=2048 \
	    -malloc_limit_mb=512 -print_final_stats=1 -detect_leaks=$leaks \
	    -artifact_prefix="$found" \
	    -dict="$top_srcdir/tests/fuzz/words.dict" \
	    "$kept" "$seeds" >"fuzz/$name.log" 2>&1 || {
		grep -v '^#[0-9]' "fuzz/$name.log" | tail -n 60
		echo "FINDING in $name"
		repeat "$(sed -n 's/.*Test unit written to //p' "fuzz/$name.log" | tail -n 1)"
		exit 1
	}
	sed -n 's/^stat::number_of_executed_units: */executions /p' "fuzz/$name.log"
	;;
esac
