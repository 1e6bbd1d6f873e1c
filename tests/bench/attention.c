/* attention.c: multi-head attention of a sequence on itself for the peers, as a good engineer writes it around a library: all products of
 * all rows and heads at once, softmax in between. */
#include "network.h"

#include <math.h>

/* The products in the order in which they are made. */
enum {
    QUERY, KEY, VALUE, SCORES, MIXED, OUTPUT, FORWARD_PRODUCTS,
    D_OUTPUT_KERNEL = FORWARD_PRODUCTS, D_MIXED, D_SCORES, D_VALUE, D_QUERY, D_KEY,
    D_KERNEL, D_X = D_KERNEL + 3, PRODUCTS = D_X + 3
};

struct Attention {
    const Layer *layer;
    int steps, rows;
    const ProductFunctions *functions;
    const Blas *blas;
    float *weights, *gradients;
    float *x, *y;
    float *part[3], *d_part[3];         /* queries, keys, values: [steps, rows, heads, units / heads] */
    float *scores, *d_scores;           /* [rows, heads, steps, steps] */
    float *mixed, *d_mixed;
    float *d_y;
    Product products[PRODUCTS];
    int product_count;
};

static size_t part_floats(const Attention *a)
{
    return (size_t)a->steps * (size_t)a->rows * (size_t)a->layer->units;
}

static size_t score_rows(const Attention *a)
{
    return (size_t)a->rows * (size_t)a->layer->heads * (size_t)a->steps;
}

/* Where a part's kernel is: 0 to 2 query, key, value, 3 the output's. */
static size_t kernel_at(const Attention *a, int part)
{
    return (size_t)part * (size_t)(a->layer->inputs + 1) * (size_t)a->layer->units;
}

static size_t bias_at(const Attention *a, int part)
{
    return kernel_at(a, part) + (size_t)a->layer->inputs * (size_t)a->layer->units;
}

static Matrices flat(float *at, int columns)
{
    return (Matrices){ .at = at, .row = columns, .column = 1 };
}

static Matrices by_heads(const Attention *a, float *at)
{
    int units = a->layer->units;
    return (Matrices){ at, units, units / a->layer->heads, a->rows * units, 1 };
}

static Matrices scores(const Attention *a, float *at)
{
    int square = a->steps * a->steps;
    return (Matrices){ at, a->layer->heads * square, square, a->steps, 1 };
}

static Matrices transposed(Matrices m)
{
    return (Matrices){ m.at, m.outer, m.inner, m.column, m.row };
}

/* One product of all steps and rows. */
static Product whole(int rows, int depth, int columns, Matrices x, Matrices y, Matrices z)
{
    return (Product){ .outer = 1, .inner = 1, .rows = rows, .depth = depth, .columns = columns, .scale = 1, .a = x, .b = y, .c = z };
}

static Product each_head(const Attention *a, int depth, int columns, float scale, Matrices x, Matrices y, Matrices z)
{
    return (Product){ .outer = a->rows, .inner = a->layer->heads, .rows = a->steps, .depth = depth, .columns = columns, .scale = scale,
                      .a = x, .b = y, .c = z };
}

static float score_scale(const Attention *a)
{
    return 1 / sqrtf((float)(a->layer->units / a->layer->heads));
}

static void open_products(Attention *a, int threads, int from, int to)
{
    for (int i = from; i < to; i++) {
        a->products[i].threads = threads;
        a->products[i].blas = a->blas;
        a->functions->open(&a->products[i]);
    }
    a->product_count = to;
}

Attention *attention_open(const Layer *layer, const Task *task, int steps, const ProductFunctions *product,
                          const Blas *blas, float *weights, float *x, float *y)
{
    Attention *a = checked_alloc(sizeof *a);
    *a = (Attention){ .layer = layer, .steps = steps, .rows = task->rows, .functions = product, .blas = blas,
                      .weights = weights, .x = x,
                      .y = y };
    int inputs = layer->inputs, units = layer->units, all = steps * a->rows, width = units / layer->heads;
    a->scores = checked_alloc(score_rows(a) * (size_t)steps * sizeof(float));
    a->mixed = checked_alloc(part_floats(a) * sizeof(float));
    for (int i = 0; i < 3; i++) {
        a->part[i] = checked_alloc(part_floats(a) * sizeof(float));
        a->products[QUERY + i] = whole(all, inputs, units, flat(x, inputs), flat(weights + kernel_at(a, i), units), flat(a->part[i], units));
        a->products[QUERY + i].adds = true;
    }
    a->products[SCORES] = each_head(a, width, steps, score_scale(a), by_heads(a, a->part[0]), transposed(by_heads(a, a->part[1])),
                                    scores(a, a->scores));
    a->products[MIXED] = each_head(a, steps, width, 1, scores(a, a->scores), by_heads(a, a->part[2]), by_heads(a, a->mixed));
    a->products[OUTPUT] = whole(all, units, inputs, flat(a->mixed, units), flat(weights + kernel_at(a, 3), inputs), flat(y, inputs));
    a->products[OUTPUT].adds = true;
    open_products(a, task->threads, 0, FORWARD_PRODUCTS);
    return a;
}

