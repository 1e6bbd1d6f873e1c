/* lua_model.c: in: the built model as Lua tables.  out: the same as plain data (model.h). */
#include "data_path.h"
#include "lua_description.h"

#include <stdio.h>
#include <string.h>

/* ---- fields of the table on top of the stack --------------------------------------------------------------------------- */

static int integer_field(Description *d, const char *name)
{
    return (int)lua_number_field(d->lua, name, 0);
}

static void shape_field(Description *d, const char *name, int *rank, int *extent)
{
    lua_getfield(d->lua, -1, name);
    *rank = (int)lua_rawlen(d->lua, -1);
    for (int i = 0; i < *rank && i < LSTMC_RANK_MAX; i++) {
        lua_rawgeti(d->lua, -1, i + 1);
        extent[i] = (int)lua_tointeger(d->lua, -1);
        lua_pop(d->lua, 1);
    }
    lua_pop(d->lua, 1);
}

static const char **names_field(Description *d, const char *name, int *count)
{
    lua_getfield(d->lua, -1, name);
    *count = lua_istable(d->lua, -1) ? (int)lua_rawlen(d->lua, -1) : 0;
    const char **names = arena_array(d->arena, const char *, *count + 1);
    for (int i = 0; i < *count; i++) {
        lua_rawgeti(d->lua, -1, i + 1);
        names[i] = arena_copy_text(d->arena, lua_tostring(d->lua, -1));
        lua_pop(d->lua, 1);
    }
    lua_pop(d->lua, 1);
    return names;
}

static size_t product(int rank, const int *extent)
{
    size_t count = 1;
    for (int i = 0; i < rank; i++)
        count *= (size_t)extent[i];
    return count;
}

/* ---- weights ----------------------------------------------------------------------------------------------------------- */

static const char *const initializer_kinds[] = {
    [LSTMC_CONSTANT] = "constant", [LSTMC_UNIFORM] = "uniform", [LSTMC_NORMAL] = "normal",
    [LSTMC_TRUNCATED_NORMAL] = "truncated_normal", [LSTMC_VARIANCE_UNIFORM] = "variance_uniform",
    [LSTMC_VARIANCE_NORMAL] = "variance_normal", [LSTMC_VARIANCE_TRUNCATED] = "variance_truncated",
    [LSTMC_ORTHOGONAL] = "orthogonal", [LSTMC_IDENTITY] = "identity",
};

static void extract_initializer(Description *d, struct lstmc_initializer *initializer)
{
    lua_getfield(d->lua, -1, "initializer");
    const char *kind = lua_text_field(d->lua, d->arena, "kind"), *fan = lua_text_field(d->lua, d->arena, "fan");
    int k = 0, kinds = (int)(sizeof initializer_kinds / sizeof *initializer_kinds);
    while (k < kinds && kind && strcmp(kind, initializer_kinds[k]))
        k++;
    if (!kind || k == kinds)
        die("unknown kind of initializer");
    initializer->kind = (enum lstmc_initializer_kind)k;
    initializer->fan = !fan || !strcmp(fan, "in") ? LSTMC_FAN_IN : !strcmp(fan, "out") ? LSTMC_FAN_OUT : LSTMC_FAN_AVERAGE;
    initializer->a = (float)lua_number_field(d->lua, "a", 0);
    initializer->b = (float)lua_number_field(d->lua, "b", 0);
    initializer->ones_begin = integer_field(d, "ones_begin");
    initializer->ones_end = integer_field(d, "ones_end");
    lua_pop(d->lua, 1);
}

