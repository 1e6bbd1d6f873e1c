#!/bin/sh
# options.sh TREE SOURCE ...: prints "where: option" for each option and command that the program in TREE knows and its man page or a completion does
# not, and at the end how many there are. Candidates are all words with dashes, and all commands, in the help and in SOURCE, the files of
# the command line.
program=$1/bin/lstmc
share=$1/share
shift
here=$(dirname "$0")
sed 's/\\-/-/g' "$share/man/man1/lstmc.1" | grep '^\\fB' >man.entries

# Each with its pattern for the entry of $word.
look() {
    man_pattern=$1 zsh_pattern=$2 fish_pattern=$3 bash_pattern=$4
    grep -qE -- "$man_pattern" man.entries || echo "man: $word"
    grep -qE -- "$zsh_pattern" "$share/zsh/site-functions/_lstmc" || echo "zsh: $word"
    grep -qE -- "$fish_pattern" "$share/fish/vendor_completions.d/lstmc.fish" || echo "fish: $word"
    bash "$here/completes.bash" "$share/bash-completion/completions/lstmc" lstmc "$word" | grep -qxE -- "$bash_pattern" || echo "bash: $word"
}

options=0 commands=0
for word in $({ "$program" --help; cat "$@"; } | grep -oE -- '--?[a-z][a-z-]*' | sort -u); do
    [ "$word" = -h ] || "$program" "$word" 2>&1 </dev/null | grep -q 'unknown option' && continue
    options=$((options + 1))
    case $word in --*) fish="-l ${word#--}" ;; *) fish="-s ${word#-}" ;; esac
    look "(^|[^a-z-])$word([^a-z-]|\$)" "^ *'$word[=[]" " $fish( |\$)" "$word=?"
done
for word in $({ "$program" --help | sed -n 's/^ *lstmc \([a-z][a-z-]*\) .*/\1/p'
                grep -ohE '"[a-z]+", command_' "$@" | cut -d '"' -f 2 | grep -vx compile; } | sort -u); do
    commands=$((commands + 1))
    look "^.fB$word.fR\$" "^ *'$word:" " -a $word " "$word"
done
echo "$options options, $commands commands"
