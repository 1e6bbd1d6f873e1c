/* lua_lower.c: the pass `lower`. In: a description.  out: an Ir with its reset, forward, carry and loss statements, as the layers' mathematics says.
 * vocabulary/lowering.lua calls the layers; this file turns its tables into tensors, axes, indices and expressions. */
#include "lua_description.h"

#include <string.h>

typedef struct Reader {
    Description *description;
    lua_State *L;
    Ir *ir;
    Arena *arena;
    int depth, operations;
} Reader;

#define STATEMENTS_MAX 600      /* in one program: later passes compare each with each */
#define DEPTH_MAX      64       /* operations inside operations */
#define OPERATIONS_MAX 40000    /* in one program */

static int integer_of(Reader *r, const char *field, int otherwise)
{
    lua_getfield(r->L, -1, field);
    int number = lua_isnumber(r->L, -1) ? (int)lua_tointeger(r->L, -1) : otherwise;
    lua_pop(r->L, 1);
    return number;
}

/* The C object that stands for the table on top of the stack, kept in the table itself; NULL if it has none yet. */
static void *object_of(Reader *r)
{
    lua_pushstring(r->L, "object_in_c");
    lua_rawget(r->L, -2);
    void *object = lua_touserdata(r->L, -1);
    lua_pop(r->L, 1);
    return object;
}

static void remember(Reader *r, void *object)
{
    lua_pushstring(r->L, "object_in_c");
    lua_pushlightuserdata(r->L, object);
    lua_rawset(r->L, -3);
}

/* Each of the following reads the table on top of the stack and leaves it there. */

static Axis *read_axis(Reader *r)
{
    Axis *axis = object_of(r);
    if (axis)
        return axis;
    const char *kind = lua_text_field(r->L, r->arena, "kind");
    AxisKind of = kind && !strcmp(kind, "batch") ? AXIS_BATCH : kind && !strcmp(kind, "time") ? AXIS_TIME : AXIS_PLAIN;
    axis = ir_axis(r->ir, lua_text_field(r->L, r->arena, "name"), integer_of(r, "extent", 0), of);
    remember(r, axis);
    return axis;
}

static Access read_access(Reader *r);

static Index read_index(Reader *r)
{
    Index index = { 0 };
    lua_getfield(r->L, -1, "op");
    bool is_load = lua_isstring(r->L, -1);
    lua_pop(r->L, 1);
    if (is_load) {
        index.gather = arena_new(r->arena, Access);
        *index.gather = read_access(r);
        return index;
    }
    index.constant = integer_of(r, "constant", 0);
    lua_getfield(r->L, -1, "terms");
    index.terms = (int)lua_rawlen(r->L, -1);
    if (index.terms > INDEX_TERMS_MAX)
        luaL_error(r->L, "an index has more than %d axes", INDEX_TERMS_MAX);
    for (int i = 0; i < index.terms; i++) {
        lua_rawgeti(r->L, -1, i + 1);
        index.coefficient[i] = integer_of(r, "coefficient", 0);
        lua_getfield(r->L, -1, "axis");
        index.axis[i] = read_axis(r);
        lua_pop(r->L, 2);
    }
    lua_pop(r->L, 1);
    return index;
}

/* { tensor = , index = }, or a statement's left side with the same fields. */
static Access read_access(Reader *r)
{
    Access access = { 0 };
    lua_getfield(r->L, -1, "tensor");
    access.tensor = object_of(r);
    lua_pop(r->L, 1);
    if (!access.tensor)
        die("a load of something that is no tensor");
    lua_getfield(r->L, -1, "index");
    int rank = (int)lua_rawlen(r->L, -1);
    if (rank != access.tensor->rank)
        die("%s.%s: %d indices for rank %d", access.tensor->layer, access.tensor->name, rank, access.tensor->rank);
    for (int d = 0; d < rank; d++) {
        lua_rawgeti(r->L, -1, d + 1);
        access.index[d] = read_index(r);
        lua_pop(r->L, 1);
    }
    lua_pop(r->L, 1);
    return access;
}

