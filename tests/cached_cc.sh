#!/bin/sh
# cached_cc.sh COMPILER WORD ...: in: a command that compiles generated C.  out: what it makes, out of $OBJECT_CACHE if
# the same compiler has compiled the same text with the same words before. Refusals and warnings are not kept.
[ -n "${OBJECT_CACHE:-}" ] || exec "$@"
words= source= object= next=
for word; do
    case $next$word in
    -o*/*) object=$word next= word= ;;
    -o)    next=-o ;;
    */*.c) source=$word word=${word##*/} ;;
    esac
    words="$words $word"
done
[ -n "$source" ] && [ -n "$object" ] || exec "$@"
compiler=$(command -v "$1")
key=$({ echo "$words"; stat -L -c '%n %s %Y' "$compiler"; cat "${source%/*}"/*.[ch]; } | sha256sum)
kept=$OBJECT_CACHE/${key%% *}
if [ -f "$kept" ]; then
    touch "$kept"           # run.sh removes what nobody has asked for in days
    cp "$kept" "$object"
    exit
fi
"$@" || exit
mkdir -p "$OBJECT_CACHE" && cp "$object" "$kept.$$" && mv "$kept.$$" "$kept"