static void extract_weights(Description *d)
{
    lua_State *L = d->lua;
    lua_getfield(L, -1, "weights");
    int count = (int)lua_rawlen(L, -1);
    struct lstmc_tensor *weights = arena_array(d->arena, struct lstmc_tensor, count + 1);
    struct lstmc_model *m = &d->model.descriptor;
    for (int i = 0; i < count; i++) {
        struct lstmc_tensor *w = &weights[i];
        lua_rawgeti(L, -1, i + 1);
        w->name = lua_text_field(d->lua, d->arena, "name");
        shape_field(d, "shape", &w->rank, w->shape);
        w->count = product(w->rank, w->shape);
        w->offset = m->weight_count;
        w->trainable = lua_flag_field(d->lua, "trainable");
        extract_initializer(d, &w->initializer);
        lua_getfield(L, -1, "regularizer");
        if (lua_istable(L, -1)) {
            w->l1 = (float)lua_number_field(d->lua, "l1", 0);
            w->l2 = (float)lua_number_field(d->lua, "l2", 0);
        }
        lua_pop(L, 1);
        lua_pushlightuserdata(L, w);
        lua_setfield(L, -2, "tensor");
        m->weight_count += w->count;
        if (w->trainable)
            m->gradient_count = m->weight_count;
        lua_pop(L, 1);
    }
    m->weights = weights;
    m->weight_tensors = count;
    lua_pop(L, 1);
}

/* ---- layers ------------------------------------------------------------------------------------------------------------- */

static void extract_arguments(Description *d, Layer *layer)
{
    lua_State *L = d->lua;
    lua_getfield(L, -1, "definition");
    lua_getfield(L, -1, "arguments");
    lua_getfield(L, -3, "plain");
    int count = (int)lua_rawlen(L, -2);
    layer->arguments = arena_array(d->arena, Argument, count + 1);
    for (int i = 0; i < count; i++) {
        Argument *argument = &layer->arguments[layer->argument_count];
        lua_rawgeti(L, -2, i + 1);
        lua_rawgeti(L, -1, 1);
        argument->name = arena_copy_text(d->arena, lua_tostring(L, -1));
        lua_getfield(L, -3, argument->name);
        argument->kind = ARGUMENT_NONE;
        if (lua_type(L, -1) == LUA_TNUMBER) {
            argument->kind = ARGUMENT_NUMBER;
            argument->number = lua_tonumber(L, -1);
        } else if (lua_isboolean(L, -1)) {
            argument->kind = ARGUMENT_BOOLEAN;
            argument->number = lua_toboolean(L, -1);
        } else if (lua_isstring(L, -1)) {
            argument->kind = ARGUMENT_TEXT;
            argument->text = arena_copy_text(d->arena, lua_tostring(L, -1));
        }
        if (argument->kind != ARGUMENT_NONE)
            layer->argument_count++;
        lua_pop(L, 3);
    }
    lua_pop(L, 3);
}

static void extract_layer(Description *d, Layer *layer)
{
    lua_State *L = d->lua;
    layer->name = lua_text_field(d->lua, d->arena, "name");
    layer->line = integer_field(d, "line");
    lua_getfield(L, -1, "definition");
    layer->kind = lua_text_field(d->lua, d->arena, "name");
    layer->custom = lua_flag_field(d->lua, "custom");
    lua_pop(L, 1);
    shape_field(d, "input", &layer->input.rank, layer->input.extent);
    shape_field(d, "output", &layer->output.rank, layer->output.extent);
    extract_arguments(d, layer);
    layer->trainable = layer_number(layer, "trainable", 1) != 0;
    lua_getfield(L, -1, "weights");
    layer->weight_count = (int)lua_rawlen(L, -1);
    layer->weights = arena_array(d->arena, const struct lstmc_tensor *, layer->weight_count + 1);
    for (int i = 0; i < layer->weight_count; i++) {
        lua_rawgeti(L, -1, i + 1);
        lua_getfield(L, -1, "tensor");
        layer->weights[i] = lua_touserdata(L, -1);
        lua_pop(L, 2);
    }
    lua_pop(L, 1);
}

/* ---- loss, optimizer, data ---------------------------------------------------------------------------------------------- */

static const char *const optimizer_kinds[] = { [LSTMC_SGD] = "sgd", [LSTMC_RMSPROP] = "rmsprop", [LSTMC_ADAM] = "adam", [LSTMC_ADAMW] = "adamw" };

