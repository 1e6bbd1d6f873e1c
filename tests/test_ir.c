/* test_ir.c: building blocks, folding, the printed form, the checker's complaints, the evaluator. */
#include <criterion/criterion.h>

#include "compiler/oracle/evaluate.h"
#include "compiler/ir/region.h"
#include "runtime/lstmc_random.h"
#include "ir_text.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* ---- text ---- */

#define AXES "batch b 3\ntime t 4\naxis j 2\naxis g 4\naxis n 3\naxis k 3\n"

static const char *const printed[] = {
    "z[t,b,3*g+n] += w[j,3*g+n] * x[b,t,j]     over b g n j     in loop t",
    "h[t+1,b,n] = tanh(z[t,b,n]) * max(x[b,3-t,0], 0.25)     over b n     in loop t",
    "h[t,b,n] = z[t,b,n+6] - (x[b,t,0] - x[b,t,1])     over b n     in loop t reversed",
    "e[t,b,j] = table[ids[b,t],j]     over t b j",
    "h[2,b,n] = -((z[1,b,n] + 1) / (z[2,b,n] * z[3,b,n]) * 2)     over b n",
    "h[2,b,n] = z[1,b,n] / (z[2,b,n] / 3) - z[0,b,n] / 3 * n     over b n",
    "m[b] max= stop(z[1,b,n])     over b n",
    "m[b] = -inf     over b",
    "loss[] = 0",
    "loss[] += greater(m[b], 0.1) + equal(m[b], 1e-07)     over b",
    "z[1,b,n+2*k] = 1     over b n k",
};

static Ir *text_ir(Arena *arena)
{
    return ir_from_text(arena, AXES "input x b t j\nweight w j 12\nweight table 5 j\nvalue z t b 12\nstate h t+1 b n\nvalue e t b j\nclasses ids b t\n"
                        "value m b\nloss loss\n");
}

/* The printed form is read back and printed again: the same. */
Test(print, statements)
{
    Arena *arena = arena_create();
    for (size_t i = 0; i < sizeof printed / sizeof *printed; i++) {
        char *line = arena_copy_text(arena, printed[i]), *in = strstr(line, "in loop ");
        if (in)
            memmove(in + 3, in + 8, strlen(in + 8) + 1);
        Ir *ir = ir_from_text(arena, arena_format(arena, "%s%s%s\n", AXES "input x b t j\nweight w j 12\nweight table 5 j\nvalue z t b 12\nstate h t+1 b n\n"
                              "value e t b j\nclasses ids b t\nvalue m b\nloss loss\n", "forward: ", line));
        const char *axes = statement_axes_text(arena, ir->statements[0]);
        const char *text = arena_format(arena, "%s%s%s", statement_text(arena, ir->statements[0]), *axes ? "     " : "", axes);
        cr_expect_str_eq(text, printed[i]);
    }
    arena_free(arena);
}

Test(print, same_names)
{
    Arena *arena = arena_create();
    Ir *ir = text_ir(arena);
    Axis *t = ir_axis(ir, "t", 4, AXIS_TIME), *n = ir_axis(ir, "n", 3, AXIS_PLAIN), *again = ir_axis(ir, "n", 3, AXIS_PLAIN);
    Axis *clash = ir_axis(ir, "n_1", 3, AXIS_PLAIN), *loop_axis = ir_axis(ir, "t", 4, AXIS_TIME);
    Loop loop = { .axis = loop_axis };
    Tensor *all = ir_tensor(ir, ROLE_VALUE, "", "all", 5, (int[]){ 4, 4, 3, 3, 3 });
    Access out = { .tensor = all, .index = { index_axis(loop_axis), index_axis(t), index_axis(n), index_axis(clash), index_axis(again) } };
    Statement *statement = ir_statement(ir, SECTION_FORWARD, &loop, ACCUMULATE_SET, out, expr_constant(arena, 0), 4, (Axis *[]){ t, n, clash, again });
    cr_expect_str_eq(statement_text(arena, statement), "all[t,s,n,n_1,m] = 0");
    cr_expect_str_eq(statement_axes_text(arena, statement), "over s n n_1 m     in loop t");
    cr_expect_null(ir_check(ir), "%s", ir_check(ir));
    arena_free(arena);
}

