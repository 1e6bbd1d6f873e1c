/* steps.c: layers in the making. */
#include "flow.h"

#include <string.h>

#define STEPS_MAX 2000

Step *step_new(Importer *importer, const char *kind, int rank, const Extent *shape)
{
    Step *step = arena_new(importer->arena, Step);
    const OnnxNode *node = importer->node;
    step->layer = arena_new(importer->arena, DraftLayer);
    step->layer->kind = kind;
    step->layer->found = node ? arena_format(importer->arena, "%s (%s)", *node->name ? node->name : "a node",
                                             node->operation) : "an input";
    step->rank = rank;
    if (rank > 0)
        memcpy(step->shape, shape, (size_t)rank * sizeof *shape);
    step->number = importer->step_count;
    arena_append(importer->arena, importer->steps, importer->step_count, importer->step_capacity, step);
    if (importer->step_count > STEPS_MAX)
        cannot(importer, "the model needs more than %d layers", STEPS_MAX);
    return step;
}

void step_read(Importer *importer, Step *step, Ref from)
{
    arena_append(importer->arena, step->from, step->from_count, step->from_capacity, from);
}

void step_argument(Importer *importer, Step *step, const char *name, const char *text)
{
    draft_argument(importer->draft, step->layer, name, text);
}

void step_weight(Importer *importer, Step *step, const char *found, int rank, const size_t *shape, const float *values)
{
    DraftArray weight = { .found = found, .rank = rank, .values = values };
    memcpy(weight.shape, shape, (size_t)rank * sizeof *shape);
    draft_weight(importer->draft, step->layer, &weight);
}

static bool same(Importer *importer, const Step *a, const Step *b)
{
    if (a->loop || b->loop || a->from_count != b->from_count || a->layer->weight_count || b->layer->weight_count ||
        strcmp(a->layer->kind, b->layer->kind))
        return false;
    for (int i = 0; i < a->from_count; i++)
        if (a->from[i].step != b->from[i].step || a->from[i].state != b->from[i].state)
            return false;
    return !strcmp(draft_layer_text(importer->draft, a->layer), draft_layer_text(importer->draft, b->layer));
}

Step *step_once(Importer *importer, Step *step)
{
    for (int i = 0; i < step->number; i++) {
        Step *before = importer->steps[i];
        if (same(importer, before, step)) {
            importer->step_count--;             /* it is the last one */
            return before;
        }
    }
    return step;
}

void define(Importer *importer, const char *text)
{
    Draft *draft = importer->draft;
    for (int i = 0; i < draft->definition_count; i++)
        if (!strcmp(draft->definitions[i], text))
            return;
    arena_append(importer->arena, draft->definitions, draft->definition_count, draft->definition_capacity, text);
}

float *new_floats(Importer *importer, size_t count)
{
    return arena_array(importer->arena, float, count + 1);
}
