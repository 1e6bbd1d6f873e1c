/* emit_dispatch.c: the body of a generated source to a source with one body for each instruction set, and functions that choose among them.
 *
 * The file includes itself once for each instruction set, between pragmas that allow it, so that its text is there once. All that a body
 * defines gets another name in each by macros; their list is read from the body itself. */
#include "emit.h"

#include <ctype.h>

/* Beside what the flags allow, from the narrowest to the widest. */
typedef struct Isa {
    const char *name, *macro;
    const char *target;         /* as compilers call it */
    const char *missing;        /* the flags do not allow it */
    const char *present;        /* what the processor is asked */
    int vec;                    /* floats of a vector */
    int lanes;                  /* fewer have no use for it: multiply-adds are for 4 lanes too */
} Isa;

static const Isa isas[] = {
    { .name = "avx2", .macro = "AVX2", .target = "avx2,fma", .missing = "!(defined(__AVX2__) && defined(__FMA__))",
      .present = "__builtin_cpu_supports(\"avx2\") && __builtin_cpu_supports(\"fma\")", .vec = 8, .lanes = 4 },
    { .name = "avx512", .macro = "AVX512", .target = "avx512f,avx2,fma", .missing = "!defined(__AVX512F__)",
      .present = "__builtin_cpu_supports(\"avx512f\") && __builtin_cpu_supports(\"avx2\") && __builtin_cpu_supports(\"fma\")", .vec = 16, .lanes = 16 },
};

#define ISAS (sizeof isas / sizeof *isas)

/* ---- what a body defines ---- */

typedef enum Kind { KIND_MACRO, KIND_TYPE, KIND_FUNCTION } Kind;

#define NAMES_MAX 512

typedef struct Names {
    Arena *arena;
    const char *name[NAMES_MAX];
    Kind kind[NAMES_MAX];
    int count;
} Names;

static bool is_word(char c)
{
    return isalnum((unsigned char)c) || c == '_';
}

static void add_name(Names *names, Kind kind, const char *start)
{
    int length = 0;
    while (is_word(start[length]))
        length++;
    for (int i = 0; i < names->count; i++)
        if (!strncmp(names->name[i], start, (size_t)length) && !names->name[i][length])
            return;
    if (names->count == NAMES_MAX)
        die("a generated source defines more than %d names", NAMES_MAX);
    names->kind[names->count] = kind;
    names->name[names->count++] = arena_format(names->arena, "%.*s", length, start);
}

/* Behind `count` words. */
static const char *skip_words(const char *at, int count)
{
    for (; count > 0; count--)
        at += strcspn(at, " ") + 1;
    return at;
}

/* A line at the margin: "#define NAME ...", "typedef float NAME ...", "struct NAME {", "static inline float NAME(..." */
static void add_line(Names *names, const char *line)
{
    const char *parenthesis = line + strcspn(line, "(\n");
    if (!strncmp(line, "#define ", 8)) {
        add_name(names, KIND_MACRO, skip_words(line, 1));
    } else if (!strncmp(line, "typedef ", 8)) {
        add_name(names, KIND_TYPE, skip_words(line, 2));
    } else if (!strncmp(line, "struct ", 7)) {
        add_name(names, KIND_TYPE, skip_words(line, 1));
    } else if (*parenthesis == '(' && (!strncmp(line, "static ", 7) || !strncmp(line, "VEC_FUNCTION ", 13))) {
        while (is_word(parenthesis[-1]))
            parenthesis--;
        add_name(names, KIND_FUNCTION, parenthesis);
    }
}

static void find_names(Names *names, const char *body)
{
    for (const char *line = body; *line; line += strcspn(line, "\n"), line += *line == '\n')
        add_line(names, line);
}

/* ---- the bodies ---- */

static const char about[] =
    "One body for each instruction set: this file includes itself, by its name, once for each. All bodies read and write the same structs. The "
    "baseline is for what the compiler's flags allow; none, like -march=native, are needed. $_VEC_MAX, a macro: floats of the widest vector that "
    "there is a body for beside that one; 4: none.";

/* A macro with arguments leaves alone members of structs that have the name of a function. */
static void put_renaming(Out *out, const char *prefix, const Names *names)
{
    put(out, "/* What a body defines is called so: vec_load_avx2. */\n"
             "#define %s_JOINED(name, isa) name##_##isa\n#define %s_JOIN(name, isa) %s_JOINED(name, isa)\n"
             "#define %s_NAME(name) %s_JOIN(name, %s_ISA)", prefix, prefix, prefix, prefix, prefix, prefix);
    for (int i = 0; i < names->count; i++) {
        if (names->kind[i] == KIND_TYPE)
            put(out, "#define %s %s_NAME(%s)", names->name[i], prefix, names->name[i]);
        if (names->kind[i] == KIND_FUNCTION)
            put(out, "#define %s(...) %s_NAME(%s)(__VA_ARGS__)", names->name[i], prefix, names->name[i]);
    }
    put(out, "\n");
}

