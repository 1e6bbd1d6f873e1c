/* emit_first_turn.c: in: sums that add nothing in the first turn of a loop over time, as the pass first_turn says.
 * out: the conditions under which they are formed. */
#include "compiler/ir/axes.h"
#include "emit_tile.h"

/* "lstm_h_is_zero": 1 where nothing of the state was carried on from before. */
static const char *state_name(const TileNest *to, const Tensor *state)
{
    Arena *arena = to->nest.arena;
    const char *name = c_name(arena, state->name);
    return to->nest.members ? arena_format(arena, "%s_is_zero", name)
                            : arena_format(arena, "%s_%s_is_zero", c_layer_name(arena, state->layer), name);
}

/* Before its loop the state is what M_reset_tape, M_carry or a caller has left in its first row. */
static void look_at_state(TileNest *to, const Tensor *state)
{
    Arena *arena = to->nest.arena;
    const Access before = { .tensor = (Tensor *)state };
    const int last = tensor_memory_rank(state) - 1;
    emit_line(to->out, arena,
              arena_format(arena, "const int %s = all_zero(&%s, %s, %d, %d);", state_name(to, state),
                           access_text(&to->nest, &before), to->nest.ir->batch_axis ? "rows" : "1",
                           tensor_memory_extent(state, last), state->extent[state->rank - 1]));
}

bool tile_look_at_states(TileNest *to)
{
    bool looks = false;
    for (int i = 0; i < to->count; i++) {
        const Tensor *state = to->statements[i]->first_state;
        bool known = false;
        for (int j = 0; j < i; j++)
            known |= to->statements[j]->first_state == state;
        if (!state || known)
            continue;
        if (!looks)
            put(to->out, "{");
        looks = true;
        look_at_state(to, state);
    }
    return looks;
}

const char *tile_condition(const TileNest *to, const Statement *statement)
{
    return statement->first && statement->first->extent == 1
               ? arena_format(to->nest.arena, "!%s", state_name(to, statement->first_state))
               : NULL;
}

/* A nest that does nothing but add to what is there. */
const char *tile_condition_of_all(const TileNest *to)
{
    const Statement *first = to->statements[0];
    for (int i = 0; i < to->count; i++)
        if (to->statements[i]->accumulate != ACCUMULATE_ADD || to->statements[i]->first_state != first->first_state)
            return NULL;
    return tile_condition(to, first);
}

const char *tile_first_turn(const TileNest *to, const Statement *statement, const Axis *axis)
{
    return statement->first == axis ? state_name(to, statement->first_state) : NULL;
}
