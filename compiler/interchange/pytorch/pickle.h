/* pickle.h: a pickle of Python as plain data. Nothing of it is ever executed: a class or function is its name, and what
 * would be made by calling one is that name with what it would have been called with. */
#ifndef PICKLE_H
#define PICKLE_H

#include "compiler/base/base.h"

typedef enum PickledKind {
    PICKLED_NONE, PICKLED_BOOLEAN, PICKLED_INTEGER, PICKLED_NUMBER, PICKLED_TEXT, PICKLED_BYTES, PICKLED_TUPLE,
    PICKLED_LIST, PICKLED_DICT, PICKLED_GLOBAL, PICKLED_PERSISTENT, PICKLED_OBJECT
} PickledKind;

/* They may hold each other, in a circle too: whoever walks through them counts. */
typedef struct Pickled {
    PickledKind kind;
    int64_t integer;                        /* integer; boolean: 0 or 1 */
    double number;
    const char *text; size_t length;        /* text, bytes; integers that fit no 64 bits are bytes */
    /* global: "torch._utils._rebuild_tensor_v2"; object: what it would be made by */
    const char *name;
    /* tuple, list; dict: key, value, key ...; object: what its maker would be called with; persistent: its id */
    struct Pickled **items; int count, capacity;
    struct Pickled *state;                  /* object: what it would be set to then; NULL */
} Pickled;

typedef struct Pickle {
    const Pickled *value;                   /* NULL: a mistake */
    const char *why;
    size_t used;                            /* of the bytes: others may stand behind it */
    Pickled **persistent; int persistent_count, persistent_capacity;    /* in their order */
} Pickle;

/* Reads one pickle at the beginning of the bytes: protocols 2 to 5, as far as files of torch.save have them. */
Pickle pickle_read(Arena *arena, const unsigned char *bytes, size_t length);

/* The value behind a key that is a text; NULL if it is no dict, or has none. */
const Pickled *pickled_find(const Pickled *dict, const char *key);

/* Whether it is a text that is this one. */
bool pickled_is(const Pickled *value, const char *text);

#endif
