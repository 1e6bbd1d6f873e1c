/* lua_model.c: in: the built model as Lua tables.  out: the same as plain data (model.h). */
#include "lua_fields.h"

#include <limits.h>
#include <math.h>
#include <string.h>

#define LAYERS_MAX    2000
#define ARGUMENTS_MAX 100
#define OWN_MAX       10000

/* ---- layers ---------------------------------------------------------------------------------- */

/* The plain value of the argument in the table on top of the stack: what the interpreter and the fingerprint read. */
static void extract_argument(Description *d, const char *name, Argument *argument)
{
    lua_State *L = d->lua;
    argument->name = name;
    int type = lua_getfield(L, -1, name);
    lua_pop(L, 1);
    argument->kind = type == LUA_TNUMBER ? ARGUMENT_NUMBER : type == LUA_TBOOLEAN ? ARGUMENT_BOOLEAN
                   : type == LUA_TSTRING ? ARGUMENT_TEXT : ARGUMENT_NONE;
    if (argument->kind == ARGUMENT_NUMBER)
        argument->number = field_number(d, name, 0);
    else if (argument->kind == ARGUMENT_BOOLEAN)
        argument->number = field_flag(d, name);
    else if (argument->kind == ARGUMENT_TEXT)
        argument->text = field_text(d, name);
}

/* Whether `name` of the table on top of the stack is what entry `position` of the list below it says. */
static bool is_default(lua_State *L, int position, const char *name)
{
    lua_getfield(L, -1, name);
    lua_rawgeti(L, -3, position);
    lua_rawgeti(L, -1, 3);
    bool same = lua_rawequal(L, -1, -3);
    lua_pop(L, 3);
    return same;
}

/* Of a layer or a loss: those that its definition knows and its maker gave or left as they are. */
static Argument *extract_arguments(Description *d, int *argument_count)
{
    lua_State *L = d->lua;
    field_table(d, "definition");
    int count = field_list(d, "arguments", ARGUMENTS_MAX);
    const char **names = arena_array(d->arena, const char *, count + 1);
    bool *sizes = arena_array(d->arena, bool, count + 1);
    for (int i = 0; i < count; i++) {
        lua_rawgeti(L, -1, i + 1);
        lua_rawgeti(L, -1, 1);
        lua_rawgeti(L, -2, 2);
        names[i] = arena_copy_text(d->arena, luaL_checkstring(L, -2));
        const char *type = lua_tostring(L, -1);     /* NULL: one of a few texts, or a check of its own */
        sizes[i] = type && (!strcmp(type, "size") || !strcmp(type, "size_1d"));
        lua_pop(L, 3);
    }
    lua_getfield(L, -3, "plain");
    if (!lua_istable(L, -1))
        field_broken(L, "plain", "is no table");
    Argument *arguments = arena_array(d->arena, Argument, count + 1);
    for (int i = 0; i < count; i++) {
        Argument *argument = &arguments[*argument_count];
        extract_argument(d, names[i], argument);
        argument->is_size = sizes[i] && argument->kind == ARGUMENT_NUMBER;
        argument->is_default = is_default(L, i + 1, names[i]);
        *argument_count += argument->kind != ARGUMENT_NONE;
    }
    lua_pop(L, 3);
    return arguments;
}

/* Positions of layers: numbers in a list. */
static int *extract_positions(Description *d, const char *name, int *count)
{
    *count = field_list(d, name, LAYERS_MAX);
    int *positions = arena_array(d->arena, int, *count + 1);
    for (int i = 0; i < *count; i++) {
        lua_rawgeti(d->lua, -1, i + 1);
        positions[i] = field_integer(d, "index", 0, d->model.layer_count - 1, 0);
        lua_pop(d->lua, 1);
    }
    lua_pop(d->lua, 1);
    return positions;
}

static void extract_weights_of(Description *d, Layer *layer)
{
    layer->weight_count = field_list(d, "weights", WEIGHTS_MAX);
    layer->weights = arena_array(d->arena, const struct lstmc_tensor *, layer->weight_count + 1);
    for (int i = 0; i < layer->weight_count; i++) {
        lua_rawgeti(d->lua, -1, i + 1);
        int place = field_integer(d, "place", 0, d->model.descriptor.weight_tensors - 1, 0);
        layer->weights[i] = &d->model.descriptor.weights[place];
        lua_pop(d->lua, 1);
    }
    lua_pop(d->lua, 1);
}

