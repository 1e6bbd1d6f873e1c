/* plot_scatter.c: in: pairs of numbers.  out: a point for each, over axes that are the same. */
#include "plot_frame.h"
#include "svg.h"

#include <math.h>

#define SIDE 420

void plot_scatter(Out *out, const PlotScatter *chart)
{
    bool found = false;
    double low = 0, high = 1;
    for (int i = 0; i < 2 * chart->count; i++) {
        double value = i < chart->count ? chart->x[i] : chart->y[i - chart->count];
        if (!scale_has(value, false))
            continue;
        low = found ? fmin(low, value) : value;
        high = found ? fmax(high, value) : value;
        found = true;
    }
    PlotFrame frame = { .title = chart->title,
                        .x_label = chart->x_label,
                        .y_label = chart->y_label,
                        .note = chart->note,
                        .plot_width = SIDE,
                        .plot_height = SIDE };
    frame.x = frame.y = scale_linear(low, high, 6, true, false);
    plot_frame(out, &frame);
    svg_line(out, "reference", frame.x.from, frame.y.from, frame.x.to, frame.y.to);
    for (int i = 0; i < chart->count && i < PLOT_POINTS_MAX; i++)
        if (scale_has(chart->x[i], false) && scale_has(chart->y[i], false))
            svg_circle(out, "cloud c0", scale_place(&frame.x, chart->x[i]), scale_place(&frame.y, chart->y[i]), 2.8,
                       NULL);
    svg_close(out);
}
