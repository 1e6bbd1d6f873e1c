/* test_comparison.c: generated C against the interpreter: sound models are never called wrong, however little float leaves of their numbers, and
 * faults planted in the generated C are found, also where gradients have almost vanished. */
#include "oracles.h"
#include "random_model.h"

#include "compiler/oracle/comparison.h"
#include "compiler/session/load.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct Fault {
    const char *what, *text, *instead;      /* of the first such text in the backward pass */
} Fault;

/* The text with the fault in it. malloc'd. */
static char *planted(const char *source, const Fault *fault)
{
    /* the layers' functions, the last layer's first */
    const char *backward = strstr(source, "_backward(const struct battery_weights "), *at = backward ? strstr(backward, fault->text) : NULL;
    cr_assert(at, "%s: there is no \"%s\" in the backward pass", fault->what, fault->text);
    size_t size = strlen(source) + strlen(fault->instead) + 1;
    char *text = malloc(size);
    snprintf(text, size, "%.*s%s%s", (int)(at - source), source, fault->instead, at + strlen(fault->text));
    return text;
}

static Comparison compare(Arena *arena, Description *description, Diagnostics *diagnostics, const Compiled *compiled)
{
    Loaded loaded;
    cr_assert(load(arena, diagnostics, compiled, LOAD_TO_CHECK, &loaded));
    Comparison comparison = { .lanes = compiled->programs.target->lanes, .programs = &compiled->programs };
    const char *why = compare_generated(arena, description, loaded.model, 3, 1, &comparison);
    cr_assert(!why, "%s", why);
    loaded_free(&loaded);
    return comparison;
}

static void expect_sound(const char *text, const Comparison *comparison)
{
    for (int i = 0; i < comparison->count; i++) {
        const Deviation *d = &comparison->list[i];
        cr_expect(d->value <= d->allowed, "%s: %s: deviation %g > %g", text, d->name, d->value, d->allowed);
    }
}

/* Each of the faults, and none of them. */
static void expect_found(const char *text, const Fault *faults, int count)
{
    Arena *arena = arena_create();
    Diagnostics *diagnostics = diagnostics_create(arena);
    Description *description = oracle_read(arena, text);
    CompileOptions options = { .target = target_find("plain"), .unroll = UNROLL_NONE };
    Compiled compiled;
    setenv("CC", "gcc", 1);
    setenv("CFLAGS", "-O0", 1);
    cr_assert(compile(arena, description, diagnostics, &options, &compiled));
    Comparison sound = compare(arena, description, diagnostics, &compiled);
    expect_sound(text, &sound);
    for (int f = 0; f < count; f++) {
        Compiled wrong = compiled;
        char *source = planted(compiled.source.text, &faults[f]);
        wrong.source = (Out){ .text = source, .length = strlen(source) };
        Comparison comparison = compare(arena, description, diagnostics, &wrong);
        cr_expect(!comparison_is_good(&comparison), "%s: %s is not found", text, faults[f].what);
        free(source);
    }
    compiled_free(&compiled);
    description_free(description);
    arena_free(arena);
}

#define STEPS "for (int t = BATTERY_TIMESTEPS - 1; t >= 0; t--)"
static const Fault faults_of_lstm[] = {
    { "a wrong sign", "d_f[b][n] = tape", "d_f[b][n] = -tape" },
    { "the wrong gate", "* tape->lstm.g[t][b][n];", "* tape->lstm.f[t][b][n];" },
    { "f (1 - f) dropped", "* (tape->lstm.f[t][b][n] * (1.0f - tape->lstm.f[t][b][n]))", "" },
    { "a transposed index", "weights->lstm.recurrent_kernel[k][4 * g + n]", "weights->lstm.recurrent_kernel[n][4 * g + k]" },
    { "a factor 1 - 1e-3", "* weights->dense.kernel[k][n]", "* 0.999f * weights->dense.kernel[k][n]" },
    { "a missing time step", STEPS, "for (int t = BATTERY_TIMESTEPS - 1; t >= 1; t--)" },
    { "a missing term", "d_c[(t + 1) % 2][b][n] += tape", "d_c[(t + 1) % 2][b][n] = tape" },
    { "a state of another time", "lstm_h = tape->lstm.h[t][b][k]", "lstm_h = tape->lstm.h[t + 1][b][k]" },
};
enum { LSTM_FAULTS = sizeof faults_of_lstm / sizeof *faults_of_lstm };

