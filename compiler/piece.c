/* piece.c: in: tiles, some of them moved behind the time loop that they left.  out: such loops cut in pieces, each followed by those tiles for
 * the turns of the piece: gradients are summed up while the adjoints of these turns are in a cache, and no others need memory.
 * Moving to the end of a piece is moving less far than behind the loop, which stage has found to be right. */
#include "lanes.h"
#include "passes.h"

/* The one axis of the statement that can be the turns of the loop that it left; NULL: none, or several. */
static const Axis *turns_of(const Statement *statement)
{
    const Axis *found = NULL;
    for (int a = 0; a < statement->axis_count; a++)
        if (statement->axes[a]->kind == AXIS_TIME) {
            if (found || statement->axes[a]->extent != statement->left->axis->extent)
                return NULL;
            found = statement->axes[a];
        }
    return found;
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
    return turns_of(statement) && lanes_is_summed(statement, turns_of(statement));
}

/* The statements behind `first` that may follow the loop, tile by tile; returns the end. */
static int end_of_followers(const Ir *ir, int first, const Loop *loop)
{
    int end = first;
    while (end < ir->statement_count && may_follow(ir->statements[end], loop)) {
        const Tile *tile = ir->statements[end]->tile;
        int next = end;
        while (next < ir->statement_count && ir->statements[next]->tile == tile && may_follow(ir->statements[next], loop))
            next++;
        if (next < ir->statement_count && ir->statements[next]->tile == tile)
            break;
        end = next;
    }
    return end;
}

static void cut(Ir *ir, Loop *loop, int first, int end)
{
    int piece = loop->axis->extent;
    for (int i = first; i < end; i++)
        if (is_chunk(ir->statements[i]) && ir->statements[i]->tile->chunk && ir->statements[i]->tile->chunk_extent < piece)
            piece = ir->statements[i]->tile->chunk_extent;
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

void piece(Ir *ir)
{
    for (int i = 1; i < ir->statement_count; i++) {
        Loop *loop = ir->statements[i - 1]->loop;
        if (loop && loop->reversed && ir->statements[i]->loop != loop)
            cut(ir, loop, i, end_of_followers(ir, i, loop));
    }
}
