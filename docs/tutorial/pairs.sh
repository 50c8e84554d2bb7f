#!/bin/sh
# Compares two commands: runs them in turn, so that what else the machine does meets
# both. Prints the medians of user and system time, and the ratio with its quartiles.
#
#     pairs.sh PAIRS BEFORE AFTER
set -eu
[ $# -eq 3 ] || {
	echo 'usage: pairs.sh PAIRS BEFORE AFTER' >&2
	exit 2
}
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT

run() {
	/usr/bin/time -q -a -o "$dir/$1" -f '%U %S' sh -c "$2" >/dev/null 2>&1 || [ $? -lt 126 ]
}
# Reads numbers; prints the lower quartile, the median and the upper quartile.
quartiles() {
	sort -n | awk '{ v[NR] = $1 }
	    END { printf "%.3f %.3f %.3f\n", v[int((NR + 3) / 4)], v[int((NR + 1) / 2)],
	        v[int((3 * NR + 3) / 4)] }'
}

i=0
while [ "$i" -lt "$1" ]; do
	run before "$2"
	run after "$3"
	i=$((i + 1))
done
for side in before after; do
	printf '%-7s' $side
	awk '{ print $1 + $2 }' "$dir/$side" | quartiles | awk '{ print $2, "s" }'
done
paste "$dir/before" "$dir/after" | awk '$1 + $2 > 0 { print ($3 + $4) / ($1 + $2) }' |
    quartiles | awk '{ print "ratio  " $2 " (" $1 " to " $3 ")" }'
