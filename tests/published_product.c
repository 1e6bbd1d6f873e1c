/* published_product.c: in: a case's description.  out: its model, its statements, its generated C compiled and loaded. */
#include "published_product.h"

#include "compiler/passes/passes.h"
#include "cached_compiler.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int refuse(struct published_product *product, const Diagnostics *diagnostics, const struct published_case *one, const char *what, char *why)
{
    char *text = NULL;
    size_t size = 0;
    FILE *stream = open_memstream(&text, &size);
    if (!stream)
        abort();
    diagnostics_print(diagnostics, stream);
    fclose(stream);
    snprintf(why, PUBLISHED_WHY, "%s: %s: %.350s", one->name, what, text);
    free(text);
    published_product_free(product);
    return -1;
}

int published_product_create(const struct published_case *one, const Target *target, const char *compiler, struct published_product *product,
                             char why[PUBLISHED_WHY])
{
    static const ReadOptions reading = { .parameter_count = 0 };
    *product = (struct published_product){ .arena = arena_create() };
    use_cached_compiler(compiler);
    setenv("CFLAGS", "-O1 -march=native", 1);       /* a hundred small models: little time for each */
    Diagnostics *diagnostics = diagnostics_create(product->arena);
    const char *file = arena_format(product->arena, "%s.lua", one->name);
    product->description = description_read_text(product->arena, diagnostics, file, one->description, strlen(one->description), &reading);
    if (!product->description)
        return refuse(product, diagnostics, one, "the description was refused", why);
    const CompileOptions options = { .target = target, .unroll = UNROLL_AUTO, .input_gradient = one->d_input != NULL };
    product->model = description_model(product->description);
    if (!compile(product->arena, product->description, diagnostics, &options, &product->compiled))
        return refuse(product, diagnostics, one, "not compiled", why);
    product->training = product->compiled.programs.training;
    if (!load(product->arena, diagnostics, &product->compiled, LOAD_TO_CHECK, &product->loaded))
        return refuse(product, diagnostics, one, "not loaded", why);
    product->generated = product->loaded.model;
    return 0;
}

void published_product_free(struct published_product *product)
{
    loaded_free(&product->loaded);
    compiled_free(&product->compiled);
    if (product->description)
        description_free(product->description);
    arena_free(product->arena);
    *product = (struct published_product){ 0 };
}

/* ---- inputs ---- */

int published_inputs(const struct published_product *product)
{
    const struct lstmc_model *model = &product->model->descriptor;
    return model->inputs ? model->input_arrays : 1;
}

void *published_input(const struct published_case *one, const struct published_product *product, int k, int first,
                      int rows, int as_double, struct lstmc_array *array)
{
    const struct lstmc_model *model = &product->model->descriptor;
    const struct lstmc_array only = { .is_integer = one->ids != NULL, .count = one->input_count };
    *array = model->inputs ? model->inputs[k] : only;
    const char *cells = one->ids ? (const char *)one->ids : (const char *)one->x;
    size_t count = (size_t)rows * array->count;
    char *packed = published_allocate(count, 4);
    for (int row = 0; row < rows; row++) {
        size_t from = (size_t)(first + row) * one->input_count + array->offset;
        memcpy(packed + (size_t)row * array->count * 4, cells + from * 4, array->count * 4);
    }
    if (array->is_integer || !as_double)
        return packed;
    double *numbers = published_as_double((const float *)packed, count);
    free(packed);
    return numbers;
}
