/* internal.h: what the files of the interpreter share. Compiled with REAL float or double; REAL_IS_FLOAT tells which,
 * and every name with external linkage carries its suffix, so that both kinds link into one program. */
#ifndef INTERPRETER_INTERNAL_H
#define INTERPRETER_INTERNAL_H

#include "interpreter.h"

#include <cblas.h>
#include <math.h>
#include <stdlib.h>

#if REAL_IS_FLOAT
#define REAL_NAME(name) name##_float
#else
#define REAL_NAME(name) name##_double
#endif

#define Interpreter               REAL_NAME(Interpreter)
#define interpreter_create        REAL_NAME(interpreter_create)
#define interpreter_create_composed REAL_NAME(interpreter_create_composed)
#define interpreter_free          REAL_NAME(interpreter_free)
#define interpreter_forward       REAL_NAME(interpreter_forward)
#define interpreter_forward_all   REAL_NAME(interpreter_forward_all)
#define interpreter_output        REAL_NAME(interpreter_output)
#define interpreter_layer_output  REAL_NAME(interpreter_layer_output)
#define interpreter_loss          REAL_NAME(interpreter_loss)
#define interpreter_loss_all      REAL_NAME(interpreter_loss_all)
#define interpreter_output_loss   REAL_NAME(interpreter_output_loss)
#define interpreter_set_d_output  REAL_NAME(interpreter_set_d_output)
#define interpreter_set_d_outputs REAL_NAME(interpreter_set_d_outputs)
#define interpreter_backward      REAL_NAME(interpreter_backward)
#define interpreter_backward_all  REAL_NAME(interpreter_backward_all)
#define interpreter_state         REAL_NAME(interpreter_state)
#define interpreter_state_name    REAL_NAME(interpreter_state_name)
#define interpreter_reset         REAL_NAME(interpreter_reset)
#define interpreter_output_mask   REAL_NAME(interpreter_output_mask)
#define interpreter_lengths       REAL_NAME(interpreter_lengths)
#define interpreter_carry         REAL_NAME(interpreter_carry)
#define interpreter_update        REAL_NAME(interpreter_update)
#define interpreter_perturb       REAL_NAME(interpreter_perturb)
#define interpreter_kink_distance REAL_NAME(interpreter_kink_distance)
#define interpreter_kink_sides    REAL_NAME(interpreter_kink_sides)

/* `width` numbers next to each other in each row, rows `stride` apart: one gate at one time, say. */
typedef struct Rows {
    REAL *at;
    size_t stride;
} Rows;

/* ---- activation.c ---- */

typedef struct Activation Activation;
#define activation_find     REAL_NAME(activation_find)
#define activation_forward  REAL_NAME(activation_forward)
#define activation_backward REAL_NAME(activation_backward)
/* For rows of `width`; at set-up alone. NULL is "linear"; NULL comes back for an unknown name. */
const Activation *activation_find(Interpreter *it, const char *name, size_t width);
/* y = f(z); z and y may be the same. Notes the distance to the corners of f. */
void activation_forward(Interpreter *it, const Activation *f, Rows z, Rows y, size_t rows, size_t width);
/* d_z = the pull-back of d_y; they may be the same, but not z or y. */
void activation_backward(Interpreter *it, const Activation *f, Rows z, Rows y, Rows d_y, Rows d_z, size_t rows,
                         size_t width);

/* ---- one layer at work ---- */

/* What a layer hands on from step to step, under the name that it has in the model. */
typedef struct State {
    const char *name;
    Shape shape;
    size_t count, steps;                    /* numbers a sample; steps of one call */
    REAL *values;                           /* [steps + 1, rows_max, count], in processing order; row 0: what came in */
    REAL *d;                                /* [rows_max, count]: the adjoint at the current step */
    bool computed;                          /* row 0 is computed in each call: nothing is carried */
    bool begins, fresh;                     /* row 0 is computed after a reset alone; that is how it stands now */
    bool stateful;                          /* its layer says so: where one does, no other is carried */
} State;

