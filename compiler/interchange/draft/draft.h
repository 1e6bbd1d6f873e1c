/* draft.h: a description in the making: what an importer has found, as layers with arguments as a description writes
 * them, and their weights. write.c makes a text of it, weights.c the weights of the model that it
 * describes. */
#ifndef DRAFT_H
#define DRAFT_H

#include "compiler/base/diag.h"
#include "compiler/front/catalogue.h"
#include "compiler/front/model.h"

#include "runtime/safetensors.h"

typedef struct DraftArray {         /* a weight in lstmc's layout, which is Keras's */
    const char *found;              /* what the file calls it */
    int rank;
    size_t shape[LSTMC_FILE_RANK_MAX];
    const float *values;            /* row-major */
    bool joined;                    /* axes next to each other in the weight are one: heads and their features */
} DraftArray;

typedef struct DraftArgument {
    const char *name;               /* NULL: by position */
    const char *text;               /* as a description writes it */
} DraftArgument;

typedef struct DraftLayer {
    const char *kind;               /* "LSTM" */
    const char *name;               /* as Keras counts or as somebody has called it; NULL: its own of the kind */
    const char *found;              /* what the file calls it, for messages */
    const char *key;                /* its bare name in the file; NULL: it has none */
    struct DraftLayer *shares;      /* it is a further call of that one, and has its arguments and weights; NULL */
    struct DraftLayer *otherwise;   /* its weights as a layer of another kind, where the file leaves that open */
    DraftArgument *arguments; int argument_count, argument_capacity;
    const char *remark;             /* a comment behind it; NULL */
    int *from; int from_count, from_capacity;   /* places of the layers that it reads; none of an Input */
    int initial_count;              /* the last of these are what its states begin with */
    const char *state_name;         /* of a FinalState, "h" or "forward_c": the call of the layer that it reads makes
                                     * it, as state number `state`; else NULL */
    int state;
    bool masked;                    /* what it puts out has a mask */
    DraftArray *weights; int weight_count, weight_capacity;     /* its own in their order, then its sublayers' */
} DraftLayer;

typedef struct Draft {
    Arena *arena;
    Diagnostics *diagnostics;
    const char *file;               /* in messages */
    const char *origin;             /* "Keras 2.15.0" */
    const Catalogue *catalogue;
    const char **notes; int note_count, note_capacity;          /* what there is to know besides: lines of comment */
    const char **assumed; int assumed_count, assumed_capacity;  /* what the file does not say */
    DraftArgument *parameters; int parameter_count, parameter_capacity;     /* NAME and value of arg.NAME */
    const char **definitions; int definition_count, definition_capacity;    /* layers and activations of its own */
    DraftLayer **layers; int layer_count, layer_capacity;
    int *outputs; int output_count, output_capacity;            /* places of layers */
    DraftArgument *training; int training_count, training_capacity;         /* loss, optimizer, metrics */
    bool unordered;                 /* the file has the layers in an order of its own, not in that of the model */
} Draft;

typedef struct DraftSource {
    const char *path;               /* the model, or its architecture */
    const char *weights;            /* the file of its weights, where they are not in it; NULL */
    bool weights_alone;             /* for a description that is there: nothing counts but layers and their weights */
} DraftSource;

typedef struct DraftPair {          /* --map: a layer of the file and one of the description; "": none */
    const char *found, *layer;
} DraftPair;

Draft *draft_create(Arena *arena, Diagnostics *diagnostics, const char *file);

/* A layer that has been made beside the draft becomes its last one. */
void draft_append(Draft *draft, DraftLayer *layer);
DraftLayer *draft_add(Draft *draft, const char *kind, const char *found);
void draft_argument(Draft *draft, DraftLayer *layer, const char *name, const char *text);
void draft_training(Draft *draft, const char *name, const char *text);
void draft_read(Draft *draft, DraftLayer *layer, int from);
void draft_weight(Draft *draft, DraftLayer *layer, const DraftArray *weight);
bool draft_same_array(const DraftArray *a, const DraftArray *b);
/* Takes out what no output needs, but for inputs (prune.c). */
void draft_prune(Draft *draft);
void draft_note(Draft *draft, const char *format, ...) PRINTF_LIKE(2, 3);
void draft_assume(Draft *draft, const char *format, ...) PRINTF_LIKE(2, 3);

/* The name of the parameter that says how long a sequence is where the file leaves that open, which is assumed then. */
const char *draft_timesteps(Draft *draft, const char *steps);

/* A mistake of the file: a diagnostic. */
void draft_refuse(Draft *draft, const char *format, ...) PRINTF_LIKE(2, 3);

/* NULL if this version has no such layer. */
const CatalogueEntry *draft_kind(const Draft *draft, const char *kind);

/* The chain of layers, each of which reads the one before. */
bool draft_is_chain(const Draft *draft);

/* ---- text ---- */

/* "Conv1D" -> "conv1d", "LayerNormalization" -> "layer_normalization", as Keras makes names of classes. */
const char *snake_case(Arena *arena, const char *kind);
/* A literal of Lua; whatever the text is, it stays one. */
const char *lua_quoted(Arena *arena, const char *text);
/* Whether a layer can be called so: a letter, then letters, digits and _, not many. */
bool is_name(const char *text);
/* The shortest one that is this number again: as a float where it is one. */
const char *lua_number(Arena *arena, double number);
/* The number with the fewest digits that is this float again: 0.05, not 0.0500000007. */
double plain_number(Arena *arena, float number);
/* {1, 2} */
const char *lua_sizes(Arena *arena, int count, const size_t *sizes);

/* LSTM{8, return_sequences = true} */
const char *draft_layer_text(const Draft *draft, const DraftLayer *layer);

/* The description: a chain as a Sequential, else a Model of calls (write.c). `name` is that of the model. */
const char *draft_text(const Draft *draft, const char *name);

/* The weights of the model which that description makes, in its places; NULL with diagnostics that name layer, shape
 * found and shape wanted (weights.c). */
float *draft_weights(const Draft *draft, const Model *model);

/* Whether a weight that was found has the shape of one of the model, but for axes of one; that shape as a text. */
bool draft_fits(const DraftArray *array, const struct lstmc_tensor *weight);
const char *draft_wanted(Arena *arena, const struct lstmc_tensor *weight);

/* The weights of a model that was there before, from the layers of the draft that have some: as the pairs say it, by
 * names that the description has given, and else in order, or, of files without one, by shapes; NULL with diagnostics
 * for all that does not go together (into.c). A layer that owns layers takes several. */
float *draft_into(const Draft *draft, const Model *model, const DraftPair *pairs, int pair_count);

#endif
