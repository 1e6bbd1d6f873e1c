/* model.h: the validated description as plain data: the one header that compiler and interpreter share.
 * Nothing here knows how a layer computes; a layer is a kind ("LSTM"), its arguments under Keras's names, its weights
 * and its shapes. */
#ifndef MODEL_H
#define MODEL_H

#include "runtime/lstmc.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

typedef struct Shape {              /* without the batch axis */
    int rank;
    int extent[LSTMC_RANK_MAX];
} Shape;

typedef enum ArgumentKind { ARGUMENT_NONE, ARGUMENT_NUMBER, ARGUMENT_BOOLEAN, ARGUMENT_TEXT } ArgumentKind;

typedef struct Argument {           /* after defaults are filled in: every argument of the kind is there */
    const char *name;               /* "units" */
    ArgumentKind kind;
    bool is_size;                   /* of type "size": an extent of something, units */
    bool is_default;                /* what it is where nothing is said */
    double number;                  /* number; boolean as 0 or 1 */
    const char *text;               /* activations and other choices by name; NULL if none */
} Argument;

typedef struct OwnObject {          /* an activation or a metric that the description defines itself */
    const char *name;
    int line;                       /* in the description */
    bool whole;                     /* of a metric: it sees the whole sample */
} OwnObject;

typedef struct Layer {
    const char *kind;               /* Keras's class: "LSTM" */
    const char *name;               /* "lstm_1" */
    int line;                       /* in the description */
    int place;                      /* of its noise: among all layers, with those that others own */
    /* defined by the description itself, or owner of one that is: only its Lua mathematics knows what it computes */
    bool custom;
    bool trainable;
    int *from;                      /* positions in Model.layers of the layers whose outputs it reads: earlier ones */
    int from_count;                 /* Input: 0 */
    int given_states;               /* the last so many of them are what its own states begin with */
    bool is_state;                  /* it is a state that the layer which it reads has left */
    bool masked;                    /* its output has a mask: its own if it makes one, else that of from[0] */
    bool makes_mask, takes_mask;    /* takes: one of those in `from` has one */
    double activity_l1, activity_l2;/* what its outputs add to the loss: l1 sum |y| + l2 sum y^2, over the samples */
    Shape input, output;            /* input: what the first of them puts out */
    int vocabulary;                 /* Input of token ids: they are below; else 0 */
    Argument *arguments;
    int argument_count;
    /* named "lstm_1/kernel"; pointers into Model.descriptor.weights; behind its own those of the layers that it owns */
    const struct lstmc_tensor **weights;
    int weight_count;
    const char *shares;             /* the layer before it that is called here again, whose weights it has; or NULL */
    struct Layer *sublayers;        /* those that it owns, in the order of their first calls; without `from` */
    int sublayer_count;
} Layer;

typedef struct Vectors {            /* what a weight begins with, of a file that others have made */
    int weight;                     /* its place among the weights */
    const char *file;
    bool is_text;                   /* words with their vectors; else an array */
    const char **words; int word_count;     /* of the rows of the weight; none: those of the data */
    int line;
} Vectors;

typedef enum DataKind { DATA_NONE, DATA_NPY, DATA_CSV, DATA_CHARACTERS, DATA_WORDS, DATA_LINES, DATA_WAV,
               DATA_TS, DATA_MULTI_HOT, DATA_SAMPLES } DataKind;

/* What the description says about its data; the readers of the runtime do the reading. Paths are already relative to
 * the working folder. */
