/* reber.h: written by lstmc 0.1 from reber.lua. Do not edit.           SPDX-License-Identifier: 0BSD
 *   tokens[24] -> Embedding[24, 8] -> LSTM[24] -> Dense[8]
 *   3 432 weights   step: 2 496 mul-adds, 128 activations
 *   tape 35.7 KB a row   state 512 B   scratch 896 B   16 lanes
 *
 * To predict (weights: from a file by lstmc_weights_load of the runtime, or as you like; x holds int32_t, y float):
 *     static struct reber_weights weights;
 *     static struct reber_packed packed;
 *     static struct reber_scratch scratch;
 *     reber_prepare(&packed, &weights);
 *     reber_predict(&packed, &scratch, x, y);
 * One step at a time, as the input comes in:
 *     static struct reber_state state;
 *     reber_reset(&packed, &state);
 *     reber_step(&packed, &state, x, y);     for every step
 * To train on rows <= REBER_BATCH samples, with the runtime's optimiser or one of yours:
 *     static struct reber_training training;
 *     static struct reber_tape tape;
 *     static struct reber_gradients gradients;
 *     reber_prepare_training(&training, &weights);
 *     reber_reset_tape(&training, &tape);
 *     reber_forward(&training, &tape, x, rows, seed);
 *     loss = reber_loss(&tape, target, NULL, 1.0f / (float)rows);
 *     memset(&gradients, 0, sizeof gradients);
 *     reber_backward(&training, &tape, &gradients);
 *     lstmc_optimizer_step(&reber_model, (float *)&weights, (float *)&gradients, state, iteration, 0.0f);
 *
 * Compile with -O2 and without -m flags: there is code for AVX2 and AVX-512 too, and what runs is what the processor has.
 *
 * You own all memory; nothing here allocates, prints, fails or keeps anything outside of the structs that you pass. They
 * may be static, from malloc, or on the stack where they are small, and start with any contents. Any number of instances
 * and threads may work at the same time, each with structs of its own; weights, packed and training may be shared by
 * those who only read them. Arguments do not overlap, and none is NULL unless it says so. Arrays are row-major, the batch
 * first. A NaN in is a NaN out. */
#ifndef LSTMC_HEADER_OF_reber
#define LSTMC_HEADER_OF_reber
#ifdef REBER_BATCH
#error "REBER_BATCH is defined already: a model whose name differs from reber in capitals alone does not go into the same source file"
#endif
#ifdef LSTMC_HEADER_OF_reber_batch
#error "the models reber and reber_batch do not go into one source file: each has reber_batch_scratch; give one of them another name"
#endif

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define REBER_BATCH              8          /* rows that a tape or a batch scratch holds */
#define REBER_SHARDS             1          /* tapes that make up one batch */
#define REBER_INPUTS             24         /* elements of x, a sample: [24] */
#define REBER_OUTPUTS            8          /* elements of y, a sample: [8] */
#define REBER_TARGETS            1          /* elements of the target, a sample */
#define REBER_TIMESTEPS          24         /* steps of a sample */
#define REBER_WEIGHTS            3432       /* floats */
#define REBER_GRADIENTS          3432       /* floats: the trainable weights, which come first */
#define REBER_OPTIMIZER_FLOATS   6864       /* floats of optimiser state, zero at the start */

/* What is in them stands below. */
struct reber_weights;
struct reber_packed;
struct reber_scratch;
struct reber_batch_scratch;
struct reber_state;
struct reber_training;
struct reber_tape;
struct reber_gradients;
struct lstmc_model;

/* x holds ids; one outside of [0, 8) is read as 0. */

/* Reads the weights for prediction; again after they move or change. */
void reber_prepare(struct reber_packed *packed, const struct reber_weights *weights);

/* One sample: x [REBER_INPUTS], y [REBER_OUTPUTS]. Starts from the initial state. */
void reber_predict(const struct reber_packed *packed, struct reber_scratch *scratch, const int32_t *x, float *y);

/* Several samples: x [rows][REBER_INPUTS], y [rows][REBER_OUTPUTS], rows from 1 to REBER_BATCH. Each starts from the
 * initial state. */