static const struct { const char *name; Op op; } operations[] = {
    { "add", OP_ADD }, { "subtract", OP_SUBTRACT }, { "multiply", OP_MULTIPLY }, { "divide", OP_DIVIDE }, { "negate", OP_NEGATE },
    { "maximum", OP_MAXIMUM }, { "minimum", OP_MINIMUM }, { "greater", OP_GREATER }, { "equal", OP_EQUAL }, { "absolute", OP_ABSOLUTE },
    { "sqrt", OP_SQRT }, { "exp", OP_EXP }, { "log", OP_LOG }, { "tanh", OP_TANH }, { "sigmoid", OP_SIGMOID }, { "softplus", OP_SOFTPLUS },
    { "erf", OP_ERF }, { "stop", OP_STOP },
};

static Expr *read_expr(Reader *r)
{
    luaL_checkstack(r->L, 8, "an expression is nested too deeply");
    if (r->depth > DEPTH_MAX)
        luaL_error(r->L, "an expression has more than %d operations inside each other: give its parts names (local part = ...)", DEPTH_MAX);
    if (r->operations++ > OPERATIONS_MAX)
        luaL_error(r->L, "the mathematics of the model has more than %d operations", OPERATIONS_MAX);
    const char *name = lua_text_field(r->L, r->arena, "op");
    if (!strcmp(name, "constant")) {
        lua_getfield(r->L, -1, "value");
        double number = lua_tonumber(r->L, -1);
        lua_pop(r->L, 1);
        return expr_constant(r->arena, number);
    }
    if (!strcmp(name, "load"))
        return expr_load(r->arena, read_access(r));
    if (!strcmp(name, "position")) {
        lua_getfield(r->L, -1, "index");
        Index index = read_index(r);
        lua_pop(r->L, 1);
        return expr_position(r->arena, index);
    }
    for (size_t i = 0; i < sizeof operations / sizeof *operations; i++) {
        if (strcmp(name, operations[i].name))
            continue;
        Expr *argument[2] = { NULL, NULL };
        r->depth++;
        for (int a = 0; a < op_traits[operations[i].op].arity; a++) {
            lua_getfield(r->L, -1, a ? "b" : "a");
            argument[a] = read_expr(r);
            lua_pop(r->L, 1);
        }
        r->depth--;
        return expr_make(r->arena, operations[i].op, argument[0], argument[1]);
    }
    luaL_error(r->L, "%s cannot stand inside an expression", name);
    return NULL;
}

static const struct { const char *name; Role role; } roles[] = {
    { "input", ROLE_INPUT }, { "target", ROLE_TARGET }, { "sample_weight", ROLE_SAMPLE_WEIGHT }, { "scale", ROLE_SCALE },
    { "weight", ROLE_WEIGHT }, { "noise", ROLE_NOISE }, { "state", ROLE_STATE }, { "value", ROLE_VALUE }, { "output", ROLE_OUTPUT },
    { "loss", ROLE_LOSS },
};

static Tensor *read_tensor(Reader *r)
{
    int extent[TENSOR_RANK_MAX], rank;
    lua_getfield(r->L, -1, "extents");
    rank = (int)lua_rawlen(r->L, -1);
    if (rank > TENSOR_RANK_MAX)
        luaL_error(r->L, "a value has more than %d axes", TENSOR_RANK_MAX);
    for (int d = 0; d < rank; d++) {
        lua_rawgeti(r->L, -1, d + 1);
        extent[d] = (int)lua_tointeger(r->L, -1);
        lua_pop(r->L, 1);
    }
    lua_pop(r->L, 1);
    const char *name = lua_text_field(r->L, r->arena, "role");
    size_t i = 0;
    while (strcmp(roles[i].name, name))
        if (++i == sizeof roles / sizeof *roles)
            die("unknown role %s", name);
    Tensor *tensor = ir_tensor(r->ir, roles[i].role, lua_text_field(r->L, r->arena, "layer"), lua_text_field(r->L, r->arena, "name"), rank, extent);
    tensor->integer = lua_flag_field(r->L, "integer");
    tensor->batch_dimension = integer_of(r, "batch_dimension", -1);
    tensor->time_dimension = integer_of(r, "time_dimension", -1);
    tensor->trainable = lua_flag_field(r->L, "trainable");
    tensor->place = integer_of(r, "place", 0);
    lua_getfield(r->L, -1, "rate");
    tensor->rate = (float)lua_tonumber(r->L, -1);
    lua_pop(r->L, 1);
    if (tensor->role == ROLE_WEIGHT)
        tensor->weight = &r->description->model.descriptor.weights[integer_of(r, "weight", 0)];
    remember(r, tensor);
    return tensor;
}

