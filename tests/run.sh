#!/bin/sh
# run.sh: in: Criterion test programs.  out: their counts, the full output of those that failed, and alone on the last line
# "N passed, N failed, N skipped"; exit status 1 if anything failed. floors.sh counts as one more test.
# As many programs run at once as there are processors; what they print appears in the order of the arguments.
here=$(dirname "$0")
jobs=$(nproc 2>/dev/null || echo 2)
limit=${TEST_TIMEOUT:-300}      # seconds a program may take
OPENBLAS_NUM_THREADS=1
export OPENBLAS_NUM_THREADS

work=$(mktemp -d) || exit 1
workers=
trap 'rm -rf "$work"' EXIT
trap 'kill $workers 2>/dev/null; exit 1' INT TERM HUP

set -- "$here/floors.sh" "$@"

# Runs one program; leaves output, status and seconds in the folder $2.
run_one() {
    start=$(date +%s.%N)
    case $1 in
    *.sh) timeout -k 5 "$limit" "$1" >"$2/output" 2>&1 & ;;
    *)    timeout -k 5 "$limit" "$1" -j1 --verbose=1 --color=never >"$2/output" 2>&1 & ;;
    esac
    child=$!
    wait "$child"
    echo $? >"$2/status"
    echo "$start $(date +%s.%N)" | awk '{ printf "%.1f\n", $2 - $1 }' >"$2/seconds"
    : >"$2/done"
}

# Takes the next program that no other worker has taken: making the folder decides.
worker() {
    trap 'kill "$child" 2>/dev/null; exit 1' TERM
    number=0
    for program; do
        number=$((number + 1))
        mkdir "$work/$number" 2>/dev/null && run_one "$program" "$work/$number"
    done
}

count() {
    grep -c "$1" "$2"
}

# Sets passed, failed and skipped of one program from what it printed; a program that ended without a synthesis has failed.
read_counts() {
    status=$(cat "$1/status")
    case $2 in
    *.sh)
        passed=0 failed=1 skipped=0
        [ "$status" -eq 0 ] && passed=1 failed=0
        return ;;
    esac
    synthesis=$(sed -n 's/^\[====\] Synthesis: Tested: \([0-9]*\) | Passing: \([0-9]*\) | Failing: \([0-9]*\).*/\2 \3/p' "$1/output" | tail -n 1)
    skipped=$(count '^\[SKIP\]' "$1/output")
    passed=0 failed=1
    if [ -n "$synthesis" ]; then
        passed=${synthesis% *} failed=${synthesis#* }
        # Leaks found at the end, or no test at all, are failures too.
        [ "$failed" -eq 0 ] && [ "$status" -ne 0 ] && failed=1
        [ $((passed + failed + skipped)) -eq 0 ] && failed=1
    else
        passed=$(count '^\[PASS\]' "$1/output")
        more=$(count '^\[FAIL\]' "$1/output")
        failed=$((more + 1))
    fi
}

report() {
    read_counts "$1" "$2"
    printf '%-28s %6s s  %4d passed' "$(basename "$2")" "$(cat "$1/seconds")" "$passed"
    [ "$failed" -gt 0 ] && printf '  %d failed' "$failed"
    [ "$skipped" -gt 0 ] && printf '  %d skipped' "$skipped"
    echo
    sed -n 's/^\[SKIP\] /    skipped: /p' "$1/output"
    if [ "$failed" -gt 0 ]; then
        [ "$status" -eq 124 ] || [ "$status" -eq 137 ] && echo "    stopped after $limit s"
        grep -v -e '^\[RUN \]' -e '^\[PASS\]' -e '^\[SKIP\]' "$1/output" | sed 's/^/    /'
        echo "    exit status $status"
    fi
    total_passed=$((total_passed + passed))
    total_failed=$((total_failed + failed))
    total_skipped=$((total_skipped + skipped))
}

started=0
while [ "$started" -lt "$jobs" ]; do
    worker "$@" &
    workers="$workers $!"
    started=$((started + 1))
done

total_passed=0 total_failed=0 total_skipped=0
number=0
for program; do
    number=$((number + 1))
    until [ -e "$work/$number/done" ]; do
        sleep 0.1
    done
    report "$work/$number" "$program"
done

echo "$total_passed passed, $total_failed failed, $total_skipped skipped"
[ "$total_failed" -eq 0 ]
