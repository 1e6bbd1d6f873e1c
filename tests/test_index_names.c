/* test_index_names.c: in emitted functions an axis has one name: the comment over a kernel and the code under it call it alike, and no name of a
 * function is an index here and a value there. */
#include "sources.h"

#include <criterion/criterion.h>
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WORDS_MAX 4000
#define OPEN_MAX 64

/* ---- words ---- */

typedef struct Words {
    Arena *arena;
    const char *list[WORDS_MAX];
    const char *of[WORDS_MAX];          /* the tensor in whose index it stands; NULL: in none */
    int count;
} Words;

static bool is_letter(char c)
{
    return isalnum((unsigned char)c) || c == '_';
}

static int word_length(const char *text)
{
    int length = 0;
    while (is_letter(text[length]))
        length++;
    return length;
}

static bool has_word(const Words *words, const char *word, const char *of)
{
    for (int i = 0; i < words->count; i++)
        if (!strcmp(words->list[i], word) && (!of || (words->of[i] && !strcmp(words->of[i], of))))
            return true;
    return false;
}

static void add_word(Words *words, const char *word, const char *of)
{
    cr_assert(words->count < WORDS_MAX, "more than %d words", WORDS_MAX);
    if (has_word(words, word, of))
        return;
    words->list[words->count] = word;
    words->of[words->count++] = of;
}

/* Of "packed->lstm.kernel[", "lstm.kernel[": "kernel"; chains of brackets belong to it all. */
typedef struct Reader {
    const char *tensor[OPEN_MAX];       /* whose brackets are open */
    int depth;
    const char *last;                   /* the name before the brackets that come next */
} Reader;

/* Indices as they stand in brackets: names that are no tensor, no function and no member. */
static void read_indices(Words *words, const char *text, const char *end)
{
    Reader reader = { 0 };
    for (const char *c = text; c < end;) {
        int length = word_length(c);
        if (length && !isdigit((unsigned char)*c)) {
            const char *word = arena_format(words->arena, "%.*s", length, c);
            c += length;
            if (!strcmp(word, "if"))       /* what stands in front of a turn is no formula */
                c += strcspn(c, "\n");
            if (*c == '[')
                reader.last = word;
            else if (reader.depth && *c != '(' && *c != '.' && strncmp(c, "->", 2))
                add_word(words, word, reader.tensor[reader.depth - 1]);
            continue;
        }
        if (*c == '[') {
            cr_assert(reader.depth < OPEN_MAX && reader.last);
            reader.tensor[reader.depth++] = reader.last;
        }
        if (*c == ']')
            reader.last = reader.tensor[--reader.depth];
        c += length ? length : 1;
    }
}

/* Positions that a formula reads as numbers: "greater(s, t)". */
static void read_positions(Words *words, const char *text, const char *end)
{
    for (const char *c = text; c < end; c++) {
        int length = word_length(c);
        bool alone = length && !isdigit((unsigned char)*c) && (c == text || (c[-1] != '.' && !is_letter(c[-1]))) && !strchr("[(.", c[length]);
        if (!strncmp(c, "with probability", 16))
            return;
        if (alone && strncmp(c, "inf", 3) && strncmp(c, "nan", 3) && strncmp(c, "max=", 4))
            add_word(words, arena_format(words->arena, "%.*s", length, c), NULL);
        if (length)
            c += length - 1;
    }
}

/* ---- one kernel: a comment, and the code from its end to the next one ---- */

typedef struct Kernel {
    const char *where;                  /* model and target */
    Arena *arena;
    const char *comment, *code, *end;
    Words formula;                      /* what its indices are, in the comment */
} Kernel;

static const char *index_of(Arena *arena, const char *word)
{
    const char *plus = strstr(word, "_plus_");
    return plus ? arena_format(arena, "%.*s", (int)(plus - word), word) : word;
}

/* "d_z" of "dense_d_z", which lives beside others'; "kernel" is where "d_kernel" is; "input" is x. */
static bool is_tensor(const char *member, const char *in_comment)
{
    size_t all = strlen(member), last = strlen(in_comment);
    bool stepped_aside = all == last + 1 && member[last] == '_' && !strncmp(member, in_comment, last);
    return stepped_aside || !strcmp(member, in_comment) || (!strncmp(in_comment, "d_", 2) && !strcmp(in_comment + 2, member)) ||
           (!strcmp(member, "input") && !strcmp(in_comment, "x")) || (!strcmp(member, "d_input") && !strcmp(in_comment, "d_x")) ||
           (all > last && member[all - last - 1] == '_' && !strcmp(member + all - last, in_comment));
}

/* Samples of several inputs are structs, which the comment does not name: x[b].before[t] is inputs.before[b,t]. */
static bool is_of_inputs(const Kernel *kernel, const char *member, const char *in_comment)
{
    const char *named = strstr(kernel->comment, arena_format(kernel->arena, "inputs.%s[", in_comment));
    return !strcmp(member, "x") && named && named < kernel->code;
}

static bool formula_has(const Kernel *kernel, const char *index, const char *member)
{
    for (int i = 0; i < kernel->formula.count; i++)
        if (!strcmp(kernel->formula.list[i], index) &&
            (!kernel->formula.of[i] || is_tensor(member, kernel->formula.of[i]) || is_of_inputs(kernel, member, kernel->formula.of[i])))
            return true;
    return false;
}

