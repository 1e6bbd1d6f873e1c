/* lua_operations.c: the rows of ops.h that a layer can say, for the vocabulary: their names, and what they make of
 * plain numbers. */
#include "lua_description.h"

#include "compiler/ir/ir.h"

#include <math.h>

#define WHOLE_MAX 0x1p53        /* as far as a double holds every whole number */

/* (operation, a, b): of whole numbers it stays whole. */
static int evaluate(lua_State *L)
{
    const OpTraits *traits = &op_traits[luaL_checkinteger(L, 1)];
    bool whole = !traits->transcendental;
    double argument[2] = { 0, 0 };
    for (int i = 0; i < traits->arity; i++) {
        argument[i] = luaL_checknumber(L, 2 + i);
        whole = whole && lua_isinteger(L, 2 + i);
    }
    double value = traits->evaluate(argument[0], argument[1]);
    if (whole && fabs(value) < WHOLE_MAX)
        lua_pushinteger(L, (lua_Integer)value);
    else
        lua_pushnumber(L, value);
    return 1;
}

/* { name = "max", op = "maximum", arity = 2, root = false, number = 22 } */
static void push_operation(lua_State *L, int op)
{
    lua_createtable(L, 0, 5);
    lua_pushstring(L, op_traits[op].name);
    lua_setfield(L, -2, "name");
    lua_pushstring(L, op_traits[op].lua);
    lua_setfield(L, -2, "op");
    lua_pushinteger(L, op_traits[op].arity);
    lua_setfield(L, -2, "arity");
    lua_pushboolean(L, op_traits[op].transcendental);
    lua_setfield(L, -2, "root");
    lua_pushinteger(L, op);
    lua_setfield(L, -2, "number");
}

void operations_install(lua_State *L)
{
    lua_pushcfunction(L, evaluate);
    lua_setfield(L, -2, "evaluate");
    lua_newtable(L);
    int count = 0;
    for (int op = 0; op < OP_COUNT; op++)
        if (op_traits[op].lua && op_traits[op].precedence == PRECEDENCE_CALL) {
            push_operation(L, op);
            lua_rawseti(L, -2, ++count);
        }
    lua_setfield(L, -2, "operations");
}
