/* lua_sample.c: in: the function of samples{...}, a seed and an index.  out: the sample that it draws, in the types of the model. */
#include "lua_description.h"

#include "../runtime/lstmc_random.h"

typedef struct Generator {
    uint64_t seed, index, count;
} Generator;

#define SAMPLE_STREAM 0x73616d70    /* keeps these numbers apart from every other use of the seed */

static int draw(lua_State *L)       /* random(), random(n), random(a, b) */
{
    Generator *g = lua_touserdata(L, lua_upvalueindex(1));
    uint64_t bits = lstmc_random_bits(g->seed, SAMPLE_STREAM, g->index, g->count++);
    if (lua_gettop(L) == 0) {
        lua_pushnumber(L, (double)(bits >> 11) * 0x1p-53);
        return 1;
    }
    lua_Integer low = lua_gettop(L) > 1 ? luaL_checkinteger(L, 1) : 1;
    lua_Integer high = luaL_checkinteger(L, lua_gettop(L) > 1 ? 2 : 1);
    luaL_argcheck(L, low <= high, 1, "the interval is empty");
    uint64_t span = (uint64_t)high - (uint64_t)low + 1;
    lua_pushinteger(L, (lua_Integer)((uint64_t)low + (span ? bits % span : bits)));
    return 1;
}

/* Copies a number or nested tables of numbers, row by row. Returns how many there are; those beyond `room` are only counted. */
static size_t flatten(lua_State *L, int index, bool integer, void *out, size_t room, size_t at, int depth)
{
    if (lua_isnumber(L, index) || lua_isboolean(L, index)) {
        double number = lua_isboolean(L, index) ? lua_toboolean(L, index) : lua_tonumber(L, index);
        if (at < room && integer)
            ((int32_t *)out)[at] = (int32_t)number;
        else if (at < room)
            ((float *)out)[at] = (float)number;
        return at + 1;
    }
    if (!lua_istable(L, index))
        luaL_error(L, "samples: a %s among the numbers", luaL_typename(L, index));
    index = lua_absindex(L, index);
    if (depth > LSTMC_RANK_MAX)
        luaL_error(L, "samples: tables nest more than %d deep", LSTMC_RANK_MAX);
    luaL_checkstack(L, 4, "samples: nested too deeply");
    lua_Integer length = (lua_Integer)lua_rawlen(L, index);
    for (lua_Integer i = 1; i <= length; i++) {
        lua_rawgeti(L, index, i);
        at = flatten(L, -1, integer, out, room, at, depth + 1);
        lua_pop(L, 1);
    }
    return at;
}

static int take_sample(lua_State *L)    /* (generate, random, x, y, description, weight) */
{
    Description *d = lua_touserdata(L, 5);
    float *weight = lua_touserdata(L, 6);
    const struct lstmc_model *m = &d->model.descriptor;
    d->inside_line = d->model.data.line;
    lua_pushvalue(L, 1);
    lua_pushvalue(L, 2);
    lua_call(L, 1, 3);
    *weight = lua_isnil(L, -1) ? -1 : (float)lua_tonumber(L, -1);
    if (!lua_isnil(L, -1) && !(lua_isnumber(L, -1) && *weight >= 0 && *weight < 1e30f))
        luaL_error(L, "samples: the weight of a sample, returned third, must be zero or more, not %s", same_text(L, -1));
    lua_pop(L, 1);
    if (lua_isnil(L, -1))
        luaL_error(L, "samples: the function must return x and y, but %s is missing", lua_isnil(L, -2) ? "x" : "y");
    size_t x = flatten(L, -2, m->input_is_tokens, lua_touserdata(L, 3), m->input_count, 0, 1);
    size_t y = flatten(L, -1, m->target_is_class, lua_touserdata(L, 4), m->target_count, 0, 1);
    if (x != m->input_count)
        luaL_error(L, "samples: x has %d numbers, but the model reads %d", (int)x, (int)m->input_count);
    if (y != m->target_count)
        luaL_error(L, "samples: y has %d numbers, but the model's target has %d", (int)y, (int)m->target_count);
    const int32_t *ids = lua_touserdata(L, 3);
    for (size_t i = 0; m->input_is_tokens && i < x; i++)
        if (ids[i] < 0 || ids[i] >= m->vocabulary)
            luaL_error(L, "samples: id %d at position %d is outside [0, %d)", (int)ids[i], (int)i + 1, m->vocabulary);
    const int32_t *classes = lua_touserdata(L, 4);
    int class_count = m->output_shape[m->output_rank - 1];
    for (size_t i = 0; m->target_is_class && i < y; i++)
        if (classes[i] < 0 || classes[i] >= class_count)
            luaL_error(L, "samples: class %d is outside [0, %d)", (int)classes[i], class_count);
    return 0;
}

bool description_sample(Description *d, uint64_t seed, uint64_t index, void *x, void *y, float *weight)
{
    lua_State *L = d->lua;
    description_refill(d);
    Generator generator = { .seed = seed, .index = index };
    lua_pushcfunction(L, take_sample);
    lua_getfield(L, LUA_REGISTRYINDEX, "model");
    lua_getfield(L, -1, "data");
    lua_getfield(L, -1, "generate");
    lua_replace(L, -3);
    lua_pop(L, 1);
    lua_pushlightuserdata(L, &generator);
    lua_pushcclosure(L, draw, 1);
    lua_pushlightuserdata(L, x);
    lua_pushlightuserdata(L, y);
    lua_pushlightuserdata(L, d);
    lua_pushlightuserdata(L, weight);
    return description_call(d, 6, 0);
}
