/* test_stage.c: which statements move, and where to: out of their loops, into tables, away. */
#include "custom_models.h"
#include "compiler/emit/emit.h"
#include "ir_text.h"
#include "oracles.h"

#include <criterion/criterion.h>
#include <string.h>

typedef enum Where { GONE, PREPARED, IN_FRONT, IN_LOOP, BEHIND, ALONE, MIXED } Where;   /* alone: its section has no loop of that layer's */

static const char *const where_names[] = { "gone", "prepared", "in front of the loop", "in the loop", "behind the loop", "alone", "in several places" };

/* Whether loop statements that touch the layer stand before or after place `at` of the section. */
static Where place_of(const Ir *ir, int at)
{
    const Statement *statement = ir->statements[at];
    if (statement->time == TIME_PREPARE)
        return PREPARED;
    if (statement->loop)
        return IN_LOOP;
    bool before = false, after = false;
    for (int i = 0; i < ir->statement_count; i++) {
        const Statement *other = ir->statements[i];
        if (other->section != statement->section || !other->loop || strcmp(other->layer, statement->layer))
            continue;
        before |= i < at;
        after |= i > at;
    }
    return before ? BEHIND : after ? IN_FRONT : ALONE;
}

/* Of all statements whose text begins like this. */
static Where where(Arena *arena, const Ir *ir, const char *start)
{
    Where found = GONE;
    for (int i = 0; i < ir->statement_count; i++) {
        if (strncmp(statement_text(arena, ir->statements[i]), start, strlen(start)))
            continue;
        Where here = place_of(ir, i);
        found = found == GONE || found == here ? here : MIXED;
    }
    return found;
}

typedef struct Expected {
    Where where;
    const char *start;
} Expected;

static Ir *staged(Arena *arena, Description *description, const LowerOptions *options, const char *target)
{
    Ir *ir = lower(arena, description, options);
    cr_assert_not_null(ir);
    if (options->training)
        grad(ir);
    stage(ir, target_find(target), false);
    const char *broken = ir_check(ir);
    cr_assert_null(broken, "%s", broken);
    return ir;
}

static const LowerOptions training = { .training = true, .batch = 4 }, with_input = { .training = true, .batch = 4, .input_gradient = true },
                          one_sample_training = { .training = true, .batch = 1 }, many = { .batch = 4 }, one = { .batch = 1 },
                          step = { .batch = 1, .streaming = true };

static void expect_on(const char *target, const char *text, const LowerOptions *options, const Expected *expected)
{
    Arena *arena = arena_create();
    Description *description = oracle_read(arena, text);
    const Ir *ir = staged(arena, description, options, target);
    for (; expected->start; expected++) {
        Where found = where(arena, ir, expected->start);
        cr_expect(found == expected->where, "%s\non %s: \"%s...\" is %s, not %s", text, target, expected->start, where_names[found],
                  where_names[expected->where]);
    }
    description_free(description);
    arena_free(arena);
}

static void expect_places(const char *text, const LowerOptions *options, const Expected *expected)
{
    expect_on("vector", text, options, expected);
}

/* ---- backward ---- */

static const char lstm[] = "Input{5, 3}, LSTM{4}, Dense{2}, loss = 'mse'";

Test(stage, gradients_of_weights_leave_the_loop_and_what_recurs_stays)
{
    const Expected expected[] = {
        { BEHIND, "lstm.d_kernel[" }, { BEHIND, "lstm.d_recurrent_kernel[" }, { BEHIND, "lstm.d_bias[" },
        { IN_LOOP, "lstm.d_z[" }, { IN_LOOP, "lstm.d_h[t,b,n] = 0" }, { IN_LOOP, "lstm.d_h[t,b,k] += lstm.d_z" }, { IN_LOOP, "lstm.d_c[t," },
        { 0, NULL } };
    expect_places(lstm, &training, expected);
    expect_places(lstm, &one_sample_training, (const Expected[]){ { BEHIND, "lstm.d_kernel[" }, { BEHIND, "lstm.d_bias[" }, { 0, NULL } });
}

