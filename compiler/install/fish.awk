# fish.awk: in: the table of help.awk.  out: the completion of lstmc for fish.
BEGIN { FS = "\t"; print "# fish completion for lstmc, made from lstmc --help." }

function quoted(text) {
    gsub(/\\/, "\\\\", text)
    gsub(/'/, "\\'", text)
    return "'" text "'"
}

# -x: a value that is no file; -r: a value, files are offered.
function argument(value, words) {
    if (value == "")
        return ""
    if (words != "")
        return " -x -a " quoted(words)
    return value == "DIR" ? " -x -a '(__fish_complete_directories)'" : value == "FILE" ? " -r" : " -x"
}

$1 == "usage" && $4 != "" { print "complete -c lstmc -n __fish_use_subcommand -a " $4 " -d " quoted($3) }
$1 == "option" && !seen[$4]++ {
    name = $4 ~ /^--/ ? "-l " substr($4, 3) : "-s " substr($4, 2)
    print "complete -c lstmc " name argument($5, $6) ($3 == "" ? "" : " -d " quoted($3))
}
