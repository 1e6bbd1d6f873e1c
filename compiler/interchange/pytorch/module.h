/* module.h: the modules of torch.nn that a state dict is of, as layers of lstmc, each with its weights in lstmc's
 * layout. */
#ifndef MODULE_H
#define MODULE_H

#include "state.h"

typedef struct StepArrays {
    DraftArray *list; int count, capacity;
} StepArrays;

/* A module, or of several layers in one nn.LSTM one of them. */
typedef struct Step {
    const char *kind;               /* "LSTM"; NULL: tensors that belong to nothing that is known here */
    const char *torch;              /* "nn.LSTM" */
    const char *name;               /* in the file: "encoder.lstm", of several layers "encoder.lstm_l1" */
    bool recurrent, cell, both;     /* both: two directions; cell: one step of a loop that the file does not have */
    size_t in, out;                 /* features; of an Embedding `in` are the ids */
    size_t units, projection;       /* of a recurrent layer; projection 0: none */
    size_t window[2];               /* of a convolution */
    bool biased;                    /* of a normalisation: it has gamma and beta */
    StepArrays weights, backward;   /* backward: of the second direction */
    /* of a matrix without a bias: as the other of Linear and Embedding would have it */
    const char *other_kind; StepArrays other;
    bool doubtful;                  /* its name does not say which of the two it is */
} Step;

typedef struct Steps {
    Step *list; int count, capacity;
    int *order;                     /* places in the list, as the chain has them (order.c) */
} Steps;

/* All modules in the order of the file. Mistakes are diagnostics. */
Steps modules_read(State *state);

/* Puts steps in an order in which each can read what the one before it puts out; false: there is none. `guessed`: there
 * are several (order.c). */
bool steps_order(Arena *arena, Steps *steps, bool is_sorted, bool *guessed);

/* The chain that the steps make, with what nobody knows said as assumed (chain.c). */
void chain_draft(Draft *draft, Steps *steps, bool is_sorted);

/* ---- within ---- */

typedef struct Modules {            /* reading them */
    State *state;
    Arena *arena;
    TextIndex *places;              /* of tensors by their names, from 1 */
    const char *path;               /* of the module at hand; "" at the root */
    Steps steps;
} Modules;

/* A tensor of the module at hand; NULL if it has none of that name, or, of what is taken, not with so many axes
 * (lookup.c). */
StateTensor *modules_find(Modules *modules, const char *name);
const StateTensor *modules_take(Modules *modules, const char *name, int rank);
const char *module_path(const Modules *modules);        /* for messages */

/* nn.RNN, nn.LSTM, nn.GRU and their cells; false: it is none (recurrent.c). */
bool modules_take_recurrent(Modules *modules);

/* nn.MultiheadAttention; false: it is none (attention.c). */
bool modules_take_attention(Modules *modules);

/* A tensor in another order of axes: axis d of the array is axis axes[d] of the tensor. With gates: the last axis is
 * that many parts, and the first two of three, r and z of a GRU, change their places (layout.c). */
DraftArray layout_permuted(Arena *arena, const StateTensor *tensor, const int *axes, int gates);
DraftArray layout_transposed(Arena *arena, const StateTensor *matrix, int gates);
DraftArray layout_kept(const StateTensor *tensor);
/* Both biases of a recurrent layer as its one: their sum, of a GRU two rows. */
DraftArray layout_biases(Arena *arena, const StateTensor *input, const StateTensor *recurrent, int gates);

void module_weight(Arena *arena, StepArrays *arrays, DraftArray array);

#endif
