/* lua_description.h: what the files that speak Lua share: read_lua.c, lua_state.c, lua_model.c, lua_sample.c and
 * lua_lower.c. */
#ifndef LUA_DESCRIPTION_H
#define LUA_DESCRIPTION_H

#include "read_lua.h"

#include <lauxlib.h>
#include <lua.h>

struct Description {
    Arena *arena;
    Diagnostics *diagnostics;
    const char *file;
    lua_State *lua;
    Model model;
    size_t memory;              /* bytes that Lua holds */
    int hook_depth;             /* calls of call_named under way */
    long instructions_left;
    bool running;               /* inside description_call: memory is bounded */
    bool silent;                /* notes are not said */
    bool timed;                 /* the process ends when Lua has used its CPU time */
    long microseconds_left;
    long more_microseconds;     /* than a description alone has: for the lowering of our own layers */
    size_t own_layers;          /* that are being lowered; 0: none */
    int printed;                /* lines */
    lua_Integer handles;        /* made so far */
    const char *inside;         /* the layer whose mathematics is called; NULL: none */
    int inside_line;            /* where the description made it */
    int returned_line;          /* where its mathematics returned; 0: it has not, or is not the description's own */
};

/* The description that a Lua state belongs to (lua_handles.c). */
Description *description_of(lua_State *L);

#define DESCRIPTION_CHUNK   "=(description)"
#define DESCRIPTION_UNKNOWN "unknown name's value" /* what Lua calls the stand-in for an unknown name (sandbox.lua) */

/* Opens the bare state with the vocabulary in it; ends it. */
void description_open(Description *description);
void description_close(Description *description);

/* The whole CPU time for what is called next. */
void description_refill(Description *description);
/* The model is lowered next: more time and memory for each layer that is not the description's own. */
void description_allow(Description *description);

/* Calls the function below its `arguments` with a fresh budget of instructions; a failure becomes a diagnostic. */
bool description_call(Description *description, int arguments, int results);

/* lua_hook.c: a fresh budget of instructions for what is called next. */
void description_count_instructions(Description *description);
/* Counts calls whose local variables are to name what they hold: +1 before, -1 behind such a call. */
void description_name_locals(lua_State *L, int change);

/* lua_doors.c: adds its functions to the table of internals on top of the stack. */
void doors_install(lua_State *L);
/* Pushes what the value at the index is to the compiler; what a description may hold of it. */
void door_open(lua_State *L, int index);
void door_close(lua_State *L, int index);

/* lua_handles.c: pushes the handle of the object at the index. It has one, so that handles are equal where objects
 * are. */
void door_push_handle(lua_State *L, int object);
bool door_is_handle(lua_State *L, int index);
/* Replaces a handle on top of the stack by what it stands for. */
void door_content(lua_State *L);
/* The age of the handle at the index, from 1; 0 if it is none. */
lua_Integer door_handle_number(lua_State *L, int index);

/* lua_operations.c: adds `operations`, the rows of ops.h that are written as calls, and evaluate() to that table. */
void operations_install(lua_State *L);

/* lua_chunks.c: pushes an embedded Lua file as a function. */
void push_embedded_chunk(lua_State *L, const char *name);

/* lua_same.c: replaces what Lua's own library does differently in each run. */
void same_install(lua_State *L);
/* Pushes the value at the index as text, without an address. */
const char *same_text(lua_State *L, int index);

/* Fills description->model from the built model in the registry (lua_model.c); a failure becomes a diagnostic. */
bool model_extract(Description *description, int batch);

/* The weights of the built model, which is on top of the stack (lua_weights.c); so many at most. */
#define WEIGHTS_MAX 10000
void weights_extract(Description *description);

/* The data of the built model, which is on top of the stack; the weights that begin with vectors of a file
 * (lua_data.c). */
void data_extract(Description *description);
void data_extract_vectors(Description *description);

/* Callbacks and class weights of the built model, which is on top of the stack; and, with the optimizer's arguments
 * there, the schedule and the learning rate with which it begins (lua_training.c). */
void   training_extract(Description *description);
double training_extract_rate(Description *description);

/* Pushes a field of the table of internals. */
void description_push(Description *description, const char *field);

/* ---- lua_lower.c ---- */

/* What of the model is lowered: all of it, or one layer, or one activation, the loss or a metric. */
typedef struct LoweredPart {
    const char *function;           /* of lowering.lua */
    int layer;
    const char *name;               /* of an activation or a metric */
    int width;                      /* numbers that the activation sees */
} LoweredPart;
Ir *lower_part(Arena *arena, Description *description, const LowerOptions *options, LoweredPart part);

#endif
