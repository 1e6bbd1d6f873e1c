#!/bin/sh
# floors.sh [ROOT]: which room of the house may know which other room; prints "file:line: text" for whatever breaks a
# floor. First it proves on a copy that each of its own rules screams (floors.sh --rules ROOT checks without that).
#
# Comments are taken away before anything is looked for.
script=$0

# A room, and the rooms (or single files) that its files may include. Everybody may include what is installed:
# runtime/*.h.
rooms='
compiler/base        runtime/base runtime/files
compiler/ir          compiler/base
compiler/front       compiler/base compiler/ir runtime/files runtime/data
compiler/passes      compiler/base compiler/ir runtime/files
compiler/emit        compiler/base compiler/ir compiler/passes compiler/front/model.h
compiler/oracle      compiler/base compiler/ir compiler/front compiler/passes compiler/emit runtime/interpreter
compiler/ship        compiler/base compiler/ir compiler/front compiler/emit compiler/oracle runtime/base runtime/data
compiler/ship        compiler/interchange
compiler             compiler/base compiler/ir compiler/front compiler/passes compiler/emit compiler/ship
compiler/session     compiler/base compiler/front compiler/passes compiler/oracle compiler
compiler/session     runtime/base runtime/files runtime/data runtime/text runtime/interpreter
compiler/session     compiler/interchange
compiler/report      compiler/base compiler/front compiler/session runtime/base runtime/files runtime/data
compiler/fuzz        compiler/base compiler/front compiler/oracle compiler/session runtime/interpreter
compiler/search      compiler/base compiler/front compiler/session runtime/base runtime/files runtime/data
compiler/interchange/draft      compiler/base compiler/front runtime/base runtime/files
compiler/interchange/keras      compiler/base compiler/front compiler/interchange/draft runtime/base runtime/files
compiler/interchange/audio      compiler/base compiler/front compiler/interchange/draft
compiler/interchange/pytorch    compiler/base compiler/front compiler/interchange/draft runtime/base runtime/files
compiler/interchange/onnx       compiler/base compiler/front compiler/interchange/draft runtime/files
compiler/interchange compiler/base compiler/front compiler/interchange/draft compiler/interchange/keras
compiler/interchange compiler/interchange/audio compiler/interchange/pytorch compiler/interchange/onnx runtime/files
compiler/interchange/container
compiler/commands    compiler/base compiler/ir compiler/front compiler/passes compiler/emit compiler/oracle
compiler/commands    compiler/ship compiler compiler/session compiler/report compiler/fuzz compiler/interchange
compiler/commands    compiler/interchange/draft compiler/search
compiler/commands    runtime/base runtime/files runtime/data runtime/text runtime/interpreter
runtime
runtime/base
runtime/files        runtime/base
runtime/text         runtime/base runtime/files
runtime/decode
runtime/data         runtime/base runtime/files runtime/text
runtime/train        runtime/base runtime/files
runtime/interpreter  runtime/base compiler/front/model.h
runtime/mpi
'

# What is written in lines of 120 columns at most.
wide='compiler runtime models Makefile README.md tests/*.sh tests/bench/*.mk tests/targets'

