# Helpers of the fault matrix (tests/preload/*.test), to be sourced.
#
# A case is a small program of tests/faults, compiled here. It runs natively and
# then under the shim, in each mode, with the counting shim (tests/lib/count.c)
# behind ours: same output, same wait status, in bounded time; exact counters
# equal to the counting shim's; in full mode every event recorded.
#
# What passed and what failed is said in lines "ok: CASE (MODE): ..." and "FAIL: CASE
# (MODE): ...", which matrix.py reads for the rows of tests/faults/rows.txt.
#
#   ESC_SHIM, ESC_SHIM_UNWIND, ESC_KEEPER  where they are, if not in the build
#   FAULT_TIMEOUT  seconds for one run (180): only a hang is longer
#   FAULT_MODES    (full sampled auto, two with marks); each may carry options
#   FAULT_EXPECT   wait status of the native run, in the shell's terms (0)
#   FAULT_TOLERANCE  events a thread that may be missing, where threads are killed (0)
#   FAULT_PREFIX   what runs the program under the shim, unprofiled itself
#   FAULT_AHEAD    libraries to load before the shim, FAULT_BEHIND behind it (the counting
#                  shim; empty: glibc, and then nobody else counts)
#   FAULT_NATIVE   libraries of the native run

: "${top_srcdir:=$(cd "$(dirname "$0")/../.." && pwd)}"
: "${top_builddir:=.}"
: "${CC:=gcc}"
: "${CXX:=g++}"
: "${FAULT_TIMEOUT:=180}"
: "${FAULT_MODES:=full sampled auto full:marks=16 sampled:marks=16}"
if [ -f "$top_srcdir/tests/lib/common.sh" ]; then
	. "$top_srcdir/tests/lib/common.sh"
fi
top_srcdir=$(cd "$top_srcdir" && pwd)
top_builddir=$(cd "$top_builddir" && pwd)
LC_ALL=C
export LC_ALL
unset ESC_OPTIONS LD_PRELOAD

# fault_first FILE...: the first that exists
fault_first() {
	for fault_file; do
		if [ -f "$fault_file" ]; then
			echo "$fault_file"
			return 0
		fi
	done
	return 1
}

fault_skip() {
	echo "SKIP: $*"
	exit 77
}

fault_error() {
	echo "ERROR: $*"
	exit 99
}

fault_failed=0

fault_fail() {
	echo "FAIL: $*"
	fault_failed=1
}

fault_pass() {
	echo "ok: $*"
}

fault_end() {
	exit "$fault_failed"
}

: "${ESC_SHIM:=$(fault_first "$top_builddir/preload/.libs/libesc.so" \
    "$top_builddir/.libs/libesc.so" "$top_builddir/libesc.so" \
    "$top_builddir/preload/libesc.so")}"
: "${ESC_SHIM_UNWIND:=$(fault_first \
    "$top_builddir/preload/.libs/libesc-unwind.so" \
    "$top_builddir/.libs/libesc-unwind.so" "$top_builddir/libesc-unwind.so" \
    "$top_builddir/preload/libesc-unwind.so")}"
: "${ESC_KEEPER:=$(fault_first "$top_builddir/esc-keeper" \
    "$top_builddir/keeper/esc-keeper")}"
[ -f "$ESC_SHIM" ] || fault_error "libesc.so is not built"

fault_tmp=$(mktemp -d) || exit 99
trap 'rm -rf "$fault_tmp"' EXIT
trap 'exit 99' HUP INT TERM
cd "$fault_tmp" || exit 99

# fault_build NAME [ARGUMENT...]: tests/faults/NAME.c or .cc, to ./NAME
fault_build() {
	fault_name=$1
	shift
	fault_source=$(fault_first "$top_srcdir/tests/faults/$fault_name.c" \
	    "$top_srcdir/tests/faults/$fault_name.cc") || exit 99
	fault_compiler=$CC
	case $fault_source in
	*.cc) fault_compiler=$CXX ;;
	esac
	# A compiler may say "-std" and the like with it: split it.
	# shellcheck disable=SC2086
	$fault_compiler -O1 -g -w -fno-builtin -iquote "$top_srcdir" \
	    -o "$fault_name" "$fault_source" "$@" -lpthread -ldl ||
	    fault_error "$fault_name does not compile"
}

