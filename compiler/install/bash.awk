# bash.awk: in: the table of help.awk.  out: the completion of lstmc for bash.
BEGIN { FS = "\t" }

$1 == "usage" && $4 != "" { commands = commands " " $4 }
$1 == "option" && !seen[$4]++ {
    options = options " " $4 ($2 ~ /=/ ? "=" : "")
    if ($6 != "")
        cases = cases "    " $4 ") COMPREPLY=($(compgen -W '" $6 "' -- \"$word\")) ;;\n"
    else if ($5 == "DIR")
        folders = folders "|" $4
    else if ($5 != "")
        others = others "|" $4
}
END {
    print "# bash completion for lstmc, made from lstmc --help."
    print "_lstmc()\n{"
    print "    local word=${COMP_WORDS[COMP_CWORD]} option=${COMP_WORDS[COMP_CWORD-1]}"
    print "    # --target=ve is three words for readline: --target = ve"
    print "    if [[ $word == = ]]; then"
    print "        word="
    print "    elif [[ $option == = ]]; then"
    print "        option=${COMP_WORDS[COMP_CWORD-2]}"
    print "    fi"
    print "    case $option in"
    printf "%s", cases
    if (folders != "")
        print "    " substr(folders, 2) ") compopt -o filenames; mapfile -t COMPREPLY < <(compgen -d -- \"$word\") ;;"
    # No answer: bash offers files.
    if (others != "")
        print "    " substr(others, 2) ") ;;"
    print "    *)"
    print "        if [[ $word == -* ]]; then"
    print "            COMPREPLY=($(compgen -W '" substr(options, 2) "' -- \"$word\"))"
    print "            [[ ${COMPREPLY[0]} == *= ]] && compopt -o nospace"
    print "        else"
    print "            compopt -o filenames"
    print "            mapfile -t COMPREPLY < <(compgen -f -X '!*.lua' -- \"$word\"; compgen -d -- \"$word\")"
    print "            ((COMP_CWORD == 1)) && COMPREPLY+=($(compgen -W '" substr(commands, 2) "' -- \"$word\"))"
    print "        fi ;;"
    print "    esac"
    print "    return 0"
    print "}"
    print "complete -o bashdefault -o default -F _lstmc lstmc"
}