Test(print, dump)
{
    Arena *arena = arena_create();
    Ir *ir = ir_from_text(arena, "batch b 2\naxis n 3\ninput x b n\nfrozen dense.w n\noutput output b\nnoise noise b n\n"
                          "forward: output[b] = 0 over b\nforward: output[b] += x[b,n] * dense.w[n] over b n\n");
    ir_find(ir, "dense.w")->home = HOME_WEIGHTS;
    ir->statements[1]->unroll[1] = 3;
    Out out = { 0 };
    ir_print(&out, ir);
    cr_expect_str_eq(out.text,
        "tensors\n"
        "    input          x[2,3]\n"
        "    weight         dense.w[3] frozen     in weights\n"
        "    output         output[2]\n"
        "    noise          noise[2,3] rate 0.5 place 4\n"
        "forward\n"
        "    output[b] = 0                                                                               over b\n"
        "    output[b] += x[b,n] * dense.w[n]                                                            over b n     unroll n by 3\n");
    out_free(&out);
    arena_free(arena);
}

Test(print, constants)
{
    Arena *arena = arena_create();
    static const struct { double value; const char *text; } rows[] = {
        { 0, "0" }, { 1, "1" }, { -2.5, "-2.5" }, { 0.1, "0.1" }, { 1e-7, "1e-07" }, { 1.0 / 3, "0.3333333333333333" }, { 100, "1e+02" },
        { INFINITY, "inf" }, { -INFINITY, "-inf" }, { 1.1283791670955126, "1.1283791670955126" },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        cr_expect_str_eq(constant_text(arena, rows[i].value), rows[i].text);
    arena_free(arena);
}

/* ---- expressions and indices ---- */

Test(expr, folding)
{
    static const struct { const char *value, *folded; } rows[] = {
        { "m[b] * 1", "m[b]" }, { "1 * m[b]", "m[b]" }, { "m[b] * 0", "0" }, { "0 * m[b]", "0" }, { "m[b] + 0", "m[b]" }, { "0 + m[b]", "m[b]" },
        { "m[b] - 0", "m[b]" }, { "0 - m[b]", "-m[b]" }, { "m[b] / 1", "m[b]" }, { "0 / m[b]", "0" }, { "-(-m[b])", "m[b]" }, { "m[b] * -1", "-m[b]" },
        { "m[b] + -m[b]", "m[b] - m[b]" }, { "m[b] - -m[b]", "m[b] + m[b]" }, { "m[b] + -2", "m[b] - 2" }, { "2 * 3 + 1", "7" }, { "max(2, 3)", "3" },
        { "tanh(0) + exp(0)", "1" }, { "m[b] * (1 / m[b])", "m[b] / m[b]" }, { "-m[b] * m[b]", "-(m[b] * m[b])" }, { "-(m[b] - 2)", "2 - m[b]" },
        { "stop(3)", "3" }, { "keep(0, m[b])", "0" }, { "keep(2, m[b])", "m[b]" }, { "keep(m[b], 0)", "0" }, { "1 - m[b] * m[b]", "1 - m[b] * m[b]" },
    };
    Arena *arena = arena_create();
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        Ir *ir = ir_from_text(arena, arena_format(arena, "batch b 3\nvalue m b\nvalue y b\nforward: y[b] = %s over b\n", rows[i].value));
        cr_expect_str_eq(statement_text(arena, ir->statements[0]), arena_format(arena, "y[b] = %s", rows[i].folded));
    }
    arena_free(arena);
}

static void expect_form(const OpTraits *traits, const char *form, bool is_written)
{
    int arguments = 0;
    for (const char *c = form ? form : ""; *c; c++)
        arguments += *c == '@';
    cr_expect(is_written ? form && arguments == traits->arity : !form, "%s: written as %s", traits->name, form);
}

