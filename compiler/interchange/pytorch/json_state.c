/* json_state.c: in: a state dict as JSON, names and lists of numbers, as scripts of RTNeural and others dump it.  out:
 * its tensors. */
#include "compiler/interchange/draft/json.h"
#include "state.h"

void state_read_json(State *state, const json_t *json)
{
    const char *name;
    json_t *value;
    json_object_foreach((json_t *)json, name, value) {
        DraftArray array;
        StateTensor tensor = { .name = arena_copy_text(state->draft->arena, name), .dtype = "float32", .count = 1 };
        if (!json_numbers(state->draft->arena, value, tensor.name, &array)) {
            draft_refuse(state->draft, "%s is no list of numbers, or not all of its rows are of one length", name);
            continue;
        }
        tensor.rank = array.rank;
        tensor.values = array.values;
        for (int d = 0; d < array.rank; d++) {
            tensor.shape[d] = array.shape[d];
            tensor.count *= array.shape[d];
        }
        arena_append(state->draft->arena, state->tensors, state->count, state->capacity, tensor);
    }
    state_settle(state);
}
