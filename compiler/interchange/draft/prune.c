/* prune.c: in: a draft with its outputs.  out: the layers that these need; a file may hold others. */
#include "draft.h"

static void mark(const Draft *draft, int place, bool *needed)
{
    const DraftLayer *layer = draft->layers[place];
    if (needed[place])
        return;
    needed[place] = true;
    for (int i = 0; i < layer->from_count; i++)
        mark(draft, layer->from[i], needed);
}

/* Of a layer whose first call goes the next one that stays is the first. */
static void hand_over(Draft *draft, int place, const bool *needed)
{
    DraftLayer *layer = draft->layers[place], *next = NULL;
    for (int i = 0; i < draft->layer_count; i++) {
        DraftLayer *other = draft->layers[i];
        if (other->shares != layer || !needed[i])
            continue;
        other->shares = next;
        if (next)
            continue;
        next = other;
        next->name = layer->name;
        next->key = layer->key;
        next->arguments = layer->arguments;
        next->argument_count = layer->argument_count;
        next->argument_capacity = layer->argument_capacity;
        next->weights = layer->weights;
        next->weight_count = layer->weight_count;
    }
}

void draft_prune(Draft *draft)
{
    bool *needed = arena_array(draft->arena, bool, draft->layer_count + 1);
    int *places = arena_array(draft->arena, int, draft->layer_count + 1), count = 0;
    if (!draft->output_count)
        return;
    for (int i = 0; i < draft->output_count; i++)
        mark(draft, draft->outputs[i], needed);
    for (int i = 0; i < draft->layer_count; i++) {
        needed[i] = needed[i] || !draft->layers[i]->from_count;         /* inputs are what the model says they are */
        if (!needed[i])
            hand_over(draft, i, needed);
    }
    for (int i = 0; i < draft->layer_count; i++) {
        places[i] = count;
        if (needed[i])
            draft->layers[count++] = draft->layers[i];
    }
    draft->layer_count = count;
    for (int i = 0; i < count; i++)
        for (int k = 0; k < draft->layers[i]->from_count; k++)
            draft->layers[i]->from[k] = places[draft->layers[i]->from[k]];
    for (int i = 0; i < draft->output_count; i++)
        draft->outputs[i] = places[draft->outputs[i]];
}
