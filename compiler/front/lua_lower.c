/* lua_lower.c: the pass `lower`. In: a description.  out: an Ir with its reset, forward, carry and loss statements, as
 * the layers' mathematics says. vocabulary/lowering.lua calls the layers; this file turns its tables into tensors,
 * axes, indices and expressions. */
#include "lua_fields.h"


#include <float.h>
#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef enum ObjectKind { OBJECT_AXIS, OBJECT_TENSOR, OBJECT_LOOP } ObjectKind;

typedef struct Object {             /* what a table has become */
    ObjectKind kind;
    void *pointer;
} Object;

typedef struct Reader {
    Description *description;
    lua_State *L;
    Ir *ir;
    Arena *arena;
    int depth, operations;
    Object *objects;
    int object_count, object_capacity;
} Reader;

#define STATEMENTS_MAX 12000
#define DEPTH_MAX      64       /* operations inside operations */
#define OPERATIONS_MAX 400000   /* in one program */
#define EXTENT_MAX     (1 << 26)
#define INDEX_MAX      (1 << 28)
/* far beyond 2 GB, which plan refuses with the name of the struct; far below the end of size_t */
#define ELEMENTS_MAX   1e12

/* What the table on top of the stack has become, by the list `objects` of the registry; NULL if nothing
 * of this kind. */
static void *object_of(Reader *r, ObjectKind kind)
{
    lua_getfield(r->L, LUA_REGISTRYINDEX, "objects");
    lua_pushvalue(r->L, -2);
    lua_rawget(r->L, -2);
    lua_Integer number = lua_tointeger(r->L, -1);
    lua_pop(r->L, 2);
    bool found = number > 0 && number <= r->object_count && r->objects[number - 1].kind == kind;
    return found ? r->objects[number - 1].pointer : NULL;
}

static void remember(Reader *r, ObjectKind kind, void *pointer)
{
    Object object = { kind, pointer };
    arena_append(r->arena, r->objects, r->object_count, r->object_capacity, object);
    lua_getfield(r->L, LUA_REGISTRYINDEX, "objects");
    lua_pushvalue(r->L, -2);
    lua_pushinteger(r->L, r->object_count);
    lua_rawset(r->L, -3);
    lua_pop(r->L, 1);
}

/* Pushes the table in a field. */
static void push_table(Reader *r, const char *field)
{
    if (lua_getfield(r->L, -1, field) != LUA_TTABLE)
        field_broken(r->L, field, "is no table");
}

/* Each of the following reads the table on top of the stack and leaves it there. */

static const char *const axis_kinds[] = { [AXIS_PLAIN] = "plain", [AXIS_BATCH] = "batch", [AXIS_TIME] = "time" };

static Axis *read_axis(Reader *r)
{
    Axis *axis = object_of(r, OBJECT_AXIS);
    if (axis)
        return axis;
    int kind = field_choice(r->description, "kind", axis_kinds, (int)(sizeof axis_kinds / sizeof *axis_kinds));
    const char *name = field_identifier(r->description, "name");
    int extent = field_integer(r->description, "extent", 1, EXTENT_MAX, 0);
    if (!name || !extent)
        field_broken(r->L, name ? "extent" : "name", "is missing");
    axis = ir_axis(r->ir, name, extent, kind < 0 ? AXIS_PLAIN : (AxisKind)kind);
    remember(r, OBJECT_AXIS, axis);
    return axis;
}

static Access read_access(Reader *r);

static bool is_load(Reader *r)
{
    lua_pushliteral(r->L, "op");
    bool yes = lua_rawget(r->L, -2) == LUA_TSTRING;
    lua_pop(r->L, 1);
    return yes;
}

/* What passes compute with an index stays far from the end of an int. */
static void check_reach(Reader *r, const Index *index)
{
    double reach = abs(index->constant);
    for (int i = 0; i < index->terms; i++)
        reach += fabs((double)index->coefficient[i]) * index->axis[i]->extent;
    if (reach > INT_MAX / 4)
        luaL_error(r->L, "an index reaches beyond every tensor");
}