Test(comparison, finds_faults)
{
    expect_found("Input{5, 3}, LSTM{4}, Dense{4}, loss = 'mse'", faults_of_lstm, LSTM_FAULTS);
}

#define HALVED "Dense{4, activation = 'sigmoid'}, "

/* The gradients of the LSTM are of the size of 1e-10. */
Test(comparison, finds_faults_where_gradients_have_almost_vanished)
{
    expect_found("Input{5, 3}, LSTM{4}, Dense{4, activation = 'sigmoid'}, " HALVED HALVED HALVED HALVED HALVED HALVED HALVED HALVED HALVED HALVED
                 HALVED HALVED HALVED HALVED "Dense{1}, loss = 'mse'", faults_of_lstm, LSTM_FAULTS);
}

static const Fault faults_of_gru[] = {
    { "a wrong sign", "- tape->gru.candidate[t][b][n]", "+ tape->gru.candidate[t][b][n]" },
    { "a sum that is lost", "gradients->gru.kernel[k][5 * g + n] += ", "gradients->gru.kernel[k][5 * g + n] = " },
    { "a missing time step", STEPS, "for (int t = BATTERY_TIMESTEPS - 2; t >= 0; t--)" },
};

Test(comparison, finds_faults_behind_a_softmax)
{
    expect_found("Input{5, 3}, GRU{5}, Dense{70, activation = 'softmax'}, loss = 'categorical_crossentropy'", faults_of_gru,
                 sizeof faults_of_gru / sizeof *faults_of_gru);
}

/* What was once called wrong. A gradient that is 0 but for rounding, a single output near 0, a probability clipped in float, many classes. */
Test(comparison, sound_models_are_not_called_wrong)
{
    static const char *const models[] = {
        "Input{3, 1}, LSTM{2}, Dense{1, activation = 'softmax'}, loss = 'binary_crossentropy'",
        "Input{4, 3}, LSTM{5}, Dense{300, activation = 'softmax'}, loss = 'categorical_crossentropy'",
        "Input{4, 3}, LSTM{5}, Dense{200, activation = 'sigmoid'}, loss = 'categorical_crossentropy'",
        "Input{4, 1}, GRU{1}, Dense{1}, batch_size = 1, loss = 'mse'",
        "Input{2}, Dense{1, activation = 'relu', use_bias = false}, Dense{1, activation = 'relu', use_bias = false}, "
        "Dense{1, activation = 'relu', use_bias = false}, Dense{1, activation = 'relu', use_bias = false}, loss = 'mse'",
        "Input{4}, " HALVED HALVED HALVED HALVED HALVED HALVED HALVED HALVED HALVED HALVED HALVED HALVED HALVED HALVED HALVED HALVED HALVED
        "Dense{1}, loss = 'mse'",
    };
    for (size_t i = 0; i < sizeof models / sizeof *models; i++)
        for (uint64_t seed = 1; seed <= 2; seed++)
            expect_agreement_with(models[i], &(Oracles){ .seed = seed, .no_evaluator = true, .compiler = oracle_compilers[seed % 2],
                                                         .targets = seed == 1 ? ORACLE_PLAIN : ORACLE_VECTOR_8 });
}

Test(comparison, sound_random_models_are_not_called_wrong)
{
    static const struct { uint64_t seed; unsigned target; } models[] = {
        { 100004, ORACLE_PLAIN }, { 100004, ORACLE_VECTOR_8 }, { 100151, ORACLE_PLAIN }, { 900060, ORACLE_PLAIN }, { 900076, ORACLE_PLAIN },
        { 900091, ORACLE_VECTOR_16 }, { 777027, ORACLE_PLAIN }, { 777029, ORACLE_VECTOR_8 },
    };
    Arena *arena = arena_create();
    for (size_t i = 0; i < sizeof models / sizeof *models; i++)
        expect_agreement_with(random_model(arena, models[i].seed),
                              &(Oracles){ .seed = models[i].seed, .targets = models[i].target, .compiler = "gcc", .no_evaluator = true });
    arena_free(arena);
}
