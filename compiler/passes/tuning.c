/* tuning.c: in: tiles, and choices of their numbers by name.  out: the tiles with these numbers. */
#include "tuning.h"

#include "compiler/ir/axes.h"
#include "lanes.h"

#include <stdio.h>
#include <string.h>

typedef struct Place {              /* a tile in its program */
    Ir *ir;
    const Target *target;
    Tile *tile;
    int first, end;                 /* its statements */
} Place;

/* ---- names ---- */

/* NULL: it has no sums, and nothing is chosen. */
static const Statement *first_sum(const Place *place)
{
    for (int i = place->first; i < place->end; i++)
        if (statement_has_sum(place->ir->statements[i]))
            return place->ir->statements[i];
    return NULL;
}

static bool name_taken(const NamedTiles *tiles, const char *name)
{
    for (int i = 0; i < tiles->count; i++)
        if (!strcmp(tiles->list[i].name, name))
            return true;
    return false;
}

static const char *name_of(const Place *place, const NamedTiles *tiles, const char *program)
{
    static const char *const sections[SECTION_COUNT] = { "reset", "forward", "carry", "loss", "backward" };
    const Statement *statement = first_sum(place);
    const Tensor *tensor = statement->out.tensor;
    const char *base = arena_format(place->ir->arena, "%s %s %s%s%s%s%s", program, sections[statement->section],
                                    tensor->layer, *tensor->layer ? "." : "", tensor->name,
                                    statement->loop ? " in " : "", statement->loop ? statement->loop->axis->name : "");
    const char *name = base;
    for (int again = 2; name_taken(tiles, name); again++)
        name = arena_format(place->ir->arena, "%s %d", base, again);
    return name;
}

/* ---- what there is ---- */

/* The axis of a sum whose turns may be written out several at a time: -1 if its inner axes are written out in full, or
 * there is none. */
static int unrolled_axis(const Statement *statement, const Tile *tile)
{
    for (int a = statement->axis_count - 1; a >= 0; a--) {
        const Axis *axis = statement->axes[a];
        if (!axis_is_summed(statement, axis) || axis == tile->lane || axis->kind != AXIS_PLAIN || axis->extent == 1)
            continue;
        return tile->dot || statement->unroll[a] >= axis->extent || axis == tile->chunk ? -1 : a;
    }
    return -1;
}

static double work_of(const Statement *statement)
{
    double work = statement_has_sum(statement) ? 1 : 0;
    for (int a = 0; a < statement->axis_count; a++)
        work *= statement->axes[a]->kind == AXIS_BATCH ? 1 : statement->axes[a]->extent;
    return statement->loop ? work * statement->loop->axis->extent : work;
}

static NamedTile describe(const Place *place, const char *name)
{
    const Tile *tile = place->tile;
    NamedTile named = { .name = name, .copies = 1, .dot = tile->dot };
    named.numbers = (TileNumbers){
        .rows = tile->rows, .blocks = tile->blocks, .sets = tile->sets, .chunk = tile->chunk ? tile->chunk_extent : 0
    };
    named.rows = !tile->row ? 0 : tile->row->kind == AXIS_BATCH ? place->ir->batch : tile->row->extent;
    named.vectors = tile->dot ? 1 : (tile->lane->extent + place->target->lanes - 1) / place->target->lanes;
    named.steps = tile->chunk ? tile->chunk->extent : 0;
    for (int i = place->first; i < place->end; i++) {
        const Statement *statement = place->ir->statements[i];
        Lanes lanes = lanes_of(statement, place->target);
        int axis = unrolled_axis(statement, tile);
        named.work += work_of(statement);
        if (statement_has_sum(statement) && lanes.copies > named.copies)
            named.copies = lanes.copies;
        if (axis >= 0)
            named.numbers.unroll = statement->unroll[axis];
    }
    return named;
}

/* ---- choices ---- */

