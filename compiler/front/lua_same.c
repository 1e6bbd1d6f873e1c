/* lua_same.c: the same file gives the same bytes. What Lua does otherwise in each run is done here in one way: the
 * order of pairs and next, sorting what is equal, and the addresses that tostring, string.format and print show. */
#include "lua_description.h"

#include <lualib.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PRINTED_MAX      200        /* lines that a description may print */
#define PRINTED_WIDTH    1000       /* bytes of a line */

/* ---- the order of keys: integers, other numbers, texts, false, true, handles by their age ---- */

typedef enum KeyRank { KEY_INTEGER, KEY_FLOAT, KEY_TEXT, KEY_BOOLEAN, KEY_HANDLE, KEY_WITHOUT_ORDER } KeyRank;

typedef struct Key {
    KeyRank rank;
    lua_Integer integer;            /* an integer; a boolean; the age of a handle */
    lua_Number number;
    const char *text;
    size_t length;
    lua_Integer place;              /* in the list of keys */
} Key;

static Key key_at(lua_State *L, int index)
{
    Key key = { .rank = KEY_WITHOUT_ORDER };
    switch (lua_type(L, index)) {
    case LUA_TNUMBER:
        key.rank = lua_isinteger(L, index) ? KEY_INTEGER : KEY_FLOAT;
        key.integer = lua_tointeger(L, index);
        key.number = lua_tonumber(L, index);
        break;
    case LUA_TSTRING:
        key.rank = KEY_TEXT;
        key.text = lua_tolstring(L, index, &key.length);
        break;
    case LUA_TBOOLEAN:
        key.rank = KEY_BOOLEAN;
        key.integer = lua_toboolean(L, index);
        break;
    case LUA_TUSERDATA:
        key.integer = door_handle_number(L, index);
        key.rank = key.integer ? KEY_HANDLE : KEY_WITHOUT_ORDER;
        break;
    }
    return key;
}

static int compare_keys(const void *left, const void *right)
{
    const Key *a = left, *b = right;
    if (a->rank != b->rank)
        return a->rank < b->rank ? -1 : 1;
    if (a->rank == KEY_FLOAT)
        return (a->number > b->number) - (a->number < b->number);
    if (a->rank == KEY_TEXT) {
        int order = memcmp(a->text, b->text, a->length < b->length ? a->length : b->length);
        return order ? order : (a->length > b->length) - (a->length < b->length);
    }
    return (a->integer > b->integer) - (a->integer < b->integer);
}

static int without_order(lua_State *L, const char *function)
{
    return luaL_error(L,
                      "%s: tables and functions as keys have no order that is the same in each run: keep them in a "
                      "list",
                      function);
}

static void check_visitable(lua_State *L, const char *function)
{
    if (!lua_istable(L, 1))
        luaL_error(L, "%s takes a table, not %s", function, same_text(L, 1));
}

/* ---- next and pairs -------------------------------------------------------------------------- */

/* next(t, key): the first key behind `key`, and its value. */
static int ordered_next(lua_State *L)
{
    check_visitable(L, "next");
    lua_settop(L, 2);
    bool first = lua_isnil(L, 2);
    Key after = key_at(L, 2), best = { 0 };
    if (!first && after.rank == KEY_WITHOUT_ORDER)
        return without_order(L, "next");
    if (!first && after.rank == KEY_INTEGER && after.integer < LUA_MAXINTEGER) {
        lua_pushinteger(L, after.integer + 1);          /* a list is walked without looking at all its keys again */
        if (lua_rawgeti(L, 1, after.integer + 1) != LUA_TNIL)
            return 2;
        lua_settop(L, 2);
    }
    bool found = false;
    lua_pushnil(L);                                     /* 3: the best key so far, 4: the key that is looked at */
    lua_pushnil(L);
    while (lua_next(L, 1)) {
        Key key = key_at(L, 4);
        if (key.rank == KEY_WITHOUT_ORDER && found && best.rank == KEY_WITHOUT_ORDER)
            return without_order(L, "next");
        if ((first || compare_keys(&key, &after) > 0) && (!found || compare_keys(&key, &best) < 0)) {
            found = true;
            best = key;
            lua_pushvalue(L, 4);
            lua_replace(L, 3);
        }
        lua_pop(L, 1);
    }
    lua_settop(L, 3);
    if (!found)
        return 1;
    lua_pushvalue(L, 3);
    lua_rawget(L, 1);
    return 2;
}

