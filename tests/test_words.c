/* test_words.c: every word of the interpreter's vocabulary alone, in double: its backward against finite differences, on random
 * numbers, odd sizes, two rows; and its values where they can be said in a line. */
#define REAL double
#define REAL_IS_FLOAT 0
#include "runtime/interpreter/words.h"
#include "runtime/lstmc_random.h"

#include <criterion/criterion.h>
#include <stdio.h>

enum { ROWS = 2, INPUTS = 4, WEIGHTS = 6, MOST = 600 };

/* ---- a layer of one word ---- */

typedef struct Bench {
    const char *what;
    Model model;
    Layer layers[2], layer;
    int from[1], outputs[1];
    struct lstmc_tensor tensors[WEIGHTS];
    const struct lstmc_tensor *pointers[WEIGHTS];
    char names[WEIGHTS][16];
    Interpreter *it;
    Run run;
    Value in[INPUTS], *reads[INPUTS];
    Composition c;
    double weights[MOST], gradients[MOST], coefficients[MOST];
    int32_t ids[MOST];
    size_t weight_count;
    uint64_t drawn;
} Bench;

static double draw(Bench *b)
{
    return 2 * (double)lstmc_random_uniform(11, 3, 0, b->drawn++) - 1;
}

/* An interpreter whose memory and matrix products the word uses. */
static Bench *begin(const char *what)
{
    Bench *b = calloc(1, sizeof *b);
    struct lstmc_message message = { "" };
    b->what = what;
    b->layers[0] = (Layer){ .kind = "Input", .name = "input", .input = { 1, { 1 } }, .output = { 1, { 1 } } };
    b->layers[1] = (Layer){ .kind = "Flatten", .name = "flatten", .from = b->from, .from_count = 1, .input = { 1, { 1 } },
                            .output = { 1, { 1 } } };
    b->outputs[0] = 1;
    b->model = (Model){ .layers = b->layers, .layer_count = 2, .inputs = b->from, .input_count = 1, .outputs = b->outputs,
                        .output_count = 1 };
    b->it = interpreter_create(&b->model, ROWS, NULL, &message);
    cr_assert_not_null(b->it, "%s", message.text);
    b->layer = (Layer){ .kind = what, .name = "word", .trainable = true, .weights = b->pointers };
    b->run = (Run){ .layer = &b->layer, .in = b->reads };
    b->c = composition_begin(b->it, &b->run);
    b->it->weights = b->weights;
    b->it->gradients = b->gradients;
    b->it->rows = ROWS;
    b->it->first_row = 5;
    b->it->seed = 9;
    return b;
}

#define SHAPE(...) shape_of((int[]){ __VA_ARGS__, 0 })
static Shape shape_of(const int *extents)
{
    Shape shape = { 0 };
    while (extents[shape.rank])
        shape.extent[shape.rank] = extents[shape.rank], shape.rank++;
    return shape;
}

static Value *input(Bench *b, Shape shape)
{
    Value *value = &b->in[b->run.in_count];
    size_t count = shape_count(&shape);
    *value = (Value){ .shape = shape, .count = count, .wanted = true,
                      .y = interpreter_room(b->it, ROWS * count, sizeof(REAL)),
                      .d_y = interpreter_room(b->it, ROWS * count, sizeof(REAL)) };
    for (size_t i = 0; i < ROWS * count; i++)
        value->y[i] = 1.5 * draw(b);
    b->reads[b->run.in_count++] = value;
    return value;
}

static Weight weight(Bench *b, Shape shape)
{
    int n = b->layer.weight_count++;
    snprintf(b->names[n], sizeof b->names[n], "word/w%d", n);
    b->tensors[n] = (struct lstmc_tensor){ .name = b->names[n], .rank = shape.rank, .offset = b->weight_count,
                                           .count = shape_count(&shape), .trainable = 1 };
    memcpy(b->tensors[n].shape, shape.extent, sizeof shape.extent);
    b->pointers[n] = &b->tensors[n];
    for (size_t i = 0; i < b->tensors[n].count; i++)
        b->weights[b->weight_count++] = draw(b);
    return weight_all(&b->c, strchr(b->names[n], '/') + 1);
}