Test(expr, table_is_complete)
{
    for (int op = 0; op < OP_COUNT; op++) {
        const OpTraits *traits = &op_traits[op];
        cr_assert_not_null(traits->name, "operation %d has no row", op);
        cr_expect_eq(traits->evaluate != NULL, traits->arity > 0, "%s: no way to compute it", traits->name);
        bool flat = op == OP_GREATER || op == OP_EQUAL || op == OP_STOP || traits->arity == 0;
        bool slope = op == OP_TANH_SLOPE || op == OP_SIGMOID_SLOPE;      /* nobody derives twice */
        cr_expect_eq(!traits->derive && !traits->adjoint, flat || slope, "%s: derivative", traits->name);
        cr_expect_eq(traits->lua == NULL, slope || traits->arity == 0, "%s: no layer can say it", traits->name);
        bool is_written = traits->arity > 0 && op != OP_STOP;
        expect_form(traits, traits->scalar, is_written);
        expect_form(traits, traits->vector, is_written);
        expect_form(traits, traits->vector_precise, traits->vector_precise != NULL);
    }
    cr_expect_float_eq(op_traits[OP_SIGMOID].evaluate(-800, 0), 0, 1e-300);
    cr_expect_float_eq(op_traits[OP_SOFTPLUS].evaluate(800, 0), 800, 1e-12);
    cr_expect_float_eq(op_traits[OP_TANH_SLOPE].evaluate(-20, 0), 4 * exp(-40.0), 1e-30);
    cr_expect_float_eq(op_traits[OP_SIGMOID_SLOPE].evaluate(40, 0), exp(-40.0), 1e-30);
    cr_expect(isnan(op_traits[OP_MAXIMUM].evaluate(NAN, 0)));
}

Test(index, equality_and_ends)
{
    Arena *arena = arena_create();
    Ir *ir = text_ir(arena);
    Axis *a = ir_axis(ir, "a", 5, AXIS_PLAIN), *c = ir_axis(ir, "c", 3, AXIS_PLAIN);
    Index one = { .constant = 2, .terms = 2, .axis = { a, c }, .coefficient = { 3, -1 } };
    Index other = { .constant = 2, .terms = 3, .axis = { c, a, a }, .coefficient = { -1, 1, 2 } };
    cr_expect(index_equal(&one, &other));
    cr_expect_eq(index_smallest(&one), 0);
    cr_expect_eq(index_largest(&one), 14);
    other.constant = 1;
    cr_expect_not(index_equal(&one, &other));
    other.constant = 2;
    other.coefficient[2] = 1;
    cr_expect_not(index_equal(&one, &other));
    Access ids = { .tensor = ir_find(ir, "ids"), .index = { index_axis(a), index_constant(0) } };
    Index gather = { .gather = &ids };
    cr_expect(index_uses(&gather, a));
    cr_expect_not(index_uses(&gather, c));
    cr_expect_not(index_equal(&gather, &one));
    arena_free(arena);
}