/* Upvalues: the keys in order, or how many items the list has; how many have been visited. */
static int visit(lua_State *L)
{
    lua_Integer visited = lua_tointeger(L, lua_upvalueindex(2));
    bool list = lua_isinteger(L, lua_upvalueindex(1));
    lua_Integer length = list ? lua_tointeger(L, lua_upvalueindex(1)) : (lua_Integer)lua_rawlen(L, lua_upvalueindex(1));
    for (visited++; visited <= length; visited++) {
        lua_settop(L, 1);
        if (list)
            lua_pushinteger(L, visited);
        else
            lua_rawgeti(L, lua_upvalueindex(1), visited);
        lua_pushvalue(L, 2);
        if (lua_rawget(L, 1) != LUA_TNIL) {             /* nil: removed since */
            lua_pushinteger(L, visited);
            lua_replace(L, lua_upvalueindex(2));
            return 2;
        }
    }
    lua_pushnil(L);
    return 1;
}

/* Pushes the list of the keys of the table at 1; how many they are. *list: they are 1, 2, 3, ... */
static lua_Integer collect_keys(lua_State *L, bool *list)
{
    lua_Integer count = 0, length = (lua_Integer)lua_rawlen(L, 1);
    *list = true;
    lua_newtable(L);
    lua_pushnil(L);
    while (lua_next(L, 1)) {
        lua_pop(L, 1);
        *list = *list && lua_isinteger(L, -1) && lua_tointeger(L, -1) >= 1 && lua_tointeger(L, -1) <= length;
        lua_pushvalue(L, -1);
        lua_rawseti(L, 2, ++count);
    }
    *list = *list && count == length;
    return count;
}

/* Replaces the list of `count` keys at 2 by the same in order. */
static void order_keys(lua_State *L, lua_Integer count)
{
    Key *keys = lua_newuserdatauv(L, (size_t)(count + 1) * sizeof *keys, 0);
    int unordered = 0;
    for (lua_Integer i = 0; i < count; i++) {
        lua_rawgeti(L, 2, i + 1);
        keys[i] = key_at(L, -1);
        keys[i].place = i + 1;
        unordered += keys[i].rank == KEY_WITHOUT_ORDER;
        lua_pop(L, 1);
    }
    if (unordered > 1)
        without_order(L, "pairs");
    qsort(keys, (size_t)count, sizeof *keys, compare_keys);
    lua_createtable(L, (int)count, 0);
    for (lua_Integer i = 0; i < count; i++) {
        lua_rawgeti(L, 2, keys[i].place);
        lua_rawseti(L, -2, i + 1);
    }
    lua_replace(L, 2);
}

static int ordered_pairs(lua_State *L)
{
    if (luaL_getmetafield(L, 1, "__pairs") != LUA_TNIL) {
        lua_pushvalue(L, 1);
        lua_call(L, 1, 3);
        return 3;
    }
    check_visitable(L, "pairs");
    lua_settop(L, 1);
    bool list;
    lua_Integer count = collect_keys(L, &list);
    if (!list)
        order_keys(L, count);
    lua_settop(L, 2);
    if (list) {
        lua_pushinteger(L, count);
        lua_replace(L, 2);
    }
    lua_pushinteger(L, 0);
    lua_pushcclosure(L, visit, 2);
    lua_pushvalue(L, 1);
    lua_pushnil(L);
    return 3;
}

/* ---- sort: a merge sort, so that what is equal keeps its order ------------------------------- */

static bool stands_before(lua_State *L, int a, int b)
{
    if (lua_isnil(L, 2))
        return lua_compare(L, a, b, LUA_OPLT);
    lua_pushvalue(L, 2);
    lua_pushvalue(L, a - (a < 0));
    lua_pushvalue(L, b - 2 * (b < 0));
    lua_call(L, 2, 1);
    bool before = lua_toboolean(L, -1);
    lua_pop(L, 1);
    return before;
}

/* Merges from[low, middle) and from[middle, high) into to. `from` and `to` are tables on the stack. */
static void merge(lua_State *L, int from, int to, lua_Integer low, lua_Integer middle, lua_Integer high)
{
    lua_Integer left = low, right = middle;
    for (lua_Integer i = low; i < high; i++) {
        bool take_right = left >= middle;
        if (!take_right && right < high) {
            lua_rawgeti(L, from, right);
            lua_rawgeti(L, from, left);
            take_right = stands_before(L, -2, -1);
            lua_pop(L, 2);
        }
        lua_rawgeti(L, from, take_right ? right++ : left++);
        lua_rawseti(L, to, i);
    }
}