static void extract_optimizer(Description *d)
{
    struct lstmc_optimizer *o = &d->model.descriptor.optimizer;
    lua_getfield(d->lua, -1, "optimizer");
    lua_getfield(d->lua, -1, "definition");
    const char *kind = lua_text_field(d->lua, d->arena, "kind");
    lua_pop(d->lua, 1);
    int k = 0;
    while (strcmp(optimizer_kinds[k], kind))
        if (++k == (int)(sizeof optimizer_kinds / sizeof *optimizer_kinds))
            die("unknown kind of optimizer: %s", kind);
    o->kind = (enum lstmc_optimizer_kind)k;
    lua_getfield(d->lua, -1, "arguments");
    o->learning_rate = (float)training_extract_rate(d);
    o->momentum = (float)lua_number_field(d->lua, "momentum", 0);
    o->rho = (float)lua_number_field(d->lua, "rho", 0);
    o->beta_1 = (float)lua_number_field(d->lua, "beta_1", 0);
    o->beta_2 = (float)lua_number_field(d->lua, "beta_2", 0);
    o->epsilon = (float)lua_number_field(d->lua, "epsilon", 0);
    o->weight_decay = (float)lua_number_field(d->lua, "weight_decay", 0);
    o->clipnorm = (float)lua_number_field(d->lua, "clipnorm", 0);
    o->clipvalue = (float)lua_number_field(d->lua, "clipvalue", 0);
    o->global_clipnorm = (float)lua_number_field(d->lua, "global_clipnorm", 0);
    o->nesterov = lua_flag_field(d->lua, "nesterov");
    o->centered = lua_flag_field(d->lua, "centered");
    o->amsgrad = lua_flag_field(d->lua, "amsgrad");
    if (lua_flag_field(d->lua, "use_ema"))
        d->model.ema_momentum = lua_number_field(d->lua, "ema_momentum", 0);
    d->model.ema_overwrite_frequency = integer_field(d, "ema_overwrite_frequency");
    d->model.gradient_accumulation_steps = integer_field(d, "gradient_accumulation_steps");
    lua_pop(d->lua, 2);
    double rate = lua_number_field(d->lua, "learning_rate", 0);
    if (rate > 0)
        o->learning_rate = (float)rate;
}

static void extract_loss(Description *d)
{
    Model *model = &d->model;
    lua_getfield(d->lua, -1, "loss");
    if (lua_istable(d->lua, -1)) {
        lua_getfield(d->lua, -1, "definition");
        model->loss = lua_text_field(d->lua, d->arena, "name");
        lua_pop(d->lua, 1);
        lua_getfield(d->lua, -1, "arguments");
        model->from_logits = lua_flag_field(d->lua, "from_logits");
        model->loss_delta = lua_number_field(d->lua, "delta", 1);
        model->label_smoothing = lua_number_field(d->lua, "label_smoothing", 0);
        lua_pop(d->lua, 1);
    }
    lua_pop(d->lua, 1);
    model->descriptor.loss = model->loss;
}

static int *integers_field(Description *d, const char *name, int *count)
{
    lua_getfield(d->lua, -1, name);
    *count = lua_istable(d->lua, -1) ? (int)lua_rawlen(d->lua, -1) : 0;
    int *numbers = arena_array(d->arena, int, *count + 1);
    for (int i = 0; i < *count; i++) {
        lua_rawgeti(d->lua, -1, i + 1);
        numbers[i] = (int)lua_tonumber(d->lua, -1);
        lua_pop(d->lua, 1);
    }
    lua_pop(d->lua, 1);
    return numbers;
}

/* NULL if the field is no number. */
static const double *optional_number_field(Description *d, const char *name)
{
    double *number = NULL;
    if (lua_getfield(d->lua, -1, name) == LUA_TNUMBER) {
        number = arena_array(d->arena, double, 1);
        *number = lua_tonumber(d->lua, -1);
    }
    lua_pop(d->lua, 1);
    return number;
}

/* Paths in a description are relative to its folder. */
static const char *from_description(Description *d, const char *path)
{
    const char *slash = strrchr(d->file, '/');
    if (!path || path[0] == '/' || !slash)
        return path;
    return arena_format(d->arena, "%.*s/%s", (int)(slash - d->file), d->file, path);
}

