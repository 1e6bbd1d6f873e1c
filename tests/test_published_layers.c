/* test_published_layers.c: stacks of Keras's layers that TensorFlow.js and PyTorch have computed, outputs and gradients, through every road of the
 * product. */
#include "oracles.h"
#include "published_product.h"

#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char why[PUBLISHED_WHY];

/* A parameter lives in memory that Criterion hands to the process of the test: no pointers in it. */
typedef struct CaseName {
    char text[80];
} CaseName;

static int by_name(const void *a, const void *b)
{
    return strcmp(((const CaseName *)a)->text, ((const CaseName *)b)->text);
}

enum { MOST_CASES = 200 };

/* The files of a folder, but for those that begin with `not`. One empty name: nothing is there. */
static struct criterion_test_params cases_in(const char *folder, const char *not, CaseName names[MOST_CASES])
{
    size_t count = 0;
    DIR *directory = opendir(folder);
    for (struct dirent *entry; directory && (entry = readdir(directory));)
        if (strstr(entry->d_name, ".json") && (!not || strncmp(entry->d_name, not, strlen(not))) && count < MOST_CASES)
            snprintf(names[count++].text, sizeof names->text, "%.79s", entry->d_name);
    if (directory)
        closedir(directory);
    qsort(names, count, sizeof *names, by_name);
    return cr_make_param_array(CaseName, names, count ? count : 1);
}

ParameterizedTestParameters(published_layers, vectors)
{
    static CaseName names[MOST_CASES];
    return cases_in(PUBLISHED_DATA "/keras-layer-vectors", NULL, names);
}

ParameterizedTestParameters(published_layers, graphs)
{
    static CaseName names[MOST_CASES];
    return cases_in(PUBLISHED_DATA "/graph-vectors", "ctc_", names);
}

static void expect_near(const struct published_case *one, const char *what, const double *values, const double *expected, size_t count)
{
    double deviation = published_deviation(values, expected, count);
    cr_log_info("%s, %s: deviation %.2g", one->name, what, deviation);
    cr_expect(deviation <= one->tolerance, "%s, %s: deviation %g, tolerance %g; first value %.9g, published %.9g", one->name, what, deviation,
              one->tolerance, values[0], expected[0]);
}

static void expect_outputs(const struct published_case *one, const struct published_product *product)
{
    double *values = published_allocate(one->expected_count, sizeof *values);
    for (int road = 0; road < PUBLISHED_ROADS; road++) {
        int status = published_run(one, product, road, 0, values, why);
        cr_expect(status >= 0, "%s", why);
        if (status == 0)
            expect_near(one, published_road_names[road], values, one->expected, one->expected_count);
    }
    free(values);
}

static void expect_gradients(const struct published_case *one, const struct published_product *product, bool generated)
{
    const char *who = generated ? "generated" : "interpreted";
    char what[64];
    double *gradients = published_allocate(one->gradient_count, sizeof *gradients);
    double *d_input = one->d_input ? published_allocate((size_t)one->samples * one->input_count, sizeof *d_input) : NULL;
    cr_assert(!published_gradients(one, product, generated, gradients, d_input, why), "%s", why);
    snprintf(what, sizeof what, "gradients, %s", who);
    expect_near(one, what, gradients, one->gradients, one->gradient_count);
    snprintf(what, sizeof what, "d_input, %s", who);
    if (d_input)
        expect_near(one, what, d_input, one->d_input, (size_t)one->samples * one->input_count);
    free(gradients);
    free(d_input);
}

/* A training by the statistics of the batch does not tell the moving ones, which come last. */
static void add_statistics(struct published_case *one, const struct published_product *product)
{
    const double any = 0.5;
    while (one->trains && one->weight_count < product->model->descriptor.weight_count)
        published_add_numbers(one, &any, 1);
}

static void expect_case(struct published_case one)
{
    struct published_product product;
    if (*one.skipped)
        cr_skip_test("%s: %s", one.name, one.skipped);
    for (int target = 0; target < ORACLE_TARGETS; target++) {
        if (oracle_targets[target].bit != ORACLE_VECTOR_8)      /* batteries hold the targets against each other */
            continue;
        cr_assert(!published_product_create(&one, oracle_target(&oracle_targets[target]), oracle_compilers[0], &product, why), "%s\n%s", why,
                  one.description);
        add_statistics(&one, &product);
        expect_outputs(&one, &product);
        for (int generated = 0; generated <= 1 && one.d_output; generated++)
            expect_gradients(&one, &product, generated);
        published_product_free(&product);
    }
    published_free(&one);
}

ParameterizedTest(CaseName *name, published_layers, vectors)
{
    struct published_case one;
    if (!*name->text)
        cr_skip_test("no " PUBLISHED_DATA "/keras-layer-vectors");
    cr_assert(!published_layers(name->text, &one, why), "%s", why);
    expect_case(one);
}

/* Layers that are called: residual connections, attention. */
ParameterizedTest(CaseName *name, published_layers, graphs)
{
    struct published_case one;
    if (!*name->text)
        cr_skip_test("no " PUBLISHED_DATA "/graph-vectors");
    cr_assert(!published_graph(name->text, &one, why), "%s", why);
    expect_case(one);
}
