/* lua_fields.c: the checked reader of tables (lua_fields.h). */
#include "lua_fields.h"

#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define LIST_MAX 1000000

void field_broken(lua_State *L, const char *name, const char *what)
{
    luaL_error(L, "internal error: field \"%s\" %s", name, what);
    abort();                    /* luaL_error does not return */
}

/* Pushes the field. False, and nothing is pushed, if it is nil or false. */
static bool push_field(lua_State *L, const char *name)
{
    lua_pushstring(L, name);
    lua_rawget(L, -2);
    if (lua_toboolean(L, -1))
        return true;
    lua_pop(L, 1);
    return false;
}

static const char *take_text(Description *d, const char *name)      /* pops it */
{
    size_t length;
    if (lua_type(d->lua, -1) != LUA_TSTRING)
        field_broken(d->lua, name, "is no text");
    const char *text = lua_tolstring(d->lua, -1, &length);
    if (strlen(text) != length)
        field_broken(d->lua, name, "has a zero byte");
    text = arena_copy_text(d->arena, text);
    lua_pop(d->lua, 1);
    return text;
}

const char *field_text(Description *d, const char *name)
{
    return push_field(d->lua, name) ? take_text(d, name) : NULL;
}

/* How many bytes of the text are an identifier. */
static size_t identifier_length(const char *text)
{
    size_t length = 0;
    for (const char *c = text; *c; c++, length++) {
        bool letter = (*c >= 'a' && *c <= 'z') || (*c >= 'A' && *c <= 'Z');
        if (!letter && (c == text || !((*c >= '0' && *c <= '9') || *c == '_')))
            break;
    }
    return length;
}

const char *field_identifier(Description *d, const char *name)
{
    const char *text = field_text(d, name);
    if (text && (!*text || text[identifier_length(text)]))
        field_broken(d->lua, name, "is no name");
    return text;
}

const char *field_key(Description *d, const char *name)
{
    const char *text = field_text(d, name);
    for (const char *part = text; part; part = *part ? part + 1 : NULL) {
        size_t length = identifier_length(part);
        part += length;
        if (!length || (*part && *part != '/'))
            field_broken(d->lua, name, "is no key");
    }
    return text;
}

bool field_flag(Description *d, const char *name)
{
    if (!push_field(d->lua, name))
        return false;
    if (!lua_isboolean(d->lua, -1))
        field_broken(d->lua, name, "is neither true nor false");
    lua_pop(d->lua, 1);
    return true;
}

/* A whole number may be a float of Lua's. */
static int take_integer(lua_State *L, const char *name, int low, int high)
{
    int whole;
    lua_Integer number = lua_tointegerx(L, -1, &whole);
    if (lua_type(L, -1) != LUA_TNUMBER || !whole || number < low || number > high)
        field_broken(L, name, "is no whole number in its range");
    lua_pop(L, 1);
    return (int)number;
}

static double take_number(lua_State *L, const char *name)
{
    if (lua_type(L, -1) != LUA_TNUMBER || !isfinite(lua_tonumber(L, -1)))
        field_broken(L, name, "is no finite number");
    double number = lua_tonumber(L, -1);
    lua_pop(L, 1);
    return number;
}

int field_integer(Description *d, const char *name, int low, int high, int otherwise)
{
    return push_field(d->lua, name) ? take_integer(d->lua, name, low, high) : otherwise;
}

double field_number(Description *d, const char *name, double otherwise)
{
    return push_field(d->lua, name) ? take_number(d->lua, name) : otherwise;
}

int field_choice(Description *d, const char *name, const char *const *choices, int count)
{
    if (!push_field(d->lua, name))
        return -1;
    for (int i = 0; i < count && lua_type(d->lua, -1) == LUA_TSTRING; i++)
        if (choices[i] && !strcmp(choices[i], lua_tostring(d->lua, -1))) {
            lua_pop(d->lua, 1);
            return i;
        }
    field_broken(d->lua, name, "is no choice that there is");
}

int field_list(Description *d, const char *name, int length_max)
{
    luaL_checkstack(d->lua, 8, "lists nest too deeply");
    if (!push_field(d->lua, name)) {
        lua_newtable(d->lua);
        return 0;
    }
    if (!lua_istable(d->lua, -1) || lua_rawlen(d->lua, -1) > (lua_Unsigned)length_max)
        field_broken(d->lua, name, "is no list of its length");
    return (int)lua_rawlen(d->lua, -1);
}

const char **field_names(Description *d, const char *name, int *count)
{
    *count = field_list(d, name, LIST_MAX);
    const char **names = arena_array(d->arena, const char *, *count + 1);
    for (int i = 0; i < *count; i++) {
        lua_rawgeti(d->lua, -1, i + 1);
        names[i] = take_text(d, name);
    }
    lua_pop(d->lua, 1);
    return names;
}

int *field_integers(Description *d, const char *name, int low, int *count)
{
    *count = field_list(d, name, LIST_MAX);
    int *numbers = arena_array(d->arena, int, *count + 1);
    for (int i = 0; i < *count; i++) {
        lua_rawgeti(d->lua, -1, i + 1);
        numbers[i] = take_integer(d->lua, name, low, INT_MAX);
    }
    lua_pop(d->lua, 1);
    return numbers;
}

double *field_numbers(Description *d, const char *name, int *count)
{
    *count = field_list(d, name, LIST_MAX);
    double *numbers = *count ? arena_array(d->arena, double, *count) : NULL;
    for (int i = 0; i < *count; i++) {
        lua_rawgeti(d->lua, -1, i + 1);
        numbers[i] = take_number(d->lua, name);
    }
    lua_pop(d->lua, 1);
    return numbers;
}

int field_shape(Description *d, const char *name, int rank_max, int *extent)
{
    int rank = field_list(d, name, rank_max);
    for (int i = 0; i < rank; i++) {
        lua_rawgeti(d->lua, -1, i + 1);
        extent[i] = take_integer(d->lua, name, 1, INT_MAX);
    }
    lua_pop(d->lua, 1);
    return rank;
}

const double *field_optional_number(Description *d, const char *name)
{
    double *number = NULL;
    if (lua_getfield(d->lua, -1, name) == LUA_TNUMBER)
        number = arena_array(d->arena, double, 1);
    lua_pop(d->lua, 1);
    if (number)
        *number = field_number(d, name, 0);
    return number;
}

int field_kind(Description *d, const char *name, const char *const *choices, int count)
{
    int kind = field_choice(d, name, choices, count);
    if (kind < 0)
        field_broken(d->lua, name, "is missing");
    return kind;
}

void field_table(Description *d, const char *name)
{
    if (lua_getfield(d->lua, -1, name) != LUA_TTABLE)
        field_broken(d->lua, name, "is no table");
}

size_t extents_product(int rank, const int *extent)
{
    size_t count = 1;
    for (int i = 0; i < rank; i++)
        count *= (size_t)extent[i];
    return count;
}
