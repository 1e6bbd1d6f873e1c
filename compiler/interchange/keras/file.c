/* file.c: in: .keras, .h5, architecture.json with its weights.  out: a Keras model for model.c. */
#include "compiler/interchange/draft/container.h"
#include "import_keras.h"
#include "keras.h"

#include <stdlib.h>
#include <string.h>

static json_t *parsed(Draft *draft, const char *what, const char *text)
{
    json_error_t error;
    json_t *json = text ? json_loads(text, JSON_DECODE_ANY, &error) : NULL;
    if (text && !json)
        draft_refuse(draft, "its %s is no JSON: %s", what, error.text);
    return json;
}

/* An attribute that holds a text, which is JSON again. */
static json_t *attribute(Draft *draft, const struct lstmc_tensor_file *file, const char *name)
{
    const char *key = arena_format(draft->arena, "@%s", name);
    json_t *text = parsed(draft, name, lstmc_tensor_file_value(file, key));
    json_t *json = json_is_string(text) ? parsed(draft, name, json_string_value(text)) : NULL;
    json_decref(text);
    return json;
}

static void set_version(Keras *keras, const char *version)
{
    keras->version = version ? arena_copy_text(keras->draft->arena, version) : "";
    keras->major = version ? atoi(version) : 0;
}

static void set_layout(Keras *keras, const struct lstmc_tensor_file *file)
{
    keras->arrays = file;
    keras->root = lstmc_tensor_file_value(file, "model_weights@layer_names") ||
                  lstmc_tensor_file_value(file, "model_weights@layer_names0") ? "model_weights/" : "";
    bool names = *keras->root || lstmc_tensor_file_value(file, "@layer_names") ||
                 lstmc_tensor_file_value(file, "@layer_names0");
    keras->layout = names ? KERAS_NAMES : KERAS_PATHS;
}

static void read_archive(Keras *keras, const struct lstmc_tensor_file *file)
{
    Draft *draft = keras->draft;
    json_t *about = parsed(draft, "metadata.json", container_text(draft->arena, file, "metadata.json"));
    keras->model = parsed(draft, "config.json", container_text(draft->arena, file, "config.json"));
    if (keras->model) {
        keras->training = json_incref(json_object_get(keras->model, "compile_config"));
        set_version(keras, json_text(about, "keras_version"));
    } else if (!diagnostics_count(draft->diagnostics)) {
        json_t *version = parsed(draft, "keras_version", lstmc_tensor_file_value(file, "@keras_version"));
        if (!version)
            version = parsed(draft, "keras_version", lstmc_tensor_file_value(file, "model_weights@keras_version"));
        set_version(keras, json_string_value(version));
        keras->model = attribute(draft, file, "model_config");
        keras->training = attribute(draft, file, "training_config");
        json_decref(version);
    }
    json_decref(about);
    set_layout(keras, file);
}

/* For a description that is there: the layers in the model's order, if all of them can be said, else as the arrays lie
 * in the file. */
static void take_weights(Keras *keras)
{
    Draft *draft = keras->draft, trial = *draft;
    trial.diagnostics = diagnostics_create(draft->arena);
    if (keras->model) {
        keras->draft = &trial;
        keras_draft(keras);
        keras->draft = draft;
    }
    if (!keras->model || diagnostics_count(trial.diagnostics)) {
        keras_weights_alone(keras);
        return;
    }
    trial.diagnostics = draft->diagnostics;
    *draft = trial;
}

void import_keras_archive(Draft *draft, const DraftSource *source, const struct lstmc_tensor_file *contents)
{
    Keras keras = { .draft = draft, .version = "" };
    read_archive(&keras, contents);
    if (source->weights_alone)
        take_weights(&keras);
    else if (keras.model)
        keras_draft(&keras);
    else if (!diagnostics_count(draft->diagnostics)) {
        keras_weights_alone(&keras);
        if (!diagnostics_count(draft->diagnostics))
            keras_guess(&keras);
    }
    json_decref(keras.model);
    json_decref(keras.training);
}

/* to_json() of Keras: class_name and config, perhaps keras_version; the weights stand beside it. */
static void import_architecture(Draft *draft, const DraftSource *source, json_t *json)
{
    struct lstmc_tensor_file file = { 0 };
    Keras keras = { .draft = draft, .model = json };
    set_version(&keras, json_text(json, "keras_version"));
    if (!source->weights) {
        draft_refuse(draft, "says how the model is made, and has no weights: give their file by --weights");
        return;
    }
    if (!container_read(draft->arena, draft->diagnostics, source->weights, &file))
        return;
    json_t *version = parsed(draft, "keras_version", lstmc_tensor_file_value(&file, "@keras_version"));
    if (!*keras.version)
        set_version(&keras, json_string_value(version));
    set_layout(&keras, &file);
    keras_draft(&keras);
    json_decref(version);
    lstmc_tensor_file_free(&file);
}

void import_keras_json(Draft *draft, const DraftSource *source, json_t *json)
{
    if (json_object_get(json, "modelTopology"))
        import_tfjs(draft, source, json);
    else
        import_architecture(draft, source, json);
}
