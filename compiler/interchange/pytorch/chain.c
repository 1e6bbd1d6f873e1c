/* chain.c: in: modules.  out: a chain of layers that they may be. A state dict says neither what reads what nor what
 * stands in between; all that is taken for it here is said as assumed. */
#include "module.h"

#include <string.h>

#define TIMESTEPS "100"
#define SIDE "32"
#define STEPS_MAX 500

typedef struct Chain {
    Draft *draft;
    Arena *arena;
    const Step **steps; int count;
} Chain;

static bool is_kind(const Step *step, const char *kind)
{
    return step && !strcmp(step->kind, kind);
}

static bool is_normalization(const Step *step)
{
    return step && strstr(step->kind, "Normalization");
}

static bool is_convolution(const Step *step)
{
    return step && !strncmp(step->kind, "Conv", 4);
}

static const Step *at(const Chain *chain, int i)
{
    return i >= 0 && i < chain->count ? chain->steps[i] : NULL;
}

/* Whether one from there on reads a sequence. */
static bool reads_sequence(const Chain *chain, int from)
{
    for (int i = from; i < chain->count; i++)
        if (chain->steps[i]->recurrent || is_kind(chain->steps[i], "Conv1D"))
            return true;
    return false;
}

/* ---- whether it is one ---- */

#define INTO "; write the description, and give it by --into"

static bool are_known(Draft *draft, const Steps *steps)
{
    int before = diagnostics_count(draft->diagnostics);
    for (int i = 0; i < steps->count; i++) {
        const Step *step = &steps->list[i];
        if (!step->kind)
            draft_refuse(draft, "%s: %s is no tensor of a module that is known here" INTO, step->name,
                         step->weights.list[0].found);
        else if (!strcmp(step->kind, "MultiHeadAttention"))
            draft_refuse(draft, "%s (%s): how many heads it has, and what it reads, is not in the file" INTO,
                         step->name, step->torch);
        else if (strstr(step->kind, "Transpose") || !draft_kind(draft, step->kind))
            draft_refuse(draft, "%s (%s): its place and its stride are not in the file" INTO, step->name, step->torch);
    }
    if (steps->count > STEPS_MAX)
        draft_refuse(draft, "has %d modules, more than a chain of %d" INTO, steps->count, STEPS_MAX);
    return diagnostics_count(draft->diagnostics) == before;
}

/* Of a convolution in groups each sees its part of the features. */
static size_t groups_of(const Step *before, const Step *step)
{
    bool parts = is_convolution(step) && before && step->in && before->out % step->in == 0;
    size_t groups = parts ? before->out / step->in : 1;
    return groups && step->out % groups == 0 ? groups : 1;
}

static bool fit_together(const Chain *chain)
{
    Draft *draft = chain->draft;
    int before = diagnostics_count(draft->diagnostics);
    for (int i = 1; i < chain->count; i++) {
        const Step *from = chain->steps[i - 1], *to = chain->steps[i];
        if (is_kind(to, "Embedding"))
            draft_refuse(draft, "%s (nn.Embedding) reads ids, and is not the first module: this is no chain" INTO,
                         to->name);
        else if (to->in * groups_of(from, to) != from->out)
            draft_refuse(draft, "%s (%s) reads %zu features, and %s (%s) before it puts out %zu: this is no chain, or "
                         "something without weights stands in between" INTO, to->name, to->torch, to->in,
                         from->name, from->torch, from->out);
    }
    return diagnostics_count(draft->diagnostics) == before;
}

/* ---- layers ---- */

static void argument(const Chain *chain, DraftLayer *layer, const char *name, size_t number)
{
    draft_argument(chain->draft, layer, name, arena_format(chain->arena, "%zu", number));
}

static const char *parameter(const Chain *chain, const char *name, const char *value)
{
    Draft *draft = chain->draft;
    DraftArgument added = { name, value };
    arena_append(draft->arena, draft->parameters, draft->parameter_count, draft->parameter_capacity, added);
    return name;
}

static void add_input(const Chain *chain)
{
    const Step *first = chain->steps[0];
    Draft *draft = chain->draft;
    DraftLayer *input = draft_add(draft, draft->catalogue->input, "the input");
    if (is_kind(first, "Conv2D")) {
        draft_argument(draft, input, NULL, parameter(chain, "height", SIDE));
        draft_argument(draft, input, NULL, parameter(chain, "width", SIDE));
        draft_assume(draft, "images of " SIDE " x " SIDE "; height=N width=N on the command line says another size.");
    } else if (is_kind(first, "Embedding") || reads_sequence(chain, 0)) {
        draft_argument(draft, input, NULL, parameter(chain, "timesteps", TIMESTEPS));
        draft_assume(draft, "sequences of " TIMESTEPS " steps; timesteps=N on the command line says another length.");
    }
    if (!is_kind(first, "Embedding"))
        argument(chain, input, NULL, first->in);
}