void reber_predict_batch(const struct reber_packed *packed, struct reber_batch_scratch *scratch, const int32_t *x,
    int rows, float *y);

/* Before the first step of a stream: every state takes its initial value. */
void reber_reset(const struct reber_packed *packed, struct reber_state *state);

/* The next step of a stream: x [1], y [8], the output after this step. Returns 1: y was written. On the stack: 384 B of
 * arrays, and what the compiler adds. */
int reber_step(const struct reber_packed *packed, struct reber_state *state, const int32_t *x, float *y);

/* Reads the weights for training; again after every update. Several threads may read the result. */
void reber_prepare_training(struct reber_training *training, const struct reber_weights *weights);

/* Every state takes its initial value; first_row becomes 0. Before each forward, unless states are carried over. */
void reber_reset_tape(const struct reber_training *training, struct reber_tape *tape);

/* x [rows][REBER_INPUTS], rows from 1 to REBER_BATCH; x is copied. The same seed draws the same dropout for the same
 * first_row; seed 0 turns dropout off: an evaluation. Leaves y in tape->output. */
void reber_forward(const struct reber_training *training, struct reber_tape *tape, const int32_t *x, int rows,
    uint64_t seed);

/* After reber_prepare_training, where of the weights the floats first to first + count - 1 alone have changed since,
 * counted from the start of the struct. Several threads may do so at once for ranges that share no group of
 * LSTMC_RANGE_ROWS rows of a matrix, counted from its first row, and no array with fewer rows or of rank 1. */
void reber_prepare_range(struct reber_training *training, const struct reber_weights *weights, size_t first,
    size_t count);

/* After forward: returns scale * the sum of the losses (sparse_categorical_crossentropy) of its rows, and leaves the
 * derivative for reber_backward. target [rows][REBER_TARGETS]: classes; one outside of [0, 8) is read as 0.
 * sample_weight [rows], or NULL for ones. scale 1 / rows gives Keras's mean over samples. */
float reber_loss(struct reber_tape *tape, const int32_t *target, const float *sample_weight, float scale);

/* Adds to the gradients the derivative of the loss by each trainable weight, summed over the rows of the last forward.
 * The loss is what reber_loss left in the tape, plus what you wrote to tape->d_output: [rows][REBER_OUTPUTS], its
 * derivative by y. A loss of your own sets d_output after reber_forward, which clears it, and does not call reber_loss;
 * one beside reber_loss is added to d_output after it. Once after each forward. */
void reber_backward(const struct reber_training *training, struct reber_tape *tape, struct reber_gradients *gradients);

/* The last state becomes the initial one of the next forward, in place of reber_reset_tape: stateful models, truncated
 * back-propagation through time. */
void reber_carry(struct reber_tape *tape);

/* What the runtime knows of the model: names, shapes, offsets, sizes, and the functions above. */
extern const struct lstmc_model reber_model;

/* Sizes that layers were given: what they put out is so wide. */
enum {
    REBER_LSTM_UNITS = 24,
    REBER_DENSE_UNITS = 8
};

/* In Keras's order and layout, except that trainable ones come first: REBER_WEIGHTS floats without gaps. 13.4 KB. */
struct reber_weights {
    struct {
        float embeddings[8][8];
    } embedding;
    struct {
        float kernel[8][96];
        float recurrent_kernel[REBER_LSTM_UNITS][96];
        float bias[96];
    } lstm;
    struct {
        float kernel[REBER_LSTM_UNITS][REBER_DENSE_UNITS];
        float bias[REBER_DENSE_UNITS];
    } dense;
};

/* Of the trainable weights, each where its weight is in struct reber_weights: REBER_GRADIENTS floats without gaps. 13.4
 * KB. */
struct reber_gradients {
    struct {
        float embeddings[8][8];
    } embedding;
    struct {
        float kernel[8][96];
        float recurrent_kernel[REBER_LSTM_UNITS][96];
        float bias[96];
    } lstm;
    struct {
        float kernel[REBER_LSTM_UNITS][REBER_DENSE_UNITS];
        float bias[REBER_DENSE_UNITS];
    } dense;
};

