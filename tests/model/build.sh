#!/bin/sh
# build.sh SOURCES OUT: compiles the model over the sources below the directory
# SOURCES (the tree, or one that mutants.test has changed) to the program OUT.
#
# Real code is compiled with -fsanitize=thread, without the sanitizer behind it, and
# made smaller: record.h by scale.h, enumerators by sed. Each sed must find its line.
set -e
sources=$1 out=$2
model=${top_srcdir:?}/tests/model
: "${CC:=gcc}"
work=$out.work
rm -rf "$work"
mkdir -p "$work/preload" "$work/keeper" "$work/analyzer"

flags="-std=gnu11 -D_GNU_SOURCE -O1 -g -w -fno-pie -fno-builtin-memset -fno-builtin-memcpy
    -fno-tree-vectorize -mno-red-zone -fcf-protection=none -iquote $work
    -iquote $sources -iquote $top_srcdir -iquote $model -iquote $sources/preload/arch/x86_64"

# scale FILE FROM TO: a number of the real code that is too large for a model
scale() {
	if ! grep -q "$2" "$work/$1"; then
		echo "$1 has no \"$2\" any more" >&2
		exit 99
	fi
	sed -i "s/$2/$3/" "$work/$1"
}

# real FILE: one source of the shim or the keeper
real() {
	object=$work/$(echo "$1" | tr / _).o
	$CC $flags -include "$model/scale.h" -fsanitize=thread \
	    --param tsan-instrument-func-entry-exit=0 -c -o "$object" "$work/$1"
	objcopy --set-section-flags .bss=alloc,load,data,contents "$object"
	objcopy --rename-section .bss=procdata --rename-section .data=procdata \
	    --redefine-sym memset=model_memset --redefine-sym memcpy=model_memcpy "$object"
	objects="$objects $object"
}

objects=
for file in ring slots thread stacks; do
	cp "$sources/preload/$file.c" "$work/preload/"
done
scale preload/ring.c 'i < 1000' 'i < 2'
scale preload/ring.c '== 0 ? 16384' '== 0 ? 256'
scale preload/stacks.c 'STACKS_FIRST = 2048' 'STACKS_FIRST = 64'
scale preload/stacks.c 'STACKS_MAX = 1 << 23' 'STACKS_MAX = 1 << 10'
for file in ring slots thread stacks; do
	real preload/$file.c
done
$CC $flags -include "$model/scale.h" -fsanitize=thread \
    --param tsan-instrument-func-entry-exit=0 -c -o "$work/hook.o" "$model/hook.c"
for file in memory search access kernel law scene; do
	$CC $flags -O2 -include "$model/scale.h" -c -o "$work/$file.o" "$model/$file.c"
	objects="$objects $work/$file.o"
done
$CC -no-pie -o "$out" $objects "$work/hook.o"
