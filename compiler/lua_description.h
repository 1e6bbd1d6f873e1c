/* lua_description.h: what the files that speak Lua share: read_lua.c and lua_lower.c. */
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
};

/* Calls the function below its `arguments` with a fresh budget of instructions; a failure becomes a diagnostic. */
bool description_call(Description *description, int arguments, int results);

/* Fills description->model from the built model in the registry (lua_model.c). */
void model_extract(Description *description, int batch);

/* Pushes a field of the table of internals. */
void description_push(Description *description, const char *field);

#endif