/* A loop over time: the turn at which it is. */
typedef struct Loop {
    size_t turns, at;
} Loop;

/* What stands on an edge: what a layer puts out for each sample, and its adjoint, to which all that read it add. */
typedef struct Value {
    Shape shape;
    size_t count;                           /* numbers a sample */
    REAL *y, *d_y;                          /* [rows_max, count]; NULL: ids in their place */
    int32_t *ids;                           /* token ids, made safe: below vocabulary */
    int vocabulary;
    struct Value *mask;                     /* of a sequence: [rows, timesteps], 0 where a step does not count; NULL */
    bool wanted;                            /* this time: d_y, for something below that learns */
    bool handed_on;                         /* it is what another run puts out, too, which clears d_y */
    const Loop *loop;                       /* made in a loop: y and d_y are those of its turns, `turn` numbers apart */
    size_t turn;
} Value;

static inline REAL *values_of(const Value *value)
{
    return value->loop ? value->y + value->loop->at * value->turn : value->y;
}

/* Where the adjoint of an input is to be added; NULL if nobody wants it. */
static inline REAL *adjoint_of(const Value *value)
{
    if (!value->wanted)
        return NULL;
    return value->loop ? value->d_y + value->loop->at * value->turn : value->d_y;
}

typedef struct LayerKind LayerKind;
typedef struct Cell Cell;

typedef struct Run {
    const Layer *layer;
    const LayerKind *kind;
    int index;                              /* in Model.layers; the place of its dropout noise */
    Value **in, out;                        /* in: what it reads, in the order of layer->from */
    int in_count;
    bool is_read;                           /* by another layer */
    const struct lstmc_tensor *kernel, *recurrent_kernel, *bias;    /* NULL: none */
    const Activation *activation, *recurrent_activation;

    /* Dense, Activation: the pre-activation. Recurrent layers: [rows, T, gates * units], T as in the input */
    REAL *z, *d_z;
    struct Run *inner;                      /* of a layer that owns layers: those at work, in order */
    Value *step;                            /* TimeDistributed: what its layer reads */
    struct Body *body;                      /* a layer that is composed of words (words.h) */
    Value *result, *argument;               /* what it puts out; what it is the activation of, or NULL */
    Value **finals;                         /* with return_state: its states behind the last step, in Keras's order */
    int final_count;
    /* a custom layer: its inputs, their adjoints, [rows_max, count] each, and those of them that are wanted */
    double **custom_x, **custom_d_x, **custom_wanted;

    State *states;
    int state_count;

    /* recurrent layers: the first state is h, the second c */
    const Cell *cell;
    size_t steps, features, units;
    bool return_sequences, go_backwards, reset_after;
    REAL *gates;                            /* activated: laid out as z */
    REAL *activated_c;                      /* LSTM: [T, rows_max, units] */
    REAL *recurrent;                        /* GRU, reset_after: h U + b of the candidate, [T, rows_max, 3 units] */
    REAL *work, *more_work;                 /* [rows_max, 3 units] */
    /* with a mask: the input with zeros where a step does not count, its adjoint; the output of the last step that
     * counts, backward the adjoint on its way there; adjoints of states that are put by */
    REAL *kept_x, *d_kept_x, *last_y, *aside;
} Run;

struct LayerKind {
    const char *name;
    /* Checks the layer and takes its memory: NULL, or what is wrong. */
    const char *(*set_up)(Interpreter *it, Run *run);
    void (*forward)(Interpreter *it, Run *run);
    void (*backward)(Interpreter *it, Run *run);    /* from out.d_y: adds to the gradients and to adjoint_of inputs */
    void (*update)(Interpreter *it, Run *run, REAL *weights);   /* sets statistics, after a forward; NULL: none */
    bool many, reads_ids;                   /* reads any number of layers; token ids as well as numbers */
    bool activates;                         /* ends in its activation, whose argument a loss can read */
};

typedef struct LossKind LossKind;

