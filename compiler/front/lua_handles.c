/* lua_handles.c: what a description holds of the compiler's tables: userdata without anything inside that it could read
 * or change. */
#include "lua_description.h"

typedef struct Handle {
    lua_Integer number;         /* handles have an order: that in which they were made */
} Handle;

Description *description_of(lua_State *L)
{
    return *(Description **)lua_getextraspace(L);
}

bool door_is_handle(lua_State *L, int index)
{
    if (lua_type(L, index) != LUA_TUSERDATA || !lua_getmetatable(L, index))
        return false;
    lua_getfield(L, LUA_REGISTRYINDEX, "handle");
    bool yes = lua_rawequal(L, -1, -2);
    lua_pop(L, 2);
    return yes;
}

lua_Integer door_handle_number(lua_State *L, int index)
{
    return door_is_handle(L, index) ? ((Handle *)lua_touserdata(L, index))->number : 0;
}

void door_content(lua_State *L)
{
    if (door_is_handle(L, -1)) {
        lua_getiuservalue(L, -1, 1);
        lua_replace(L, -2);
    }
}

void door_push_handle(lua_State *L, int object)
{
    lua_pushliteral(L, "handle");
    if (lua_rawget(L, object) != LUA_TNIL)
        return;
    lua_pop(L, 1);
    Handle *handle = lua_newuserdatauv(L, sizeof *handle, 1);
    handle->number = ++description_of(L)->handles;
    lua_pushvalue(L, object);
    lua_setiuservalue(L, -2, 1);
    lua_getfield(L, LUA_REGISTRYINDEX, "handle");
    lua_setmetatable(L, -2);
    lua_pushliteral(L, "handle");
    lua_pushvalue(L, -2);
    lua_rawset(L, object);
}