static const char *path_field(Description *d, const char *name)
{
    return from_description(d, lua_text_field(d->lua, d->arena, name));
}

static void extract_lines(Description *d, Data *data)
{
    data->files = names_field(d, "files", &data->file_count);
    for (int i = 0; i < data->file_count; i++)
        data->files[i] = from_description(d, data->files[i]);
    data->except = names_field(d, "except", &data->except_count);
    data->separator = lua_text_field(d->lua, d->arena, "separator");
    data->has_header = lua_flag_field(d->lua, "header");
    data->text = integer_field(d, "text");
    data->label = integer_field(d, "label");
    data->target_text = integer_field(d, "target_text");
    data->labels = names_field(d, "labels", &data->label_count);
    data->level = lua_text_field(d->lua, d->arena, "level");
    data->target_level = lua_text_field(d->lua, d->arena, "target_level");
    data->lower = lua_flag_field(d->lua, "lower");
    data->target_vocabulary = integer_field(d, "target_vocabulary");
    const char *padding = lua_text_field(d->lua, d->arena, "padding");
    data->pads_front = padding && !strcmp(padding, "pre");
    data->seed = (uint64_t)lua_number_field(d->lua, "seed", 1);
}

static void extract_paths(Description *d, Data *data)
{
    const DataPath *path;
    for (int i = 0; (path = data_path(data->kind, i)) != NULL; i++)
        *data_path_of(data, path) = path_field(d, path->name);
}

/* What csv{...} alone knows. */
static void extract_csv(Description *d, Data *data)
{
    data->columns = names_field(d, "columns", &data->column_count);
    data->targets = names_field(d, "targets", &data->target_count);
    data->sliding = data->window > 0;
    data->horizons = integers_field(d, "horizon", &data->horizon_count);
    data->normalization = lua_text_field(d->lua, d->arena, "normalization");
    data->missing = lua_text_field(d->lua, d->arena, "missing");
    data->group = lua_text_field(d->lua, d->arena, "group");
    data->sample_weight = lua_text_field(d->lua, d->arena, "sample_weight");
    data->at_most = optional_number_field(d, "at_most");
    data->relative = lua_flag_field(d->lua, "relative");
    data->last_only = lua_flag_field(d->lua, "last_only");
    if (!data->target_count) {
        data->targets = data->columns;
        data->target_count = data->column_count;
    }
}

static void extract_wav(Description *d, Data *data)
{
    lua_getfield(d->lua, -1, "test");
    if (lua_istable(d->lua, -1)) {
        data->test_field = integer_field(d, "field");
        data->test_at_most = integer_field(d, "at_most");
        data->test_among = names_field(d, "among", &data->test_count);
    }
    lua_pop(d->lua, 1);
    data->sample_rate = integer_field(d, "sample_rate");
    data->frame = integer_field(d, "frame");
    data->step = integer_field(d, "step");
    data->low = lua_number_field(d->lua, "low", 0);
    data->high = lua_number_field(d->lua, "high", 0);
}

static void extract_data(Description *d)
{
    Data *data = &d->model.data;
    lua_getfield(d->lua, -1, "data");
    if (lua_istable(d->lua, -1)) {
        const char *kind = lua_text_field(d->lua, d->arena, "kind");
        for (int k = DATA_NPY; k <= DATA_SAMPLES; k++)
            if (!strcmp(kind, data_kind_name((DataKind)k)))
                data->kind = (DataKind)k;
        data->line = integer_field(d, "line");
        extract_paths(d, data);
        data->vocabulary = integer_field(d, "vocabulary");
        data->unknown = integer_field(d, "unknown");
        data->window = integer_field(d, "window");
        data->stateful = lua_flag_field(d->lua, "stateful");
        data->split = lua_number_field(d->lua, "split", 1);
        data->samples = integer_field(d, "samples");
        data->validation_samples = integer_field(d, "validation_samples");
        extract_lines(d, data);
        extract_wav(d, data);
        if (data->kind == DATA_CSV)
            extract_csv(d, data);
    }
    lua_pop(d->lua, 1);
}