/* A loop over it stands in this text. */
static bool is_looped(Arena *arena, const char *text, const char *end, const char *word)
{
    const char *forms[] = { "for (int %s = ", "int %s = 0;\n", "const int %s = t" };
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
        const char *loop = arena_format(arena, forms[i], word), *found = strstr(text, loop);
        if (found && found < end)
            return true;
    }
    return false;
}

static bool stands_in(const char *text, const char *end, const char *word)
{
    for (const char *c = text; c < end; c++) {
        int length = word_length(c);
        if ((size_t)length == strlen(word) && !strncmp(c, word, (size_t)length) && (c == text || !strchr(".>", c[-1])))
            return true;
        if (length)
            c += length - 1;
    }
    return false;
}

/* `function`: from where loops may be open that stand around. */
static void check_kernel(Kernel *kernel, const char *function)
{
    Arena *arena = kernel->arena;
    Words *code = arena_new(arena, Words);
    code->arena = kernel->formula.arena = arena;
    read_indices(&kernel->formula, kernel->comment, kernel->code);
    read_positions(&kernel->formula, kernel->comment, kernel->code);
    read_indices(code, kernel->code, kernel->end);
    const char *about = arena_format(arena, "%s: %.*s", kernel->where, (int)strcspn(kernel->comment, "\n"), kernel->comment);
    for (int i = 0; i < kernel->formula.count; i++) {
        const char *word = kernel->formula.list[i];
        cr_expect(is_looped(arena, function, kernel->end, word) || !stands_in(kernel->code, kernel->end, word),
                  "%s\n%s is an index in the comment, and no loop in the code", about, word);
    }
    for (int i = 0; i < code->count; i++) {
        const char *word = code->list[i], *index = index_of(arena, word), *member = code->of[i];
        bool offset = strstr(kernel->code, arena_format(arena, "_plus_%s = ", word)) != NULL;   /* of rows that are side by side */
        cr_expect(formula_has(kernel, index, member) || offset || !strcmp(index, "packed"), "%s\n%s is an index of %s in the code, and not in the comment",
                  about, word, member);
        const char *declared = arena_format(arena, "const int %s = %s + ", word, index);
        cr_expect(!strcmp(index, word) || stands_in(kernel->code, kernel->end, word) == (strstr(kernel->code, declared) != NULL),
                  "%s\n%s is not so far from %s", about, word, index);
    }
}

/* ---- one function ---- */

static bool is_declared(Arena *arena, const char *text, const char *end, const char *type, const char *word)
{
    const char *declared = arena_format(arena, "%s %s ", type, word), *found = strstr(text, declared);
    return found && found < end;
}

static void check_declarations(Arena *arena, const char *where, const char *function, const char *end)
{
    for (const char *at = function; (at = strstr(at, "int ")) != NULL && at < end; at++) {
        const char *word = arena_format(arena, "%.*s", word_length(at + 4), at + 4);
        if (!*word || is_letter(at[-1]))
            continue;
        cr_expect(!is_declared(arena, function, end, "vec", word) && !is_declared(arena, function, end, "float", word),
                  "%s: %s is an index and a value in\n%.*s", where, word, (int)strcspn(function, "\n"), function);
    }
}

static bool is_formula(const char *line)
{
    const char *text = line + strspn(line, " "), *bracket = strchr(text, '['), *equals = strchr(text, '='), *end = strchr(text, '\n');
    return text > line && !strncmp(text, "/* ", 3) && bracket && bracket < end && equals && equals < end;
}

/* Returns how many kernels there were. */
static int check_function(Arena *arena, const char *where, const char *function, const char *end)
{
    int kernels = 0;
    check_declarations(arena, where, function, end);
    for (const char *line = function; line < end; line += strcspn(line, "\n") + 1) {
        if (!is_formula(line))
            continue;
        Kernel kernel = { .where = where, .arena = arena, .comment = strstr(line, "/* ") + 3, .code = strstr(line, "*/"), .end = end };
        for (const char *next = kernel.code; kernel.end == end && next < end; next += strcspn(next, "\n") + 1)
            if (is_formula(next))
                kernel.end = next;
        check_kernel(&kernel, function);
        kernels++;
    }
    return kernels;
}

Test(index_names, code_and_comment_call_an_axis_alike)
{
    for (int i = 0; i < SOURCES; i++) {
        Arena *arena = arena_create();
        const char *text = source_text(arena, &sources[i], NULL);
        const char *where = arena_format(arena, "%s, %s %d", sources[i].model, sources[i].target, sources[i].lanes);
        int kernels = 0;
        const char *body = strstr(text, "/* Static functions have the weights as a parameter");
        for (body = body ? body : text; (body = strstr(body, "\n{\n")) != NULL; body++) {
            const char *start = body;
            while (start > text && start[-1] != '\n')
                start--;
            kernels += check_function(arena, where, start, strstr(body, "\n}\n"));
        }
        cr_expect(kernels > 20, "%s: %d kernels", where, kernels);
        arena_free(arena);
    }
}
