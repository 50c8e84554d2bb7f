# Helpers of the tests of return marks (tests/preload/marks_*.test), to be sourced.
#
# A case is a program of tests/faults that allocates in each of its frames, run
# as the fault matrix runs it (faults.sh), with return addresses marked: what it
# prints and how it ends must be as natively, and marks must have been set.
#
#   MARKS_OPTIONS  what asks for marks (marks=8)
#   MARKS_LEAST    marks that must have been set (1); in sampled mode only by programs of
#                  10,000 allocations: of fewer the draws may all miss
#   MARKS_TOLERANCE  events a stream that may be missing (0)

: "${FAULT_MODES:=full sampled}"
: "${MARKS_OPTIONS:=marks=8}"
: "${MARKS_LEAST:=1}"
: "${CLANG:=clang}"
: "${CLANGXX:=clang++}"

. "${top_srcdir:?}/tests/lib/faults.sh"

# marks_compilers: a line for each that there is: name, C compiler, C++ compiler
marks_compilers() {
	echo "gcc $CC $CXX"
	if command -v "$CLANG" >/dev/null && command -v "$CLANGXX" >/dev/null; then
		echo "clang $CLANG $CLANGXX"
	fi
}

# marks_build COMPILER SOURCE [ARGUMENT...]: tests/faults/SOURCE to ./NAME
marks_build() {
	marks_compiler=$1
	marks_source=$2
	shift 2
	# shellcheck disable=SC2086
	$marks_compiler -g -w -fno-builtin -iquote "$top_srcdir" \
	    -o "${marks_source%.*}" "$top_srcdir/tests/faults/$marks_source" \
	    "$@" -lpthread -ldl || fault_error "$marks_source does not compile"
}

# marks_set WHAT: were there any, in the traces that fault_counts read?
marks_set() {
	case $1 in
	*sampled*)
		[ "$(fault_number allocations)" -ge 10000 ] || return 0
		;;
	esac
	if [ "$(fault_number marked)" -lt "$MARKS_LEAST" ]; then
		fault_fail "$1: $(fault_number marked) marks set"
		return 1
	fi
	return 0
}

# marks_case WHAT STATUS COMMAND...: natively with that status, then in each mode
marks_case() {
	marks_what=$1
	marks_status=$2
	shift 2
	fault_native "$@"
	if [ "$(cat native.status)" -ne "$marks_status" ]; then
		fault_fail "$marks_what: native status $(cat native.status)"
		return
	fi
	for fault_mode in $FAULT_MODES; do
		[ "$fault_mode" = full ] || fault_mode=sampled:sample=2048
		fault_mode=$fault_mode:$MARKS_OPTIONS
		fault_shim "mode=$fault_mode" "$@"
		if fault_same "$marks_what ($fault_mode)" &&
		    fault_counts "$marks_what ($fault_mode)" "${MARKS_TOLERANCE:-0}" &&
		    marks_set "$marks_what ($fault_mode)"; then
			fault_pass "$marks_what ($fault_mode):" \
			    "$(fault_number allocations) allocations," \
			    "$(fault_number marked) marks set"
		fi
	done
}

# marks_each SOURCE "CASE[=STATUS]..." LEVELS [ARGUMENT...]: with each compiler, at
# each level of optimization
marks_each() {
	marks_file=$1
	marks_names=$2
	marks_levels=$3
	shift 3
	marks_program=${marks_file%.*}
	while read -r marks_name marks_cc marks_cxx; do
		case $marks_file in
		*.cc) marks_cc=$marks_cxx ;;
		esac
		for marks_level in $marks_levels; do
			marks_build "$marks_cc" "$marks_file" "$marks_level" "$@"
			for marks_one in $marks_names; do
				case $marks_one in
				gcc:*)
					[ "$marks_name" = gcc ] || continue
					marks_one=${marks_one#gcc:}
					;;
				esac
				marks_end=0
				case $marks_one in
				*=*) marks_end=${marks_one#*=} ;;
				esac
				marks_case \
				    "$marks_name $marks_level: $marks_program ${marks_one%%=*}" \
				    "$marks_end" "./$marks_program" "${marks_one%%=*}"
			done
		done
	done <<EOF
$(marks_compilers)
EOF
}
