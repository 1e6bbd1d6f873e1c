#!/bin/sh
# floors.sh [ROOT]: which part of the project may know which other part; prints "file:line: text" for whatever breaks a floor.
# First it proves on a copy that each of its own rules screams (floors.sh --rules ROOT checks without that).
#
#   emitters know no layer          layers know no C              passes do not include each other (passes.h lists them)
#   runtime/ knows no compiler/     runtime/interpreter/ knows compiler/model.h alone
#   generated code knows itself and the C library alone
#   Lua is for read_lua and lua_*   the compiler needs no BLAS    the weight files alone need jansson
#   threads are for runtime/threads.c   zlib is for runtime/gzip.c, which only its callers link
#   libsndfile is for runtime/sound.c, FFTW for runtime/spectrum.c
#   numbers are read and printed by runtime/number.c, whatever the locale, which nobody sets
#
# Comments are taken away before anything is looked for.
script=$0

# "file:line:code" of every given file, without comments.
code_of() {
    [ $# -gt 0 ] && awk '
    FNR == 1 { inside = 0 }
    {
        out = ""; quote = ""; n = length($0)
        for (i = 1; i <= n; i++) {
            c = substr($0, i, 1); two = substr($0, i, 2)
            if (inside) { if (two == "*/") { inside = 0; i++ } }
            else if (quote != "") { out = out c; if (c == "\\") { i++; out = out substr($0, i, 1) } else if (c == quote) quote = "" }
            else if (two == "/*") { inside = 1; i++ }
            else if (two == "//") break
            else { if (c == "\"" || c == "\047") quote = c; out = out c }
        }
        print FILENAME ":" FNR ":" out
    }' "$@" /dev/null
}

lua_code_of() {
    [ $# -gt 0 ] && awk '{ sub(/--.*/, ""); print FILENAME ":" FNR ":" $0 }' "$@" /dev/null
}

existing() {
    for file; do
        [ -f "$file" ] && printf '%s\n' "$file"
    done
}

# Standard input: lines that should not exist.
forbid() {
    sed "s/\$/     <- $1/"
}

includes() {
    grep -E '^[^:]*:[0-9]*: *# *include' "$@"
}

# The layers as an alternation: LSTM|GRU|Dense, from the Lua files that define them.
layer_names() {
    lua_code_of $(existing compiler/layers/*.lua) | cut -d: -f3- | grep -oE '^ *return +[a-z_]+ *\(? *"[A-Z][A-Za-z0-9]*"' |
        sed 's/.*"\(.*\)"/\1/' | sort -u | paste -sd '|' -
}

# A pass may include the shared headers and its own (emit_nest.c: emit.h), but no header of another pass, and no .c file.
check_passes() {
    passes="read_lua lower grad stage blas flatten tile piece pack schedule plan contain emit"
    for pass in $passes; do
        others=$(echo "$passes" | tr ' ' '\n' | grep -vx "$pass" | paste -sd '|' -)
        code_of $(existing compiler/$pass.c compiler/$pass.h compiler/${pass}_*.c compiler/${pass}_*.h) | includes |
            grep -E "\"((.*/)?($others)(_[a-z_]*)?\\.h|.*\\.c|.*interpreter/.*)\"" | forbid "a pass includes another pass"
    done
}

check_layers() {
    names=$(layer_names)
    if [ -z "$names" ]; then
        echo "compiler/layers/: no layer found     <- the floors cannot be checked"
    else
        code_of $(existing compiler/emit*.c compiler/schedule*.c compiler/plan*.c compiler/grad*.c compiler/stage*.c compiler/tile*.c compiler/piece.c compiler/pack.c compiler/contain.c compiler/lower*.c compiler/lua_lower*.c) |
            grep -wE "$names" | forbid "knows a layer"
    fi
    lua_code_of $(existing compiler/*/*.lua) |
        grep -E '#include|#define|->|\+\+|[-+*]=|/\*|\*/|&&|\|\||!=|(^|[^a-z_])(float|double|int|int32_t|void|char|size_t|struct) +\**[a-z_]+ *[][;=(]' |
        forbid "C in a layer"
}

check_runtime() {
    code_of $(existing runtime/*.c runtime/*.h) | includes | grep -E '"[^"]*compiler/|"[^"]*interpreter/' | forbid "the runtime knows nothing above it"
    code_of $(existing runtime/interpreter/*.c runtime/interpreter/*.h) | includes | grep -E '"[^"]*compiler/' |
        grep -v '"../../compiler/model\.h"' | forbid "the interpreter shares model.h alone"
    code_of $(existing runtime/*.c runtime/*.h runtime/interpreter/*.c runtime/interpreter/*.h compiler/*.c compiler/*.h) | includes |
        grep 'jansson' | grep -vE '^runtime/(safetensors|safetensors_write|meaning_json)\.c:' | forbid "jansson belongs to the weight files"
    code_of $(existing runtime/*.c runtime/*.h runtime/interpreter/*.c runtime/interpreter/*.h compiler/*.c compiler/*.h) | includes |
        grep 'zlib' | grep -v '^runtime/gzip\.c:' | forbid "zlib belongs to gzip.c"
    code_of $(existing runtime/*.c) | grep -w 'lstmc_gunzip' | grep -v '^runtime/gzip\.c:' | forbid "the runtime would link zlib into every program"
    code_of $(existing runtime/*.c runtime/*.h runtime/interpreter/*.c runtime/interpreter/*.h compiler/*.c compiler/*.h) | includes |
        grep -E '[<"/](sndfile|fftw3)\.h' | grep -vE '^runtime/(sound\.c:[0-9]*: *# *include <sndfile|spectrum\.c:[0-9]*: *# *include <fftw3)' |
        forbid "libsndfile and FFTW have a file each"
    code_of $(existing runtime/*.c runtime/*.h runtime/interpreter/*.c runtime/interpreter/*.h compiler/*.c compiler/*.h) | includes |
        grep -E '<(pthread|threads)\.h>' | grep -v '^runtime/threads\.c:' | forbid "threads outside threads.c"
}

# Statements that print a number by printf, by the place where they begin.
printed_numbers() {
    awk '
    {
        place = $0; sub(/^[^:]*:[0-9]*:/, "", place)
        if (place ~ /^ *(#|$)/) next
        if (statement == "") first = substr($0, 1, length($0) - length(place))
        statement = statement " " place
        if (place !~ /[;{}] *$/) next
        if (statement ~ /(^|[^a-z_])(sn|f|d|s)?printf *\(/ && statement ~ /%[-+ #0]*[0-9*]*(\.[0-9*]+)?l?[aAeEfFgG]/) print first statement
        statement = ""
    }'
}

# The compiler is a program that never sets a locale, so that it may print; what its emitters read again are digits that they have just printed.
check_numbers() {
    runtime=$(code_of $(existing runtime/*.c runtime/*.h runtime/interpreter/*.c) | grep -v '^runtime/number\.c:')
    compiler=$(code_of $(existing compiler/*.c compiler/*.h compiler/example/*.c))
    printf '%s\n' "$runtime" "$compiler" | grep -wE 'strto(d|f|ld)|atof' |
        grep -vE '^compiler/((emit_[a-z_]*|ir_print)\.c|example/[a-z_]*\.c):' | forbid "numbers are read by lstmc_number_read"
    printf '%s\n' "$runtime" | grep -wE '[fs]?scanf|v(sn|f|s)?printf' | forbid "numbers are read and printed by number.c"
    printf '%s\n' "$runtime" | printed_numbers | forbid "numbers are printed by lstmc_format"
    { printf '%s\n' "$runtime" "$compiler"; code_of $(existing runtime/number.c); } | grep -wE 'setlocale|localeconv' |
        forbid "the locale is the host program's"
}

check_generated() {
    standard='assert|complex|ctype|errno|fenv|float|inttypes|iso646|limits|locale|math|setjmp|signal|stdalign|stdarg|stdatomic|stdbool|stddef|stdint|stdio|stdlib|stdnoreturn|string|tgmath|threads|time|uchar|wchar|wctype'
    for file in $(existing generated/*.c generated/*.h); do
        own=$(basename "${file%.*}")
        code_of "$file" | includes | grep -vE "<($standard)\.h>|\"$own\.h\"" | forbid "generated code stands alone"
    done
}

check_libraries() {
    code_of $(existing compiler/*.c compiler/*.h) | includes | grep -E '[<"/](lua|lauxlib|lualib|luaconf)\.h' |
        grep -vE '^compiler/(read_lua|lua_)[a-z_]*\.[ch]:|^compiler/read_lua\.c:' | forbid "Lua outside read_lua"
    code_of $(existing runtime/*.c runtime/*.h runtime/interpreter/*.c runtime/interpreter/*.h) | includes |
        grep -E '[<"/](lua|lauxlib|lualib|luaconf)\.h' | forbid "Lua outside read_lua"
    code_of $(existing compiler/*.c compiler/*.h) | includes | grep -iE 'cblas|openblas|lapack' | forbid "BLAS in the compiler"
}

check_all() {
    check_passes
    check_layers
    check_runtime
    check_numbers
    check_generated
    check_libraries
}

# Plants the line $3 into the file $2 of a copy, and expects exactly that place to be named.
plant() {
    rule=$1 file=$2 line=$3
    mkdir -p "$copy/$(dirname "$file")"
    [ -f "$copy/$file" ] && cp "$copy/$file" "$copy/kept"
    printf '\n%s\n' "$line" >>"$copy/$file"
    place="$file:$(wc -l <"$copy/$file" | tr -d ' ')"
    if sh "$script" --rules "$copy" >"$copy/findings" || ! grep -q "^$place:" "$copy/findings"; then
        echo "$place:$line     <- planted, and the floor did not scream: $rule"
    fi
    rm "$copy/$file"
    [ -f "$copy/kept" ] && mv "$copy/kept" "$copy/$file"
}

self_test() {
    copy=$(mktemp -d) || exit 1
    trap 'rm -rf "$copy"' EXIT
    # A small project of its own, so that the proof is quick and does not depend on the state of the real one.
    mkdir -p "$copy/compiler/layers" "$copy/runtime/interpreter" "$copy/generated"
    echo '-- a comment may say -> and /* C */' >"$copy/compiler/layers/lstm.lua"
    echo 'return recurrent "LSTM" { }' >>"$copy/compiler/layers/lstm.lua"
    printf '/* LSTM in a comment,\n   and #include "grad.h" */ // LSTM\n#include "emit.h"\n#include "passes.h"\nint lstm_count;\n' >"$copy/compiler/emit_nest.c"
    printf '#include "../../compiler/model.h"\n' >"$copy/runtime/interpreter/lstm.c"
    printf '#include <math.h>\n#include "pump.h"\n' >"$copy/generated/pump.c"
    printf '#include <jansson.h>\n' >"$copy/runtime/safetensors.c"
    printf '#include <sndfile.h>\n' >"$copy/runtime/sound.c"
    printf '#include <lua.h>\n' >"$copy/compiler/lua_index.c"
    sh "$script" --rules "$copy" || echo "$script:1: a project without a fault is refused"
    plant "emitters know no layer" compiler/emit_nest.c 'if (!strcmp(layer->kind, "LSTM")) return;'
    plant "emitters know no layer" compiler/grad.c 'static void LSTM(void);'
    plant "layers know no C" compiler/layers/lstm.lua 'float y = x[i];'
    plant "layers know no C" compiler/layers/lstm.lua 'text = "w->kernel"'
    plant "passes do not include each other" compiler/plan.c '#include "schedule.h"'
    plant "passes do not include each other" compiler/emit_nest.c '#include "plan_memory.h"'
    plant "runtime knows no compiler" runtime/train.c '#include "../compiler/model.h"'
    plant "interpreter knows model.h alone" runtime/interpreter/gru.c '#include "../../compiler/ir.h"'
    plant "generated code stands alone" generated/pump.c '#include "lstmc.h"'
    plant "generated code stands alone" generated/pump.h '#include <unistd.h>'
    plant "threads are for threads.c" runtime/engine.c '#include <pthread.h>'
    plant "Lua is for read_lua" compiler/lower.c '#include <lua.h>'
    plant "no BLAS in the compiler" compiler/evaluate.c '#include <cblas.h>'
    plant "libsndfile and FFTW have a file each" runtime/wav.c '#include <sndfile.h>'
    plant "libsndfile and FFTW have a file each" runtime/sound.c '#include <fftw3.h>'
    plant "the weight files alone need jansson" runtime/train.c '#include <jansson.h>'
    plant "numbers are read by number.c" runtime/csv.c 'double value = strtod(text, &end);'
    plant "numbers are printed by number.c" runtime/progress.c 'fprintf(file, " <= %.*f", digits, loss);'
    plant "numbers are printed by number.c" runtime/message.c 'vsnprintf(text, size, format, arguments);'
    plant "nobody sets a locale" compiler/main.c 'setlocale(LC_ALL, "");'
    plant "zlib is for gzip.c" runtime/csv.c '#include <zlib.h>'
    plant "only its callers link zlib" runtime/windows.c 'static lstmc_unpack *const unpack = lstmc_gunzip;'
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
