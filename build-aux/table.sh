#!/bin/sh
# From the files of a table, its X-macro list: kind_name.c becomes X(name).
for f; do
	f=${f##*/}
	f=${f#*_}
	echo "X(${f%.c})"
done
