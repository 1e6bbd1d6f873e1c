/* lua_data.c: in: what the built model says of its data, as Lua tables.  out: the same as plain data (model.h). */
#include "data_path.h"
#include "lua_fields.h"

#include <limits.h>
#include <string.h>

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
    return from_description(d, field_text(d, name));
}

static const char **extract_arrays(Description *d, const char *name)
{
    int count;
    const char **files = field_names(d, name, &count);
    for (int i = 0; i < count; i++)
        files[i] = from_description(d, files[i]);
    return count ? files : NULL;
}

void data_extract_vectors(Description *d)
{
    Model *model = &d->model;
    int count = field_list(d, "weights", INT_MAX);
    model->vectors = arena_array(d->arena, Vectors, count + 1);
    for (int i = 0; i < count; i++) {
        lua_rawgeti(d->lua, -1, i + 1);
        if (lua_getfield(d->lua, -1, "vectors") == LUA_TTABLE) {
            Vectors *v = &model->vectors[model->vectors_count++];
            const char *kind = field_text(d, "kind");
            *v = (Vectors){ .weight = i, .file = path_field(d, "file"), .is_text = kind && !strcmp(kind, "glove"),
                            .line = field_integer(d, "line", 0, INT_MAX, 0) };
            v->words = field_names(d, "vocabulary", &v->word_count);
        }
        lua_pop(d->lua, 2);
    }
    lua_pop(d->lua, 1);
}

static void extract_text(Description *d, Data *data)
{
    data->files = field_names(d, "files", &data->file_count);
    for (int i = 0; i < data->file_count; i++)
        data->files[i] = from_description(d, data->files[i]);
    data->except = field_names(d, "except", &data->except_count);
    data->separator = field_text(d, "separator");
    data->has_header = field_flag(d, "header");
    data->text = field_integer(d, "text", 0, INT_MAX, 0);
    data->label = field_integer(d, "label", 0, INT_MAX, 0);
    data->target_text = field_integer(d, "target_text", 0, INT_MAX, 0);
    data->labels = field_names(d, "labels", &data->label_count);
    data->level = field_text(d, "level");
    data->target_level = field_text(d, "target_level");
    data->lower = field_flag(d, "lower");
    data->next_token = field_flag(d, "next_token");
    data->target_vocabulary = field_integer(d, "target_vocabulary", 0, INT_MAX, 0);
    const char *padding = field_text(d, "padding");
    data->is_padded = padding != NULL;
    data->pads_front = padding && !strcmp(padding, "pre");
    data->seed = (uint64_t)field_number(d, "seed", 1);
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
    data->columns = field_names(d, "columns", &data->column_count);
    data->input_columns = field_integers(d, "input_columns", 1, &data->input_count);
    data->targets = field_names(d, "targets", &data->target_count);
    data->sliding = data->window > 0;
    data->horizons = field_integers(d, "horizon", 0, &data->horizon_count);
    data->normalization = field_text(d, "normalization");
    data->missing = field_text(d, "missing");
    data->group = field_text(d, "group");
    data->sample_weight = field_text(d, "sample_weight");
    data->at_most = field_optional_number(d, "at_most");
    data->above = field_optional_number(d, "above");
    data->relative = field_flag(d, "relative");
    data->header = field_integer(d, "first_line", -1, 1, 0);
    data->last_only = field_flag(d, "last_only");
    if (!data->target_count) {
        data->targets = data->columns;
        data->target_count = data->column_count;
    }
}

static void extract_wav(Description *d, Data *data)
{
    if (lua_getfield(d->lua, -1, "test") == LUA_TTABLE) {
        data->test_field = field_integer(d, "field", 0, INT_MAX, 0);
        data->test_at_most = field_integer(d, "at_most", 0, INT_MAX, 0);
        data->test_among = field_names(d, "among", &data->test_count);
    }
    lua_pop(d->lua, 1);
    if (lua_getfield(d->lua, -1, "join") == LUA_TTABLE) {
        data->join_least = field_integer(d, "least", 1, INT_MAX, 1);
        data->join_most = field_integer(d, "most", 1, INT_MAX, 1);
    }
    lua_pop(d->lua, 1);
    data->gap = field_number(d, "gap", 0);
    data->sample_rate = field_integer(d, "sample_rate", 0, INT_MAX, 0);
    data->frame = field_integer(d, "frame", 0, INT_MAX, 0);
    data->step = field_integer(d, "step", 0, INT_MAX, 0);
    data->low = field_number(d, "low", 0);
    data->high = field_number(d, "high", 0);
}

void data_extract(Description *d)
{
    Data *data = &d->model.data;
    if (lua_getfield(d->lua, -1, "data") == LUA_TTABLE) {
        const char *kinds[DATA_SAMPLES + 1];
        for (int k = 0; k <= DATA_SAMPLES; k++)
            kinds[k] = data_kind_name((DataKind)k);
        int kind = field_choice(d, "kind", kinds, DATA_SAMPLES + 1);
        if (kind < 0)
            field_broken(d->lua, "kind", "is missing");
        data->kind = (DataKind)kind;
        data->line = field_integer(d, "line", 0, INT_MAX, 0);
        extract_paths(d, data);
        data->x_arrays = extract_arrays(d, "x_files");
        data->validation_arrays = extract_arrays(d, "validation_files");
        data->y_arrays = extract_arrays(d, "y_files");
        data->validation_y_arrays = extract_arrays(d, "validation_y_files");
        data->vocabulary = field_integer(d, "vocabulary", 0, INT_MAX, 0);
        data->unknown = field_integer(d, "unknown", 0, INT_MAX, 0);
        data->window = field_integer(d, "window", 0, INT_MAX, 0);
        data->stateful = field_flag(d, "stateful");
        data->split = field_number(d, "split", 1);
        data->samples = field_integer(d, "samples", 0, INT_MAX, 0);
        data->validation_samples = field_integer(d, "validation_samples", 0, INT_MAX, 0);
        extract_text(d, data);
        extract_wav(d, data);
        if (data->kind == DATA_CSV)
            extract_csv(d, data);
        if (data->kind == DATA_TS)
            data->normalization = field_text(d, "normalization");
        data->training_part = field_text(d, "training");
        if (data->kind == DATA_MULTI_HOT)
            data->validation_part = field_text(d, "validation");
        data->first = field_integer(d, "first", INT_MIN, INT_MAX, 0);
    }
    lua_pop(d->lua, 1);
}
