/* emit_private.c: in: text of C that defines, at the margin, names that are not the model's own.  out: macros that give
 * them the model's name, and take themselves away again, so that the files of several models can be one translation
 * unit.
 *
 * mgu__vec_load: with two underscores it is no name of the model "vec". What is emitted under the model's name at once
 * and is not public ends like nothing public ("_with", not "_predict"): else that of the model "net" could be one of
 * the model "net_run". */
#include "emit.h"
#include "compiler/base/embedded.h"

#include <ctype.h>

static bool is_word(char c)
{
    return isalnum((unsigned char)c) || c == '_';
}

static void add_name(Names *names, NameKind kind, const char *start)
{
    int length = 0;
    while (is_word(start[length]))
        length++;
    for (int i = 0; i < names->count; i++)
        if (!strncmp(names->list[i].text, start, (size_t)length) && !names->list[i].text[length])
            return;
    struct Name name = { .text = arena_format(names->arena, "%.*s", length, start), .kind = kind };
    arena_append(names->arena, names->list, names->count, names->capacity, name);
}

/* Behind `count` words. */
static const char *skip_words(const char *at, int count)
{
    for (; count > 0; count--)
        at += strcspn(at, " ") + 1;
    return at;
}

/* The word that ends here. */
static const char *word_before(const char *end)
{
    while (is_word(end[-1]))
        end--;
    return end;
}

/* "enum NAME { NAME, NAME };" */
static void add_enumerators(Names *names, const char *at)
{
    for (; *at && *at != '\n' && *at != ';'; at++)
        if (is_word(*at) && !is_word(at[-1]))
            add_name(names, NAME_TYPE, at);
}

/* A line at the margin: "#define NAME ...", "typedef float NAME ...", "struct NAME {", "static inline float NAME(...",
 * "static const float NAME[] = {" */
static void add_line(Names *names, const char *line)
{
    const char *end = line + strcspn(line, "([\n");
    bool is_static = !strncmp(line, "static ", 7);
    if (!strncmp(line, "#define ", 8))
        add_name(names, NAME_MACRO, skip_words(line, 1));
    else if (!strncmp(line, "typedef ", 8))
        add_name(names, NAME_TYPE, skip_words(line, 2));
    else if (!strncmp(line, "struct ", 7))
        add_name(names, NAME_TYPE, skip_words(line, 1));
    else if (!strncmp(line, "enum ", 5))
        add_enumerators(names, line + 5);
    else if (*end == '(' && (is_static || !strncmp(line, "VEC_FUNCTION ", 13)))
        add_name(names, NAME_FUNCTION, word_before(end));
    else if (*end == '[' && is_static)
        add_name(names, NAME_ARRAY, word_before(end));
}

Names *names_find(Arena *arena, const Model *model, const char *text)
{
    Names *names = arena_new(arena, Names);
    *names = (Names){ .arena = arena, .model = model->descriptor.name };
    for (const char *line = text; *line; line += strcspn(line, "\n"), line += *line == '\n')
        add_line(names, line);
    return names;
}

static bool ends_with(const char *text, const char *end)
{
    size_t length = strlen(text), tail = strlen(end);
    return length >= tail && !strcmp(text + length - tail, end);
}

/* Emitted under the model's name: functions with weights, thunks, tables. */
static bool is_own(const Names *names, const char *name)
{
    static const char *const others[] = { "step_memory", "weight_tensors", "tape_tensors" };
    size_t length = strlen(names->model);
    if (strncmp(name, names->model, length) || name[length] != '_')
        return false;
    bool own = ends_with(name, "_with") || ends_with(name, "_thunk");
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        own |= !strcmp(name + length + 1, others[i]);
    return own;
}

/* In two lines where it would be too long for one. */
static void put_renaming(Out *out, const char *name, const char *to, const char *arguments)
{
    const char *parameters = *arguments ? "(...)" : "";
    size_t length = strlen("#define  ") + strlen(name) + strlen(parameters) + strlen(to) + strlen(arguments);
    put(out, "#define %s%s %s%s%s", name, parameters, length > COLUMNS_MAX ? "\\\n    " : "", to, arguments);
}

/* A macro with arguments leaves alone members of structs that have the name of a function. */
void names_rename(Out *out, const Names *names, const char *isa)
{
    for (int i = 0; i < names->count; i++) {
        const char *name = names->list[i].text,
                   *to = is_own(names, name) ? name : arena_format(names->arena, "%s__%s", names->model, name);
        if (isa)
            to = arena_format(names->arena, "%s(%s)", isa, to);
        if (names->list[i].kind == NAME_MACRO || !strcmp(to, name))
            continue;
        put_renaming(out, name, to, names->list[i].kind == NAME_FUNCTION ? "(__VA_ARGS__)" : "");
    }
}

void names_undefine(Out *out, const Names *names, const char *isa, bool macros)
{
    for (int i = 0; i < names->count; i++)
        if ((names->list[i].kind == NAME_MACRO) == macros && (macros || isa || !is_own(names, names->list[i].text)))
            put(out, "#undef %s", names->list[i].text);
}

static const char about[] = "Several models may be compiled as one file, #included one after the other: from here to "
                            "the end of this one, helpers carry "
                            "the name of the model.";

void emit_private(Out *out, Arena *arena, const Model *model, const char *text)
{
    const Names *names = names_find(arena, model, text);
    if (names->count)
        emit_prose(out, arena, about);
    names_rename(out, names, NULL);
    put(out, "\n");
    put_raw(out, text);
    put(out, "\n");
    names_undefine(out, names, NULL, true);
    names_undefine(out, names, NULL, false);
}

/* ---- the arithmetic of a file ---- */

void emit_floats(Out *out)
{
    put_raw(out, embedded_text("runtime/lstmc_float.h"));
    put(out, "\n");
}

void emit_floats_end(Out *out)
{
    put(out, "\n/* what the flags say of floats, again */\n#undef LSTMC_FLOAT_H\n#if defined(__clang__)\n#pragma clang "
             "diagnostic push\n"
             "#pragma clang diagnostic ignored \"-Wignored-pragmas\"\n#pragma float_control(pop)\n#pragma clang "
             "diagnostic pop\n"
             "#elif defined(__GNUC__)\n#pragma GCC pop_options\n#endif");
}
