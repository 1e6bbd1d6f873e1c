# help.awk: in: what lstmc --help prints.  out: the same as a table, for man.awk, bash.awk, zsh.awk and fish.awk.
# Fields stand between tabs:
#
#   title    lstmc 0.1  compiles ...
#   usage    lstmc train MODEL.lua [NAME=VALUE ...]  description  train
#   text     a paragraph
#   option   --epochs=N  description  --epochs  N  words  line
#   section  exit status  text
#
# The last field of a usage is its command, if there is one. words: what the value may be; options of one line share
# its number.
#
# Space of two columns and more separates an option from the next and the last one from its description.
BEGIN { OFS = "\t" }

# The words among those that a value may be: "auto|none|full|N" has three; PASS has those behind "pass (" in the
# description.
function words_of(value, description,    parts, count, words, i, name, at) {
    count = split(value, parts, "|")
    for (i = 1; count > 1 && i <= count; i++)
        if (parts[i] ~ /[^A-Z]/)
            words = words (words == "" ? "" : " ") parts[i]
    name = " " tolower(value) " ("
    at = index(description, name)
    if (count == 1 && at && value != "FILE" && value != "DIR") {
        description = substr(description, at + length(name))
        if (match(description, /^[a-z0-9_-]+(, [a-z0-9_-]+)+\)/)) {
            words = substr(description, 1, RLENGTH - 1)
            gsub(/,/, "", words)
        }
    }
    return words
}

function flush(    i) {
    for (i = 1; i <= options; i++)
        print "option", shown[i], description, name[i], value[i], words_of(value[i], description), line
    options = 0
}

function begin_options(    fields, count, i, at) {
    line = NR
    description = ""
    count = split(substr($0, 3), fields, /   */)
    for (i = 1; i <= count; i++) {
        if (fields[i] !~ /^-/ || description != "") {
            description = description (description == "" ? "" : "  ") fields[i]
            continue
        }
        shown[++options] = fields[i]
        at = match(fields[i], /[ =]/)
        name[options] = at ? substr(fields[i], 1, at - 1) : fields[i]
        value[options] = at ? substr(fields[i], at + 1) : ""
    }
}

NR == 1 {
    at = index($0, ": ")
    print "title", substr($0, 1, at - 1), substr($0, at + 2)
    next
}
/^(usage:|      ) lstmc / {
    usage = substr($0, 8)
    about = ""
    if (match(usage, /   */)) {
        about = substr(usage, RSTART + RLENGTH)
        usage = substr(usage, 1, RSTART - 1)
    }
    split(usage, word, " ")
    print "usage", usage, about, word[2] ~ /^[a-z][a-z-]*$/ ? word[2] : ""
    next
}
/^  -/ { flush(); begin_options(); next }
/^   / && options { sub(/^ +/, ""); description = description " " $0; next }
{ flush() }
/^[a-z ]+: / {
    at = index($0, ": ")
    print "section", substr($0, 1, at - 1), substr($0, at + 2)
    next
}
NF { print "text", $0 }
END { flush() }