/* "", "2", "_2" */
static bool is_count(const char *text)
{
    text += *text == '_';
    return strspn(text, "0123456789") == strlen(text);
}

static bool is_taken(const Draft *draft, const char *name)
{
    bool taken = !strcmp(name, snake_case(draft->arena, draft->catalogue->input));
    for (int i = 0; i < draft->layer_count; i++)
        taken |= draft->layers[i]->name && !strcmp(draft->layers[i]->name, name);
    return taken;
}

/* A name that lstmc would give by itself says nothing, nor does a number. */
static const char *own_name(const Draft *draft, const Step *step)
{
    Arena *arena = draft->arena;
    const char *snake = snake_case(arena, step->both ? "Bidirectional" : step->kind);
    char *name = arena_copy_text(arena, step->name);
    size_t same = strlen(snake);
    for (char *c = name; *c; c++)
        if (*c == '.')
            *c = '_';
    bool counted = !strncmp(name, snake, same) && is_count(name + same);
    return is_name(name) && !counted && !is_taken(draft, name) ? name : NULL;
}

static void add_recurrent(const Chain *chain, int i)
{
    const Step *step = chain->steps[i];
    Draft *draft = chain->draft;
    DraftLayer *layer = arena_new(chain->arena, DraftLayer);
    *layer = (DraftLayer){ .kind = step->kind };
    argument(chain, layer, NULL, step->units);
    if (step->projection)
        argument(chain, layer, "projection", step->projection);
    if (!step->biased)
        draft_argument(draft, layer, "use_bias", "false");
    bool all = reads_sequence(chain, i + 1);
    if (all)
        draft_argument(draft, layer, "return_sequences", "true");
    DraftLayer *added = draft_add(draft, step->both ? "Bidirectional" : step->kind, step->name);
    if (step->both)
        draft_argument(draft, added, NULL, draft_layer_text(draft, layer));
    else
        added->arguments = layer->arguments, added->argument_count = added->argument_capacity = layer->argument_count;
    if (step->cell)
        draft_assume(draft, "%s, an %s, goes over the steps of a sequence.", step->name, step->torch);
    if (is_kind(step, "SimpleRNN"))
        draft_assume(draft, "tanh in %s, as %s has it unless nonlinearity = \"relu\" is said: activation = \"relu\".",
                     step->name, step->torch);
    if (!all)
        draft_assume(draft, "%s hands on its last step%s; all of them: return_sequences = true.%s", step->name,
                     step->both ? ", the final states of both directions (h_n)" : ", out[:, -1] or h_n",
                     step->both ? " For out[:, -1] of both Cropping1D{{timesteps - 1, 0}} and Flatten{} stand behind "
                                  "that." : "");
}

static void add_convolution(const Chain *chain, int i)
{
    const Step *step = chain->steps[i];
    DraftLayer *layer = draft_add(chain->draft, step->kind, step->name);
    size_t groups = groups_of(at(chain, i - 1), step);
    argument(chain, layer, NULL, step->out);
    if (step->window[1] && step->window[1] != step->window[0])
        draft_argument(chain->draft, layer, NULL, lua_sizes(chain->arena, 2, step->window));
    else
        argument(chain, layer, NULL, step->window[0]);
    if (groups > 1)
        argument(chain, layer, "groups", groups);
    if (!step->biased)
        draft_argument(chain->draft, layer, "use_bias", "false");
    bool is_odd = step->window[0] % 2 && step->window[0] > 1;
    draft_assume(chain->draft, "%s without padding, stride and dilation, as %s has it unless something else is said%s.",
                 step->name, step->torch, is_odd ? "; padding = width // 2 would be padding = \"same\"" : "");
}

static void add_normalization(const Chain *chain, const Step *step)
{
    DraftLayer *layer = draft_add(chain->draft, step->kind, step->name);
    bool batch = is_kind(step, "BatchNormalization");
    draft_argument(chain->draft, layer, "epsilon", "1e-5");
    if (batch) {
        draft_argument(chain->draft, layer, "momentum", "0.9");
        draft_argument(chain->draft, layer, "unbiased", "true");
    }
    if (!step->biased) {
        draft_argument(chain->draft, layer, "center", "false");
        draft_argument(chain->draft, layer, "scale", "false");
    }
    draft_assume(chain->draft, "epsilon 1e-5%s of %s, as %s has it unless something else is said.",
                 batch ? " and momentum 0.1, which is 0.9 here," : "", step->name, step->torch);
}

