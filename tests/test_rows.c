/* test_rows.c: layers of one and two units, whose rows lie in the lanes: which statements do that, and that nothing else comes of it. The batch is
 * no multiple of any vector, and the last row is not there: whole vectors and a part of one are at work. */
#include "compiler/compile.h"
#include "command.h"
#include "oracles.h"

#include <criterion/criterion.h>
#include <string.h>

#define MODEL(...) "return Sequential{ name = 'few', batch_size = 19, shards = 1, " __VA_ARGS__ ", loss = 'mse' }"

/* ---- which ---- */

typedef struct Build {
    Arena *arena;
    Description *description;
    Compiled compiled;
} Build;

static Build build(const char *text, int lanes)
{
    Build all = { .arena = arena_create() };
    CompileOptions options = { .target = target_with_lanes(target_find("vector"), lanes) };
    all.description = oracle_read(all.arena, text);
    cr_assert(compile(all.arena, all.description, diagnostics_create(all.arena), &options, &all.compiled), "%s", text);
    return all;
}

static void release(Build *all)
{
    compiled_free(&all->compiled);
    description_free(all->description);
    arena_free(all->arena);
}

/* Of the statements in time loops, as many as there are whose vectors lie along the batch, or do not. */
static int steps_of(const Ir *ir, bool along_batch)
{
    int count = 0;
    for (int i = 0; i < ir->statement_count; i++) {
        const Statement *s = ir->statements[i];
        count += s->loop && (s->tile && s->tile->lane->kind == AXIS_BATCH) == along_batch;
    }
    return count;
}

/* Of a step that is one nest: its tile; else NULL. */
static const Tile *tile_of_step(const Ir *ir)
{
    const Tile *tile = NULL;
    for (int i = 0; i < ir->statement_count; i++) {
        const Statement *s = ir->statements[i];
        if (s->loop && s->section == SECTION_FORWARD && tile && s->tile != tile)
            return NULL;
        if (s->loop && s->section == SECTION_FORWARD)
            tile = s->tile;
    }
    return tile;
}

Test(rows, lie_in_the_lanes_of_one_and_two_units)
{
    static const char *const models[] = {
        MODEL("Input{6, 3}, SimpleRNN{1}"), MODEL("Input{6, 3}, SimpleRNN{2}"), MODEL("Input{6, 3}, LSTM{1}"), MODEL("Input{6, 3}, LSTM{2}"),
        MODEL("Input{6, 3}, GRU{1}"), MODEL("Input{6, 3}, GRU{2}"), MODEL("Input{6, 3}, GRU{1, reset_after = false}"),
        MODEL("Input{6, 3}, GRU{2, reset_after = false}"),
    };
    for (size_t i = 0; i < sizeof models / sizeof *models; i++)
        for (int lanes = 4; lanes <= 16; lanes *= 2) {
            Build all = build(models[i], lanes);
            const Programs *p = &all.compiled.programs;
            cr_expect_eq(steps_of(p->batch, false), 0, "%s, %d lanes", models[i], lanes);
            cr_expect(tile_of_step(p->batch) && tile_of_step(p->training), "%s, %d lanes", models[i], lanes);
            cr_expect_eq(steps_of(p->training, false), 0, "%s, %d lanes", models[i], lanes);
            cr_expect_eq(steps_of(p->single, true) + steps_of(p->step, true), 0, "%s, %d lanes", models[i], lanes);
            release(&all);
        }
}

Test(rows, do_not_where_units_are_better_there)
{
    static const char *const models[] = {
        MODEL("Input{6, 3}, SimpleRNN{3}"), MODEL("Input{6, 3}, LSTM{4}"),
        "return Sequential{ name = 'few', batch_size = 7, shards = 1, Input{6, 3}, GRU{2}, loss = 'mse' }",
    };
    for (size_t i = 0; i < sizeof models / sizeof *models; i++) {
        Build all = build(models[i], 8);
        const Programs *p = &all.compiled.programs;
        cr_expect_eq(steps_of(p->batch, true) + steps_of(p->training, true), 0, "%s", models[i]);
        release(&all);
    }
}

