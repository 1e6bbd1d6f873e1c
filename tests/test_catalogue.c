/* test_catalogue.c: compiler/manual/catalogue.md is what the definitions say: every layer with its options, what others call it, whether it streams
 * and what it does to masks, by what it is verified; every loss, metric, optimizer and activation. CATALOGUE=update writes it anew (make catalogue). */
#include "compiler/compile.h"
#include "compiler/front/catalogue.h"
#include "readme.h"

#include <criterion/criterion.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PAGE "compiler/manual/catalogue.md"
#define VECTORS "../shared/data"
enum { COLUMNS = 120, MOST_NAMES = 4 };

typedef struct Page {
    Arena *arena;
    const Catalogue *catalogue;
    FILE *to;
    int column;
} Page;

/* ---- text in lines ---- */

static void put_word(Page *page, const char *word)
{
    int length = (int)strlen(word);
    if (page->column && page->column + 1 + length > COLUMNS) {
        fputs("\n ", page->to);
        page->column = 1;
    }
    page->column += fprintf(page->to, "%s%s", page->column ? " " : "", word);
}

static void end_line(Page *page)
{
    fputc('\n', page->to);
    page->column = 0;
}

static void put_words(Page *page, const char *text)
{
    while (*text) {
        int length = (int)strcspn(text, " ");
        put_word(page, arena_format(page->arena, "%.*s", length, text));
        text += length + strspn(text + length, " ");
    }
}

/* ---- facts ---- */

/* What an argument that must be given may be; NULL: nobody knows. */
static const char *some_value(const CatalogueArgument *argument)
{
    static const char *const values[][2] = {
        { "size", "2" }, { "size_1d", "2" }, { "size_2d", "2" }, { "rate", "0.25" }, { "fraction", "0.25" }, { "positive", "0.5" }, { "not_negative", "0.5" },
        { "number", "0.5" }, { "layer", "Dense{2}" }, { "cell", "LSTM{2}" }, { "recurrent", "LSTM{2}" }, { "cells", "LSTMCell{2}" }, { "layers", "{Dense{2}}" },
        { "axes", "{2, 1}" }, { "axes_of_two", "-1" }, { "target_shape", "{8, 4}" }, { "activation", "'tanh'" }, { "border_1d", "1" }, { "border_2d", "1" } };
    for (size_t i = 0; i < sizeof values / sizeof *values; i++)
        if (!strcmp(values[i][0], argument->type))
            return values[i][1];
    return NULL;
}

static const char *call_of(Arena *arena, const CatalogueEntry *entry)
{
    const char *text = arena_format(arena, "%s{ ", entry->name);
    for (int i = 0; i < entry->argument_count; i++)
        if (entry->arguments[i].required && some_value(&entry->arguments[i]))
            text = arena_format(arena, "%s%s = %s, ", text, entry->arguments[i].name, some_value(&entry->arguments[i]));
    return arena_format(arena, "%s}", text);
}

static Description *read_silently(Arena *arena, const char *text)
{
    return description_read_text(arena, diagnostics_create(arena), "one.lua", text, strlen(text), &(ReadOptions){ 0 });
}

/* "yes", or why not, of the layer with what it is by itself, behind an input that it takes; "-" if none of these is one. */
static const char *streams(Arena *arena, const CatalogueEntry *entry)
{
    static const char *const inputs[] = { "Input{8, 4}", "Input{8}", "Input{8, 6, 6, 3}", "Input{8, 6, 3}" };
    if (entry->cell)
        return "as RNN";
    for (size_t i = 0; i < sizeof inputs / sizeof *inputs; i++) {
        const char *call = call_of(arena, entry), *twice = entry->input && !strcmp(entry->input, "several") ? "x, x" : "x";
        Description *d = NULL;
        for (int masked = 0; masked <= 1 && !d; masked++)       /* or a number for each step beside it */
            d = read_silently(arena, arena_format(arena, "local x = %s\nreturn Model{ inputs = x, outputs = %s(%s), loss = 'mse', "
                                                         "batch_size = 2 }", inputs[i], call, masked && twice[1] ? "x, Flatten{}(Dense{1}(x))" : twice));
        if (!d)
            continue;
        const char *why = lower_no_streaming(arena, d), *colon = why ? strstr(why, ": ") : NULL, *end = why ? strstr(why, " (") : NULL;
        why = !why ? "yes" : arena_format(arena, "no: %.*s", (int)((end ? end : why + strlen(why)) - (colon ? colon + 2 : why)), colon ? colon + 2 : why);
        description_free(d);
        return arena_copy_text(arena, why);
    }
    return "-";
}

