/* lua_weights.c: in: the weights of the built model as Lua tables.  out: the same as plain data: shapes, places, how
 * each begins and what it is held to. */
#include "lua_fields.h"

#include <limits.h>

static const char *const initializer_kinds[] = {
    [LSTMC_CONSTANT] = "constant", [LSTMC_UNIFORM] = "uniform", [LSTMC_NORMAL] = "normal",
    [LSTMC_TRUNCATED_NORMAL] = "truncated_normal", [LSTMC_VARIANCE_UNIFORM] = "variance_uniform",
    [LSTMC_VARIANCE_NORMAL] = "variance_normal", [LSTMC_VARIANCE_TRUNCATED] = "variance_truncated",
    [LSTMC_ORTHOGONAL] = "orthogonal", [LSTMC_IDENTITY] = "identity",
};

static const char *const fans[] = { [LSTMC_FAN_IN] = "in", [LSTMC_FAN_OUT] = "out", [LSTMC_FAN_AVERAGE] = "average" };

static const char *const constraint_kinds[] = {
    [LSTMC_UNCONSTRAINED] = "none", [LSTMC_MAX_NORM] = "max_norm", [LSTMC_NON_NEG] = "non_neg",
    [LSTMC_UNIT_NORM] = "unit_norm", [LSTMC_MIN_MAX_NORM] = "min_max_norm",
};

static const char *const adapted_kinds[] = {
    [LSTMC_NOT_ADAPTED] = "none", [LSTMC_ADAPTED_MEAN] = "mean", [LSTMC_ADAPTED_VARIANCE] = "variance",
};

static void extract_initializer(Description *d, struct lstmc_initializer *initializer, size_t count)
{
    field_table(d, "initializer");
    initializer->kind = (enum lstmc_initializer_kind)FIELD_KIND(d, "kind", initializer_kinds);
    int fan = field_choice(d, "fan", fans, (int)(sizeof fans / sizeof *fans));
    initializer->fan = fan < 0 ? LSTMC_FAN_IN : (enum lstmc_fan)fan;
    initializer->a = (float)field_number(d, "a", 0);
    initializer->b = (float)field_number(d, "b", 0);
    initializer->ones_begin = field_integer(d, "ones_begin", 0, (int)count, 0);
    initializer->ones_end = field_integer(d, "ones_end", 0, (int)count, 0);
    lua_pop(d->lua, 1);
}

/* Of the table on top of the stack, which may have none. */
static void extract_constraint(Description *d, struct lstmc_constraint *constraint, int rank)
{
    if (lua_getfield(d->lua, -1, "constraint") == LUA_TTABLE) {
        constraint->kind = (enum lstmc_constraint_kind)FIELD_KIND(d, "kind", constraint_kinds);
        constraint->axes = (unsigned)field_integer(d, "axes", 0, (1 << rank) - 1, 0);
        constraint->min_value = (float)field_number(d, "min_value", 0);
        constraint->max_value = (float)field_number(d, "max_value", 0);
        constraint->rate = (float)field_number(d, "rate", 0);
    }
    lua_pop(d->lua, 1);
}

/* The numbers that the weight begins with, or NULL. */
static const float *extract_values(Description *d, size_t wanted)
{
    int count = 0;
    const double *numbers = field_numbers(d, "values", &count);
    if (count == 0)
        return NULL;
    if ((size_t)count != wanted)
        field_broken(d->lua, "values", "has another length than its weight");
    float *values = arena_array(d->arena, float, count);
    for (int i = 0; i < count; i++)
        values[i] = (float)numbers[i];
    return values;
}

void weights_extract(Description *d)
{
    lua_State *L = d->lua;
    int count = field_list(d, "weights", WEIGHTS_MAX);
    struct lstmc_tensor *weights = arena_array(d->arena, struct lstmc_tensor, count + 1);
    struct lstmc_model *m = &d->model.descriptor;
    for (int i = 0; i < count; i++) {
        struct lstmc_tensor *w = &weights[i];
        lua_rawgeti(L, -1, i + 1);
        w->name = field_key(d, "key");
        if (!w->name)
            field_broken(L, "key", "is missing");
        w->rank = field_shape(d, "shape", LSTMC_RANK_MAX, w->shape);
        w->count = extents_product(w->rank, w->shape);
        w->offset = m->weight_count;
        w->trainable = field_flag(d, "trainable");
        extract_initializer(d, &w->initializer, w->count);
        if (lua_getfield(L, -1, "regularizer") == LUA_TTABLE) {
            w->l1 = (float)field_number(d, "l1", 0);
            w->l2 = (float)field_number(d, "l2", 0);
        }
        lua_pop(L, 1);
        extract_constraint(d, &w->constraint, w->rank);
        w->values = extract_values(d, w->count);
        int adapted = field_choice(d, "adapted", adapted_kinds, (int)(sizeof adapted_kinds / sizeof *adapted_kinds));
        w->adapted = adapted < 0 ? LSTMC_NOT_ADAPTED : (enum lstmc_adapted)adapted;
        w->adapted_input = field_integer(d, "adapted_input", 0, INT_MAX, 0);
        lua_pushinteger(L, i);
        lua_setfield(L, -2, "place");
        m->weight_count += w->count;
        if (w->trainable)
            m->gradient_count = m->weight_count;
        lua_pop(L, 1);
    }
    m->weights = weights;
    m->weight_tensors = count;
    lua_pop(L, 1);
}