/* ---- finite differences ---- */

static double forward(Bench *b)
{
    double sum = 0;
    b->it->kink_distance = INFINITY;
    composed_forward(b->it, &b->run);
    for (size_t i = 0; i < ROWS * b->run.result->count; i++)
        sum += b->coefficients[i] * b->run.out.y[i];
    return sum;
}

static double difference(Bench *b, double *x)
{
    const double step = 1e-3, before = *x;
    double f[4];
    for (int i = 0; i < 4; i++) {
        *x = before + step * (int[]){ -2, -1, 1, 2 }[i];
        f[i] = forward(b);
    }
    *x = before;
    return (8 * (f[2] - f[1]) - (f[3] - f[0])) / (12 * step);
}

static void expect_gradient(Bench *b, const char *of, double *x, const double *gradient, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        double expected = difference(b, &x[i]);
        cr_expect(fabs(gradient[i] - expected) <= 2e-8 * fmax(1, fabs(expected)), "%s: %s[%zu]: %.12g, differences say %.12g",
                  b->what, of, i, gradient[i], expected);
    }
}

/* Ends the layer with that value. */
static void finish(Bench *b, Value *result)
{
    if (result)
        b->layer.output = result->shape;
    const char *wrong = composition_end(&b->c, result);
    cr_assert_null(wrong, "%s: %s", b->what, wrong);
    cr_assert_lt(ROWS * result->count, MOST);
    for (size_t i = 0; i < ROWS * result->count; i++)
        b->coefficients[i] = draw(b);
}

static void end(Bench *b)
{
    interpreter_free(b->it);
    free(b);
}

static void run_backward(Bench *b)
{
    forward(b);
    memset(b->gradients, 0, sizeof b->gradients);
    for (int n = 0; n < b->run.in_count; n++)
        memset(b->in[n].d_y, 0, ROWS * b->in[n].count * sizeof(REAL));
    memcpy(b->run.out.d_y, b->coefficients, ROWS * b->run.result->count * sizeof(REAL));
    b->run.out.wanted = true;
    composed_backward(b->it, &b->run);
}

/* All inputs, all weights. */
static void expect_gradients(Bench *b, Value *result)
{
    char name[16];
    finish(b, result);
    for (int draws = 0; forward(b), b->it->kink_distance < 5e-3; draws++) {     /* a corner is too near */
        cr_assert_lt(draws, 200, "%s: a corner is %g away", b->what, b->it->kink_distance);
        for (int n = 0; n < b->run.in_count; n++)
            for (size_t i = 0; b->in[n].wanted && i < ROWS * b->in[n].count; i++)
                b->in[n].y[i] = 1.5 * draw(b);
    }
    run_backward(b);
    for (int n = 0; n < b->run.in_count; n++) {
        snprintf(name, sizeof name, "input %d", n);
        if (b->in[n].y && b->in[n].wanted)
            expect_gradient(b, name, b->in[n].y, b->in[n].d_y, ROWS * b->in[n].count);
    }
    for (int n = 0; n < b->layer.weight_count; n++)
        expect_gradient(b, b->names[n], b->weights + b->tensors[n].offset, b->gradients + b->tensors[n].offset,
                        b->tensors[n].trainable ? b->tensors[n].count : 0);
    end(b);
}

static void expect_values(Bench *b, const double *expected, size_t count)
{
    for (size_t i = 0; i < count; i++)
        cr_expect(fabs(b->run.out.y[i] - expected[i]) <= 1e-12, "%s[%zu]: %.12g, expected %.12g", b->what, i, b->run.out.y[i],
                  expected[i]);
}