static Index read_index(Reader *r)
{
    Index index = { 0 };
    if (is_load(r)) {
        index.gather = arena_new(r->arena, Access);
        *index.gather = read_access(r);
        if (!index.gather->tensor->integer)
            luaL_error(r->L, "an index is a sum of axes and whole numbers, or an integer id");
        return index;
    }
    index.constant = field_integer(r->description, "constant", -INDEX_MAX, INDEX_MAX, 0);
    index.terms = field_list(r->description, "terms", INT_MAX);
    if (index.terms > INDEX_TERMS_MAX)
        luaL_error(r->L, "an index has more than %d axes", INDEX_TERMS_MAX);
    for (int i = 0; i < index.terms; i++) {
        lua_rawgeti(r->L, -1, i + 1);
        index.coefficient[i] = field_integer(r->description, "coefficient", -INDEX_MAX, INDEX_MAX, 0);
        push_table(r, "axis");
        index.axis[i] = read_axis(r);
        lua_pop(r->L, 2);
    }
    lua_pop(r->L, 1);
    check_reach(r, &index);
    return index;
}

/* { tensor = , index = }, or a statement's left side with the same fields. A description can keep a value of one layer
 * and use it in another, or in the next program: there is no such tensor there. */
static Access read_access(Reader *r)
{
    Access access = { 0 };
    luaL_checkstack(r->L, 16, "indices nest too deeply");
    push_table(r, "tensor");
    access.tensor = object_of(r, OBJECT_TENSOR);
    lua_pop(r->L, 1);
    if (!access.tensor)
        luaL_error(r->L, "a value is used outside of the call in which it was made");
    if (field_list(r->description, "index", INT_MAX) != access.tensor->rank)
        field_broken(r->L, "index", "has another rank than its tensor");
    if (++r->depth > DEPTH_MAX)
        luaL_error(r->L, "indices nest more than %d deep", DEPTH_MAX);
    for (int d = 0; d < access.tensor->rank; d++) {
        lua_rawgeti(r->L, -1, d + 1);
        access.index[d] = read_index(r);
        lua_pop(r->L, 1);
    }
    r->depth--;
    lua_pop(r->L, 1);
    return access;
}

/* A constant is a float in the end. -infinity is what a maximum begins with. */
static Expr *read_constant(Reader *r)
{
    lua_getfield(r->L, -1, "value");
    double number = lua_tonumber(r->L, -1);
    if (lua_type(r->L, -1) != LUA_TNUMBER || !(fabs(number) <= FLT_MAX || number == -INFINITY))
        luaL_error(r->L, "a constant is no finite number within the range of float");
    lua_pop(r->L, 1);
    return expr_constant(r->arena, number);
}

static Expr *read_expr(Reader *r)
{
    luaL_checkstack(r->L, 16, "an expression is nested too deeply");
    if (r->depth > DEPTH_MAX)
        luaL_error(r->L,
                   "an expression has more than %d operations inside each other: give its parts names (local part = "
                   "...)",
                   DEPTH_MAX);
    if (r->operations++ > OPERATIONS_MAX)
        luaL_error(r->L, "the mathematics of the model has more than %d operations", OPERATIONS_MAX);
    const char *name = field_text(r->description, "op");
    if (!name)
        field_broken(r->L, "op", "is missing");
    if (!strcmp(name, "constant"))
        return read_constant(r);
    if (!strcmp(name, "load"))
        return expr_load(r->arena, read_access(r));
    if (!strcmp(name, "position")) {
        push_table(r, "index");
        Index index = read_index(r);
        lua_pop(r->L, 1);
        return expr_position(r->arena, index);
    }
    for (int op = 0; op < OP_COUNT; op++) {
        if (!op_traits[op].lua || strcmp(name, op_traits[op].lua))
            continue;
        Expr *argument[2] = { NULL, NULL };
        r->depth++;
        for (int a = 0; a < op_traits[op].arity; a++) {
            push_table(r, a ? "b" : "a");
            argument[a] = read_expr(r);
            lua_pop(r->L, 1);
        }
        r->depth--;
        return expr_make(r->arena, (Op)op, argument[0], argument[1]);
    }
    luaL_error(r->L, "%s cannot stand inside an expression", name);
    return NULL;
}

