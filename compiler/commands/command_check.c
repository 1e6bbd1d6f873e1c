/* command_check.c: lstmc check: the generated code against the interpreter in double, and that against finite
 * differences. */
#include "compiler/oracle/comparison.h"
#include "compiler/oracle/custom.h"
#include "commands.h"
#include "compiler/session/load.h"

#include "runtime/interpreter/differences.h"

#include <stdio.h>

#define DIFFERENCES_TIMESTEPS 20
#define CHECKED_ROWS 3

typedef enum Outcome {
    OUTCOME_GOOD, OUTCOME_BAD,
    OUTCOME_NONE                    /* it could not be done, and why has been said */
} Outcome;

typedef struct Table {              /* of deviations; the quiet one has those alone that are too large */
    bool quiet, begun, good;
} Table;

static void put_row(Table *table, const char *name, double deviation, double allowed, bool checked)
{
    bool good = !checked || deviation <= allowed;
    table->good = table->good && good;
    if (table->quiet && good)
        return;
    if (!table->begun)
        printf("  %-36s %9s %9s\n", "", "deviation", "allowed");
    table->begun = true;
    if (checked)
        printf("  %-36s %9.2g %9.2g%s\n", name, deviation, allowed, good ? "" : "   TOO LARGE");
    else
        printf("  %-36s not checked: a kink is too near\n", name);
}

static Outcome compare_loaded(Arena *arena, const Arguments *a, Description *description, const Compiled *compiled,
                              const Loaded *loaded)
{
    const Model *model = description_model(description);
    bool blas = emit_calls_blas(&compiled->programs);   /* what it is called for is a whole batch */
    int rows = blas || model->descriptor.batch < CHECKED_ROWS ? model->descriptor.batch : CHECKED_ROWS;
    Comparison comparison = { .lanes = compiled->programs.target->lanes, .blas = blas, .programs = &compiled->programs,
                              .decoder = loaded->decoder };
    const char *why = compare_generated(arena, description, loaded->model, rows, a->seed ? a->seed : 1, &comparison);
    if (why) {
        fprintf(stderr, "%s: %s\n", a->model, why);
        return OUTCOME_NONE;
    }
    if (!a->quiet)
        printf("%s: generated C against the interpreter in double, %d of %d rows\n", model->descriptor.name, rows,
               model->descriptor.batch);
    Table table = { .quiet = a->quiet, .good = true };
    for (int i = 0; i < comparison.count; i++)
        put_row(&table, comparison.list[i].name, comparison.list[i].value, comparison.list[i].allowed, true);
    return table.good ? OUTCOME_GOOD : OUTCOME_BAD;
}

static Outcome check_generated(Arena *arena, Diagnostics *diagnostics, const Arguments *a)
{
    Description *description = command_read(arena, diagnostics, a);
    if (!description)
        return OUTCOME_NONE;
    Compiled compiled = { 0 };
    Loaded loaded = { 0 };
    Outcome outcome = OUTCOME_NONE;
    bool good = false;
    if (!compiler_exists())
        diagnostics_add(diagnostics, a->model, 0, "check needs a C compiler: set CC");
    else if (compile(arena, description, diagnostics, &a->compile, &compiled))
        good = load(arena, diagnostics, &compiled, LOAD_TO_CHECK, &loaded);
    if (good) {
        command_note(a, &compiled);
        outcome = compare_loaded(arena, a, description, &compiled, &loaded);
    } else {
        diagnostics_print(diagnostics, stderr);
    }
    loaded_free(&loaded);
    compiled_free(&compiled);
    description_free(description);
    return outcome;
}

/* More than wanted where a layer needs them. */
static int most_steps(const Model *model)
{
    int steps = DIFFERENCES_TIMESTEPS;
    for (int k = 0; k < model->input_count; k++) {
        const Layer *input = &model->layers[model->inputs[k]];
        if ((input->output.rank > 1 || input->vocabulary) && input->output.extent[0] > steps)
            steps = input->output.extent[0];
    }
    return steps;
}

static void print_differences(Arena *arena, const Arguments *a, const Model *model, const struct differences *result)
{
    if (!a->quiet)
        printf("%s: interpreter against finite differences in double, %d rows, at most %d time steps\n",
               model->descriptor.name, DIFFERENCES_ROWS, most_steps(model));
    if (!a->quiet && result->kink_distance < DIFFERENCES_KINK)
        printf("  (a kink is %.1g away: no draw of arguments kept farther from it)\n", result->kink_distance);
    Table table = { .quiet = a->quiet, .good = true };
    for (int i = 0; i < result->count; i++) {
        const struct difference *d = &result->list[i];
        put_row(&table, arena_format(arena, "d %s", d->tensor), d->deviation, d->allowed, d->skipped < d->probes);
    }
}

static Outcome check_differences(Arena *arena, Diagnostics *diagnostics, const Arguments *a)
{
    Description *description = command_read_shortened(arena, diagnostics, a, DIFFERENCES_TIMESTEPS);
    if (!description)
        return OUTCOME_NONE;
    struct custom_layers *custom = custom_layers_create(arena, description, DIFFERENCES_ROWS);
    struct differences result = { 0 };
    struct lstmc_message message = { "" };
    int status = LSTMC_MISMATCH;
    if (!diagnostics_count(diagnostics))
        status = differences_check(description_model(description), custom, a->seed ? a->seed : 1, &result, &message);
    Outcome outcome = status ? OUTCOME_NONE : result.good ? OUTCOME_GOOD : OUTCOME_BAD;
    if (diagnostics_count(diagnostics))
        diagnostics_print(diagnostics, stderr);
    else if (status)
        fprintf(stderr, "%s: %s\n", a->model, message.text);
    else
        print_differences(arena, a, description_model(description), &result);
    differences_free(&result);
    custom_layers_free(custom);
    description_free(description);
    return outcome;
}

int command_check(const Arguments *arguments)
{
    Arena *arena = arena_create();
    Diagnostics *diagnostics = diagnostics_create(arena);
    Outcome generated = check_generated(arena, diagnostics, arguments);
    Outcome differences = generated == OUTCOME_NONE ? OUTCOME_NONE : check_differences(arena, diagnostics, arguments);
    bool good = generated == OUTCOME_GOOD && differences == OUTCOME_GOOD;
    if (good || generated == OUTCOME_BAD || differences == OUTCOME_BAD)
        printf("%s: %s\n", arguments->model, good ? "all within tolerance" : "NOT within tolerance");
    arena_free(arena);
    return good ? 0 : 1;
}
