/* network.h: the peers' network: everything but its recurrent layers is the same for OpenBLAS and oneDNN, whose layers plug in here.
 * All arrays are [step, row, feature], as both libraries want it; the data are transposed once, outside of what is timed. */
#ifndef NETWORK_H
#define NETWORK_H

#include "bench.h"

/* One recurrent layer. Pointers stay the same from open to close. */
typedef struct Recurrent {
    LayerKind kind;
    int inputs, units, steps, rows, threads;
    bool training, streaming, last_step;
    const float *kernel, *recurrent_kernel, *bias;
    const float *x;                               /* [steps, rows, inputs] */
    float *h;                                     /* [steps, rows, units] */
    const float *d_h;                             /* the same; zero but for the last step if last_step */
    float *d_x;                                   /* NULL: nobody needs it */
    float *d_kernel, *d_recurrent_kernel, *d_bias;   /* set, not added to */
    void *own;                                    /* the library's */
} Recurrent;

typedef struct RecurrentLibrary {
    const char *name;
    bool (*open)(Recurrent *layer, char *why);    /* false: `why` says it */
    void (*update)(Recurrent *layer);             /* the weights have changed */
    void (*forward)(Recurrent *layer);            /* streaming: from the state that the last one left */
    void (*backward)(Recurrent *layer);
    void (*close)(Recurrent *layer);
} RecurrentLibrary;

extern const RecurrentLibrary recurrent_openblas, recurrent_onednn;

/* A peer's functions, for a table of peers. */
void *network_open(const Task *task, const Data *data, const RecurrentLibrary *library, char *why);
void  network_run(void *network, int calls, Time *time);
void  network_look(void *network, Look *look);
void  network_close(void *network);

/* ---- layers.c: on [rows, features], row-major ---- */

void embedding_forward(const Layer *layer, const float *table, const int32_t *ids, size_t rows, float *y);
void embedding_backward(const Layer *layer, const int32_t *ids, size_t rows, const float *d_y, float *d_table);
void dense_forward(const Layer *layer, const float *weights, const float *x, size_t rows, float *y);
/* d_y becomes the gradient before the activation; d_x may be NULL. at_logits: it is that already. */
void dense_backward(const Layer *layer, const float *weights, const float *x, const float *y, size_t rows, bool at_logits,
                    float *d_y, float *d_x, float *d_weights);
/* The mean loss; d_y is its gradient before the last activation where the loss belongs to that, see loss_is_at_logits. */
double loss_forward(Loss loss, const float *y, const void *target, size_t rows, size_t columns, float *d_y);
bool   loss_is_at_logits(Loss loss);
/* Kingma & Ba 2015, with Keras's constants. */
void adam_step(float *weights, const float *gradients, float *moments, size_t count, uint64_t iteration);
void column_sums(const float *rows_, size_t rows, size_t columns, float *sums);
void fill_rows(float *rows_, size_t rows, size_t columns, const float *row);

#endif