Test(region, boxes)
{
    Arena *arena = arena_create();
    Ir *ir = text_ir(arena);
    Axis *t = ir_axis(ir, "t", 3, AXIS_PLAIN), *f = ir_axis(ir, "f", 5, AXIS_PLAIN), *k = ir_axis(ir, "k", 2, AXIS_PLAIN);
    Tensor *y = ir_tensor(ir, ROLE_VALUE, "", "y", 1, (int[]){ 20 });
    static const struct { int ct, cf, constant, low, high; Touch touch; } rows[] = {
        { 5, 1, 0, 0, 14, TOUCH_ONCE }, { 1, 3, 1, 1, 15, TOUCH_ONCE }, { 4, 1, 0, 0, 12, TOUCH_ALL }, { 6, 1, 0, 0, 16, TOUCH_SOME },
        { -5, 1, 10, 0, 14, TOUCH_ONCE }, { 2, 0, 0, 0, 4, TOUCH_SOME }, { 1, 1, 0, 0, 6, TOUCH_ALL },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        Access access = { .tensor = y, .index = { { .constant = rows[i].constant, .terms = 2, .axis = { t, f }, .coefficient = { rows[i].ct, rows[i].cf } } } };
        Touch touch;
        Box box = box_of_access(&access, (Turns){ 0 }, &touch);
        cr_expect(box.low[0] == rows[i].low && box.high[0] == rows[i].high && touch == rows[i].touch, "row %zu: %d..%d touch %d", i, box.low[0], box.high[0], touch);
    }
    Tensor *square = ir_tensor(ir, ROLE_VALUE, "", "square", 2, (int[]){ 3, 3 });
    Access diagonal = { .tensor = square, .index = { index_axis(t), index_axis(t) } };
    Touch touch;
    box_of_access(&diagonal, (Turns){ 0 }, &touch);
    cr_expect_eq(touch, TOUCH_SOME);
    Box whole = box_whole(square), middle = { .rank = 2, .low = { 1, 1 }, .high = { 1, 1 } };
    Boxes taken = { 0 };
    boxes_add(arena, &taken, middle);
    Boxes rest = boxes_rest(arena, &whole, &taken);
    int elements = 0;
    for (int i = 0; i < rest.count; i++)
        elements += (rest.box[i].high[0] - rest.box[i].low[0] + 1) * (rest.box[i].high[1] - rest.box[i].low[1] + 1);
    cr_expect_eq(elements, 8);
    cr_expect_not(boxes_overlap(&rest, &middle));
    (void)k;
    arena_free(arena);
}

/* ---- the checker ---- */

#define CHECK AXES "input x b t j\nids ids b t\nweight w j n\nvalue y t b n\nvalue z b n\nstate h t+1 b n\nvalue flat 15\naxis f 5\nvalue small b 2\n"