/* Those of the layer that it owns. */
static void add_weights(Description *d, Layer *layer, const Layer *owned)
{
    const struct lstmc_tensor **all = arena_array(d->arena, const struct lstmc_tensor *,
                                                  layer->weight_count + owned->weight_count + 1);
    memcpy(all, layer->weights, (size_t)layer->weight_count * sizeof *all);
    memcpy(all + layer->weight_count, owned->weights, (size_t)owned->weight_count * sizeof *all);
    layer->weights = all;
    layer->weight_count += owned->weight_count;
}

/* In a further call the layers that a layer owns draw noise of their own. */
static void move_places(Layer *layer, int offset)
{
    for (int i = 0; i < layer->sublayer_count; i++) {
        layer->sublayers[i].place += offset;
        move_places(&layer->sublayers[i], offset);
    }
}

static void extract_layer(Description *d, Layer *layer)
{
    lua_State *L = d->lua;
    layer->name = field_identifier(d, "name");
    layer->line = field_integer(d, "line", 0, INT_MAX, 0);
    layer->place = field_integer(d, "index", 0, INT_MAX, 0);
    field_table(d, "definition");
    layer->kind = field_identifier(d, "name");
    layer->custom = field_flag(d, "custom");
    lua_pop(L, 1);
    if (!layer->name || !layer->kind)
        field_broken(L, "name", "is missing");
    layer->input.rank = field_shape(d, "input", LSTMC_RANK_MAX, layer->input.extent);
    layer->output.rank = field_shape(d, "output", LSTMC_RANK_MAX, layer->output.extent);
    layer->masked = field_flag(d, "masked");
    layer->makes_mask = field_flag(d, "makes_mask");
    layer->takes_mask = field_flag(d, "takes_mask");
    layer->from = extract_positions(d, "from", &layer->from_count);
    layer->given_states = field_integer(d, "given_states", 0, layer->from_count, 0);
    layer->is_state = field_text(d, "state_name") != NULL;
    layer->vocabulary = field_integer(d, "vocabulary", 0, INT_MAX, 0);
    layer->arguments = extract_arguments(d, &layer->argument_count);
    layer->trainable = layer_number(layer, "trainable", 1) != 0;
    if (lua_getfield(L, -1, "shares") == LUA_TTABLE)
        layer->shares = field_identifier(d, "name");
    lua_pop(L, 1);
    extract_weights_of(d, layer);
    if (lua_getfield(L, -1, "activity") == LUA_TTABLE) {
        layer->activity_l1 = field_number(d, "l1", 0);
        layer->activity_l2 = field_number(d, "l2", 0);
    }
    lua_pop(L, 1);
    layer->sublayer_count = field_list(d, "sublayers", LAYERS_MAX);
    layer->sublayers = arena_array(d->arena, Layer, layer->sublayer_count + 1);
    for (int i = 0; i < layer->sublayer_count; i++) {
        lua_rawgeti(L, -1, i + 1);
        extract_layer(d, &layer->sublayers[i]);
        lua_pop(L, 1);
        add_weights(d, layer, &layer->sublayers[i]);
        layer->custom |= layer->sublayers[i].custom;
    }
    lua_pop(L, 1);
    move_places(layer, field_integer(d, "noise_from", 0, INT_MAX / 2, 0));
}

/* ---- loss, optimizer ------------------------------------------------------------------------- */

static const char *const optimizer_kinds[] = {
    [LSTMC_SGD] = "sgd",         [LSTMC_RMSPROP] = "rmsprop",   [LSTMC_ADAM] = "adam",
    [LSTMC_ADAMW] = "adamw",     [LSTMC_ADAGRAD] = "adagrad",   [LSTMC_ADADELTA] = "adadelta",
    [LSTMC_ADAMAX] = "adamax",   [LSTMC_NADAM] = "nadam",       [LSTMC_LION] = "lion",
};

