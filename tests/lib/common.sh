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
