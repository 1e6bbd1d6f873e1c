/* plot.h: charts over plain numbers. Each writes one picture (svg.h); a NaN, an infinity, and on a logarithmic axis
 * what is not positive, is a gap. */
#ifndef PLOT_H
#define PLOT_H

#include "compiler/base/out.h"

#define PLOT_CLASSES_MAX 40     /* of a confusion matrix: more are too small to read */
#define PLOT_POINTS_MAX  2000   /* of a scatter plot: more hide each other */

typedef enum PlotStyle { PLOT_SOLID, PLOT_DASHED, PLOT_DOTTED, PLOT_THIN } PlotStyle;

typedef struct PlotLine {
    const char *name;           /* in the legend; NULL: not there */
    const double *x;            /* ascending; NULL: 1, 2, 3, ... */
    const double *y;
    int count;
    int colour;                 /* from 0; taken modulo SVG_COLOURS */
    PlotStyle style;
    int ringed;                 /* this point, counted from 1, has a ring around it; 0: none */
} PlotLine;

typedef struct PlotLines {
    const char *title, *x_label, *y_label;
    const char *note;           /* a line below; NULL: none */
    const PlotLine *lines;      /* the first lies above the others */
    int line_count;
    bool logarithmic;           /* y */
    bool whole_x;               /* no fractions along x */
} PlotLines;

typedef struct PlotScatter {
    const char *title, *x_label, *y_label, *note;
    const double *x, *y;
    int count;                  /* at most PLOT_POINTS_MAX */
} PlotScatter;

/* Points over two axes of their own. */
typedef struct PlotPoints {
    const char *title, *x_label, *y_label, *note;
    const PlotLine *groups;     /* points with a colour and a name, in any order of x; the first lies above the rest */
    int group_count;
    bool logarithmic_x, logarithmic;    /* of y */
    bool whole_x;               /* no fractions along x */
    const char *const *x_names; /* x are places among these, from 0; NULL: numbers */
    int x_name_count;
} PlotPoints;

typedef struct PlotMatrix {
    const char *title, *note;
    int classes;                /* at most PLOT_CLASSES_MAX */
    const char *const *names;   /* of the classes; NULL: 0, 1, 2, ... */
    const uint64_t *count;      /* [true class, predicted class] */
} PlotMatrix;

typedef enum PlotBoxStyle { PLOT_LAYER, PLOT_INPUT, PLOT_OUTPUT, PLOT_STATE } PlotBoxStyle;

typedef struct PlotBox {
    const char *name, *text;    /* in bold, and below it */
    const char *note;           /* a third line; NULL: none */
    PlotBoxStyle style;
} PlotBox;

typedef struct PlotEdge {
    int from, to;               /* boxes; from < to */
    bool dashed;
} PlotEdge;

typedef struct PlotGraph {
    const char *title, *note;
    const PlotBox *boxes; int box_count;
    const PlotEdge *edges; int edge_count;
} PlotGraph;

void plot_lines(Out *out, const PlotLines *chart);
/* Both axes are the same, with the line on which y = x. */
void plot_scatter(Out *out, const PlotScatter *chart);
void plot_points(Out *out, const PlotPoints *chart);
/* The shade of a cell is its part of its row. */
void plot_matrix(Out *out, const PlotMatrix *chart);
/* Boxes in ranks, each below those that it has edges from. */
void plot_graph(Arena *arena, Out *out, const PlotGraph *graph);

#endif
