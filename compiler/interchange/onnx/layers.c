/* layers.c: in: steps, and the flows that the graph puts out.  out: the layers of the draft that these need, in order.
 * Only here it is known what is read of a loop over time: its sequence, its last output, or its states. */
#include "flow.h"

#include <string.h>

static void mark(Step *step)
{
    if (step->is_read)
        return;
    step->is_read = true;
    if (step->same_as) {
        mark(step->same_as);
        return;
    }
    for (int i = 0; i < step->from_count; i++) {
        const Ref *from = &step->from[i];
        if (from->step->loop && from->state == OUTPUT)
            from->step->loop->gives_output = true;
        else if (from->step->loop)
            from->step->loop->gives_states[from->state] = true;
        mark(from->step);
    }
}

/* The layer itself puts out what its h is behind the last step, unless it puts out all of them. */
static bool is_own_output(const Loop *loop, int state)
{
    return state == 0 && !(loop->forward && loop->backward) && !loop->gives_output;
}

static int place_of(const Ref *ref)
{
    const Step *step = ref->step->same_as ? ref->step->same_as : ref->step;
    if (ref->state == OUTPUT || is_own_output(step->loop, ref->state))
        return step->place;
    return step->state_places[ref->state];
}

/* h of both directions side by side is what Bidirectional puts out, if nobody reads its sequence. */
static void find_last_outputs(Importer *importer)
{
    for (int i = 0; i < importer->step_count; i++) {
        Step *step = importer->steps[i], *from = step->from_count == 2 ? step->from[0].step : NULL;
        Loop *loop = from ? from->loop : NULL;
        if (step->is_read && loop && loop->forward && loop->backward && !loop->gives_output && step->rank == 1 &&
            !strcmp(step->layer->kind, "Concatenate") && step->from[1].step == from && step->from[0].state == 0 &&
            step->from[1].state == loop->state_count)
            step->same_as = from;
    }
    for (int i = 0; i < importer->step_count; i++) {
        Step *step = importer->steps[i];
        step->is_read = false;
        if (step->loop)
            memset(step->loop->gives_states, 0, sizeof step->loop->gives_states);
    }
}

/* ---- loops over time ---- */

static bool returns_states(const Loop *loop)
{
    for (int s = 0; s < STATES_MAX; s++)
        if (loop->gives_states[s] && !is_own_output(loop, s))
            return true;
    return false;
}

static void say_returns(Importer *importer, const Step *step)
{
    const Loop *loop = step->loop;
    Draft *draft = importer->draft;
    bool both = loop->forward && loop->backward, states = returns_states(loop);
    for (int d = 0; d < 1 + both; d++) {
        if (loop->gives_output)
            draft_argument(draft, loop->inner[d], "return_sequences", "true");
        if (states)
            draft_argument(draft, loop->inner[d], "return_state", "true");
        if (!loop->forward)
            draft_argument(draft, loop->inner[d], "go_backwards", "true");
        if (loop->has_lengths && loop->gives_output && !both)
            draft_argument(draft, loop->inner[d], "zero_output_for_mask", "true");
    }
    if (!both)
        return;
    const char *forward = draft_layer_text(draft, loop->inner[0]), *backward = draft_layer_text(draft, loop->inner[1]);
    draft_argument(draft, step->layer, NULL, forward);
    if (strcmp(forward, backward)) {
        draft_argument(draft, loop->inner[1], "go_backwards", "true");
        draft_argument(draft, step->layer, "backward_layer", draft_layer_text(draft, loop->inner[1]));
    }
}

static void add_states(Importer *importer, Step *step)
{
    static const char *const names[] = { "h", "c", "forward_h", "forward_c", "backward_h", "backward_c" };
    const Loop *loop = step->loop;
    bool both = loop->forward && loop->backward;
    for (int s = 0; s < STATES_MAX; s++) {
        if (!loop->gives_states[s] || is_own_output(loop, s))
            continue;
        DraftLayer *state = draft_add(importer->draft, "FinalState", step->layer->found);
        int number = loop->state_count == 1 && both ? 2 * s : s;
        state->state_name = names[both ? 2 + number : s];
        state->state = s;
        draft_read(importer->draft, state, step->place);
        step->state_places[s] = importer->draft->layer_count - 1;
    }
}

/* ---- masks ---- */

static void ignore_mask(Draft *draft, int *place)
{
    DraftLayer *layer = draft_add(draft, "IgnoreMask", draft->layers[*place]->found);
    draft_read(draft, layer, *place);
    *place = draft->layer_count - 1;
}

