/* test_models.c: the models on tables keep what their headers promise: forecasts better than persistence on what is held out. With LONG_TESTS the
 * slower ones too: engines that fail, captions that are right in every word, chorales. */
#include "command.h"

#include <criterion/criterion.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SECONDS 600

/* What training models/NAME.lua with these parameters from the root of the project printed; to be freed. */
static char *train_with(const char *name, const char *parameters)
{
    char here[PATH_MAX], line[PATH_MAX + 128];
    char *folder = command_folder();
    cr_assert(getcwd(here, sizeof here));
    snprintf(line, sizeof line, "$L train '%s/models/%s.lua' %s --quiet", here, name, parameters);
    Ran ran = command_run(folder, SECONDS, line);
    cr_assert_eq(ran.status, 0, "%s: %s", name, ran.errors);
    char *output = strdup(ran.output);
    ran_free(&ran);
    command_folder_remove(folder);
    return output;
}

static char *train(const char *name)
{
    return train_with(name, "");
}

static void skip_without_data(void)
{
    if (access("../shared/data", R_OK))
        cr_skip_test("../shared/data is absent");
}

/* The squared error behind `what` is at most so much of that of persistence. */
static void expect_better(const char *name, const char *output, const char *what, double most)
{
    double ours, persistence;
    const char *at = strstr(output, what);
    cr_assert(at && sscanf(at + strlen(what), ": mse %lf, persistence (the last known value) %lf", &ours, &persistence) == 2, "%s: no \"%s\" in\n%s", name,
              what, output);
    cr_expect(ours <= most * persistence, "%s, %s: %g beside %g of persistence, at most %g of it were expected", name, what, ours, persistence, most);
}

static void expect_forecasts(const char *name, double most)
{
    skip_without_data();
    char *output = train(name);
    expect_better(name, output, "held-out forecasts", most);
    free(output);
}

Test(models, airline) { expect_forecasts("airline", 0.4); }
Test(models, temperatures) { expect_forecasts("temperatures", 0.85); }
Test(models, sunspots) { expect_forecasts("sunspots", 0.9); }

/* The next day is not to be had; the weeks behind it are. */
Test(models, stock)
{
    skip_without_data();
    char *output = train("stock");
    expect_better("stock", output, "  1 ahead", 1.03);
    expect_better("stock", output, "  20 ahead", 0.96);
    free(output);
}

static void expect_printed(const char *name, char *output, const char *metric, double least)
{
    const char *at = strstr(output, metric);
    cr_assert(at, "%s: no %s in\n%s", name, metric, output);
    double value = atof(at + strlen(metric));
    cr_expect(value >= least, "%s: %s %g, at least %g was expected", name, metric, value, least);
    free(output);
}

static void expect_value(const char *name, const char *metric, double least)
{
    expect_printed(name, train(name), metric, least);
}

static void expect_metric(const char *name, const char *metric, double least)
{
    if (!getenv("LONG_TESTS"))
        cr_skip_test("only with LONG_TESTS");
    expect_value(name, metric, least);
}

Test(models, meter) { expect_metric("meter", "val_sequence_accuracy", 0.98); }

Test(models, caption) { expect_metric("caption", "val_sequence_accuracy", 0.9); }

/* Nats a step of the test chorales. */
Test(models, chorales)
{
    skip_without_data();
    if (!getenv("LONG_TESTS"))
        cr_skip_test("only with LONG_TESTS");
    char *output = train("chorales");
    const char *at = strstr(output, "val_nats");
    cr_assert(at, "no val_nats in\n%s", output);
    cr_expect(atof(at + strlen("val_nats")) <= 9, "%s", output);
    free(output);
}

Test(models, turbofan)
{
    skip_without_data();
    expect_metric("turbofan", "val_binary_accuracy", 0.95);
}

/* Better than the distance from the mean, which has 0.926. */
Test(models, anomalies)
{
    skip_without_data();
    expect_value("anomalies", "val_auc", 0.945);
}

/* A quarter of the epochs: 0.265. Saying always the most frequent, the end of a line, is right in 0.14. */
Test(models, words)
{
    skip_without_data();
    if (!getenv("LONG_TESTS"))
        cr_skip_test("only with LONG_TESTS");
    expect_printed("words", train_with("words", "epochs=2"), "val_sparse_categorical_accuracy", 0.255);
}

/* ---- the archive's classes ---- */

static void expect_accuracy(const char *name, double least)
{
    skip_without_data();
    expect_value(name, "val_sparse_categorical_accuracy", least);
}

Test(models, vowels) { expect_accuracy("vowels", 0.97); }
Test(models, motions) { expect_accuracy("motions", 0.97); }

/* Digits that are put in, left out or exchanged. */
Test(models, dictation)
{
    skip_without_data();
    if (!getenv("LONG_TESTS"))
        cr_skip_test("only with LONG_TESTS");
    char *output = train("dictation");
    const char *at = strstr(output, "val_label_error_rate ");
    cr_assert(at, "no val_label_error_rate in\n%s", output);
    cr_expect(atof(at + strlen("val_label_error_rate ")) <= 0.05, "%s", at);
    free(output);
}
