/* compile.c: the pipeline on one page: a description, four programs, the passes, two files.
 *
 *     read_lua   description -> layer list                      (done before)
 *     lower      layer list -> forward statements               calls each layer's mathematics
 *     grad       + adjoint statements                           derived; frozen layers prune it
 *     stage      statements -> binding times                    prepare, call, step
 *     tile       statements -> nests over vectors               where the target has lanes
 *     pack       weights -> the order in which tiles read them  at prepare time
 *     schedule   other statements -> order of loops, unrolling  under the target's budget
 *     plan       tensors -> homes                               weights, tape, state, scratch
 *     emit       -> text
 *
 * After every pass the program is checked: set before read, every index proven inside its tensor. */
#include "compile.h"
#include "passes.h"

#include <string.h>

enum { PASS_LOWER, PASS_GRAD, PASS_STAGE, PASS_TILE, PASS_PACK, PASS_SCHEDULE, PASS_PLAN, PASS_COUNT };
static const char *const passes[PASS_COUNT] = { "lower", "grad", "stage", "tile", "pack", "schedule", "plan" };

bool pass_exists(const char *name)
{
    for (int p = 0; p < PASS_COUNT; p++)
        if (!strcmp(name, passes[p]))
            return true;
    return false;
}

const char *pass_names(void)
{
    return "lower, grad, stage, tile, pack, schedule, plan";
}

static void check(const Ir *ir, const char *pass)
{
    const char *broken = ir_check(ir);
    if (broken)
        die("after %s: %s", pass, broken);
}

/* One program through all passes, or up to `last`. NULL if the mathematics of a layer failed. */
static Ir *run_passes(Arena *arena, Description *description, const CompileOptions *options, const LowerOptions *lowering, const char *last)
{
    Ir *ir = lower(arena, description, lowering);
    for (int p = PASS_LOWER; ir && p < PASS_COUNT; p++) {
        if (p == PASS_GRAD && lowering->training)
            grad(ir);
        if (p == PASS_STAGE)
            stage(ir, options->target);
        if (p == PASS_TILE)
            tile(ir, options->target);
        if (p == PASS_PACK)
            pack(ir);
        if (p == PASS_SCHEDULE)
            schedule(ir, options->target, options->unroll);
        if (p == PASS_PLAN)
            plan(ir, lowering->streaming);
        check(ir, passes[p]);
        if (last && !strcmp(last, passes[p]))
            break;
    }
    return ir;
}

static void check_sizes(Arena *arena, Diagnostics *diagnostics, const Programs *programs)
{
    const char *large = emit_too_large(arena, programs);
    if (large)
        diagnostics_add(diagnostics, programs->model->file, 0,
                        "struct %s would be larger than 2 GB with %d rows a tape: choose a smaller batch_size, or more shards",
                        large, programs->model->descriptor.batch);
}

bool compile(Arena *arena, Description *description, Diagnostics *diagnostics, const CompileOptions *options, Compiled *compiled)
{
    *compiled = (Compiled){ 0 };
    Programs *programs = &compiled->programs;
    int batch = description_model(description)->descriptor.batch;
    programs->model = description_model(description);
    programs->target = options->target;
    programs->input_gradient = options->input_gradient;
    programs->precise = options->precise;
    if (options->dump) {
        LowerOptions lowering = { .training = !options->inference, .batch = batch, .input_gradient = options->input_gradient };
        Ir *ir = run_passes(arena, description, options, &lowering, options->dump);
        if (ir)
            ir_print(&compiled->dump, ir);
        return ir != NULL;
    }
    int before = diagnostics_count(diagnostics);
    LowerOptions training = { .training = true, .batch = batch, .input_gradient = options->input_gradient };
    LowerOptions many = { .batch = batch }, one = { .batch = 1 }, step = { .batch = 1, .streaming = true };
    if (!options->inference && !(programs->training = run_passes(arena, description, options, &training, NULL)))
        return false;
    if (!(programs->batch = run_passes(arena, description, options, &many, NULL)) ||
        !(programs->single = run_passes(arena, description, options, &one, NULL)))
        return false;
    programs->no_step = description_no_streaming(description);
    if (!programs->no_step && !(programs->step = run_passes(arena, description, options, &step, NULL)))
        return false;
    check_sizes(arena, diagnostics, programs);
    if (diagnostics_count(diagnostics) != before)
        return false;
    emit_header(&compiled->header, arena, programs);
    emit_source(&compiled->source, arena, programs);
    return true;
}

void compiled_free(Compiled *compiled)
{
    out_free(&compiled->header);
    out_free(&compiled->source);
    out_free(&compiled->dump);
}
