#!/bin/sh
# microcontroller.sh LSTMC: prints the table of README.md, "On a microcontroller", of the model that stands there:
# flash, RAM, stack and instructions, with a cross compiler and in an emulator. Exit status 1 if a number of the
# README's is not within a tenth of what is measured.
set -eu
lstmc=$(cd "$(dirname "$1")" && pwd)/$(basename "$1")
here=$(cd "$(dirname "$0")" && pwd)
root=$here/../..
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

awk '/^```lua gesture.lua$/ { inside = 1; next } /^```/ { inside = 0 } inside' "$root/README.md" >gesture.lua
"$lstmc" train gesture.lua --interpreted --epochs=1 --samples=64 --quiet >log 2>&1 || { cat log; exit 1; }

m4="-mcpu=cortex-m4 -mthumb -mfloat-abi=hard -mfpu=fpv4-sp-d16"
m3="-mcpu=cortex-m3 -mthumb"
train=$root/runtime/train
runtime="$train/init.c $train/optimizer.c $train/constraint.c $train/ranges.c"

# Text, and data with bss, of a program; $1: its words for the compiler.
sizes() {
    # shellcheck disable=SC2086
    $compile $1 --specs=nosys.specs -nostartfiles -Wl,-emain $sources -lm -o size.elf 2>log || { cat log >&2; exit 1; }
    arm-none-eabi-size size.elf | awk 'NR == 2 { print $1, $2 + $3 }'
}

# row NAME MACHINE FLAGS WORDS: WORDS are lstmc's.
row() {
    name=$1 machine=$2 words=$4
    rm -rf code
    # shellcheck disable=SC2086
    "$lstmc" gesture.lua $words --quiet -o code >/dev/null
    case $words in
    *--weights*) sources="$here/microcontroller.c code/gesture.c code/gesture_weights.c" kind= ;;
    *)           sources="$here/microcontroller.c code/gesture.c $runtime" kind=-DTRAIN ;;
    esac
    compile="arm-none-eabi-gcc $3 -Icode -I$root -I$root/runtime -ffunction-sections -fdata-sections -Wl,--gc-sections
             -T $here/cortex_m4.ld $kind"
    all=$(sizes "") nothing=$(sizes -DNOTHING) weights=0
    if [ -z "$kind" ]; then
        # shellcheck disable=SC2086
        arm-none-eabi-gcc $3 -Icode -c code/gesture_weights.c -o weights.o
        weights=$(arm-none-eabi-size weights.o | awk 'NR == 2 { print $1 }')
    fi
    # shellcheck disable=SC2086
    $compile -DMEASURE --specs=rdimon.specs "$here/cortex_m4.c" $sources -lm -o measure.elf
    measured=$(timeout 120 qemu-system-arm -icount shift=0 -M "$machine" -nographic -monitor none -serial none \
        -semihosting-config enable=on,target=native -kernel measure.elf)
    echo "$all $nothing $weights $measured" | awk -v name="$name" '
    function bytes(n) { return n < 1000 ? n " B" : sprintf("%.1f KB", n / 1024) }
    function thousands(n) { while (match(n, /^[0-9][0-9][0-9][0-9]+/))
                                n = substr(n, 1, RLENGTH - 3) "," substr(n, RLENGTH - 2); return n }
    { printf "| %s | %s | %s | %s | %s | %s |\n", name, bytes($1 - $3 - $5), $5 ? bytes($5) : "none", bytes($2 - $4),
             bytes($7), thousands($6) }' | tee -a table
}

trained="--weights gesture.safetensors --inference"
vectors="--target=vector --lanes=4"
cat <<'END'
| | code | weights | RAM | stack | instructions |
|---|---|---|---|---|---|
END
row 'a step, `--target=plain`, `-Os`' mps2-an386 "-Os $m4" "--target=plain $trained"
row 'a step, `--lanes=4 --unroll=none`, `-Os`' mps2-an386 "-Os $m4" "$vectors --unroll=none $trained"
row 'a step, `--lanes=4`, `-O2`' mps2-an386 "-O2 $m4" "$vectors $trained"
row 'the same with `--weights-dtype=bf16`' mps2-an386 "-O2 $m4" "$vectors --weights-dtype=bf16 $trained"
row 'a step on a Cortex-M3, without an FPU' mps2-an385 "-O2 $m3" "--target=plain $trained"
row 'an update, `--batch=1 --target=plain`, `-Os`' mps2-an386 "-Os $m4" "--target=plain --batch=1"
row 'an update, `--batch=1 --lanes=4`, `-O2`' mps2-an386 "-O2 $m4" "$vectors --batch=1"

awk -F ' *[|] *' '
function off(a, b,    d) { gsub(/,/, "", a); gsub(/,/, "", b); d = a - b; return (d < 0 ? -d : d) > b / 10 }
NR == FNR { for (i = 3; i <= 7; i++) measured[$2, i] = $i; rows[$2] = ++count; next }
$2 in rows { seen[$2] = 1; for (i = 3; i <= 7; i++) if (off($i, measured[$2, i]))
    { print "README.md:" FNR ": " $2 ": " $i " is said, " measured[$2, i] " measured"; bad = 1 } }
END { for (name in rows) if (!(name in seen)) { print "README.md: no row for " name; bad = 1 } exit bad }' \
    table "$root/README.md"
