/* test_plan.c: where tensors live, how many rows of time they keep, and in which order loops run. */
#include <criterion/criterion.h>

#include "compiler/emit/emit.h"
#include "compiler/passes/passes.h"
#include "ir_text.h"

#include <stdio.h>

static const char axes[] = "time t 6\naxis n 3\naxis k 3\ninput x t n\noutput y n\n";

static Ir *planned(Arena *arena, const char *text, bool training, bool streaming)
{
    Ir *ir = ir_from_text(arena, arena_format(arena, "%s%s", axes, text));
    ir->training = training;
    stage(ir, target_find("plain"), false);
    plan(ir, streaming, PLAN_STEP_BYTES);
    return ir;
}

static void expect_place(const Ir *ir, const char *name, Home home, int window)
{
    const Tensor *tensor = ir_find(ir, name);
    cr_expect(tensor->home == home && tensor->window == window, "%s: home %d window %d, expected home %d window %d", name, (int)tensor->home,
              tensor->window, (int)home, window);
}

#define RECURRENCE                                                                                              \
    "state r.h t+1 n\nvalue r.z t n\nweight r.kernel k n\n"                                                     \
    "reset: r.h[0,n] = 0 over n\n"                                                                              \
    "forward: r.z[t,n] = x[t,n] over n in t\nforward: r.z[t,n] += r.kernel[k,n]*r.h[t,k] over n k in t\n"       \
    "forward: r.h[t+1,n] = tanh(r.z[t,n]) over n in t\n"

Test(plan, a_recurrence_keeps_two_rows_and_its_values_one)
{
    Arena *arena = arena_create();
    Ir *ir = planned(arena, RECURRENCE "forward: y[n] = r.h[6,n] over n\n", false, false);
    expect_place(ir, "r.h", HOME_SCRATCH, 2);
    expect_place(ir, "r.z", HOME_SCRATCH, 1);
    expect_place(ir, "r.kernel", HOME_WEIGHTS, 0);
    expect_place(ir, "x", HOME_ARGUMENT, 0);
    expect_place(ir, "y", HOME_ARGUMENT, 0);
    arena_free(arena);
}

/* Any row but the last one, read after the loop, is gone by then. */
Test(plan, a_recurrence_read_at_other_rows_keeps_all)
{
    static const char *const reads[] = {
        "forward: y[n] = r.h[5,n] over n\n", "forward: y[n] = r.h[0,n] over n\n", "forward: y[n] = 0 over n\nforward: y[n] += r.h[t,n] over n t\n",
        "forward: y[n] = 0 over n\nforward: y[n] += r.h[t+1,n] over n in new t\n",
    };
    for (size_t i = 0; i < sizeof reads / sizeof *reads; i++) {
        Arena *arena = arena_create();
        Ir *ir = planned(arena, arena_format(arena, "%s%s", RECURRENCE, reads[i]), false, false);
        expect_place(ir, "r.h", HOME_SCRATCH, 0);
        expect_place(ir, "r.z", HOME_SCRATCH, 1);
        arena_free(arena);
    }
}

Test(plan, a_value_read_outside_its_loop_or_at_another_row_keeps_all)
{
    static const char *const texts[] = {
        "value r.v t n\nforward: r.v[t,n] = x[t,n] over n in t\nforward: y[n] = 0 over n\nforward: y[n] += r.v[t,n] over n in new t\n",
        "value r.v t n\nforward: r.v[t,n] = x[t,n] over n t\nforward: y[n] = 0 over n\nforward: y[n] += r.v[t,n] over n in t\n",
        "value r.v t n\nforward: y[n] = 0 over n\nforward: r.v[t,n] = x[t,n] over n in t\nforward: y[n] += r.v[5-t,n] over n in t\n",
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        Arena *arena = arena_create();
        Ir *ir = planned(arena, texts[i], false, false);
        expect_place(ir, "r.v", HOME_SCRATCH, 0);
        arena_free(arena);
    }
}

