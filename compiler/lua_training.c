/* lua_training.c: in: what the built model says of its training, as Lua tables.  out: the same as the runtime's structs. */
#include "lua_description.h"

#include <math.h>
#include <string.h>

/* ---- schedules ---------------------------------------------------------------------------------------------------------- */

static const char *const schedule_kinds[] = {
    [LSTMC_EXPONENTIAL_DECAY] = "exponential", [LSTMC_INVERSE_TIME_DECAY] = "inverse_time", [LSTMC_POLYNOMIAL_DECAY] = "polynomial",
    [LSTMC_PIECEWISE_CONSTANT_DECAY] = "piecewise", [LSTMC_COSINE_DECAY] = "cosine", [LSTMC_COSINE_DECAY_RESTARTS] = "cosine_restarts",
};

static int find_kind(const char *const *kinds, int count, const char *name)
{
    for (int kind = 0; kind < count; kind++)
        if (!strcmp(kinds[kind], name))
            return kind;
    die("unknown kind: %s", name);
}

/* The list of numbers in a field of the table on top of the stack; NULL if there is none. */
static double *numbers_field(Description *d, const char *name, int *count)
{
    lua_getfield(d->lua, -1, name);
    *count = lua_istable(d->lua, -1) ? (int)lua_rawlen(d->lua, -1) : 0;
    double *numbers = *count ? arena_array(d->arena, double, *count) : NULL;
    for (int i = 0; i < *count; i++) {
        lua_rawgeti(d->lua, -1, i + 1);
        numbers[i] = lua_tonumber(d->lua, -1);
        lua_pop(d->lua, 1);
    }
    lua_pop(d->lua, 1);
    return numbers;
}

static const struct lstmc_schedule *extract_schedule(Description *d)
{
    lua_State *L = d->lua;
    struct lstmc_schedule *s = arena_alloc(d->arena, sizeof *s);
    int values;
    s->kind = (enum lstmc_schedule_kind)find_kind(schedule_kinds, sizeof schedule_kinds / sizeof *schedule_kinds,
                                                  lua_text_field(L, d->arena, "kind"));
    lua_getfield(L, -1, "arguments");
    s->initial_learning_rate = lua_number_field(L, "initial_learning_rate", 0);
    s->decay_steps = lua_number_field(L, s->kind == LSTMC_COSINE_DECAY_RESTARTS ? "first_decay_steps" : "decay_steps", 1);
    s->decay_rate = lua_number_field(L, "decay_rate", 1);
    s->end_learning_rate = lua_number_field(L, "end_learning_rate", 0);
    s->power = lua_number_field(L, "power", 1);
    s->alpha = lua_number_field(L, "alpha", 0);
    s->t_mul = lua_number_field(L, "t_mul", 1);
    s->m_mul = lua_number_field(L, "m_mul", 1);
    s->warmup_target = lua_number_field(L, "warmup_target", 0);
    s->warmup_steps = lua_number_field(L, "warmup_steps", 0);
    s->staircase = lua_flag_field(L, "staircase");
    s->cycle = lua_flag_field(L, "cycle");
    s->boundaries = numbers_field(d, "boundaries", &s->boundary_count);
    s->values = numbers_field(d, "values", &values);
    lua_pop(L, 1);
    return s;
}

double training_extract_rate(Description *d)
{
    double rate = lua_number_field(d->lua, "learning_rate", 0);
    lua_getfield(d->lua, -1, "learning_rate");
    if (lua_istable(d->lua, -1)) {
        d->model.schedule = extract_schedule(d);
        rate = lstmc_schedule_rate(d->model.schedule, 0);
        if (rate <= 0)
            rate = d->model.schedule->warmup_target;
    }
    lua_pop(d->lua, 1);
    return rate;
}

/* ---- callbacks ---------------------------------------------------------------------------------------------------------- */

static const char *const callback_kinds[] = {
    [LSTMC_EARLY_STOPPING] = "EarlyStopping", [LSTMC_REDUCE_LR_ON_PLATEAU] = "ReduceLROnPlateau", [LSTMC_MODEL_CHECKPOINT] = "ModelCheckpoint",
    [LSTMC_CSV_LOGGER] = "CSVLogger", [LSTMC_LEARNING_RATE_SCHEDULER] = "LearningRateScheduler",
};

static bool number_if_given(lua_State *L, const char *name, double *value)
{
    *value = lua_number_field(L, name, NAN);
    return !isnan(*value);
}

static void extract_callback(Description *d, struct lstmc_callback *c)
{
    lua_State *L = d->lua;
    c->kind = (enum lstmc_callback_kind)find_kind(callback_kinds, sizeof callback_kinds / sizeof *callback_kinds,
                                                  lua_text_field(L, d->arena, "class"));
    lua_getfield(L, -1, "arguments");
    c->monitor = lua_text_field(L, d->arena, "monitor");
    c->maximize = lua_flag_field(L, "maximize");
    c->min_delta = lua_number_field(L, "min_delta", 0);
    c->patience = (int)lua_number_field(L, "patience", 0);
    c->cooldown = (int)lua_number_field(L, "cooldown", 0);
    c->start_from_epoch = (int)lua_number_field(L, "start_from_epoch", 0);
    c->has_baseline = number_if_given(L, "baseline", &c->baseline);
    c->restore_best_weights = lua_flag_field(L, "restore_best_weights");
    c->factor = lua_number_field(L, "factor", 1);
    c->min_learning_rate = lua_number_field(L, "min_lr", 0);
    c->save_best_only = lua_flag_field(L, "save_best_only");
    c->has_threshold = number_if_given(L, "initial_value_threshold", &c->initial_value_threshold);
    c->save_freq = (int)lua_number_field(L, "save_freq", 0);
    c->path = lua_text_field(L, d->arena, c->kind == LSTMC_CSV_LOGGER ? "filename" : "filepath");
    const char *separator = lua_text_field(L, d->arena, "separator");
    c->separator = separator ? *separator : 0;
    lua_pop(L, 1);
}

static void extract_class_weight(Description *d)
{
    int count;
    const double *weights = numbers_field(d, "class_weight", &count);
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
    lua_getfield(L, -1, "callbacks");
    model->callback_count = lua_istable(L, -1) ? (int)lua_rawlen(L, -1) : 0;
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
    if (!lua_isnumber(L, -1) || !(*rate >= 0 && *rate < 1e30))
        luaL_error(L, "LearningRateScheduler: the function must return a learning rate, not %s", luaL_tolstring(L, -1, NULL));
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