static void extract_optimizer(Description *d)
{
    struct lstmc_optimizer *o = &d->model.descriptor.optimizer;
    field_table(d, "optimizer");
    field_table(d, "definition");
    o->kind = (enum lstmc_optimizer_kind)FIELD_KIND(d, "kind", optimizer_kinds);
    lua_pop(d->lua, 1);
    field_table(d, "arguments");
    o->learning_rate = (float)training_extract_rate(d);
    o->momentum = (float)field_number(d, "momentum", 0);
    o->rho = (float)field_number(d, "rho", 0);
    o->beta_1 = (float)field_number(d, "beta_1", 0);
    o->beta_2 = (float)field_number(d, "beta_2", 0);
    o->epsilon = (float)field_number(d, "epsilon", 0);
    o->weight_decay = (float)field_number(d, "weight_decay", 0);
    o->initial_accumulator_value = (float)field_number(d, "initial_accumulator_value", 0);
    o->clipnorm = (float)field_number(d, "clipnorm", 0);
    o->clipvalue = (float)field_number(d, "clipvalue", 0);
    o->global_clipnorm = (float)field_number(d, "global_clipnorm", 0);
    o->nesterov = field_flag(d, "nesterov");
    o->centered = field_flag(d, "centered");
    o->amsgrad = field_flag(d, "amsgrad");
    o->pytorch = field_flag(d, "pytorch");
    if (field_flag(d, "use_ema"))
        d->model.ema_momentum = field_number(d, "ema_momentum", 0);
    d->model.ema_overwrite_frequency = field_integer(d, "ema_overwrite_frequency", 0, INT_MAX, 0);
    d->model.gradient_accumulation_steps = field_integer(d, "gradient_accumulation_steps", 0, INT_MAX, 0);
    lua_pop(d->lua, 2);
    double rate = field_number(d, "learning_rate", 0);
    if (rate > 0)
        o->learning_rate = (float)rate;
}

static LossOptions extract_loss_options(Description *d)
{
    field_table(d, "arguments");
    LossOptions options = { .from_logits = field_flag(d, "from_logits"),
                            .apply_class_balancing = field_flag(d, "apply_class_balancing"),
                            .delta = field_number(d, "delta", 1),
                            .label_smoothing = field_number(d, "label_smoothing", 0),
                            .alpha = field_number(d, "alpha", 0),
                            .gamma = field_number(d, "gamma", 0) };
    lua_pop(d->lua, 1);
    return options;
}

/* The loss in the table on top of the stack. */
static Loss extract_one_loss(Description *d)
{
    Loss loss = { .weight = 1 };
    if (lua_getfield(d->lua, -1, "loss") == LUA_TTABLE) {
        field_table(d, "definition");
        loss.name = field_text(d, "name");
        loss.is_custom = field_flag(d, "custom");
        loss.line = field_integer(d, "line", 0, INT_MAX, 0);
        const char *over = field_text(d, "over");
        loss.of_sample = over && !strcmp(over, "sample");
        lua_pop(d->lua, 1);
        if (loss.is_custom)
            loss.arguments = extract_arguments(d, &loss.argument_count);
        else
            loss.options = extract_loss_options(d);
    }
    lua_pop(d->lua, 1);
    return loss;
}

/* A class that does not count, or one that stands behind labels. */
static int extract_ignored(Description *d, int *class)
{
    const double *ignored = field_optional_number(d, "ignored_class");
    const double *blank = field_optional_number(d, "blank_class");
    *class = ignored ? (int)*ignored : blank ? (int)*blank : 0;
    return ignored ? 1 : blank ? LSTMC_BLANK_BEHIND_LABELS : 0;
}

static void extract_loss(Description *d)
{
    Model *model = &d->model;
    Loss loss = extract_one_loss(d);
    model->loss = loss.name;
    model->loss_is_custom = loss.is_custom;
    model->loss_line = loss.line;
    model->loss_arguments = loss.arguments;
    model->loss_argument_count = loss.argument_count;
    model->loss_options = loss.options;
    model->descriptor.sample_weights = field_integer(d, "sample_weights", 0, INT_MAX, 0);
    model->weighs_steps = field_text(d, "sample_weight_mode") != NULL;
    if (model->output_count == 1)
        model->descriptor.ignores_class = extract_ignored(d, &model->descriptor.ignored_class);
    model->descriptor.loss_of_sample = loss.of_sample || model->output_count > 1;
    model->descriptor.loss = model->loss;
}

