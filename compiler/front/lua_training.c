/* lua_training.c: in: what the built model says of its training, as Lua tables.  out: the same as the runtime's
 * structs. */
#include "lua_fields.h"

#include <limits.h>
#include <math.h>
#include <string.h>

#define CALLBACKS_MAX 100

/* ---- schedules ------------------------------------------------------------------------------- */

static const char *const schedule_kinds[] = {
    [LSTMC_EXPONENTIAL_DECAY] = "exponential", [LSTMC_INVERSE_TIME_DECAY] = "inverse_time",
    [LSTMC_POLYNOMIAL_DECAY] = "polynomial",   [LSTMC_PIECEWISE_CONSTANT_DECAY] = "piecewise",
    [LSTMC_COSINE_DECAY] = "cosine",           [LSTMC_COSINE_DECAY_RESTARTS] = "cosine_restarts",
};

static const struct lstmc_schedule *extract_schedule(Description *d)
{
    lua_State *L = d->lua;
    struct lstmc_schedule *s = arena_alloc(d->arena, sizeof *s);
    int values;
    int kind = field_choice(d, "kind", schedule_kinds, (int)(sizeof schedule_kinds / sizeof *schedule_kinds));
    if (kind < 0)
        field_broken(L, "kind", "is missing");
    s->kind = (enum lstmc_schedule_kind)kind;
    lua_getfield(L, -1, "arguments");
    s->initial_learning_rate = field_number(d, "initial_learning_rate", 0);
    s->decay_steps = field_number(d, s->kind == LSTMC_COSINE_DECAY_RESTARTS ? "first_decay_steps" : "decay_steps", 1);
    s->decay_rate = field_number(d, "decay_rate", 1);
    s->end_learning_rate = field_number(d, "end_learning_rate", 0);
    s->power = field_number(d, "power", 1);
    s->alpha = field_number(d, "alpha", 0);
    s->t_mul = field_number(d, "t_mul", 1);
    s->m_mul = field_number(d, "m_mul", 1);
    s->warmup_target = field_number(d, "warmup_target", 0);
    s->warmup_steps = field_number(d, "warmup_steps", 0);
    s->staircase = field_flag(d, "staircase");
    s->cycle = field_flag(d, "cycle");
    s->boundaries = field_numbers(d, "boundaries", &s->boundary_count);
    s->values = field_numbers(d, "values", &values);
    lua_pop(L, 1);
    return s;
}

double training_extract_rate(Description *d)
{
    if (lua_getfield(d->lua, -1, "learning_rate") == LUA_TTABLE) {
        d->model.schedule = extract_schedule(d);
        double rate = lstmc_schedule_rate(d->model.schedule, 0);
        if (rate <= 0)
            rate = d->model.schedule->warmup_target;
        lua_pop(d->lua, 1);
        return rate;
    }
    lua_pop(d->lua, 1);
    return field_number(d, "learning_rate", 0);
}

/* ---- callbacks ------------------------------------------------------------------------------- */

static const char *const callback_kinds[] = {
    [LSTMC_EARLY_STOPPING] = "EarlyStopping",
    [LSTMC_REDUCE_LR_ON_PLATEAU] = "ReduceLROnPlateau",
    [LSTMC_MODEL_CHECKPOINT] = "ModelCheckpoint",
    [LSTMC_CSV_LOGGER] = "CSVLogger",
    [LSTMC_LEARNING_RATE_SCHEDULER] = "LearningRateScheduler",
};

static bool number_if_given(Description *d, const char *name, double *value)
{
    *value = field_number(d, name, NAN);
    return !isnan(*value);
}