typedef struct Data {
    DataKind kind;
    int line;
    const char *x, *y;                      /* npy: training files; csv: x is the file */
    /* npy: of a model with several inputs a file for each, in their order, x being the first; else NULL */
    const char **x_arrays, **validation_arrays;
    const char **y_arrays, **validation_y_arrays;       /* the same of several outputs */
    const char *validation_x,
        *validation_y; /* npy: held-out files, or NULL; csv: validation_x is the file that is held out, or NULL */
    /* npy, texts: ids >= vocabulary become unknown; vocabulary 0: as they are */
    int vocabulary, unknown;
    const char **columns;                   /* csv: names, or "1", "2", ... ; inputs */
    int column_count;
    int *input_columns, input_count;        /* csv: of several inputs: how many of the columns each reads; else 0 */
    const char **targets;                   /* csv: names of the predicted columns */
    int target_count;
    int window;                             /* csv: steps read; characters, words: window */
    int *horizons, horizon_count;           /* csv: steps ahead */
    const char *normalization;              /* csv: "none", "standard", "minmax" */
    const char *missing;                    /* csv: "error", "drop", "previous", "interpolate" */
    const char *sample_weight;              /* npy: a file; csv: a column; or NULL */
    const char *validation_sample_weight;   /* npy: a file, or NULL */
    /* npy: how many steps of each sample count, or where in x, of all steps behind each other, each begins; or NULL */
    const char *lengths, *offsets, *validation_lengths, *validation_offsets;
    const char *label_lengths, *validation_label_lengths;   /* npy: how many labels each sample has; or NULL */
    const char *group;                      /* csv: the column that tells groups apart, or NULL */
    /* csv: file of what is left behind the end of each held-out group, or NULL */
    const char *validation_remaining;
    /* csv: targets become 1 up to this, else 0, and samples in between are left out; or NULL */
    const double *at_most, *above;
    bool sliding;                           /* csv: windows that move by one row; false: each row is one sample */
    bool relative, last_only;               /* csv */
    int header;                             /* csv: whether the first line is names: 1, -1; 0: by its looks */
    /* characters, words: streams side by side, whose states go on from batch to batch */
    bool stateful;
    /* csv, characters, words, lines, wav: the first part trains, the rest is held out, as a fraction */
    double split;
    const char **files; int file_count;     /* texts; none: of lines all of a folder */
    const char *folder;                     /* lines: files *.txt of it; wav: *.wav */
    const char **except; int except_count;  /* lines: names in it that are not read */
    const char *separator;                  /* lines: one character between the fields of a line; wav: of a name */
    bool has_header;                        /* lines: the first line of a file is not read */
    /* lines: fields, from 1; 0: the whole line, the file's name, none; wav: label, of a name */
    int text, label, target_text;
    /* lines, wav: in the order of the classes; none: as they are found; samples: names of the classes */
    const char **labels; int label_count;
    const char *level, *target_level;       /* "byte", "character", "word" */
    bool lower;                             /* small letters */
    bool next_token;                        /* lines: what is predicted is the next token */
    bool is_padded;                         /* npy: steps of zeros are none */
    bool pads_front;                        /* lines, wav, such npy: zeros in front of what is short, not behind */
    int target_vocabulary;                  /* lines: ids kept of target texts; 0: all */
    uint64_t seed;                          /* lines, wav: of the shuffle before the split */
    /* wav: held out is what has a number up to this in that field of its name; field 0: see split */
    int test_field, test_at_most;
    const char **test_among; int test_count;/* wav: or one of these; none: the number counts */
    int sample_rate, frame, step;           /* wav: in Hz, in samples */
    double low, high;                       /* wav: in Hz; high 0: half the sample rate */
    int join_least, join_most;              /* wav: recordings in a string; 0: each is a sample */
    double gap;                             /* wav: silence between two of them, in seconds */
    const char *training_part, *validation_part;    /* multi_hot: names of lists in the file */
    int first;                              /* multi_hot: the number that the first feature stands for */
    int samples, validation_samples;        /* samples, strings: how many to draw for an epoch and for validation */
} Data;

/* Of the losses that are no description's own: each reads those that it has. */
typedef struct LossOptions {
    bool from_logits, apply_class_balancing;
    double delta, label_smoothing, alpha, gamma;
} LossOptions;

/* What an output is held against: one of several. Of a model with one output all of this stands in Model. */
typedef struct Loss {
    const char *name;
    bool is_custom, of_sample;                  /* of_sample: one for each sample, not for each step */
    Argument *arguments; int argument_count;
    int line;
    LossOptions options;
    double weight;
} Loss;

typedef struct Model {
    const char *file;                       /* as given on the command line */
    Layer *layers;                          /* in order, Input included as kind "Input" */
    int layer_count;
    int *inputs, input_count;               /* positions of the Input layers, in the order in which arrays are given */
    int *outputs, output_count;             /* of the layers whose outputs are the model's, in their order */
    bool has_decoder;                       /* one input is read step by step when the model is used: */
    int decoder;                            /* its place among the inputs: what has been said so far */
    int begin_token, end_token;             /* if it reads tokens; else -1 */
    /* names, shapes, weights, optimizer, batch, shards; its functions and sizes in bytes are not set */
    struct lstmc_model descriptor;
    /* of several outputs: one for each; NULL of a model with one output, and of one without a loss */
    Loss *losses;
    const char *loss;                       /* "binary_crossentropy"; NULL if the description has none */
    /* defined by the description itself: only its Lua mathematics knows what it computes */
    bool loss_is_custom;
    Argument *loss_arguments; int loss_argument_count;
    int loss_line;
    OwnObject *own_activations; int own_activation_count;
    OwnObject *own_metrics; int own_metric_count;           /* those of `metrics` */
    LossOptions loss_options;
    const char **metrics;                   /* resolved: "binary_accuracy", never "accuracy" */
    const struct lstmc_metric_arguments *metric_arguments;  /* of each */
    int metric_count;
    bool weighs_steps;                      /* sample_weight_mode = "temporal" */
    unsigned weighted_metrics;              /* bit i: metric i is a mean by the weights of samples */
    const char **changed; int changed_count;    /* what defaults = "pytorch" has made of layers and optimizer */
    int epochs;
    uint64_t seed;
    bool shuffle;
    int buckets;                /* of samples of similar length, from which batches are drawn; 1: all together */
    bool stateful;              /* a layer goes on with its states from batch to batch, and only such layers do */
    double validation_split;
    const struct lstmc_schedule *schedule;  /* NULL: the optimizer's learning rate */
    double ema_momentum;                    /* 0: no average of the weights */
    int ema_overwrite_frequency, gradient_accumulation_steps;
    Vectors *vectors; int vectors_count;
    const float *class_weight; int class_count;
    /* a LearningRateScheduler's function is the caller's to set: description_rate */
    struct lstmc_callback *callbacks; int callback_count;
    Data data;
} Model;