static const struct { const char *statements, *expected; } checks[] = {
    /* right ones */
    { "forward: y[t,b,n] = 0 over t b n\nforward: y[t,b,n] += x[b,t,j] * w[j,n] over t b n j\nforward: z[b,n] = y[3,b,n] over b n\n", NULL },
    { "reset: h[0,b,n] = 0 over b n\nforward: h[t+1,b,n] = h[t,b,n] * 2 over b n in t\ncarry: h[0,b,n] = h[4,b,n] over b n\n", NULL },
    { "reset: h[4,b,n] = 0 over b n\nforward: h[t,b,n] = h[t+1,b,n] * 2 over b n in t reversed\n", NULL },
    { "forward: flat[5*n+f] = 0 over n f\nforward: flat[5*n+f] += 1 over n f b\n", NULL },
    { "forward: y[0,b,n] = 0 over b n\nforward: y[n+1,b,k] = 1 over b n k\nforward: z[b,n] = y[3,b,n] over b n\n", NULL },
    { "forward: z[b,n] = w[ids[b,0],n] over b n\n", NULL },
    /* wrong ones */
    { "forward: y[t,b,n] = 0 over t b\n", "y[t,b,n] = 0     over t b: axis n is not bound" },
    { "forward: z[b,n] = n + k over b n\n", "axis k is not bound" },
    { "forward: y[t+1,b,n] = 0 over t b n\n", "index 0 of y runs from 1 to 4, but the extent is 4" },
    { "forward: y[2-t,b,n] = 0 over t b n\n", "index 0 of y runs from -1 to 2, but the extent is 4" },
    { "forward: z[b,n] = w[0,n+b] over b n\n", "index 1 of w runs from 0 to 4, but the extent is 3" },
    { "forward: z[b,n] = w[ids[b,t+1],n] over b n in t\n", "index 1 of ids runs from 1 to 4, but the extent is 4" },
    { "forward: z[b,n] = w[x[b,0,0],n] over b n\n", "gather from x, which does not hold integers" },
    { "forward: z[b,n] = w[ids[b,ids[b,0]],n] over b n\n", "a gather inside a gather" },
    { "forward: z[n,n] = 0 over n\n", "index 0 of z must be the batch axis" },
    { "forward: z[b,n] = 0 over b n k\n", "sets the same element for each k" },
    { "forward: z[b,n] = x[b,t,0] over b n in t\n", "sets the same element for each t" },
    { "forward: z[b,n] = 0 over b n n\n", "axis n stands twice" },
    { "forward: y[t,b,n] = 0 over t b n in t\n", "axis t belongs to the loop" },
    { "forward: w[j,n] = 0 over j n\n", "writes w, which belongs to the caller" },
    { "forward: z[b,n] += x[b,0,0] over b n\n", "adds to z before it is set" },
    { "forward: z[b,n] max= x[b,0,0] over b n\n", "adds to z before it is set" },
    { "forward: z[b,n] = y[0,b,n] over b n\n", "reads y before it is set" },
    { "forward: y[0,b,n] = 0 over b n\nforward: z[b,n] = y[0,b,n] * y[1,b,n] over b n\n", "reads y before it is set" },
    { "forward: y[2*k,b,n] = 0 over b n k\n", "index 0 of y runs from 0 to 4" },
    { "forward: small[b,0] = 0 over b\nforward: small[b,j] += 1 over b j\n", "adds to small before it is set" },
    { "forward: flat[7*j+f] = 0 over j f\nforward: flat[7*j+f] += 1 over j f\n", "adds to flat before it is set" },
    { "forward: h[t+1,b,n] = h[t,b,n] * 2 over b n in t\n", "reads h before it is set, at t = 0" },
    { "reset: h[0,b,n] = 0 over b n\nforward: h[t+1,b,n] = h[t,b,n] * 2 over b n in t reversed\n", "reads h before it is set, at t = 1" },
    { "value q t 2 b\nforward: q[k,0,b] = 0 over k b\nforward: q[t,1,b] = q[t,0,b] over b in t\n", "reads q before it is set, at t = 3" },
    { "reset: h[4,b,n] = 0 over b n\nforward: y[t,b,n] = h[t,b,n] over b n in t reversed\nforward: h[t,b,n] = h[t+1,b,n] over b n in t reversed\n", "reads h before it is set, at t = 0" },
    { "reset: h[0,b,n] = 0 over b n\nforward: y[t,b,n] = h[t+1,b,n] over b n in t\nforward: h[t+1,b,n] = h[t,b,n] over b n in t\n", "reads h before it is set, at t = 0" },
    { "forward: y[t,b,n] = 1 over b n in t\nforward: z[b,n] = 0 over b n\nforward: y[t,b,n] += 1 over b n in new t\nforward: z[b,n] += y[0,b,n] over b n\nforward: y[1,b,n] += 1 over b n\n", NULL },
    { "forward: y[t,b,n] = 1 over t b n\nforward: z[b,n] = y[0,b,n] over b n\nforward: y[t,b,n] += 1 over t b n\n", "writes what was read before: z[b,n] = y[0,b,n]" },
    { "forward: y[t,b,n] = 1 over b n in t\nforward: h[t,b,n] = y[t,b,n] over b n in t\nforward: y[t,b,n] += 1 over b n in t\n", "writes what was read before: h[t,b,n] = y[t,b,n]" },
    { "forward: z[b,n] = 0 over b n\nforward: z[b,n] += z[b,k] over b n k\n", "writes what was read before" },
    { "forward: z[b,n] = 0 over b n\nforward: z[b,n] = 1 over b n\n", "sets again what was set before: z[b,n] = 0" },
    { "forward: y[t,b,n] = 0 over b n in t\nforward: y[2,b,n] = 1 over b n\n", "sets again what was set before" },
    { "loss: z[b,n] += 1 over b n\nforward: z[b,n] = 0 over b n\n", "adds to z before it is set" },
    { "backward: z[b,n] = y[0,b,n] over b n\nloss: y[t,b,n] = 0 over t b n\n", "reads y before it is set" },
};

