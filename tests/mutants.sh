#!/bin/sh
# mutants.sh [NAME ...]: in: tests/mutants/*.mutant, faults to plant.  out: whether the test that each names catches it,
# and tests/mutants/result.txt. All of them, or those named. Each is applied to a copy of the working tree in
# build/mutants, built there (only what changed), and its test run alone: as many copies side by side as there are
# processors. A fault counts as caught if the test passes without it and fails with it; what cannot be built, or whose
# text is not there exactly once, is an error. A run that was stopped goes on where it stopped, as long as neither the
# tree nor the fault has changed.
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
workers=${MUTANTS_WORKERS:-$(nproc 2>/dev/null || echo 2)}
limit=${TEST_TIMEOUT:-900}      # seconds of one test
results=$work/results
OPENBLAS_NUM_THREADS=1
OBJECT_CACHE=
export OPENBLAS_NUM_THREADS OBJECT_CACHE

fail() { echo "mutants: $*" >&2; exit 2; }

# The files that make the tree: what git knows or would know.
files() { (cd "$root" && git ls-files --cached --others --exclude-standard | grep -v '^tests/mutants/result.txt$'); }

fingerprint() { (cd "$root" && files | while read -r f; do [ -f "$f" ] && cat "$f"; done) | cksum | tr ' ' '-'; }

# The room of one worker: its copy of the tree, what it kept and what it logs.
enter_room() {
    room=$work/$1 tree=$work/$1/tree
    mkdir -p "$tree"
}

# Copies what differs, so that an old build stays good.
copy_tree() {
    files | while read -r f; do
        [ -f "$root/$f" ] || continue
        cmp -s "$root/$f" "$tree/$f" && continue
        mkdir -p "$tree/$(dirname "$f")" && cp -p "$root/$f" "$tree/$f" && touch "$tree/$f" || exit 1
    done
    (cd "$tree" && find . -type f -not -path './build/*' | sed 's|^\./||') | while read -r f; do
        [ -f "$root/$f" ] || rm -f "$tree/$f"
    done
    # Tests look for data beside the repository.
    [ -e "$root/../shared" ] && ln -sfn "$(cd "$root/../shared" && pwd)" "$room/shared"
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

name_of() { basename "$1" | sed 's/^[0-9]*-//'; }

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

build() { make -C "$tree" --no-print-directory all "build/tests/$1" >"$room/build.log" 2>&1; }

# Runs one test: 0 passed, 1 failed, 2 there is no such test, or it was skipped.
run_test() {
    (cd "$tree" && timeout -k 5 "$limit" "build/tests/$1" -j1 --verbose=1 --color=never --filter "$2") \
        >"$room/test.log" 2>&1
    status=$?
    tested=$(sed -n 's/^\[====\] Synthesis: Tested: \([0-9]*\) .*/\1/p' "$room/test.log" | tail -n 1)
    if [ -z "$tested" ]; then return 1; fi          # it crashed, or had to be stopped
    [ "$tested" -gt 0 ] || return 2
    [ "$status" -eq 0 ] && return 0
    return 1
}

# Without the fault its test has to pass; once for each test.
check_good() {
    program=$(cut -d' ' -f1 "$1/test") filter=$(cut -d' ' -f2 "$1/test")
    mark=$work/good/$(echo "$program $filter" | tr -c 'A-Za-z0-9\n' _)
    mkdir "$mark.claimed" 2>/dev/null || return 0
    [ -e "$mark" ] && return 0
    build "$program" || { tail -n 20 "$room/build.log" >&2; fail "the tree does not build"; }
    run_test "$program" "$filter" ||
        { tail -n 20 "$room/test.log" >&2; fail "$program $filter does not pass without any fault"; }
    : >"$mark"
}

# Plants one fault, builds, tests, and takes it out again. Sets verdict.
try_fault() {
    file=$(cat "$1/file") program=$(cut -d' ' -f1 "$1/test") filter=$(cut -d' ' -f2 "$1/test")
    cp -p "$tree/$file" "$room/kept" || fail "$name: there is no $file"
    : >>"$1/new"
    plant "$room/kept" "$1" >"$room/planted" || fail "$name: its lines stand not exactly once in $file"
    cp "$room/planted" "$tree/$file"
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
    cp "$room/kept" "$tree/$file"       # with a new date, so that make builds it again
}

judge() {
    name=$(name_of "$1")
    grep -q "^$name " "$results" && return 0
    mkdir "$1/claimed" 2>/dev/null || return 0
    start=$(date +%s)
    try_fault "$1"
    echo "$name $verdict" >>"$results"
    printf '%3d/%d  %-9s %-44s %s  (%d s)\n' "$(wc -l <"$results")" "$total" "$verdict" "$name" "$(cat "$1/test")" \
        $(($(date +%s) - start))
}

restore() { [ -n "${file:-}" ] && [ -f "$room/kept" ] && cp "$room/kept" "$tree/$file"; exit 1; }

# everyone VERB: what every worker does with every fault that no other has taken.
everyone() {
    rm -rf "$work"/good/*.claimed "$work"/faults/*/claimed
    mkdir -p "$work/good"
    pids= number=0 status=0
    while [ $((number += 1)) -le "$workers" ]; do
        (
            trap restore INT TERM HUP
            enter_room $number
            for fault in $chosen; do "$1" "$fault"; done
        ) &
        pids="$pids $!"
    done
    for pid in $pids; do wait "$pid" || status=$?; done
    [ "$status" -eq 0 ] || exit "$status"
}

stop() { kill $pids 2>/dev/null; wait; exit 1; }
trap stop INT TERM HUP

pids=
mkdir -p "$work"
"$root/tests/mutants_check.sh" >&2 || fail "these faults cannot be planted"
state=$(fingerprint)
[ "$(cat "$work/state" 2>/dev/null)" = "$state" ] || { rm -rf "$results" "$work/good"; echo "$state" >"$work/state"; }
number=0
while [ $((number += 1)) -le "$workers" ]; do
    enter_room $number
    copy_tree || fail "the tree cannot be copied"
done
split_faults || exit 2
touch "$results"
chosen= total=0
for fault in "$work/faults"/*; do
    case " $* " in "  " | *" $(name_of "$fault") "*) chosen="$chosen $fault" total=$((total + 1)) ;; esac
done
everyone check_good
everyone judge
bad=0
for fault in $chosen; do grep -q "^$(name_of "$fault") caught" "$results" || bad=$((bad + 1)); done
[ $# -gt 0 ] && exit $((bad > 0))

{
    echo "$total faults, $((total - bad)) caught, each by the test that it names (make mutants)"
    for fault in "$work/faults"/*; do
        name=$(name_of "$fault")
        printf '\n%s: %s\n    %s: %s by %s\n' "$name" "$(cat "$fault/about")" "$(cat "$fault/file")" \
            "$(sed -n "s/^$name //p" "$results")" "$(cat "$fault/test")"
    done
} >"$root/tests/mutants/result.txt"
head -n 1 "$root/tests/mutants/result.txt"
[ "$bad" -eq 0 ]