/* Not by __FILE__: that is the path that the compiler was given, and would be looked for from where the file is. */
static void put_body(Out *out, const char *name, const char *prefix, const char *isa)
{
    put(out, "#define %s_ISA %s\n#include \"%s.c\"\n#undef %s_ISA", prefix, isa, name, prefix);
}

/* Under clang a function for another instruction set, helpers included, has to say so; gcc takes it from the region. */
static void put_isa(Out *out, const char *name, const char *prefix, const Isa *isa, int lanes)
{
    put(out, "#if defined(__x86_64__) && defined(__GNUC__) && !defined(LSTMC_NO_VECTORS) && %s_VEC_MAX >= %d \\\n    && %s", prefix, isa->vec,
        isa->missing);
    put(out, "#ifdef __clang__\n#pragma clang attribute push(__attribute__((target(\"%s\"))), apply_to = function)\n#else\n"
             "#pragma GCC push_options\n#pragma GCC target(\"%s\")\n#endif", isa->target, isa->target);
    put(out, "#define LSTMC_VEC %d", isa->vec < lanes ? isa->vec : lanes);
    put_body(out, name, prefix, isa->name);
    put(out, "#undef LSTMC_VEC\n#ifdef __clang__\n#pragma clang attribute pop\n#else\n#pragma GCC pop_options\n#endif");
    put(out, "#define %s_IF_%s(call) %s ? call :\n#else\n#define %s_IF_%s(call)\n#endif\n\n", prefix, isa->macro, isa->present, prefix, isa->macro);
}

/* The next body defines them anew. */
static void put_end_of_body(Out *out, const Names *names)
{
    for (int i = 0; i < names->count; i++)
        if (names->kind[i] == KIND_MACRO)
            put(out, "#undef %s", names->name[i]);
}

/* ---- the choice ---- */

static void put_choice(Out *out, Arena *arena, const char *prefix, int lanes)
{
    const char *choices = "";
    for (size_t i = 0; i < ISAS; i++)
        if (lanes >= isas[i].lanes)
            choices = arena_format(arena, "%s_IF_%s(name##_%s arguments) %s", prefix, isas[i].macro, isas[i].name, choices);
    put(out, "\n/* The best body that the processor can run; asking costs a load and a test, at each call. In a constructor that runs before the\n"
             " * compiler's own it is the baseline. */\n"
             "#define %s_CALL(name, arguments) \\\n    (%sname##_baseline arguments)\n\n", prefix, choices);
}

static void put_exported(Out *out, Arena *arena, const Model *model, const Exported *exported)
{
    emit_text(out, arena, model, exported->signature);
    emit_text(out, arena, model, arena_format(arena, "{\n%s$_CALL(%s, (%s));\n}\n\n", strncmp(exported->signature, "void ", 5) ? "return " : "",
                                              exported->function, exported->arguments));
}

void emit_dispatch(Out *out, Arena *arena, const Programs *programs, const char *body, const Exported *exported, int count)
{
    const Model *model = programs->model;
    const char *name = model->descriptor.name, *prefix = macro_prefix(arena, model);
    const int lanes = programs->target->lanes;
    Names names = { .arena = arena };
    find_names(&names, body);
    put(out, "#ifndef %s_ISA\n\n", prefix);
    emit_includes(out, arena, programs, "#include <float.h>\n");
    emit_prose(out, arena, fill_template(arena, model, about));
    put(out, "#ifndef %s_VEC_MAX\n#define %s_VEC_MAX 16\n#endif\n\n", prefix, prefix);
    put_renaming(out, prefix, &names);
    for (size_t i = 0; i < ISAS; i++)
        if (lanes >= isas[i].lanes)
            put_isa(out, name, prefix, &isas[i], lanes);
    put_body(out, name, prefix, "baseline");
    put_choice(out, arena, prefix, lanes);
    for (int i = 0; i < count; i++)
        put_exported(out, arena, model, &exported[i]);
    emit_descriptor(out, arena, programs);
    put(out, "\n#else\n\n");
    put_raw(out, body);
    put_end_of_body(out, &names);
    put(out, "\n#endif");
}
