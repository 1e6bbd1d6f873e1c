#!/bin/sh
# mutants.sh [NAME ...]: in: tests/mutants/*.mutant, faults to plant.  out: whether the test that each names catches it,
# and tests/mutants/result.txt. All of them, or those named. Each is applied to a copy of the working tree in
# build/mutants, built there (only what changed), and its test run alone. A fault counts as caught if the test passes
# without it and fails with it; what cannot be built, or whose text is not there exactly once, is an error. A run that
# was stopped goes on where it stopped, as long as neither the tree nor the fault has changed.
#
# A file holds any number of faults, each
#     == NAME: what is wrong then
#     file FILE
#     test PROGRAM SUITE/NAME          (tests/PROGRAM.c; a pattern of Criterion's)
#     -line of the file
#     +line in its place
# with one block of lines in a row, and may begin with comments (#).
set -u
root=$(cd "$(dirname "$0")/.." && pwd) || exit 1
work=$root/build/mutants
tree=$work/tree
jobs=$(nproc 2>/dev/null || echo 2)
limit=${TEST_TIMEOUT:-900}      # seconds of one test
results=$work/results
OPENBLAS_NUM_THREADS=1
OBJECT_CACHE=
export OPENBLAS_NUM_THREADS OBJECT_CACHE

fail() { echo "mutants: $*" >&2; exit 2; }

# The files that make the tree: what git knows or would know.
files() { (cd "$root" && git ls-files --cached --others --exclude-standard | grep -v '^tests/mutants/result.txt$'); }

fingerprint() { (cd "$root" && files | while read -r f; do [ -f "$f" ] && cat "$f"; done) | cksum | tr ' ' '-'; }

# Copies what differs, so that an old build stays good.
copy_tree() {
    mkdir -p "$tree"
    files | while read -r f; do
        [ -f "$root/$f" ] || continue
        cmp -s "$root/$f" "$tree/$f" && continue
        mkdir -p "$tree/$(dirname "$f")" && cp -p "$root/$f" "$tree/$f" || exit 1
    done
    (cd "$tree" && find . -type f -not -path './build/*' | sed 's|^\./||') | while read -r f; do
        [ -f "$root/$f" ] || rm -f "$tree/$f"
    done
    # Tests look for data beside the repository.
    [ -e "$root/../shared" ] && ln -sfn "$(cd "$root/../shared" && pwd)" "$work/shared"
    return 0
}

# Splits the lists into one folder for each fault: about, file, test, old, new, key.
split_faults() {
    rm -rf "$work/faults" && mkdir -p "$work/faults"
    cat "$root"/tests/mutants/*.mutant | awk -v to="$work/faults" '
        /^== /   { name = $2; sub(/:$/, "", name); dir = to "/" sprintf("%03d", ++count) "-" name
                   system("mkdir -p \"" dir "\"")
                   about = $0; sub(/^== [^:]*: */, "", about); print about > (dir "/about"); next }
        !count || /^#/ { next }
        /^file / { print $2 > (dir "/file"); next }
        /^test / { print $2, $3 > (dir "/test"); next }
        /^-/     { print substr($0, 2) > (dir "/old"); next }
        /^[+]/   { print substr($0, 2) > (dir "/new"); next }
        /./      { print "mutants: not understood: " $0 > "/dev/stderr"; exit 1 }'
}

# Replaces the one place where the lines of old stand by those of new; status 1 if there is no such place, or several.
plant() {
    awk -v oldfile="$2/old" -v newfile="$2/new" '
        BEGIN { while ((getline line < oldfile) > 0) old[++n] = line
                while ((getline line < newfile) > 0) new[++m] = line }
        { text[NR] = $0 }
        END {
            for (i = 1; i + n - 1 <= NR; i++) {
                same = 1
                for (k = 1; k <= n && same; k++) same = text[i + k - 1] == old[k]
                if (same) { places++; at = i }
            }
            if (places != 1 || !n) exit 1
            for (i = 1; i < at; i++) print text[i]
            for (k = 1; k <= m; k++) print new[k]
            for (i = at + n; i <= NR; i++) print text[i]
        }' "$1"
}

build() { make -C "$tree" --no-print-directory -j"$jobs" all "build/tests/$1" >"$work/build.log" 2>&1; }