# "file:line:code" of every given file, without comments.
code_of() {
    [ $# -gt 0 ] && awk '
    FNR == 1 { inside = 0 }
    {
        out = ""; quote = ""; n = length($0)
        for (i = 1; i <= n; i++) {
            c = substr($0, i, 1); two = substr($0, i, 2)
            if (inside) { if (two == "*/") { inside = 0; i++ } }
            else if (quote != "") {
                out = out c
                if (c == "\\") { i++; out = out substr($0, i, 1) } else if (c == quote) quote = ""
            }
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

# All of C without comments; the lines of some files; the include lines among what comes in.
code=$(mktemp) || exit 1
trap 'rm -rf "$code" "$code".*' EXIT

read_code() {
    code_of $(find compiler runtime generated -name '*.[ch]' 2>/dev/null | sort) >"$code"
}

code_in() {
    grep -E "^($1):" "$code"
}

includes() {
    grep -E '^[^:]*:[0-9]*: *# *include' "$@"
}

check_rooms() {
    includes "$code" | grep -E '^(compiler|runtime)/' | awk -v rooms="$rooms" '
    BEGIN {
        count = split(rooms, line, "\n")
        for (i = 1; i <= count; i++) {
            words = split(line[i], word, " ")
            if (words) known[word[1]] = 1
            for (w = 2; w <= words; w++) may[word[1], word[w]] = 1
        }
    }
    {
        file = $0; sub(/:.*/, "", file)
        room = file; sub(/\/[^\/]*$/, "", room)
        if (room ~ /example$/ || !match($0, /"[^"]*"/)) next
        name = substr($0, RSTART + 1, RLENGTH - 2)
        to = name; if (!sub(/\/[^\/]*$/, "", to)) next
        if (!(room in known)) print $0 "     <- no room"
        else if (to != "runtime" && !((room, to) in may) && !((room, name) in may))
            print $0 "     <- " room " does not know " to
    }'
    includes "$code" | grep -E '"[^"]*\.c"|"\.\.?/' | grep -vE '^generated/' |
        forbid "a header by its path from the root"
}

# The layers as an alternation: LSTM|GRU|Dense, from the Lua files that define them. Sequential is what every model is,
# and only inside of another layer one of them.
layer_names() {
    lua_code_of $(existing compiler/mathematics/layers/*.lua) | cut -d: -f3- |
        grep -oE '^ *return +[a-z_]+ *\(? *"[A-Z][A-Za-z0-9]*"' |
        sed 's/.*"\(.*\)"/\1/' | grep -vx Sequential | sort -u | paste -sd '|' -
}

# A pass may include the shared headers and its own (plan_memory.c: plan.h), but no header of another pass.
check_passes() {
    passes="grad stage phases blas flatten transpose tile piece pack schedule plan contain"
    for pass in $passes; do
        others=$(echo "$passes" | tr ' ' '\n' | grep -vx "$pass" | paste -sd '|' -)
        code_in "compiler/passes/${pass}(_[a-z_]*)?\.[ch]" | includes | grep -E "\"(.*/)?($others)(_[a-z_]*)?\.h" |
            forbid "a pass includes another pass"
    done
}

check_layers() {
    names=$(layer_names)
    if [ -z "$names" ]; then
        echo "compiler/mathematics/layers/: no layer found     <- the floors cannot be checked"
    else
        code_in 'compiler/((ir|passes|emit|ship|fuzz)/[a-z_]*|front/(lua_lower|catalogue))\.[ch]' | grep -wE "$names" |
            forbid "knows a layer"
    fi
    lua_code_of $(existing compiler/*/*/*.lua) |
        grep -E -e '#include|#define|->|\+\+|[-+*]=|/\*|\*/|&&|\|\||!=' \
             -e '(^|[^a-z_])(float|double|int|int32_t|void|char|size_t|struct) +\**[a-z_]+ *[][;=(]' |
        forbid "C in a layer"
}

# A library has the files that know it.
check_libraries() {
    includes "$code" | grep -E '[<"/](lua|lauxlib|lualib|luaconf)\.h' |
        grep -vE '^compiler/front/(read_lua|lua_)[a-z_]*\.[ch]:|^compiler/front/read_lua\.c:' |
        forbid "Lua outside read_lua"
    includes "$code" | grep '^compiler/' | grep -iE 'cblas|openblas|lapack' | forbid "BLAS in the compiler"
    includes "$code" | grep 'jansson' |
        grep -vE '^runtime/(files/(safetensors|safetensors_write|meaning_json)|data/multi_hot)\.c:' |
        grep -vE '^compiler/interchange/.*\.[ch]:' |
        forbid "jansson belongs to the weight files, to data as JSON and to the files of others"
    includes "$code" | grep 'zlib' | grep -v '^runtime/files/gzip\.c:' | forbid "zlib belongs to gzip.c"
    code_in 'runtime/[a-z]*/[a-z_]*\.c' | grep -w 'lstmc_gunzip' | grep -v '^runtime/files/gzip\.c:' |
        forbid "the runtime would link zlib into every program"
    includes "$code" | grep -E '[<"/](sndfile|fftw3)\.h' |
        grep -vE '^runtime/data/(sound\.c:[0-9]*: *# *include <sndfile|spectrum\.c:[0-9]*: *# *include <fftw3)' |
        forbid "libsndfile and FFTW have a file each"
    includes "$code" | grep -E '<(pthread|threads)\.h>' | grep -v '^runtime/train/threads\.c:' |
        forbid "threads outside threads.c"
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
        prints = statement ~ /(^|[^a-z_])(sn|f|d|s)?printf *\(/
        if (prints && statement ~ /%[-+ #0]*[0-9*]*(\.[0-9*]+)?l?[aAeEfFgG]/) print first statement
        statement = ""
    }'
}

# The compiler is a program that never sets a locale, so that it may print; what its emitters read again are digits that
# they have just printed.
check_numbers() {
    runtime=$(grep '^runtime/' "$code" | grep -v '^runtime/base/number\.c:')
    grep -E '^(compiler|runtime)/' "$code" | grep -wE 'strto(d|f|ld)|atof' |
        grep -vE '^runtime/base/number\.c:|^compiler/((emit|ship)/[a-z_]*|ir/ir_print|ship/example/[a-z_]*)\.c:' |
        forbid "numbers are read by lstmc_number_read"
    printf '%s\n' "$runtime" | grep -wE '[fs]?scanf|v(sn|f|s)?printf' |
        forbid "numbers are read and printed by number.c"
    printf '%s\n' "$runtime" | printed_numbers | forbid "numbers are printed by lstmc_format"
    grep -wE 'setlocale|localeconv' "$code" | forbid "the locale is the host program's"
}

check_generated() {
    standard='assert|complex|ctype|errno|fenv|float|inttypes|iso646|limits|locale|math|setjmp|signal|stdalign|stdarg'
    standard=$standard'|stdatomic|stdbool|stddef|stdint|stdio|stdlib|stdnoreturn|string|tgmath|threads|time|uchar|wchar'
    standard=$standard'|wctype'
    for file in $(existing generated/*.c generated/*.h); do
        own=$(basename "${file%.*}")
        code_in "$file" | includes | grep -vE "<($standard)\.h>|\"$own\.[ch]\"" | forbid "generated code stands alone"
    done
}

# No line beyond 120 columns, comments and texts included.
check_width() {
    # shellcheck disable=SC2086
    LC_ALL=C.UTF-8 grep -rnE '^.{121,}$' --exclude-dir='.*' $wide 2>/dev/null | cut -c 1-100 |
        forbid "beyond 120 columns"
}

# Each field that C reads of a program or a model is named by the contract in the head of the Lua file that writes it.
check_contract() {
    while read -r lua readers; do
        [ -f "compiler/front/vocabulary/$lua" ] || continue
        sed -n '/^--/!q;p' "compiler/front/vocabulary/$lua" >"$code.contract"
        reads='(field_[a-z]+|[a-z_]+_field|KIND_FIELD|push_table|extract_positions|lua_getfield)'
        code_in "compiler/front/($readers)\\.c" |
            grep -oE "^[^:]*:[0-9]*:|$reads\\([a-zA-Z>-]+, (-1, )?\"[a-z_0-9]+\"" | awk -v contract="$code.contract" '
            BEGIN { while ((getline line < contract) > 0) { gsub(/[^a-z_0-9]+/, " ", line); head = head " " line " " } }
            /^[^:]*:[0-9]*:$/ { place = $0; next }
            { split($0, part, "\""); if (!index(head, " " part[2] " ")) print place $0 "     <- not in the contract" }'
    done <<'END'
lowering.lua lua_lower
description.lua lua_model|lua_training|lua_data
END
}

# What a description can name, at the place where it is defined: "file:line:word".
names_of_descriptions() {
    {
        grep -nE '^(return )?[a-z]+ *\(?"[A-Za-z0-9_]+"' $(existing compiler/mathematics/*/*.lua) /dev/null
        grep -noE 'class = "[A-Za-z0-9]+"' $(existing compiler/mathematics/*/*.lua) /dev/null
        grep -nE '^(internal\.)?(constructor|schedule|callback)\("[A-Za-z0-9]+"' \
            $(existing compiler/front/vocabulary/*.lua) /dev/null
    } | sed -nE 's/^([^:]*:[0-9]+:)[^"]*"([A-Za-z0-9_]+)".*/\1\2/p'
    grep -nE '^function vocabulary\.[a-z_]+' $(existing compiler/front/vocabulary/*.lua) /dev/null |
        sed -E 's/^([^:]*:[0-9]+:)function vocabulary\.([a-z_]+).*/\1\2/'
}

check_manual() {
    cat $(existing compiler/manual/*.md) /dev/null | tr -c 'A-Za-z0-9_' '\n' | sort -u >"$code.manual"
    names_of_descriptions | awk -F: -v words="$code.manual" '
    BEGIN { while ((getline word < words) > 0) known[word] = 1 }
    !($3 in known) { print $0 "     <- not in the manual" }'
}

check_all() {
    read_code
    check_manual
    check_contract
    check_rooms
    check_width
    check_passes
    check_layers
    check_numbers
    check_generated
    check_libraries
}

# Adds the line $3 to the file $2 of the copy: a fault against rule $1.
plant() {
    mkdir -p "$copy/$(dirname "$2")"
    printf '\n%s\n' "$3" >>"$copy/$2"
    echo "$2:$(wc -l <"$copy/$2" | tr -d ' '):$1" >>"$code.planted"
}

# Each planted line must be named.
expect_screams() {
    sh "$script" --rules "$copy" >"$code.found"
    while IFS=: read -r file line rule; do
        grep -q "^$file:$line:" "$code.found" || echo "$file:$line:     <- planted, and the floor did not scream: $rule"
    done <"$code.planted"
}

self_test() {
    copy=$code.copy
    # A small project of its own, so that the proof is quick and does not depend on the state of the real one.
    mkdir -p "$copy/compiler/mathematics/layers" "$copy/compiler/emit" "$copy/compiler/front" \
             "$copy/runtime/interpreter" "$copy/runtime/files" "$copy/runtime/data" "$copy/generated"
    echo '-- a comment may say -> and /* C */' >"$copy/compiler/mathematics/layers/lstm.lua"
    echo 'return recurrent "LSTM" { }' >>"$copy/compiler/mathematics/layers/lstm.lua"
    printf '%b' '/* LSTM in a comment,\n   and #include "compiler/report/svg.h" */ // LSTM\n#include "emit.h"\n' \
        '#include "compiler/passes/target.h"\nint lstm_count;\n' >"$copy/compiler/emit/emit_nest.c"
    printf '#include "compiler/front/model.h"\n#include "runtime/lstmc.h"\n' >"$copy/runtime/interpreter/lstm.c"
    printf '#include <math.h>\n#include "pump.h"\n' >"$copy/generated/pump.c"
    printf '#include <jansson.h>\n' >"$copy/runtime/files/safetensors.c"
    printf '#include <sndfile.h>\n' >"$copy/runtime/data/sound.c"
    printf '#include <lua.h>\n' >"$copy/compiler/front/lua_index.c"
    mkdir -p "$copy/compiler/front/vocabulary"
    words=$copy/compiler/front/vocabulary
    printf '%b' '-- lowering.lua: the contract: name, shape.\nlocal colour\n' >"$words/lowering.lua"
    printf '%b' '-- description.lua: the contract: shapes.\nlocal shape\n' >"$words/description.lua"
    printf 'const char *name = field_text(d, "name");\n' >"$copy/compiler/front/lua_lower.c"
    mkdir -p "$copy/compiler/manual"
    echo 'Of layers there is `LSTM`.' >"$copy/compiler/manual/layers.md"
    sh "$script" --rules "$copy" || echo "$script:1: a project without a fault is refused"
    plant "emitters know no layer" compiler/emit/emit_nest.c 'if (!strcmp(layer->kind, "LSTM")) return;'
    plant "passes know no layer" compiler/passes/grad.c 'static void LSTM(void);'
    plant "layers know no C" compiler/mathematics/layers/lstm.lua 'float y = x[i];'
    plant "layers know no C" compiler/mathematics/layers/lstm.lua 'text = "w->kernel"'
    plant "passes do not include each other" compiler/passes/plan.c '#include "schedule.h"'
    plant "the emitters know no command" compiler/emit/emit_nest.c '#include "compiler/commands/commands.h"'
    plant "passes know no emitter" compiler/passes/pack.c '#include "compiler/emit/emit.h"'
    plant "there are no other rooms" compiler/attic/old.c '#include "compiler/ir/ir.h"'
    plant "headers by their path from the root" compiler/emit/emit_nest.c '#include "../ir/ir.h"'
    plant "runtime knows no compiler" runtime/train/train.c '#include "compiler/front/model.h"'
    plant "interpreter knows model.h alone" runtime/interpreter/gru.c '#include "compiler/ir/ir.h"'
    plant "the training reads no tables" runtime/train/train.c '#include "runtime/data/csv.h"'
    plant "generated code stands alone" generated/pump.c '#include "lstmc.h"'
    plant "generated code stands alone" generated/pump.h '#include <unistd.h>'
    plant "threads are for threads.c" runtime/train/engine.c '#include <pthread.h>'
    plant "Lua is for read_lua" compiler/passes/grad.c '#include <lua.h>'
    plant "no BLAS in the compiler" compiler/oracle/evaluate.c '#include <cblas.h>'
    plant "libsndfile and FFTW have a file each" runtime/data/wav.c '#include <sndfile.h>'
    plant "libsndfile and FFTW have a file each" runtime/data/sound.c '#include <fftw3.h>'
    plant "the weight files alone need jansson" runtime/train/train.c '#include <jansson.h>'
    plant "numbers are read by number.c" runtime/data/csv.c 'double value = strtod(text, &end);'
    plant "numbers are printed by number.c" runtime/train/progress.c 'fprintf(file, " <= %.*f", digits, loss);'
    plant "numbers are printed by number.c" runtime/base/message.c 'vsnprintf(text, size, format, arguments);'
    plant "nobody sets a locale" compiler/commands/main.c 'setlocale(LC_ALL, "");'
    plant "zlib is for gzip.c" runtime/data/csv.c '#include <zlib.h>'
    for file in compiler/emit/emit_nest.c compiler/mathematics/layers/lstm.lua compiler/install/install.mk \
                compiler/README.md runtime/lstmc.h models/reber.lua Makefile README.md tests/run.sh; do
        plant "no line beyond 120 columns" $file "/* $(printf '%115s' . | tr ' ' .) */"
    done
    plant "the contract names every field" compiler/front/lua_lower.c 'colour = field_integer(d, "colour", 0, 9, 0);'
    plant "the contract names every field" compiler/front/lua_training.c 'push_table(d, "shape");'
    plant "the manual knows every word" compiler/mathematics/layers/lstm.lua 'return layer "Convolution" {'
    plant "the manual knows every word" compiler/mathematics/layers/lstm.lua '  class = "LionTamer", arguments = {'
    plant "the manual knows every word" compiler/front/vocabulary/values.lua 'function vocabulary.attend(x)'
    plant "the manual knows every word" compiler/front/vocabulary/training.lua 'callback("Pause", { }, nil)'
    plant "only its callers link zlib" runtime/data/windows.c 'static lstmc_unpack *const unpack = lstmc_gunzip;'
    expect_screams
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