static void add_layer(const Chain *chain, int i)
{
    const Step *step = chain->steps[i];
    if (step->recurrent) {
        add_recurrent(chain, i);
    } else if (is_convolution(step)) {
        add_convolution(chain, i);
    } else if (is_normalization(step)) {
        add_normalization(chain, step);
    } else {
        DraftLayer *layer = draft_add(chain->draft, step->kind, step->name);
        if (is_kind(step, "Embedding"))
            argument(chain, layer, NULL, step->in);
        argument(chain, layer, NULL, step->out);
        if (is_kind(step, "Dense") && !step->biased)
            draft_argument(chain->draft, layer, "use_bias", "false");
    }
    DraftLayer *layer = chain->draft->layers[chain->draft->layer_count - 1];
    layer->name = own_name(chain->draft, step);
    for (int k = 0; k < step->weights.count; k++)
        draft_weight(chain->draft, layer, &step->weights.list[k]);
    for (int k = 0; k < step->backward.count; k++)
        draft_weight(chain->draft, layer, &step->backward.list[k]);
}

/* relu behind what is linear and not the last: there two of them would be one. Behind a normalisation, where one
 * follows. */
static void add_activation(const Chain *chain, int i)
{
    const Step *step = chain->steps[i], *normalized = is_normalization(step) ? at(chain, i - 1) : NULL;
    const Step *linear = normalized ? normalized : step;
    Draft *draft = chain->draft;
    bool is_last = !at(chain, i + 1) || is_normalization(at(chain, i + 1));
    if (is_last || (!is_kind(linear, "Dense") && !is_convolution(linear)))
        return;
    DraftLayer *layer = draft->layers[draft->layer_count - 1];
    if (normalized)
        draft_argument(draft, draft_add(draft, "Activation", "relu"), NULL, "\"relu\"");
    else
        draft_argument(draft, layer, "activation", "\"relu\"");
    draft_assume(draft, "relu behind %s.", step->name);
}

static void say_what_is_missing(const Chain *chain, bool is_sorted, bool guessed)
{
    const Step *first = chain->steps[0];
    if (chain->count > 1)
        draft_assume(chain->draft, "each layer reads the one before it, in the order %s.",
                     !is_sorted ? "of the file" : guessed ? "that their shapes allow, and not they alone"
                                                          : "that their shapes allow");
    if (is_kind(first, "Embedding") && reads_sequence(chain, 0))
        draft_assume(chain->draft, "ids of padding are read like others; mask_zero = true ends a sequence there, as "
                     "pack_padded_sequence does.");
    if (first->doubtful)
        draft_assume(chain->draft, "%s is an %s, no %s, whose weights are of the same kind.", first->name,
                     is_kind(first, "Dense") ? "nn.Linear without a bias" : "nn.Embedding",
                     is_kind(first, "Dense") ? "nn.Embedding" : "nn.Linear without a bias");
    draft_assume(chain->draft, "no softmax or sigmoid behind %s.",
                 chain->steps[chain->count - 1]->name);
}

void chain_draft(Draft *draft, Steps *steps, bool is_sorted)
{
    bool guessed;
    if (!are_known(draft, steps))
        return;
    if (!steps_order(draft->arena, steps, is_sorted, &guessed)) {
        draft_refuse(draft, "has no order in which each of its %d modules reads what the one before it puts out: this "
                     "is no chain, or something without weights stands in between" INTO, steps->count);
        return;
    }
    Chain chain = { .draft = draft, .arena = draft->arena, .count = steps->count,
                    .steps = arena_array(draft->arena, const Step *, steps->count) };
    for (int i = 0; i < steps->count; i++)
        chain.steps[i] = &steps->list[steps->order[i]];
    if (!fit_together(&chain))
        return;
    add_input(&chain);
    for (int i = 0; i < chain.count; i++) {
        add_layer(&chain, i);
        add_activation(&chain, i);
    }
    for (int i = 1; i < draft->layer_count; i++)
        draft_read(draft, draft->layers[i], i - 1);
    int last = draft->layer_count - 1;
    arena_append(draft->arena, draft->outputs, draft->output_count, draft->output_capacity, last);
    say_what_is_missing(&chain, is_sorted, guessed);
}