static void set_values(Value *value, const double *values)
{
    memcpy(value->y, values, ROWS * value->count * sizeof(REAL));
}

/* ---- affine, product ---- */

Test(words, affine_and_product)
{
    Bench *b = begin("affine");
    Value *x = input(b, SHAPE(3, 5));
    expect_gradients(b, affine(&b->c, x, weight(b, SHAPE(5, 4)), weight(b, SHAPE(4))));

    b = begin("affine of columns, without a bias");
    x = input(b, SHAPE(5));
    expect_gradients(b, affine(&b->c, x, weight_columns(weight(b, SHAPE(5, 7)), 2, 3), (Weight){ 0 }));

    b = begin("product");
    x = input(b, SHAPE(3, 5));
    expect_gradients(b, product(&b->c, x, input(b, SHAPE(5, 2)), false));

    b = begin("product, transposed, of one value twice");
    x = input(b, SHAPE(3, 5));
    expect_gradients(b, product(&b->c, product(&b->c, x, x, true), x, false));
}

/* ---- activate, softmax, scale, keep, drop ---- */

Test(words, elementwise)
{
    static const char *const names[] = { "tanh", "sigmoid", "softmax", "log_softmax", "gelu", "mish" };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        Bench *b = begin(names[i]);
        Value *x = input(b, SHAPE(3, 5));
        expect_gradients(b, activate(&b->c, x, names[i]));
    }
    for (int axis = 0; axis < 3; axis++) {
        Bench *b = begin("softmax along an axis");
        Value *x = input(b, SHAPE(3, 5, 2));
        expect_gradients(b, softmax_along(&b->c, x, axis));
    }
    Bench *b = begin("scale");
    Value *x = input(b, SHAPE(7));
    expect_gradients(b, scale(&b->c, x, -2.5, 1));

    b = begin("drop");
    x = input(b, SHAPE(3, 5));
    expect_gradients(b, drop(&b->c, x, 0.4, 3));
}

Test(words, softmax_along_the_last_axis_is_the_activation)
{
    Bench *b = begin("softmax");
    Value *x = input(b, SHAPE(3, 5));
    Value *both = subtract(&b->c, softmax_along(&b->c, x, 1), activate(&b->c, x, "softmax"));
    finish(b, both);
    forward(b);
    for (int i = 0; i < ROWS * 15; i++)
        cr_expect_lt(fabs(b->run.out.y[i]), 1e-15);
    end(b);
}

Test(words, keeps)
{
    static const double mask[ROWS * 3] = { 1, 0, 0.5, 0, 0, -3 };
    for (int otherwise = 0; otherwise < 2; otherwise++) {
        Bench *b = begin("keep");
        Value *m = input(b, SHAPE(3)), *v = input(b, SHAPE(3, 5)), *w = otherwise ? input(b, SHAPE(3, 5)) : NULL;
        set_values(m, mask);
        m->wanted = false;
        expect_gradients(b, keep(&b->c, m, v, w));
    }
}

/* NaN and infinity where nothing is kept leave no trace, forward or back: nothing is multiplied. */
Test(words, keep_knows_no_nan)
{
    static const double mask[ROWS * 3] = { 1, 0, 1, 0, 1, 0 };
    Bench *b = begin("keep");
    Value *m = input(b, SHAPE(3)), *v = input(b, SHAPE(3, 2));
    set_values(m, mask);
    m->wanted = false;
    v->y[2] = NAN;
    v->y[3] = INFINITY;
    v->y[6] = -INFINITY;
    finish(b, keep(&b->c, m, v, NULL));
    b->coefficients[2] = NAN;
    b->coefficients[7] = INFINITY;
    run_backward(b);
    for (int i = 0; i < ROWS * 6; i++) {
        cr_expect_eq(b->run.out.y[i], mask[i / 2] != 0 ? v->y[i] : 0, "y[%d]: %g", i, b->run.out.y[i]);
        cr_expect_eq(v->d_y[i], mask[i / 2] != 0 ? b->coefficients[i] : 0, "d_v[%d]: %g", i, v->d_y[i]);
    }
    end(b);
}