/* One of several outputs, or of their targets, as a member of its struct. *offset: where it begins, then the next. */
static struct lstmc_array extract_array(Description *d, const char *shape, bool is_class, size_t *offset)
{
    struct lstmc_array array = { .name = field_identifier(d, "name_of_output"), .is_integer = is_class,
                                 .vocabulary = is_class ? field_integer(d, "classes", 1, INT_MAX, 1) : 0,
                                 .offset = *offset };
    array.rank = field_shape(d, shape, LSTMC_RANK_MAX, array.shape);
    array.count = extents_product(array.rank, array.shape);
    *offset += array.count;
    return array;
}

static void extract_outputs(Description *d)
{
    Model *model = &d->model;
    struct lstmc_model *m = &model->descriptor;
    int count = field_list(d, "ends", LAYERS_MAX);
    struct lstmc_array *outputs = arena_array(d->arena, struct lstmc_array, count),
                       *targets = arena_array(d->arena, struct lstmc_array, count);
    size_t output_end = 0, target_end = 0;
    if (model->loss)
        model->losses = arena_array(d->arena, Loss, count);
    for (int k = 0; k < count; k++) {
        lua_rawgeti(d->lua, -1, k + 1);
        outputs[k] = extract_array(d, "output_shape", false, &output_end);
        targets[k] = extract_array(d, "target_shape", field_flag(d, "target_is_class"), &target_end);
        targets[k].first_weight = (size_t)field_integer(d, "first_weight", 0, INT_MAX, 0);
        targets[k].weights = (size_t)field_integer(d, "places", 0, INT_MAX, 0);
        targets[k].ignores_class = extract_ignored(d, &targets[k].ignored_class);
        m->ignores_class |= targets[k].ignores_class == 1;
        if (model->loss) {
            model->losses[k] = extract_one_loss(d);
            model->losses[k].weight = field_number(d, "loss_weight", 1);
        }
        lua_pop(d->lua, 1);
    }
    lua_pop(d->lua, 1);
    m->outputs = outputs;
    m->targets = targets;
    m->output_arrays = count;
}

static OwnObject *extract_own(Description *d, const char *field, int *count)
{
    *count = field_list(d, field, OWN_MAX);
    OwnObject *list = arena_array(d->arena, OwnObject, *count + 1);
    for (int i = 0; i < *count; i++) {
        lua_rawgeti(d->lua, -1, i + 1);
        list[i] = (OwnObject){ .name = field_identifier(d, "name"), .line = field_integer(d, "line", 0, INT_MAX, 0),
                                .whole = field_flag(d, "whole") };
        lua_pop(d->lua, 1);
    }
    lua_pop(d->lua, 1);
    return list;
}

/* ---- the whole model ------------------------------------------------------------------------- */

static uint64_t hash_text(uint64_t hash, const char *text)
{
    for (const char *c = text; *c; c++)
        hash = (hash ^ (unsigned char)*c) * UINT64_C(0x100000001b3);
    return (hash ^ 0xff) * UINT64_C(0x100000001b3);
}

static uint64_t hash_arguments(Description *d, uint64_t hash, const Argument *arguments, int count)
{
    for (int i = 0; i < count; i++) {
        const Argument *a = &arguments[i];
        /* A layer that learns a new option means what it meant; names and shapes are in the hash already, however they
         * were written. */
        if (!a->is_default && strcmp(a->name, "name") && strcmp(a->name, "truncate") && strcmp(a->name, "input_length"))
            hash = hash_text(hash_text(hash, a->name),
                             a->text ? a->text : arena_format(d->arena, "%.9g", a->number));
    }
    return hash;
}

static uint64_t hash_layer(Description *d, uint64_t hash, const Layer *layer)
{
    const Model *model = &d->model;
    hash = hash_text(hash_text(hash, layer->kind), layer->name);
    for (int k = 0; !model_is_chain(model) && k < layer->from_count; k++)
        hash = hash_text(hash, model->layers[layer->from[k]].name);
    for (int i = 0; i < layer->output.rank; i++)
        hash = hash_text(hash, arena_format(d->arena, "%d", layer->output.extent[i]));
    hash = hash_arguments(d, hash, layer->arguments, layer->argument_count);
    for (int i = 0; i < layer->sublayer_count; i++)
        hash = hash_layer(d, hash, &layer->sublayers[i]);
    return hash;
}

