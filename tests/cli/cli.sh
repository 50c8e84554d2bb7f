# Helpers of the command line's tests, to be sourced. Leaves us in an empty
# directory; `esc` is the one to test.
: "${top_srcdir:=$(cd "$(dirname "$0")/../.." && pwd)}"
: "${top_builddir:=.}"
: "${CC:=cc}"
top_srcdir=$(cd "$top_srcdir" && pwd)
top_builddir=$(cd "$top_builddir" && pwd)
. "$top_srcdir/tests/lib/common.sh"
LC_ALL=C
export LC_ALL
unset ESC_OPTIONS LD_PRELOAD NO_COLOR

cli_esc=${ESC:-$top_builddir/esc}
[ -x "$cli_esc" ] || {
	echo "ERROR: esc is not built"
	exit 99
}
cli_tmp=$(mktemp -d) || exit 99
trap 'rm -rf "$cli_tmp"' EXIT
trap 'exit 99' HUP INT TERM
cd "$cli_tmp" || exit 99
cli_failed=0

# cli_build NAME [FLAG...]: compiles the C program on standard input
cli_build() {
	cli_name=$1
	shift
	cat >"$cli_name.c"
	# A compiler may say "-std" and the like with it: split it.
	# shellcheck disable=SC2086
	$CC -O1 -g -w -fno-builtin -o "$cli_name" "$cli_name.c" "$@" 2>cc.err
}

# cli_run STATUS ARG...: esc's exit status; leaves out and err
cli_run() {
	cli_want=$1
	shift
	cli_what="esc $*"
	cli_got=0
	timeout -k 1 180 "$cli_esc" "$@" >out 2>err </dev/null || cli_got=$?
	if [ "$cli_got" -ne "$cli_want" ]; then
		cli_fail "exit status $cli_got, not $cli_want"
		head -n 3 err
	fi
}

cli_fail() {
	echo "FAIL: $cli_what: $*"
	cli_failed=1
}

# cli_says FILE REGEX
cli_says() {
	grep -Eq -e "$2" "$1" || {
		cli_fail "$1 does not say: $2"
		head -n 3 "$1"
	}
}

# cli_silent FILE
cli_silent() {
	[ ! -s "$1" ] || {
		cli_fail "$1 is not empty"
		head -n 3 "$1"
	}
}

# cli_is WHAT GOT WANT
cli_is() {
	[ "$2" = "$3" ] || cli_fail "$1 is $2, not $3"
}

# cli_closed FILE: whether its keeper has closed the trace, and given back the right to write,
# which it takes from when it begins
cli_closed() {
	"$cli_esc" dump --no-events "$1" 2>/dev/null | grep -q '^flags complete' &&
	    [ "$(stat -c %a "$1")" != 400 ]
}

cli_end() {
	exit "$cli_failed"
}
