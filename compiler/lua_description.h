/* lua_description.h: what the files that speak Lua share: read_lua.c, lua_state.c, lua_model.c, lua_sample.c and lua_lower.c. */
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
    bool timed;                 /* the process ends when Lua has used its CPU time */
    long microseconds_left;
    int printed;                /* lines */
    const char *inside;         /* the layer whose mathematics is called; NULL: none */
    int inside_line;            /* where the description made it */
    int returned_line;          /* where its mathematics returned; 0: it has not, or is not the description's own */
};

#define DESCRIPTION_CHUNK   "=(description)"
#define DESCRIPTION_UNKNOWN "unknown name's value"      /* what Lua calls the stand-in for an unknown name (sandbox.lua) */

/* Opens the bare state with the vocabulary in it. */
void description_open(Description *description);

/* The whole CPU time for what is called next. */
void description_refill(Description *description);

/* Calls the function below its `arguments` with a fresh budget of instructions; a failure becomes a diagnostic. */
bool description_call(Description *description, int arguments, int results);

/* Fills description->model from the built model in the registry (lua_model.c). */
void model_extract(Description *description, int batch);

/* Callbacks and class weights of the built model, which is on top of the stack; and, with the optimizer's arguments there, the schedule and the
 * learning rate with which it begins (lua_training.c). */
void   training_extract(Description *description);
double training_extract_rate(Description *description);

/* Pushes a field of the table of internals. */
void description_push(Description *description, const char *field);

/* Fields of the table on top of the stack, which stays there: NULL, `otherwise`, false if the field is missing. */
const char *lua_text_field(lua_State *L, Arena *arena, const char *name);
double      lua_number_field(lua_State *L, const char *name, double otherwise);
bool        lua_flag_field(lua_State *L, const char *name);

#endif