Test(stage, adjoints_of_inputs_leave_the_loop_with_the_zero_they_start_from)
{
    expect_places("Input{5}, Embedding{7, 3}, LSTM{4}, Dense{2}, loss = 'mse'", &training, (const Expected[]){
        { BEHIND, "embedding.d_y[t,b,n] = 0" }, { BEHIND, "embedding.d_y[t,b,k] += lstm.d_z" }, { 0, NULL } });
    expect_places("Input{5, 3}, GRU{4}, Dense{2}, loss = 'mse'", &with_input, (const Expected[]){
        { BEHIND, "d_input[" }, { BEHIND, "gru.d_kernel[" }, { BEHIND, "gru.d_bias[0" }, { BEHIND, "gru.d_bias[1" }, { IN_LOOP, "gru.d_p[" },
        { IN_LOOP, "gru.d_q[" }, { 0, NULL } });
    expect_places("Input{5, 3}, LSTM{4}, Dense{2}, loss = 'mse'", &training, (const Expected[]){ { GONE, "d_input[" }, { 0, NULL } });
}

Test(stage, in_a_stack_the_adjoint_of_the_lower_layer_is_one_product)
{
    expect_places("Input{5, 3}, SimpleRNN{4, return_sequences = true}, LSTM{3, go_backwards = true}, Dense{2}, loss = 'mse'", &training, (const Expected[]){
        { BEHIND, "simple_rnn.d_h[5-t,b,n] = 0" }, { BEHIND, "simple_rnn.d_h[5-t,b,k] += lstm.d_z" }, { IN_LOOP, "simple_rnn.d_h[t,b,k] += simple_rnn.d_z" },
        { IN_LOOP, "simple_rnn.d_z[" }, { BEHIND, "simple_rnn.d_recurrent_kernel[" }, { BEHIND, "simple_rnn.d_kernel[" }, { 0, NULL } });
}

Test(stage, a_frozen_layer_has_nothing_to_move_but_the_adjoint_it_hands_on)
{
    expect_places("Input{5, 3}, SimpleRNN{4, return_sequences = true}, LSTM{3, trainable = false}, Dense{2}, loss = 'mse'", &training, (const Expected[]){
        { GONE, "lstm.d_kernel[" }, { BEHIND, "simple_rnn.d_h[t+1,b,k] += lstm.d_z" }, { IN_LOOP, "lstm.d_z[" }, { 0, NULL } });
}

Test(stage, a_cell_of_the_description_is_moved_like_any_other)
{
    Arena *arena = arena_create();
    expect_places(custom_description(arena, "Input{5, 3}, Minimal{4}, loss = 'mse'"), &training, (const Expected[]){
        { BEHIND, "minimal.d_kernel[" }, { BEHIND, "minimal.d_recurrent_kernel[" }, { IN_LOOP, "minimal.d_m[" }, { IN_LOOP, "minimal.d_p[" }, { 0, NULL } });
    arena_free(arena);
}

/* ---- forward ---- */

Test(stage, without_a_batch_turns_share_the_weights_of_their_inputs)
{
    const Expected outside[] = { { IN_FRONT, "lstm.z[t,g,n] = " }, { IN_FRONT, "lstm.z[t,g,n] += lstm.kernel" },
                                 { IN_LOOP, "lstm.z[t,g,n] += lstm.recurrent_kernel" }, { IN_LOOP, "lstm.i[" }, { 0, NULL } };
    expect_places(lstm, &one, outside);
    expect_places(lstm, &many, (const Expected[]){ { IN_LOOP, "lstm.z[" }, { 0, NULL } });
    expect_places(lstm, &training, (const Expected[]){ { IN_LOOP, "lstm.z[" }, { 0, NULL } });
    expect_places("Input{3, 3}, LSTM{4}, Dense{2}, loss = 'mse'", &one, (const Expected[]){ { IN_LOOP, "lstm.z[" }, { 0, NULL } });
    expect_places("Input{4, 3}, LSTM{4}, Dense{2}, loss = 'mse'", &one, outside);
    expect_places(lstm, &step, (const Expected[]){ { IN_LOOP, "lstm.z[" }, { 0, NULL } });
}

/* On a tape of one row all turns of it would be kept: for a kernel that is read from behind the first cache. */
Test(stage, a_single_row_in_training_shares_large_kernels)
{
    expect_places("Input{9, 80}, LSTM{24}, loss = 'mse'", &one_sample_training, (const Expected[]){
        { IN_FRONT, "lstm.z[t,b,g,n] += lstm.kernel" }, { IN_LOOP, "lstm.z[t,b,g,n] += lstm.recurrent_kernel" }, { 0 } });
    expect_places("Input{9, 30}, LSTM{24}, loss = 'mse'", &one_sample_training, (const Expected[]){ { IN_LOOP, "lstm.z[t,b,g,n] += lstm.kernel" }, { 0 } });
    expect_places("Input{9, 80}, LSTM{24}, loss = 'mse'", &training, (const Expected[]){ { IN_LOOP, "lstm.z[t,b,g,n] += lstm.kernel" }, { 0 } });
}

