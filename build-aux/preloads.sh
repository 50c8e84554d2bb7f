#!/bin/sh
# preloads.sh FOREIGN LIB DIR: makes DIR/esc, which `esc record` preloads DIR/libesc.so from,
# as esc/$LIB/libesc.so: links to it where 64-bit loaders look, FOREIGN (an empty library)
# where 32-bit ones do. LIB is what ours takes $LIB for.
#
# preloads.sh --remove DIR: takes it away again
set -eu

names='libesc.so libesc-unwind.so'
folders='lib/x86_64-linux-gnu lib/i386-linux-gnu lib64 lib32 lib'

if [ "$1" = --remove ]; then
	for folder in $folders; do
		for name in $names; do
			rm -f "$2/esc/$folder/$name"
		done
		rmdir "$2/esc/$folder" 2>/dev/null || :
	done
	rmdir "$2/esc" 2>/dev/null || :
	exit 0
fi

foreign=$1 ours=$2 dir=$3
for folder in $folders; do
	mkdir -p "$dir/esc/$folder"
	up=../..
	case $folder in */*) up=../../.. ;; esac
	# Plain "lib" is 32-bit where 64-bit is lib64, else that of a glibc by itself.
	case $folder/$ours in
	lib32/* | lib/i386-linux-gnu/* | lib/lib64) foreign_here=1 ;;
	*) foreign_here=0 ;;
	esac
	for name in $names; do
		rm -f "$dir/esc/$folder/$name"
		if [ $foreign_here = 1 ]; then
			cp "$foreign" "$dir/esc/$folder/$name"
			chmod 755 "$dir/esc/$folder/$name"
		else
			ln -s "$up/$name" "$dir/esc/$folder/$name"
		fi
	done
done