fault_tools() {
	$CC -std=gnu11 -O2 -w -fPIC -fvisibility=hidden -fno-builtin -shared \
	    -o count.so "$top_srcdir/tests/lib/count.c" &&
	    $CC -std=gnu11 -O2 -w -iquote "$top_srcdir" -o tracecount \
		"$top_srcdir/tests/lib/tracecount.c" ||
	    fault_error "the tools do not compile"
}

# fault_number NAME: from the last tracecount
fault_number() {
	awk -v name="$1" '$1 == name { print $2 }' counts
}

fault_status() {
	fault_state=0
	timeout -k 1 "$FAULT_TIMEOUT" "$@" || fault_state=$?
}

# fault_native COMMAND...: leaves native.out and native.status
fault_native() {
	if [ -n "${FAULT_NATIVE:-}" ]; then
		truncate -s 1M count.file || exit 99
		set -- env COUNT_FILE="$fault_tmp/count.file" LD_PRELOAD="$FAULT_NATIVE" "$@"
	fi
	(fault_status "$@" >native.out 2>native.err </dev/null
	echo "$fault_state" >native.status) 2>/dev/null
}

# fault_shim OPTIONS COMMAND...: leaves esc.out, esc.status, count.file and traces,
# one for each program image
fault_shim() {
	fault_options=$1
	shift
	# The last one's keeper may only begin now, without its trace: what it says is not ours.
	rm -f count.file esc.*.esc esc.out esc.err
	truncate -s 1M count.file || exit 99
	if [ -n "$ESC_KEEPER" ]; then
		fault_options="keeper=$ESC_KEEPER:$fault_options"
	fi
	# shellcheck disable=SC2086
	(fault_status $FAULT_PREFIX env COUNT_FILE="$fault_tmp/count.file" \
	    ESC_OPTIONS="$fault_options" \
	    LD_PRELOAD="${FAULT_AHEAD:-} ${FAULT_SHIM:-$ESC_SHIM}${FAULT_BEHIND- $fault_tmp/count.so}" \
	    "$@" >esc.out 2>esc.err </dev/null
	echo "$fault_state" >esc.status) 2>/dev/null
	# Where nobody else counts, its launcher's allocations are no part of what is counted.
	[ -n "${FAULT_BEHIND-count}" ] || rm -f esc.valgrind.bin.*.esc
}

# fault_same WHAT: output and status of the two runs
fault_same() {
	if ! cmp -s native.out esc.out; then
		fault_fail "$1: other output"
		diff native.out esc.out | head -n 5
		head -n 5 esc.err
	elif ! cmp -s native.status esc.status; then
		fault_fail "$1: status $(cat esc.status), native $(cat native.status)"
		head -n 5 esc.err
	elif ! cmp -s native.err esc.err; then
		fault_fail "$1: other stderr"
		diff native.err esc.err | head -n 5
	else
		return 0
	fi
	return 1
}

# fault_counts WHAT [TOLERANCE]: the traces against themselves and the counting shim
fault_counts() {
	if ! ls esc.*.esc >traces 2>/dev/null; then
		fault_fail "$1: no trace"
		return 1
	fi
	fault_counted="-c count.file"
	[ -n "${FAULT_BEHIND-count}" ] || fault_counted=
	# shellcheck disable=SC2086
	if ! ./tracecount -k "${2:-0}" $fault_counted esc.*.esc >counts; then
		fault_fail "$1: $(grep '^bad' counts | head -n 3)"
		return 1
	fi
	if [ "$(fault_number dropped)" -ne 0 ] && [ "${2:-0}" -eq 0 ]; then
		fault_fail "$1: $(fault_number dropped) dropped"
		return 1
	fi
	return 0
}

# fault_case NAME [ARGUMENT...]: native, then each mode
fault_case() {
	fault_native "./$@"
	if [ "$(cat native.status)" -eq 77 ]; then
		fault_pass "$* (not on this system)"
		return
	fi
	if [ "$(cat native.status)" -ne "${FAULT_EXPECT:-0}" ]; then
		fault_fail "$*: native status $(cat native.status)"
		return
	fi
	for fault_mode in $FAULT_MODES; do
		fault_shim "mode=$fault_mode" "./$@"
		if fault_same "$* ($fault_mode)" &&
		    fault_counts "$* ($fault_mode)" "${FAULT_TOLERANCE:-0}"; then
			fault_pass "$* ($fault_mode): $(fault_number allocations)" \
			    "allocations, $(fault_number frees) frees"
		fi
	done
}
