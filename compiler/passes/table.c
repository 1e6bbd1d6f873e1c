/* table.c: in: an inference Ir.  out: the same, with tables in the place of sums over rows of weights that an id
 * selects:
 *
 *     y[t,n] = E[x[t],n]   z[t,g] = bias[g]   z[t,g] += kernel[k,g]*y[t,k]        becomes
 *     table[v,g] = bias[g]   table[v,g] += kernel[k,g]*E[v,k]   z[t,g] = table[x[t],g]
 *
 * The first two depend on weights alone, so they are prepared. What nobody reads any more is dropped elsewhere. */
#include "stage.h"

#include <string.h>

typedef struct Substitution {       /* each axis stands for an index */
    Axis *axis[STATEMENT_AXES_MAX + 1];
    Index index[STATEMENT_AXES_MAX + 1];
    int count;
} Substitution;

typedef struct Lookup {             /* a sum that a table can stand for */
    Ir *ir;
    const Statement *sum;
    const Access *operand;          /* in its value: what is a row of weights, or was set to one */
    Access row;                     /* that row of weights, with the indices of the sum */
    int dimension;                  /* of it, that the id selects */
    Axis *id;                       /* every id */
    int summed_count, kept_count, table_count;
    Axis *summed[STATEMENT_AXES_MAX];   /* inside the table */
    Axis *kept[STATEMENT_AXES_MAX];     /* of the look-up */
    Axis *table[STATEMENT_AXES_MAX];    /* kept, and the weights depend on them: dimensions of the table */
} Lookup;

/* ---- indices in other axes ---- */

static bool add_term(Index *to, Axis *axis, int coefficient)
{
    for (int i = 0; i < to->terms; i++)
        if (to->axis[i] == axis) {
            to->coefficient[i] += coefficient;
            return true;
        }
    if (to->terms == INDEX_TERMS_MAX)
        return false;
    to->axis[to->terms] = axis;
    to->coefficient[to->terms++] = coefficient;
    return true;
}

static const Index *find_index(const Substitution *substitution, const Axis *axis)
{
    for (int i = 0; i < substitution->count; i++)
        if (substitution->axis[i] == axis)
            return &substitution->index[i];
    return NULL;
}

/* False if the result has too many terms, or an axis stands for nothing. */
static bool substitute_index(const Substitution *substitution, const Index *from, Index *to)
{
    *to = index_constant(from->constant);
    for (int i = 0; i < from->terms; i++) {
        const Index *index = find_index(substitution, from->axis[i]);
        if (!index || index->gather)
            return false;
        to->constant += from->coefficient[i] * index->constant;
        for (int term = 0; term < index->terms; term++)
            if (!add_term(to, index->axis[term], from->coefficient[i] * index->coefficient[term]))
                return false;
    }
    return true;
}

static bool substitute_access(Arena *arena, const Substitution *substitution, const Access *from, Access *to)
{
    to->tensor = from->tensor;
    for (int d = 0; d < from->tensor->rank; d++) {
        const Access *gather = from->index[d].gather;
        if (!gather) {
            if (!substitute_index(substitution, &from->index[d], &to->index[d]))
                return false;
            continue;
        }
        to->index[d] = (Index){ .gather = arena_new(arena, Access) };
        if (!substitute_access(arena, substitution, gather, to->index[d].gather))
            return false;
    }
    return true;
}

static bool is_plain_axis(const Index *index)
{
    return !index->gather && index->terms == 1 && index->coefficient[0] == 1 && index->constant == 0;
}

/* The axes of `written`, each in one place of its index, stand for what `read` has there. */
static bool match(const Access *written, const Access *read, Substitution *substitution)
{
    *substitution = (Substitution){ 0 };
    for (int d = 0; d < written->tensor->rank; d++) {
        const Index *place = &written->index[d];
        if (read->index[d].gather)
            return false;
        if (is_plain_axis(place) && !find_index(substitution, place->axis[0])) {
            if (substitution->count > STATEMENT_AXES_MAX)
                return false;
            substitution->axis[substitution->count] = place->axis[0];
            substitution->index[substitution->count++] = read->index[d];
        } else if (place->gather || place->terms || !index_equal(place, &read->index[d])) {
            return false;
        }
    }
    return true;
}

