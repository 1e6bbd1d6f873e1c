/* catalogue.h: what a description can be made of, as the definitions of layers, losses, activations, metrics and
 * optimizers say it. */
#ifndef CATALOGUE_H
#define CATALOGUE_H

#include "compiler/base/base.h"

typedef struct CatalogueArgument {
    const char *name, *type;    /* "units", "size"; types as in arguments.lua; "later": not in this version */
    const char **choices;       /* of type "choice": the texts that it may be */
    int choice_count;
    bool required;
    bool own;                   /* not one that all layers have */
    bool set;                   /* true unless something else is said */
    const char *given;          /* what it is unless something else is said, as text; NULL: nothing can be written */
} CatalogueArgument;

typedef struct CatalogueEntry {
    const char *name;           /* "LSTM"; of losses, metrics and optimizers their class */
    const char *text;           /* of these: what stands for it as a text, "mse" */
    const char *keras, *pytorch, *onnx;     /* what others call it; NULL: they have none */
    const char *mask;           /* of a layer, what becomes of a mask: "passes" */
    const char *input;          /* of a layer: "sequence", "vector", "tokens", "several" or "any"; NULL: anything */
    bool recurrent, cell;       /* a loop over time; one step of it, which is no layer by itself */
    bool whole;                 /* it sees whole samples, not single steps */
    const char *logits;         /* what an activation and the loss that undoes it have in common: "binary"; NULL */
    bool positive;              /* all values of an activation; what a loss needs its predictions to be */
    CatalogueArgument *arguments;
    int argument_count;
} CatalogueEntry;

typedef struct Catalogue {
    const char *input;          /* what the layers of a model begin with: "Input" */
    CatalogueEntry *layers, *losses, *activations, *metrics, *optimizers;       /* by name */
    int layer_count, loss_count, activation_count, metric_count, optimizer_count;
} Catalogue;

/* Of this version; the own definitions of a description are in none. Read once, and kept. */
const Catalogue *catalogue_read(void);

/* The layer of that name; NULL: there is none. */
const CatalogueEntry *catalogue_layer(const Catalogue *catalogue, const char *name);

#endif