/* FNV-1a of everything that gives the weights their meaning: kinds, names, options and shapes. */
static uint64_t fingerprint(Description *d)
{
    const Model *model = &d->model;
    uint64_t hash = hash_text(UINT64_C(0xcbf29ce484222325), model->descriptor.name);
    for (int l = 0; l < model->layer_count; l++)
        hash = hash_layer(d, hash, &model->layers[l]);
    for (int k = 0; model->output_count > 1 && k < model->output_count; k++)
        hash = hash_text(hash, model->layers[model->outputs[k]].name);
    for (int k = 0; model->losses && k < model->output_count; k++) {
        const Loss *loss = &model->losses[k];
        hash = hash_text(hash_text(hash, loss->name), arena_format(d->arena, "%.9g", loss->weight));
        hash = hash_arguments(d, hash, loss->arguments, loss->argument_count);
    }
    hash = hash_text(hash, model->loss ? model->loss : "");
    return hash_arguments(d, hash, model->loss_arguments, model->loss_argument_count);
}

/* A sample is all inputs, one behind the other. */
static void extract_inputs(Description *d)
{
    struct lstmc_model *m = &d->model.descriptor;
    struct lstmc_array *arrays = arena_array(d->arena, struct lstmc_array, d->model.input_count);
    m->input_count = 0;
    for (int i = 0; i < d->model.input_count; i++) {
        const Layer *layer = &d->model.layers[d->model.inputs[i]];
        struct lstmc_array *array = &arrays[i];
        *array = (struct lstmc_array){ .name = layer->name, .is_integer = layer->vocabulary > 0,
                                       .vocabulary = layer->vocabulary, .rank = layer->output.rank };
        memcpy(array->shape, layer->output.extent, sizeof array->shape);
        array->offset = m->input_count;
        array->count = extents_product(array->rank, array->shape);
        m->input_count += array->count;
    }
    m->inputs = arrays;
    m->input_arrays = d->model.input_count;
    m->input_is_tokens = m->vocabulary = 0;
    m->input_rank = 1;
    m->input_shape[0] = (int)m->input_count;
}

static void extract_descriptor(Description *d, int batch)
{
    struct lstmc_model *m = &d->model.descriptor;
    const char *slash = strrchr(d->file, '/');
    m->name = field_identifier(d, "name");
    m->source = slash ? slash + 1 : d->file;
    m->version = LSTMC_VERSION;
    m->input_is_tokens = field_flag(d, "input_is_tokens");
    m->vocabulary = d->model.layers[0].vocabulary;
    m->target_is_class = field_flag(d, "target_is_class");
    m->output_rank = field_shape(d, "output_shape", LSTMC_RANK_MAX, m->output_shape);
    m->target_rank = field_shape(d, "target_shape", LSTMC_RANK_MAX, m->target_shape);
    m->input_rank = d->model.layers[0].output.rank;
    memcpy(m->input_shape, d->model.layers[0].output.extent, sizeof m->input_shape);
    m->input_count = extents_product(m->input_rank, m->input_shape);
    if (d->model.input_count > 1)
        extract_inputs(d);
    m->has_lengths = field_flag(d, "has_lengths");
    m->output_count = extents_product(m->output_rank, m->output_shape);
    m->target_count = extents_product(m->target_rank, m->target_shape);
    int whole = field_integer(d, "batch_size", 0, INT_MAX, 0), shards = field_integer(d, "shards", 0, INT_MAX, 0);
    if (!shards)
        shards = whole >= 16 ? 2 : 1;
    m->shards = shards;
    m->batch = (whole + shards - 1) / shards;
    if (batch) {
        m->batch = batch;
        m->shards = 1;
    }
}

