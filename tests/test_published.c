/* What others have published, through every road of the product: Lua description, interpreter, evaluator, generated C of every target by both compilers. */
#include "oracles.h"
#include "published_product.h"
#include "turbofan.h"

#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <dirent.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char why[PUBLISHED_WHY];

/* A parameter lives in memory that Criterion hands to the process of the test: no pointers in it. */
typedef struct CaseName {
    char text[80];
} CaseName;

/* The one finding that is not mended: in float, x - (max + log sum) loses digits where x is 10000. It has a test of its own below. */
#define LARGE_LOGITS "onnx_test_logsoftmax_large_number"

static int is_finding(const struct published_case *one, enum published_road road)
{
    return road == PUBLISHED_FLOAT && !strcmp(one->name, LARGE_LOGITS);
}

/* The interpreter knows no target, the evaluator no compiler: once is enough for them. `first`: of the compilers of this target. */
static int is_taken(enum published_road road, int target, bool first)
{
    if (road == PUBLISHED_DOUBLE || road == PUBLISHED_FLOAT)
        return target == 0 && first;
    return road != PUBLISHED_EVALUATOR || first;
}

/* Each target by one of the compilers, the next case by the other one; with LONG_TESTS by both. */
static bool is_built(const struct published_case *one, int target, int compiler)
{
    int turn = target;
    for (const char *c = one->name; *c; c++)
        turn += *c;
    return getenv("LONG_TESTS") || turn % ORACLE_COMPILERS == compiler;
}

static void expect_roads(const struct published_case *one, int target, int compiler, bool first, double *values)
{
    struct published_product product;
    const char *label = oracle_targets[target].label, *with = oracle_compilers[compiler];
    cr_assert(!published_product_create(one, oracle_target(&oracle_targets[target]), with, &product, why), "%s, %s: %s", label, with, why);
    for (int road = 0; road < PUBLISHED_ROADS; road++) {
        if (!is_taken(road, target, first) || is_finding(one, road))
            continue;
        int status = published_run(one, &product, road, 0, values, why);
        cr_expect(status >= 0, "%s, %s: %s", label, with, why);
        if (status != 0)
            continue;
        double deviation = published_deviation(values, one->expected, one->expected_count);
        cr_log_info("%s, %s, %s, %s: deviation %.2g", one->name, label, with, published_road_names[road], deviation);
        cr_expect(deviation <= one->tolerance, "%s, %s, %s, %s: deviation %g, tolerance %g; first value %.9g, published %.9g", one->name, label, with,
                  published_road_names[road], deviation, one->tolerance, values[0], one->expected[0]);
    }
    published_product_free(&product);
}

static void expect_all_roads(const struct published_case *one)
{
    double *values = published_allocate(one->expected_count, sizeof *values);
    for (int target = 0; target < ORACLE_TARGETS; target++) {
        bool first = true;
        for (int compiler = 0; compiler < ORACLE_COMPILERS; compiler++)
            if ((oracle_targets[target].bit & ORACLE_USUAL) && is_built(one, target, compiler)) {
                expect_roads(one, target, compiler, first, values);
                first = false;
            }
    }
    free(values);
}

/* ---- RTNeural: real trained weights, 100 or 1000 samples of one stream ---- */

ParameterizedTestParameters(published, rtneural)
{
    static CaseName names[] = { { "lstm" }, { "lstm_1d" }, { "gru" }, { "gru_1d" }, { "lstm_torch" }, { "gru_torch" } };
    return cr_make_param_array(CaseName, names, sizeof names / sizeof *names);
}

ParameterizedTest(CaseName *name, published, rtneural)
{
    struct published_case one;
    if (access(PUBLISHED_DATA "/models-rtneural", R_OK))
        cr_skip_test("%s: no " PUBLISHED_DATA "/models-rtneural", name->text);
    cr_assert(!published_rtneural(name->text, &one, why), "%s", why);
    expect_all_roads(&one);
    published_free(&one);
}