# Runs one test: 0 passed, 1 failed, 2 there is no such test, or it was skipped.
run_test() {
    (cd "$tree" && timeout -k 5 "$limit" "build/tests/$1" -j1 --verbose=1 --color=never --filter "$2") \
        >"$work/test.log" 2>&1
    status=$?
    tested=$(sed -n 's/^\[====\] Synthesis: Tested: \([0-9]*\) .*/\1/p' "$work/test.log" | tail -n 1)
    if [ -z "$tested" ]; then return 1; fi          # it crashed, or had to be stopped
    [ "$tested" -gt 0 ] || return 2
    [ "$status" -eq 0 ] && return 0
    return 1
}

# Without the fault its test has to pass; once for each test.
check_good() {
    mark=$work/good/$(echo "$1 $2" | tr -c 'A-Za-z0-9\n' _)
    [ -e "$mark" ] && return 0
    mkdir -p "$work/good"
    build "$1" || { tail -n 20 "$work/build.log" >&2; fail "the tree does not build"; }
    run_test "$1" "$2" || { tail -n 20 "$work/test.log" >&2; fail "$1 $2 does not pass without any fault"; }
    : >"$mark"
}

# Plants one fault, builds, tests, and takes it out again. Sets verdict.
try_fault() {
    file=$(cat "$1/file") && program=$(cut -d' ' -f1 "$1/test") && filter=$(cut -d' ' -f2 "$1/test") ||
        fail "$1 is not whole"
    check_good "$program" "$filter"
    cp -p "$tree/$file" "$work/kept" || fail "$name: there is no $file"
    : >>"$1/new"
    plant "$work/kept" "$1" >"$work/planted" || fail "$name: its lines stand not exactly once in $file"
    cp "$work/planted" "$tree/$file"
    if build "$program"; then
        run_test "$program" "$filter"
        verdict=$?
        pkill -f "$tree/build/lstmc" 2>/dev/null        # what a fault has left running
        case $verdict in
        0) verdict=SURVIVED ;;
        1) verdict=caught ;;
        *) verdict=NOT-RUN ;;
        esac
    else
        verdict=NOT-BUILT
    fi
    cp "$work/kept" "$tree/$file"       # with a new date, so that make builds it again
}

restore() { [ -f "$work/kept" ] && [ -n "${file:-}" ] && cp "$work/kept" "$tree/$file"; exit 1; }
trap restore INT TERM HUP

mkdir -p "$work"
"$root/tests/mutants_check.sh" >&2 || fail "these faults cannot be planted"
state=$(fingerprint)
[ "$(cat "$work/state" 2>/dev/null)" = "$state" ] || { rm -rf "$results" "$work/good"; echo "$state" >"$work/state"; }
copy_tree || fail "the tree cannot be copied"
split_faults || exit 2
touch "$results"
total=$(ls "$work/faults" | wc -l) number=0 bad=0
for fault in "$work/faults"/*; do
    name=$(basename "$fault" | sed 's/^[0-9]*-//') number=$((number + 1))
    if [ $# -gt 0 ]; then
        case " $* " in *" $name "*) ;; *) continue ;; esac
    fi
    verdict=$(sed -n "s/^$name //p" "$results")
    if [ -z "$verdict" ]; then
        start=$(date +%s)
        try_fault "$fault"
        echo "$name $verdict" >>"$results"
        printf '%3d/%d  %-9s %-44s %s  (%d s)\n' "$number" "$total" "$verdict" "$name" "$(cat "$fault/test")" \
            $(($(date +%s) - start))
    fi
    [ "$verdict" = caught ] || bad=$((bad + 1))
done
[ $# -gt 0 ] && exit $((bad > 0))

{
    echo "$total faults, $((total - bad)) caught, each by the test that it names (make mutants)"
    for fault in "$work/faults"/*; do
        name=$(basename "$fault" | sed 's/^[0-9]*-//')
        printf '\n%s: %s\n    %s: %s by %s\n' "$name" "$(cat "$fault/about")" "$(cat "$fault/file")" \
            "$(sed -n "s/^$name //p" "$results")" "$(cat "$fault/test")"
    done
} >"$root/tests/mutants/result.txt"
head -n 1 "$root/tests/mutants/result.txt"
[ "$bad" -eq 0 ]
