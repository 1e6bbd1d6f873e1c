/* guess.c: in: layers of which nothing is known but their arrays.  out: a chain of layers that could have them, and
 * what was assumed of it. */
#include "keras.h"

#include <string.h>

#define PARTS_MAX 40                /* that are put in order; more stand as the file has them */
#define TIMESTEPS "100"

typedef struct Part {
    DraftLayer *layer;
    const char *kind;
    const char *cell;               /* of Bidirectional */
    size_t in, out, units;
    bool recurrent, each_step;      /* each_step: it stood in a TimeDistributed */
    bool used;
} Part;

typedef struct Chain {
    Part *parts; int count;
    int order[PARTS_MAX];
} Chain;

/* ---- what a part is ---- */

static bool has_rank(const DraftLayer *layer, int i, int rank)
{
    return i < layer->weight_count && layer->weights[i].rank == rank;
}

/* kernel [in, gates * units], recurrent_kernel [units, gates * units]; how many arrays it has, with a bias or without;
 * 0: it is none. */
static int cell_at(const DraftLayer *layer, int i, Part *part, const char **kind)
{
    static const char *const kinds[] = { NULL, "SimpleRNN", NULL, "GRU", "LSTM" };
    if (!has_rank(layer, i, 2) || !has_rank(layer, i + 1, 2))
        return 0;
    const DraftArray *kernel = &layer->weights[i], *recurrent = &layer->weights[i + 1];
    size_t units = recurrent->shape[0], gates = units ? recurrent->shape[1] / units : 0;
    if (kernel->shape[1] != recurrent->shape[1] || gates > 4 || !kinds[gates] || gates * units != recurrent->shape[1])
        return 0;
    bool bias = i + 2 < layer->weight_count &&
                layer->weights[i + 2].shape[layer->weights[i + 2].rank - 1] == kernel->shape[1] &&
                !(has_rank(layer, i + 2, 2) && layer->weights[i + 2].shape[0] != 2);
    part->in = kernel->shape[0], part->units = units;
    *kind = kinds[gates];
    return bias ? 3 : 2;
}

static bool is_called(const DraftLayer *layer, const char *word)
{
    return strstr(layer->found, word) || (layer->weight_count && strstr(layer->weights[0].found, word));
}

static bool recurrent(Part *part)
{
    const DraftLayer *layer = part->layer;
    const char *first = NULL, *second = NULL;
    int count = cell_at(layer, 0, part, &first);
    if (!count)
        return false;
    if (count == layer->weight_count) {
        part->kind = first, part->out = part->units, part->recurrent = true;
        return true;
    }
    if (cell_at(layer, count, part, &second) != count || 2 * count != layer->weight_count || strcmp(first, second))
        return false;
    part->kind = "Bidirectional", part->cell = first, part->out = 2 * part->units, part->recurrent = true;
    return true;
}

static bool recognize(Part *part)
{
    const DraftLayer *layer = part->layer;
    const DraftArray *first = &layer->weights[0];
    int count = layer->weight_count;
    if (recurrent(part))
        return true;
    part->in = first->shape[0], part->out = first->shape[first->rank - 1];
    part->each_step = is_called(layer, "time_distributed");
    if (first->rank == 2 && count == 1 && is_called(layer, "embedding"))
        part->kind = "Embedding";
    else if (first->rank == 2 && (count == 1 || (count == 2 && has_rank(layer, 1, 1))))
        part->kind = "Dense";
    else if (first->rank == 3 && count <= 2)
        part->kind = "Conv1D", part->in = first->shape[1];
    else if (first->rank == 1 && count == 4)
        part->kind = "BatchNormalization";
    else if (first->rank == 1 && count == 2)
        part->kind = "LayerNormalization";
    return part->kind != NULL;
}

/* ---- the order ---- */

/* Each reads as many features as the one before it puts out; the first that is found, in the order of the file. */
static bool find_order(Chain *chain, int at)
{
    if (at == chain->count)
        return true;
    for (int i = 0; i < chain->count; i++) {
        Part *part = &chain->parts[i], *before = at ? &chain->parts[chain->order[at - 1]] : NULL;
        bool first = !strcmp(part->kind, "Embedding");
        if (part->used || (at == 0 ? false : first || before->out != part->in))
            continue;
        part->used = true;
        chain->order[at] = i;
        if (find_order(chain, at + 1))
            return true;
        part->used = false;
    }
    return false;
}

/* ---- the chain ---- */

static const char *size(Arena *arena, size_t n)
{
    return lua_number(arena, (double)n);
}

/* Whether somebody behind it reads a sequence. */
static bool hands_on_all(const Chain *chain, int at)
{
    for (int i = at + 1; i < chain->count; i++) {
        const Part *part = &chain->parts[chain->order[i]];
        if (part->recurrent || part->each_step || !strcmp(part->kind, "Conv1D"))
            return true;
    }
    return false;
}

