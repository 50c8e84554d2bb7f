# Databases made by hand, in a directory of the test's own.
. "${top_srcdir:?}/tests/lib/common.sh"
esc=$(cd "$top_builddir" && pwd)/esc
mkdb=$(cd "$top_builddir" && pwd)/tests/lib/mkdb
work=$(mktemp -d) || exit 99
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 99
for kind in rich hostile deep merged empty nothing; do
	"$mkdb" $kind.db $kind || exit 99
done
unset ESC_PAGER PAGER NO_COLOR
