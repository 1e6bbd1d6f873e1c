# completes.bash FILE WORDS...: what the completion FILE offers for the last of the words of a line.
source "$1"
shift
compopt() { :; }
COMP_WORDS=("$@")
COMP_CWORD=$(($# - 1))
COMPREPLY=()
_lstmc
printf '%s\n' "${COMPREPLY[@]}"