Test(stage, the_half_of_a_gate_that_does_not_recur_leaves_alone)
{
    expect_places("Input{5, 3}, GRU{4, go_backwards = true}, Dense{2}, loss = 'mse'", &one, (const Expected[]){
        { IN_FRONT, "gru.p[" }, { IN_LOOP, "gru.q[" }, { 0, NULL } });
    expect_places("Input{5, 3}, SimpleRNN{4, return_sequences = true}, LSTM{3}, Dense{2}, loss = 'mse'", &one, (const Expected[]){
        { IN_FRONT, "lstm.z[t,g,n] += lstm.kernel" }, { IN_FRONT, "simple_rnn.z[t,n] += simple_rnn.kernel" }, { 0, NULL } });
}

/* ---- tables ---- */

Test(stage, an_embedding_and_the_product_behind_it_become_one_table)
{
    const Expected expected[] = { { PREPARED, "lstm.table[v,g,n] = lstm.bias" }, { PREPARED, "lstm.table[v,g,n] += lstm.kernel" },
                                  { IN_LOOP, "lstm.z[t,b,g,n] = lstm.table[x[b,t],g,n]" }, { GONE, "lstm.z[t,b,g,n] += lstm.kernel" },
                                  { GONE, "lstm.z[t,b,g,n] = lstm.bias" }, { GONE, "embedding.y" }, { 0, NULL } };
    const char *text = "Input{5}, Embedding{7, 3}, LSTM{4}, Dense{2}, loss = 'mse'";
    expect_places(text, &many, expected);
    expect_places(text, &training, (const Expected[]){ { GONE, "lstm.table" }, { ALONE, "embedding.y" }, { 0, NULL } });
    expect_places(text, &one, (const Expected[]){ { PREPARED, "lstm.table[v,g,n]" }, { IN_LOOP, "lstm.z[t,g,n] = lstm.table" }, { 0, NULL } });
    expect_places(text, &step, (const Expected[]){ { PREPARED, "lstm.table[v,g,n]" }, { GONE, "embedding.y" }, { 0, NULL } });
}

Test(stage, tables_stand_outside_loops_and_without_a_bias_too)
{
    expect_places("Input{5}, Embedding{7, 3}, Dense{4}, loss = 'mse'", &many, (const Expected[]){
        { PREPARED, "dense.table[v,n]" }, { ALONE, "dense.y[t,b,n] = dense.table[x[b,t],n]" }, { GONE, "embedding.y" }, { 0, NULL } });
    expect_places("Input{5}, Embedding{7, 3}, Dense{4, use_bias = false}, loss = 'mse'", &many, (const Expected[]){
        { PREPARED, "dense.table[v,n]" }, { GONE, "embedding.y" }, { 0, NULL } });
}

Test(stage, the_sum_over_taps_of_a_convolution_stays_outside_the_table)
{
    Arena *arena = arena_create();
    expect_places(custom_description(arena, "Input{7}, Embedding{9, 4}, Convolution{5, 3}, loss = 'mse'"), &many, (const Expected[]){
        { PREPARED, "convolution.table[v," }, { GONE, "embedding.y" }, { 0, NULL } });
    arena_free(arena);
}

Test(stage, large_tables_and_rows_that_others_change_are_left_alone)
{
    const Expected none[] = { { GONE, "lstm.table" }, { IN_LOOP, "lstm.z[t,b,g,n] += lstm.kernel" }, { 0, NULL } };
    expect_places("Input{5}, Embedding{7, 3}, Dropout{0.5}, LSTM{4}, Dense{2}, loss = 'mse'", &training, none);
    expect_places("Input{5}, Embedding{70000, 3}, LSTM{4}, Dense{2}, loss = 'mse'", &many, none);       /* 4.5 MB */
    expect_places("Input{5}, Embedding{16384, 3}, LSTM{4}, Dense{2}, loss = 'mse'", &many, (const Expected[]){ { PREPARED, "lstm.table" }, { 0, NULL } });
    expect_places("Input{5}, Embedding{16385, 3}, LSTM{4}, Dense{2}, loss = 'mse'", &many, none);       /* 64 bytes over a megabyte */
    expect_places("Input{5}, Embedding{7, 3}, Activation{'tanh'}, LSTM{4}, Dense{2}, loss = 'mse'", &many, none);
}

/* ---- by hand ---- */

static const char declarations[] = "time t 5\naxis n 3\naxis k 3\naxis u 6\ninput x 6 n\noutput y n\nweight w 3 n\nvalue p n\nvalue a t+1 n\nvalue b t+1 n\n"
                                   "backward: p[n] = 0 over n\nbackward: a[u,n] = x[u,n] over u n\n";

