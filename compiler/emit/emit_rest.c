/* emit_rest.c: in: a tile whose sums of several rows are formed.  out: what follows the sums, in a loop over these
 * rows: the sums are handed over in arrays. */
#include "emit_tile.h"

/* "const vec z[3][4] = ...": what the sums of a tensor have come to, row by row; its elements are those of the row of
 * the loop now. */
static void hand_over(TileNest *to, const Tensor *tensor, int first, int end, const char *which)
{
    Arena *arena = to->nest.arena;
    int wide = 0;
    for (int i = first; i < end; i++)
        wide += to->elements[i].tensor == tensor && to->elements[i].row == 0 && tile_writes(to, to->elements[i].place);
    const char *name = tile_name(to, tensor->name);
    put(to->out, "vec %s[%d][%d] = {", name, to->rows, wide);
    for (int row = 0; row < to->rows; row++) {
        const char *line = "{";
        int column = 0;
        for (int i = first; i < end; i++) {
            const Element element = to->elements[i];
            if (element.tensor != tensor || element.row != row || !tile_writes(to, element.place))
                continue;
            line = arena_format(arena, "%s%s%s", line, column ? ", " : " ", element.name);
            if (row == 0) {
                Element handed = element;
                handed.place = element.place_of_row;
                handed.address = element.address_of_row;
                handed.name = arena_format(arena, "%s[%s][%d]", name, which, column);
                arena_append(arena, to->elements, to->element_count, to->element_capacity, handed);
            }
            column++;
        }
        put(to->out, "%s },", line);
    }
    put(to->out, "};");
}

static void hand_over_all(TileNest *to, int end, const char *which)
{
    for (int i = 0; i < end; i++) {
        bool first = tile_writes(to, to->elements[i].place) > 0;
        for (int j = 0; j < i && first; j++)
            first = to->elements[j].tensor != to->elements[i].tensor || !tile_writes(to, to->elements[j].place);
        if (first)
            hand_over(to, to->elements[i].tensor, 0, end, which);
    }
    for (int i = 0; i < end; i++)
        to->elements[i].stored = false;
}

void tile_rest(TileNest *to, int from)
{
    const Binding row = to->row[0];
    const char *which = to->row_offset;
    bool always = row.name && row.axis->kind != AXIS_BATCH && row.axis->extent % to->rows == 0;
    hand_over_all(to, to->element_count, which);
    if (!row.name || always)
        put(to->out, "for (int %s = 0; %s < %d; %s++) {", which, which, to->rows, which);
    else
        put(to->out, "for (int %s = 0; %s < %d && %s + %s < %s; %s++) {", which, which, to->rows, row.name, which,
            kernel_extent(to->nest.kernel, row.axis), which);
    if (row.name)
        put(to->out, "const int %s = %s + %s;", to->row_variable, row.name, which);
    to->rows = 1;
    to->row[0] = (Binding){ .axis = row.axis, .name = to->row_variable };
    to->row_variable = NULL;
    tile_note_writes(to, from, to->count);
    for (int i = from; i < to->count; i++)
        tile_statement(to, to->statements[i]);
    tile_stores(to);
    put(to->out, "}");
}

/* Rows that are all side by side are counted by their axis itself. */
void tile_name_rows(TileNest *to)
{
    const Binding row = to->row[0];
    to->row_offset = row.name ? tile_name(to, "r") : tile_axis(to, row.axis);
    to->row_variable = row.name ? tile_beside(to, row.name, to->row_offset) : to->row_offset;
}