/* Padded steps count for other nodes than recurrent ones. */
static void settle_mask(Importer *importer, const Step *step)
{
    Draft *draft = importer->draft;
    DraftLayer *layer = step->layer;
    const CatalogueEntry *entry = draft_kind(draft, layer->kind);
    bool comes = false;
    for (int i = 0; !layer->from_count && i < layer->argument_count; i++)
        layer->masked |= layer->arguments[i].name && !strcmp(layer->arguments[i].name, "lengths");
    for (int i = 0; i < layer->from_count - layer->initial_count; i++)
        comes |= draft->layers[layer->from[i]]->masked;
    if (!comes)
        return;
    if (step->loop && step->loop->has_lengths) {
        layer->masked = step->loop->gives_output;
    } else if (!step->loop && !step->looks && entry &&
               (!strcmp(entry->mask, "passes") || !strcmp(entry->mask, "merges"))) {
        layer->masked = true;
    } else {
        for (int i = 0; i < layer->from_count - layer->initial_count; i++)
            if (draft->layers[layer->from[i]]->masked)
                ignore_mask(draft, &layer->from[i]);
    }
}

/* What a layer says, but for its states, which a call may or may not use. */
static const char *said_text(const Draft *draft, const DraftLayer *layer, bool *states)
{
    DraftLayer plain = *layer;
    plain.arguments = arena_array(draft->arena, DraftArgument, layer->argument_count + 1);
    plain.argument_count = 0;
    *states = false;
    for (int i = 0; i < layer->argument_count; i++) {
        const char *name = layer->arguments[i].name;
        if (name && !strcmp(name, "return_state"))
            *states = true;
        else
            plain.arguments[plain.argument_count++] = layer->arguments[i];
    }
    return draft_layer_text(draft, &plain);
}

/* The layer before it that has the same weights and says the same; NULL. */
static DraftLayer *called_before(Draft *draft, const DraftLayer *layer)
{
    bool states, before;
    const char *said = said_text(draft, layer, &states);
    for (int i = 0; layer->weight_count && i < draft->layer_count; i++) {
        DraftLayer *other = draft->layers[i];
        bool same = !other->shares && !strcmp(other->kind, layer->kind) && other->weight_count == layer->weight_count;
        for (int w = 0; same && w < layer->weight_count; w++)
            same = !strcmp(other->weights[w].found, layer->weights[w].found) &&
                   draft_same_array(&other->weights[w], &layer->weights[w]);
        if (same && !strcmp(said_text(draft, other, &before), said)) {
            if (states && !before)
                draft_argument(draft, other, "return_state", "true");
            return other;
        }
    }
    return NULL;
}

/* Behind all that it reads. */
static void add_layer(Importer *importer, Step *step)
{
    Draft *draft = importer->draft;
    if (step->is_there)
        return;
    step->is_there = true;
    if (step->same_as) {
        add_layer(importer, step->same_as);
        return;
    }
    for (int i = 0; i < step->from_count; i++)
        add_layer(importer, step->from[i].step);
    for (int i = 0; i < step->from_count; i++)
        draft_read(draft, step->layer, place_of(&step->from[i]));
    step->layer->initial_count = step->initial_count;
    if (step->takes_bias)
        draft_argument(draft, step->layer, "use_bias", "false");
    if (step->loop)
        say_returns(importer, step);
    settle_mask(importer, step);
    step->layer->shares = called_before(draft, step->layer);
    if (step->layer->shares)
        step->layer->weight_count = 0;
    draft_append(draft, step->layer);
    step->place = draft->layer_count - 1;
    if (step->loop)
        add_states(importer, step);
}

void draft_steps(Importer *importer, Flow *const *outputs, int count)
{
    Draft *draft = importer->draft;
    Step all = { .from_count = 0 };
    importer->node = NULL;
    for (int i = 0; i < count; i++)
        step_read(importer, &all, outputs[i]->ref);
    mark(&all);
    find_last_outputs(importer);
    all.is_read = false;
    mark(&all);
    for (int i = 0; i < importer->step_count; i++)
        if (importer->steps[i]->is_read && !importer->steps[i]->from_count)
            add_layer(importer, importer->steps[i]);    /* inputs first */
    for (int i = 0; i < importer->step_count; i++)
        if (importer->steps[i]->is_read)
            add_layer(importer, importer->steps[i]);
    for (int i = 0; i < count; i++)
        arena_append(importer->arena, draft->outputs, draft->output_count, draft->output_capacity,
                     place_of(&outputs[i]->ref));
}
