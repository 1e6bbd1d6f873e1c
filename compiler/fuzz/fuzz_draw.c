/* fuzz_draw.c: in: the catalogue and a seed.  out: a model. Layers and options are drawn from their definitions, so
 * that a new layer takes part as soon as it is there; what does not fit where it is drawn is refused by the front, and
 * drawn anew. */
#include "fuzz.h"

#include "runtime/lstmc_random.h"

#include <string.h>

#define TRIES 12                /* for one layer */
#define STREAM 77

typedef struct Draw {
    Arena *arena;
    const Catalogue *catalogue;
    uint64_t seed, drawn;
    const CatalogueEntry *turn; /* the layer whose turn it is: seed by seed another one is tried first */
    int depth;                  /* layers inside of layers */
} Draw;

static int below(Draw *d, int bound)
{
    return (int)(lstmc_random_bits(d->seed, STREAM, 0, d->drawn++) % (uint64_t)bound);
}

static int between(Draw *d, int low, int high)
{
    return low + below(d, high - low + 1);
}

static bool chance(Draw *d, int percent)
{
    return below(d, 100) < percent;
}

/* ---- arguments ---- */

static FuzzNode draw_call(Draw *d, const CatalogueEntry *entry);

static const char *number_text(Draw *d, int low, int high)
{
    return arena_format(d->arena, "%d", between(d, low, high));
}

static const char *one_of(Draw *d, const char *const *list, int count)
{
    return list[below(d, count)];
}

static bool is(const char *text, const char *what)
{
    return text && !strcmp(text, what);
}

/* A layer as an argument of type "layer", "recurrent" or "cells", "LSTM{units = 3}"; now and then a chain of two. */
static const char *layer_text(Draw *d, const char *type)
{
    const CatalogueEntry *entry;
    if (is(type, "layer") && d->depth < 2 && chance(d, 20)) {
        d->depth++;
        const char *first = layer_text(d, type), *second = layer_text(d, type);
        d->depth--;
        return arena_format(d->arena, "Sequential{ %s, %s }", first, second);
    }
    do
        entry = &d->catalogue->layers[below(d, d->catalogue->layer_count)];
    while (entry->cell != is(type, "cells") || (is(type, "recurrent") && !entry->recurrent));
    FuzzNode node = draw_call(d, entry);
    const char *text = arena_format(d->arena, "%s{", node.layer);
    for (int i = 0; i < node.argument_count; i++)
        text = arena_format(d->arena, "%s%s%s = %s", text, i ? ", " : "", node.arguments[i].name,
                            node.arguments[i].text);
    return arena_format(d->arena, "%s}", text);
}

static const char *cells_text(Draw *d)
{
    const char *text = layer_text(d, "cells");
    for (int more = below(d, 3); more > 0; more--)
        text = arena_format(d->arena, "%s, %s", text, layer_text(d, "cells"));
    return arena_format(d->arena, "{%s}", text);
}