Test(check, statements)
{
    for (size_t i = 0; i < sizeof checks / sizeof *checks; i++) {
        Arena *arena = arena_create();
        Ir *ir = ir_from_text(arena, arena_format(arena, "%s%s", CHECK, checks[i].statements));
        const char *wrong = ir_check(ir);
        if (checks[i].expected)
            cr_expect(wrong && strstr(wrong, checks[i].expected), "\n%sexpected \"%s\", got \"%s\"", checks[i].statements, checks[i].expected, wrong ? wrong : "nothing");
        else
            cr_expect_null(wrong, "\n%sgot \"%s\"", checks[i].statements, wrong);
        arena_free(arena);
    }
}

/* A loop of a million turns is proven without walking it, and what goes wrong in the middle of it is found. */
Test(check, long_loops)
{
    static const struct { const char *statements, *expected; } rows[] = {
        { "reset: h[0,b] = 0 over b\nforward: h[t+1,b] = h[t,b] * 2 over b in t\nforward: y[t,b] = h[t+1,b] over b in t\n", NULL },
        { "reset: h[1000000,b] = 0 over b\nforward: h[t,b] = h[t+1,b] * 2 over b in t reversed\n", NULL },
        { "reset: h[0,b] = 0 over b\nforward: h[t+1,b] = h[999999-t,b] * 2 over b in t\n", "reads h before it is set, at t = " },
        { "reset: h[0,b] = 0 over b\nforward: h[t+1,b] = h[t,b] * h[700000,b] over b in t\n", "reads h before it is set, at t = " },
        { "forward: y[a,b] = 0 over a b\nforward: y[c+600000,b] = 0 over c b\nforward: h[t,b] = y[t,b] over b in t\n", "reads y before it is set" },
        { "forward: h[a,b] = 0 over a b\nforward: h[c+600000,b] = 0 over c b\nforward: h[1000000,b] = 0 over b\n"
          "forward: m[b] = 0 over b\nforward: m[b] += h[t,b] over b in t\n", "reads h before it is set" },
        { "forward: pair[a,0,b] = 0 over a b\nforward: pair[c+600000,0,b] = 0 over c b\nforward: pair[t,1,b] = pair[t,0,b] over b in t\n",
          "reads pair before it is set, at t = " },
        { "forward: pair[a,0,b] = 0 over a b\nforward: pair[c+400000,0,b] = 0 over c b\nforward: pair[k+800000,0,b] = 0 over k b\n"
          "forward: pair[t,1,b] = pair[t,0,b] over b in t\n", NULL },
        { "forward: y[t,b] = 0 over t b\nforward: m[b] = 0 over b\nforward: m[b] += y[500000,b] over b in t\nforward: y[t,b] += 1 over b in t\n",
          "writes what was read before" },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        Arena *arena = arena_create();
        Ir *ir = ir_from_text(arena, arena_format(arena, "batch b 2\ntime t 1000000\naxis a 400000\naxis c 400000\naxis k 200000\nvalue pair t 2 b\nvalue y t b\nstate h t+1 b\nvalue m b\n%s",
                                                  rows[i].statements));
        const char *wrong = ir_check(ir);
        if (rows[i].expected)
            cr_expect(wrong && strstr(wrong, rows[i].expected), "\n%sexpected \"%s\", got \"%s\"", rows[i].statements, rows[i].expected, wrong ? wrong : "nothing");
        else
            cr_expect_null(wrong, "\n%sgot \"%s\"", rows[i].statements, wrong);
        arena_free(arena);
    }
}