/* ---- the whole model ---------------------------------------------------------------------------------------------------- */

static uint64_t hash_text(uint64_t hash, const char *text)
{
    for (const char *c = text; *c; c++)
        hash = (hash ^ (unsigned char)*c) * UINT64_C(0x100000001b3);
    return (hash ^ 0xff) * UINT64_C(0x100000001b3);
}

/* FNV-1a of everything that gives the weights their meaning: kinds, names, options and shapes. */
static uint64_t fingerprint(Description *d)
{
    const Model *model = &d->model;
    uint64_t hash = hash_text(UINT64_C(0xcbf29ce484222325), model->descriptor.name);
    for (int l = 0; l < model->layer_count; l++) {
        const Layer *layer = &model->layers[l];
        hash = hash_text(hash_text(hash, layer->kind), layer->name);
        for (int i = 0; i < layer->output.rank; i++)
            hash = hash_text(hash, arena_format(d->arena, "%d", layer->output.extent[i]));
        for (int i = 0; i < layer->argument_count; i++) {
            const Argument *a = &layer->arguments[i];
            if (!strcmp(a->name, "name") || !strcmp(a->name, "input_length"))
                hash = hash_text(hash_text(hash, a->name), "0");        /* said by name and shapes already, however it was written */
            else
                hash = hash_text(hash_text(hash, a->name), a->text ? a->text : arena_format(d->arena, "%.9g", a->number));
        }
    }
    return hash_text(hash, model->loss ? model->loss : "");
}

static void extract_descriptor(Description *d, int batch)
{
    struct lstmc_model *m = &d->model.descriptor;
    const char *slash = strrchr(d->file, '/');
    m->name = lua_text_field(d->lua, d->arena, "name");
    m->source = slash ? slash + 1 : d->file;
    m->version = LSTMC_VERSION;
    m->input_is_tokens = lua_flag_field(d->lua, "input_is_tokens");
    m->vocabulary = integer_field(d, "vocabulary");
    m->target_is_class = lua_flag_field(d->lua, "target_is_class");
    shape_field(d, "output_shape", &m->output_rank, m->output_shape);
    shape_field(d, "target_shape", &m->target_rank, m->target_shape);
    m->input_rank = d->model.layers[0].output.rank;
    memcpy(m->input_shape, d->model.layers[0].output.extent, sizeof m->input_shape);
    m->input_count = product(m->input_rank, m->input_shape);
    m->output_count = product(m->output_rank, m->output_shape);
    m->target_count = product(m->target_rank, m->target_shape);
    int whole = integer_field(d, "batch_size"), shards = integer_field(d, "shards");
    if (!shards)
        shards = whole >= 16 ? 2 : 1;
    m->shards = shards;
    m->batch = (whole + shards - 1) / shards;
    if (batch) {
        m->batch = batch;
        m->shards = 1;
    }
}

void model_extract(Description *d, int batch)
{
    lua_State *L = d->lua;
    Model *model = &d->model;
    lua_getfield(L, LUA_REGISTRYINDEX, "model");
    model->file = d->file;
    extract_weights(d);
    lua_getfield(L, -1, "layers");
    model->layer_count = (int)lua_rawlen(L, -1);
    model->layers = arena_array(d->arena, Layer, model->layer_count);
    for (int i = 0; i < model->layer_count; i++) {
        lua_rawgeti(L, -1, i + 1);
        extract_layer(d, &model->layers[i]);
        lua_pop(L, 1);
    }
    lua_pop(L, 1);
    extract_descriptor(d, batch);
    extract_loss(d);
    extract_optimizer(d);
    model->metrics = names_field(d, "metric_names", &model->metric_count);
    model->epochs = integer_field(d, "epochs");
    model->seed = (uint64_t)lua_number_field(d->lua, "seed", 1);
    model->shuffle = lua_flag_field(d->lua, "shuffle");
    model->validation_split = lua_number_field(d->lua, "validation_split", 0);
    training_extract(d);
    extract_data(d);
    model->descriptor.fingerprint = fingerprint(d);
    lua_pop(L, 1);
}
