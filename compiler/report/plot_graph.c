/* plot_graph.c: in: boxes with texts, and edges.  out: the picture of the graph, from top to bottom. */
#include "graph_layout.h"
#include "plot_frame.h"
#include "svg.h"

#include <math.h>

#define MARGIN      20
#define TITLE_ROOM  44
#define BOX_GAP     18
#define RANK_GAP    34
#define BOX_PADDING 12          /* left and right of the texts */
#define BOX_LEAST   72          /* pixels of width */
#define LINE_HEIGHT 17
#define ARROW       7           /* length of the head, of which the edge's end is the tip */

static const char *const box_class[] = {
    [PLOT_LAYER] = "box", [PLOT_INPUT] = "box input", [PLOT_OUTPUT] = "box output", [PLOT_STATE] = "box state",
};

/* ---- sizes ---- */

static LayoutBox size_of(const PlotBox *box)
{
    double width = svg_text_width(box->name, PLOT_TEXT_SIZE * 1.1);
    width = fmax(width, svg_text_width(box->text, PLOT_NUMBER_SIZE));
    if (box->note)
        width = fmax(width, svg_text_width(box->note, PLOT_NUMBER_SIZE));
    return (LayoutBox){ .width = fmax(ceil(width) + 2 * BOX_PADDING, BOX_LEAST),
                        .height = (box->note ? 3 : 2) * LINE_HEIGHT + 8 };
}

static Layout lay_out(Arena *arena, const PlotGraph *graph)
{
    Layout layout = { .boxes = arena_array(arena, LayoutBox, graph->box_count + 1), .box_count = graph->box_count,
                      .edges = arena_array(arena, LayoutEdge, graph->edge_count + 1),
                      .edge_count = graph->edge_count, .box_gap = BOX_GAP, .rank_gap = RANK_GAP };
    for (int i = 0; i < graph->box_count; i++)
        layout.boxes[i] = size_of(&graph->boxes[i]);
    for (int i = 0; i < graph->edge_count; i++)
        layout.edges[i] = (LayoutEdge){ .from = graph->edges[i].from, .to = graph->edges[i].to,
                                        .apart = graph->edges[i].dashed };
    graph_layout(arena, &layout);
    return layout;
}

/* ---- shapes ---- */

static void draw_box(Out *out, const PlotBox *box, const LayoutBox *place, double left, double above)
{
    double x = left + place->x, y = above + place->y;
    svg_box(out, box_class[box->style], x - place->width / 2, y, place->width, place->height);
    svg_text(out, "ink title middle", x, y + LINE_HEIGHT, PLOT_TEXT_SIZE, 0, box->name);
    svg_text(out, "dim middle", x, y + 2 * LINE_HEIGHT, PLOT_NUMBER_SIZE, 0, box->text);
    if (box->note)
        svg_text(out, "dim middle", x, y + 3 * LINE_HEIGHT, PLOT_NUMBER_SIZE, 0, box->note);
}

/* Straight through a rank, and bent between ranks. */
static void draw_edge(Out *out, const LayoutEdge *edge, double left, double above)
{
    svg_path_begin(out, edge->apart ? "edge handed" : "edge");
    for (int i = 0; i < edge->point_count; i++) {
        double x = left + edge->points[i].x, y = above + edge->points[i].y;
        if (i % 2 == 0 || edge->points[i].x == edge->points[i - 1].x)
            svg_path_point(out, i == 0, x, y);
        else
            svg_path_bend(out, left + edge->points[i - 1].x, above + edge->points[i - 1].y, x, y);
    }
    svg_path_end(out);
    double x = left + edge->points[edge->point_count - 1].x, y = above + edge->points[edge->point_count - 1].y;
    svg_path_begin(out, "arrow");
    svg_path_point(out, true, x, y);
    svg_path_point(out, false, x - ARROW / 2.0, y - ARROW);
    svg_path_point(out, false, x + ARROW / 2.0, y - ARROW);
    svg_path_end(out);
}

void plot_graph(Arena *arena, Out *out, const PlotGraph *graph)
{
    Layout layout = lay_out(arena, graph);
    double inside = fmax(layout.width, svg_text_width(graph->title, PLOT_TITLE_WIDE));
    if (graph->note)
        inside = fmax(inside, svg_text_width(graph->note, PLOT_TEXT_SIZE));
    double left = MARGIN + (inside - layout.width) / 2, above = TITLE_ROOM;
    double height = above + layout.height + (graph->note ? MARGIN + PLOT_TEXT_SIZE : 0) + MARGIN;
    svg_open(out, ceil(inside) + 2 * MARGIN, height, graph->title);
    svg_text(out, "ink title", MARGIN, 26, PLOT_TITLE_SIZE, 0, graph->title);
    for (int i = 0; i < graph->edge_count; i++)
        draw_edge(out, &layout.edges[i], left, above);
    for (int i = 0; i < graph->box_count; i++)
        draw_box(out, &graph->boxes[i], &layout.boxes[i], left, above);
    if (graph->note)
        svg_text(out, "dim", MARGIN, height - MARGIN, PLOT_TEXT_SIZE, 0, graph->note);
    svg_close(out);
}
