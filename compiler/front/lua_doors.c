/* lua_doors.c: the doors between a description and the compiler.
 *
 * The compiler works on tables: layers, values, weights, losses. A description holds handles of them: userdata without
 * anything inside that it could read or change. What goes in is opened: a handle becomes what it stands for, a plain
 * table is copied, so that it cannot change afterwards. What goes out is closed: objects become handles, plain tables
 * are copied, functions get a door of their own. Every function of the vocabulary has one (visible), and so has every
 * call of a function of the description (call_named). */
#include "lua_description.h"

#include <limits.h>
#include <string.h>

#define DEPTH_MAX 32            /* tables inside tables */

static bool has_field(lua_State *L, int index, const char *name, int type)
{
    lua_pushstring(L, name);
    bool yes = lua_rawget(L, index) == type;
    lua_pop(L, 1);
    return yes;
}

/* What a description may hold, but neither read nor change. */
static bool is_object(lua_State *L, int index)
{
    return has_field(L, index, "object", LUA_TSTRING) || has_field(L, index, "_class", LUA_TTABLE);
}

/* The stand-in for an unknown name is a table that takes every use; it passes through doors as it is. */
static bool is_unknown(lua_State *L, int index)
{
    lua_getfield(L, LUA_REGISTRYINDEX, "unknown");
    bool yes = lua_rawequal(L, -1, index);
    lua_pop(L, 1);
    return yes;
}

/* ---- opening and closing: both push the result ----------------------------------------------- */

static void open_value(lua_State *L, int index, int seen, int depth)
{
    luaL_checkstack(L, 8, "tables nest too deeply");
    if (door_is_handle(L, index)) {
        lua_getiuservalue(L, index, 1);
        return;
    }
    lua_pushvalue(L, index);
    if (!lua_istable(L, index) || is_unknown(L, index) || lua_rawget(L, seen) != LUA_TNIL)
        return;
    lua_pop(L, 1);
    if (depth > DEPTH_MAX)
        luaL_error(L, "tables nest more than %d deep", DEPTH_MAX);
    lua_newtable(L);
    int copy = lua_gettop(L);
    lua_pushvalue(L, index);
    lua_pushvalue(L, copy);
    lua_rawset(L, seen);
    lua_pushnil(L);
    while (lua_next(L, index)) {
        lua_pushvalue(L, -2);
        open_value(L, lua_absindex(L, -2), seen, depth + 1);
        lua_rawset(L, copy);
        lua_pop(L, 1);
    }
}

void door_open(lua_State *L, int index)
{
    index = lua_absindex(L, index);
    if (!lua_istable(L, index)) {
        open_value(L, index, 0, 0);
        return;
    }
    lua_newtable(L);                        /* what has been copied: a table in itself stays one */
    open_value(L, index, lua_gettop(L), 0);
    lua_remove(L, -2);
}

/* A function that the compiler defines itself, in an embedded file. C functions either are doors or need none. */
static bool is_ours(lua_State *L, int index)
{
    lua_Debug ar;
    if (lua_iscfunction(L, index))
        return false;
    lua_pushvalue(L, index);
    lua_getinfo(L, ">S", &ar);
    return strcmp(ar.source, DESCRIPTION_CHUNK) != 0;
}

static void push_door(lua_State *L, int function, const char *name);

static void close_value(lua_State *L, int index, int depth)
{
    index = lua_absindex(L, index);
    luaL_checkstack(L, 8, "tables nest too deeply");
    bool is_table = lua_istable(L, index);
    if (is_table && !is_unknown(L, index) && is_object(L, index)) {
        door_push_handle(L, index);
        return;
    }
    if (!(is_table && !is_unknown(L, index)) && !(lua_isfunction(L, index) && is_ours(L, index))) {
        lua_pushvalue(L, index);
        return;
    }
    lua_getfield(L, LUA_REGISTRYINDEX, "closed");
    lua_pushvalue(L, index);
    if (lua_rawget(L, -2) == LUA_TNIL) {
        lua_pop(L, 1);
        if (!is_table) {
            push_door(L, index, "the function");
            lua_pushvalue(L, index);
            lua_pushvalue(L, -2);
            lua_rawset(L, -4);
        } else if (depth > DEPTH_MAX) {
            die("an internal table nests more than %d deep", DEPTH_MAX);
        } else {
            lua_newtable(L);
            lua_pushnil(L);
            while (lua_next(L, index)) {
                lua_pushvalue(L, -2);
                close_value(L, -2, depth + 1);
                lua_rawset(L, -5);
                lua_pop(L, 1);
            }
        }
    }
    lua_remove(L, -2);
}

void door_close(lua_State *L, int index)
{
    close_value(L, index, 0);
}

