/* lua_sample.c: in: the function of samples{...}, a seed and an index.  out: the sample that it draws, in the types of
 * the model. */
#include "lua_description.h"

#include "runtime/data/dataset.h"
#include "runtime/lstmc_random.h"

#include <stdio.h>
#include <string.h>

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

/* x or y of one sample: numbers out of nested tables, row by row, into the types of the model. */
typedef struct Numbers {
    const struct lstmc_model *model;
    struct lstmc_dataset sample;        /* of one: where they go */
    const char *name;                   /* "x" */
    const char *which;                  /* "sample 3" */
    bool is_target;
    int32_t *length;                    /* of x with lengths: how many steps it has; NULL: all that the model has */
    int lengths_of;                     /* which of several inputs has lengths */
    const struct lstmc_array *array;    /* of several inputs or targets this one; NULL: all that there is */
    size_t first;                       /* where its elements begin in the sample */
    size_t count, wanted;               /* those beyond what is wanted are only counted */
    int depth;                          /* of the tables around the number in hand */
    lua_Integer place[LSTMC_RANK_MAX + 1];      /* in them */
    lua_Integer extent[LSTMC_RANK_MAX + 1];     /* of the first table of each depth */
    int rank;                           /* the depth of the first number */
    bool ragged;                        /* tables side by side differ */
} Numbers;

/* "x[3][2]" */
static const char *place_text(lua_State *L, const Numbers *n)
{
    lua_pushstring(L, n->name);
    for (int i = 0; i < n->depth; i++) {
        lua_pushfstring(L, "%s[%I]", lua_tostring(L, -1), (LUAI_UACINT)n->place[i]);
        lua_remove(L, -2);
    }
    return lua_tostring(L, -1);
}

/* Some C libraries call it "-nan". */
static const char *value_text(lua_State *L)
{
    lua_Number number = lua_tonumber(L, -1);
    return number != number ? "nan" : same_text(L, -1);
}

static bool store(const Numbers *n, double value)
{
    struct lstmc_dataset sample = n->sample;
    return n->is_target ? lstmc_store_target(n->model, &sample, n->first + n->count, value)
                        : lstmc_store_input(n->model, &sample, n->first + n->count, value);
}

/* True and false are 1 and 0 where there are numbers, or two classes; a token, or one class of several, they do not
 * name. */
static bool takes_booleans(const Numbers *n)
{
    int classes = n->is_target ? lstmc_target_classes(n->model, n->first + n->count) : 0;
    return n->is_target ? !classes || classes == 2 : !lstmc_input_vocabulary(n->model, n->first + n->count);
}

static void take_number(lua_State *L, Numbers *n)
{
    bool is_boolean = lua_isboolean(L, -1);
    double value = is_boolean ? lua_toboolean(L, -1) : lua_tonumber(L, -1);
    if (n->count == 0)
        n->rank = n->depth;
    n->ragged |= n->rank != n->depth;
    if (n->count < n->wanted && (!store(n, value) || (is_boolean && !takes_booleans(n)))) {
        const char *shown = value_text(L);
        struct lstmc_range range = n->is_target ? lstmc_target_range(n->model, n->first + n->count)
                                                : lstmc_input_range(n->model, n->first + n->count);
        luaL_error(L, "samples: %s: %s = %s is not %s", n->which, place_text(L, n), shown, range.text);
    }
    n->count++;
}

static void take_numbers(lua_State *L, Numbers *n)
{
    if (lua_isnumber(L, -1) || lua_isboolean(L, -1)) {
        take_number(L, n);
        return;
    }
    if (!lua_istable(L, -1))
        luaL_error(L, "samples: a %s among the numbers: %s", luaL_typename(L, -1), place_text(L, n));
    if (n->depth == LSTMC_RANK_MAX)
        luaL_error(L, "samples: tables nest more than %d deep", LSTMC_RANK_MAX);
    luaL_checkstack(L, 8, "samples: nested too deeply");
    lua_Integer length = (lua_Integer)lua_rawlen(L, -1);
    int depth = n->depth++;
    if (!n->extent[depth])
        n->extent[depth] = length;
    n->ragged |= n->extent[depth] != length;
    for (lua_Integer i = 1; i <= length; i++) {
        n->place[depth] = i;
        lua_rawgeti(L, -1, i);
        take_numbers(L, n);
        lua_pop(L, 1);
    }
    n->depth = depth;
}

