/* emit_dispatch.c: the body of a generated source to a source with one body for each instruction set, and functions
 * that choose among them.
 *
 * The file includes itself once for each instruction set, between pragmas that allow it, so that its text is there
 * once. All that a body defines gets another name in each by macros; their list is read from the body itself. */
#include "emit.h"

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
      .present = "__builtin_cpu_supports(\"avx512f\") && __builtin_cpu_supports(\"avx2\") && "
                 "__builtin_cpu_supports(\"fma\")", .vec = 16, .lanes = 16 },
};

#define ISAS (sizeof isas / sizeof *isas)

/* ---- the bodies ---- */

static const char about[] = "One body for each instruction set: this file includes itself, by its name, once for each. "
                            "All bodies read and write the same structs. The "
                            "baseline is for what the compiler's flags allow; none, like -march=native, are needed. "
                            "$_VEC_MAX, a macro: floats of the widest vector that "
                            "there is a body for beside that one; 4: none.";

static void put_renaming(Out *out, const char *name, const char *prefix, const Names *names)
{
    put(out, "/* What a body defines is called so: %s__vec_load_avx2. */\n"
             "#define %s_JOINED(name, isa) name##_##isa\n#define %s_JOIN(name, isa) %s_JOINED(name, isa)\n"
             "#define %s_NAME(name) %s_JOIN(name, %s_ISA)", name, prefix, prefix, prefix, prefix, prefix, prefix);
    names_rename(out, names, arena_format(names->arena, "%s_NAME", prefix));
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
    put(out,
        "#if defined(__x86_64__) && defined(__GNUC__) && !defined(LSTMC_NO_VECTORS) && %s_VEC_MAX >= %d \\\n    && %s",
        prefix, isa->vec, isa->missing);
    put(out,
        "#ifdef __clang__\n#pragma clang attribute push(__attribute__((target(\"%s\"))), apply_to = function)\n#else\n"
        "#pragma GCC push_options\n#pragma GCC target(\"%s\")\n#endif",
        isa->target, isa->target);
    put(out, "#define LSTMC_VEC %d", isa->vec < lanes ? isa->vec : lanes);
    put_body(out, name, prefix, isa->name);
    put(out, "#undef LSTMC_VEC\n#ifdef __clang__\n#pragma clang attribute pop\n#else\n#pragma GCC pop_options\n#endif");
    put(out, "#define %s_IF_%s(call) %s ? call :\n#else\n#define %s_IF_%s(call)\n#endif\n\n", prefix, isa->macro,
        isa->present, prefix, isa->macro);
}

/* ---- the choice ---- */

static void put_choice(Out *out, Arena *arena, const char *prefix, int lanes)
{
    const char *choices = "";
    for (size_t i = 0; i < ISAS; i++)
        if (lanes >= isas[i].lanes)
            choices = arena_format(arena, "%s_IF_%s(name##_%s arguments) %s", prefix, isas[i].macro, isas[i].name,
                                   choices);
    put(out,
        "\n/* The best body that the processor can run; asking costs a load and a test, at each call. In a constructor "
        "that runs before the\n"
        " * compiler's own it is the baseline. */\n"
        "#define %s_CALL(name, arguments) \\\n    (%sname##_baseline arguments)\n\n",
        prefix, choices);
}

static void put_exported(Out *out, Arena *arena, const Model *model, const Exported *exported)
{
    emit_text(out, arena, model, exported->signature);
    emit_text(out, arena, model,
              arena_format(arena, "{\n%s$_CALL(%s, (%s));\n}\n\n",
                           strncmp(exported->signature, "void ", 5) ? "return " : "", exported->function,
                           exported->arguments));
}

/* Nothing is left to what is compiled behind this file. */
static void put_end(Out *out, const char *prefix, const Names *names, int lanes)
{
    put(out, "\n");
    names_undefine(out, names, prefix, false);
    for (size_t i = 0; i < ISAS; i++)
        if (lanes >= isas[i].lanes)
            put(out, "#undef %s_IF_%s", prefix, isas[i].macro);
    put(out, "#undef %s_JOINED\n#undef %s_JOIN\n#undef %s_NAME\n#undef %s_CALL", prefix, prefix, prefix, prefix);
    emit_floats_end(out);
}

void emit_dispatch(Out *out, Arena *arena, const Programs *programs, const char *body, const Exported *exported,
                   int count)
{
    const Model *model = programs->model;
    const char *name = model->descriptor.name, *prefix = macro_prefix(arena, &model->descriptor);
    const int lanes = programs->target->lanes;
    const Names *names = names_find(arena, model, body);
    put(out, "#ifndef %s_ISA\n\n", prefix);
    emit_beginning(out, arena, programs);
    emit_prose(out, arena, fill_template(arena, model, about));
    put(out, "#ifndef %s_VEC_MAX\n#define %s_VEC_MAX 16\n#endif\n\n", prefix, prefix);
    put_renaming(out, name, prefix, names);
    for (size_t i = 0; i < ISAS; i++)
        if (lanes >= isas[i].lanes)
            put_isa(out, name, prefix, &isas[i], lanes);
    put_body(out, name, prefix, "baseline");
    put_choice(out, arena, prefix, lanes);
    for (int i = 0; i < count; i++)
        put_exported(out, arena, model, &exported[i]);
    emit_descriptor(out, arena, programs);
    put_end(out, prefix, names, lanes);
    put(out, "\n#else\n\n");
    put_raw(out, body);
    names_undefine(out, names, prefix, true);       /* the next body defines them anew */
    put(out, "\n#endif");
}
