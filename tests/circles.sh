#!/bin/sh
# circles.sh [ROOT]: no file, and no room, calls one that calls it, directly or by way of others; prints those that do.
# It reads the objects that were built, in $BUILD. First it proves on a small program that it finds a circle.
build=${BUILD:-build}

# "caller callee function" of the sources below the folders $1 ..., as their objects in $build say.
calls() {
    find "$@" -name '*.c' | while read -r source; do
        for object in "${source%.c}.o" "${source%.c}_float.o" "${source%.c}_double.o"; do
            [ ! -f "$build/$object" ] || printf '%s\n' "$build/$object"
        done
    done | xargs -r nm -gA | awk -v build="$build/" '
    {
        place = index($0, ":")
        source = substr($0, length(build) + 1, place - length(build) - 1)
        sub(/(_float|_double)?\.o$/, ".c", source)
        words = split(substr($0, place + 1), word, " ")
    }
    words == 3 { defined[word[3]] = source }
    words == 2 && word[1] == "U" { calls[++count] = source " " word[2] }
    END {
        for (i = 1; i <= count; i++) {
            split(calls[i], call, " ")
            to = defined[call[2]]
            if (to != "" && to != call[1]) print call[1], to, call[2]
        }
    }' | sort -u
}

# Pairs, one a line: the members of circles among them.
circles() {
    tsort 2>&1 >/dev/null | sed -n 's/^tsort: \([^-].*\)/\1     <- calls what calls it/p'
}

check() {
    calls compiler runtime >"$work/calls"
    [ -s "$work/calls" ] || echo "$build: no objects: make all"
    cut -d' ' -f1,2 "$work/calls" | circles
    awk '{ sub(/\/[^\/]*$/, "", $1); sub(/\/[^\/]*$/, "", $2); if ($1 != $2) print $1, $2 }' "$work/calls" | circles
}

self_test() {
    mkdir -p "$work/program/compiler/front" "$work/program/runtime" "$work/program/build/compiler/front" \
             "$work/program/build/runtime"
    (
        cd "$work/program" || exit 1
        build=build work=.
        echo 'int b(void); int a(void); int a(void) { return b(); }' >compiler/a.c
        echo 'int c(void); int b(void); int b(void) { return c(); }' >compiler/front/b.c
        for last in 'return 1' 'return a()'; do
            echo "int a(void); int c(void); int c(void) { $last; }" >runtime/c.c
            for source in compiler/a compiler/front/b runtime/c; do
                ${CC:-cc} -c -o build/$source.o $source.c
            done
            check
        done
    ) >"$work/found"
    expected='compiler compiler/a.c compiler/front compiler/front/b.c runtime runtime/c.c'
    found=$(sed 's/ .*//' "$work/found" | LC_ALL=C sort | paste -sd ' ' -)
    [ "$found" = "$expected" ] || echo "a circle was planted, and these were found: ${found:-none}"
}

work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
cd "${1:-$(dirname "$0")/..}" || exit 1
findings=$(self_test; check)
[ -z "$findings" ] || { printf '%s\n' "$findings"; exit 1; }
