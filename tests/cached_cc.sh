#!/bin/sh
# cached_cc.sh COMPILER WORD ...: in: a command that compiles or links generated C, or looks for its mistakes.  out:
# what it makes, out of $OBJECT_CACHE if the same compiler has been given the same words before, and the same texts: of
# all sources and headers in the folders of those that it names, in its own and in those of -I. Refusals are not kept,
# nor is what comes with a warning; and what is not understood is not looked for.
[ -n "${OBJECT_CACHE:-}" ] || exec "$@"
words= sources= objects= folders=. made= mode=link next=first
for word; do
    case $next$word in
    first*)        next= ;;
    *[[:space:]]*) exec "$@" ;;
    -o?*)          made=$word next= word=${word##*/} ;;
    -o)            next=-o ;;
    -c)            mode=compile ;;
    -fsyntax-only) mode=check ;;
    -L/usr/?*) ;;              # of the system, as what stands behind -l
    -[ESMvL]* | -save-temps* | -fstack-usage | -fprofile* | --coverage | - | @*) exec "$@" ;;
    -include* | -i[qsd]* | *.a | *.so) exec "$@" ;;     # texts and libraries that are in no key
    -lm | -ldl | -lpthread | -lopenblas) ;;
    -l*)           exec "$@" ;;
    -I?*)          folders="$folders ${word#-I}" ;;
    */*.c)         sources="$sources $word" folders="$folders ${word%/*}" word=${word##*/} ;;
    *.c | *.cpp)   sources="$sources $word" ;;
    *.o)           objects="$objects $word" ;;
    *)             [ ! -f "$word" ] || exec "$@" ;;
    esac
    words="$words $word"
done
[ -n "$sources$objects" ] || exec "$@"
[ $mode != compile ] || [ -n "$made" ] || for source in $sources; do
    name=${source##*/}
    made="$made ${name%.*}.o"
done
[ $mode != link ] || made=${made:-a.out}
[ $mode != check ] || made=
compiler=$(command -v "$1")
key=$({ echo "$words"; stat -L -c '%n %s %Y' "$compiler"
        for folder in $folders; do
            for text in "$folder"/*.[ch] "$folder"/*.cpp; do
                [ -f "$text" ] && echo "${text##*/}" && cat "$text"
            done
        done
        [ -z "$objects" ] || cat $objects; } | sha256sum)
kept=$OBJECT_CACHE/${key%% *}
if [ -f "$kept" ]; then         # and with it what was made: kept.1, kept.2 ...
    touch "$kept"               # run.sh removes what nobody has asked for in days
    number=0
    for file in $made; do
        number=$((number + 1))
        cp "$kept.$number" "$file" && touch "$kept.$number" || exit
    done
    exit
fi
mkdir -p "$OBJECT_CACHE"
said=$OBJECT_CACHE/said.$$
"$@" 2>"$said"
status=$?
cat "$said" >&2
if [ $status -eq 0 ] && [ ! -s "$said" ]; then
    number=0
    for file in $made; do
        number=$((number + 1))
        cp "$file" "$kept.$$" && mv "$kept.$$" "$kept.$number" || status=1
    done
    : >"$kept"
fi
rm -f "$said"
exit $status