static struct lstmc_metric_arguments *extract_metric_arguments(Description *d, int count)
{
    struct lstmc_metric_arguments *list = arena_array(d->arena, struct lstmc_metric_arguments, count + 1);
    static const struct lstmc_metric_arguments keras = LSTMC_METRIC_DEFAULTS;
    if (field_list(d, "metric_arguments", LAYERS_MAX) != count)
        field_broken(d->lua, "metric_arguments", "is not of all metrics");
    for (int i = 0; i < count; i++) {
        lua_rawgeti(d->lua, -1, i + 1);
        list[i] = (struct lstmc_metric_arguments){
            .threshold = field_number(d, "threshold", keras.threshold),
            .f1_threshold = field_number(d, "f1_threshold", NAN),
            .average = (enum lstmc_average)field_integer(d, "average", 0, LSTMC_WEIGHTED, LSTMC_MACRO),
            .k = field_integer(d, "k", 1, INT_MAX, keras.k),
            .num_thresholds = field_integer(d, "num_thresholds", 2, INT_MAX, keras.num_thresholds),
            .of_precision = field_flag(d, "of_precision"),
            .from_logits = field_flag(d, "from_logits"),
            .label_smoothing = field_number(d, "label_smoothing", 0),
        };
        lua_pop(d->lua, 1);
    }
    lua_pop(d->lua, 1);
    return list;
}

static void extract_decoder(Description *d)
{
    Model *model = &d->model;
    model->has_decoder = false;
    if (lua_getfield(d->lua, -1, "decoder") == LUA_TTABLE) {
        int layer = field_integer(d, "index", 0, model->layer_count - 1, 0);
        for (int k = 0; k < model->input_count; k++)
            if (model->inputs[k] == layer) {
                model->has_decoder = true;
                model->decoder = k;
            }
    }
    lua_pop(d->lua, 1);
    model->begin_token = field_integer(d, "begin_token", 0, INT_MAX, -1);
    model->end_token = field_integer(d, "end_token", 0, INT_MAX, -1);
}

static int extract(lua_State *L)        /* (rows of a tape or 0, ...) */
{
    Description *d = description_of(L);
    Model *model = &d->model;
    int batch = (int)lua_tointeger(L, 1);
    lua_getfield(L, LUA_REGISTRYINDEX, "model");
    model->file = d->file;
    weights_extract(d);
    model->layer_count = field_list(d, "layers", LAYERS_MAX);
    if (!model->layer_count)
        field_broken(L, "layers", "is empty");
    model->layers = arena_array(d->arena, Layer, model->layer_count);
    for (int i = 0; i < model->layer_count; i++) {
        lua_rawgeti(L, -1, i + 1);
        extract_layer(d, &model->layers[i]);
        lua_pop(L, 1);
    }
    lua_pop(L, 1);
    model->inputs = extract_positions(d, "inputs", &model->input_count);
    model->outputs = extract_positions(d, "outputs", &model->output_count);
    extract_decoder(d);
    extract_descriptor(d, batch);
    extract_loss(d);
    if (model->output_count > 1)
        extract_outputs(d);
    extract_optimizer(d);
    model->metrics = field_names(d, "metric_names", &model->metric_count);
    model->metric_arguments = extract_metric_arguments(d, model->metric_count);
    model->weighted_metrics = (unsigned)field_integer(d, "weighted_bits", 0, INT_MAX, 0);
    model->changed = field_names(d, "changed", &model->changed_count);
    model->own_metrics = extract_own(d, "own_metrics", &model->own_metric_count);
    model->own_activations = extract_own(d, "own_activations", &model->own_activation_count);
    model->epochs = field_integer(d, "epochs", 1, INT_MAX, 1);
    model->seed = (uint64_t)field_number(d, "seed", 1);
    model->shuffle = field_flag(d, "shuffle");
    model->buckets = field_integer(d, "buckets", 1, INT_MAX, 1);
    model->stateful = field_flag(d, "stateful");
    model->validation_split = field_number(d, "validation_split", 0);
    training_extract(d);
    data_extract_vectors(d);
    data_extract(d);
    model->descriptor.fingerprint = fingerprint(d);
    return 0;
}

bool model_extract(Description *d, int batch)
{
    lua_pushcfunction(d->lua, extract);
    lua_pushinteger(d->lua, batch);
    return description_call(d, 1, 0);
}