static const char *const roles[] = {
    [ROLE_INPUT] = "input", [ROLE_LENGTHS] = "lengths", [ROLE_TARGET] = "target",
    [ROLE_SAMPLE_WEIGHT] = "sample_weight",
    [ROLE_SCALE] = "scale", [ROLE_WEIGHT] = "weight", [ROLE_NOISE] = "noise",
    [ROLE_STATE] = "state", [ROLE_VALUE] = "value",   [ROLE_OUTPUT] = "output",
    [ROLE_LOSS] = "loss",     [ROLE_TRAINING] = "training",
};

static Tensor *read_tensor(Reader *r)
{
    Description *d = r->description;
    int extent[TENSOR_RANK_MAX];
    if (field_list(d, "extents", INT_MAX) > TENSOR_RANK_MAX)
        luaL_error(r->L, "a value has more than %d axes", TENSOR_RANK_MAX);
    lua_pop(r->L, 1);
    int rank = field_shape(d, "extents", TENSOR_RANK_MAX, extent);
    double elements = 1;
    for (int i = 0; i < rank; i++)
        elements *= extent[i];
    if (elements > ELEMENTS_MAX)
        luaL_error(r->L, "a value has more elements than any memory holds");
    int role = field_choice(d, "role", roles, (int)(sizeof roles / sizeof *roles));
    const char *layer = field_text(d, "layer"), *name = field_identifier(d, "name");
    if (role < 0 || !layer || !name)
        field_broken(r->L, role < 0 ? "role" : layer ? "name" : "layer", "is missing");
    Tensor *tensor = ir_tensor(r->ir, (Role)role, layer, name, rank, extent);
    tensor->integer = field_flag(d, "integer");
    tensor->batch_dimension = field_integer(d, "batch_dimension", 0, rank - 1, -1);
    tensor->time_dimension = field_integer(d, "time_dimension", 0, rank - 1, -1);
    tensor->trainable = field_flag(d, "trainable");
    tensor->reduced = field_flag(d, "reduced");
    tensor->kept = field_flag(d, "kept");
    tensor->decodes = field_flag(d, "decodes");
    if (tensor->role == ROLE_STATE)
        tensor->incoming = field_integer(d, "incoming", 1, 1 << 30, 1);
    int updates = field_integer(d, "updates", 0, d->model.descriptor.weight_tensors - 1, -1);
    tensor->updates = updates < 0 ? NULL : &d->model.descriptor.weights[updates];
    tensor->place = field_integer(d, "place", 0, INT_MAX, 0);
    tensor->vocabulary = field_integer(d, "vocabulary", 0, INT_MAX, 0);
    tensor->steps = field_integer(d, "steps", 0, EXTENT_MAX, 0);
    tensor->rate = (float)field_number(d, "rate", 0);
    tensor->normal = field_flag(d, "normal");
    if (tensor->role == ROLE_WEIGHT) {
        const struct lstmc_model *m = &d->model.descriptor;
        tensor->weight = &m->weights[field_integer(d, "weight", 0, m->weight_tensors - 1, 0)];
        if (tensor->weight->rank != rank || memcmp(tensor->weight->shape, extent, (size_t)rank * sizeof *extent))
            field_broken(r->L, "weight", "has another shape");
    }
    remember(r, OBJECT_TENSOR, tensor);
    return tensor;
}

