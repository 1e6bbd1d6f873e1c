/* fill.c: which contribution sets, and where zeros go. in: statements that add.  out: the same sums, every element with
 * a beginning. A contribution outside all loops sets its box if nothing touched it before. The contributions of one
 * time loop set the row of each turn if that turn is the first to touch it: so an adjoint of a state needs no zeros but
 * in the one row that comes from outside, and two rows of it are enough to keep. Whatever is not proven becomes zeros
 * and `+=`, which is always right. */
#include "fill.h"
#include "compiler/ir/uses.h"

#include <stdlib.h>

typedef struct Zero {           /* tensor[box] = 0 in front of statement `position` */
    int position;
    Section section;
    Tensor *tensor;
    const Tensor *like;         /* what names the axes, besides the tensor itself; or NULL */
    Box box;
    Loop *loop;                 /* NULL: outside; else the row of this turn in `dimension` */
    int dimension;
    Index row;
} Zero;

struct Fill {
    Ir *ir;
    int first;
    TensorUses uses;
    int *outside;               /* by statement: where its loop begins, or itself */
    Zero *zeros;
    int zero_count, zero_capacity;
};

/* The contributions of one time loop to one tensor, each to row `coefficient * turn + constant` in `dimension`. */
typedef struct Group {
    Statement **statements;
    int *positions;
    int count;
    Loop *loop;
    int loop_position;          /* of the first statement of the loop */
    int dimension, coefficient, constant;   /* constant: of those that touch a row first */
} Group;

Fill *fill_create(Ir *ir, int first)
{
    Fill *fill = arena_new(ir->arena, Fill);
    *fill = (Fill){ .ir = ir, .first = first, .uses = ir_uses(ir->arena, ir) };
    fill->outside = arena_array(ir->arena, int, ir->statement_count + 1);
    for (int i = first; i < ir->statement_count; i++) {
        const Loop *loop = ir->statements[i]->loop;
        fill->outside[i] = i > first && ir->statements[i - 1]->loop == loop ? fill->outside[i - 1] : first;
        while (ir->statements[fill->outside[i]]->loop != loop)
            fill->outside[i]++;
        if (!loop)
            fill->outside[i] = i;
    }
    return fill;
}

static void add_zero(Fill *fill, Zero zero)
{
    arena_append(fill->ir->arena, fill->zeros, fill->zero_count, fill->zero_capacity, zero);
}

static void add_zeros(Fill *fill, Zero like, const Boxes *boxes)
{
    for (int i = 0; i < boxes->count; i++) {
        like.box = boxes->box[i];
        add_zero(fill, like);
    }
}

static bool sums(const Statement *statement)
{
    const Access *out = &statement->out;
    for (int i = 0; i < statement->axis_count; i++) {
        bool used = false;
        for (int d = 0; d < out->tensor->rank; d++)
            used = used || index_uses(&out->index[d], statement->axes[i]);
        if (!used)
            return true;
    }
    return false;
}

/* One contribution: sets what is new, if all of it is new; else zeros what is new. `like`: where zeros go. Adds to
 * `covered`. */
static bool begin(Fill *fill, const Statement *statement, Box box, Touch touch, Zero like, Boxes *covered)
{
    Arena *arena = fill->ir->arena;
    bool fresh = !boxes_overlap(covered, &box);
    bool sets = fresh && touch == TOUCH_ONCE && !sums(statement);
    if (!sets) {
        Boxes rest = boxes_rest(arena, &box, covered);
        add_zeros(fill, like, &rest);
    }
    boxes_add(arena, covered, box);
    return sets;
}

static Box box_of_rows(const Group *group, Box box, int constant)
{
    int last = group->coefficient * (group->loop->axis->extent - 1) + constant;
    box.low[group->dimension] = last < constant ? last : constant;
    box.high[group->dimension] = last < constant ? constant : last;
    return box;
}

/* Finds the dimension that follows the loop, the same for all, by steps of one row. */
static bool find_rows(Group *group)
{
    group->dimension = -1;
    for (int i = 0; i < group->count; i++) {
        const Access *out = &group->statements[i]->out;
        int dimension = -1, constant = 0, coefficient = 0;
        for (int d = 0; d < out->tensor->rank; d++) {
            if (!index_uses(&out->index[d], group->loop->axis))
                continue;
            if (dimension >= 0 || out->index[d].gather || out->index[d].terms != 1 ||
                abs(out->index[d].coefficient[0]) != 1)
                return false;
            dimension = d;
            constant = out->index[d].constant;
            coefficient = out->index[d].coefficient[0];
        }
        if (dimension < 0 || (i > 0 && (dimension != group->dimension || coefficient != group->coefficient)))
            return false;
        bool smallest_first = group->loop->reversed == (coefficient > 0);
        if (i == 0 || (smallest_first ? constant < group->constant : constant > group->constant))
            group->constant = constant;
        group->dimension = dimension;
        group->coefficient = coefficient;
    }
    return true;
}

static Box box_of_turn(const Group *group, const Statement *statement, Touch *touch)
{
    Box box = box_of_access(&statement->out, (Turns){ .axis = group->loop->axis }, touch);
    box.low[group->dimension] = box.high[group->dimension] = 0;
    return box;
}