static Loop *read_loop(Reader *r)
{
    Loop *loop = object_of(r);
    if (loop)
        return loop;
    loop = arena_new(r->arena, Loop);
    lua_getfield(r->L, -1, "axis");
    loop->axis = read_axis(r);
    lua_pop(r->L, 1);
    remember(r, loop);
    return loop;
}

static const char *const sections[] = {
    [SECTION_RESET] = "reset", [SECTION_FORWARD] = "forward", [SECTION_CARRY] = "carry", [SECTION_LOSS] = "loss", [SECTION_BACKWARD] = "backward",
};

/* A mistake in the next statement is this layer's. */
static void blame(Reader *r, const char *name)
{
    const Model *model = &r->description->model;
    r->description->inside = NULL;
    for (int l = 0; name && l < model->layer_count; l++)
        if (!strcmp(model->layers[l].name, name)) {
            r->description->inside = model->layers[l].kind;
            r->description->inside_line = model->layers[l].line;
        }
}

static void read_statement(Reader *r)
{
    const char *layer_name = lua_text_field(r->L, r->arena, "layer");
    blame(r, layer_name);
    Access out = read_access(r);
    const char *section_name = lua_text_field(r->L, r->arena, "section"), *how = lua_text_field(r->L, r->arena, "accumulate");
    Section section = SECTION_RESET;
    while (strcmp(sections[section], section_name))
        section++;
    Accumulate accumulate = !strcmp(how, "add") ? ACCUMULATE_ADD : !strcmp(how, "max") ? ACCUMULATE_MAX : ACCUMULATE_SET;
    Loop *loop = NULL;
    lua_getfield(r->L, -1, "loop");
    if (lua_istable(r->L, -1))
        loop = read_loop(r);
    lua_pop(r->L, 1);
    lua_getfield(r->L, -1, "right");
    Expr *value = read_expr(r);
    lua_pop(r->L, 1);
    Axis *axes[STATEMENT_AXES_MAX];
    lua_getfield(r->L, -1, "axes");
    int count = (int)lua_rawlen(r->L, -1);
    if (count > STATEMENT_AXES_MAX)
        luaL_error(r->L, "a statement has more than %d axes", STATEMENT_AXES_MAX);
    for (int i = 0; i < count; i++) {
        lua_rawgeti(r->L, -1, i + 1);
        axes[i] = read_axis(r);
        lua_pop(r->L, 1);
    }
    lua_pop(r->L, 1);
    ir_statement(r->ir, section, loop, accumulate, out, value, count, axes)->layer = layer_name;
}

static Tensor *tensor_field(Reader *r, const char *field)
{
    lua_getfield(r->L, -1, field);
    Tensor *tensor = lua_istable(r->L, -1) ? object_of(r) : NULL;
    lua_pop(r->L, 1);
    return tensor;
}

