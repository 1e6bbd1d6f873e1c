# zsh.awk: in: the table of help.awk.  out: the completion of lstmc for zsh.
BEGIN { FS = "\t" }

# Inside '...[description]...' and 'name:description'.
function quoted(text) {
    gsub(/\\/, "\\\\", text)
    gsub(/\[/, "\\[", text)
    gsub(/\]/, "\\]", text)
    gsub(/:/, "\\:", text)
    gsub(/'/, "'\\''", text)
    return text
}

function action(value, words) {
    if (words != "")
        return "(" words ")"
    return value == "DIR" ? "_files -/" : value == "FILE" ? "_files" : ""
}

$1 == "usage" && $4 != "" { commands = commands "    '" $4 ":" quoted($3) "'\n" }
$1 == "option" && !seen[$4]++ {
    value = $5 == "" ? "" : ":" quoted($5) ":" action($5, $6)
    options = options "  '" $4 ($5 != "" && $4 ~ /^--/ ? "=" : "") "[" quoted($3) "]" value "' \\\n"
}
END {
    print "#compdef lstmc"
    print "# zsh completion for lstmc, made from lstmc --help."
    print "_lstmc_first()\n{"
    print "  local -a commands=(\n" commands "  )"
    print "  _describe command commands"
    print "  _files -g '*.lua'"
    print "}"
    print "_arguments \\\n" options "  '1: :_lstmc_first' \\\n  '*:file:_files'"
}