static int stable_sort(lua_State *L)        /* (list, stands before) */
{
    luaL_checktype(L, 1, LUA_TTABLE);
    lua_settop(L, 2);
    if (!lua_isnil(L, 2))
        luaL_checktype(L, 2, LUA_TFUNCTION);
    lua_Integer count = luaL_len(L, 1), width;
    if (count >= INT32_MAX)
        return luaL_error(L, "table.sort: the list is too long");
    lua_createtable(L, (int)count, 0);
    lua_createtable(L, (int)count, 0);
    for (lua_Integer i = 1; i <= count; i++) {
        lua_geti(L, 1, i);
        if (i == 1 && count > 1 && !lua_isnil(L, 2) && stands_before(L, -1, -1))
            return luaL_error(L, "table.sort: the order puts an item before itself: it must be as strict as <");
        lua_rawseti(L, 3, i);
    }
    int from = 3, to = 4;
    for (width = 1; width < count; width *= 2) {
        for (lua_Integer low = 1; low <= count; low += 2 * width) {
            lua_Integer middle = low + width, high = middle + width, end = count + 1;
            merge(L, from, to, low, middle < end ? middle : end, high < end ? high : end);
        }
        from = 7 - from;
        to = 7 - to;
    }
    for (lua_Integer i = 1; i <= count; i++) {
        lua_rawgeti(L, from, i);
        lua_seti(L, 1, i);
    }
    return 0;
}

/* ---- texts without addresses ----------------------------------------------------------------- */

const char *same_text(lua_State *L, int index)
{
    int type = lua_type(L, index);
    if (type == LUA_TFUNCTION)
        return lua_pushliteral(L, "function");
    if (type == LUA_TTABLE)
        return lua_pushliteral(L, "table");
    if (type == LUA_TUSERDATA && !door_handle_number(L, index))
        return lua_pushliteral(L, "userdata");
    return luaL_tolstring(L, index, NULL);
}

static int same_tostring(lua_State *L)
{
    luaL_checkany(L, 1);
    same_text(L, 1);
    return 1;
}

/* The letter of the conversion that begins behind the %; moves *c behind it. */
static char conversion(const char **c)
{
    while (**c && strchr("-+ #0123456789.", **c))
        ++*c;
    return **c ? *(*c)++ : 0;
}

/* string.format, but %s shows no address, and %p is an error. Upvalue: Lua's own. */
static int same_format(lua_State *L)
{
    const char *c = luaL_checkstring(L, 1);
    int top = lua_gettop(L);
    luaL_checkstack(L, top + 8, "too many arguments");
    for (int argument = 1; (c = strchr(c, '%')) != NULL;) {
        char letter = *++c == '%' ? (c++, '%') : conversion(&c);
        if (letter == 'p')
            return luaL_error(L, "string.format: %%p shows an address, which is another one in each run");
        if (letter != '%' && ++argument <= top && letter == 's') {
            same_text(L, argument);
            lua_replace(L, argument);
        }
    }
    lua_pushvalue(L, lua_upvalueindex(1));
    lua_insert(L, 1);
    lua_call(L, top, 1);
    return 1;
}

static int print(lua_State *L)              /* to standard error: standard output belongs to the command */
{
    Description *d = description_of(L);
    if (d->printed++ >= PRINTED_MAX) {
        if (d->printed == PRINTED_MAX + 1)
            fprintf(stderr, "(print: more than %d lines are not shown)\n", PRINTED_MAX);
        return 0;
    }
    luaL_Buffer line;
    int top = lua_gettop(L);
    luaL_buffinit(L, &line);
    for (int i = 1; i <= top; i++) {
        if (i > 1)
            luaL_addchar(&line, '\t');
        same_text(L, i);
        luaL_addvalue(&line);
    }
    luaL_pushresult(&line);
    print_printable(stderr, lua_tostring(L, -1), PRINTED_WIDTH);
    return 0;
}

void same_install(lua_State *L)
{
    static const luaL_Reg globals[] = { { "next", ordered_next },
                                        { "pairs", ordered_pairs },
                                        { "tostring", same_tostring },
                                        { "print", print },
                                        { NULL, NULL } };
    lua_pushglobaltable(L);
    luaL_setfuncs(L, globals, 0);
    lua_getfield(L, -1, LUA_TABLIBNAME);
    lua_pushcfunction(L, stable_sort);
    lua_setfield(L, -2, "sort");
    lua_getfield(L, -2, LUA_STRLIBNAME);
    lua_getfield(L, -1, "format");
    lua_pushcclosure(L, same_format, 1);
    lua_setfield(L, -2, "format");
    lua_pop(L, 3);
}
