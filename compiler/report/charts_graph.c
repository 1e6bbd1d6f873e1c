/* charts_graph.c: in: a model.  out: the picture of its layers, and of what each of them reads. */
#include "charts.h"
#include "plot.h"

#define LAYERS_DRAWN 200        /* of more nobody reads the picture */

static const char *shape_text(Arena *arena, const Layer *layer)
{
    const char *text = layer->kind;
    for (int i = 0; i < layer->output.rank; i++)
        text = arena_format(arena, "%s%s%d", text, i ? " × " : "  ", layer->output.extent[i]);
    return text;
}

static PlotBox box_of(Arena *arena, const Model *model, int l)
{
    const Layer *layer = &model->layers[l];
    return (PlotBox){
        .name = layer->name,
        .text = shape_text(arena, layer),
        .note = layer->shares ? arena_format(arena, "weights of %s", layer->shares) : NULL,
        .style = model_has_output(model, l) ? PLOT_OUTPUT
                 : !layer->from_count       ? PLOT_INPUT
                 : layer->is_state          ? PLOT_STATE
                                            : PLOT_LAYER,
    };
}

/* Whether the layer reads that, in the same way, before number k too. */
static bool is_read_before(const Layer *layer, int k)
{
    for (int i = 0; i < k; i++)
        if (layer->from[i] == layer->from[k] && layer_reads_state(layer, i) == layer_reads_state(layer, k))
            return true;
    return false;
}

void charts_of_model(Charts *charts, const Model *model)
{
    if (model->layer_count > LAYERS_DRAWN) {
        charts->note[CHART_LAYERS] = arena_format(charts->arena, "Not drawn: %d layers are more than %d.",
                                                  model->layer_count, LAYERS_DRAWN);
        return;
    }
    Arena *arena = charts->arena;
    PlotBox *boxes = arena_array(arena, PlotBox, model->layer_count + 1);
    PlotEdge *edges = NULL;
    int count = 0, capacity = 0;
    bool dashed = false;
    for (int l = 0; l < model->layer_count; l++) {
        const Layer *layer = &model->layers[l];
        boxes[l] = box_of(arena, model, l);
        for (int k = 0; k < layer->from_count; k++) {
            bool state = layer_reads_state(layer, k);
            dashed |= state;
            if (!is_read_before(layer, k))
                arena_append(arena, edges, count, capacity,
                             ((PlotEdge){ .from = layer->from[k], .to = l, .dashed = state }));
        }
    }
    PlotGraph graph = { .title = arena_format(arena, "The layers of %s", model->descriptor.name),
                        .note = dashed ? "dashed: states that are handed on" : NULL,
                        .boxes = boxes, .box_count = model->layer_count, .edges = edges, .edge_count = count };
    plot_graph(arena, charts_add(charts, CHART_LAYERS, "graph"), &graph);
}