static void extract_callback(Description *d, struct lstmc_callback *c)
{
    lua_State *L = d->lua;
    int kind = field_choice(d, "class", callback_kinds, (int)(sizeof callback_kinds / sizeof *callback_kinds));
    if (kind < 0)
        field_broken(L, "class", "is missing");
    c->kind = (enum lstmc_callback_kind)kind;
    lua_getfield(L, -1, "arguments");
    c->monitor = field_text(d, "monitor");
    c->maximize = field_flag(d, "maximize");
    c->min_delta = field_number(d, "min_delta", 0);
    c->patience = field_integer(d, "patience", 0, INT_MAX, 0);
    c->cooldown = field_integer(d, "cooldown", 0, INT_MAX, 0);
    c->start_from_epoch = field_integer(d, "start_from_epoch", 0, INT_MAX, 0);
    c->has_baseline = number_if_given(d, "baseline", &c->baseline);
    c->restore_best_weights = field_flag(d, "restore_best_weights");
    c->factor = field_number(d, "factor", 1);
    c->min_learning_rate = field_number(d, "min_lr", 0);
    c->save_best_only = field_flag(d, "save_best_only");
    c->has_threshold = number_if_given(d, "initial_value_threshold", &c->initial_value_threshold);
    c->save_freq = field_integer(d, "save_freq", 0, INT_MAX, 0);
    c->path = field_text(d, c->kind == LSTMC_CSV_LOGGER ? "filename" : "filepath");
    const char *separator = field_text(d, "separator");
    c->separator = separator ? *separator : 0;
    lua_pop(L, 1);
}

static void extract_class_weight(Description *d)
{
    int count;
    const double *weights = field_numbers(d, "class_weight", &count);
    float *copy = arena_array(d->arena, float, count + 1);
    for (int i = 0; i < count; i++)
        copy[i] = (float)weights[i];
    d->model.class_weight = copy;
    d->model.class_count = count;
}

void training_extract(Description *d)
{
    lua_State *L = d->lua;
    Model *model = &d->model;
    extract_class_weight(d);
    model->callback_count = field_list(d, "callbacks", CALLBACKS_MAX);
    model->callbacks = arena_array(d->arena, struct lstmc_callback, model->callback_count + 1);
    for (int i = 0; i < model->callback_count; i++) {
        lua_rawgeti(L, -1, i + 1);
        extract_callback(d, &model->callbacks[i]);
        lua_pop(L, 1);
    }
    lua_pop(L, 1);
}

static int ask_rate(lua_State *L)       /* (schedule, epoch, learning rate, result, line) */
{
    double *rate = lua_touserdata(L, 4);
    lua_pushvalue(L, 1);
    lua_pushvalue(L, 2);
    lua_pushvalue(L, 3);
    lua_call(L, 2, 1);
    *rate = lua_tonumber(L, -1);
    if (lua_type(L, -1) != LUA_TNUMBER || !(*rate >= 0 && *rate < 1e30))
        luaL_error(L, "LearningRateScheduler: the function must return a learning rate, not %s", same_text(L, -1));
    return 0;
}

double description_rate(Description *d, int callback, int epoch, double learning_rate)
{
    lua_State *L = d->lua;
    double rate = NAN;
    description_refill(d);
    lua_pushcfunction(L, ask_rate);
    lua_getfield(L, LUA_REGISTRYINDEX, "model");
    lua_getfield(L, -1, "callbacks");
    lua_rawgeti(L, -1, callback + 1);
    lua_getfield(L, -1, "line");
    d->inside_line = (int)lua_tointeger(L, -1);
    lua_pop(L, 1);
    lua_getfield(L, -1, "arguments");
    lua_getfield(L, -1, "schedule");
    lua_replace(L, -5);
    lua_pop(L, 3);
    lua_pushinteger(L, epoch);
    lua_pushnumber(L, learning_rate);
    lua_pushlightuserdata(L, &rate);
    return description_call(d, 4, 0) ? rate : NAN;
}

const char *description_monitor(Description *d, const char *name, bool *maximize)
{
    lua_State *L = d->lua;
    const char *known = NULL;
    description_push(d, "monitor_of");
    lua_getfield(L, LUA_REGISTRYINDEX, "model");
    lua_pushstring(L, name);
    if (!description_call(d, 2, 2))
        return NULL;
    if (lua_isstring(L, -2))
        known = arena_copy_text(d->arena, lua_tostring(L, -2));
    *maximize = lua_toboolean(L, -1);
    lua_pop(L, 2);
    return known;
}