/* NULL: nothing is drawn of this type. */
static const char *value_text(Draw *d, const CatalogueArgument *argument)
{
    const char *type = argument->type;
    static const char *const rates[] = { "0", "0.1", "0.25", "0.5", "0.9" };
    static const char *const numbers[] = { "-0.7", "0.3", "1.5" };
    static const char *const activities[] = { "L1{0.1}", "L2{0.2}", "L1L2{l1 = 0.05, l2 = 0.1}" };
    static const char *const axes[] = { "{1}", "{2, 1}", "{1, 2}", "{2, 3, 1}", "{2, 1, 3}", "{4, 2, 1, 3}" };
    static const char *const pairs[] = { "1", "2", "-1", "{2, 1}", "{1, 2}", "{-1, 1}" };
    static const char *const beginnings[] = { "\"learned\"", "\"zeros\"", "0.4" };
    static const char *const shapes[] = { "{-1}", "{-1, 2}", "{3, -1}", "{-1, 1}", "{2, -1, 1}", "{3, -1, 2}" };
    if (!strcmp(type, "size"))
        return number_text(d, 1, chance(d, 85) ? 9 : 19);
    if (!strcmp(type, "size_1d"))
        return number_text(d, 1, 3);
    if (!strcmp(type, "size_2d"))
        return chance(d, 40) ? number_text(d, 1, 3)
                             : arena_format(d->arena, "{%d, %d}", between(d, 1, 3), between(d, 1, 3));
    if (!strcmp(type, "border_1d"))
        return arena_format(d->arena, "{%d, %d}", between(d, 0, 2), between(d, 0, 2));
    if (!strcmp(type, "border_2d"))
        return arena_format(d->arena, "{{%d, %d}, {%d, %d}}", between(d, 0, 2), between(d, 0, 2), between(d, 0, 2),
                            between(d, 0, 2));
    if (!strcmp(type, "axes"))
        return one_of(d, axes, 6);
    if (!strcmp(type, "axes_of_two"))
        return one_of(d, pairs, 6);
    if (!strcmp(type, "target_shape"))
        return one_of(d, shapes, 6);
    if (!strcmp(type, "choice"))
        return arena_format(d->arena, "\"%s\"", argument->choices[below(d, argument->choice_count)]);
    if (!strcmp(type, "initial_state"))
        return one_of(d, beginnings, 3);
    if (!strcmp(type, "blank"))
        return "\"last\"";
    if (!strcmp(type, "count"))
        return number_text(d, 0, 3);
    if (!strcmp(type, "axis"))
        return number_text(d, -1, 2);
    if (!strcmp(type, "boolean"))
        return argument->set ? "false" : "true";
    if (!strcmp(type, "rate") || !strcmp(type, "fraction") || !strcmp(type, "decay"))
        return one_of(d, rates, 5);
    if (!strcmp(type, "numbers_1d"))
        return one_of(d, numbers + 1, 2);
    if (!strcmp(type, "number"))
        return one_of(d, numbers, 3);
    if (!strcmp(type, "positive") || !strcmp(type, "not_negative"))
        return one_of(d, numbers + 1, 2);
    if (!strcmp(type, "activation"))
        return arena_format(d->arena, "\"%s\"",
                            d->catalogue->activations[below(d, d->catalogue->activation_count)].name);
    if (!strcmp(argument->name, "activity_regularizer") && d->depth == 1)      /* refused inside of other layers */
        return chance(d, 25) ? one_of(d, activities, 3) : NULL;
    if ((is(type, "layer") || is(type, "recurrent")) && d->depth < 2)
        return layer_text(d, type);
    return is(type, "cells") ? cells_text(d) : NULL;
}

static bool is_drawn(Draw *d, const CatalogueArgument *argument)
{
    if (argument->required)
        return true;
    return chance(d, argument->own ? 40 : !strcmp(argument->type, "boolean") ? 8 : 0);
}

static FuzzNode draw_call(Draw *d, const CatalogueEntry *entry)
{
    FuzzNode node = { .layer = entry->name };
    d->depth++;
    for (int i = 0; i < entry->argument_count && node.argument_count < FUZZ_ARGUMENTS_MAX; i++) {
        const CatalogueArgument *argument = &entry->arguments[i];
        const char *text = is_drawn(d, argument) ? value_text(d, argument) : NULL;
        if (text)
            node.arguments[node.argument_count++] = (FuzzArgument){ argument->name, text, argument->required };
    }
    d->depth--;
    return node;
}

static void set_argument(FuzzNode *node, const char *name, const char *text)
{
    int i = 0;
    while (i < node->argument_count && strcmp(node->arguments[i].name, name))
        i++;
    node->arguments[i] = (FuzzArgument){ name, text, true };
    node->argument_count += i == node->argument_count;
}

/* ---- layers ---- */

/* Recurrent ones more often: this is what models are made of. */
static const CatalogueEntry *draw_entry(Draw *d, bool ids)
{
    const Catalogue *c = d->catalogue;
    for (;;) {
        const CatalogueEntry *entry = &c->layers[below(d, c->layer_count)];
        if (!entry->cell && is(entry->input, "tokens") == ids && (entry->recurrent || ids || chance(d, 40)))
            return entry;
    }
}

/* What a node may read: nodes before it, and inputs. */
static int any_flow(Draw *d, const FuzzModel *model)
{
    return between(d, model->second.rank ? FUZZ_SECOND : FUZZ_INPUT, model->node_count - 1);
}

static void add_reads(Draw *d, const FuzzModel *model, const CatalogueEntry *entry, FuzzNode *node)
{
    int last = model->node_count - 1;
    node->from[node->from_count++] = chance(d, 90) || last < 0 ? last : any_flow(d, model);
    int more = is(entry->input, "several") ? between(d, 1, FUZZ_READS_MAX - 1)
               : is(entry->input, "sequences") ? between(d, 0, 2) : 0;
    for (; more > 0 && last >= 0; more--)
        node->from[node->from_count++] = any_flow(d, model);
}

static void add_node(Draw *d, FuzzModel *model)
{
    for (int i = 0; i < TRIES; i++) {
        const CatalogueEntry *drawn = draw_entry(d, model->first.ids && !model->node_count);
        const CatalogueEntry *entry = i == 0 && !d->turn->cell && chance(d, 50) ? d->turn : drawn;
        FuzzNode node = draw_call(d, entry);
        add_reads(d, model, entry, &node);
        model->nodes[model->node_count++] = node;
        if (fuzz_is_legal(model))
            return;
        model->node_count--;
    }
}

