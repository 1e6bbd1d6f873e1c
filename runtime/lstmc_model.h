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