/* Each layer reads the one before: Sequential, and what could be one. */
static inline bool model_is_chain(const Model *model)
{
    bool chain = model->input_count == 1;
    for (int i = 1; i < model->layer_count; i++)
        chain &= model->layers[i].from_count == 1 && model->layers[i].from[0] == i - 1;
    return chain;
}

/* Whether number k of what a layer reads is a state that is handed on, and no output. */
static inline bool layer_reads_state(const Layer *layer, int k)
{
    return layer->is_state || k >= layer->from_count - layer->given_states;
}

static inline bool model_has_output(const Model *model, int layer)
{
    for (int k = 0; k < model->output_count; k++)
        if (model->outputs[k] == layer)
            return true;
    return false;
}

/* What a decoder reads step by step; of a model that has one. */
static inline const Layer *model_decoder_input(const Model *model)
{
    return &model->layers[model->inputs[model->decoder]];
}

/* Whether it has a decoder that says tokens, each of which it reads next. */
static inline bool model_says_tokens(const Model *model)
{
    return model->has_decoder && model_decoder_input(model)->vocabulary > 0;
}

/* The place among the inputs of the one whose samples have lengths; -1: none. */
static inline int model_input_with_lengths(const Model *model)
{
    for (int k = 0; k < model->input_count; k++)
        if (model->layers[model->inputs[k]].makes_mask)
            return k;
    return -1;
}

/* How many steps that input has; 0: none has lengths. */
static inline int model_steps_with_lengths(const Model *model)
{
    int k = model_input_with_lengths(model);
    return k < 0 ? 0 : model->layers[model->inputs[k]].output.extent[0];
}

/* The name of the loss of an output if the description defines it itself; else NULL. */
static inline const char *model_own_loss(const Model *model, int output)
{
    if (model->losses)
        return model->losses[output].is_custom ? model->losses[output].name : NULL;
    return model->loss_is_custom && output == model->output_count - 1 ? model->loss : NULL;
}

static inline const Argument *layer_argument(const Layer *layer, const char *name)
{
    for (int i = 0; i < layer->argument_count; i++)
        if (!strcmp(layer->arguments[i].name, name))
            return &layer->arguments[i];
    return NULL;
}

static inline double layer_number(const Layer *layer, const char *name, double otherwise)
{
    const Argument *argument = layer_argument(layer, name);
    return argument && (argument->kind == ARGUMENT_NUMBER || argument->kind == ARGUMENT_BOOLEAN) ? argument->number
                                                                                                 : otherwise;
}

static inline bool layer_flag(const Layer *layer, const char *name)
{
    return layer_number(layer, name, 0) != 0;
}

static inline const char *layer_text(const Layer *layer, const char *name)
{
    const Argument *argument = layer_argument(layer, name);
    return argument && argument->kind == ARGUMENT_TEXT ? argument->text : NULL;
}

/* A list of whole numbers, "2 1" as a text; how many there are, `most` at most. */
static inline int layer_list(const Layer *layer, const char *name, int *list, int most)
{
    const char *text = layer_text(layer, name);
    int count = 0;
    while (text && *text && count < most) {
        char *end;
        list[count++] = (int)strtol(text, &end, 10);
        text = end;
    }
    return count;
}

/* "kernel" finds "lstm_1/kernel", "query/kernel" finds "multi_head_attention/query/kernel"; NULL if the layer has no
 * such weight (bias with use_bias = false). */
static inline const struct lstmc_tensor *layer_weight(const Layer *layer, const char *name)
{
    size_t length = strlen(name);
    for (int i = 0; i < layer->weight_count; i++) {
        const char *whole = layer->weights[i]->name;
        size_t before = strlen(whole) > length ? strlen(whole) - length : 0;
        if (before && whole[before - 1] == '/' && !strcmp(whole + before, name))
            return layer->weights[i];
    }
    return NULL;
}

/* Numbers that one call of M_step reads and writes, of a model that has it: time is the first extent of what has more
 * than one, and of ids. */
static inline size_t step_input_count(const struct lstmc_model *m)
{
    return m->input_count / (size_t)m->input_shape[0];
}

static inline size_t step_output_count(const struct lstmc_model *m)
{
    return m->output_rank > 1 ? m->output_count / (size_t)m->output_shape[0] : m->output_count;
}

static inline size_t shape_count(const Shape *shape)
{
    size_t count = 1;
    for (int i = 0; i < shape->rank; i++)
        count *= (size_t)shape->extent[i];
    return count;
}

#endif