static int constant_of(const Group *group, const Statement *statement)
{
    return statement->out.index[group->dimension].constant;
}

/* Rows that other turns of the loop touch must be complete when they do, and rows that no turn begins are zeroed in
 * front of the loop. */
static bool others_fit(const Group *group, Arena *arena, const Boxes *turn, const Boxes *covered, Boxes *before_loop)
{
    for (int i = 0; i < turn->count; i++) {
        Box rows = box_of_rows(group, turn->box[i], group->constant);
        if (boxes_overlap(covered, &rows))
            return false;
    }
    for (int i = 0; i < group->count; i++) {
        if (constant_of(group, group->statements[i]) == group->constant)
            continue;
        Touch touch;
        Box box = box_of_turn(group, group->statements[i], &touch);
        if (boxes_rest(arena, &box, turn).count)
            return false;
        Boxes outside = { 0 };
        boxes_add(arena, &outside, box_of_rows(group, box, constant_of(group, group->statements[i])));
        Box whole_rows = box_of_rows(group, box, group->constant);
        boxes_subtract(arena, &outside, &whole_rows);
        for (int b = 0; b < covered->count; b++)
            boxes_subtract(arena, &outside, &covered->box[b]);
        for (int b = 0; b < before_loop->count; b++)
            boxes_subtract(arena, &outside, &before_loop->box[b]);
        for (int b = 0; b < outside.count; b++)
            boxes_add(arena, before_loop, outside.box[b]);
    }
    return true;
}

/* Tries to begin each row in its own turn; changes nothing if that is not right. */
static bool begin_in_turns(Fill *fill, Group *group, Section section, Boxes *covered)
{
    Arena *arena = fill->ir->arena;
    if (!find_rows(group))
        return false;
    int zeros_before = fill->zero_count;
    bool *sets = arena_array(arena, bool, group->count);
    Boxes turn = { 0 }, before_loop = { 0 };
    for (int i = 0; i < group->count; i++) {
        const Statement *statement = group->statements[i];
        if (constant_of(group, statement) != group->constant)
            continue;
        Touch touch;
        Box box = box_of_turn(group, statement, &touch);
        Zero like = { .position = group->positions[i],
                      .section = section,
                      .tensor = statement->out.tensor,
                      .loop = group->loop,
                      .dimension = group->dimension,
                      .row = statement->out.index[group->dimension] };
        sets[i] = begin(fill, statement, box, touch, like, &turn);
    }
    if (!others_fit(group, arena, &turn, covered, &before_loop)) {
        fill->zero_count = zeros_before;
        return false;
    }
    for (int i = 0; i < group->count; i++)
        if (sets[i])
            group->statements[i]->accumulate = ACCUMULATE_SET;
    for (int i = 0; i < turn.count; i++)
        boxes_add(arena, covered, box_of_rows(group, turn.box[i], group->constant));
    Zero like = { .position = group->loop_position, .section = section, .tensor = group->statements[0]->out.tensor };
    add_zeros(fill, like, &before_loop);
    for (int i = 0; i < before_loop.count; i++)
        boxes_add(arena, covered, before_loop.box[i]);
    return true;
}

static void fill_group(Fill *fill, Group *group, Section section, Boxes *covered)
{
    if (begin_in_turns(fill, group, section, covered))
        return;
    for (int i = 0; i < group->count; i++) {
        Touch touch;
        Box box = box_of_access(&group->statements[i]->out, turns_of(group->loop), &touch);
        Boxes rest = boxes_rest(fill->ir->arena, &box, covered);
        Zero like = { .position = group->loop_position,
                      .section = section,
                      .tensor = group->statements[i]->out.tensor };
        add_zeros(fill, like, &rest);
        boxes_add(fill->ir->arena, covered, box);
    }
}

static Group group_of(const Fill *fill, int position, const Tensor *tensor)
{
    Arena *arena = fill->ir->arena;
    Group group = { .loop = fill->ir->statements[position]->loop, .loop_position = fill->outside[position] };
    int statements = 0, positions = 0;
    const Numbers *writers = &fill->uses.writers[tensor->number];
    for (int w = 0; w < writers->count; w++) {
        int i = writers->number[w];
        Statement *statement = fill->ir->statements[i];
        if (i < position || statement->loop != group.loop)
            continue;
        int count = group.count;
        arena_append(arena, group.statements, group.count, statements, statement);
        arena_append(arena, group.positions, count, positions, i);
    }
    return group;
}

/* The first statement of the section among these. */
static int first_of(const Fill *fill, const Numbers *numbers, Section section)
{
    for (int n = 0; n < numbers->count; n++)
        if (numbers->number[n] >= fill->first && fill->ir->statements[numbers->number[n]]->section == section)
            return numbers->number[n];
    return fill->ir->statement_count;
}

static int first_touch(const Fill *fill, const Tensor *tensor, Section section)
{
    int written = first_of(fill, &fill->uses.writers[tensor->number], section),
        read = first_of(fill, &fill->uses.readers[tensor->number], section);
    int first = written < read ? written : read;
    return first < fill->ir->statement_count ? fill->outside[first] : first;
}