/* What prediction reads. It points to the weights, which must stay where they are: prepare again after they move or
 * change. 13.6 KB. */
struct reber_packed {
    struct {
        float table[8][96];
        float recurrent_kernel[2][REBER_LSTM_UNITS][48];
    } lstm;
    struct {
        float kernel[1][REBER_LSTM_UNITS][16];
        float bias[16];
    } dense;
    const struct reber_weights *weights;
};

/* Memory for one reber_predict at a time; its contents need not be kept. 896 B. */
struct reber_scratch {
    struct {
        float h[2][32];      /* 2 of 25 steps, step t at t % 2 */
        float c[2][32];      /* 2 of 25 steps, step t at t % 2 */
    } lstm;
    union {                 /* intermediate values; only one of these is alive at a time */
        struct {
            float z[96];      /* one of 24 steps */
        } lstm;
        struct {
            float z[16];
            float e[16];
            float highest;
            float total;
        } dense;
    } local;
};

/* Memory for one reber_predict_batch at a time; its contents need not be kept. 7.0 KB. */
struct reber_batch_scratch {
    struct {
        float h[2][REBER_BATCH][32];      /* 2 of 25 steps, step t at t % 2 */
        float c[2][REBER_BATCH][32];      /* 2 of 25 steps, step t at t % 2 */
    } lstm;
    union {                 /* intermediate values; only one of these is alive at a time */
        struct {
            float z[REBER_BATCH][96];      /* one of 24 steps */
        } lstm;
        struct {
            float z[REBER_BATCH][16];
            float e[REBER_BATCH][16];
            float highest[REBER_BATCH];
            float total[REBER_BATCH];
        } dense;
    } local;
};

/* One stream: what the network remembers between two steps. Copy it to fork the stream. 512 B. */
struct reber_state {
    struct {
        float h[2][32];      /* row 0: before the first step */
        float c[2][32];      /* row 0: before the first step */
    } lstm;
};

/* What training reads. It points to the weights, which must stay where they are: prepare again after they move or
 * change. 29.9 KB. */
struct reber_training {
    struct {
        float bias[96];
        float kernel[2][8][48];
        float recurrent_kernel[2][REBER_LSTM_UNITS][48];
        float recurrent_kernel_transposed[2][96][16];
        float kernel_transposed[8][96];
    } lstm;
    struct {
        float kernel[1][REBER_LSTM_UNITS][16];
        float bias[16];
        float kernel_transposed[2][REBER_DENSE_UNITS][16];
    } dense;
    const struct reber_weights *weights;
};

/* What forward leaves for loss and backward: the activations of up to REBER_BATCH samples. `output` holds y,
 * [rows][REBER_OUTPUTS]. `d_output`, of the same shape, is for a loss of your own. `first_row` is the index in the
 * whole batch of row 0 (0 after reber_reset_tape): dropout draws by it, so that shards differ. 286 KB. Not on the
 * stack. */
