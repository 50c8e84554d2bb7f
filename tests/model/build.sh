#!/bin/sh
# build.sh SOURCES OUT [BASE CHANGED]: compiles the model over the sources below the
# directory SOURCES (the tree, or one that mutants.test has changed) to the program OUT.
# What does not include the file CHANGED is taken as it was compiled for BASE, which the
# tree itself was built to.
#
# Real code is compiled with -fsanitize=thread, without the sanitizer behind it, and
# made smaller: record.h by scale.h, enumerators by sed. Each sed must find its line.
set -e
sources=$1 out=$2 base=${3:-} changed=${4:-}
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

calls="memset memcpy open memfd_create close fstat fchmod fstatvfs pread pwrite ftruncate fallocate mmap munmap
    madvise flock poll inotify_init1 nanosleep clock_gettime kill opendir readdir closedir fopen fgets fclose
    getpid malloc calloc realloc reallocarray free"
renames=
for call in $calls; do
	renames="$renames --redefine-sym $call=model_$call"
done

# kept NAME: its object is the one of BASE
kept() {
	[ -n "$base" ] && ! grep -q "/$changed\( \|$\)" "$base.work/$1.d" || return 1
	objects="$objects $base.work/$1.o"
}

# real FILE [FLAG...]: one source of ours, its calls and its data those of the model
real() {
	file=$1
	shift
	name=$(echo "$file" | tr / _)
	! kept "$name" || return 0
	object=$work/$name.o
	$CC $flags -include "$model/scale.h" "$@" -MD -MF "$work/$name.d" -c -o "$object" "$work/$file"
	objcopy --set-section-flags .bss=alloc,load,data,contents "$object"
	objcopy --rename-section .bss=procdata --rename-section .data=procdata $renames "$object"
	objects="$objects $object"
}

objects=
stops="-fsanitize=thread --param tsan-instrument-func-entry-exit=0"
shim="preload/ring.c preload/slots.c preload/thread.c preload/stacks.c"
keeper="keeper/keeper.c keeper/close.c keeper/pause.c keeper/reclaim.c keeper/watch.c"
reader="analyzer/trace/reader.c analyzer/trace/reader_live.c analyzer/trace/settle.c
    analyzer/trace/snapshot.c
    analyzer/trace/definitions.c analyzer/trace/streams.c analyzer/trace/packed_none.c
    analyzer/util/files.c analyzer/util/crc32c.c analyzer/util/xalloc.c analyzer/util/map.c analyzer/util/err.c"
for file in $shim $keeper $reader; do
	mkdir -p "$work/$(dirname "$file")"
	cp "$sources/$file" "$work/$file"
done
scale preload/ring.c 'i < 1000' 'i < 2'
scale preload/ring.c 'RING_TURN = 1000000' 'RING_TURN = 4000000000'
scale preload/ring.c 'last == 0 ? 16384' 'last == 0 ? 256'
scale preload/ring.c 'segment->size - ESC_EVENT_MAX - 8' 'segment->size - scene_rest'
scale preload/slots.c 'SLOTS_STARVED_TICKS = 1 << 18' 'SLOTS_STARVED_TICKS = 0'
scale preload/stacks.c 'STACKS_FIRST = 2048' 'STACKS_FIRST = 64'
scale preload/stacks.c 'STACKS_MAX = 1 << 23' 'STACKS_MAX = 1 << 10'
scale keeper/keeper.c 'KEEPER_CHUNK = 1 << 20' 'KEEPER_CHUNK = 256'
scale keeper/keeper.c 'ahead < KEEPER_RESERVE' 'ahead < 512'
scale keeper/keeper.c 'ahead = KEEPER_RESERVE' 'ahead = 512'
scale analyzer/trace/reader_live.c 'LIVE_CLOSING_STEPS = 400' 'LIVE_CLOSING_STEPS = 3'
scale analyzer/trace/reader_live.c 'LIVE_BEAT_STEPS = 40' 'LIVE_BEAT_STEPS = 2'
scale analyzer/trace/reader_live.c 'LIVE_MOMENT_STEPS = 40' 'LIVE_MOMENT_STEPS = 2'
scale analyzer/trace/reader.c 'header_size > ESC_SEGMENT_MAX' 'header_size > 1 << 20'
for file in $shim $keeper; do
	real $file $stops
done
for file in $reader; do
	real $file
done
# modelled FILE FLAG...: one of the model's own
modelled() {
	file=$1
	shift
	! kept "$file" || return 0
	$CC $flags -include "$model/scale.h" "$@" -MD -MF "$work/$file.d" -c -o "$work/$file.o" \
	    "$model/$file.c"
	objects="$objects $work/$file.o"
}
for file in memory search access kernel law view scene; do
	modelled $file -O2
done
modelled hook $stops
$CC -no-pie -o "$out" $objects