static Loop *read_loop(Reader *r)
{
    Loop *loop = object_of(r, OBJECT_LOOP);
    if (loop)
        return loop;
    loop = arena_new(r->arena, Loop);
    push_table(r, "axis");
    loop->axis = read_axis(r);
    lua_pop(r->L, 1);
    remember(r, OBJECT_LOOP, loop);
    return loop;
}

static const char *const sections[] = {
    [SECTION_RESET] = "reset", [SECTION_FORWARD] = "forward",   [SECTION_CARRY] = "carry",
    [SECTION_LOSS] = "loss",   [SECTION_BACKWARD] = "backward",
};

static const char *const accumulations[] = {
    [ACCUMULATE_SET] = "set", [ACCUMULATE_ADD] = "add", [ACCUMULATE_MAX] = "max"
};

/* A mistake in the next statement is this layer's, or its owner's, with whose name its own begins. */
static void blame(Reader *r, const char *name)
{
    const Model *model = &r->description->model;
    size_t longest = 0;
    r->description->inside = NULL;
    for (int l = 0; name && l < model->layer_count; l++) {
        const Layer *layer = &model->layers[l];
        size_t length = strlen(layer->name);
        bool is_its = !strncmp(layer->name, name, length) && (!name[length] || name[length] == '_');
        if (!is_its || length < longest)
            continue;
        longest = length;
        r->description->inside = layer->kind;
        r->description->inside_line = layer->line;
    }
}

static void read_statement(Reader *r)
{
    const char *layer_name = field_text(r->description, "layer");
    blame(r, layer_name);
    Access out = read_access(r);
    int section = field_choice(r->description, "section", sections, (int)(sizeof sections / sizeof *sections));
    int accumulate = field_choice(r->description, "accumulate", accumulations,
                                  (int)(sizeof accumulations / sizeof *accumulations));
    if (section < 0 || accumulate < 0)
        field_broken(r->L, section < 0 ? "section" : "accumulate", "is missing");
    Loop *loop = NULL;
    if (lua_getfield(r->L, -1, "loop") == LUA_TTABLE)
        loop = read_loop(r);
    lua_pop(r->L, 1);
    push_table(r, "right");
    Expr *value = read_expr(r);
    lua_pop(r->L, 1);
    Axis *axes[STATEMENT_AXES_MAX];
    int count = field_list(r->description, "axes", INT_MAX);
    if (count > STATEMENT_AXES_MAX)
        luaL_error(r->L, "a statement has more than %d axes", STATEMENT_AXES_MAX);
    for (int i = 0; i < count; i++) {
        lua_rawgeti(r->L, -1, i + 1);
        axes[i] = read_axis(r);
        lua_pop(r->L, 1);
    }
    lua_pop(r->L, 1);
    Statement *statement = ir_statement(r->ir, (Section)section, loop, (Accumulate)accumulate, out, value, count, axes);
    statement->layer = layer_name;
    statement->every = field_integer(r->description, "every", 0, EXTENT_MAX, 0);
    statement->waits = field_integer(r->description, "waits", 0, EXTENT_MAX, 0);
    statement->phase = field_integer(r->description, "phase", 0, STATEMENTS_MAX, 0);
}

static Tensor *tensor_field(Reader *r, const char *field)
{
    Tensor *tensor = lua_getfield(r->L, -1, field) == LUA_TTABLE ? object_of(r, OBJECT_TENSOR) : NULL;
    lua_pop(r->L, 1);
    return tensor;
}

/* Where a step does not go on each time; the phases that this makes. */
static void read_paces(Reader *r)
{
    Ir *ir = r->ir;
    ir->pace_count = field_list(r->description, "paces", STATEMENTS_MAX);
    ir->paces = arena_array(r->arena, Pace, ir->pace_count + 1);
    for (int i = 0; i < ir->pace_count; i++) {
        lua_rawgeti(r->L, -1, i + 1);
        ir->paces[i].every = field_integer(r->description, "every", 1, EXTENT_MAX, 1);
        ir->paces[i].waits = tensor_field(r, "tensor");
        if (!ir->paces[i].waits)
            field_broken(r->L, "tensor", "is missing");
        lua_pop(r->L, 1);
    }
    lua_pop(r->L, 1);
    if (ir->pace_count)
        ir->phases[SECTION_FORWARD] = ir->phases[SECTION_CARRY] = ir->pace_count + 1;
}