/* ---- doors ----------------------------------------------------------------------------------- */

/* How many arguments a Lua function takes; -1: any number. */
static int parameters_of(lua_State *L, int function)
{
    lua_Debug ar;
    lua_pushvalue(L, function);
    lua_getinfo(L, ">u", &ar);
    return ar.isvararg ? -1 : ar.nparams;
}

static int enter(lua_State *L)              /* upvalues: the function, its name, how many arguments it takes */
{
    int given = lua_gettop(L), most = (int)lua_tointeger(L, lua_upvalueindex(3));
    if (most >= 0 && given > most)
        return luaL_error(L, "%s takes %d value%s, not %d", lua_tostring(L, lua_upvalueindex(2)), most,
                          most == 1 ? "" : "s", given);
    luaL_checkstack(L, given + 8, "too many arguments");
    lua_pushvalue(L, lua_upvalueindex(1));
    for (int i = 1; i <= given; i++)
        door_open(L, i);
    lua_call(L, given, LUA_MULTRET);
    int results = lua_gettop(L) - given;
    luaL_checkstack(L, results + 8, "too many results");
    for (int i = 1; i <= results; i++)
        door_close(L, given + i);
    return results;
}

static void push_door(lua_State *L, int function, const char *name)
{
    lua_pushvalue(L, function);
    lua_pushstring(L, name);
    lua_pushinteger(L, parameters_of(L, function));
    lua_pushcclosure(L, enter, 3);
}

/* visible(f, name): f behind a door. As a C function it also keeps the caller's line in a tail call, `return
 * Sequential{...}`. */
static int visible(lua_State *L)
{
    luaL_checktype(L, 1, LUA_TFUNCTION);
    push_door(L, 1, luaL_checkstring(L, 2));
    return 1;
}

/* share(t): a description that is handed t gets the same copy of it each time. */
static int share(lua_State *L)
{
    lua_settop(L, 1);
    close_value(L, 1, 0);
    lua_getfield(L, LUA_REGISTRYINDEX, "closed");
    lua_pushvalue(L, 1);
    lua_pushvalue(L, 2);
    lua_rawset(L, -3);
    return 0;
}

/* open(v): what v is to the compiler. */
static int open(lua_State *L)
{
    lua_settop(L, 1);
    door_open(L, 1);
    return 1;
}

/* close(v): what a description may hold of v. */
static int close(lua_State *L)
{
    lua_settop(L, 1);
    close_value(L, 1, 0);
    return 1;
}

/* call_named(f, ...): calls f, through a door if it is the description's own; its locals name their values when it
 * returns. */
static int call_named(lua_State *L)
{
    int top = lua_gettop(L);
    bool ours = is_ours(L, 1);
    lua_getfield(L, LUA_REGISTRYINDEX, "named_functions");
    lua_pushvalue(L, 1);
    lua_pushboolean(L, 1);
    lua_rawset(L, -3);
    lua_pop(L, 1);
    for (int i = 2; !ours && i <= top; i++) {
        close_value(L, i, 0);
        lua_replace(L, i);
    }
    description_name_locals(L, 1);
    lua_call(L, top - 1, LUA_MULTRET);
    description_name_locals(L, -1);
    for (int i = 1; !ours && i <= lua_gettop(L); i++) {
        door_open(L, i);
        lua_replace(L, i);
    }
    return lua_gettop(L);
}

/* parameters(f): how many arguments it takes. */
static int parameters(lua_State *L)
{
    luaL_checktype(L, 1, LUA_TFUNCTION);
    int count = parameters_of(L, 1);
    lua_pushinteger(L, count < 0 ? UCHAR_MAX : count);
    return 1;
}

void doors_install(lua_State *L)
{
    static const luaL_Reg functions[] = {
        { "visible", visible }, { "share", share }, { "open", open }, { "close", close }, { "call_named", call_named },
        { "parameters", parameters },
        { NULL, NULL }
    };
    luaL_setfuncs(L, functions, 0);
    lua_newtable(L);
    lua_pushvalue(L, -1);
    lua_setfield(L, LUA_REGISTRYINDEX, "handle");
    lua_setfield(L, -2, "handle_metatable");
    lua_newtable(L);
    lua_pushvalue(L, -1);
    lua_setfield(L, LUA_REGISTRYINDEX, "unknown");
    lua_setfield(L, -2, "unknown");
    /* table or function -> what a description holds of it, as long as there is the former */
    lua_newtable(L);
    lua_newtable(L);
    lua_pushliteral(L, "k");
    lua_setfield(L, -2, "__mode");
    lua_setmetatable(L, -2);
    lua_setfield(L, LUA_REGISTRYINDEX, "closed");
}
