/* network.h: the peers' network: embedding, dense layers and loops around the products are the same for OpenBLAS and oneDNN; recurrent
 * layers, convolutions and the products of attention are the library's, and plug in here.
 * All arrays are [step, row, feature], as both libraries want it; the data are transposed once, outside of what is timed. */
#ifndef NETWORK_H
#define NETWORK_H

#include "bench.h"
#include "blas.h"

/* One recurrent layer. Pointers stay the same from open to close. */
typedef struct Recurrent {
    const Blas *blas;                             /* NULL: of a library that needs none */
    LayerKind kind;
    int inputs, units, steps, rows, threads;
    bool training, streaming, last_step;
    bool bidirectional;                           /* weights of the way back stand behind all those of the way forth */
    const float *kernel, *recurrent_kernel, *bias;
    const float *x;                               /* [steps, rows, inputs] */
    float *h;                                     /* [steps, rows, units], or both directions side by side */
    const float *d_h;                             /* the same; zero but for the last step if last_step */
    float *d_x;                                   /* NULL: nobody needs it */
    float *d_kernel, *d_recurrent_kernel, *d_bias;   /* set, not added to */
    void *own;                                    /* the library's */
} Recurrent;

typedef struct RecurrentFunctions {
    bool (*open)(Recurrent *layer, char *why);    /* false: `why` says it */
    void (*update)(Recurrent *layer);             /* the weights have changed */
    void (*forward)(Recurrent *layer);            /* streaming: from the state that the last one left */
    void (*backward)(Recurrent *layer);
    void (*close)(Recurrent *layer);
} RecurrentFunctions;

/* One convolution over the steps, with its ReLU: steps - kernel_size + 1 leave it. */
typedef struct Convolution {
    const Blas *blas;
    int inputs, filters, kernel_size, steps, rows, threads;
    bool training;
    const float *kernel, *bias;                   /* [kernel_size, inputs, filters], [filters] */
    const float *x;                               /* [steps, rows, inputs] */
    float *y;                                     /* behind the ReLU */
    const float *d_y;                             /* before it */
    float *d_x, *d_kernel, *d_bias;               /* set, not added to; d_x may be NULL */
    void *own;
} Convolution;

typedef struct ConvolutionFunctions {
    void (*open)(Convolution *layer);
    void (*update)(Convolution *layer);
    void (*forward)(Convolution *layer);
    void (*backward)(Convolution *layer);
    void (*close)(Convolution *layer);
} ConvolutionFunctions;

/* A layer of maxima, means and variances in place of products: pooling, normalisation. */
typedef struct Reduction {
    const Layer *layer;
    int steps, rows, threads;                     /* steps that come to it */
    bool training;
    const float *weights;                         /* of a normalisation: gamma, beta */
    float *statistics;                            /* of a BatchNormalization: means, variances */
    const float *x;                               /* [steps, rows, units] */
    float *y;
    float *d_y;                                   /* need not be kept */
    float *d_x, *d_weights;                       /* set, not added to */
    void *own;
} Reduction;

typedef struct ReductionFunctions {
    void (*open)(Reduction *layer);
    void (*forward)(Reduction *layer);
    void (*backward)(Reduction *layer);
    void (*close)(Reduction *layer);
} ReductionFunctions;

/* Matrices [outer, inner] of rows and columns, by what lies between two neighbours, in floats; row or column is 1. */
typedef struct Matrices {
    float *at;
    int outer, inner, row, column;
} Matrices;

/* c = scale a b, or c += a b, for all matrices [outer, inner]; a is [rows, depth], b [depth, columns]. */
typedef struct Product {
    const Blas *blas;
    int outer, inner, rows, depth, columns, threads;
    float scale;
    bool adds;
    Matrices a, b, c;
    void *own;
} Product;

typedef struct ProductFunctions {
    void (*open)(Product *product);
    void (*run)(Product *product);
    void (*close)(Product *product);
} ProductFunctions;

typedef struct Library {
    const RecurrentFunctions *recurrent;
    const ConvolutionFunctions *convolution;
    const ProductFunctions *product;
    const ReductionFunctions *reduction;
} Library;

extern const RecurrentFunctions recurrent_openblas, recurrent_onednn;
extern const ConvolutionFunctions convolution_openblas, convolution_onednn;
extern const ProductFunctions product_openblas, product_onednn;
extern const ReductionFunctions reduction_loops, reduction_onednn;

/* A peer's functions, for a table of peers. */
void *network_open(const Task *task, const Data *data, const Library *library, const Blas *blas, char *why);
void  network_run(void *network, int calls, Time *time);
void  network_look(void *network, Look *look);
void  network_close(void *network);

/* ---- attention.c: self-attention, made of a library's products ---- */

typedef struct Attention Attention;
/* weights: query, key and value kernel and bias each, then those of the output; d_x and gradients: NULL if not training. */
Attention *attention_open(const Layer *layer, const Task *task, int steps, const ProductFunctions *product,
                          const Blas *blas, float *weights, float *x, float *y);
void attention_open_backward(Attention *attention, float *gradients, float *d_y, float *d_x);
void attention_forward(Attention *attention);
void attention_backward(Attention *attention);
void attention_close(Attention *attention);

/* ---- layers.c: on [rows, features], row-major ---- */

void embedding_forward(const Layer *layer, const float *table, const int32_t *ids, size_t rows, float *y);
void embedding_backward(const Layer *layer, const int32_t *ids, size_t rows, const float *d_y, float *d_table);
void dense_forward(const Layer *layer, const Blas *blas, const float *weights, const float *x, size_t rows, float *y);
/* d_y becomes the gradient before the activation; d_x may be NULL. at_logits: it is that already. */
void dense_backward(const Layer *layer, const Blas *blas, const float *weights, const float *x, const float *y,
                    size_t rows, bool at_logits,
                    float *d_y, float *d_x, float *d_weights);
/* Means over the steps, of so many floats each. */
void average_forward(const float *x, size_t steps, size_t count, float *y);
void average_backward(const float *d_y, size_t steps, size_t count, float *d_x);
void relu_forward(float *y, size_t count);
void relu_backward(const float *y, size_t count, float *d_y);
void softmax_forward(float *y, size_t rows, size_t columns);
void softmax_backward(const float *y, size_t rows, size_t columns, float *d_y);
/* The mean loss; d_y is its gradient before the last activation where the loss belongs to that, see loss_is_at_logits. */
double loss_forward(Loss loss, const float *y, const void *target, size_t rows, size_t columns, float *d_y);
bool   loss_is_at_logits(Loss loss);
/* Kingma & Ba 2015, with Keras's constants. */
void adam_step(float *weights, const float *gradients, float *moments, size_t count, uint64_t iteration);
/* Of a BatchNormalization: the moving averages, by what a batch had. */
void update_statistics(const Reduction *r, const float *mean, const float *variance);
void column_sums(const float *rows_, size_t rows, size_t columns, float *sums);
void fill_rows(float *rows_, size_t rows, size_t columns, const float *row);

#endif
