/* emit_square.c: in: a copy of a weight whose lanes lie across the vectors of what it reads.  out: the call that turns
 * over one square of it; the loops around are open. */
#include "compiler/ir/axes.h"
#include "emit_tile.h"

/* Positions of the axis from here on, where a square may be wider: "100 - n"; else "VEC". */
static const char *left_of(const TileNest *to, const Axis *axis)
{
    if (axis->extent % to->statements[0]->out.tensor->lanes == 0)
        return "VEC";
    return arena_format(to->nest.arena, "%s - %s", kernel_extent(to->nest.kernel, axis), tile_axis(to, axis));
}

/* Floats between two vectors of the copy that are neighbours along the axis. */
static size_t stride_of_copy(const Statement *copy, const Axis *axis)
{
    const Tensor *tensor = copy->out.tensor;
    const int blocks = tensor->layout == LAYOUT_BLOCKED;    /* the first dimension of its memory, if there are any */
    int dimension = 0;
    while (copy->axes[dimension] != axis)
        dimension++;
    size_t stride = 1;
    for (int d = blocks + dimension + 1; d < tensor_memory_rank(tensor); d++)
        stride *= (size_t)tensor_memory_extent(tensor, d);
    return stride;
}

void tile_square(TileNest *to)
{
    Arena *arena = to->nest.arena;
    const Tile *tile = to->tile;
    const Statement *copy = to->statements[0];
    tile_bind(to, to->block[0]);
    const char *from = access_text(&to->nest, &copy->value->access), *out = access_text(&to->nest, &copy->out);
    tile_unbind(to);
    emit_line(to->out, arena,
              arena_format(arena, "vec_transpose(&%s, %lld, %s, %s, &%s, %zu);", from,
                           access_stride(&copy->value->access, tile->lane), left_of(to, tile->lane),
                           left_of(to, tile->across), out, stride_of_copy(copy, tile->across)));
}