/* ---- which sums ---- */

static int count_gathers(const Access *access)
{
    int count = 0;
    for (int d = 0; d < access->tensor->rank; d++)
        count += access->index[d].gather != NULL;
    return count;
}

/* A weight, one dimension of which is selected by the caller's ids. */
static bool is_row(const Access *access)
{
    if (access->tensor->role != ROLE_WEIGHT || count_gathers(access) != 1)
        return false;
    for (int d = 0; d < access->tensor->rank; d++)
        if (access->index[d].gather && access->index[d].gather->tensor->role != ROLE_INPUT)
            return false;
    return true;
}

/* The one statement that writes the tensor; NULL if there is none, or several. */
static const Statement *only_writer(const Ir *ir, const Tensor *tensor)
{
    const Statement *writer = NULL;
    for (int i = 0; i < ir->statement_count; i++) {
        if (ir->statements[i]->out.tensor != tensor)
            continue;
        if (writer)
            return NULL;
        writer = ir->statements[i];
    }
    return writer;
}

/* What the access reads is a row of weights: directly, or because its tensor was set to one. */
static bool find_row(Lookup *lookup, const Access *access)
{
    if (is_row(access)) {
        lookup->row = *access;
        return true;
    }
    const Statement *writer = access->tensor->role == ROLE_VALUE ? only_writer(lookup->ir, access->tensor) : NULL;
    if (!writer || writer->section != SECTION_FORWARD || writer->accumulate != ACCUMULATE_SET ||
        writer->value->op != OP_LOAD || !is_row(&writer->value->access))
        return false;
    Substitution substitution;
    return match(&writer->out, access, &substitution) &&
           substitute_access(lookup->ir->arena, &substitution, &writer->value->access, &lookup->row);
}

/* Everything in the expression but one operand is a weight as it lies. */
static bool find_operand(Lookup *lookup, const Expr *expr)
{
    if (expr->op == OP_AXIS)
        return false;
    if (expr->op == OP_LOAD && !(expr->access.tensor->role == ROLE_WEIGHT && count_gathers(&expr->access) == 0)) {
        if (lookup->operand || !find_row(lookup, &expr->access))
            return false;
        lookup->operand = &expr->access;
    }
    for (int i = 0; i < op_traits[expr->op].arity; i++)
        if (!find_operand(lookup, expr->argument[i]))
            return false;
    return true;
}

static bool access_uses(const Access *access, const Axis *axis)
{
    for (int d = 0; d < access->tensor->rank; d++)
        if (index_uses(&access->index[d], axis))
            return true;
    return false;
}

/* The expression with every id in the place of the operand's. */
static Expr *for_every_id(const Lookup *lookup, const Expr *expr)
{
    Arena *arena = lookup->ir->arena;
    if (expr->op == OP_CONSTANT)
        return expr_constant(arena, expr->value);
    if (expr->op == OP_LOAD) {
        Access access = &expr->access == lookup->operand ? lookup->row : expr->access;
        if (&expr->access == lookup->operand)
            access.index[lookup->dimension] = index_axis(lookup->id);
        return expr_load(arena, access);
    }
    Expr *argument[2] = { NULL, NULL };
    for (int i = 0; i < op_traits[expr->op].arity; i++)
        argument[i] = for_every_id(lookup, expr->argument[i]);
    return expr_make(arena, expr->op, argument[0], argument[1]);
}

typedef struct AxisUse {
    const Axis *axis;
    bool used;
} AxisUse;

static void visit_use(void *context, const Access *access)
{
    AxisUse *use = context;
    use->used = use->used || access_uses(access, use->axis);
}

static bool expr_uses(const Expr *expr, const Axis *axis)
{
    AxisUse use = { .axis = axis };
    expr_visit_loads(expr, visit_use, &use);
    return use.used;
}

/* What the id depends on cannot be summed in the table; what else is not in the output can. */
static void sort_axes(Lookup *lookup, const Expr *value)
{
    const Statement *sum = lookup->sum;
    for (int i = 0; i < sum->axis_count; i++) {
        Axis *axis = sum->axes[i];
        bool outside = access_uses(&sum->out, axis) || access_uses(lookup->row.index[lookup->dimension].gather, axis);
        if (outside)
            lookup->kept[lookup->kept_count++] = axis;
        else
            lookup->summed[lookup->summed_count++] = axis;
        if (outside && expr_uses(value, axis))
            lookup->table[lookup->table_count++] = axis;
    }
}