static int read_program(lua_State *L)       /* (program, reader) */
{
    Reader *r = lua_touserdata(L, 2);
    Ir *ir = r->ir;
    lua_settop(L, 1);
    lua_newtable(L);
    lua_setfield(L, LUA_REGISTRYINDEX, "objects");
    ir->training = field_flag(r->description, "training");
    ir->batch = field_integer(r->description, "batch", 1, EXTENT_MAX, 1);
    if (lua_getfield(L, -1, "batch_axis") == LUA_TTABLE) {
        push_table(r, "terms");
        lua_rawgeti(L, -1, 1);
        push_table(r, "axis");
        ir->batch_axis = read_axis(r);
        lua_pop(L, 3);
    }
    lua_pop(L, 1);
    int tensors = field_list(r->description, "tensors", INT_MAX);
    for (int i = 1; i <= tensors; i++) {
        lua_rawgeti(L, -1, i);
        read_tensor(r);
        lua_pop(L, 1);
    }
    lua_pop(L, 1);
    int count = field_list(r->description, "statements", INT_MAX);
    if (count > STATEMENTS_MAX)
        luaL_error(L, "the mathematics of the model has more than %d statements", STATEMENTS_MAX);
    for (int i = 1; i <= count; i++) {
        lua_rawgeti(L, -1, i);
        read_statement(r);
        lua_pop(L, 1);
    }
    lua_pop(L, 1);
    ir->input_count = field_list(r->description, "inputs", INT_MAX);
    ir->inputs = arena_array(r->arena, Tensor *, ir->input_count + 1);
    for (int i = 0; i < ir->input_count; i++) {
        lua_rawgeti(L, -1, i + 1);
        ir->inputs[i] = object_of(r, OBJECT_TENSOR);
        lua_pop(L, 1);
    }
    lua_pop(L, 1);
    ir->decoder = tensor_field(r, "decoder");
    ir->lengths = tensor_field(r, "lengths");
    read_paces(r);
    ir->output = tensor_field(r, "output");
    ir->target = tensor_field(r, "target");
    ir->sample_weight = tensor_field(r, "sample_weight");
    ir->scale = tensor_field(r, "scale");
    ir->loss = tensor_field(r, "loss");
    ir->mask = tensor_field(r, "mask");
    return 0;
}

Ir *lower_part(Arena *arena, Description *d, const LowerOptions *options, LoweredPart part)
{
    lua_State *L = d->lua;
    int top = lua_gettop(L);
    description_allow(d);
    description_push(d, part.function);
    lua_getfield(L, LUA_REGISTRYINDEX, "model");
    lua_createtable(L, 0, 9);
    lua_pushboolean(L, options->training);
    lua_setfield(L, -2, "training");
    lua_pushinteger(L, options->batch);
    lua_setfield(L, -2, "batch");
    lua_pushboolean(L, options->streaming);
    lua_setfield(L, -2, "streaming");
    lua_pushboolean(L, options->decoding);
    lua_setfield(L, -2, "decoding");
    lua_pushboolean(L, options->whole);
    lua_setfield(L, -2, "whole");
    lua_pushboolean(L, options->input_gradient);
    lua_setfield(L, -2, "input_gradient");
    lua_pushinteger(L, part.layer + 1);
    lua_setfield(L, -2, "layer");
    lua_pushstring(L, part.name);
    lua_setfield(L, -2, "name");
    lua_pushinteger(L, part.width);
    lua_setfield(L, -2, "width");
    Ir *ir = NULL;
    if (description_call(d, 2, 1)) {
        Reader reader = { .description = d, .L = L, .ir = ir_create(arena, &d->model.descriptor), .arena = arena };
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