/* What text cannot say: a loop that is interrupted, gradients that are set, empty tensors. */
Test(check, structures)
{
    Arena *arena = arena_create();
    Ir *ir = ir_from_text(arena, CHECK "forward: y[t,b,n] = 0 over b n in t\nforward: z[b,n] = 0 over b n\nforward: h[t,b,n] = 0 over b n in t\n");
    ir->statements[2]->loop = ir->statements[0]->loop;
    cr_expect(strstr(ir_check(ir), "the loop over t is interrupted by: z[b,n] = 0"), "%s", ir_check(ir));
    ir->statements[1]->section = SECTION_LOSS;
    cr_expect_null(ir_check(ir), "%s", ir_check(ir));
    ir->statements[2]->section = SECTION_BACKWARD;
    cr_expect(strstr(ir_check(ir), "the loop runs in two sections"), "%s", ir_check(ir));

    ir = ir_from_text(arena, CHECK "backward: z[b,n] = 0 over b n\n");
    ir_find(ir, "z")->role = ROLE_GRADIENT;
    cr_expect(strstr(ir_check(ir), "gradients are only added to"), "%s", ir_check(ir));
    ir->statements[0]->accumulate = ACCUMULATE_ADD;
    cr_expect_null(ir_check(ir), "%s", ir_check(ir));
    ir_find(ir, "z")->extent[1] = 0;
    cr_expect(strstr(ir_check(ir), "z: extent 1 is 0"), "%s", ir_check(ir));
    arena_free(arena);
}

/* ---- the evaluator ---- */

Test(evaluate, loops_rows_and_gather)
{
    Arena *arena = arena_create();
    Ir *ir = ir_from_text(arena, AXES "ids x b t\nweight w 3 j\nvalue e t b j\nstate h t+1 b j\noutput output b j\n"
        "reset: h[0,b,j] = 100 over b j\n"
        "forward: e[t,b,j] = w[x[b,t],j] over t b j\n"
        "forward: h[t+1,b,j] = h[t,b,j] / 2 + e[t,b,j] over b j in t\n"
        "forward: output[b,j] = h[4,b,j] over b j\n"
        "carry: h[0,b,j] = h[4,b,j] over b j\n");
    cr_assert_null(ir_check(ir), "%s", ir_check(ir));
    Memory *memory = memory_create(ir, false);
    const double ids[] = { 0, 1, 2, 1,   2, 7, -1, 0,   1, 1, 1, 1 }, weights[] = { 1, 10, 2, 20, 3, 30 };
    memcpy(memory_of(memory, ir->inputs[0]), ids, sizeof ids);
    memcpy(memory_of(memory, ir_find(ir, "w")), weights, sizeof weights);
    double *output = memory_of(memory, ir->output);
    output[4] = output[5] = -7;
    evaluate_section(memory, SECTION_RESET, 3);
    evaluate_section(memory, SECTION_FORWARD, 2);
    for (int b = 0; b < 2; b++)
        for (int j = 0; j < 2; j++) {
            double h = 100;
            for (int t = 0; t < 4; t++) {
                int id = (int)ids[4 * b + t];
                h = h / 2 + weights[2 * (id < 0 || id > 2 ? 0 : id) + j];
            }
            cr_expect_eq(output[2 * b + j], h, "output[%d,%d] = %g, not %g", b, j, output[2 * b + j], h);
        }
    cr_expect_eq(output[4], -7, "a row beyond `rows` was written");
    evaluate_section(memory, SECTION_CARRY, 3);
    cr_expect_eq(memory_of(memory, ir_find(ir, "h"))[0], output[0]);
    memory_free(memory);
    arena_free(arena);
}

/* x[b,0] = 1, and each step halves what it adds: in float the sum stops growing. */
Test(evaluate, single_rounding)
{
    Arena *arena = arena_create();
    Ir *ir = ir_from_text(arena, "batch b 1\naxis n 3\nweight w n\nvalue s b\noutput output b\nforward: s[b] = 0 over b\nforward: s[b] += w[n] over b n\n"
                          "forward: output[b] = s[b] * (1 / 3) over b\n");
    double results[2];
    for (int single = 0; single < 2; single++) {
        Memory *memory = memory_create(ir, single);
        const double weights[] = { 1, 1e-9, 1e-9 };
        memcpy(memory_of(memory, ir_find(ir, "w")), weights, sizeof weights);
        evaluate_section(memory, SECTION_FORWARD, 1);
        results[single] = memory_of(memory, ir->output)[0];
        memory_free(memory);
    }
    cr_expect_eq(results[0], (1 + 1e-9 + 1e-9) * (1.0 / 3));
    cr_expect_eq(results[1], (double)(float)(1.0 / 3), "%.17g", results[1]);
    arena_free(arena);
}