void attention_open_backward(Attention *a, float *gradients, float *d_y, float *d_x)
{
    int inputs = a->layer->inputs, units = a->layer->units, steps = a->steps, all = steps * a->rows, width = units / a->layer->heads;
    float scale = score_scale(a);
    Product *products = a->products;
    a->gradients = gradients;
    a->d_y = d_y;
    a->d_scores = checked_alloc(score_rows(a) * (size_t)steps * sizeof(float));
    a->d_mixed = checked_alloc(part_floats(a) * sizeof(float));
    for (int i = 0; i < 3; i++)
        a->d_part[i] = checked_alloc(part_floats(a) * sizeof(float));
    Matrices d_scores = scores(a, a->d_scores), d_mixed = by_heads(a, a->d_mixed);
    products[D_OUTPUT_KERNEL] = whole(units, all, inputs, transposed(flat(a->mixed, units)), flat(d_y, inputs),
                                      flat(gradients + kernel_at(a, 3), inputs));
    products[D_MIXED] = whole(all, inputs, units, flat(d_y, inputs), transposed(flat(a->weights + kernel_at(a, 3), inputs)),
                              flat(a->d_mixed, units));
    products[D_SCORES] = each_head(a, width, steps, 1, d_mixed, transposed(by_heads(a, a->part[2])), d_scores);
    products[D_VALUE] = each_head(a, steps, width, 1, transposed(scores(a, a->scores)), d_mixed, by_heads(a, a->d_part[2]));
    products[D_QUERY] = each_head(a, steps, width, scale, d_scores, by_heads(a, a->part[1]), by_heads(a, a->d_part[0]));
    products[D_KEY] = each_head(a, steps, width, scale, transposed(d_scores), by_heads(a, a->part[0]), by_heads(a, a->d_part[1]));
    for (int i = 0; i < 3; i++) {
        products[D_KERNEL + i] = whole(inputs, all, units, transposed(flat(a->x, inputs)), flat(a->d_part[i], units),
                                       flat(gradients + kernel_at(a, i), units));
        products[D_X + i] = whole(all, units, inputs, flat(a->d_part[i], units), transposed(flat(a->weights + kernel_at(a, i), units)),
                                  flat(d_x, inputs));
        products[D_X + i].adds = i > 0;
    }
    open_products(a, products[0].threads, FORWARD_PRODUCTS, PRODUCTS);
}

void attention_forward(Attention *a)
{
    size_t all = (size_t)a->steps * (size_t)a->rows;
    for (int i = 0; i < 3; i++)
        fill_rows(a->part[i], all, (size_t)a->layer->units, a->weights + bias_at(a, i));
    fill_rows(a->y, all, (size_t)a->layer->inputs, a->weights + bias_at(a, 3));
    for (int i = 0; i < FORWARD_PRODUCTS; i++) {
        a->functions->run(&a->products[i]);
        if (i == SCORES)
            softmax_forward(a->scores, score_rows(a), (size_t)a->steps);
    }
}

void attention_backward(Attention *a)
{
    size_t all = (size_t)a->steps * (size_t)a->rows;
    for (int i = FORWARD_PRODUCTS; i < PRODUCTS; i++) {
        a->functions->run(&a->products[i]);
        if (i == D_SCORES)
            softmax_backward(a->scores, score_rows(a), (size_t)a->steps, a->d_scores);
    }
    for (int i = 0; i < 3; i++)
        column_sums(a->d_part[i], all, (size_t)a->layer->units, a->gradients + bias_at(a, i));
    column_sums(a->d_y, all, (size_t)a->layer->inputs, a->gradients + bias_at(a, 3));
}

void attention_close(Attention *a)
{
    if (!a)
        return;
    for (int i = 0; i < a->product_count; i++)
        a->functions->close(&a->products[i]);
    float *memory[] = { a->part[0], a->part[1], a->part[2], a->d_part[0], a->d_part[1], a->d_part[2], a->scores, a->d_scores, a->mixed, a->d_mixed };
    for (size_t i = 0; i < sizeof memory / sizeof *memory; i++)
        checked_free(memory[i]);
    checked_free(a);
}
