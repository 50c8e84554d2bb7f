
# The words as esc will see them: readline takes a = for a word of its own. `raw` has
# where each of them begins among readline's.
_esc_join()
{
	local at word glue=

	words=() raw=()
	for ((at = 0; at <= COMP_CWORD; at++)); do
		word=${COMP_WORDS[at]}
		if [[ $word == = && ${#words[@]} -gt 0 && ${words[-1]} == --* ]]; then
			words[-1]+='='
			glue=1
		elif [[ $glue ]]; then
			words[-1]+=$word
			glue=
		else
			words+=("$word")
			raw+=("$at")
		fi
	done
}

# _esc_value COMMAND OPTION VALUE BEFORE: offers what begins with VALUE; BEFORE is what
# readline takes for a part of the word.
_esc_value()
{
	local kind=any values='' value=$3 before=$4 equals=''

	_esc_values "$1 $2"
	case $kind in
	list)
		compopt -o nospace
		if [[ $value == *,* ]]; then
			before+=${value%,*},
			value=${value##*,}
		fi
		;;
	keys)
		compopt +o default -o nospace
		equals='='
		;;
	directories) compopt +o default -o dirnames ;;
	files) ;;
	*) compopt +o default ;;
	esac
	COMPREPLY=($(compgen -P "$before" -S "$equals" -W "$values" -- "$value"))
}

# The program's name, or what it offers itself. $1 is where it stands.
_esc_program()
{
	if declare -F _comp_command_offset >/dev/null; then
		_comp_command_offset "$1"
	elif declare -F _command_offset >/dev/null; then
		_command_offset "$1"
	elif ((COMP_CWORD == $1)); then
		COMPREPLY=($(compgen -c -- "${COMP_WORDS[COMP_CWORD]}"))
	fi
}

_esc()
{
	local IFS=$' \t\n' words raw current command operands at last before='' kind values

	COMPREPLY=()
	_esc_join
	last=$((${#words[@]} - 1))
	current=${words[last]}
	command=${words[1]}
	if ((last == 1)); then
		# where none begins so, `-o default' offers files
		COMPREPLY=($(compgen -W "--help --version $_esc_commands" -- "$current"))
		return
	fi
	_esc_operands "$command"
	for ((at = 2; at < last; at++)); do
		kind=
		case ${words[at]} in
		--) at=$((at + 1)) && break ;;
		-*=*) ;;
		-?*) _esc_values "$command ${words[at]}" ;;
		*) [[ $operands != program ]] || break ;;
		esac
		if [[ $kind && $((++at)) -eq $last ]]; then
			_esc_value "$command" "${words[at - 1]}" "$current" ''
			return
		fi
	done
	if [[ $operands == program && ( $at -lt $last || $current != -* ||
	    ${words[at - 1]} == -- ) ]]; then
		_esc_program "${raw[at]}"
		return
	fi
	case $current in
	--*=*)
		# undivided, where somebody has taken the = out of COMP_WORDBREAKS
		[[ ${COMP_WORDS[COMP_CWORD]} != --*=* ]] || before=${current%%=*}=
		_esc_value "$command" "${current%%=*}" "${current#*=}" "$before"
		;;
	-*)
		_esc_options "$command"
		COMPREPLY=($(compgen -W "$values" -- "$current"))
		[[ ${COMPREPLY[0]} != *= ]] || compopt -o nospace
		;;
	*)
		[[ $operands != command ]] ||
			COMPREPLY=($(compgen -c -- "$current"))
		;;
	esac
}
complete -o default -F _esc esc