/* Read backwards: turn t touches t and t+1, starts from row 6, ends with row 0. */
Test(plan, reversed_recurrences_start_from_the_last_row)
{
    Arena *arena = arena_create();
    Ir *ir = planned(arena, "state r.h t+1 n\nforward: r.h[6,n] = 0 over n\nforward: r.h[t,n] = tanh(r.h[t+1,n])+x[t,n] over n in t reversed\n"
                            "forward: y[n] = r.h[0,n] over n\n", false, false);
    expect_place(ir, "r.h", HOME_SCRATCH, 2);
    ir = planned(arena, "state r.h t+1 n\nforward: r.h[6,n] = 0 over n\nforward: r.h[t,n] = tanh(r.h[t+1,n])+x[t,n] over n in t reversed\n"
                        "forward: y[n] = r.h[6,n] over n\n", false, false);
    expect_place(ir, "r.h", HOME_SCRATCH, 0);
    arena_free(arena);
}

Test(plan, streams_keep_their_states_and_the_tape_what_backward_reads)
{
    Arena *arena = arena_create();
    Ir *ir = planned(arena, RECURRENCE "forward: y[n] = r.h[6,n] over n\ncarry: r.h[0,n] = r.h[6,n] over n\n", false, true);
    expect_place(ir, "r.h", HOME_STATE, 0);
    expect_place(ir, "r.z", HOME_SCRATCH, 1);
    cr_expect(ir_find(ir, "r.h")->unit < 0, "a state shares its memory");
    cr_expect(ir_find(ir, "r.z")->unit >= 0, "a value of one loop does not share its memory");
    ir = planned(arena, RECURRENCE "value r.w t n\nforward: r.w[t,n] = r.h[t+1,n] over n t\nforward: y[n] = 0 over n\nforward: y[n] += r.w[t,n] over n t\n"
                        "value d_w t n\nbackward: d_w[t,n] = r.w[t,n]*r.h[t,n] over n t\n", true, false);
    expect_place(ir, "r.h", HOME_TAPE, 0);
    expect_place(ir, "r.z", HOME_TAPE, 1);
    expect_place(ir, "r.w", HOME_TAPE, 0);
    cr_expect(ir_find(ir, "r.w")->unit < 0 && ir_find(ir, "r.z")->unit >= 0 && ir_find(ir, "d_w")->unit >= 0);
    arena_free(arena);
}

/* Two tensors share memory only if no unit sees both alive. */
Test(plan, only_disjoint_lifetimes_share_memory)
{
    Arena *arena = arena_create();
    Ir *ir = planned(arena, "value a.v n\nvalue a.w n\nvalue b.v n\nvalue b.w n\nforward: a.v[n] = x[0,n] over n\nforward: a.w[n] = a.v[n]*2 over n\n"
                            "forward: b.v[n] = a.w[n]+1 over n\nforward: b.w[n] = b.v[n]*3 over n\nforward: y[n] = b.w[n]+a.w[n] over n\n", false, false);
    const Tensor *a = ir_find(ir, "a.v"), *shared = ir_find(ir, "a.w"), *b = ir_find(ir, "b.v");
    cr_expect(a->unit >= 0 && b->unit >= 0 && a->unit != b->unit, "a.v in unit %d, b.v in unit %d", a->unit, b->unit);
    cr_expect(shared->unit < 0, "a.w is read by another layer, but shares memory in unit %d", shared->unit);
    cr_expect(!strcmp(ir->units[a->unit].name, "a") && !strcmp(ir->units[b->unit].name, "b"));
    arena_free(arena);
}

