/* piece.c: in: tiles, some of them moved behind the time loop that they left.  out: such loops cut in pieces, each
 * followed by those tiles for the turns of the piece: gradients are summed up while the adjoints of these turns are in
 * a cache, and no others need memory. Moving to the end of a piece is moving less far than behind the loop, which stage
 * has found to be right. Between the pieces a gradient lies in the order in which tiles add to it, and goes to the
 * caller's at the end: rows of the caller's are a power of two apart where layers are large, and would meet in the same
 * few lines of every cache. */
#include "compiler/ir/axes.h"
#include "compiler/ir/names.h"
#include "lanes.h"
#include "passes.h"

#include <string.h>

/* The one axis of the statement that can be the turns of the loop that it left; NULL: none, or several. */
static const Axis *turns_of(const Statement *statement)
{
    const Axis *time = statement_time(statement);
    return time && time->extent == statement->left->axis->extent ? time : NULL;
}

/* The tile can run for some turns: they are a loop of its own, outermost or summed. */
static bool may_follow(const Statement *statement, const Loop *loop)
{
    const Tile *tile = statement->tile;
    if (!tile || tile->dot || statement->left != loop || statement->loop || statement->section != SECTION_BACKWARD)
        return false;
    const Axis *turns = turns_of(statement);
    return turns && turns != tile->row && turns != tile->lane && (!tile->turns || tile->turns == turns);
}

static bool is_chunk(const Statement *statement)
{
    return turns_of(statement) && axis_is_summed(statement, turns_of(statement));
}

/* The statements behind `first` that may follow the loop, tile by tile; returns the end. */
static int end_of_followers(const Ir *ir, int first, const Loop *loop)
{
    int end = first;
    if (ir->statements[first]->phase != ir->statements[first - 1]->phase)
        return first;
    while (end < ir->statement_count && may_follow(ir->statements[end], loop)) {
        const Tile *tile = ir->statements[end]->tile;
        int next = end;
        while (next < ir->statement_count && ir->statements[next]->tile == tile &&
               may_follow(ir->statements[next], loop))
            next++;
        if (next < ir->statement_count && ir->statements[next]->tile == tile)
            break;
        end = next;
    }
    return end;
}

/* As many turns as the large gradients among the followers ask for: the others are little work. */
static int turns_of_piece(const Ir *ir, const Loop *loop, int first, int end)
{
    size_t most = 0;
    int turns = loop->axis->extent;
    for (int i = first; i < end; i++)
        if (is_chunk(ir->statements[i]) && tensor_count(ir->statements[i]->out.tensor) > most)
            most = tensor_count(ir->statements[i]->out.tensor);
    for (int i = first; i < end; i++) {
        const Tile *tile = ir->statements[i]->tile;
        bool counts = is_chunk(ir->statements[i]) && tensor_count(ir->statements[i]->out.tensor) >= most / 4;
        if (counts && tile->chunk && tile->chunk_extent < turns)
            turns = tile->chunk_extent;
    }
    return turns;
}

static void cut(Ir *ir, Loop *loop, int first, int end)
{
    int piece = turns_of_piece(ir, loop, first, end);
    if (piece >= loop->axis->extent)
        return;
    loop->piece = piece;
    for (int i = first; i < end; i++) {
        Tile *tile = ir->statements[i]->tile;
        tile->follows = loop;
        tile->turns = turns_of(ir->statements[i]);
        for (int a = 0; a < ir->statements[i]->axis_count; a++)
            if (is_chunk(ir->statements[i]) && ir->statements[i]->axes[a] == tile->turns) {
                tile->chunk = ir->statements[i]->axes[a];
                ir->statements[i]->unroll[a] = 1;
                tile->chunk_extent = piece;
            }
    }
}

/* ---- gradients between the pieces ---- */

typedef struct Insertion {
    Statement *before, *behind;     /* the sum set to zero, and added to the gradient */
} Insertion;

/* The axes of the output: points, copied positions, the lane last. */
static int axes_of_output(const Statement *statement, Axis **axes)
{
    const Tile *tile = statement->tile;
    int count = 0;
    for (int copied = 0; copied <= 1; copied++)
        for (int a = 0; a < statement->axis_count; a++) {
            Axis *axis = statement->axes[a];
            bool point = axis == tile->row;
            for (int i = 0; i < tile->outer_count; i++)
                point |= axis == tile->outer[i];
            if (!axis_is_summed(statement, axis) && axis != tile->lane && point == !copied)
                axes[count++] = axis;
        }
    axes[count++] = tile->lane;
    return count;
}

