/* read_lua.h: a description file to a validated model. The Lua state stays open: lower calls the layers' mathematics in
 * it. */
#ifndef READ_LUA_H
#define READ_LUA_H

#include "compiler/base/diag.h"
#include "compiler/ir/ir.h"
#include "model.h"

typedef struct Description Description;

typedef struct ReadOptions {
    const char *const *parameters;  /* "NAME=VALUE", visible as the table arg */
    int parameter_count;
    /* [parameter_count]: true: it is no mistake if the description does not read this one; NULL: all have to be read */
    const bool *may_be_unread;
    bool *is_read;                  /* [parameter_count], out: whether it does; NULL: nobody asks */
    int timesteps_max;              /* a longer time axis of the input is cut to this; 0: as it is */
    /* names of layers, with commas between, that are not to be trained; NULL: as described */
    const char *freeze;
    int batch;                      /* overrides rows of a tape; 0: as described */
    /* when the description uses too much CPU time, one line is written and the process ends with status 1 */
    bool timed;
    bool silent;                    /* notes are not said: nobody has written the description */
} ReadOptions;

/* Runs the file; NULL if there were mistakes, which are in `diagnostics` then. */
Description *description_read(Arena *arena, Diagnostics *diagnostics, const char *path, const ReadOptions *options);

/* The same for a text; `name` stands for the file in messages, and its base name for the model. */
Description *description_read_text(Arena *arena, Diagnostics *diagnostics, const char *name, const char *text,
                                   size_t length, const ReadOptions *options);
void         description_free(Description *description);
const Model *description_model(const Description *description);

/* One sample of samples(function ...), a pure function of (seed, index). x, y: room for input_count and target_count
 * elements of the model's types. weights [lstmc_weights_per_sample]: how much it counts, or its steps do; negative if
 * the function does not say. Returns false with a diagnostic if the function fails, or returns something that the model
 * has no place for. */
#define VALIDATION_INDEX (UINT64_C(1) << 40)    /* held-out samples are drawn far behind the training ones */
bool description_sample(Description *description, uint64_t seed, uint64_t index, void *x, void *y, float *weights,
                        int32_t *length);

/* What the function of the callback LearningRateScheduler says; NAN with a diagnostic if it fails. Epochs from 0. */
double description_rate(Description *description, int callback, int epoch, double learning_rate);

/* What a callback watches by this name, "loss", a metric, either with "val_", as the model calls it ("accuracy" is
 * "binary_accuracy"), and whether more of it is better; NULL: the model has no such value. */
const char *description_monitor(Description *description, const char *name, bool *maximize);

/* lower (lua_lower.c): the model's mathematics as an Ir with its reset, forward, carry and loss statements. */
typedef struct LowerOptions {
    bool training;          /* tape, dropout, loss */
    int batch;              /* 1: no batch axis, unless training */
    bool streaming;         /* one time step */
    bool decoding;          /* one time step of the decoder, whole sequences of what it does not read */
    bool whole;             /* all steps count, whatever lengths say */
    bool input_gradient;
    bool keep_adjoints;
} LowerOptions;
Ir *lower(Arena *arena, Description *description, const LowerOptions *options);

/* A model of one layer alone: lower for it needs no loss. For the interpreter's custom layers. */
Ir *lower_layer(Arena *arena, Description *description, int layer, int batch);

/* Alone, as a program of that many rows: an activation that the description defines, of `width` numbers; the loss,
 * whose input is the model's output; a metric that it defines, as if it were the loss. */
Ir *lower_activation(Arena *arena, Description *description, const char *name, int width, int batch);
Ir *lower_loss(Arena *arena, Description *description, int output, int batch);
Ir *lower_metric(Arena *arena, Description *description, const char *name, int batch);

/* Why the model has no streaming step; NULL if it has one. Derived from its mathematics (streaming.h). */
const char *lower_no_streaming(Arena *arena, Description *description);

#endif