/* ---- merge, concatenate ---- */

Test(words, merges)
{
    for (int how = MERGE_ADD; how <= MERGE_MINIMUM; how++) {
        Bench *b = begin("merge");
        Value *values[] = { input(b, SHAPE(3, 5)), input(b, SHAPE(3, 1)), input(b, SHAPE(1, 5)) };
        expect_gradients(b, merge(&b->c, (enum Merge)how, values, how == MERGE_SUBTRACT ? 2 : 3));
    }
    for (int axis = 1; axis <= 2; axis++) {
        Bench *b = begin("concatenate");
        Value *values[] = { input(b, SHAPE(3, 5)), input(b, axis == 1 ? SHAPE(2, 5) : SHAPE(3, 1)), input(b, SHAPE(3, 5)) };
        expect_gradients(b, concatenate(&b->c, values, 3, axis));
    }
}

/* ---- move, part, reshape, repeat, gather, spread ---- */

Test(words, moves)
{
    static const long index[] = { 14, -1, 3, 3, 0, 7 };
    Bench *b = begin("move");
    Value *x = input(b, SHAPE(3, 5));
    expect_gradients(b, move(&b->c, x, SHAPE(2, 3), index));

    b = begin("part, turned round");
    x = input(b, SHAPE(3, 5, 2));
    expect_gradients(b, part(&b->c, x, 1, 4, 3, -1));

    b = begin("reshape");
    x = input(b, SHAPE(3, 5));
    expect_gradients(b, reshape(&b->c, x, SHAPE(5, 3)));

    b = begin("repeat");
    x = input(b, SHAPE(5));
    expect_gradients(b, repeat(&b->c, x, 3));

    b = begin("spread");
    expect_gradients(b, spread(&b->c, weight(b, SHAPE(3, 5)), SHAPE(3, 5)));

    b = begin("gather");
    Value *ids = input(b, SHAPE(5));
    for (int i = 0; i < ROWS * 5; i++)
        b->ids[i] = (i * 3) % 7;
    *ids = (Value){ .shape = SHAPE(5), .count = 5, .ids = b->ids, .vocabulary = 7, .d_y = ids->d_y };
    expect_gradients(b, gather(&b->c, ids, weight(b, SHAPE(7, 3))));
}

Test(words, parts_by_hand)
{
    Bench *b = begin("part");
    Value *x = input(b, SHAPE(2, 3));
    set_values(x, (double[]){ 1, 2, 3, 4, 5, 6, 10, 20, 30, 40, 50, 60 });
    finish(b, part(&b->c, x, 1, 2, 2, -2));
    forward(b);
    expect_values(b, (double[]){ 3, 1, 6, 4, 30, 10, 60, 40 }, 8);
    end(b);
}

/* ---- convolve, pool ---- */

Test(words, convolutions)
{
    static const struct { int size, strides, dilation, groups; const char *padding; } of[] = {
        { 3, 1, 1, 1, "valid" }, { 3, 2, 1, 2, "same" }, { 2, 1, 3, 1, "causal" }, { 4, 3, 1, 1, "same" }, { 2, 2, 1, 4, "valid" },
    };
    for (size_t i = 0; i < sizeof of / sizeof *of; i++) {
        Bench *b = begin(of[i].padding);
        Value *x = input(b, SHAPE(7, 4));
        Window window = keras_window(x, 1, &of[i].size, &of[i].strides, &of[i].dilation, of[i].padding);
        Weight kernel = weight(b, SHAPE(of[i].size, 4 / of[i].groups, 8));
        expect_gradients(b, convolve(&b->c, x, kernel, weight(b, SHAPE(8)), window, of[i].groups));
    }
    Bench *b = begin("convolve over two axes");
    Value *x = input(b, SHAPE(5, 4, 3));
    Window window = keras_window(x, 2, (int[]){ 3, 2 }, (int[]){ 2, 1 }, NULL, "same");
    expect_gradients(b, convolve(&b->c, x, weight(b, SHAPE(3, 2, 3, 2)), (Weight){ 0 }, window, 1));
}

