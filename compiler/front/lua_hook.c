/* lua_hook.c: what happens while a description runs: its instructions are counted; and where a function of its
 * mathematics returns, the local variables name what they hold. */
#include "lua_description.h"

#include <string.h>

#define INSTRUCTIONS_MAX   20000000 /* about half a second */
#define LAYER_INSTRUCTIONS 50000    /* more for our own mathematics, which is as long as the description has layers */
#define HOOK_INTERVAL      10000
#define NAME_MAX_LENGTH    60       /* of a local variable that names a value, as of all other names */

static bool is_value(lua_State *L, int index)
{
    if (!lua_istable(L, index))
        return false;
    index = lua_absindex(L, index);
    lua_pushstring(L, "number");
    lua_rawget(L, index);
    lua_pushstring(L, "shape");
    lua_rawget(L, index);
    bool yes = lua_isinteger(L, -2) && lua_istable(L, -1);
    lua_pop(L, 2);
    return yes;
}

/* A function of the mathematics returns: its local variables name the values they hold, so that the emitted code has
 * the paper's names. */
static void name_locals(lua_State *L, lua_Debug *ar)
{
    lua_getinfo(L, "fSl", ar);
    lua_getfield(L, LUA_REGISTRYINDEX, "named_functions");
    lua_pushvalue(L, -2);
    bool wanted = lua_rawget(L, -2) == LUA_TBOOLEAN;
    lua_pop(L, 3);
    if (!wanted)
        return;
    if (!strcmp(ar->source, DESCRIPTION_CHUNK))
        description_of(L)->returned_line = ar->currentline;
    const char *name;
    for (int n = 1; (name = lua_getlocal(L, ar, n)); n++) {
        door_content(L);
        if (name[0] != '(' && strlen(name) <= NAME_MAX_LENGTH && is_value(L, -1)) {
            lua_pushstring(L, "local_name");
            lua_pushstring(L, name);
            lua_rawset(L, -3);
        }
        lua_pop(L, 1);
    }
}

static void hook(lua_State *L, lua_Debug *ar)
{
    if (ar->event == LUA_HOOKRET) {
        name_locals(L, ar);
        return;
    }
    Description *d = description_of(L);
    d->instructions_left -= HOOK_INTERVAL;
    if (d->instructions_left < 0)
        luaL_error(L, "the description does not end (more than %d million instructions)",
                   (int)((INSTRUCTIONS_MAX + (long)d->own_layers * LAYER_INSTRUCTIONS) / 1000000));
}

void description_name_locals(lua_State *L, int change)
{
    Description *d = description_of(L);
    d->hook_depth += change;
    if (d->hook_depth == (change > 0))
        lua_sethook(L, hook, LUA_MASKCOUNT | (change > 0 ? LUA_MASKRET : 0), HOOK_INTERVAL);
}

void description_count_instructions(Description *d)
{
    d->instructions_left = INSTRUCTIONS_MAX + (long)d->own_layers * LAYER_INSTRUCTIONS;
    d->hook_depth = 0;
    lua_sethook(d->lua, hook, LUA_MASKCOUNT, HOOK_INTERVAL);
}