/* What one output is held against. */
typedef struct OutputLoss {
    bool exists;
    Loss of;
    const LossKind *kind;                   /* NULL: the description's own */
    size_t target_count;                    /* of a sample */
    bool target_is_class;
    bool on_logits;                         /* the layer ends in the sigmoid or softmax that the loss undoes */
    bool gradient_at_logits;                /* this time: what is in d_outputs is that of its z, not of its y */
    REAL value;                             /* of the last call, without its weight */
    void *target;                           /* room for that of all rows, where it comes among others */
    REAL *target_row;                       /* one row of it as floats, smoothed */
    double *room; int32_t blank;            /* of a loss of whole samples */
    bool on_shares;                         /* the same: what it reads are the logits of what comes out of a softmax */
    /* of a loss of the description: all that it reads and sets */
    double *own_output, *own_target, *own_sample_weight, *own_mask, *own_d_output;
} OutputLoss;

#if REAL_IS_FLOAT
typedef __typeof__(cblas_sgemm) Gemm;
#else
typedef __typeof__(cblas_dgemm) Gemm;
#endif

struct Interpreter {
    const Model *model;
    const struct custom_layers *custom;
    int rows_max;
    Run *runs;
    int run_count;
    void **blocks;                          /* all memory */
    int block_count, block_capacity;
    bool no_memory;
    /* A layer that another one owns, which reads x: NULL, or what is wrong. */
    const char *(*set_up_inner)(Interpreter *it, Run *run, const Layer *layer, Value *x);
    bool composed;                          /* LSTM, GRU, SimpleRNN and Dense too are composed of words */
    void *blas;                             /* the library */
    Gemm *gemm;

    const int32_t *lengths;                 /* [rows]; NULL: all steps count */
    Value *inputs;                          /* of the model; so many numbers */
    int input_count;
    Run **outputs;                          /* of the model */
    REAL **d_outputs;                       /* their adjoints from outside, [rows_max, count] each */
    int output_count;
    REAL sample_scale;                      /* of the last loss: one part of the batch's samples; 0: there was none */

    /* the last forward */
    const REAL *weights;
    int rows, first_row;
    int fold;                               /* rows of one sample: 1, inside of TimeDistributed its steps */
    uint64_t seed;
    REAL *gradients;                        /* during backward */

    OutputLoss *losses;                     /* of each output */
    const void **targets;                   /* where those of each are, this time */
    REAL *output_rows;                      /* of a model whose outputs are one vector: [rows_max, output_count] */

    double *custom_weights, *custom_gradients;
    double *custom_y, *custom_d_y;
    double *own_row[3];                     /* of an activation of the description: z; y or d_y; d_z */
    size_t own_width;

    double kink_distance;
    uint64_t kink_sides;
    bool hold;                              /* blocks of truncated loops begin with the states that they had before */
    uint64_t perturbed;                     /* state of the generator; 0: activations are what they are */
};

/* ---- memory.c ---- */

#define interpreter_room REAL_NAME(interpreter_room)
#define weights_of       REAL_NAME(weights_of)
#define gradients_of     REAL_NAME(gradients_of)
/* Zeroed memory until interpreter_free; at set-up alone. If there is none, it->no_memory is set and NULL comes back. */
void *interpreter_room(Interpreter *it, size_t count, size_t size);
/* The values of a weight; NULL of NULL. */
const REAL *weights_of(const Interpreter *it, const struct lstmc_tensor *tensor);
/* Where the gradient of a weight is to be added; NULL if there is none: no such weight, or it is frozen. */
REAL *gradients_of(const Interpreter *it, const Run *run, const struct lstmc_tensor *tensor);

/* `signed_distance` of an argument to a point where a derivative jumps. */
static inline void note_kink(Interpreter *it, double signed_distance)
{
    double distance = fabs(signed_distance);
    if (distance < it->kink_distance)
        it->kink_distance = distance;
    it->kink_sides = it->kink_sides * UINT64_C(0x100000001b3) + (signed_distance > 0);
}

/* Of row `row`, number `element` of `count`: how its noise is keyed. */
static inline uint64_t sample_of_noise(const Interpreter *it, size_t row)
{
    return (uint64_t)it->first_row + row / (size_t)it->fold;
}