static void expect_by_hand(const char *statements, const Expected *expected)
{
    Arena *arena = arena_create();
    Ir *ir = ir_from_text(arena, arena_format(arena, "%s%sbackward: y[n] = p[n] over n\n", declarations, statements));
    const char *broken = ir_check(ir);
    cr_assert_null(broken, "%s%s", statements, broken);
    stage(ir, target_find("vector"), false);
    for (; expected->start; expected++) {
        Where found = where(arena, ir, expected->start);
        cr_expect(found == expected->where, "%s\"%s...\" is %s, not %s", statements, expected->start, where_names[found], where_names[expected->where]);
    }
    arena_free(arena);
}

Test(stage, a_sum_stays_if_later_turns_change_what_it_reads)
{
    expect_by_hand("backward: p[n] += w[k,n]*a[t,k] over n k in t\nbackward: a[t+1,n] += 2*x[t,n] over n in t\n",
                   (const Expected[]){ { IN_LOOP, "a[t+1,n] +=" }, { BEHIND, "p[n] += " }, { 0, NULL } });
    expect_by_hand("backward: p[n] += w[k,n]*a[t+1,k] over n k in t reversed\nbackward: a[t,n] += 2*x[t,n] over n in t reversed\n",
                   (const Expected[]){ { IN_LOOP, "a[t,n] +=" }, { BEHIND, "p[n] += " }, { 0, NULL } });
    expect_by_hand("backward: p[n] += w[k,n]*a[t+1,k] over n k in t\nbackward: a[t,n] += 2*x[t,n] over n in t\n",
                   (const Expected[]){ { IN_LOOP, "a[t,n] +=" }, { IN_LOOP, "p[n] += " }, { 0, NULL } });
}

/* Where turn follows turn a thousand million times, nobody goes through them one by one. */
Test(stage, long_loops)
{
    static const char declared[] = "time t 1000000000\naxis n 2\naxis k 2\ninput x t n\noutput y n\nweight w k n\n"
                                   "value a t+1 n\nvalue p n\n";
    static const struct { const char *statements; Where where; } rows[] = {
        { "p[n] += w[k,n]*a[t,k] over n k in t\nbackward: a[t+1,n] += 2*x[t,n] over n in t\n", BEHIND },
        { "p[n] += w[k,n]*a[t+1,k] over n k in t\nbackward: a[t,n] += 2*x[t,n] over n in t\n", IN_LOOP },
        { "p[n] += w[k,n]*a[999999999-t,k] over n k in t\nbackward: a[t,n] += 2*x[t,n] over n in t\n", IN_LOOP },
        { "p[n] += w[k,n]*a[t,k] over n k in t reversed\nbackward: a[t+1,n] += 2*x[t,n] over n in t reversed\n", IN_LOOP },
        { "p[n] += w[k,n]*a[0,k] over n k in t\nbackward: a[t+1,n] += 2*x[t,n] over n in t\n", BEHIND },
        { "p[n] += w[k,n]*a[1000000000,k] over n k in t\nbackward: a[t+1,n] += 2*x[t,n] over n in t\n", IN_LOOP },
        { "p[n] += w[k,n]*a[1,k] over n k in t\nbackward: a[t+1,n] += 2*x[t,n] over n in t\n", IN_LOOP },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        Arena *arena = arena_create();
        Ir *ir = ir_from_text(arena, arena_format(arena, "%sbackward: %sbackward: y[n] = p[n] over n\n", declared,
                                                  rows[i].statements));
        stage(ir, target_find("vector"), false);
        Where found = where(arena, ir, "p[n] +=");
        cr_expect(found == rows[i].where, "%s: %s", rows[i].statements, where_names[found]);
        arena_free(arena);
    }
}

Test(stage, what_the_loop_reads_stays)
{
    expect_by_hand("backward: b[t,n] = 0 over n in t\nbackward: b[t,n] += w[k,n]*a[t,k] over n k in t\nbackward: a[t+1,n] += b[t,n] over n in t\n"
                   "backward: p[n] += a[t+1,n] over n in t\n",
                   (const Expected[]){ { IN_LOOP, "b[t,n] " }, { IN_LOOP, "a[t+1,n] +=" }, { BEHIND, "p[n] += a" }, { 0, NULL } });
}

