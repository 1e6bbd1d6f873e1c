/* emit_element.c: in: accesses and expressions of a tile.  out: local vectors that are read once and known by a name of
 * the mathematics, and expressions over them as C. */
#include "compiler/ir/axes.h"
#include "emit_tile.h"

#include <float.h>
#include <math.h>

/* ---- names ---- */

Scope tile_open_scope(const TileNest *to)
{
    return (Scope){ .elements = to->element_count, .names = to->name_count };
}

void tile_close_scope(TileNest *to, Scope scope)
{
    to->element_count = scope.elements;
    to->name_count = scope.names;
}

static bool is_taken(const TileNest *to, const char *name)
{
    if (indices_have(to->nest.kernel->indices, name))
        return true;
    for (int i = 0; i < to->name_count; i++)
        if (!strcmp(to->names[i], name))
            return true;
    return false;
}

const char *tile_name(TileNest *to, const char *wish)
{
    const char *first = c_variable_name(to->nest.arena, wish);
    if (indices_have(to->nest.kernel->indices, first))
        first = arena_format(to->nest.arena, "%s_", first);
    const char *name = first;
    for (int again = 2; is_taken(to, name); again++)
        name = arena_format(to->nest.arena, "%s_%d", first, again);
    arena_append(to->nest.arena, to->names, to->name_count, to->name_capacity, name);
    return name;
}

const char *tile_axis(const TileNest *to, const Axis *axis)
{
    return axis_name(to->nest.kernel->names, axis);
}

const char *tile_beside(TileNest *to, const char *index, const char *distance)
{
    return tile_name(to, arena_format(to->nest.arena, "%s_plus_%s", index, distance));
}

/* ---- axes ---- */

Binding *tile_bind(TileNest *to, Binding binding)
{
    to->nest.bindings[to->nest.binding_count] = binding;
    return &to->nest.bindings[to->nest.binding_count++];
}

void tile_unbind(TileNest *to)
{
    to->nest.binding_count--;
}

bool tile_is_point(const Tile *tile, const Axis *axis)
{
    bool found = axis == tile->row || (axis == tile->lane && !tile->dot);
    for (int i = 0; i < tile->outer_count; i++)
        found |= axis == tile->outer[i];
    return found;
}

bool tile_is_copied(const TileNest *to, const Axis *axis)
{
    return !tile_is_point(to->tile, axis) && !axis_is_summed(to->nest.statement, axis);
}

static const Binding *find_binding(const TileNest *to, const Axis *axis)
{
    for (int i = 0; i < to->nest.binding_count; i++)
        if (to->nest.bindings[i].axis == axis)
            return &to->nest.bindings[i];
    die("axis %s of a tile of %s is bound nowhere", axis->name, to->nest.statement->layer);
}

/* ---- elements ---- */

void tile_declare(TileNest *to, const char *type, const char *name, const char *value)
{
    Arena *arena = to->nest.arena;
    const char *line = arena_format(arena, "%s %s = %s;", type, name, value);
    if (4 * to->out->depth + (int)strlen(line) <= COLUMNS_MAX) {
        put(to->out, "%s", line);
        return;
    }
    put(to->out, "%s %s =", type, name);
    emit_line(to->out, arena, arena_format(arena, "    %s;", value));
}

/* "z_1_2": row 1, gate 2; "c_next": of the next step. A position that is the same all over the tile is not said. */
static const char *index_suffix(TileNest *to, const Tensor *tensor, const Index *index, int dimension)
{
    const char *text = "";
    if (index->gather)
        return text;
    if (index->terms == 0 && dimension != tensor->time_dimension && tensor->extent[dimension] > 1)
        return arena_format(to->nest.arena, "_%d", index->constant);
    for (int i = 0; i < index->terms; i++) {
        const Binding *binding = find_binding(to, index->axis[i]);
        if (binding->copy > 0)
            text = arena_format(to->nest.arena, "%s_%d", text, binding->copy - 1);
        else if (!binding->name && binding->axis->extent > 1)
            text = arena_format(to->nest.arena, "%s_%d", text, binding->offset);
    }
    if (dimension == tensor->time_dimension && index->terms > 0 && (index->constant == 1 || index->constant == -1))
        text = arena_format(to->nest.arena, "%s_%s", text, index->constant > 0 ? "next" : "before");
    return text;
}

const char *tile_element_name(TileNest *to, const Access *access)
{
    const Tensor *tensor = access->tensor;
    const char *text = c_name(to->nest.arena, tensor->name);
    for (int d = 0; d < tensor->rank; d++)
        text = arena_format(to->nest.arena, "%s%s", text, index_suffix(to, tensor, &access->index[d], d));
    return tile_name(to, text);
}

