/* emit_text.c: lines of code, comments and prose, broken where they are longer than a line may be. */
#include "compiler/base/diag.h"
#include "emit.h"

/* Where to break code: the last space within `room` that is in the fewest parentheses, best after a comma and not
 * within a product, not far from the end. Not in a subscript: in front of what is in parentheses then, or else between
 * two subscripts. */
static int break_at(const char *text, int room)
{
    int best = 0, lowest = 0, depth = 0, subscripts = 0, opened = 0, between = 0;
    for (int i = (int)strspn(text, " "); i <= room; i++) {
        if (!subscripts && i > 0 && text[i - 1] == '(')
            opened = i;
        if (!subscripts && text[i] == '[')
            between = i;
        depth += (text[i] == '(') - (text[i] == ')');
        subscripts += (text[i] == '[') - (text[i] == ']');
        if (text[i] != ' ' || subscripts)
            continue;
        bool comma = i > 0 && text[i - 1] == ',', factor = i > 0 && (text[i - 1] == '*' || text[i - 1] == '/');
        int cost = 3 * depth + factor - comma;
        if (best == 0 || cost <= lowest || i > best + room / 2) {
            best = i;
            lowest = cost;
        }
    }
    return best ? best : opened ? opened : between ? between : (int)strcspn(text, " ");
}

static void put_broken(Out *out, Arena *arena, const char *text, const char *prefix)
{
    const char *lead = "";
    while (*text) {
        int room = COLUMNS_MAX - 4 * out->depth - (int)strlen(lead), length = (int)strlen(text);
        if (length > room)
            length = break_at(text, room);
        put(out, "%s", arena_format(arena, "%s%.*s", lead, length, text));
        text += length;
        while (*text == ' ')
            text++;
        lead = prefix;
    }
}

void emit_line(Out *out, Arena *arena, const char *text)
{
    put_broken(out, arena, text, "    ");
}

void emit_comment(Out *out, Arena *arena, const char *text)
{
    put_broken(out, arena, arena_format(arena, "/* %s */", text), " * ");
}

void emit_statement_comments(Out *out, const Kernel *kernel)
{
    for (int i = 0; i < kernel->count; i++)
        put_broken(out, kernel->arena,
                   arena_format(kernel->arena, "%s %s%s", i ? " *" : "/*",
                                statement_text_in(kernel->names, kernel->statements[i]),
                                i < kernel->count - 1 ? "" : " */"),
                   " * ");
}

/* A comment of prose, each line as full as it can be; the one that ends it does not stand alone. */
void emit_prose(Out *out, Arena *arena, const char *text)
{
    const char *rest = arena_format(arena, "/* %s */", text), *lead = "";
    while (*rest) {
        int room = COLUMNS_MAX - (int)strlen(lead), length = (int)strlen(rest);
        if (length > room)
            for (length = room; length > 0 && (rest[length] != ' ' || !strcmp(rest + length, " */"));)
                length--;
        if (length == 0)
            length = (int)strlen(rest);
        put(out, "%s", arena_format(arena, "%s%.*s", lead, length, rest));
        rest += length + (rest[length] == ' ');
        lead = " * ";
    }
}

void emit_text(Out *out, Arena *arena, const Model *model, const char *text)
{
    const char *filled = fill_template(arena, model, text);
    for (const char *end; *filled; filled = end + (*end == '\n')) {
        end = filled + strcspn(filled, "\n");
        const char *line = arena_format(arena, "%.*s", (int)(end - filled), filled);
        if (*line == ' ')
            put_raw(out, arena_format(arena, "%s\n", line));
        else if (*line)
            put_broken(out, arena, line, "    ");
        else
            put(out, "\n");
    }
}

void emit_declared(Out *out, Arena *arena, const Model *model, const char *comment, const char *declaration)
{
    emit_prose(out, arena, fill_template(arena, model, comment));
    emit_line(out, arena, fill_template(arena, model, declaration));
    put(out, "\n");
}

/* Neither ends the comment nor begins another, nor is there anything that compilers warn of in comments. */
const char *comment_text(Arena *arena, const char *text)
{
    static const char *const broken[] = { "*/", "/*", "?\?/" };
    char *copy = arena_copy_text(arena, printable_text(arena, text));
    for (char *c = copy; *c; c++)
        for (size_t i = 0; i < sizeof broken / sizeof *broken; i++)
            if (!strncmp(c, broken[i], strlen(broken[i])))
                *c = '_';
    return copy;
}