/* How many files of a folder whose names begin and end so say what. */
static int files_that_say(Arena *arena, const char *folder, const char *begins, const char *ends, const char *what, const char **names)
{
    int count = 0;
    struct dirent **list;
    int entries = scandir(folder, &list, NULL, alphasort);
    for (int i = 0; i < entries; i++) {
        const char *name = list[i]->d_name, *last = strstr(name, ends);
        char *text = !strncmp(name, begins, strlen(begins)) && last && !last[strlen(ends)]
                         ? readme_file(arena_format(arena, "%s/%s", folder, name)) : NULL;
        if (text && strstr(text, what)) {
            int length = (int)(last - name) - (int)strlen(begins);
            const char *rest = name + strlen(begins) + (name[strlen(begins)] == '_');
            if (names && count == MOST_NAMES)
                *names = arena_format(arena, "%s, ...", *names);
            else if (names && count < MOST_NAMES)
                *names = arena_format(arena, "%s%s%.*s", *names, **names ? ", " : "", length > 0 ? length - 1 : 7, length > 0 ? rest : "battery");
            count++;
        }
        free(text);
        free(list[i]);
    }
    if (entries >= 0)
        free(list);
    return count;
}

static const char *vectors(Arena *arena, const CatalogueEntry *entry)
{
    int count = 0;
    for (int spaced = 0; spaced < 2; spaced++) {
        const char *what = arena_format(arena, "\"class_name\":%s\"%s\"", spaced ? " " : "", entry->name);
        count += files_that_say(arena, VECTORS "/keras-layer-vectors", "", ".json", what, NULL) +
                 files_that_say(arena, VECTORS "/graph-vectors", "", ".json", what, NULL);
    }
    return count ? arena_format(arena, "%d", count) : "-";
}

static const char *batteries(Arena *arena, const CatalogueEntry *entry)
{
    const char *names = "";
    files_that_say(arena, "tests", "test_battery", ".c", arena_format(arena, "%s{", entry->name), &names);
    return *names ? names : "-";
}

/* ---- the page ---- */

static const char *code(Arena *arena, const char *text)
{
    return text ? arena_format(arena, "`%s`", text) : "-";
}

static void put_layer(Page *page, const CatalogueEntry *entry)
{
    const char *streaming = streams(page->arena, entry);
    fprintf(page->to, "| `%s`%s | %s | %s | %.*s | %s | %s | %s |\n", entry->name, entry->keras ? "" : " *", code(page->arena, entry->pytorch),
            code(page->arena, entry->onnx), (int)strcspn(streaming, ":"), streaming, entry->mask, vectors(page->arena, entry),
            batteries(page->arena, entry));
}

static void put_options(Page *page, const CatalogueEntry *entry)
{
    put_word(page, arena_format(page->arena, "- `%s`:", entry->name));
    const CatalogueArgument *last = NULL;
    for (int i = 0; i < entry->argument_count; i++)
        if (entry->arguments[i].own && strcmp(entry->arguments[i].type, "without_effect"))
            last = &entry->arguments[i];
    for (int i = 0; last && i < entry->argument_count; i++) {
        const CatalogueArgument *a = &entry->arguments[i];
        if (!a->own || !strcmp(a->type, "without_effect"))
            continue;
        const char *text = arena_format(page->arena, "`%s`", a->name);
        if (!strcmp(a->type, "later"))
            text = arena_format(page->arena, "%s (refused)", text);
        else if (a->given && strcmp(a->given, "false"))
            text = arena_format(page->arena, "%s (`%s`)", text, a->given);
        for (int c = 0; c < a->choice_count; c++)
            text = arena_format(page->arena, "%s%s `\"%s\"`", text, c ? "," : " of", a->choices[c]);
        put_words(page, arena_format(page->arena, "%s%s", text, a == last ? "" : ","));
    }
    if (!last)
        put_word(page, "none");
    end_line(page);
}

static void put_reasons(Page *page)
{
    for (int i = 0; i < page->catalogue->layer_count; i++) {
        const char *why = streams(page->arena, &page->catalogue->layers[i]);
        if (strncmp(why, "no: ", 4))
            continue;
        put_words(page, arena_format(page->arena, "- `%s`: %s", page->catalogue->layers[i].name, why + 4));
        end_line(page);
    }
}