Element *tile_find(TileNest *to, const char *place)
{
    for (int i = to->element_count - 1; i >= 0; i--)
        if (!strcmp(to->elements[i].place, place))
            return &to->elements[i];
    return NULL;
}

int tile_writes(const TileNest *to, const char *place)
{
    for (int i = 0; i < to->write_count; i++)
        if (!strcmp(to->writes[i].place, place))
            return to->writes[i].count;
    return 0;
}

/* The lanes that exist in memory from here on, where a whole vector may reach beyond; NULL: it does not. */
static const char *lanes_left(TileNest *to, const Access *access)
{
    const Axis *lane = to->tile->lane;
    const Tensor *tensor = access->tensor;
    if (to->tile->dot || !access_uses(access, lane))
        return NULL;
    if (lane->kind == AXIS_BATCH)
        return arena_format(to->nest.arena, "%s - %s", kernel_extent(to->nest.kernel, lane),
                            find_binding(to, lane)->name);
    if (!tensor_is_row_major(tensor) || lane->extent % tensor->lanes == 0)
        return NULL;
    return arena_format(to->nest.arena, "%d - %s", lane->extent, find_binding(to, lane)->name);
}

/* Where an element is in memory, for `place` and `address`. */
static void set_places(TileNest *to, const Access *access, const char **place, const char **address)
{
    *place = access_text(&to->nest, access);
    *address = lanes_text(&to->nest, access, to->tile->lane, true);
}

static void set_places_in_row_loop(TileNest *to, const Access *access, Element *element)
{
    for (int i = 0; to->row_variable && i < to->nest.binding_count; i++)
        if (to->nest.bindings[i].axis == to->tile->row) {
            Binding kept = to->nest.bindings[i];
            to->nest.bindings[i] = (Binding){ .axis = kept.axis, .name = to->row_variable };
            set_places(to, access, &element->place_of_row, &element->address_of_row);
            to->nest.bindings[i] = kept;
            return;
        }
}

Element *tile_add(TileNest *to, const Access *access, const char *name)
{
    Element element = { .name = name, .left = lanes_left(to, access), .tensor = access->tensor,
                        .stride = lanes_stride(access, to->tile->lane) };
    set_places(to, access, &element.place, &element.address);
    set_places_in_row_loop(to, access, &element);
    for (int i = 0; i < to->nest.binding_count; i++)
        if (to->tile->row && to->nest.bindings[i].axis == to->tile->row)
            element.row = to->nest.bindings[i].copy > 0 ? to->nest.bindings[i].copy - 1 : 0;
    arena_append(to->nest.arena, to->elements, to->element_count, to->element_capacity, element);
    return &to->elements[to->element_count - 1];
}

/* Those of steps next to each other; the caller may give none. */
static const char *load_weights(TileNest *to, const Access *access, const char *left)
{
    Arena *arena = to->nest.arena;
    const char *place = sample_weight_text(&to->nest, access);
    const char *vector = left ? arena_format(arena, "vec_load_part(&%s, %s)", place, left)
                              : arena_format(arena, "vec_load(&%s)", place);
    return arena_format(arena, "(sample_weight ? %s : vec_splat(1.0f))", vector);
}

const char *tile_load_lanes(Arena *arena, const char *address, size_t stride, const char *left)
{
    if (stride > 1)
        return arena_format(arena, "vec_load_apart(%s, %zu, %s)", address, stride, left);
    return left ? arena_format(arena, "vec_load_part(%s, %s)", address, left)
                : arena_format(arena, "vec_load(%s)", address);
}

const char *tile_load(TileNest *to, const Access *access)
{
    const char *place = access_text(&to->nest, access), *left = lanes_left(to, access);
    Arena *arena = to->nest.arena;
    if (!access_uses(access, to->tile->lane))
        return arena_format(arena, "vec_splat(%s)", place);
    if (access->tensor->role == ROLE_SAMPLE_WEIGHT)
        return load_weights(to, access, left);
    const char *lanes = lanes_text(&to->nest, access, to->tile->lane, false);
    const char *vector = tensor_has_words(access->tensor)
                             ? place : tile_load_lanes(arena, lanes, lanes_stride(access, to->tile->lane), left);
    if (left)
        return vector;
    return to->keep && !access_uses(access, to->tile->row) ? arena_format(arena, "%s(%s)", to->keep, vector) : vector;
}

/* ---- expressions ---- */