static int read_program(lua_State *L)       /* (program, reader) */
{
    Reader *r = lua_touserdata(L, 2);
    Ir *ir = r->ir;
    lua_settop(L, 1);
    ir->training = lua_flag_field(r->L, "training");
    ir->batch = integer_of(r, "batch", 1);
    lua_getfield(L, -1, "batch_axis");
    if (lua_istable(L, -1)) {
        lua_getfield(L, -1, "terms");
        lua_rawgeti(L, -1, 1);
        lua_getfield(L, -1, "axis");
        ir->batch_axis = read_axis(r);
        lua_pop(L, 3);
    }
    lua_pop(L, 1);
    lua_getfield(L, -1, "tensors");
    for (lua_Integer i = 1, count = (lua_Integer)lua_rawlen(L, -1); i <= count; i++) {
        lua_rawgeti(L, -1, i);
        read_tensor(r);
        lua_pop(L, 1);
    }
    lua_pop(L, 1);
    lua_getfield(L, -1, "statements");
    lua_Integer count = (lua_Integer)lua_rawlen(L, -1);
    if (count > STATEMENTS_MAX)
        luaL_error(L, "the mathematics of the model has more than %d statements", STATEMENTS_MAX);
    for (lua_Integer i = 1; i <= count; i++) {
        lua_rawgeti(L, -1, i);
        read_statement(r);
        lua_pop(L, 1);
    }
    lua_pop(L, 1);
    ir->input = tensor_field(r, "input");
    ir->output = tensor_field(r, "output");
    ir->target = tensor_field(r, "target");
    ir->sample_weight = tensor_field(r, "sample_weight");
    ir->scale = tensor_field(r, "scale");
    ir->loss = tensor_field(r, "loss");
    return 0;
}

static Ir *lower_model(Arena *arena, Description *d, const LowerOptions *options, const char *function, int layer)
{
    lua_State *L = d->lua;
    int top = lua_gettop(L);
    description_push(d, function);
    lua_getfield(L, LUA_REGISTRYINDEX, "model");
    lua_createtable(L, 0, 5);
    lua_pushboolean(L, options->training);
    lua_setfield(L, -2, "training");
    lua_pushinteger(L, options->batch);
    lua_setfield(L, -2, "batch");
    lua_pushboolean(L, options->streaming);
    lua_setfield(L, -2, "streaming");
    lua_pushboolean(L, options->input_gradient);
    lua_setfield(L, -2, "input_gradient");
    lua_pushinteger(L, layer + 1);
    lua_setfield(L, -2, "layer");
    Ir *ir = NULL;
    if (description_call(d, 2, 1)) {
        Reader reader = { .description = d, .L = L, .ir = ir_create(arena, &d->model), .arena = arena };
        lua_pushcfunction(L, read_program);
        lua_insert(L, -2);
        lua_pushlightuserdata(L, &reader);
        reader.ir->keep_adjoints = options->keep_adjoints;
        if (description_call(d, 2, 0))
            ir = reader.ir;
    }
    lua_settop(L, top);
    return ir;
}

static Ir *lower_alone(Arena *arena, Description *d, int layer, int batch)
{
    LowerOptions options = { .training = true, .batch = batch, .input_gradient = true };
    return lower_model(arena, d, &options, "lower_layer", layer);
}

/* What the checker finds in a layer that the description defines is the description's mistake; NULL then. */
static Ir *blame_custom_layer(Description *d, int layer, Ir *ir)
{
    const char *broken = ir ? ir_check(ir) : NULL;
    if (!broken)
        return ir;
    const Layer *of = &d->model.layers[layer];
    diagnostics_add(d->diagnostics, d->file, of->line, "%s: %s", of->kind, broken);
    return NULL;
}

Ir *lower(Arena *arena, Description *d, const LowerOptions *options)
{
    Ir *ir = lower_model(arena, d, options, "lower", 0);
    if (!ir || !ir_check(ir))
        return ir;
    for (int layer = 0; layer < d->model.layer_count; layer++)
        if (d->model.layers[layer].custom && !blame_custom_layer(d, layer, lower_alone(arena, d, layer, 1)))
            return NULL;
    return ir;
}

Ir *lower_layer(Arena *arena, Description *d, int layer, int batch)
{
    Ir *ir = lower_alone(arena, d, layer, batch);
    return d->model.layers[layer].custom ? blame_custom_layer(d, layer, ir) : ir;
}
