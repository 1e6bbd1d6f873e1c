/* plot_lines.c: in: series of numbers.  out: their lines over one pair of axes. */
#include "plot_frame.h"
#include "svg.h"

#include <math.h>
#include <stdio.h>

#define HEIGHT  260
#define COLUMNS 660             /* about the plot's width in pixels: more points than a few in each are not seen */
#define FINE    150             /* a line of more points is finer */
#define DOTS    40              /* up to so many points a line has dots that say their numbers */

static double x_of(const PlotLine *line, int i)
{
    return line->x ? line->x[i] : i + 1;
}

/* The ends of what there is; false if there is nothing. */
static bool find_ends(const PlotLines *chart, bool of_x, double *low, double *high)
{
    bool found = false;
    for (int l = 0; l < chart->line_count; l++) {
        const PlotLine *line = &chart->lines[l];
        for (int i = 0; i < line->count; i++) {
            double value = of_x ? x_of(line, i) : line->y[i];
            if (!scale_has(value, !of_x && chart->logarithmic))
                continue;
            *low = found ? fmin(*low, value) : value;
            *high = found ? fmax(*high, value) : value;
            found = true;
        }
    }
    return found;
}

static void make_scales(const PlotLines *chart, PlotFrame *frame)
{
    double low = 0, high = 1;
    find_ends(chart, true, &low, &high);
    frame->x = scale_linear(low, high, 8, false, chart->whole_x);
    low = chart->logarithmic ? 0.1 : 0;
    high = 1;
    find_ends(chart, false, &low, &high);
    frame->y = chart->logarithmic ? scale_logarithmic(low, high) : scale_linear(low, high, 5, true, false);
}

/* The points to draw: all, or of each column of pixels the lowest, the highest and one gap. */
static int thin_out(const PlotLine *line, bool logarithmic, int kept[3 * COLUMNS])
{
    int count = 0;
    if (line->count <= 3 * COLUMNS) {
        for (; count < line->count; count++)
            kept[count] = count;
        return count;
    }
    for (int c = 0; c < COLUMNS; c++) {
        int begin = (int)((long)line->count * c / COLUMNS), end = (int)((long)line->count * (c + 1) / COLUMNS);
        int low = -1, high = -1, gap = -1;
        for (int i = begin; i < end; i++) {
            if (!scale_has(line->y[i], logarithmic)) {
                gap = i;
                continue;
            }
            low = low < 0 || line->y[i] < line->y[low] ? i : low;
            high = high < 0 || line->y[i] > line->y[high] ? i : high;
        }
        for (int i = begin; i < end; i++)
            if (i == low || i == high || i == gap)
                kept[count++] = i;
    }
    return count;
}

static void draw_dot(Out *out, const PlotFrame *frame, const PlotLine *line, int i, double radius)
{
    char class[32], tip[160];
    snprintf(class, sizeof class, "dot c%d", line->colour % SVG_COLOURS);
    snprintf(tip, sizeof tip, "%.80s%s%.6g: %.6g", line->name ? line->name : "", line->name ? ", " : "", x_of(line, i),
             line->y[i]);
    svg_circle(out, class, scale_place(&frame->x, x_of(line, i)), scale_place(&frame->y, line->y[i]), radius, tip);
}

static void draw_line(Out *out, const PlotFrame *frame, const PlotLine *line)
{
    int kept[3 * COLUMNS], count = thin_out(line, frame->y.logarithmic, kept);
    bool begun = false, pen = false;
    char class[64];
    snprintf(class, sizeof class, "line%s%s c%d", line->count > FINE ? " fine" : "", plot_line_class(line),
             line->colour % SVG_COLOURS);
    for (int k = 0; k < count; k++) {
        int i = kept[k];
        bool here = scale_has(line->y[i], frame->y.logarithmic);
        bool follows = k + 1 < count && scale_has(line->y[kept[k + 1]], frame->y.logarithmic);
        if (here && (pen || follows)) {     /* a point without a neighbour is no line */
            if (!begun)
                svg_path_begin(out, class);
            begun = true;
            svg_path_point(out, !pen, scale_place(&frame->x, x_of(line, i)), scale_place(&frame->y, line->y[i]));
        }
        pen = here;
    }
    if (begun)
        svg_path_end(out);
}

/* Dots on the points of a short line, and on each that stands alone; a ring. */
static void draw_points(Out *out, const PlotFrame *frame, const PlotLine *line)
{
    bool logarithmic = frame->y.logarithmic;
    if (line->style == PLOT_THIN)
        return;
    for (int i = 0; i < line->count; i++) {
        bool alone = !(i > 0 && scale_has(line->y[i - 1], logarithmic)) &&
                     !(i + 1 < line->count && scale_has(line->y[i + 1], logarithmic));
        if (scale_has(line->y[i], logarithmic) && (alone || line->count <= DOTS))
            draw_dot(out, frame, line, i, alone ? 3.5 : 2.5);
    }
    int ringed = line->ringed - 1;
    if (ringed >= 0 && ringed < line->count && scale_has(line->y[ringed], logarithmic)) {
        char class[32];
        snprintf(class, sizeof class, "ring c%d", line->colour % SVG_COLOURS);
        svg_circle(out, class, scale_place(&frame->x, x_of(line, ringed)), scale_place(&frame->y, line->y[ringed]), 6,
                   NULL);
    }
}

void plot_lines(Out *out, const PlotLines *chart)
{
    PlotFrame frame = { .title = chart->title,
                        .x_label = chart->x_label,
                        .y_label = chart->y_label,
                        .note = chart->note,
                        .legend = chart->lines,
                        .legend_count = chart->line_count,
                        .plot_height = HEIGHT };
    make_scales(chart, &frame);
    plot_frame(out, &frame);
    for (int l = chart->line_count - 1; l >= 0; l--)
        draw_line(out, &frame, &chart->lines[l]);
    for (int l = chart->line_count - 1; l >= 0; l--)
        draw_points(out, &frame, &chart->lines[l]);
    svg_close(out);
}
