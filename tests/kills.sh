#!/bin/sh
# kills.sh LSTMC [KILLS [SEED]]: trainings on several ranks that are killed (kill -9) again and again, of one rank, each
# fourth time of all of them, and that each time go on with another number of ranks: are the weights at the end those of
# one program that nobody disturbed, to the bit? The models of kills/models.lua share the kills (default: 50). SEED
# (default: 1) chooses ranks, victims and moments; when a moment comes is up to the machine. Exit status 1 if anything
# differs, hangs or stays behind; 0 where there is no mpirun, which is said.
set -u
lstmc=$(cd "$(dirname "$1")" && pwd)/$(basename "$1")
models=$(cd "$(dirname "$0")" && pwd)/kills/models.lua
kills=${2:-50} state=${3:-1}
epochs=1000
patience=120        # seconds in which a job has to begin, and to end when it was killed
# Ranks that wait let others have the processor, also where mpirun counts more of them than this test may use.
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 OMPI_MCA_mpi_yield_when_idle=1

command -v mpirun >/dev/null || { echo "kills: no mpirun (Debian: openmpi-bin): nothing was killed"; exit 0; }
[ -e "$lstmc-mpi.so" ] || { echo "kills: $lstmc was built without MPI: nothing was killed"; exit 0; }

# Processes that work in the folder of this test, by which all that it has started are known.
processes() {
    for process in /proc/[0-9]*; do
        [ "$(readlink "$process/cwd" 2>/dev/null)" = "$work" ] && echo "${process#/proc/}"
    done
}

# What others have left in it is theirs alone.
clean() {
    # shellcheck disable=SC2046
    kill -9 $(processes) 2>/dev/null
    rm -rf "$work"
}

fail() {
    echo "FAILED: $*"
    sed 's/^/    /' "$work/said"
    exit 1
}

# random N: sets number, from 0 to N - 1 (the generator that the C standard gives as an example).
random() {
    state=$(((state * 1103515245 + 12345) % 2147483648))
    number=$((state / 65536 % $1))
}

milliseconds() { echo $(($(date +%s%N) / 1000000)); }

# Becomes the training: a launcher, or none, "lstmc" and so on.
train() {
    cd "$work" && TMPDIR="$work" exec "$@" >said 2>&1
}

on_ranks() {
    count=$1
    shift
    train mpirun --oversubscribe --bind-to none -n "$count" "$lstmc" train "$models" name="$model" epochs=$epochs "$@"
}

# same HOW: the weights of the training that has just ended.
same() {
    cmp -s "$work/$model.safetensors" "$work/one" || fail "$model: other weights $1"
    compared=$((compared + 1))
}

# Of a global norm that is never reached there would be nothing to agree on. Adam by half of the norm, with half an
# epsilon, takes the same steps to the bit if every one of them is clipped; and other ones if none is.
check_that_norm_clips() {
    one="$lstmc train $models name=$model epochs=$epochs --threads=1 --quiet epsilon=0.5e-7"
    # shellcheck disable=SC2086
    (train $one clip=0.01) || fail "$model: half the norm"
    same "by half the norm: a step is not clipped"
    # shellcheck disable=SC2086
    (train $one clip=1e9) || fail "$model: no norm"
    cmp -s "$work/$model.safetensors" "$work/one" && fail "$model: the same weights without a norm"
    echo "$model: every step is clipped"
}

undisturbed() {
    for threads in 1 2; do
        (train "$lstmc" train "$models" name="$model" epochs=$epochs --threads=$threads --quiet) ||
            fail "$model: $threads threads"
        [ $threads = 1 ] && mv "$work/$model.safetensors" "$work/one" && continue
        same "of $threads threads"
    done
    for ranks in 1 2 3 4; do
        (on_ranks $ranks --quiet) || fail "$model: $ranks ranks"
        same "of $ranks ranks"
    done
    echo "$model: 1 and 2 threads, 1, 2, 3 and 4 ranks: the same bits"
    [ "$model" != norm ] || check_that_norm_clips
}

# The ranks of the job, in their order: the children of mpirun.
ranks_of_job() {
    cat /proc/[0-9]*/stat 2>/dev/null | awk -v parent="$job" '
        { id = $1; sub(/^.*\) /, ""); if ($2 == parent) print id }' | sort -n
}