void fill_tensor(Fill *fill, Tensor *tensor, Section section, bool complete)
{
    Boxes covered = { 0 };
    const Loop *done = NULL;
    const Numbers *writers = &fill->uses.writers[tensor->number];
    for (int w = 0; w < writers->count; w++) {
        int i = writers->number[w];
        Statement *statement = fill->ir->statements[i];
        if (i < fill->first || statement->section != section || (done && statement->loop == done))
            continue;
        if (statement->loop) {
            Group group = group_of(fill, i, tensor);
            fill_group(fill, &group, section, &covered);
            done = statement->loop;
            continue;
        }
        Touch touch;
        Box box = box_of_access(&statement->out, (Turns){ 0 }, &touch);
        Zero like = { .position = i, .section = section, .tensor = tensor };
        if (begin(fill, statement, box, touch, like, &covered))
            statement->accumulate = ACCUMULATE_SET;
    }
    if (!complete)
        return;
    Box whole = box_whole(tensor);
    Boxes rest = boxes_rest(fill->ir->arena, &whole, &covered);
    Zero like = { .position = first_touch(fill, tensor, section), .section = section, .tensor = tensor };
    add_zeros(fill, like, &rest);
}

void fill_zero(Fill *fill, Tensor *tensor, Section section)
{
    add_zero(fill, (Zero){ .position = fill->first, .section = section, .tensor = tensor, .box = box_whole(tensor) });
}

/* The axis that others write dimension d of the tensor (or of what it is like) with, if it has the right extent. */
static Axis *find_axis(Ir *ir, const Zero *zero, int d, int extent, const Statement *so_far)
{
    const Axis *like = NULL;
    for (int i = 0; i < ir->statement_count; i++) {
        const Access *out = &ir->statements[i]->out;
        if (out->tensor != zero->tensor && out->tensor->adjoint != zero->tensor && out->tensor != zero->like)
            continue;
        const Index *index = &out->index[d];
        if (index->gather || index->terms != 1 || index->coefficient[0] != 1)
            continue;
        bool taken = zero->loop && zero->loop->axis == index->axis[0];
        for (int a = 0; a < so_far->axis_count; a++)
            taken = taken || so_far->axes[a] == index->axis[0];
        if (!taken && index->axis[0]->extent == extent)
            return index->axis[0];
        like = like ? like : index->axis[0];
    }
    return ir_axis(ir, like ? like->name : "i", extent, d == zero->tensor->time_dimension ? AXIS_TIME : AXIS_PLAIN);
}

static void append_zero(Ir *ir, const Zero *zero)
{
    Statement shape = { .axis_count = 0 };
    Access out = { .tensor = zero->tensor };
    for (int d = 0; d < zero->tensor->rank; d++) {
        int extent = zero->box.high[d] - zero->box.low[d] + 1;
        if (zero->loop && d == zero->dimension) {
            out.index[d] = zero->row;
            continue;
        }
        bool batch = d == zero->tensor->batch_dimension && ir->batch_axis;
        if (extent == 1 && !batch) {
            out.index[d] = index_constant(zero->box.low[d]);
            continue;
        }
        Axis *axis = batch ? ir->batch_axis : find_axis(ir, zero, d, extent, &shape);
        out.index[d] = index_axis(axis);
        out.index[d].constant = zero->box.low[d];
        shape.axes[shape.axis_count++] = axis;
    }
    ir_statement(ir, zero->section, zero->loop, ACCUMULATE_SET, out, expr_constant(ir->arena, 0), shape.axis_count,
                 shape.axes);
}

void fill_append_zero(Ir *ir, Section section, Tensor *tensor, const Tensor *like)
{
    append_zero(ir, &(Zero){ .section = section, .tensor = tensor, .like = like, .box = box_whole(tensor) });
}

void fill_finish(Fill *fill)
{
    Ir *ir = fill->ir;
    int count = ir->statement_count - fill->first;
    Statement **later = arena_array(ir->arena, Statement *, count);
    for (int i = 0; i < count; i++)
        later[i] = ir->statements[fill->first + i];
    /* The old tail stays readable while the zeros look for axes: it is put back behind them, piece by piece. */
    Statement **merged = NULL;
    int merged_count = 0, merged_capacity = 0;
    for (int i = 0; i <= count; i++) {
        for (int z = 0; z < 2 * fill->zero_count; z++) {     /* those in front of a loop before those inside */
            const Zero *pending = &fill->zeros[z % fill->zero_count];
            if (pending->position != fill->first + i || !pending->loop != (z < fill->zero_count))
                continue;
            append_zero(ir, pending);
            Statement *zero = ir->statements[--ir->statement_count];
            arena_append(ir->arena, merged, merged_count, merged_capacity, zero);
        }
        if (i < count)
            arena_append(ir->arena, merged, merged_count, merged_capacity, later[i]);
    }
    ir->statement_count = fill->first;
    for (int i = 0; i < merged_count; i++)
        arena_append(ir->arena, ir->statements, ir->statement_count, ir->statement_capacity, merged[i]);
}