static inline uint64_t element_of_noise(const Interpreter *it, size_t row, size_t element, size_t count)
{
    return row % (size_t)it->fold * count + element;
}

#define perturbed_value REAL_NAME(perturbed_value)
/* What another implementation may give for `value`, off by its last digits or by so much; the same where nothing is to
 * be perturbed. */
REAL perturbed_value(Interpreter *it, REAL value, double absolute);

#define new_state REAL_NAME(new_state)
/* One more state of the layer; NULL: no memory. */
State *new_state(Interpreter *it, Run *run, const char *name, Shape shape, size_t steps);
/* [rows_max, count] before step t. */
static inline REAL *state_row(const Interpreter *it, const State *state, size_t t)
{
    return state->values + t * (size_t)it->rows_max * state->count;
}

/* ---- blas.c ---- */

#define blas_open  REAL_NAME(blas_open)
#define blas_close REAL_NAME(blas_close)
/* Loads OpenBLAS, with one thread, and finds it->gemm: NULL, or what is wrong. */
const char *blas_open(Interpreter *it);
void blas_close(Interpreter *it);

/* ---- affine.c ---- */

enum Transpose { AS_IS, TRANSPOSED };
#define matrix_product  REAL_NAME(matrix_product)
#define affine_forward  REAL_NAME(affine_forward)
#define affine_backward REAL_NAME(affine_backward)
#define add_column_sums REAL_NAME(add_column_sums)
/* c [m, n] = keep * c + a [m, k] b [k, n], where a and b are stored so or transposed; strides are those of the stored
 * rows. */
void matrix_product(const Interpreter *it, enum Transpose a_transposed, enum Transpose b_transposed,
                    size_t m, size_t n, size_t k, const REAL *a, size_t a_stride, const REAL *b, size_t b_stride,
                    REAL keep, REAL *c, size_t c_stride);
/* z = x W + b, b may be NULL. */
void affine_forward(const Interpreter *it, size_t rows, size_t inputs, size_t outputs,
                    const REAL *x, const REAL *kernel, const REAL *bias, REAL *z);
/* d_kernel += x^T d_z, d_bias += sum of d_z over rows, d_x += d_z W^T; each of the three may be NULL. */
void affine_backward(const Interpreter *it, size_t rows, size_t inputs, size_t outputs,
                     const REAL *x, const REAL *kernel, const REAL *d_z, REAL *d_kernel, REAL *d_bias, REAL *d_x);
void add_column_sums(Rows d_z, size_t rows, size_t width, REAL *sums);

/* ---- recurrent.c: what the three cells share ---- */

struct Cell {
    int gates;                              /* blocks of columns of the kernels */
    const char *(*set_up)(Interpreter *it, Run *run);
    /* h[t + 1] (and c) from h[t], z at the time of the input that is read. */
    void (*forward)(Interpreter *it, Run *run, size_t t);
    /* states[...].d: from the adjoints of the states t + 1 to those of the states t; sets d_z at that time. */
    void (*backward)(Interpreter *it, Run *run, size_t t);
};
#define recurrent_set_up   REAL_NAME(recurrent_set_up)
#define recurrent_forward  REAL_NAME(recurrent_forward)
#define recurrent_backward REAL_NAME(recurrent_backward)
#define recurrent_gate     REAL_NAME(recurrent_gate)
#define recurrent_h        REAL_NAME(recurrent_h)
const char *recurrent_set_up(Interpreter *it, Run *run, const Cell *cell);
void recurrent_forward(Interpreter *it, Run *run);
void recurrent_backward(Interpreter *it, Run *run);
/* Gate `gate` of `array` (z, d_z or gates) at processing step t. */
Rows recurrent_gate(const Run *run, REAL *array, size_t t, int gate);
enum { STATE_H, STATE_C };
/* h before step t. */
REAL *recurrent_h(const Interpreter *it, const Run *run, size_t t);

/* ---- the kinds ---- */