/* Keras's paddings: "same" has its odd zero behind; "causal" never sees what comes. */
Test(words, convolutions_by_hand)
{
    static const struct { const char *padding; int strides; double y[5]; int count; } known[] = {
        { "valid", 1, { 1 + 20, 2 + 30, 3 + 40, 4 + 50 }, 4 }, { "same", 1, { 21, 32, 43, 54, 5 }, 5 },
        { "causal", 1, { 10, 21, 32, 43, 54 }, 5 }, { "same", 2, { 21, 43, 5 }, 3 },
    };
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        Bench *b = begin(known[i].padding);
        Value *x = input(b, SHAPE(5, 1));
        set_values(x, (double[]){ 1, 2, 3, 4, 5, 0, 0, 0, 0, 1 });
        Window window = keras_window(x, 1, (int[]){ 2 }, &known[i].strides, NULL, known[i].padding);
        Weight kernel = weight(b, SHAPE(2, 1, 1));
        b->weights[0] = 1;
        b->weights[1] = 10;
        finish(b, convolve(&b->c, x, kernel, (Weight){ 0 }, window, 1));
        forward(b);
        cr_expect_eq((int)b->run.result->count, known[i].count, "%s: %zu", known[i].padding, b->run.result->count);
        expect_values(b, known[i].y, (size_t)known[i].count);
        end(b);
    }
}

Test(words, pools)
{
    for (int how = POOL_MAXIMUM; how <= POOL_AVERAGE; how++) {
        for (int same = 0; same < 2; same++) {
            Bench *b = begin(same ? "pool, same" : "pool");
            Value *x = input(b, SHAPE(7, 3));
            Window window = keras_window(x, 1, (int[]){ 3 }, (int[]){ 2 }, NULL, same ? "same" : "valid");
            expect_gradients(b, pool(&b->c, x, (enum Pool)how, window));
        }
        Bench *b = begin("pool over two axes");
        Value *x = input(b, SHAPE(5, 4, 2));
        Window window = keras_window(x, 2, (int[]){ 2, 3 }, (int[]){ 2, 1 }, NULL, "same");
        expect_gradients(b, pool(&b->c, x, (enum Pool)how, window));

        b = begin("pool all");
        x = input(b, SHAPE(5, 3));
        expect_gradients(b, pool_all(&b->c, x, (enum Pool)how, NULL));
    }
    Bench *b = begin("pool all that a mask keeps");
    Value *x = input(b, SHAPE(3, 5)), *mask = input(b, SHAPE(3));
    set_values(mask, (double[]){ 1, 0, 1, 0, 0, 0 });
    mask->wanted = false;
    expect_gradients(b, pool_all(&b->c, x, POOL_AVERAGE, mask));
}

/* Padding counts neither for the largest nor for the mean. */
Test(words, pools_by_hand)
{
    static const double x[] = { -1, -2, -3, -4, -5, 0, 0, 0, 0, 0 };
    static const double expected[2][3] = { { -1, -3, -5 }, { -1.5, -3.5, -5 } };
    for (int how = POOL_MAXIMUM; how <= POOL_AVERAGE; how++) {
        Bench *b = begin("pool");
        Value *in = input(b, SHAPE(5, 1));
        set_values(in, x);
        finish(b, pool(&b->c, in, (enum Pool)how, keras_window(in, 1, (int[]){ 2 }, (int[]){ 2 }, NULL, "same")));
        forward(b);
        expect_values(b, expected[how == POOL_AVERAGE], 3);
        end(b);
    }
}

/* ---- normalise ---- */

