/* emit_names.c: names of the mathematics as names in C and C++. */
#include "compiler/base/marks.h"
#include "emit.h"

#include <ctype.h>
#include <stdlib.h>

/* Keywords of C11 and C++20, and macros that common headers, compilers or generated sources define under such names.
 * Sorted, for bsearch. */
static const char *const keywords[] = {
    "I", "INFINITY", "LANES", "NAN", "NULL", "VEC", "_Alignas", "_Alignof", "_Atomic", "_Bool", "_Complex", "_Generic",
    "_Imaginary", "_Noreturn", "_Static_assert", "_Thread_local", "alignas", "alignof", "and", "and_eq", "asm",
    "assert", "auto", "bitand", "bitor", "bool", "break", "case", "catch", "char", "char16_t", "char32_t", "char8_t",
    "class", "co_await", "co_return", "co_yield", "compl", "complex", "concept", "const", "const_cast", "consteval",
    "constexpr", "constinit", "continue", "decltype", "default", "delete", "do", "double", "dynamic_cast", "else",
    "enum", "errno", "explicit", "export", "extern", "false", "far", "float", "for", "friend", "goto", "huge", "i386",
    "if", "imaginary", "inline", "int", "interface", "linux", "long", "math_errhandling", "mutable", "namespace",
    "near", "new", "noexcept", "noreturn", "not", "not_eq", "nullptr", "operator", "or", "or_eq", "private",
    "protected", "public", "register", "reinterpret_cast", "requires", "restrict", "return", "setjmp", "short",
    "signed", "sizeof", "small", "static", "static_assert", "static_cast", "stderr", "stdin", "stdout", "struct",
    "switch", "template", "this", "thread_local", "throw", "true", "try", "typedef", "typeid", "typename", "typeof",
    "union", "unix", "unsigned", "using", "va_arg", "va_copy", "va_end", "va_start", "vec", "vec_mask", "vec_memory",
    "virtual", "void", "volatile", "wchar_t", "while", "xor", "xor_eq",
};

/* Variables and helpers of the generated functions; a loop variable of that name steps aside. Sorted. */
static const char *const variables[] = {
    "clamped", "gradients", "largest",       "lengths", "loss",   "maximum",  "memory",  "minimum", "noise",
    "packed",  "phase",     "rows",  "sample_weight", "scale",  "scratch",  "seed",    "sigmoid", "softplus",
    "state",   "sum",       "tape",  "target",        "training", "weights", "x",      "y",
};

/* Members of the structs that belong to no layer; a layer of that name steps aside. Sorted. */
static const char *const members[] = { "d_input", "d_output", "first_row", "input", "is_training",
                                       "lengths", "local",   "model",    "output",    "rows",  "weights" };

static int compare(const void *a, const void *b)
{
    return strcmp(a, *(const char *const *)b);
}

/* Trailing underscores are looked through, so that a name that already ends in one cannot meet the one that gets it. */
static bool contains(Arena *arena, const char *const *sorted, size_t count, const char *name)
{
    char *bare = arena_copy_text(arena, name);
    for (size_t length = strlen(bare); length > 0 && bare[length - 1] == '_'; length--)
        bare[length - 1] = '\0';
    return bsearch(bare, sorted, count, sizeof *sorted, compare) != NULL;
}

static char *legal_characters(Arena *arena, const char *name)
{
    char *text = arena_format(arena, "%s%s", isdigit((unsigned char)*name) ? "_" : "", name);
    for (char *c = text; *c; c++)
        if (!isalnum((unsigned char)*c))
            *c = '_';
    return text;
}

const char *c_name(Arena *arena, const char *name)
{
    char *text = legal_characters(arena, name);
    return contains(arena, keywords, sizeof keywords / sizeof *keywords, text) ? arena_format(arena, "%s_", text)
                                                                               : text;
}

const char *c_layer_name(Arena *arena, const char *layer)
{
    if (!*layer)
        return "model";
    char *text = legal_characters(arena, layer);
    bool reserved = contains(arena, keywords, sizeof keywords / sizeof *keywords, text)
                 || contains(arena, members, sizeof members / sizeof *members, text);
    return reserved ? arena_format(arena, "%s_", text) : text;
}

const char *c_variable_name(Arena *arena, const char *name)
{
    const char *text = c_name(arena, name);
    bool reserved = contains(arena, variables, sizeof variables / sizeof *variables, text) || !strncmp(text, "vec_", 4);
    return reserved ? arena_format(arena, "%s_", text) : text;
}

