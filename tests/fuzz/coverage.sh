#!/bin/sh
# coverage.sh FILE...: `make fuzz-coverage`. Lines of each source that the kept inputs
# reach, and those that the tests COVERAGE_TESTS reach too, from the build's top.
# MISSED=1 tells the numbers of the others.
set -u
: "${top_srcdir:?}" "${FUZZERS:?}" "${COVERAGE_TESTS:?}"
out=fuzz/coverage
raw=$out/raw
rm -rf "$raw"
mkdir -p "$raw/corpus" "$raw/tests"
objects=
for name in $FUZZERS; do
	LLVM_PROFILE_FILE=$raw/corpus/$name-%p timeout 600 "$out/fuzz_$name" \
	    "$top_srcdir/tests/fuzz/corpus/$name" >"$raw/log" 2>&1 || {
		tail -n 5 "$raw/log"
		echo "coverage.sh: $name failed" >&2
		exit 1
	}
	objects="$objects${objects:+ -object} $out/fuzz_$name"
done
for test in $COVERAGE_TESTS; do
	LLVM_PROFILE_FILE=$raw/tests/$(basename "$test")-%p timeout 600 "$out/$test" \
	    >"$raw/log" 2>&1 || {
		tail -n 5 "$raw/log"
		echo "coverage.sh: $test failed" >&2
		exit 1
	}
	objects="$objects -object $out/$test"
done
llvm-profdata-14 merge -o "$raw/kept" "$raw"/corpus/* &&
    llvm-profdata-14 merge -o "$raw/all" "$raw"/corpus/* "$raw"/tests/* || exit 1

# Those lines of each file that were not reached; by its path's end, since clang keeps it
# as the build has it.
# shellcheck disable=SC2086
for what in kept all; do
	llvm-cov-14 export -format=lcov $objects -instr-profile="$raw/$what" >"$raw/$what.lines" \
	    2>"$raw/log" || {
		cat "$raw/log"
		exit 1
	}
done

# percent WHAT FILE: how many lines it has, how many of a hundred ran, which did not
percent() {
	awk -F'[:,]' -v file="/$2" '
	    $1 == "SF" { ours = substr($2, length($2) - length(file) + 1) == file }
	    ours && $1 == "DA" { lines++; if ($3 == 0) missed = missed " " $2; else ran++ }
	    END { if (lines > 0) printf "%d %.1f%s", lines, 100 * ran / lines, missed }
	' "$raw/$1.lines"
}

printf '%-32s %6s %8s %10s\n' file lines corpus 'and tests'
for file in "$@"; do
	kept=$(percent kept "$file") all=$(percent all "$file")
	[ -n "$kept" ] && [ -n "$all" ] || {
		echo "coverage.sh: nothing is known of $file" >&2
		exit 1
	}
	echo "$kept" | {
		read -r lines reached _
		printf '%-32s %6s %7s%%' "$file" "$lines" "$reached"
	}
	echo "$all" | {
		read -r _ reached missed
		printf ' %9s%%\n' "$reached"
		[ -z "${MISSED-}" ] || echo "    $missed"
	}
done
