/* summary_graph.h: the graph of a model as text, a line for each layer, its edges as rails to the left of the names. */
#ifndef SUMMARY_GRAPH_H
#define SUMMARY_GRAPH_H

#include "compiler/base/base.h"
#include "compiler/front/model.h"

typedef struct GraphLine {
    char *drawn;                /* "* |.'": the layer, and what it reads, from lines above */
    char *below;                /* the same width: what goes on underneath */
} GraphLine;

/* One for each layer, all of the same width, which is at least 1. An output has a column from its layer down to the
 * last one that reads it: | or, of what is read as a state alone, :. The layer is *; what it reads in other columns is
 * joined to it by - or, a state, by ., with + where that column goes on and ' where it ends. */
const GraphLine *summary_graph(Arena *arena, const Model *model);

#endif
