/* word_affine.c: products of matrices: of a value and a weight, of two values. */
#include "words.h"

/* ---- affine ---- */

static size_t rows_of(const Interpreter *it, const Value *x, size_t width)
{
    return (size_t)it->rows * (x->count / width);
}

static void affine_word_forward(Interpreter *it, const Run *run, Node *node)
{
    (void)run;
    const Weight *kernel = &node->kernel;
    size_t rows = rows_of(it, node->in[0], kernel->rows), columns = kernel->columns;
    const REAL *bias = weight_at(it, node->bias);
    REAL *y = values_of(node->out);
    for (size_t i = 0; i < rows * columns; i++)
        y[i] = bias ? bias[i % columns] : 0;
    matrix_product(it, AS_IS, AS_IS, rows, columns, kernel->rows, values_of(node->in[0]), kernel->rows,
                   weight_at(it, *kernel), kernel->stride, 1, y, columns);
}

static void affine_word_backward(Interpreter *it, const Run *run, Node *node)
{
    const Weight *kernel = &node->kernel;
    size_t rows = rows_of(it, node->in[0], kernel->rows), columns = kernel->columns;
    REAL *d_x = adjoint_of(node->in[0]), *d_y = adjoint_of(node->out);
    REAL *d_kernel = gradient_at(it, run, *kernel), *d_bias = gradient_at(it, run, node->bias);
    if (d_kernel)
        matrix_product(it, TRANSPOSED, AS_IS, kernel->rows, columns, rows, values_of(node->in[0]), kernel->rows, d_y,
                       columns, 1, d_kernel, kernel->stride);
    if (d_bias)
        add_column_sums((Rows){ d_y, columns }, rows, columns, d_bias);
    if (d_x)
        matrix_product(it, AS_IS, TRANSPOSED, rows, kernel->rows, columns, d_y, columns, weight_at(it, *kernel),
                       kernel->stride, 1, d_x, kernel->rows);
}

static const Word word_affine = { "affine", affine_word_forward, affine_word_backward };

Value *affine(Composition *c, Value *x, Weight kernel, Weight bias)
{
    if (!x || c->wrong)
        return composition_refuse(c, "a value is missing");
    int last = x->shape.rank - 1;
    if (last < 0 || !kernel.tensor || kernel.rows != (size_t)x->shape.extent[last])
        return composition_refuse(c, "the kernel must be (features, units)");
    if (bias.tensor && bias.columns != kernel.columns)
        return composition_refuse(c, "the bias must be (units)");
    Shape shape = x->shape;
    shape.extent[last] = (int)kernel.columns;
    Node *node = new_node(c, &word_affine, &x, 1, shape);
    if (!node)
        return NULL;
    node->kernel = kernel;
    node->bias = bias;
    return node->out;
}

/* ---- product ---- */

/* y [m, n] = a [m, k] b, b [k, n] or, transposed (how), [n, k]. */
static size_t inner_of(const Node *node)
{
    return (size_t)node->in[0]->shape.extent[1];
}

static void product_forward(Interpreter *it, const Run *run, Node *node)
{
    (void)run;
    const Value *a = node->in[0], *b = node->in[1];
    size_t m = (size_t)node->out->shape.extent[0], n = (size_t)node->out->shape.extent[1], k = inner_of(node);
    for (size_t row = 0; row < (size_t)it->rows; row++)
        matrix_product(it, AS_IS, node->how ? TRANSPOSED : AS_IS, m, n, k, values_of(a) + row * a->count, k,
                       values_of(b) + row * b->count, node->how ? k : n, 0, values_of(node->out) + row * m * n, n);
}

/* d_a = d_y b^T, d_b = a^T d_y; with b transposed: d_a = d_y b, d_b = d_y^T a. */
static void product_backward(Interpreter *it, const Run *run, Node *node)
{
    (void)run;
    const Value *a = node->in[0], *b = node->in[1];
    size_t m = (size_t)node->out->shape.extent[0], n = (size_t)node->out->shape.extent[1], k = inner_of(node);
    REAL *d_a = adjoint_of(a), *d_b = adjoint_of(b);
    for (size_t row = 0; row < (size_t)it->rows; row++) {
        const REAL *d_y = adjoint_of(node->out) + row * m * n, *in_a = values_of(a) + row * a->count;
        if (d_a)
            matrix_product(it, AS_IS, node->how ? AS_IS : TRANSPOSED, m, k, n, d_y, n, values_of(b) + row * b->count,
                           node->how ? k : n, 1, d_a + row * a->count, k);
        if (d_b && node->how)
            matrix_product(it, TRANSPOSED, AS_IS, n, k, m, d_y, n, in_a, k, 1, d_b + row * b->count, k);
        else if (d_b)
            matrix_product(it, TRANSPOSED, AS_IS, k, n, m, in_a, k, d_y, n, 1, d_b + row * b->count, n);
    }
}

static const Word word_product = { "product", product_forward, product_backward };

Value *product(Composition *c, Value *a, Value *b, bool transposed)
{
    if (!a || !b || c->wrong)
        return composition_refuse(c, "a value is missing");
    if (a->shape.rank != 2 || b->shape.rank != 2 || a->shape.extent[1] != b->shape.extent[transposed])
        return composition_refuse(c, "a product is of (m, k) and (k, n)");
    Shape shape = { 2, { a->shape.extent[0], b->shape.extent[!transposed] } };
    Node *node = new_node(c, &word_product, (Value *[]){ a, b }, 2, shape);
    if (node)
        node->how = transposed;
    return node ? node->out : NULL;
}
