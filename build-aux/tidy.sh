#!/bin/sh
# tidy.sh cppcheck, or tidy.sh clang-tidy [CHECKS]: what they say of our C; CHECKS are added
# to those of .clang-tidy. 1 if they say anything, 77 without the tool.
set -u
cd "${top_srcdir:?}" || exit 99
case $1 in
cppcheck)
	command -v cppcheck >/dev/null || exit 77
	# Not asked for, since the answer is no fault:
	# - missingIncludeSystem: the system's headers are the compiler's business
	# - unusedStructMember: of the trace's and the kernel's layouts we use a part
	# - variableScope: declarations stand where a block begins, the outermost mostly
	# - ctuuninitvar: takes what a callee fills in for what it reads
	# - internalAstError: files that the build makes, and that are included, are not there
	# - shiftTooManyBitsSigned: shifts of signed numbers are as gcc defines them
	exec cppcheck --quiet --enable=warning,style,performance,portability --inline-suppr \
	    --suppress=missingIncludeSystem --suppress=unusedStructMember \
	    --suppress=variableScope --suppress=ctuuninitvar --suppress=internalAstError \
	    --suppress=shiftTooManyBitsSigned --error-exitcode=1 \
	    -I . -I preload/arch/x86_64 preload keeper analyzer web/server
	;;
clang-tidy)
	for tidy in clang-tidy-14 clang-tidy ''; do
		[ -n "$tidy" ] || exit 77
		"$tidy" --version 2>/dev/null | grep -q 'version 14\.' && break
	done
	# So many at a time, since it starts slowly. stderr has how many messages of the system's
	# headers were left out.
	# shellcheck disable=SC2016 # the inner shell's
	find preload keeper analyzer web/server -name '*.c' | sort | xargs -n 16 sh -c '
		tidy=$1 checks=$2 build=$3
		shift 3
		"$tidy" --quiet --checks="$checks" "$@" -- -std=gnu11 -DHAVE_CONFIG_H \
		    -D_GNU_SOURCE= -DESC_LIBDIR="\"\"" -DESC_KEEPER="\"\"" -iquote . \
		    -iquote "$build" -iquote preload/arch/x86_64 2>/dev/null || {
			echo "clang-tidy ended with $?: one of $*"
			exit 1
		}' sh "$tidy" "${2-}" "${top_builddir:?}" || exit 1
	;;
*) exit 99 ;;
esac
