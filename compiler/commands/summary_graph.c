/* summary_graph.c: in: a model.  out: its graph as text: which column an output has, and what joins columns. */
#include "summary_graph.h"

#include <string.h>

#define FREE (-1)

typedef struct Rails {
    const Model *model;
    int *last;                  /* of each layer: the last one that reads it; itself if none does */
    bool *as_state;             /* of each layer: whoever reads it reads a state */
    int *column;                /* the layer whose output goes down there, or FREE; as many as there are layers */
    int width;                  /* columns that were ever taken */
} Rails;

static void find_readers(Rails *r)
{
    const Model *model = r->model;
    for (int l = 0; l < model->layer_count; l++) {
        r->last[l] = l;
        r->as_state[l] = model->layers[l].is_state;
        r->column[l] = FREE;
    }
    for (int l = 0; l < model->layer_count; l++) {
        const Layer *layer = &model->layers[l];
        for (int k = 0; k < layer->from_count; k++) {
            int from = layer->from[k];
            bool first = r->last[from] == from, state = layer_reads_state(layer, k);
            r->as_state[from] = first ? state : r->as_state[from] && state;
            r->last[from] = l;
        }
    }
}

static int column_of(const Rails *r, int layer)
{
    int c = 0;
    while (r->column[c] != layer)
        c++;
    return c;
}

/* That of the first output whose last reader this is, or else the first one that is free. */
static int choose_column(const Rails *r, int l)
{
    const Layer *layer = &r->model->layers[l];
    for (int k = 0; k < layer->from_count; k++)
        if (r->last[layer->from[k]] == l)
            return column_of(r, layer->from[k]);
    return column_of(r, FREE);
}

/* The columns as they stand. */
static void draw_rails(const Rails *r, char *line)
{
    for (int c = 0; c < r->model->layer_count; c++) {
        line[2 * c] = r->column[c] == FREE ? ' ' : r->as_state[r->column[c]] ? ':' : '|';
        line[2 * c + 1] = ' ';
    }
}

/* From the layer's column to that of what it reads. */
static void draw_edge(const Rails *r, int l, int k, int at, char *line)
{
    const Layer *layer = &r->model->layers[l];
    int from = column_of(r, layer->from[k]), low = from < at ? from : at, high = from < at ? at : from;
    char stroke = layer_reads_state(layer, k) ? '.' : '-';
    for (int i = 2 * low + 1; i < 2 * high; i++)
        if (line[i] == ' ' || (line[i] == '.' && stroke == '-'))
            line[i] = stroke;
    if (from != at)
        line[2 * from] = r->last[layer->from[k]] == l ? '\'' : '+';
}

static GraphLine draw_layer(Arena *arena, Rails *r, int l)
{
    const Layer *layer = &r->model->layers[l];
    size_t room = 2 * (size_t)r->model->layer_count;
    char *drawn = arena_alloc(arena, room + 1), *below = arena_alloc(arena, room + 1);
    int at = choose_column(r, l);
    draw_rails(r, drawn);
    for (int k = 0; k < layer->from_count; k++)
        draw_edge(r, l, k, at, drawn);
    drawn[2 * at] = '*';
    for (int c = 0; c < r->model->layer_count; c++)
        if (r->column[c] != FREE && r->last[r->column[c]] == l)
            r->column[c] = FREE;
    r->column[at] = r->last[l] > l ? l : FREE;
    r->width = at >= r->width ? at + 1 : r->width;
    draw_rails(r, below);
    return (GraphLine){ .drawn = drawn, .below = below };
}

const GraphLine *summary_graph(Arena *arena, const Model *model)
{
    int count = model->layer_count;
    GraphLine *lines = arena_array(arena, GraphLine, count + 1);
    Rails r = { .model = model, .last = arena_array(arena, int, count + 1), .width = 1,
                .as_state = arena_array(arena, bool, count + 1), .column = arena_array(arena, int, count + 1) };
    find_readers(&r);
    for (int l = 0; l < count; l++)
        lines[l] = draw_layer(arena, &r, l);
    for (int l = 0; l < count; l++) {
        lines[l].drawn[2 * r.width - 1] = 0;
        lines[l].below[2 * r.width - 1] = 0;
    }
    return lines;
}
