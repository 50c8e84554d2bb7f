# For every *.test: how it ends, and where things are.
top_builddir=${top_builddir:-.}
: "${top_srcdir:?}"

skip() {
	echo "SKIP: $*"
	exit 77
}

fail() {
	echo "FAIL: $*"
	exit 1
}

# comes COMMAND...: until it succeeds; a hang alone takes longer than these two minutes
comes() {
	for common_try in $(seq 1200); do
		"$@" && return
		sleep 0.1
	done
	echo "FAIL: does not come: $*"
	return 1
}

# hold_still: the rest of this test without addresses that are drawn at random, of which
# some kernels draw 32 bits, and then a sanitizer's own places may be taken
hold_still() {
	[ -n "${COMMON_STILL:-}" ] || ! setarch -R true 2>/dev/null ||
		COMMON_STILL=1 exec setarch -R sh "$0"
}