/* ---- the loss ---- */

static bool suits(const CatalogueEntry *activation, const CatalogueEntry *loss)
{
    return loss->logits ? is(activation->logits, loss->logits) : activation->positive;
}

/* A layer that ends in an activation which the loss undoes, or which has the values that it needs. */
static bool add_head(Draw *d, FuzzModel *model, const CatalogueEntry *loss)
{
    for (int i = 0; i < d->catalogue->layer_count; i++) {
        const CatalogueEntry *entry = &d->catalogue->layers[i];
        const char *size = NULL, *activation = NULL;
        for (int a = 0; a < entry->argument_count; a++) {
            if (entry->arguments[a].required && is(entry->arguments[a].type, "size"))
                size = entry->arguments[a].name;
            if (is(entry->arguments[a].type, "activation"))
                activation = entry->arguments[a].name;
        }
        if (!size || !activation || entry->recurrent || entry->cell || entry->whole)
            continue;
        FuzzNode node = { .layer = entry->name, .from = { model->node_count - 1 }, .from_count = 1 };
        const CatalogueEntry *ending;
        do
            ending = &d->catalogue->activations[below(d, d->catalogue->activation_count)];
        while (!suits(ending, loss));
        set_argument(&node, size, number_text(d, 2, 5));
        set_argument(&node, activation, arena_format(d->arena, "\"%s\"", ending->name));
        model->nodes[model->node_count++] = node;
        if (fuzz_is_legal(model))
            return true;
        model->node_count--;
    }
    return false;
}

static bool has_argument(const CatalogueEntry *entry, const char *name)
{
    for (int i = 0; i < entry->argument_count; i++)
        if (!strcmp(entry->arguments[i].name, name))
            return true;
    return false;
}

static void add_loss(Draw *d, FuzzModel *model)
{
    const CatalogueEntry *entry = &d->catalogue->losses[below(d, d->catalogue->loss_count)];
    FuzzModel before = *model;
    FuzzNode loss = draw_call(d, entry);
    if (has_argument(entry, "from_logits")) {
        bool head = model->node_count < FUZZ_NODES_MAX && !model->other_output && chance(d, 60) &&
                    add_head(d, model, entry);
        set_argument(&loss, "from_logits", head ? "false" : "true");
    }
    bool suited = !entry->positive || (!model->other_output && add_head(d, model, entry));
    model->loss = loss;
    if (!suited || !fuzz_is_legal(model))
        *model = before;            /* the caller's own */
}

static void add_extent(FuzzInput *input, int extent)
{
    input->shape[input->rank++] = extent;
}

/* Of five models one reads images, and of these one in three sequences of them; more where that is what the layer whose
 * turn it is needs. */
static void draw_input(Draw *d, FuzzInput *input)
{
    if (chance(d, is(d->turn->input, "image") ? 80 : 20)) {
        if (chance(d, d->turn->recurrent ? 80 : 33))
            add_extent(input, between(d, 2, 3));
        add_extent(input, between(d, 2, 5));
        add_extent(input, between(d, 2, 5));
        add_extent(input, between(d, 1, 3));
        return;
    }
    if (chance(d, 90))
        add_extent(input, chance(d, 90) ? between(d, 3, 7) : between(d, 1, 2));
    input->ids = input->rank && chance(d, 30);
    if (!input->ids)
        add_extent(input, between(d, 1, 7));
}

/* ---- graphs ---- */

static bool append(FuzzModel *model, const FuzzNode *node)
{
    if (model->node_count > FUZZ_NODES_MAX - 3)         /* of which a head and a merge may come */
        return false;
    model->nodes[model->node_count++] = *node;
    return true;
}

/* What the model has put out so far and its new last node: one of them merged with the other, or both. */
static bool join(Draw *d, FuzzModel *model, int before)
{
    for (int i = 0; i < TRIES; i++) {
        const CatalogueEntry *entry = &d->catalogue->layers[below(d, d->catalogue->layer_count)];
        if (!is(entry->input, "several") && !is(entry->input, "sequences"))
            continue;
        FuzzModel merged = *model;
        FuzzNode node = draw_call(d, entry);
        node.from[node.from_count++] = before;
        node.from[node.from_count++] = model->node_count - 1;
        if (append(&merged, &node) && fuzz_is_legal(&merged)) {
            *model = merged;
            return true;
        }
    }
    if (model->other_output)
        return false;
    model->other_output = before + 1;
    return fuzz_is_legal(model);
}