/* "{20, 3}", without extents of 1, which say nothing. Returns how many there are. */
static int shape_text(luaL_Buffer *buffer, int rank, const lua_Integer *extent)
{
    int count = 0;
    for (int i = 0; i < rank; i++) {
        if (extent[i] == 1)
            continue;
        char text[32];
        snprintf(text, sizeof text, "%s%lld", count++ ? ", " : "{", (long long)extent[i]);
        luaL_addstring(buffer, text);
    }
    luaL_addstring(buffer, count ? "}" : "{1}");
    luaL_pushresult(buffer);
    return count;
}

/* A sample may have fewer steps than the model. */
static void take_length(Numbers *n, lua_Integer *steps)
{
    size_t row = n->wanted / (size_t)*steps;
    if (n->count <= n->wanted && n->count % row == 0) {
        *n->length = (int32_t)(n->count / row);
        *steps = *n->length;
        n->wanted = n->count;
    }
}

/* Labels may be fewer than the loss takes: blanks stand behind them. */
static void take_labels(Numbers *n)
{
    const struct lstmc_model *m = n->model;
    int behind = n->array ? n->array->ignores_class : m->ignores_class;
    int blank = n->array ? n->array->ignored_class : m->ignored_class;
    while (behind == LSTMC_BLANK_BEHIND_LABELS && n->count < n->wanted) {
        store(n, blank);
        n->count++;
    }
}

/* Numbers one after the other are taken for a model of any shape; nested as for another shape they
 * mean something else. */
static void check_shape(lua_State *L, Numbers *n)
{
    const int *shape = n->array ? n->array->shape : n->is_target ? n->model->target_shape : n->model->input_shape;
    int rank = n->array ? n->array->rank : n->is_target ? n->model->target_rank : n->model->input_rank;
    lua_Integer wanted[LSTMC_RANK_MAX];
    luaL_Buffer buffer;
    for (int i = 0; i < rank; i++)
        wanted[i] = shape[i];
    if (n->is_target)
        take_labels(n);
    if (n->length)
        take_length(n, &wanted[0]);
    if (n->count != n->wanted)
        luaL_error(L, "samples: %s has %d numbers, but the model%s %d", n->name, (int)n->count,
                   n->is_target ? "'s target has" : " reads", (int)n->wanted);
    luaL_buffinit(L, &buffer);
    int wanted_axes = shape_text(&buffer, rank, wanted);
    luaL_buffinit(L, &buffer);
    int axes = shape_text(&buffer, n->rank, n->extent);
    const char *found = lua_tostring(L, -1), *expected = lua_tostring(L, -2);
    if (wanted_axes > 1 && axes > 1 && n->ragged)
        luaL_error(L, "samples: %s: the tables of %s are not all of one length; the model's shape is %s", n->which,
                   n->name, expected);
    if (wanted_axes > 1 && axes > 1 && strcmp(found, expected))
        luaL_error(L, "samples: %s: %s has the shape %s, but the model's is %s", n->which, n->name, found, expected);
    lua_pop(L, 2);
}

/* x of a model with several inputs, y of one with several outputs: a table, by their names or in their order. */
static void take_arrays(lua_State *L, const Numbers *all)
{
    const struct lstmc_array *arrays = all->is_target ? all->model->targets : all->model->inputs;
    int count = all->is_target ? all->model->output_arrays : all->model->input_arrays;
    if (!lua_istable(L, -1))
        luaL_error(L, "samples: %s must be a table of the model's %d %s, not a %s", all->name, count,
                   all->is_target ? "outputs" : "inputs", luaL_typename(L, -1));
    for (int k = 0; k < count; k++) {
        Numbers n = *all;
        n.array = &arrays[k];
        n.name = lua_pushfstring(L, "%s.%s", all->name, n.array->name);
        n.first = n.array->offset;
        n.wanted = n.array->count;
        n.length = all->lengths_of == k ? all->length : NULL;
        lua_pushstring(L, n.array->name);
        if (lua_rawget(L, -3) == LUA_TNIL) {
            lua_pop(L, 1);
            lua_rawgeti(L, -2, k + 1);
        }
        if (lua_isnil(L, -1))
            luaL_error(L, "samples: %s: %s is missing", n.which, n.name);
        take_numbers(L, &n);
        check_shape(L, &n);
        lua_pop(L, 2);
    }
}

