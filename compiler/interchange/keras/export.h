/* export.h: a model with its weights on its way into a file of Keras or TensorFlow.js. */
#ifndef KERAS_EXPORT_H
#define KERAS_EXPORT_H

#include "compiler/interchange/draft/json.h"

typedef enum KerasStyle {
    KERAS_3,            /* .keras */
    KERAS_2,            /* .h5, which Keras 3 reads too */
    TENSORFLOW_JS
} KerasStyle;

typedef struct KerasExport {
    Arena *arena;
    Diagnostics *diagnostics;
    const Model *model;
    const float *weights;
    const Catalogue *catalogue;
    KerasStyle style;
} KerasExport;

/* A diagnostic that names the layer (export_cannot.c). */
void keras_cannot(const KerasExport *to, const Layer *layer, const char *format, ...) PRINTF_LIKE(3, 4);

/* {class_name, config} of a layer, with what it owns (export_layer.c). A new reference. */
json_t *keras_export_layer(const KerasExport *to, const Layer *layer);

/* A diagnostic for what TensorFlow.js has not (export_tfjs.c). */
void keras_check_tfjs(const KerasExport *to, const Layer *layer);

/* Initializer, regularizer or constraint of the weight that an argument such as "kernel_initializer" is about
 * (export_weight.c); null where there is none. */
json_t *keras_export_object(const KerasExport *to, const Layer *layer, const CatalogueArgument *argument);

/* The whole model: {class_name, config}, a Sequential or a functional model (export_model.c). */
json_t *keras_export_model(const KerasExport *to);
/* What compile would be told: loss, optimizer, metrics; NULL: no loss, or none that Keras has. */
json_t *keras_export_training(const KerasExport *to);

/* A weight and where it stands in a file (export_paths.c). */
typedef struct KerasArray {
    const struct lstmc_tensor *weight;
    const char *path;           /* KERAS_3: layers/lstm/cell/vars/0; else lstm/lstm_cell/kernel:0 or lstm/kernel */
    const char *layer;          /* of the model itself, in whose group it is */
} KerasArray;

typedef struct KerasArrays {
    KerasArray *list; int count, capacity;
    const char **groups; int group_count, group_capacity;       /* KERAS_3: that are there without arrays too */
} KerasArrays;

void keras_export_arrays(const KerasExport *to, KerasArrays *arrays);

#endif
