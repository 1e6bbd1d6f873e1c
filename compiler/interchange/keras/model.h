/* model.h: a Keras model on its way into the draft: scope.c knows names and places, graph.c what calls read, model.c
 * makes the layers. */
#ifndef KERAS_MODEL_H
#define KERAS_MODEL_H

#include "keras.h"

#define READS_MAX 32

/* What Keras calls an output of a call, and what the draft does: a place in its layers. */
typedef struct Flow {
    const char *name;
    int call, output;
    int layer;
} Flow;

/* Of a call: the places that it reads, the last of which are what its states begin with. */
typedef struct Reads {
    int places[READS_MAX];
    int count, initial_count;
    int call;                   /* number of the call of that layer */
} Reads;

/* What a layer or a model puts out, places in the draft; count 0: it could not be made, which was said. */
typedef struct Made {
    int places[READS_MAX];
    int count;
} Made;

typedef struct Scope {          /* of one model: names are those of its own layers */
    Keras *keras;
    struct Scope *above;
    KerasPlace place;           /* of the model, in those above */
    int depth;
    json_t *model;
    Made (*call)(struct Scope *scope, json_t *layer, const Reads *reads);       /* which makes what it puts out */
    Flow *flows; int flow_count, flow_capacity;
    const char **counted; int counted_count, counted_capacity;  /* classes so far, in snake case */
} Scope;

/* ---- scope.c ---- */

const char *keras_layer_name(const json_t *layer);
/* That somebody has given: NULL if Keras or TensorFlow.js have made it of the class. */
const char *keras_own_name(Arena *arena, const char *kind, const char *name);
json_t *keras_layers_of(const json_t *model);
bool keras_is_model(const char *kind);
/* The next one of its class. */
KerasPlace keras_place_in(Scope *scope, const json_t *layer, const char *name);
/* Inputs have their places among the layers of a class too. */
void keras_count_input(Scope *scope);
json_t *keras_batch_shape(const json_t *layer);
void keras_new_input(Keras *keras, const char *found, const char *name, const json_t *shape);
void keras_add_input(Scope *scope, const json_t *layer, bool named);

/* ---- graph.c ---- */

/* The layers of a functional model; reads NULL: it is the whole, and has inputs of its own. */
Made keras_add_graph(Scope *scope, const Reads *reads);
/* Whether any call in the model, or the model itself, reads that output. */
bool keras_is_read(const Scope *scope, const char *name, int call, int output);

#endif