/* Numbered batch first, whatever the order of the dimensions; seed 0 turns dropout off. */
Test(evaluate, noise)
{
    Arena *arena = arena_create();
    Ir *ir = ir_from_text(arena, AXES "noise noise t b n\nnoise flat b n\n");
    Tensor *noise = ir_find(ir, "noise"), *flat = ir_find(ir, "flat");
    Memory *memory = memory_create(ir, false);
    evaluate_noise(memory, 11, 64);
    for (int t = 0; t < 4; t++)
        for (int b = 0; b < 3; b++)
            for (int n = 0; n < 3; n++) {
                double got = memory_of(memory, noise)[(t * 3 + b) * 3 + n];
                double expected = (double)lstmc_dropout_noise(0.5f, 11, (uint64_t)noise->place, (uint64_t)(64 + b), (uint64_t)(t * 3 + n));
                cr_expect_eq(got, expected, "noise[%d,%d,%d] = %g, not %g", t, b, n, got, expected);
                got = memory_of(memory, flat)[b * 3 + n];
                expected = (double)lstmc_dropout_noise(0.5f, 11, (uint64_t)flat->place, (uint64_t)(64 + b), (uint64_t)n);
                cr_expect_eq(got, expected, "flat[%d,%d] = %g, not %g", b, n, got, expected);
            }
    evaluate_noise(memory, 0, 64);
    cr_expect_eq(memory_of(memory, noise)[5], 1);
    memory_free(memory);
    arena_free(arena);
}

/* Affine positions, a reversed loop, max=, and a matrix product large enough that slowness would be felt. */
Test(evaluate, statements)
{
    Arena *arena = arena_create();
    Ir *ir = ir_from_text(arena, "batch b 10\naxis i 300\naxis j 300\ntime t 5\ninput x b i\nweight w i j\nvalue z b j\nvalue m b\nstate h t+1 b\noutput output b\n"
        "reset: h[5,b] = 1 over b\n"
        "forward: z[b,j] = 0 over b j\nforward: z[b,j] += x[b,i] * w[i,j] over b j i\n"
        "forward: m[b] = -inf over b\nforward: m[b] max= z[b,299-j] * greater(j, 10) over b j\n"
        "forward: h[t,b] = h[t+1,b] * 2 + t over b in t reversed\n"
        "forward: output[b] = m[b] + h[0,b] over b\n");
    cr_assert_null(ir_check(ir), "%s", ir_check(ir));
    Memory *memory = memory_create(ir, false);
    double *x = memory_of(memory, ir->inputs[0]), *w = memory_of(memory, ir_find(ir, "w"));
    for (int i = 0; i < 3000; i++)
        x[i] = (i * 7) % 11 - 5;
    for (int i = 0; i < 90000; i++)
        w[i] = (i * 5) % 13 - 6;
    evaluate_section(memory, SECTION_RESET, 10);
    evaluate_section(memory, SECTION_FORWARD, 10);
    for (int b = 0; b < 10; b++) {
        double largest = 0, h = 1;      /* positions up to 10 count as 0 */
        for (int j = 0; j < 289; j++) {
            double sum = 0;
            for (int i = 0; i < 300; i++)
                sum += x[300 * b + i] * w[300 * i + j];
            largest = fmax(largest, sum);
        }
        for (int t = 4; t >= 0; t--)
            h = h * 2 + t;
        cr_expect_eq(memory_of(memory, ir->output)[b], largest + h, "output[%d] = %g, not %g", b, memory_of(memory, ir->output)[b], largest + h);
    }
    memory_free(memory);
    arena_free(arena);
}