/* Names like those that are made of an axis's name, "n_plus_1", "t_end", step aside. */
const char *c_index_name(Arena *arena, const char *name)
{
    static const char *const derived[] = { "_plus_", "_start", "_end", "_forth" };
    const char *text = c_variable_name(arena, name);
    for (size_t i = 0; i < sizeof derived / sizeof *derived; i++)
        if (strstr(text, derived[i]))
            return arena_format(arena, "%s_", text);
    return text;
}

/* "lstm/kernel": "lstm" and "kernel". */
const char *weight_layer(Arena *arena, const struct lstmc_tensor *weight)
{
    const char *slash = strrchr(weight->name, '/');
    return slash ? arena_format(arena, "%.*s", (int)(slash - weight->name), weight->name) : "";
}

const char *weight_name(const struct lstmc_tensor *weight)
{
    const char *slash = strrchr(weight->name, '/');
    return slash ? slash + 1 : weight->name;
}

/* Trainable weights come first, so that a layer with both kinds appears twice: its second struct is "norm_fixed". */
const char *c_weight_group(Arena *arena, const struct lstmc_model *descriptor, const struct lstmc_tensor *weight)
{
    const char *layer = weight_layer(arena, weight);
    for (int i = 0; i < descriptor->weight_tensors && !weight->trainable; i++)
        if (descriptor->weights[i].trainable && !strcmp(weight_layer(arena, &descriptor->weights[i]), layer))
            return c_layer_name(arena, arena_format(arena, "%s_fixed", layer));
    return c_layer_name(arena, layer);
}

/* Headers that generated files include as <math.h>: a compiler that is told to look into the folder of the model's own
 * would find that one. Sorted. */
static const char *const headers[] = { "cblas", "float", "math", "stddef", "stdint", "stdio", "stdlib", "string" };

const char *emit_name_refused(Arena *arena, const Model *model)
{
    const char *name = model->descriptor.name;
    char *small = arena_copy_text(arena, name);
    for (char *c = small; *c; c++)
        *c = (char)tolower((unsigned char)*c);
    if (!strncmp(small, "lstmc_", 6) || !strcmp(small, "lstmc"))
        return arena_format(arena,
                            "a model cannot be called %s: names that begin with lstmc are those of the runtime; write "
                            "another one: "
                            "Sequential{ name = \"%s\", ... }",
                            name, isalpha((unsigned char)name[5 + (small[5] == '_')]) ? name + 6 : "net");
    if (bsearch(name, headers, sizeof headers / sizeof *headers, sizeof *headers, compare))
        return arena_format(arena,
                            "a model cannot be called %s: its header %s.h would be taken for that of C; write another "
                            "name: "
                            "Sequential{ name = \"%s_net\", ... }",
                            name, name, name);
    return NULL;
}

/* "SENTIMENT" */
const char *macro_prefix(Arena *arena, const struct lstmc_model *descriptor)
{
    char *prefix = arena_copy_text(arena, descriptor->name);
    for (char *c = prefix; *c; c++)
        *c = (char)toupper((unsigned char)*c);
    return prefix;
}

static const char about_lengths[] =
    " lengths: how many steps of each row count, from the first on (none of them below 1, all of them beyond the "
    "last); NULL: all steps of all rows. What stands in the others does not matter.";

char *fill_template(Arena *arena, const Model *model, const char *text)
{
    const struct lstmc_model *descriptor = &model->descriptor;
    const Mark marks[] = {
        { "@", descriptor->name },
        { "$", macro_prefix(arena, descriptor) },
        { "<x>", descriptor->inputs ? arena_format(arena, "struct %s_inputs", descriptor->name)
                 : descriptor->input_is_tokens ? "int32_t" : "float" },
        { "<target>", descriptor->targets ? arena_format(arena, "struct %s_targets", descriptor->name)
                      : descriptor->target_is_class ? "int32_t" : "float" },
        { "<declared y>", descriptor->outputs ? arena_format(arena, "struct %s_outputs *outputs", descriptor->name)
                                              : "float *y" },
        { "<about lengths>", descriptor->has_lengths ? about_lengths : "" },
        { "<lengths>", descriptor->has_lengths ? "const int32_t *lengths, " : "" },
        { "<step>", model_says_tokens(model) ? "int32_t" : "float" },
        { "<all>", descriptor->has_lengths ? "NULL, " : "" },
        { "<given y>", descriptor->outputs ? "(void *)y" : "y" },
    };
    return arena_copy_text(arena, marks_filled(arena, text, marks, sizeof marks / sizeof *marks));
}
