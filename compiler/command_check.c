/* command_check.c: lstmc check: the generated code against the interpreter in double, and that against finite differences. */
#include "comparison.h"
#include "custom.h"
#include "commands.h"
#include "load.h"

#include "../runtime/interpreter/differences.h"

#include <math.h>
#include <stdio.h>

#define TOLERANCE_DIFFERENCES 1e-6
#define DIFFERENCES_TIMESTEPS 20
#define CHECKED_ROWS 3

/* The tolerance is said where it is not that of the heading. */
static void print_deviation(const char *name, double deviation, double tolerance, double usual)
{
    printf("  %-36s %9.2g", name, deviation);
    if (tolerance > usual)
        printf("   (tolerance %.2g)", tolerance);
    puts(deviation <= tolerance ? "" : "   TOO LARGE");
}

static bool check_generated(Arena *arena, Diagnostics *diagnostics, const Arguments *a)
{
    Description *description = command_read(arena, diagnostics, a, 0);
    if (!description)
        return false;
    Compiled compiled = { 0 };
    Loaded loaded = { 0 };
    bool good = false;
    if (!compiler_exists())
        diagnostics_add(diagnostics, a->model, 0, "check needs a C compiler: set CC");
    else if (compile(arena, description, diagnostics, &a->compile, &compiled))
        good = load(arena, diagnostics, &compiled, LOAD_TO_CHECK, &loaded);
    if (!good)
        diagnostics_print(diagnostics, stderr);
    if (good) {
        command_note(a, &compiled);
        const Model *model = description_model(description);
        bool blas = emit_calls_blas(&compiled.programs);    /* what it is called for is a whole batch */
        int rows = blas || model->descriptor.batch < CHECKED_ROWS ? model->descriptor.batch : CHECKED_ROWS;
        Comparison comparison = { .lanes = a->compile.target->lanes, .blas = blas, .programs = &compiled.programs };
        const char *why = compare_generated(arena, description, loaded.model, rows, a->seed ? a->seed : 1, &comparison);
        if (why) {
            fprintf(stderr, "%s: %s\n", a->model, why);
            good = false;
        }
        if (!why && !a->quiet)
            printf("%s: generated C against the interpreter in double, %d of %d rows (tolerance %g)\n", model->descriptor.name, rows,
                   model->descriptor.batch, COMPARISON_TOLERANCE);
        for (int i = 0; i < comparison.count; i++) {
            const Deviation *d = &comparison.list[i];
            good = good && d->value <= d->tolerance;
            if (!a->quiet || d->value > d->tolerance)
                print_deviation(d->name, d->value, d->tolerance, COMPARISON_TOLERANCE);
        }
    }
    loaded_free(&loaded);
    compiled_free(&compiled);
    description_free(description);
    return good;
}

static bool check_differences(Arena *arena, Diagnostics *diagnostics, const Arguments *a)
{
    Description *description = command_read(arena, diagnostics, a, DIFFERENCES_TIMESTEPS);
    if (!description)
        return false;
    const Model *model = description_model(description);
    struct custom_layers *custom = custom_layers_create(arena, description, DIFFERENCES_ROWS);
    struct differences result = { 0 };
    struct lstmc_message message = { "" };
    int status = diagnostics_count(diagnostics) ? LSTMC_MISMATCH : differences_check(model, custom, a->seed ? a->seed : 1, &result, &message);
    bool good = !status && result.worst <= TOLERANCE_DIFFERENCES;
    if (status) {
        diagnostics_print(diagnostics, stderr);
        fprintf(stderr, "%s: %s\n", a->model, message.text);
    } else if (!a->quiet) {
        printf("%s: interpreter against finite differences in double, %d rows, at most %d time steps (tolerance %g)\n", model->descriptor.name,
               DIFFERENCES_ROWS, DIFFERENCES_TIMESTEPS, TOLERANCE_DIFFERENCES);
        if (result.kink_distance < DIFFERENCES_KINK)
            printf("  (a kink is %.1g away: no draw of arguments kept farther from it)\n", result.kink_distance);
    }
    for (int i = 0; !status && i < result.count; i++)
        if (!a->quiet || !(result.list[i].deviation <= TOLERANCE_DIFFERENCES))
            print_deviation(arena_format(arena, "d %s", result.list[i].tensor), result.list[i].deviation, TOLERANCE_DIFFERENCES, TOLERANCE_DIFFERENCES);
    differences_free(&result);
    custom_layers_free(custom);
    description_free(description);
    return good;
}

int command_check(const Arguments *arguments)
{
    Arena *arena = arena_create();
    Diagnostics *diagnostics = diagnostics_create(arena);
    bool generated = check_generated(arena, diagnostics, arguments);
    bool differences = (generated || !diagnostics_count(diagnostics)) && check_differences(arena, diagnostics, arguments);
    if (!diagnostics_count(diagnostics))
        printf("%s: %s\n", arguments->model, generated && differences ? "all within tolerance" : "NOT within tolerance");
    arena_free(arena);
    return generated && differences ? 0 : 1;
}
