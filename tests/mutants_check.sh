#!/bin/sh
# mutants_check.sh [ROOT]: in: tests/mutants/*.mutant.  out: "file:line: fault: what is wrong" for each fault that
# cannot be planted: its lines must stand exactly once in its file, and the test that it names must be there. First it
# proves on a small tree that each of its own rules screams (mutants_check.sh --rules ROOT checks without that).
script=$0

check_all() {
    awk '
    function wrong(text) { print place ": " name ": " text }

    function read_file(path,    line, count) {
        if (path in known) return
        known[path] = 1
        while ((getline line < path) > 0) text[path, ++count] = line
        close(path)
        lines[path] = count
    }

    # Places where the old lines stand one after the other.
    function places(path,    i, k, found) {
        for (i = 1; i + olds - 1 <= lines[path]; i++) {
            for (k = 1; k <= olds && text[path, i + k - 1] == old[k]; k++) ;
            found += k > olds
        }
        return found + 0
    }

    # "battery/lstm_*" as in Criterion: whether the program has a test of that name.
    function has_test(path, filter,    suite, i, line) {
        suite = filter; sub(/\/.*/, "", suite)
        sub(/^[^\/]*\//, "", filter)
        gsub(/\*/, "[a-z0-9_]*", filter)
        for (i = 1; i <= lines[path]; i++) {
            line = text[path, i]
            if (line ~ "^[A-Za-z_]*Test\\(" suite ", " filter "[,)]") return 1
        }
        return 0
    }

    function end_fault(    found) {
        if (name == "") return
        if (seen[name]++) wrong("there is another fault of that name")
        if (file == "" || program == "" || !olds) wrong("file, test and -lines are needed")
        else {
            read_file(file)
            found = places(file)
            if (!lines[file]) wrong("there is no " file)
            else if (found != 1) wrong("its lines stand " found " times in " file)
            if (old_text == new_text) wrong("what is planted is what stands there")
            read_file("tests/" program ".c")
            if (!has_test("tests/" program ".c", filter)) wrong("there is no test " program " " filter)
        }
        name = ""
    }

    FNR == 1 { end_fault() }
    /^== /   { end_fault(); place = FILENAME ":" FNR; name = $2; sub(/:$/, "", name)
               file = program = filter = old_text = new_text = ""; olds = 0; next }
    name == "" || /^#/ { next }
    /^file / { file = $2; next }
    /^test / { program = $2; filter = $3; next }
    /^-/     { old[++olds] = substr($0, 2); old_text = old_text old[olds] "\n"; next }
    /^[+]/   { new_text = new_text substr($0, 2) "\n"; next }
    /./      { wrong("not understood: " $0) }
    END      { end_fault() }' $(ls tests/mutants/*.mutant)
}

# Adds fault $1 with its lines to the list of the small tree; $2: what must be said of it.
plant() {
    printf '== %s: a fault\n%b\n\n' "$1" "$3" >>"$copy/tests/mutants/small.mutant"
    echo "$1: $2" >>"$copy/planted"
}

self_test() {
    copy=$(mktemp -d) || exit 1
    trap 'rm -rf "$copy"' EXIT
    mkdir -p "$copy/tests/mutants" "$copy/compiler"
    printf 'int one;\nint two;\nint two;\n\nint three;\nint four;\n' >"$copy/compiler/small.c"
    printf 'Test(small, adds)\n{\n}\n' >"$copy/tests/test_small.c"
    printf '# Faults.\n== good: a fault\n%b\n\n' \
        'file compiler/small.c\ntest test_small small/a*\n-int two;\n-\n+int five;' >"$copy/tests/mutants/small.mutant"
    sh "$script" --rules "$copy" || echo "$script: a list without a mistake is refused"
    head='file compiler/small.c\ntest test_small small/adds\n'
    plant twice "its lines stand 2 times" "$head-int two;\n+int five;"
    plant moved "its lines stand 0 times" "$head-int one;\n-int three;\n+int five;"
    plant no-file "there is no compiler/large.c" \
          'file compiler/large.c\ntest test_small small/adds\n-int one;\n+int five;'
    plant no-test "there is no test test_small small/add" \
          'file compiler/small.c\ntest test_small small/add\n-int one;\n+int five;'
    plant same "what is planted is what stands there" "$head-int one;\n+int one;"
    plant half "file, test and -lines are needed" "$head+int five;"
    plant prose "not understood" "$head-int one;\nint five;"
    plant good "there is another fault of that name" "$head-int one;\n+int five;"
    sh "$script" --rules "$copy" >"$copy/found"
    while read -r expected; do
        grep -qF ": $expected" "$copy/found" || echo "$script: it did not scream: $expected"
    done <"$copy/planted"
}

# Whatever is printed is a finding.
case $1 in
--rules)
    cd "$2" || exit 1
    findings=$(check_all) ;;
*)
    case $script in /*) ;; *) script=$PWD/$script ;; esac
    cd "${1:-$(dirname "$script")/..}" || exit 1
    findings=$(self_test; check_all) ;;
esac
[ -z "$findings" ] || { printf '%s\n' "$findings"; exit 1; }