/* Ten axes are as many as there may be. */
Test(stage, a_statement_without_room_for_another_axis_stays)
{
    static const char format[] = "time t 2\naxis a 2\naxis b 2\naxis c 2\naxis d 2\naxis e 2\naxis f 2\naxis g 2\naxis h 2\naxis i 2\n%s"
                                 "value q 2 2 2\noutput y 1\n"
                                 "weight w 2 2 2 2 2\nbackward: q[a,b,c] = 0 over a b c\n"
                                 "backward: q[a,b,c] += w[a,b,c,d,t]*w[e,f,g,h,t]*w[i,%s,0,0,t] over a b c d e f g h i%s in t\nbackward: y[0] = q[0,0,0]\n";
    for (int full = 0; full < 2; full++) {
        Arena *arena = arena_create();
        Ir *ir = ir_from_text(arena, arena_format(arena, format, full ? "axis j 2\n" : "", full ? "j" : "0", full ? " j" : ""));
        stage(ir, target_find("vector"), false);
        const char *broken = ir_check(ir);
        cr_expect_null(broken, "%s", broken);
        Where found = where(arena, ir, "q[a,b,c] +=");
        cr_expect(found == (full ? IN_LOOP : ALONE), "with %d axes: %s", 9 + full, where_names[found]);
        arena_free(arena);
    }
}

Test(stage, what_nobody_reads_is_dropped_but_not_what_the_caller_sees)
{
    Arena *arena = arena_create();
    const char *text = "axis n 3\ninput x n\noutput y n\nstate s n\nvalue u n\nvalue v n\nvalue w n\nforward: s[n] = x[n] over n\nforward: u[n] = x[n] over n\n"
                       "forward: v[n] = u[n] over n\nforward: v[n] += 1 over n\nforward: w[n] = x[n] over n\nforward: y[n] = w[n] over n\n";
    Ir *ir = ir_from_text(arena, text), *same = ir_from_text(arena, text);
    stage(ir, target_find("vector"), false);
    stage(same, target_find("plain"), false);
    cr_expect(where(arena, ir, "v[") == GONE && where(arena, ir, "u[") == GONE, "what nobody reads is still there");
    cr_expect(where(arena, ir, "s[") == ALONE && where(arena, ir, "w[") == ALONE && where(arena, ir, "y[") == ALONE, "too much is gone");
    cr_expect(ir->statement_count == 3 && same->statement_count == 6, "%d and %d statements", ir->statement_count, same->statement_count);
    arena_free(arena);
}

static size_t work(size_t (*count)(const Ir *, Section), const char *text, const char *target)
{
    Arena *arena = arena_create();
    Description *description = oracle_read(arena, custom_description(arena, text));
    size_t result = count(staged(arena, description, &(LowerOptions){ .batch = 1 }, target), SECTION_FORWARD);
    description_free(description);
    arena_free(arena);
    return result;
}

/* The work of a sample: without what is done once after the weights changed. */
Test(stage, what_is_prepared_is_no_work_of_a_sample)
{
    const char *table = "Input{5}, Embedding{7, 3}, LSTM{4}, Dense{2}", *squashed = "Input{3, 5}, Squashed{4}";
    size_t recurrent = 5 * 4 * 16 + 4 * 2, kernel = 5 * 3 * 16;
    cr_expect_eq(work(emit_multiply_adds, table, "vector"), recurrent, "%zu multiply-adds", work(emit_multiply_adds, table, "vector"));
    cr_expect_eq(work(emit_multiply_adds, table, "plain"), recurrent + kernel, "%zu multiply-adds", work(emit_multiply_adds, table, "plain"));
    cr_expect_eq(work(emit_activations, table, "vector"), 5 * 5 * 4, "%zu activations", work(emit_activations, table, "vector"));
    cr_expect_eq(work(emit_multiply_adds, squashed, "plain"), 3 * 5 * 4, "%zu multiply-adds", work(emit_multiply_adds, squashed, "plain"));
    cr_expect_eq(work(emit_activations, squashed, "plain"), 0, "%zu activations", work(emit_activations, squashed, "plain"));
}

/* For the plain target nothing moves. */
Test(stage, plain_statements_stay_where_they_are)
{
    expect_on("plain", "Input{5}, Embedding{7, 3}, LSTM{4}, Dense{2}, loss = 'mse'", &training, (const Expected[]){
        { IN_LOOP, "lstm.d_kernel[" }, { IN_LOOP, "embedding.d_y[" }, { 0, NULL } });
    expect_on("plain", "Input{5}, Embedding{7, 3}, LSTM{4}, Dense{2}, loss = 'mse'", &one, (const Expected[]){
        { IN_LOOP, "lstm.z[" }, { ALONE, "embedding.y[" }, { GONE, "lstm.table" }, { 0, NULL } });
}
