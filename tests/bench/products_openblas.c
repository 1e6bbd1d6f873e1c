/* products_openblas.c: convolutions and the products of attention by sgemm. With [step, row, feature] the steps that a place of the
 * kernel sees are one matrix where they lie: a convolution is as many products as the kernel has places, and nothing is copied. */
#include "network.h"

#include <string.h>

typedef struct Extents {
    int all, filters, inputs;   /* all: rows of y */
    size_t shift, place;        /* from the x of one place of the kernel to that of the next, and of the kernel */
} Extents;

static Extents extents_of(const Convolution *layer)
{
    return (Extents){ (layer->steps - layer->kernel_size + 1) * layer->rows, layer->filters, layer->inputs,
                      (size_t)layer->rows * (size_t)layer->inputs, (size_t)layer->inputs * (size_t)layer->filters };
}

static void ignore_convolution(Convolution *layer)
{
    (void)layer;
}

static void forward_convolution(Convolution *layer)
{
    Extents e = extents_of(layer);
    size_t rows = (size_t)e.all, filters = (size_t)e.filters;
    fill_rows(layer->y, rows, filters, layer->bias);
    for (size_t k = 0; k < (size_t)layer->kernel_size; k++)
        layer->blas->sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, e.all, e.filters, e.inputs, 1,
                           layer->x + k * e.shift, e.inputs,
                    layer->kernel + k * e.place, e.filters, 1, layer->y, e.filters);
    relu_forward(layer->y, rows * filters);
}

static void backward_convolution(Convolution *layer)
{
    Extents e = extents_of(layer);
    column_sums(layer->d_y, (size_t)e.all, (size_t)e.filters, layer->d_bias);
    if (layer->d_x)
        memset(layer->d_x, 0, (size_t)layer->steps * e.shift * sizeof(float));
    for (size_t k = 0; k < (size_t)layer->kernel_size; k++) {
        layer->blas->sgemm(CblasRowMajor, CblasTrans, CblasNoTrans, e.inputs, e.filters, e.all, 1,
                           layer->x + k * e.shift, e.inputs, layer->d_y,
                    e.filters, 0, layer->d_kernel + k * e.place, e.filters);
        if (layer->d_x)
            layer->blas->sgemm(CblasRowMajor, CblasNoTrans, CblasTrans, e.all, e.inputs, e.filters, 1, layer->d_y,
                               e.filters,
                        layer->kernel + k * e.place, e.filters, 1, layer->d_x + k * e.shift, e.inputs);
    }
}

const ConvolutionFunctions convolution_openblas = { ignore_convolution, ignore_convolution, forward_convolution, backward_convolution,
                                                    ignore_convolution };

static void ignore_product(Product *product)
{
    (void)product;
}

static int turn(const Matrices *m)
{
    return m->column == 1 ? CblasNoTrans : CblasTrans;
}

static int leading(const Matrices *m)
{
    return m->column == 1 ? m->row : m->column;
}

static float *matrix(const Matrices *m, int outer, int inner)
{
    return m->at + (size_t)outer * (size_t)m->outer + (size_t)inner * (size_t)m->inner;
}

static void run_product(Product *p)
{
    for (int i = 0; i < p->outer; i++)
        for (int j = 0; j < p->inner; j++)
            p->blas->sgemm(CblasRowMajor, turn(&p->a), turn(&p->b), p->rows, p->columns, p->depth, p->scale,
                           matrix(&p->a, i, j), leading(&p->a),
                        matrix(&p->b, i, j), leading(&p->b), p->adds ? 1 : 0, matrix(&p->c, i, j), leading(&p->c));
}

const ProductFunctions product_openblas = { ignore_product, run_product, ignore_product };