/* A statement over axes of its own, for all elements of `sum`. */
static Statement *over_all(Ir *ir, Tensor *sum, Axis *const *axes, int count, Accumulate accumulate, Access out,
                           Expr *value)
{
    Statement *statement = ir_statement(ir, SECTION_BACKWARD, NULL, accumulate, out, value, count, axes);
    ir->statement_count--;          /* its place is another */
    Tile *tile = arena_new(ir->arena, Tile);
    *tile = (Tile){ .rows = 1, .blocks = 1, .sets = 1, .outer_count = count - 1 };
    for (int i = 0; i < count; i++) {
        Axis *own = ir_axis(ir, axes[i]->name, axes[i]->extent, AXIS_PLAIN);
        statement_rename_axis(ir->arena, statement, axes[i], own);
        if (i < count - 1)
            tile->outer[i] = own;
        else
            tile->lane = own;
    }
    statement->tile = tile;
    statement->layer = sum->layer;
    return statement;
}

/* "d_kernel_sum"; a weight that several products read has several. */
static Insertion sum_apart(Ir *ir, TensorNames *names, Statement *statement)
{
    Axis *axes[STATEMENT_AXES_MAX];
    int extent[STATEMENT_AXES_MAX], count = axes_of_output(statement, axes);
    const Tensor *gradient = statement->out.tensor;
    Access apart = { 0 };
    for (int i = 0; i < count; i++) {
        extent[i] = axes[i]->extent;
        apart.index[i] = index_axis(axes[i]);
    }
    const char *name = tensor_new_name(names, gradient->layer, arena_format(ir->arena, "%s_sum", gradient->name));
    apart.tensor = ir_tensor(ir, ROLE_VALUE, gradient->layer, name, count, extent);
    apart.tensor->layout = count > 1 ? LAYOUT_BLOCKED : LAYOUT_PADDED;
    apart.tensor->lanes = gradient->lanes;
    Insertion insertion = {
        .before = over_all(ir, apart.tensor, axes, count, ACCUMULATE_SET, apart, expr_constant(ir->arena, 0)),
        .behind = over_all(ir, apart.tensor, axes, count, ACCUMULATE_ADD, statement->out, expr_load(ir->arena, apart)),
    };
    statement->out = apart;
    return insertion;
}

static void insert(Ir *ir, int at, Statement *statement)
{
    arena_append(ir->arena, ir->statements, ir->statement_count, ir->statement_capacity, statement);
    memmove(ir->statements + at + 1, ir->statements + at,
            sizeof *ir->statements * (size_t)(ir->statement_count - 1 - at));
    ir->statements[at] = statement;
}

/* The statements first..end follow the loop. */
static void sum_gradients_apart(Ir *ir, TensorNames *names, const Loop *loop, int first, int end)
{
    int start = first;
    while (start > 0 && ir->statements[start - 1]->loop == loop)
        start--;
    for (int i = first; i < end; i++) {
        Statement *statement = ir->statements[i];
        /* that of the input begins anew in each pass, and is added to piece by piece */
        if (statement->out.tensor->role != ROLE_GRADIENT || !statement->out.tensor->weight || !statement->tile->chunk)
            continue;
        Insertion insertion = sum_apart(ir, names, statement);
        insertion.before->phase = insertion.behind->phase = statement->phase;
        insert(ir, end, insertion.behind);
        insert(ir, start, insertion.before);
        start++, i++, end++;
    }
}

void piece(Ir *ir)
{
    TensorNames *names = tensor_names(ir->arena, ir, true);
    for (int i = 1; i < ir->statement_count; i++) {
        Loop *loop = ir->statements[i - 1]->loop;
        if (!loop || !loop->reversed || ir->statements[i]->loop == loop)
            continue;
        int end = end_of_followers(ir, i, loop);
        cut(ir, loop, i, end);
        if (loop->piece)
            sum_gradients_apart(ir, names, loop, i, end);
    }
}