static const Expr *without_stops(const Expr *expr)
{
    while (expr->op == OP_STOP)
        expr = expr->argument[0];
    return expr;
}

static bool is_integer(const Expr *expr)
{
    expr = without_stops(expr);
    return expr->op == OP_AXIS || (expr->op == OP_LOAD && expr->access.tensor->integer);
}

/* One number for all lanes. */
static bool is_scalar(const TileNest *to, const Expr *expr)
{
    expr = without_stops(expr);
    if (expr->op == OP_CONSTANT)
        return true;
    if (expr->op == OP_AXIS)
        return !index_uses(&expr->position, to->tile->lane);
    if (expr->op == OP_LOAD)
        return expr->access.tensor->integer || !access_uses(&expr->access, to->tile->lane);
    return expr->op == OP_EQUAL && is_integer(expr->argument[0]) && is_integer(expr->argument[1]) &&
           is_scalar(to, expr->argument[0]) && is_scalar(to, expr->argument[1]);
}

/* A position that differs from lane to lane, as a number. */
static const char *position_text(TileNest *to, const Expr *expr)
{
    Arena *arena = to->nest.arena;
    int step = index_coefficient(&expr->position, to->tile->lane);
    const char *first = expr_text(&to->nest, expr);
    if (step == 1)
        return arena_format(arena, "vec_splat(%s) + vec_iota()", first);
    return arena_format(arena, "vec_splat(%s) + %s * vec_iota()", first,
                        emit_in_parentheses(arena, float_text(arena, step), PRECEDENCE_PRODUCT, 0,
                                            step < 0 ? PRECEDENCE_SIGN : PRECEDENCE_CALL));
}

/* What is read: the variable that holds it, which is declared here if nobody did before. */
static const char *read_text(TileNest *to, const Expr *expr)
{
    Arena *arena = to->nest.arena;
    const char *scalar = expr_text(&to->nest, expr);
    Element *known = tile_find(to, scalar);
    if (known) {
        known->read = true;
        return known->name;
    }
    if (expr->op != OP_LOAD || expr->access.tensor->integer)
        return arena_format(arena, "vec_splat(%s)", scalar);
    const char *name = tile_element_name(to, &expr->access);
    tile_declare(to, tile_writes(to, scalar) ? "vec" : "const vec", name, tile_load(to, &expr->access));
    Element *element = tile_add(to, &expr->access, name);
    element->read = true;
    return element->name;
}

/* A literal beside a vector is one for all lanes; alone, it has to say so. */
static const char *argument_text(TileNest *to, const Expr *expr, int which)
{
    Arena *arena = to->nest.arena;
    const Expr *argument = without_stops(expr->argument[which]);
    int outer = op_traits[expr->op].precedence;
    if (argument->op == OP_CONSTANT) {
        bool beside = outer > 0 && op_traits[expr->op].arity == 2 &&
                      without_stops(expr->argument[!which])->op != OP_CONSTANT;
        if (!beside || !(fabs(argument->value) <= FLT_MAX))
            return tile_expression(to, argument);
        const char *literal = float_text(arena, argument->value);
        return argument->value < 0 ? arena_format(arena, "(%s)", literal) : literal;
    }
    bool is_sum = argument->op == OP_AXIS && !is_scalar(to, argument);
    int inner = is_sum ? PRECEDENCE_SUM : op_traits[argument->op].precedence;
    return emit_in_parentheses(arena, tile_expression(to, argument), outer, which, inner);
}

/* What stage moved out of a time loop is computed as in it: a stream, which has no loop to move it out of, gives the
 * same numbers. */
static const char *form_of(const TileNest *to, Op op)
{
    const OpTraits *traits = &op_traits[op];
    const Statement *statement = to->nest.statement;
    bool recurs = statement->loop || statement->left;
    if (!traits->vector)
        die("%s has no form over vectors", traits->name);
    return !recurs && traits->vector_precise ? traits->vector_precise : traits->vector;
}

const char *tile_expression(TileNest *to, const Expr *expr)
{
    Arena *arena = to->nest.arena;
    expr = without_stops(expr);
    if (expr->op == OP_CONSTANT)
        return arena_format(arena, "vec_splat(%s)", float_text(arena, expr->value));
    if (expr->op == OP_LOAD || is_scalar(to, expr))
        return read_text(to, expr);
    if (expr->op == OP_AXIS)
        return position_text(to, expr);
    const char *a = argument_text(to, expr, 0), *b = op_traits[expr->op].arity == 2 ? argument_text(to, expr, 1) : NULL;
    return emit_operation(arena, form_of(to, expr->op), a, b);
}