static void take_side(lua_State *L, Numbers *side, bool has_arrays)
{
    if (has_arrays) {
        take_arrays(L, side);
    } else {
        take_numbers(L, side);
        check_shape(L, side);
    }
}

/* ---- weights ---- */

static void take_weight(lua_State *L, const char *which, const char *name, float *weight)
{
    double value = lua_tonumber(L, -1);
    if (!lua_isnumber(L, -1) || !(value >= 0 && value < 1e30))
        luaL_error(L, "samples: %s: %s must be zero or more, not %s", which, name, value_text(L));
    *weight = (float)value;
}

/* A number for each step; of a sample with fewer steps than the model those behind do not count. */
static void take_step_weights(lua_State *L, const Numbers *x, float *weights)
{
    size_t steps = lstmc_weights_per_sample(x->model), given = lua_rawlen(L, -1);
    size_t wanted = x->length && *x->length >= 0 && (size_t)*x->length < steps ? (size_t)*x->length : steps;
    if (steps < 2 || x->model->targets)
        luaL_error(L, "samples: %s: the weight, returned third, is a table: sample_weight_mode = \"temporal\", of an "
                      "output with steps, takes one for each step", x->which);
    if (given != wanted && given != steps)
        luaL_error(L, "samples: %s: the weights, returned third, are %d, but the sample has %d steps", x->which,
                   (int)given, (int)wanted);
    for (size_t i = 0; i < steps; i++) {
        weights[i] = 0;
        if (i >= given)
            continue;
        const char *name = lua_pushfstring(L, "weight[%d]", (int)i + 1);
        lua_rawgeti(L, -2, (lua_Integer)i + 1);
        take_weight(L, x->which, name, &weights[i]);
        lua_pop(L, 2);
    }
}

/* The third value: nothing, a number, or one for each step. */
static void take_weights(lua_State *L, const Numbers *x, float *weights)
{
    weights[0] = -1;
    if (lua_isnil(L, -1))
        return;
    if (lua_istable(L, -1)) {
        take_step_weights(L, x, weights);
        return;
    }
    take_weight(L, x->which, "the weight, returned third,", &weights[0]);
    for (size_t i = 1; i < lstmc_weights_per_sample(x->model); i++)
        weights[i] = weights[0];
}

static int take_sample(lua_State *L)    /* (generate, random, x, y, description, weights, which, length) */
{
    Description *d = lua_touserdata(L, 5);
    const struct lstmc_model *m = &d->model.descriptor;
    Numbers x = { .model = m,
                  .sample = { .x = lua_touserdata(L, 3) },
                  .name = "x",
                  .which = lua_tostring(L, 7),
                  .wanted = m->input_count,
                  .length = m->has_lengths ? lua_touserdata(L, 8) : NULL,
                  .lengths_of = model_input_with_lengths(&d->model) };
    Numbers y = { .model = m,
                  .sample = { .y = lua_touserdata(L, 4) },
                  .name = "y",
                  .which = x.which,
                  .wanted = m->target_count,
                  .is_target = true };
    d->inside_line = d->model.data.line;
    lua_pushvalue(L, 1);
    lua_pushvalue(L, 2);
    lua_call(L, 1, 3);
    if (lua_isnil(L, -2))
        luaL_error(L, "samples: the function must return x and y, but %s is missing", lua_isnil(L, -3) ? "x" : "y");
    lua_pushvalue(L, -3);
    take_side(L, &x, m->inputs != NULL);
    lua_pop(L, 1);
    lua_pushvalue(L, -2);
    take_side(L, &y, m->targets != NULL);
    lua_pop(L, 1);
    take_weights(L, &x, lua_touserdata(L, 6));
    return 0;
}

bool description_sample(Description *d, uint64_t seed, uint64_t index, void *x, void *y, float *weights,
                        int32_t *length)
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
    lua_pushlightuserdata(L, weights);
    bool held_out = index >= VALIDATION_INDEX;
    lua_pushfstring(L, "%ssample %I", held_out ? "held-out " : "",
                    (LUAI_UACINT)(index - (held_out ? VALIDATION_INDEX : 0) + 1));
    lua_pushlightuserdata(L, length);
    return description_call(d, 8, 0);
}