/* ---- ONNX: every node test; those that no layer says are skipped, with the reason ---- */

static int by_name(const void *a, const void *b)
{
    return strcmp(((const CaseName *)a)->text, ((const CaseName *)b)->text);
}

ParameterizedTestParameters(published, onnx)
{
    static const char *const folders[] = { PUBLISHED_DATA "/onnx-conformance/node", PUBLISHED_DATA "/onnx-conformance/pytorch-converted" };
    static CaseName names[300];
    size_t count = 0;
    for (int i = 0; i < 2; i++) {
        DIR *directory = opendir(folders[i]);
        for (struct dirent *entry; directory && (entry = readdir(directory));)
            if (!strncmp(entry->d_name, "test_", 5) && count < sizeof names / sizeof *names)
                snprintf(names[count++].text, sizeof names->text, "%.79s", entry->d_name);
        if (directory)
            closedir(directory);
    }
    qsort(names, count, sizeof *names, by_name);
    return cr_make_param_array(CaseName, names, count ? count : 1);     /* one empty name: nothing is there */
}

ParameterizedTest(CaseName *name, published, onnx)
{
    struct published_case one;
    if (!*name->text)
        cr_skip_test("no " PUBLISHED_DATA "/onnx-conformance");
    cr_assert(!published_onnx(name->text, &one, why), "%s", why);
    if (*one.skipped)
        cr_skip_test("%s: %s", name->text, one.skipped);
    expect_all_roads(&one);
    published_free(&one);
}

/* Passes as soon as the interpreter subtracts the maximum first. */
Test(published, float_log_softmax_of_large_numbers)
{
    struct published_case one;
    struct published_product product;
    double values[8];
    if (access(PUBLISHED_DATA "/onnx-conformance", R_OK))
        cr_skip_test("no " PUBLISHED_DATA "/onnx-conformance");
    cr_assert(!published_onnx(LARGE_LOGITS + strlen("onnx_"), &one, why), "%s", why);
    cr_assert(!published_product_create(&one, target_default(), "cc", &product, why), "%s", why);
    cr_assert_eq(published_run(&one, &product, PUBLISHED_FLOAT, 0, values, why), 0, "%s", why);
    double deviation = published_deviation(values, one.expected, one.expected_count);
    if (deviation > one.tolerance)
        cr_skip_test(LARGE_LOGITS ", interpreter float: deviation %.2g above %g: its log_softmax cancels", deviation, one.tolerance);
    published_product_free(&product);
    published_free(&one);
}

/* ---- turbofan: two Keras models with their weights, judged by the figures that their authors publish ---- */

#define EVALUATED 2             /* windows that the slow evaluator runs */

typedef void (*Judge)(const struct turbofan *data, const double *values, const char *way);

static void compare_turbofan(const struct published_case *one, const struct published_product *product, const double *values, double *other, const char *way)
{
    for (int road = PUBLISHED_DOUBLE + 1; road < PUBLISHED_ROADS; road++) {
        int samples = road == PUBLISHED_EVALUATOR ? EVALUATED : one->samples;
        cr_assert_eq(published_run(one, product, road, samples, other, why), 0, "%s", why);
        double deviation = published_deviation(other, values, (size_t)samples);
        cr_log_info("%s, %s, %s against interpreter double: deviation %.2g", one->name, way, published_road_names[road], deviation);
        cr_expect(deviation <= 1e-5, "%s, %s, %s against interpreter double: deviation %g, tolerance 1e-5", one->name, way, published_road_names[road],
                  deviation);
    }
}