struct reber_tape {
    struct {
        float y[REBER_TIMESTEPS][REBER_BATCH][16];
        float d_y[REBER_TIMESTEPS][REBER_BATCH][16];
    } embedding;
    struct {
        float h[REBER_TIMESTEPS + 1][REBER_BATCH][32];      /* row 0: before the first step */
        float c[REBER_TIMESTEPS + 1][REBER_BATCH][32];      /* row 0: before the first step */
        float i[REBER_TIMESTEPS][REBER_BATCH][32];
        float f[REBER_TIMESTEPS][REBER_BATCH][32];
        float g[REBER_TIMESTEPS][REBER_BATCH][32];
        float o[REBER_TIMESTEPS][REBER_BATCH][32];
        float tanh_c[REBER_TIMESTEPS][REBER_BATCH][32];
        float d_h[2][REBER_BATCH][32];      /* 2 of 25 steps, step t at t % 2 */
    } lstm;
    union {                 /* intermediate values; only one of these is alive at a time */
        struct {
            float z[REBER_BATCH][96];      /* one of 24 steps */
        } lstm;
        struct {
            float highest[REBER_BATCH];
        } dense;
        struct {
            float highest[REBER_BATCH];
            float log_total[REBER_BATCH];
            float l[REBER_BATCH];
        } model_loss;
        struct {
            float d_sum[REBER_BATCH];
        } model_loss_2;
        struct {
            float dense_d_e[REBER_BATCH][16];
            float dense_d_y[REBER_BATCH][16];
            float dense_d_total[REBER_BATCH];
        } model_backward;
        struct {
            float d_c[2][REBER_BATCH][32];      /* 2 of 25 steps, step t at t % 2 */
            float d_z[REBER_TIMESTEPS][REBER_BATCH][96];
            float d_recurrent_kernel_sum[6][REBER_LSTM_UNITS][16];
            float d_kernel_sum[6][8][16];
        } lstm_backward;
    } local;
    struct {
        float z[REBER_BATCH][16];
        float e[REBER_BATCH][16];
        float y[REBER_BATCH][16];
        float d_z[REBER_BATCH][16];
        float total[REBER_BATCH];
    } dense;
    struct {
        float e[REBER_BATCH][16];
        float sum[REBER_BATCH];
        float d_log_total[REBER_BATCH];
        float d_l[REBER_BATCH];
    } model;
    int32_t input[REBER_BATCH][REBER_TIMESTEPS];
    float output[REBER_BATCH][REBER_DENSE_UNITS];
    float d_output[REBER_BATCH][REBER_DENSE_UNITS];
    int rows;               /* set by forward */
    int first_row;          /* yours to set */
};

#ifdef __cplusplus
}
#endif

/* lstmc_model.h: what a generated model says of itself. The compiler copies this text into every generated header, so
 * that the two generated files need nothing else; the include guard lets several of them, and lstmc.h, live in one
 * program.
 * SPDX-License-Identifier: 0BSD */
#ifndef LSTMC_MODEL_H
#define LSTMC_MODEL_H

#include <stddef.h>
#include <stdint.h>

#define LSTMC_RANK_MAX 6
#define LSTMC_RANGE_ROWS 16       /* see prepare_range */

enum lstmc_initializer_kind {
    LSTMC_CONSTANT,               /* a */
    LSTMC_UNIFORM,                /* [a, b) */
    LSTMC_NORMAL,                 /* mean a, standard deviation b */
    /* the same, redrawn beyond two standard deviations (b is the one before truncation) */
    LSTMC_TRUNCATED_NORMAL,
    LSTMC_VARIANCE_UNIFORM,       /* +-sqrt(3 a / n), n by `fan` */
    LSTMC_VARIANCE_NORMAL,        /* standard deviation sqrt(a / n) */
    LSTMC_VARIANCE_TRUNCATED,     /* the same after truncation: sqrt(a / n) / 0.87962566103423978 before it */
    LSTMC_ORTHOGONAL,             /* gain a */
    LSTMC_IDENTITY                /* gain a */
};

enum lstmc_fan { LSTMC_FAN_IN, LSTMC_FAN_OUT, LSTMC_FAN_AVERAGE };

struct lstmc_initializer {
    enum lstmc_initializer_kind kind;
    enum lstmc_fan fan;
    float a, b;
    int ones_begin, ones_end;     /* elements [ones_begin, ones_end) are set to 1 afterwards (unit_forget_bias) */
};

enum lstmc_constraint_kind {
    LSTMC_UNCONSTRAINED,
    LSTMC_MAX_NORM,               /* a norm of at most max_value */
    LSTMC_NON_NEG,
    LSTMC_UNIT_NORM,
    LSTMC_MIN_MAX_NORM            /* a norm between min_value and max_value; `rate` of the way there */
};

/* What a trainable weight is held to behind each update: keras.constraints. */
struct lstmc_constraint {
    enum lstmc_constraint_kind kind;
    unsigned axes;                /* bit d: norms are taken along dimension d */
    float min_value, max_value, rate;
};

/* What a statistic of the data is made of, before a training: see lstmc_adapt. */
enum lstmc_adapted { LSTMC_NOT_ADAPTED, LSTMC_ADAPTED_MEAN, LSTMC_ADAPTED_VARIANCE };

