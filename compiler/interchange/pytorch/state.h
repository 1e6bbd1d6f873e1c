/* state.h: what a model of PyTorch has learned: named tensors, wherever the file has them. */
#ifndef STATE_H
#define STATE_H

#include "compiler/interchange/draft/json.h"
#include "compiler/base/text_index.h"
#include "pickle.h"

typedef struct StateTensor {
    const char *name;               /* "encoder.lstm.weight_ih_l0" */
    const char *dtype;              /* as torch says it: "float16" */
    int rank;
    size_t shape[LSTMC_FILE_RANK_MAX];
    size_t count;
    const float *values;            /* row-major, whatever strides the file has */
    bool taken;                     /* some layer has it */
} StateTensor;

typedef struct State {
    Draft *draft;                   /* its arena, its file in messages */
    StateTensor *tensors; int count, capacity;
    size_t room;                    /* numbers that there may still be, by the length of the file */
    bool sorted;                    /* by their names: the file does not know the order of the layers */
} State;

/* Fill a state; mistakes are diagnostics. An archive of torch.save, which has been unpacked; a file from before
 * PyTorch 1.6, which is pickles and numbers one after another (file.c); a safetensors file that was opened. */
void state_read_archive(State *state, const struct lstmc_tensor_file *contents);
void state_read_old(State *state, const unsigned char *bytes, size_t length);
void state_read_safetensors(State *state, const struct lstmc_tensor_file *file);
/* Lists of numbers by their names (json_state.c). */
void state_read_json(State *state, const json_t *json);

/* ---- within ---- */

typedef struct Storage {            /* numbers, of which tensors are views */
    const unsigned char *data;      /* NULL: the file has it not */
    size_t bytes;
} Storage;

typedef struct Storages {           /* by the text that a pickle calls each of them by */
    Storage *list; int count, capacity;
    TextIndex *index;               /* places in it, from 1 */
} Storages;

/* The tensors of an object that was pickled: a dict of them, perhaps within others, or a whole module (choose.c). */
void state_take(State *state, const Pickled *root, const Storages *storages);

/* When all are there: names without what DataParallel puts in front of them, and none of them twice. */
void state_settle(State *state);

/* A view of a storage becomes a tensor of the state (tensor.c). `dtype` as the file says it: "torch.FloatStorage",
 * "F32". */
typedef struct View {
    const char *name, *dtype;
    Storage storage;
    size_t offset;                  /* as what follows in elements */
    int rank;
    size_t shape[LSTMC_FILE_RANK_MAX], strides[LSTMC_FILE_RANK_MAX];
} View;
void state_add(State *state, const View *view);

/* How many bytes a number of that dtype has; 0: it is not known here. */
size_t state_element_bytes(const char *dtype);

#endif
