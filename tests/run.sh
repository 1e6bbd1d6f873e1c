#!/bin/sh
# run.sh: in: Criterion test programs.  out: their counts, the full output of those that failed, in the end once more in
# a few lines what failed, and alone on the last line "N passed, N failed, N skipped"; exit status 1 if anything
# failed. floors.sh, circles.sh and mutants_check.sh count as one test each. As many programs run at once as there are
# processors; what they print appears in the order of the arguments. A program is stopped when it, with all that it
# starts, has used too much processor time, or when it hangs: when for a long while it has used next to none. How
# busy the machine is with other things does not matter.
here=$(dirname "$0")
jobs=$(nproc 2>/dev/null || echo 2)
limit=${TEST_TIMEOUT:-900}      # seconds of processor time that a program may take
patience=${TEST_PATIENCE:-300}  # seconds of the clock in which it has to use some
ticks=$(getconf CLK_TCK 2>/dev/null || echo 100)
OPENBLAS_NUM_THREADS=1
OBJECT_CACHE=${OBJECT_CACHE-$(cd "$here/.." && pwd)/build/objects}      # of compilers/cached.c; empty: none
export OPENBLAS_NUM_THREADS OBJECT_CACHE
unset MAKEFLAGS MFLAGS MAKELEVEL       # of make -j test: make in a test would say that it has no jobserver
[ -z "$OBJECT_CACHE" ] || find "$OBJECT_CACHE" -type f -mtime +3 -delete 2>/dev/null

work=$(mktemp -d) || exit 1
workers=
trap 'rm -rf "$work"' EXIT
trap 'kill $workers 2>/dev/null; exit 1' INT TERM HUP

set -- "$here/floors.sh" "$here/circles.sh" "$here/mutants_check.sh" "$@"

# Process $1 and all that comes from it, in sessions of their own too: "process ID" for each, and "used SECONDS" of
# processor time, that of children which have ended included.
family() {
    cat /proc/[0-9]*/stat 2>/dev/null | awk -v first="$1" -v ticks="$ticks" '
    {
        id = $1
        sub(/^.*\) /, "")       # the name of a program may hold anything; what follows it begins with the state
        parent[id] = $2; session[id] = $4; used[id] = $12 + $13 + $14 + $15
    }
    END {
        if (first in parent) member[first] = 1
        do {
            more = 0
            for (id in parent)
                if (!(id in member) && (parent[id] in member || session[id] in member)) more = member[id] = 1
        } while (more)
        for (id in member) { sum += used[id]; print "process", id }
        print "used", int(sum / ticks)
    }'
}

# Ends process $1 and all that comes from it, also what does not listen.
stop() {
    ids=$(family "$1" | sed -n 's/^process //p')
    for signal in TERM KILL; do
        # shellcheck disable=SC2086
        [ -z "$ids" ] || kill -s $signal $ids 2>/dev/null
        sleep 1
    done
}

# Watches over process $1 until it is over its limits, or its status is there: a watcher that has just begun may not
# hear that it is no longer wanted. Says why the process was stopped in file $2.
watch() {
    last=0 waited=0
    while sleep 2 && [ ! -e "${2%/*}/status" ]; do
        used=$(family "$1" | sed -n 's/^used //p')
        waited=$((waited + 2))
        if [ "$used" -gt "$limit" ]; then
            echo "stopped after $limit s of processor time" >"$2"
        elif [ "$used" -ne "$last" ]; then
            last=$used waited=0
        elif [ "$waited" -ge "$patience" ]; then
            echo "stopped: in $patience s it has used less than 1 s of processor time" >"$2"
        fi
        if [ -e "$2" ]; then
            stop "$1"
            return
        fi
    done
}

# Runs one program in a session of its own; leaves output, status and seconds in the folder $2.
run_one() {
    start=$(date +%s.%N)
    case $1 in
    *.sh) setsid "$1" >"$2/output" 2>&1 & ;;
    *)    setsid "$1" -j1 --verbose=1 --color=never >"$2/output" 2>&1 & ;;
    esac
    child=$!
    watch "$child" "$2/stopped" &
    watcher=$!
    wait "$child" 2>/dev/null
    echo $? >"$2/status"
    [ -e "$2/stopped" ] || kill "$watcher" 2>/dev/null      # else it still ends what is left
    wait "$watcher" 2>/dev/null
    echo "$start $(date +%s.%N)" | awk '{ printf "%.1f\n", $2 - $1 }' >"$2/seconds"
    : >"$2/done"
}

# Takes the next program that no other worker has taken: making the folder decides.
worker() {
    trap 'kill "$watcher" 2>/dev/null; stop "$child"; exit 1' TERM
    number=0
    for program; do
        number=$((number + 1))
        mkdir "$work/$number" 2>/dev/null && run_one "$program" "$work/$number"
    done
}

count() {
    grep -c "$1" "$2"
}

# Sets passed, failed and skipped of one program from what it printed; a program that ended without a synthesis has
# failed.
read_counts() {
    status=$(cat "$1/status")
    case $2 in
    *.sh)
        passed=0 failed=1 skipped=0
        [ "$status" -eq 0 ] && passed=1 failed=0
        return ;;
    esac
    synthesis=$(sed -n 's/^\[====\] Synthesis: .* | Passing: \([0-9]*\) | Failing: \([0-9]*\).*/\1 \2/p' "$1/output" |
        tail -n 1)
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

# What a program says beside the names of its tests.
said() {
    grep -v -e '^\[RUN \]' -e '^\[PASS\]' -e '^\[SKIP\]' "$1/output"
}

# What failed, once more in a few lines, for those who see only the end of a long output.
summarise() {
    echo "failed: $(basename "$2")"
    sed 's/^/    /' "$1/stopped" 2>/dev/null
    said "$1" | grep -v '^\[====\]' | head -n 8 | cut -c 1-200 | sed 's/^/    /'
}

report() {
    read_counts "$1" "$2"
    printf '%-28s %6s s  %4d passed' "$(basename "$2")" "$(cat "$1/seconds")" "$passed"
    [ "$failed" -gt 0 ] && printf '  %d failed' "$failed"
    [ "$skipped" -gt 0 ] && printf '  %d skipped' "$skipped"
    echo
    sed -n 's/^\[SKIP\] /    skipped: /p' "$1/output"
    if [ "$failed" -gt 0 ]; then
        if [ -e "$1/stopped" ]; then
            sed 's/^/    /' "$1/stopped"
            sed -n 's/^\[RUN \] /    while it ran: /p' "$1/output" | tail -n 1
        fi
        said "$1" | sed 's/^/    /'
        echo "    exit status $status"
        summarise "$1" "$2" >>"$work/failed"
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

cat "$work/failed" 2>/dev/null
echo "$total_passed passed, $total_failed failed, $total_skipped skipped"
[ "$total_failed" -eq 0 ]
