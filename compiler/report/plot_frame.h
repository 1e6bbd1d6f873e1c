/* plot_frame.h: what every chart with two axes has: title, legend, grid, numbers, labels. */
#ifndef PLOT_FRAME_H
#define PLOT_FRAME_H

#include "plot.h"
#include "scale.h"

#define PLOT_WIDTH       720    /* pixels, of every picture */
#define PLOT_TITLE_SIZE  15     /* of letters, in pixels */
#define PLOT_TITLE_WIDE  17.5   /* bold letters take as much room as letters of this size */
#define PLOT_TEXT_SIZE   12
#define PLOT_NUMBER_SIZE 11.5

typedef struct PlotFrame {
    const char *title, *x_label, *y_label, *note;
    const PlotLine *legend;     /* lines with a name are in it */
    int legend_count;
    double plot_width, plot_height;     /* inside; width 0: what is left of the picture */
    const char *const *x_names; /* in place of the numbers 0, 1, 2 ... along x; NULL: numbers */
    Scale x, y;                 /* in: values; out: places too */
} PlotFrame;

/* Opens the picture and draws all but the data. */
void plot_frame(Out *out, PlotFrame *frame);

/* The text, cut to `width` pixels with three dots behind it where it is longer. `size` > 4: of the room. */
void plot_shorten(char *shortened, size_t size, const char *text, double width, double letter_size);

const char *plot_line_class(const PlotLine *line);      /* "line dashed" */

#endif
