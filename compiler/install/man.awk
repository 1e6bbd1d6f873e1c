# man.awk: in: the table of help.awk.  out: lstmc.1, for man.
BEGIN { FS = "\t" }

function roff(text) {
    gsub(/\\/, "\\e", text)
    gsub(/-/, "\\-", text)
    if (text ~ /^[.']/)
        text = "\\&" text
    return text
}

function section(name) {
    print ".SH " toupper(name)
}

function end_option() {
    if (shown != "")
        print ".TP\n\\fB" roff(shown) "\\fR\n" (about == "" ? "\\&" : roff(about))
    shown = ""
}

$1 == "title" {
    print ".TH LSTMC 1 \"\" \"" roff($2) "\" \"User Commands\""
    section("name")
    sub(/\.$/, "", $3)
    print "lstmc \\- " roff($3)
    section("synopsis")
}
$1 == "usage" {
    print (usages++ ? ".br\n" : "") roff($2)
    commands = commands ".TP\n\\fB" roff($4 == "" ? "lstmc MODEL.lua" : $4) "\\fR\n" roff($3) "\n"
}
$1 == "text" || $1 == "option" {
    if (commands != "") {
        section("commands")
        printf "%s", commands
        commands = ""
        section("options")
    }
}
$1 == "text" { end_option(); print roff($2) }
$1 == "option" {
    if ($7 != line)
        end_option()
    shown = shown (shown == "" ? "" : "  ") $2
    about = $3
    line = $7
}
$1 == "section" { end_option(); section($2); print roff($3) }
END {
    end_option()
    section("see also")
    print "README.md in the folder share/doc/lstmc, and the manual in its folder compiler/manual: descriptions, layers,"
    print "data, commands, training, the generated interface, shipping, the runtime, numbers, speed."
}