Test(plan, what_depends_on_weights_alone_is_prepared)
{
    Arena *arena = arena_create();
    Ir *ir = planned(arena, "weight r.kernel k n\nvalue r.packed n k\nvalue r.twice n k\nvalue r.mixed n k\nforward: r.packed[n,k] = r.kernel[k,n] over n k\n"
                            "forward: r.twice[n,k] = 2*r.packed[n,k] over n k\nforward: r.mixed[n,k] = r.packed[n,k]*x[0,k] over n k\n"
                            "forward: y[n] = 0 over n\nforward: y[n] += r.twice[n,k]*r.mixed[n,k] over n k\n", false, false);
    expect_place(ir, "r.packed", HOME_PREPARED, 0);
    expect_place(ir, "r.twice", HOME_PREPARED, 0);
    expect_place(ir, "r.mixed", HOME_SCRATCH, 0);
    arena_free(arena);
}

/* ---- schedule ---- */

static const char *order_of(Arena *arena, const char *text)
{
    Ir *ir = ir_from_text(arena, text);
    schedule(ir, target_find("plain"), UNROLL_NONE);
    return statement_axes_text(arena, ir->statements[ir->statement_count - 1]);
}

static void expect_order(const char *statement, const char *expected)
{
    static const char declarations[] =
        "batch b 32\naxis j 20\naxis g 4\naxis n 100\naxis k 3\naxis s 2000\ninput x b j\nids i b\noutput y b g n\nweight w.kernel j 400\n"
        "weight w.table 50 n\nvalue w.dx b j\nvalue w.dw j 400\nvalue w.d 50 n\nvalue w.long s\nvalue w.wide 25 n\n";
    Arena *arena = arena_create();
    const char *order = order_of(arena, arena_format(arena, "%sforward: %s\n", declarations, statement));
    cr_expect(!strcmp(order, expected), "%s: %s, expected %s", statement, order, expected);
    arena_free(arena);
}

Test(schedule, the_innermost_loop_walks_memory_one_by_one)
{
    expect_order("y[b,g,n] += w.kernel[j,100*g+n]*x[b,j] over b g n j", "over b j g n");
    expect_order("w.dw[j,100*g+n] += x[b,j]*y[b,g,n] over n g j b", "over j b g n");
    expect_order("w.dx[b,j] += w.kernel[j,100*g+n]*y[b,g,n] over j b g n", "over b j g n");
    expect_order("w.d[i[b],n] += y[b,0,n] over b n", "over b n");
    expect_order("y[b,g,n] = w.kernel[0,100*g+n] over n g b", "over b g n");
}

/* Axes that decide in which order terms are added up stay in their order. */
Test(schedule, sums_keep_their_order)
{
    expect_order("w.dx[b,j] += w.kernel[j,100*g+n]*y[b,g,n] over b j n g", "over b n g j");
    expect_order("w.wide[k+j,n] += w.table[j,n] over j k n", "over j k n");
    expect_order("w.wide[k+j,n] += w.table[j,n] over k j n", "over k j n");
    expect_order("w.long[s] = w.long[1999-s] over s", "over s");
}

Test(schedule, unrolling_follows_the_mode)
{
    static const struct { int mode, small, large; } rows[] = {
        { UNROLL_NONE, 1, 1 }, { UNROLL_AUTO, 3, 1 }, { UNROLL_FULL, 3, 1 }, { 4, 3, 4 },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        Arena *arena = arena_create();
        Ir *ir = ir_from_text(arena, "axis n 3\naxis s 2000\ninput x n\noutput y s\nvalue a.v n\n"
                                     "forward: a.v[n] = 2*x[n] over n\nforward: y[s] = x[0] over s\n");
        schedule(ir, target_find("plain"), rows[i].mode);
        cr_expect(ir->statements[0]->unroll[0] == rows[i].small && ir->statements[1]->unroll[0] == rows[i].large, "mode %d: %d and %d, expected %d and %d",
                  rows[i].mode, ir->statements[0]->unroll[0], ir->statements[1]->unroll[0], rows[i].small, rows[i].large);
        Out out = { 0 };
        schedule_print(&out, ir);
        if (rows[i].mode == UNROLL_AUTO)
            cr_expect(!strcmp(out.text, "a: 1 nest unrolled, 0 loops\nmodel: 0 nests unrolled, 1 loop\n"), "%s", out.text);
        out_free(&out);
        arena_free(arena);
    }
}