/* All roads agree; the figures are those of the generated C, one window at a time. */
static void run_turbofan(const struct turbofan *data, const struct published_case *one, Judge judge)
{
    double *values = published_allocate(one->expected_count, sizeof *values), *other = published_allocate(one->expected_count, sizeof *other);
    for (int i = 0; i < ORACLE_TARGETS * ORACLE_COMPILERS; i++) {
        const OracleTarget *target = &oracle_targets[i / ORACLE_COMPILERS];
        const char *compiler = oracle_compilers[i % ORACLE_COMPILERS];
        struct published_product product;
        char way[64];
        if (!(target->bit & ORACLE_USUAL))
            continue;
        snprintf(way, sizeof way, "%s, %s", target->label, compiler);
        cr_assert(!published_product_create(one, oracle_target(target), compiler, &product, why), "%s: %s", way, why);
        cr_assert_eq(published_run(one, &product, PUBLISHED_DOUBLE, 0, values, why), 0, "%s", why);
        compare_turbofan(one, &product, values, other, way);
        cr_assert_eq(published_run(one, &product, PUBLISHED_PREDICT, 0, values, why), 0, "%s: %s", way, why);
        judge(data, values, way);
        published_product_free(&product);
    }
    free(values);
    free(other);
}

static void read_turbofan(const char *name, struct turbofan *data, struct published_case *one)
{
    if (access(PUBLISHED_DATA "/turbofan", R_OK))
        cr_skip_test("no " PUBLISHED_DATA "/turbofan");
    cr_assert(!turbofan_read(data, why), "%s", why);
    cr_assert_eq(data->engines, 93, "%d engines have 50 cycles, published are 93", data->engines);
    cr_assert(!published_turbofan(name, data, one, why), "%s", why);
}

static void judge_binary(const struct turbofan *data, const double *values, const char *way)
{
    int right = 0, alarms = 0, failures = 0, found = 0;
    for (int i = 0; i < data->engines; i++) {
        int fails = data->remaining[i] <= 30, alarm = values[i] > 0.5;
        right += fails == alarm;
        alarms += alarm;
        failures += fails;
        found += fails && alarm;
    }
    double accuracy = (double)right / data->engines, precision = (double)found / alarms, recall = (double)found / failures;
    cr_log_info("turbofan, %s, fails within 30 cycles: accuracy %.4f, precision %.3f, recall %.3f", way, accuracy, precision, recall);
    cr_expect_float_eq(accuracy, 0.9785, 5e-5, "%s: accuracy %.5f, published 0.9785", way, accuracy);
    cr_expect_float_eq(precision, 0.926, 5e-4, "%s: precision %.5f, published 0.926", way, precision);
    cr_expect_float_eq(recall, 1.0, 1e-9, "%s: recall %.5f, published 1.0", way, recall);
}

static void judge_regression(const struct turbofan *data, const double *values, const char *way)
{
    double error = 0, mean = 0, residual = 0, spread = 0;
    for (int i = 0; i < data->engines; i++)
        mean += data->remaining[i] / data->engines;
    for (int i = 0; i < data->engines; i++) {
        error += fabs(values[i] - data->remaining[i]) / data->engines;
        residual += (values[i] - data->remaining[i]) * (values[i] - data->remaining[i]);
        spread += (data->remaining[i] - mean) * (data->remaining[i] - mean);
    }
    double r2 = 1 - residual / spread;
    cr_log_info("turbofan, %s, cycles left: mean absolute error %.3f, R2 %.4f", way, error, r2);
    cr_expect_float_eq(error, 12.22, 5e-3, "%s: mean absolute error %.4f, published 12.22", way, error);
    cr_expect_float_eq(r2, 0.798, 5e-4, "%s: R2 %.5f, published 0.798", way, r2);
}

static void test_turbofan(const char *name, Judge judge)
{
    struct turbofan data;
    struct published_case one;
    read_turbofan(name, &data, &one);
    run_turbofan(&data, &one, judge);
    published_free(&one);
    turbofan_free(&data);
}

Test(published, turbofan_binary)
{
    test_turbofan("binary", judge_binary);
}

Test(published, turbofan_regression)
{
    test_turbofan("regression", judge_regression);
}