static bool fits(const Lookup *lookup, int bytes)
{
    long long size = (long long)sizeof(float) * lookup->id->extent;
    for (int i = 0; i < lookup->table_count; i++) {
        size *= lookup->table[i]->extent;
        if (size > bytes || lookup->table[i]->kind == AXIS_BATCH)
            return false;
    }
    return size <= bytes && lookup->table_count < TENSOR_RANK_MAX &&
           1 + lookup->table_count + lookup->summed_count <= STATEMENT_AXES_MAX;
}

/* NULL: no table for this statement. Otherwise what the table sums up. */
static Expr *find_lookup(Lookup *lookup, int bytes)
{
    const Statement *sum = lookup->sum;
    if (sum->section != SECTION_FORWARD || sum->accumulate != ACCUMULATE_ADD || !find_operand(lookup, sum->value) ||
        !lookup->operand)
        return NULL;
    while (!lookup->row.index[lookup->dimension].gather)
        lookup->dimension++;
    lookup->id = ir_axis(lookup->ir, "v", lookup->row.tensor->extent[lookup->dimension], AXIS_PLAIN);
    Expr *value = for_every_id(lookup, sum->value);
    sort_axes(lookup, value);
    bool turns = sum->loop && expr_uses(value, sum->loop->axis);
    return lookup->summed_count && !turns && fits(lookup, bytes) ? value : NULL;
}

/* ---- from what the sum starts ---- */

static void visit_other(void *context, const Access *access)
{
    if (access->tensor->role != ROLE_WEIGHT || count_gathers(access))
        *(bool *)context = false;
}

static bool expr_substitute(Arena *arena, const Substitution *substitution, const Expr *from, Expr **to)
{
    if (from->op == OP_LOAD) {
        Access access = { 0 };
        bool good = substitute_access(arena, substitution, &from->access, &access);
        *to = expr_load(arena, access);
        return good;
    }
    if (from->op == OP_CONSTANT || from->op == OP_AXIS) {
        *to = expr_constant(arena, from->value);
        return from->op == OP_CONSTANT;
    }
    Expr *argument[2] = { NULL, NULL };
    for (int i = 0; i < op_traits[from->op].arity; i++)
        if (!expr_substitute(arena, substitution, from->argument[i], &argument[i]))
            return false;
    *to = expr_make(arena, from->op, argument[0], argument[1]);
    return true;
}

/* Does `start` set exactly what the sum adds to, to what weights alone decide? Then *value is that, in
 * the sum's axes. */
static bool starts_sum(const Lookup *lookup, const Statement *start, Expr **value)
{
    const Statement *sum = lookup->sum;
    bool weights_alone = true;
    expr_visit_loads(start->value, visit_other, &weights_alone);
    Substitution substitution;
    if (start->section != sum->section || start->loop != sum->loop || start->accumulate != ACCUMULATE_SET ||
        start->out.tensor != sum->out.tensor || !weights_alone || !match(&start->out, &sum->out, &substitution))
        return false;
    for (int i = 0; i < substitution.count; i++) {
        const Index *index = &substitution.index[i];
        if (!is_plain_axis(index) || index->axis[0]->extent != substitution.axis[i]->extent)
            return false;
        for (int other = 0; other < i; other++)
            if (substitution.index[other].axis[0] == index->axis[0])
                return false;
    }
    if (!expr_substitute(lookup->ir->arena, &substitution, start->value, value))
        return false;
    for (int i = 0; i < lookup->kept_count; i++) {
        bool in_table = false;
        for (int t = 0; t < lookup->table_count; t++)
            in_table |= lookup->table[t] == lookup->kept[i];
        if (!access_uses(&sum->out, lookup->kept[i]) || (!in_table && expr_uses(*value, lookup->kept[i])))
            return false;
    }
    return !sum->loop || !expr_uses(*value, sum->loop->axis);
}