/* Why the numbers do not fit the tile; NULL: they do. */
static const char *misfit(Arena *arena, const NamedTile *tile, const TileNumbers *n)
{
    const int rows = n->rows ? n->rows : tile->numbers.rows, blocks = n->blocks ? n->blocks : tile->numbers.blocks;
    const int sets = n->sets ? n->sets : tile->numbers.sets;
    if (n->rows > 1 && !tile->rows)
        return "it has one row: rows = 1";
    if (n->blocks > 1 && tile->dot)
        return "its vectors lie along the sum: blocks = 1";
    if (n->unroll && !tile->numbers.unroll)
        return "it has no loop to unroll";
    if (n->chunk && !tile->steps)
        return "it has no sum over time that is cut: no chunk";
    if (rows * blocks * sets * tile->copies > TUNING_SUMS_MAX)
        return arena_format(arena, "%d rows x %d blocks x %d sets x %d copies are more than %d sums side by side", rows,
                            blocks, sets, tile->copies, TUNING_SUMS_MAX);
    return NULL;
}

static void set_numbers(const Place *place, const TileNumbers *n)
{
    Tile *tile = place->tile;
    tile->rows = n->rows ? n->rows : tile->rows;
    tile->blocks = n->blocks ? n->blocks : tile->blocks;
    tile->sets = n->sets ? n->sets : tile->sets;
    tile->narrow.rows = 0;          /* what was measured is for the machine that it was measured on */
    if (n->chunk && n->chunk < tile->chunk->extent) {
        tile->chunk_extent = n->chunk;
    } else if (n->chunk) {
        tile->chunk = NULL;
        tile->chunk_extent = 0;
    }
    for (int i = place->first; i < place->end && n->unroll; i++) {
        int axis = unrolled_axis(place->ir->statements[i], tile);
        int extent = axis >= 0 ? place->ir->statements[i]->axes[axis]->extent : 0;
        if (axis >= 0)
            place->ir->statements[i]->unroll[axis] = n->unroll < extent ? n->unroll : extent;
    }
}

static void choose(Diagnostics *diagnostics, const Tuning *tuning, const Place *place, NamedTile *named)
{
    for (int c = 0; tuning && c < tuning->count; c++) {
        const TileChoice *choice = &tuning->choices[c];
        if (strcmp(choice->name, named->name))
            continue;
        const char *why = misfit(place->ir->arena, named, &choice->numbers);
        if (why) {
            diagnostics_add(diagnostics, tuning->file ? tuning->file : "tuning", choice->line, "%s: %s", choice->name,
                            why);
            continue;
        }
        int steps = named->steps;
        set_numbers(place, &choice->numbers);
        *named = describe(place, named->name);
        named->steps = steps;
        named->numbers.chunk = named->numbers.chunk ? named->numbers.chunk : steps;
    }
}

void tuning_apply(Diagnostics *diagnostics, const Tuning *tuning, Ir *ir, const Target *target, const char *program,
                  NamedTiles *tiles)
{
    for (int first = 0, end; first < ir->statement_count; first = end) {
        Place place = { .ir = ir, .target = target, .tile = ir->statements[first]->tile, .first = first };
        for (end = first + 1; end < ir->statement_count && ir->statements[end]->tile == place.tile; end++)
            continue;
        place.end = end;
        /* What is prepared is shared by programs, and runs once. */
        if (!place.tile || !first_sum(&place) || first_sum(&place)->time == TIME_PREPARE)
            continue;
        NamedTile named = describe(&place, name_of(&place, tiles, program));
        choose(diagnostics, tuning, &place, &named);
        arena_append(ir->arena, tiles->list, tiles->count, tiles->capacity, named);
    }
}

void tuning_hint(const Tuning *tuning, const NamedTiles *tiles)
{
    bool any = false;
    for (int c = 0; tuning && c < tuning->count; c++) {
        if (name_taken(tiles, tuning->choices[c].name))
            continue;
        fprintf(stderr, "%s:%d: hint: no tile is called \"%s\", the choice stays without effect\n", tuning->file,
                tuning->choices[c].line, tuning->choices[c].name);
        any = true;
    }
    for (int i = 0; any && i < tiles->count; i++)
        fprintf(stderr, "%s\"%s\"%s", i ? ", " : "tiles here: ", tiles->list[i].name, i + 1 < tiles->count ? "" : "\n");
}