/* Before Keras 2.4 cells had another sigmoid unless something else was said; those of cuDNN never had. */
static bool has_hard_sigmoid(const Keras *keras, const Part *part)
{
    const char *kind = part->cell ? part->cell : part->kind, *dot = strchr(keras->version, '.');
    bool old = keras->major == 1 || (keras->major == 2 && dot && dot[1] >= '0' && dot[1] <= '3' && dot[2] == '.');
    for (int i = 0; i < keras->draft->note_count; i++)
        old = old && !(strstr(keras->draft->notes[i], part->layer->found) && strstr(keras->draft->notes[i], "cuDNN"));
    return old && strcmp(kind, "SimpleRNN");
}

static const char *cell_arguments(const Keras *keras, const Part *part, bool all)
{
    Draft *draft = keras->draft;
    const DraftLayer *layer = part->layer;
    const char *kind = part->cell ? part->cell : part->kind;
    int arrays = part->cell ? layer->weight_count / 2 : layer->weight_count;
    bool before = !strcmp(kind, "GRU") && arrays == 3 && layer->weights[2].rank == 1;
    return arena_format(draft->arena, "%zu%s%s%s%s", part->units,
                        has_hard_sigmoid(keras, part) ? ", recurrent_activation = \"hard_sigmoid_keras2\"" : "",
                        arrays == 2 ? ", use_bias = false" : "", before ? ", reset_after = false" : "",
                        all ? ", return_sequences = true" : "");
}

static void say(const Keras *keras, Chain *chain, int at)
{
    Draft *draft = keras->draft;
    Part *part = &chain->parts[chain->order[at]];
    DraftLayer *layer = part->layer;
    bool all = part->recurrent && hands_on_all(chain, at);
    layer->kind = part->kind;
    if (part->cell) {
        draft_argument(draft, layer, NULL, arena_format(draft->arena, "%s{%s}", part->cell,
                                                        cell_arguments(keras, part, all)));
    } else if (part->recurrent) {
        draft_argument(draft, layer, NULL, cell_arguments(keras, part, all));
    } else if (!strcmp(part->kind, "Embedding")) {
        draft_argument(draft, layer, NULL, size(draft->arena, part->in));
        draft_argument(draft, layer, NULL, size(draft->arena, part->out));
    } else if (!strcmp(part->kind, "Dense") || !strcmp(part->kind, "Conv1D")) {
        draft_argument(draft, layer, NULL, size(draft->arena, part->out));
        if (!strcmp(part->kind, "Conv1D"))
            draft_argument(draft, layer, NULL, size(draft->arena, layer->weights[0].shape[0]));
        if (layer->weight_count == 1)
            draft_argument(draft, layer, "use_bias", "false");
    }
    if (part->recurrent && !all)
        draft_assume(draft, "%s hands on its last step; all of them: return_sequences = true.", layer->found);
}

static void add_input(Draft *draft, const Chain *chain)
{
    const Part *first = &chain->parts[chain->order[0]];
    bool steps = strcmp(first->kind, "Dense") || first->each_step || hands_on_all(chain, 0);
    DraftLayer *input = draft_add(draft, draft->catalogue->input, "the input");
    if (steps)
        draft_argument(draft, input, NULL, draft_timesteps(draft, TIMESTEPS));
    if (strcmp(first->kind, "Embedding"))
        draft_argument(draft, input, NULL, size(draft->arena, first->in));
}

void keras_guess(Keras *keras)
{
    Draft *draft = keras->draft;
    Chain chain = { .parts = arena_array(draft->arena, Part, draft->layer_count + 1) };
    for (int i = 0; i < draft->layer_count; i++) {
        DraftLayer *layer = draft->layers[i];
        Part *part = &chain.parts[chain.count];
        if (!layer->weight_count)
            continue;
        part->layer = layer;
        if (chain.count == PARTS_MAX || !recognize(part)) {
            draft_refuse(draft, "holds weights alone, and those of %s are of no layer that can be guessed: give the "
                         "model as the file, and this one by --weights, or a description by --into", layer->found);
            return;
        }
        chain.count++;
    }
    if (!find_order(&chain, 0)) {
        draft_refuse(draft, "holds weights alone, and its layers are no chain in which each reads what the one before "
                     "it puts out: give a description by --into");
        return;
    }
    draft->layer_count = 0;
    add_input(draft, &chain);
    for (int i = 0; i < chain.count; i++) {
        say(keras, &chain, i);
        draft_append(draft, chain.parts[chain.order[i]].layer);
        draft_read(draft, chain.parts[chain.order[i]].layer, i);
    }
    draft_assume(draft, "activations: those that Keras has by itself in cells, none elsewhere; a file of weights does "
                 "not know them.");
    draft_assume(draft, "each layer reads the one before it; what has no weights, Dropout, RepeatVector, Flatten, is "
                 "not in the file.");
    arena_append(draft->arena, draft->outputs, draft->output_count, draft->output_capacity, chain.count);
}
