#!/bin/sh
# targets.sh LSTMC: seven models with the weights of a short training, compiled for other machines and asked there, in
# emulators, whether they compute what the interpreter computes here (lstmc --self-test). A compiler or an emulator that
# is not there is an error: make test-targets installs them.
set -eu
lstmc=$(cd "$(dirname "$1")" && pwd)/$(basename "$1")
here=$(cd "$(dirname "$0")" && pwd)/targets
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

# Plain loops, and vectors as wide as each of the targets has them; what a machine lacks its compiler makes of smaller
# parts.
for model in series:plain tokens:vector,4 planes:vector,16 coder:vector,8,bf16 \
    tagger:vector,8 waves:vector,4 pictures:plain; do
    name=${model%%:*} options=${model#*:}
    target=--target=${options%%,*}
    case $options in *,bf16) target="$target --weights-dtype=bf16" ;; esac
    case $options in vector,*) lanes=${options#vector,}; target="$target --lanes=${lanes%%,*}" ;; esac
    "$lstmc" train "$here/models.lua" name="$name" --interpreted --quiet --out "$name.safetensors" --log "$name.csv" \
        --checkpoint "$name.checkpoint" >log 2>&1 || { cat log; exit 1; }
    # shellcheck disable=SC2086
    "$lstmc" "$here/models.lua" name="$name" $target --weights "$name.safetensors" --self-test --quiet >/dev/null
done
sources=$(ls ./*.c)
models='-DMODELS=X(series) X(tokens) X(planes) X(coder) X(tagger) X(waves) X(pictures)'

failed=0

# on NAME COMMAND RUN: compiles by the one and runs by the other.
on() {
    name=$1 build=$2 run=$3
    # shellcheck disable=SC2086
    if $build "$models" -I. "$here/main.c" $sources -o program -lm >log 2>&1 && $run ./program >log 2>&1 &&
        [ "$(grep -c ': all right$' log)" = 7 ]; then
        echo "$name: $(paste -sd ' ' log)"
    else
        echo "$name: FAILED"; sed 's/^/    /' log; failed=1
    fi
}

m4="-mcpu=cortex-m4 -mthumb -mfloat-abi=hard -mfpu=fpv4-sp-d16 --specs=rdimon.specs -T $here/cortex_m4.ld"
wasm="clang --target=wasm32-wasi --sysroot=/usr -O2"
on "this machine" "cc -O2" ""
on "aarch64" "aarch64-linux-gnu-gcc -O2 -static" qemu-aarch64
on "32-bit ARM, NEON" "arm-linux-gnueabihf-gcc -O2 -static -mfpu=neon" qemu-arm
on "s390x (big-endian)" "s390x-linux-gnu-gcc -O2 -static" qemu-s390x
on "Cortex-M4F" "arm-none-eabi-gcc -O2 $m4 $here/cortex_m4.c" \
   "qemu-system-arm -M mps2-an386 -nographic -monitor none -serial none
    -semihosting-config enable=on,target=native -kernel"
on "wasm" "$wasm" "node --no-warnings $here/wasm.mjs"
on "wasm, 128-bit vectors" "$wasm -msimd128" "node --no-warnings $here/wasm.mjs"

# What one model costs there.
"$here/microcontroller.sh" "$lstmc" || failed=1
exit $failed