# Whether all ranks are there; and whether this job, not one before it, has left a checkpoint.
has_begun()   { [ "$(ranks_of_job | wc -l)" -eq "$ranks" ]; }
has_trained() { [ -n "$(find "$work/$model.checkpoint" -newer "$work/begun" 2>/dev/null)" ]; }

# wait_until QUESTION: status 1 if the job has ended.
wait_until() {
    end=$(($(date +%s) + patience))
    until $1; do
        kill -0 "$job" 2>/dev/null || return 1
        [ "$(date +%s)" -lt $end ] || fail "$model: $1: not within $patience s"
        sleep 0.02
    done
}

has_ended() { ! kill -0 "$job" 2>/dev/null; }

# Sets victims, what is said of them, and the moment: milliseconds after the ranks are there, each fifth time, where
# they meet, read the data and compile, or else after the first checkpoint.
draw_kill() {
    random 500
    moment=$number
    random "$ranks"
    rank=$number
    event=has_trained words="after a checkpoint"
    [ $((turn % 5)) = 4 ] && event=has_begun words="after the start"
}

# Status 1 if the job ended before.
kill_some() {
    wait_until $event || return 1
    sleep "$(printf '0.%03d' "$moment")"
    if [ $((turn % 4)) = 3 ]; then
        victims=$(ranks_of_job) whom="all $ranks ranks"
    else
        victims=$(ranks_of_job | sed -n $((rank + 1))p) whom="rank $rank of $ranks"
    fi
    # shellcheck disable=SC2086
    [ -n "$victims" ] && kill -9 $victims 2>/dev/null
}

# Counts a kill that has ended the job; a training that was done before it begins anew.
judge_job() {
    before=$(milliseconds)
    wait_until has_ended
    wait "$job"
    status=$?
    took=$(($(milliseconds) - before))
    if [ $status = 0 ]; then
        same "of a training that went on $resumed times"
        done=$((done + 1))
        [ $done -le "$kills" ] || fail "$model: again and again done before it was killed"
        echo "$model: done before it was killed, the same bits: once more"
        resumed=0 resume=
        return
    fi
    [ -n "$whom" ] || fail "$model: ended with status $status, and nobody was killed"
    turn=$((turn + 1))
    [ "$whom" = "all $ranks ranks" ] && of_all=$((of_all + 1))
    [ $event = has_begun ] && at_start=$((at_start + 1))
    [ $took -le $longest ] || longest=$took
    echo "$model: $whom killed $moment ms $words: status $status $took ms later"
    [ -e "$work/$model.checkpoint" ] && resume=--resume && resumed=$((resumed + 1))
}

# disturbed KILLS
disturbed() {
    ranks=2 resumed=0 done=0 last=$((turn + $1)) resume=
    rm -f "$work/$model.checkpoint"*
    while [ $turn -lt $last ]; do
        draw_kill
        whom=
        touch "$work/begun"
        # shellcheck disable=SC2086
        on_ranks $ranks $resume --checkpoint-every=3 &
        job=$!
        kill_some || whom=
        judge_job
        random 2
        ranks=$((2 + (ranks - 1 + number) % 3))     # one of the two others of 2, 3 and 4
    done
    # shellcheck disable=SC2086
    (on_ranks $ranks $resume --quiet) || fail "$model: the last $ranks ranks"
    same "after $resumed kills"
    echo "$model: went on $resumed times, at last with $ranks ranks: the same bits"
}

nobody_is_left() { [ -z "$(processes)" ]; }

work=$(mktemp -d) || exit 1
trap clean EXIT
trap 'exit 1' INT TERM HUP
: >"$work/said"
turn=0 of_all=0 at_start=0 longest=0 compared=0 began=$(date +%s) share=0
for model in norm statistics lengths states; do
    undisturbed
    share=$((share + 1))
    disturbed $((kills * share / 4 - turn))
done
job=$$
wait_until nobody_is_left
echo "$turn kills ($of_all of all ranks, $at_start at the start), each ended its job within $longest ms;" \
    "$compared trainings, all the same bits; no process is left; $(($(date +%s) - began)) s"