#define kind_input         REAL_NAME(kind_input)
#define kind_ignore_mask   REAL_NAME(kind_ignore_mask)
#define kind_with_mask     REAL_NAME(kind_with_mask)
#define kind_final_state   REAL_NAME(kind_final_state)
#define kind_embedding     REAL_NAME(kind_embedding)
#define kind_rnn           REAL_NAME(kind_rnn)
#define kind_layer_norm_lstm REAL_NAME(kind_layer_norm_lstm)
#define kind_layer_norm_gru  REAL_NAME(kind_layer_norm_gru)
#define kind_simple_rnn    REAL_NAME(kind_simple_rnn)
#define kind_lstm          REAL_NAME(kind_lstm)
#define kind_gru           REAL_NAME(kind_gru)
#define kind_dense         REAL_NAME(kind_dense)
#define kind_activation    REAL_NAME(kind_activation)
#define kind_dropout       REAL_NAME(kind_dropout)
#define kind_flatten       REAL_NAME(kind_flatten)
#define kind_repeat_vector REAL_NAME(kind_repeat_vector)
#define kind_concatenate   REAL_NAME(kind_concatenate)
#define kind_add           REAL_NAME(kind_add)
#define kind_subtract      REAL_NAME(kind_subtract)
#define kind_multiply      REAL_NAME(kind_multiply)
#define kind_average       REAL_NAME(kind_average)
#define kind_maximum       REAL_NAME(kind_maximum)
#define kind_minimum       REAL_NAME(kind_minimum)
#define kind_bidirectional REAL_NAME(kind_bidirectional)
#define kind_masking       REAL_NAME(kind_masking)
#define kind_conv1d        REAL_NAME(kind_conv1d)
#define kind_max_pooling1d REAL_NAME(kind_max_pooling1d)
#define kind_average_pooling1d        REAL_NAME(kind_average_pooling1d)
#define kind_global_max_pooling1d     REAL_NAME(kind_global_max_pooling1d)
#define kind_global_average_pooling1d REAL_NAME(kind_global_average_pooling1d)
#define kind_softmax REAL_NAME(kind_softmax)
#define kind_relu REAL_NAME(kind_relu)
#define kind_leaky_relu REAL_NAME(kind_leaky_relu)
#define kind_thresholded_relu REAL_NAME(kind_thresholded_relu)
#define kind_prelu REAL_NAME(kind_prelu)
#define kind_elu REAL_NAME(kind_elu)
#define kind_rescaling REAL_NAME(kind_rescaling)
#define kind_activity_regularization REAL_NAME(kind_activity_regularization)
#define kind_normalization REAL_NAME(kind_normalization)
#define kind_spatial_dropout1d REAL_NAME(kind_spatial_dropout1d)
#define kind_gaussian_noise REAL_NAME(kind_gaussian_noise)
#define kind_gaussian_dropout REAL_NAME(kind_gaussian_dropout)
#define kind_alpha_dropout REAL_NAME(kind_alpha_dropout)
#define kind_reshape REAL_NAME(kind_reshape)
#define kind_permute REAL_NAME(kind_permute)
#define kind_zero_padding1d REAL_NAME(kind_zero_padding1d)
#define kind_cropping1d REAL_NAME(kind_cropping1d)
#define kind_up_sampling1d REAL_NAME(kind_up_sampling1d)
#define kind_layer_normalization REAL_NAME(kind_layer_normalization)
#define kind_rms_normalization REAL_NAME(kind_rms_normalization)
#define kind_unit_normalization REAL_NAME(kind_unit_normalization)
#define kind_depthwise_conv1d REAL_NAME(kind_depthwise_conv1d)
#define kind_separable_conv1d REAL_NAME(kind_separable_conv1d)
#define kind_conv1d_transpose REAL_NAME(kind_conv1d_transpose)
#define kind_time_distributed REAL_NAME(kind_time_distributed)
#define kind_sequential REAL_NAME(kind_sequential)
#define kind_conv2d REAL_NAME(kind_conv2d)
#define kind_conv_lstm2d REAL_NAME(kind_conv_lstm2d)
#define kind_max_pooling2d REAL_NAME(kind_max_pooling2d)
#define kind_average_pooling2d REAL_NAME(kind_average_pooling2d)
#define kind_global_max_pooling2d REAL_NAME(kind_global_max_pooling2d)
#define kind_global_average_pooling2d REAL_NAME(kind_global_average_pooling2d)
#define kind_zero_padding2d REAL_NAME(kind_zero_padding2d)
#define kind_cropping2d REAL_NAME(kind_cropping2d)
#define kind_up_sampling2d REAL_NAME(kind_up_sampling2d)
#define kind_attention REAL_NAME(kind_attention)
#define kind_additive_attention REAL_NAME(kind_additive_attention)
#define kind_multi_head_attention REAL_NAME(kind_multi_head_attention)
#define kind_dot REAL_NAME(kind_dot)
#define kind_custom        REAL_NAME(kind_custom)
#define kind_batch_normalization REAL_NAME(kind_batch_normalization)
#define composed_dense      REAL_NAME(composed_dense)
#define composed_simple_rnn REAL_NAME(composed_simple_rnn)
#define composed_lstm       REAL_NAME(composed_lstm)
#define composed_gru        REAL_NAME(composed_gru)
extern const LayerKind kind_final_state;
extern const LayerKind kind_ignore_mask, kind_with_mask, kind_input, kind_embedding, kind_simple_rnn, kind_lstm,
    kind_gru, kind_dense, kind_activation, kind_dropout, kind_flatten, kind_repeat_vector, kind_concatenate, kind_add,
    kind_subtract, kind_multiply, kind_average, kind_maximum, kind_minimum, kind_bidirectional, kind_masking,
    kind_batch_normalization, kind_custom, kind_rnn, kind_layer_norm_lstm, kind_layer_norm_gru;