/* One named array of floats inside a struct. Weights are named "lstm/kernel", tensors of the tape "lstm.h". */
struct lstmc_tensor {
    const char *name;
    int rank;
    int shape[LSTMC_RANK_MAX];
    size_t offset;                /* in floats, from the start of the struct */
    size_t count;                 /* in floats */
    /* of a tensor of the tape: so many floats at the end of each row of the last dimension mean nothing */
    int padding;
    /* of a tensor of the tape: 1 if M_carry writes its first row (along the first dimension) */
    int carried;
    int trainable;
    /* of a weight: behind that phase of M_backward its gradient is complete */
    int last_phase;
    struct lstmc_initializer initializer;
    float l1, l2;                 /* regularizer: l1 * sum |w| + l2 * sum w^2 */
    struct lstmc_constraint constraint;
    const float *values;          /* the first ones, [count]; NULL: those of the initializer */
    enum lstmc_adapted adapted;   /* to the input array of this number */
    int adapted_input;
};

enum lstmc_optimizer_kind {
    LSTMC_SGD, LSTMC_RMSPROP, LSTMC_ADAM, LSTMC_ADAMW, LSTMC_ADAGRAD, LSTMC_ADADELTA, LSTMC_ADAMAX, LSTMC_NADAM,
    LSTMC_LION
};

/* Keras's names and meanings; 0 in a clip or in weight_decay means none. */
struct lstmc_optimizer {
    enum lstmc_optimizer_kind kind;
    float learning_rate, momentum, rho, beta_1, beta_2, epsilon, weight_decay;
    float initial_accumulator_value;
    int nesterov, centered, amsgrad;
    int pytorch;                  /* 1: PyTorch's formulas of SGD, RMSprop, Adam and AdamW, and its global clip */
    float clipnorm, clipvalue, global_clipnorm;
};

/* One of several arrays that make up a sample: a member of struct M_inputs. */
struct lstmc_array {
    const char *name;             /* the Input layer's: "series" */
    int is_integer;               /* 1: int32_t ids in [0, vocabulary), 0: float */
    int vocabulary;
    int rank;
    int shape[LSTMC_RANK_MAX];
    size_t offset, count;         /* elements, from the start of the sample */
    /* of a target: its losses have so many of the sample's weights, from that one on; 0: all have the same one */
    size_t first_weight, weights;
    int ignores_class, ignored_class;   /* of a target of classes: as in struct lstmc_model */
};

/* A sum over the rows of the whole batch: floats of the tape, where a phase of a pass leaves that over its own rows. */
struct lstmc_sum {
    int backward;                 /* 0: a phase of forward; 1: of backward */
    int phase;
    size_t offset, count;         /* floats, from the start of the tape */
};

struct lstmc_model {
    const char *name;             /* "sentiment" */
    const char *source;           /* "sentiment.lua" */
    const char *version;          /* of the compiler */
    uint64_t fingerprint;         /* of names, shapes and options */

    int input_is_tokens;          /* 1: int32_t ids in [0, vocabulary), 0: float */
    int vocabulary;
    int input_rank, output_rank, target_rank;
    /* without the batch axis */
    int input_shape[LSTMC_RANK_MAX], output_shape[LSTMC_RANK_MAX], target_shape[LSTMC_RANK_MAX];
    int target_is_class;          /* 1: int32_t classes, 0: float */
    size_t input_count, output_count, target_count;                    /* elements a sample */
    /* 1: each sample has a length, and only so many of its steps count: see the functions with lengths below */
    int has_lengths;
    /* Of a model with several inputs, whose samples are structs of them; NULL and 0 where x is one array. The shape is
     * {input_count} then, and input_is_tokens 0. */
    const struct lstmc_array *inputs;
    int input_arrays;
    /* The same of a model with several outputs: a row of y, and of the target, is a struct of them; NULL and 0 where
     * each is one array. The shapes are {output_count} and {target_count} then, and target_is_class 0; is_integer of a
     * target: classes below its vocabulary. loss_offsets: bytes, in the tape: the loss of each output, a float. */
    const struct lstmc_array *outputs, *targets;
    int output_arrays;
    const size_t *loss_offsets;
    const char *loss;             /* "binary_crossentropy" */
    /* 0: a sample has one weight; else so many, one for each of its losses (of several outputs: see their targets) */
    int sample_weights;
    /* 1: losses whose target is that class do not count: lstmc_train and lstmc_evaluate give them the weight 0, and
     * those that count all / those that count. Of several outputs 1 if one has such a class: its target says which. */
    int ignores_class, ignored_class;
    int loss_of_sample;           /* 1: one loss a sample, 0: one for each place before the last axis of the output */

