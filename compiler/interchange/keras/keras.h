/* keras.h: a Keras model as its files have it: a configuration in JSON, and arrays. Importers of single formats fill
 * it; model.c makes a draft of it. */
#ifndef KERAS_H
#define KERAS_H

#include "compiler/interchange/draft/json.h"

typedef enum KerasLayout {
    KERAS_WITHOUT_WEIGHTS,
    KERAS_PATHS,        /* of Keras 3 and of .keras files: layers/lstm/cell/vars/0 */
    KERAS_NAMES,        /* of .h5 files before: the attributes layer_names and weight_names */
    KERAS_KEYS          /* of TensorFlow.js: lstm/kernel, in any order */
} KerasLayout;

/* Where a layer stands in the file. */
typedef struct KerasPlace {
    const char *path;           /* KERAS_PATHS: "layers/lstm_1" */
    const char *name;           /* of the layer of the model itself */
    const char *inner;          /* the layer in that, if that is a model; else NULL */
} KerasPlace;

typedef struct KerasMade {
    const json_t *json;
    DraftLayer *layer;          /* of its first call; NULL of a model */
    KerasPlace place;
} KerasMade;

typedef struct Keras {
    Draft *draft;
    const char *version;                        /* "2.15.0"; "" if nobody says */
    int major;
    json_t *model, *training;                   /* class_name and config; what compile was told, or NULL */
    KerasLayout layout;
    const char *root;                           /* in front of all paths: "", or "model_weights/" */
    const struct lstmc_tensor_file *arrays;
    KerasMade *made; int made_count, made_capacity;     /* layers and models of which there may be further calls */
} Keras;

/* Fills the draft with the layers, their weights and what compile was told (model.c). Mistakes are diagnostics. */
void keras_draft(Keras *keras);

/* One layer from its class_name and config (layer.c); NULL with a diagnostic. */
DraftLayer *keras_layer(Keras *keras, json_t *json);
/* The same as an argument of another layer: "LSTM{8, return_sequences = true}". */
const char *keras_inner_layer(Keras *keras, json_t *json);

/* An argument as a description writes it, NULL if it is what nobody needs to say or, with a diagnostic, if that cannot
 * be said (arguments.c). */
const char *keras_argument(Keras *keras, const char *owner, const CatalogueArgument *argument, const json_t *value);

/* {class_name, config} as a constructor: "Adam{learning_rate = 0.01}", by the entry of its class; NULL: it has
 * something in it that this version has not, and `why` says what. */
const char *keras_object(Keras *keras, const CatalogueEntry *entry, const json_t *config, const char **why);

/* The configuration as Keras 2 and 3 would have written it: names of Keras 1, layers for a GPU (old.c). */
json_t *keras_modern(Keras *keras, const char *kind, json_t *config);
const char *keras_modern_kind(const char *kind);

/* The weights of a layer of that kind and configuration, in lstmc's layout and order (weights.c). */
void keras_weights(Keras *keras, DraftLayer *layer, json_t *config, const KerasPlace *place);

/* Those of a layer of which only the place is known. */
void keras_weights_there(Keras *keras, DraftLayer *layer, const KerasPlace *place);
/* A new reference, or NULL: the list of texts of an attribute, of which there may be several pieces. */
json_t *keras_attribute(const Keras *keras, const char *key);

/* Of a file of weights, for a description that is there: its layers by their names (alone.c). */
void keras_weights_alone(Keras *keras);
/* These, when all are there, as a chain of layers that could have them (guess.c). */
void keras_guess(Keras *keras);

/* loss, optimizer, metrics (training.c). */
void keras_training(Keras *keras);

/* model.json of TensorFlow.js, which has been read (tfjs.c). */
void import_tfjs(Draft *draft, const DraftSource *source, json_t *json);

#endif