/* The place of the statement that the table can take in; -1: the table starts from nothing, and is added. */
static int find_start(const Lookup *lookup, int at, Expr **value)
{
    *value = expr_constant(lookup->ir->arena, 0);
    Expr *start;
    for (int i = at - 1; i >= 0; i--)
        if (starts_sum(lookup, lookup->ir->statements[i], &start)) {
            *value = start;
            return i;
        }
    return -1;
}

/* ---- the table ---- */

static const char *table_name(const Ir *ir, const char *layer)
{
    const char *name = "table";
    for (int again = 1, i = 0; i < ir->tensor_count; i++)
        if (!strcmp(ir->tensors[i]->layer, layer) && !strcmp(ir->tensors[i]->name, name)) {
            name = arena_format(ir->arena, "table_%d", again++);
            i = -1;
        }
    return name;
}

static Access table_access(const Lookup *lookup, Tensor *table, Index id)
{
    Access access = { .tensor = table, .index[0] = id };
    for (int i = 0; i < lookup->table_count; i++)
        access.index[i + 1] = index_axis(lookup->table[i]);
    return access;
}

static Tensor *make_table(const Lookup *lookup)
{
    int extent[TENSOR_RANK_MAX] = { lookup->id->extent };
    for (int i = 0; i < lookup->table_count; i++)
        extent[i + 1] = lookup->table[i]->extent;
    const char *layer = lookup->sum->layer;
    return ir_tensor(lookup->ir, ROLE_VALUE, layer, table_name(lookup->ir, layer), lookup->table_count + 1, extent);
}

/* Takes the statement made last to place `at`. */
static void bring_to(Ir *ir, int at)
{
    Statement *statement = ir->statements[ir->statement_count - 1];
    for (int i = ir->statement_count - 1; i > at; i--)
        ir->statements[i] = ir->statements[i - 1];
    ir->statements[at] = statement;
}

static void take_out(Ir *ir, int at)
{
    ir->statement_count--;
    for (int i = at; i < ir->statement_count; i++)
        ir->statements[i] = ir->statements[i + 1];
}

/* Before the loop in which the statement stands. */
static int place_before(const Ir *ir, int at)
{
    const Loop *loop = ir->statements[at]->loop;
    int place = at;
    for (int i = 0; loop && i < at && place == at; i++)
        if (ir->statements[i]->loop == loop)
            place = i;
    return place;
}

static void put_table(const Lookup *lookup, int at, Expr *start, Expr *value, int start_at)
{
    Ir *ir = lookup->ir;
    const Statement *sum = lookup->sum;
    Tensor *table = make_table(lookup);
    Axis *axes[STATEMENT_AXES_MAX] = { lookup->id };
    int count = 1;
    for (int i = 0; i < lookup->table_count; i++)
        axes[count++] = lookup->table[i];
    Access every = table_access(lookup, table, index_axis(lookup->id));
    Access one = table_access(lookup, table, lookup->row.index[lookup->dimension]);
    bool set = start_at >= 0;
    int look_at = set ? start_at : at, place = place_before(ir, look_at);
    ir_statement(ir, sum->section, sum->loop, set ? ACCUMULATE_SET : ACCUMULATE_ADD, sum->out,
                 expr_load(ir->arena, one), lookup->kept_count, lookup->kept)
        ->layer = sum->layer;
    bring_to(ir, look_at);
    take_out(ir, at + 1);
    if (set)
        take_out(ir, start_at + 1);
    ir_statement(ir, sum->section, NULL, ACCUMULATE_SET, every, start, count, axes)->layer = sum->layer;
    bring_to(ir, place);
    for (int i = 0; i < lookup->summed_count; i++)
        axes[count++] = lookup->summed[i];
    ir_statement(ir, sum->section, NULL, ACCUMULATE_ADD, every, value, count, axes)->layer = sum->layer;
    bring_to(ir, place + 1);
}

void replace_by_tables(Ir *ir, int bytes)
{
    for (int i = 0; i < ir->statement_count; i++) {
        Lookup lookup = { .ir = ir, .sum = ir->statements[i] };
        Expr *value = find_lookup(&lookup, bytes), *start;
        if (!value)
            continue;
        int start_at = find_start(&lookup, i, &start);
        put_table(&lookup, i, start, value, start_at);
    }
}