    int batch;                    /* rows of one tape */
    int shards;                   /* tapes of one batch */
    struct lstmc_optimizer optimizer;

    const struct lstmc_tensor *weights;       /* trainable ones first */
    int weight_tensors;
    size_t weight_count, gradient_count;      /* floats; the gradients are the first gradient_count weights */
    const struct lstmc_tensor *tape_tensors;  /* what the tape keeps, offsets from its start */
    int tape_tensor_count;
    size_t output_offset, d_output_offset;    /* bytes, in the tape */
    /* bytes, in the tape: an int, the index in the whole batch of the tape's row 0 */
    size_t first_row_offset;

    size_t packed_bytes, scratch_bytes, batch_scratch_bytes, state_bytes, training_bytes, tape_bytes;

    /* The model's functions; NULL where the model has none (no streaming meaning, compiled with --inference). */
    void  (*prepare)(void *packed, const void *weights);
    void  (*predict)(const void *packed, void *scratch, const void *x, float *y);
    void  (*predict_batch)(const void *packed, void *batch_scratch, const void *x, int rows, float *y);
    void  (*reset)(const void *packed, void *state);
    int   (*step)(const void *packed, void *state, const void *x, float *y);
    void  (*prepare_training)(void *training, const void *weights);
    /* prepare_training has been called; then, of the floats first to first + count - 1 of the weights, what depends on
     * them. Several threads may do so at once for ranges that share no group of LSTMC_RANGE_ROWS rows of a weight,
     * from its first row on, and no weight of fewer rows or of rank 1. NULL: more is made of the weights than copies.
     */
    void  (*prepare_range)(void *training, const void *weights, size_t first, size_t count);
    void  (*reset_tape)(const void *training, void *tape);
    void  (*forward)(const void *training, void *tape, const void *x, int rows, uint64_t seed);
    float (*loss_function)(void *tape, const void *target, const float *sample_weight, float scale);
    void  (*backward)(const void *training, void *tape, void *gradients);
    void  (*carry)(void *tape);

    /* Of a model with lengths, in place of those above, which take all steps as valid: lengths [rows] (of predict
     * one), or NULL for all steps; a length below 0 is 0, one beyond the steps is all of them. */
    void  (*predict_lengths)(const void *packed, void *scratch, const void *x, const int32_t *lengths, float *y);
    void  (*predict_batch_lengths)(const void *packed, void *batch_scratch, const void *x, const int32_t *lengths,
                                   int rows, float *y);
    void  (*forward_lengths)(const void *training, void *tape, const void *x, const int32_t *lengths, int rows,
                             uint64_t seed);

    /* Of a model that needs sums over the whole batch; 0 and NULL of others. A batch on several tapes: each does phase
     * 0 of forward, the sums of that phase are added up over all tapes, and each gets the sum; then phase 1; after the
     * last one the loss, and the phases of backward in the same way. Backward may also be cut where the gradients of a
     * layer are complete. forward_phase, backward_phase: NULL where there is one phase, which is the whole pass. */
    int forward_phases, backward_phases;
    const struct lstmc_sum *sums;
    int sum_count;
    void  (*forward_phase)(const void *training, void *tape, const void *x, int rows, uint64_t seed, int phase);
    void  (*forward_phase_lengths)(const void *training, void *tape, const void *x, const int32_t *lengths, int rows,
                                   uint64_t seed, int phase);
    void  (*backward_phase)(const void *training, void *tape, void *gradients, int phase);

    /* Of a model with statistics that each batch of a training changes, such as moving averages; else NULL. */
    void  (*update_statistics)(const void *tape, void *weights);
};

#endif

#endif