/* What reads a flow and, as a second input, a number for each of its steps. */
static bool add_numbers_of_steps(Draw *d, FuzzModel *m)
{
    const CatalogueEntry *entry = d->turn;
    while (!is(entry->input, "several"))
        entry = &d->catalogue->layers[below(d, d->catalogue->layer_count)];
    FuzzNode node = draw_call(d, entry);
    m->second = (FuzzInput){ .shape = { m->first.shape[0] }, .rank = 1 };
    node.from[node.from_count++] = any_flow(d, m);
    node.from[node.from_count++] = FUZZ_SECOND;
    return append(m, &node) && fuzz_is_legal(m);
}

/* A layer that is called again, one that begins with the states of another, or a second input and what reads it. */
static void add_link(Draw *d, FuzzModel *model)
{
    for (int i = 0; i < TRIES; i++) {
        FuzzModel m = *model;
        int of = below(d, m.node_count), before = m.node_count - 1, what = below(d, 4);
        if (what == 3 && !m.second.rank && add_numbers_of_steps(d, &m)) {
            *model = m;
            return;
        }
        FuzzNode node = m.nodes[of];
        node.from_count = 1;
        node.from[0] = chance(d, 50) ? node.from[0] : any_flow(d, &m);
        if (what == 0) {
            node.again = node.again ? node.again : of + 1;
        } else if (what == 1 && !m.nodes[of].again && m.nodes[of].argument_count < FUZZ_ARGUMENTS_MAX) {
            set_argument(&m.nodes[of], "return_state", "true");
            node.begins = of + 1;
            node.states = between(d, 1, 2);
        } else if (what == 2 && !m.second.rank) {
            draw_input(d, &m.second);
            node = draw_call(d, draw_entry(d, m.second.ids));
            node.from[node.from_count++] = FUZZ_SECOND;
        } else {
            continue;
        }
        if (append(&m, &node) && join(d, &m, before)) {
            *model = m;
            return;
        }
    }
}

/* A layer that may begin with the states of one before it. */
static void hand_over(Draw *d, FuzzModel *model, FuzzNode *node)
{
    int of = below(d, model->node_count);
    if (model->nodes[of].again || model->nodes[of].argument_count >= FUZZ_ARGUMENTS_MAX || chance(d, 40))
        return;
    set_argument(&model->nodes[of], "return_state", "true");
    node->begins = of + 1;
    node->states = between(d, 1, 2);
}

/* A decoder: a second sequence, what reads it step by step, and merges of that with what was drawn before. */
static void add_decoder(Draw *d, FuzzModel *model)
{
    for (int i = 0; i < 3 * TRIES; i++) {
        FuzzModel m = *model;
        m.second = (FuzzInput){ .ids = chance(d, 50) };
        add_extent(&m.second, between(d, 2, 5));
        if (!m.second.ids)
            add_extent(&m.second, between(d, 1, 5));
        FuzzNode node = draw_call(d, draw_entry(d, m.second.ids));
        node.from[node.from_count++] = FUZZ_SECOND;
        hand_over(d, &m, &node);
        m.decoder = 2;
        bool linked = append(&m, &node) && (node.begins ? chance(d, 30) || fuzz_is_legal(&m) : true);
        int before = below(d, model->node_count);
        if (linked && (!node.begins || chance(d, 50)))
            linked = join(d, &m, before);
        if (linked && !m.other_output && fuzz_is_legal(&m)) {
            *model = m;
            return;
        }
    }
}

FuzzModel fuzz_draw(Arena *arena, const Catalogue *catalogue, uint64_t seed)
{
    Draw d = { .arena = arena, .catalogue = catalogue, .seed = seed,
               .turn = &catalogue->layers[seed % (uint64_t)catalogue->layer_count] };
    FuzzModel model = { .input = catalogue->input, .batch = between(&d, 1, 5), .shards = 1 };
    model.shards = model.batch > 1 ? between(&d, 1, 2) : 1;
    draw_input(&d, &model.first);
    model.lengths = (model.first.ids || model.first.rank > 1) && lstmc_random_bits(seed, STREAM, 1, 0) % 5 == 0;
    int count = between(&d, 1, 5);
    for (int i = 0; i < 3 * count && model.node_count < count; i++)
        add_node(&d, &model);
    bool decodes = lstmc_random_bits(seed, STREAM, 2, 0) % 8 == 0 && model.node_count;
    if (decodes)
        add_decoder(&d, &model);
    int links = chance(&d, is(d.turn->input, "several") ? 80 : 40) && !decodes ? between(&d, 1, 3) : 0;
    for (int i = 0; i < links && model.node_count; i++)
        add_link(&d, &model);
    if (model.node_count && chance(&d, 90))
        add_loss(&d, &model);
    return model;
}