Test(words, normalisations)
{
    Bench *b = begin("normalise each position");
    Value *x = input(b, SHAPE(3, 5));
    expect_gradients(b, normalise_layer(&b->c, x, weight(b, SHAPE(5)), weight(b, SHAPE(5)), 1e-3));

    b = begin("normalise each position, without gamma");
    x = input(b, SHAPE(3, 5));
    expect_gradients(b, normalise_layer(&b->c, x, (Weight){ 0 }, weight(b, SHAPE(5)), 1e-3));

    b = begin("normalise by the batch");
    x = input(b, SHAPE(3, 5));
    expect_gradients(b, normalise_batch(&b->c, x, NULL, weight(b, SHAPE(5)), weight(b, SHAPE(5)), 1e-3));

    b = begin("normalise by what a mask keeps of the batch");
    x = input(b, SHAPE(4, 3));
    Value *mask = input(b, SHAPE(4));
    set_values(mask, (double[]){ 1, 0, 1, 0, 1, 1, 0, 0 });
    mask->wanted = false;
    expect_gradients(b, normalise_batch(&b->c, x, mask, weight(b, SHAPE(3)), weight(b, SHAPE(3)), 1e-3));

    b = begin("normalise by given moments");
    x = input(b, SHAPE(3, 5));
    Weight gamma = weight(b, SHAPE(5)), beta = weight(b, SHAPE(5)), mean = weight(b, SHAPE(5)), variance = weight(b, SHAPE(5));
    for (int i = 0; i < 5; i++)
        b->weights[15 + i] = 0.5 + fabs(b->weights[15 + i]);
    b->tensors[2].trainable = b->tensors[3].trainable = 0;
    expect_gradients(b, normalise_by(&b->c, x, mean, variance, gamma, beta, 1e-3));
}

Test(words, normalised_by_hand)
{
    Bench *b = begin("normalise");
    Value *x = input(b, SHAPE(2, 1));
    set_values(x, (double[]){ 1, 2, 3, 6 });            /* mean 3, biased variance 3.5 */
    finish(b, normalise_batch(&b->c, x, NULL, (Weight){ 0 }, (Weight){ 0 }, 0.5));
    forward(b);
    expect_values(b, (double[]){ -1, -0.5, 0, 1.5 }, 4);
    end(b);
}

/* ---- scan ---- */

/* Two states of different shapes, one of which begins with a computed value, one with a weight; a value from outside; two
 * sequences; all and last steps come out. */
static void expect_scan(bool reversed)
{
    Bench *b = begin(reversed ? "scan, reversed" : "scan");
    Composition *c = &b->c;
    Value *x = input(b, SHAPE(4, 3)), *y = input(b, SHAPE(4, 2)), *start = input(b, SHAPE(5)), *outside = input(b, SHAPE(5));
    Weight u = weight(b, SHAPE(5, 5)), w = weight(b, SHAPE(3, 5)), v = weight(b, SHAPE(2, 2)), first = weight(b, SHAPE(2, 2));
    Value *begins = activate(c, start, "tanh"), *m_0 = spread(c, first, SHAPE(2, 2));
    Scan *scan = scan_begin(c, 4, reversed);
    Value *x_t = scan_slice(c, scan, x), *y_t = scan_slice(c, scan, y);
    Value *h = scan_state(c, scan, "h", SHAPE(5), begins), *m = scan_state(c, scan, "m", SHAPE(2, 2), m_0);
    Value *z = add(c, affine(c, x_t, w, (Weight){ 0 }), affine(c, h, u, (Weight){ 0 }));
    Value *h_next = multiply(c, activate(c, z, "tanh"), outside);
    Value *outer = product(c, reshape(c, y_t, SHAPE(2, 1)), reshape(c, part(c, h, 0, 1, 2, 1), SHAPE(2, 1)), true);
    Value *m_next = add(c, scale(c, affine(c, m, v, (Weight){ 0 }), 0.5, 0), outer);
    scan_next(c, scan, h, h_next);
    scan_next(c, scan, m, m_next);
    scan_end(c, scan);
    Value *all = reshape(c, scan_all(c, scan, h_next), SHAPE(20)), *last = reshape(c, scan_last(c, scan, m_next), SHAPE(4));
    expect_gradients(b, concatenate(c, (Value *[]){ all, last, reshape(c, scan_all(c, scan, m), SHAPE(16)) }, 3, -1));
}