extern const LayerKind kind_conv1d, kind_max_pooling1d, kind_average_pooling1d, kind_global_max_pooling1d,
    kind_global_average_pooling1d;
extern const LayerKind kind_layer_normalization, kind_rms_normalization, kind_unit_normalization,
    kind_depthwise_conv1d, kind_separable_conv1d, kind_conv1d_transpose, kind_time_distributed,
    kind_sequential;
extern const LayerKind kind_softmax, kind_relu, kind_leaky_relu, kind_thresholded_relu, kind_prelu, kind_elu,
    kind_rescaling, kind_activity_regularization, kind_spatial_dropout1d, kind_gaussian_noise, kind_gaussian_dropout,
    kind_alpha_dropout, kind_normalization,
    kind_reshape, kind_permute, kind_zero_padding1d, kind_cropping1d, kind_up_sampling1d;
extern const LayerKind kind_conv2d, kind_max_pooling2d, kind_average_pooling2d, kind_global_max_pooling2d,
    kind_global_average_pooling2d, kind_zero_padding2d, kind_cropping2d, kind_up_sampling2d, kind_conv_lstm2d;
extern const LayerKind kind_attention, kind_additive_attention, kind_multi_head_attention, kind_dot;
/* The same layers, composed of words: their present backward is what the words are held to. */
extern const LayerKind composed_dense, composed_simple_rnn, composed_lstm, composed_gru;

/* ---- loss.c ---- */

#define losses_set_up    REAL_NAME(losses_set_up)
#define activity_backward REAL_NAME(activity_backward)
#define loss_at_argument REAL_NAME(loss_at_argument)
#define pull_to_argument REAL_NAME(pull_to_argument)
const char *losses_set_up(Interpreter *it);
/* Adds the adjoint of what the run's outputs cost in the last loss. */
void activity_backward(Interpreter *it, Run *run);
/* The gradient that the loss has, this time, at the argument of the activation in which the layer ends; else NULL. */
const REAL *loss_at_argument(const Interpreter *it, const Run *run);
/* run->d_z of a layer that ends in an activation along `width` numbers, from out.d_y and, if it is there, the loss. */
void pull_to_argument(Interpreter *it, Run *run, size_t width);

#endif