/* A vector of one unit is one number, whose activations wait for each other less than functions of libm do. */
Test(rows, of_which_there_is_one_have_vectors_too)
{
    static const char *const models[] = { MODEL("Input{6, 3}, LSTM{1}"), MODEL("Input{6, 3}, GRU{1}"), MODEL("Input{6, 3}, SimpleRNN{1}") };
    for (size_t i = 0; i < sizeof models / sizeof *models; i++) {
        Build all = build(models[i], 8);
        const Ir *const programs[] = { all.compiled.programs.single, all.compiled.programs.step };
        for (int p = 0; p < 2; p++)
            for (int s = 0; s < programs[p]->statement_count; s++)
                cr_expect(!programs[p]->statements[s]->loop || programs[p]->statements[s]->tile, "%s: statement %d", models[i], s);
        release(&all);
    }
}

/* ---- the same numbers ---- */

static void expect_same(const char *const *models)
{
    for (; *models; models++)
        expect_agreement_with(*models, &(Oracles){ .seed = 3, .no_differences = true, .targets = ORACLE_PLAIN | ORACLE_VECTORS });
}

Test(rows, of_one_unit)
{
    static const char *const models[] = {
        MODEL("Input{6, 3}, SimpleRNN{1}"), MODEL("Input{6, 3}, LSTM{1}"), MODEL("Input{6, 3}, GRU{1}"), MODEL("Input{6, 1}, GRU{1, reset_after = false}"),
        MODEL("Input{3, 60}, LSTM{1}"), "return Sequential{ name = 'few', batch_size = 1, Input{6, 3}, LSTM{1}, Dense{1}, loss = 'mse' }", NULL,
    };
    expect_same(models);
}

Test(rows, of_two_units)
{
    static const char *const models[] = {
        MODEL("Input{6, 3}, SimpleRNN{2}"), MODEL("Input{6, 3}, LSTM{2, return_sequences = true}"), MODEL("Input{6, 3}, GRU{2}"),
        MODEL("Input{1, 3}, GRU{2, reset_after = false}"), MODEL("Input{3, 60}, GRU{2}"), NULL,
    };
    expect_same(models);
}

Test(rows, of_layers_of_all_kinds)
{
    static const char *const models[] = {
        MODEL("Input{5, 3, lengths = true}, LSTM{1, return_sequences = true, zero_output_for_mask = true}"),
        MODEL("Input{5, 3}, Masking{0.5}, GRU{2, go_backwards = true}"),
        MODEL("Input{5, 3}, LSTM{1, stateful = true}, Dense{1}"),
        MODEL("Input{5, 3}, Bidirectional{LSTM{1, return_sequences = true}}, GRU{1}"),
        MODEL("Input{5, 3}, LSTM{1, dropout = 0.25, recurrent_dropout = 0.5}, Dense{2}"),
        MODEL("Input{5, 3}, GRU{2, recurrent_dropout = 0.5, reset_after = false}"),
        MODEL("Input{5, 3}, LSTM{2, use_peepholes = true, cell_clip = 0.5}"),
        MODEL("Input{5, 3}, LSTM{5, projection = 1, return_sequences = true}, LSTM{1, projection = 4, return_sequences = true}, SimpleRNN{2, activation = 'relu'}"),
        MODEL("Input{5, 3}, LSTM{20, return_sequences = true}, LSTM{1, return_sequences = true}, LSTM{20}, Dense{1}"),
        MODEL("Input{7}, Embedding{9, 3, mask_zero = true}, GRU{1}, Dense{1}"),
        NULL,
    };
    expect_same(models);
}

/* Inputs are members of a struct then, and rows of one do not lie apart by its own size. */
Test(rows, of_one_of_several_inputs)
{
    static const char *const models[] = {
        "local a, b = Input{5, 3, name = 'series'}, Input{2, name = 'extra'}\n"
        "return Model{ inputs = {b, a}, outputs = Dense{2}(Concatenate()(LSTM{1}(a), b)), loss = 'mse', name = 'few', batch_size = 19 }", NULL,
    };
    expect_same(models);
}

/* Of one step from a state of zero the reset gate is computed beside the others, and nobody reads it: no compiler says so. */
Test(rows, what_nobody_reads)
{
    char *folder = command_folder();
    static const char text[] = "return Sequential{ name = 'step', Input{1, 3}, GRU{1, reset_after = false}, Dense{2}, loss = 'mse', batch_size = 8 }\n";
    command_write(folder, "step.lua", text, sizeof text - 1);
    command_expect(folder, 60, "for lanes in 4 8 16; do $L step.lua --lanes=$lanes --quiet >/dev/null && for cc in gcc clang; do "
                               "$cc -std=c11 -O2 -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Werror -c step.c || exit 1; done; done", 0, "", NULL);
    command_folder_remove(folder);
}