Test(words, scans)
{
    expect_scan(false);
    expect_scan(true);
}

/* A masked step leaves the states as they are, whatever its input is; its gradient is that of zeros there. */
Test(words, masked_scan)
{
    double gradients[2][MOST] = { { 0 } }, d_x[2][ROWS * 4 * 3];
    for (int poisoned = 0; poisoned < 2; poisoned++) {
        Bench *b = begin("masked scan");
        Composition *c = &b->c;
        Value *x = input(b, SHAPE(4, 3)), *mask = input(b, SHAPE(4, 1)), *start = input(b, SHAPE(5));
        Weight u = weight(b, SHAPE(5, 5)), w = weight(b, SHAPE(3, 5));
        set_values(mask, (double[]){ 0, 1, 0, 1, 1, 1, 1, 0 });
        mask->wanted = false;
        for (int i = 0; i < ROWS * 4 * 3; i++)
            if (mask->y[i / 3] == 0)
                x->y[i] = poisoned ? (i % 2 ? NAN : INFINITY) : 0;
        Scan *scan = scan_begin(c, 4, false);
        Value *x_t = scan_slice(c, scan, x), *m = reshape(c, scan_slice(c, scan, mask), (Shape){ 0 });
        Value *h = scan_state(c, scan, "h", SHAPE(5), start);
        Value *z = add(c, affine(c, keep(c, m, x_t, NULL), w, (Weight){ 0 }), affine(c, h, u, (Weight){ 0 }));
        Value *next = keep(c, m, activate(c, z, "tanh"), h);
        scan_next(c, scan, h, next);
        scan_end(c, scan);
        finish(b, scan_all(c, scan, next));
        run_backward(b);
        for (int k = 0; k < 5; k++)
            cr_expect_eq(b->run.out.y[k], start->y[k], "the first step of the first row is masked");
        memcpy(gradients[poisoned], b->gradients, sizeof b->gradients);
        memcpy(d_x[poisoned], x->d_y, sizeof d_x[0]);
        if (!poisoned)
            expect_gradient(b, "u", b->weights, b->gradients, 25);
        end(b);
    }
    cr_expect_arr_eq(gradients[0], gradients[1], sizeof gradients[0]);
    cr_expect_arr_eq(d_x[0], d_x[1], sizeof d_x[0]);
}

/* ---- mistakes ---- */

Test(words, mistakes_are_kept)
{
    Bench *b = begin("a mistake");
    Composition *c = &b->c;
    Value *x = input(b, SHAPE(3, 5));
    cr_expect_null(product(c, x, x, false));
    cr_expect_null(activate(c, affine(c, x, weight(b, SHAPE(4, 4)), (Weight){ 0 }), "tanh"));
    cr_expect_str_eq(composition_end(c, x), "a product is of (m, k) and (k, n)");       /* the first one */
    end(b);

    b = begin("a state without a next one");
    c = &b->c;
    Scan *scan = scan_begin(c, 3, false);
    scan_state(c, scan, "h", SHAPE(2), NULL);
    scan_end(c, scan);
    cr_expect_str_eq(composition_end(c, NULL), "a state has no next one");
    end(b);

    b = begin("a value of the body that leaves it");
    c = &b->c;
    x = input(b, SHAPE(3, 5));
    scan = scan_begin(c, 3, false);
    Value *slice = scan_slice(c, scan, x);
    b->layer.output = slice->shape;
    scan_end(c, scan);
    cr_expect_not_null(composition_end(c, slice));
    end(b);
}