static void put_table(Page *page, const char *title, const CatalogueEntry *list, int count)
{
    fprintf(page->to, "\n## %s\n\n| | as a text | PyTorch | ONNX |\n|---|---|---|---|\n", title);
    for (int i = 0; i < count; i++)
        fprintf(page->to, "| `%s`%s | %s | %s | %s |\n", list[i].name, list[i].keras ? "" : " *", code(page->arena, list[i].text),
                code(page->arena, list[i].pytorch), code(page->arena, list[i].onnx));
    bool any = false;
    for (int i = 0; i < count; i++)
        any |= list[i].argument_count > 0;
    if (any)
        fputs("\nTheir options:\n\n", page->to);
    for (int i = 0; i < count; i++)
        if (list[i].argument_count)
            put_options(page, &list[i]);
}

static const char about[] =
    "# Catalogue\n\n"
    "What there is, as the definitions of it say: `make catalogue` writes this page, and a test fails when it is old.\n"
    "Names are Keras's, but for those with a *. How to use what is here: [layers](layers.md),\n"
    "[descriptions](descriptions.md), [training](training.md).\n\n"
    "## Layers\n\n"
    "Streams: whether a model of this layer alone, with the options that it has by itself, has `M_step`. Mask: what becomes\n"
    "of a mask that reaches it; merges: one is made of those of several inputs. Vectors: in how many published ones it takes\n"
    "part, by which outputs, and mostly gradients too, are verified; batteries: the tests that hold the generated C, the\n"
    "program after each pass and the interpreter against each other (`tests/test_battery_*.c`). All layers are drawn by\n"
    "`lstmc fuzz` besides, which holds the interpreter against finite differences too.\n\n"
    "| layer | PyTorch | ONNX | streams | mask | vectors | batteries |\n|---|---|---|---|---|---|---|\n";

static void write_page(Page *page)
{
    const Catalogue *c = page->catalogue;
    fputs(about, page->to);
    for (int i = 0; i < c->layer_count; i++)
        put_layer(page, &c->layers[i]);
    fputs("\nWhy some do not stream:\n\n", page->to);
    put_reasons(page);
    fputs("\nTheir options, with what they are by themselves; every layer has `name` and `trainable` too:\n\n", page->to);
    for (int i = 0; i < c->layer_count; i++)
        put_options(page, &c->layers[i]);
    put_table(page, "Losses", c->losses, c->loss_count);
    put_table(page, "Metrics", c->metrics, c->metric_count);
    put_table(page, "Optimizers", c->optimizers, c->optimizer_count);
    put_table(page, "Activations", c->activations, c->activation_count);
}

Test(catalogue, the_page_is_what_the_definitions_say)
{
    DIR *there = opendir(VECTORS "/keras-layer-vectors");
    if (!there)
        cr_skip_test("no " VECTORS "/keras-layer-vectors to count");
    closedir(there);
    char *text = NULL;
    size_t size = 0;
    Page page = { .arena = arena_create() };
    page.catalogue = catalogue_read();
    page.to = open_memstream(&text, &size);
    write_page(&page);
    fclose(page.to);
    const char *update = getenv("CATALOGUE");
    FILE *file = update && !strcmp(update, "update") ? fopen(PAGE, "w") : NULL;
    if (file) {
        cr_assert(fwrite(text, 1, size, file) == size && !fclose(file));
    } else {
        char *old = readme_file(PAGE);
        cr_expect(old && !strcmp(old, text), "%s is not what the definitions say: make catalogue", PAGE);
        free(old);
    }
    free(text);
    arena_free(page.arena);
}

/* Nothing is there without a name that others know, or without one of its own. */
Test(catalogue, entries_are_whole)
{
    Arena *arena = arena_create();
    const Catalogue *c = catalogue_read();
    cr_expect(c->layer_count > 50 && c->loss_count > 15 && c->metric_count > 15 && c->optimizer_count > 8 && c->activation_count > 15);
    for (int i = 0; i < c->layer_count; i++)
        cr_expect(c->layers[i].mask && strcmp(streams(arena, &c->layers[i]), "-"), "%s: no model of it alone is tried", c->layers[i].name);
    arena_free(arena);
}
