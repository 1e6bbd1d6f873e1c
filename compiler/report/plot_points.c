/* plot_points.c: in: groups of pairs of numbers.  out: a point for each. */
#include "plot_frame.h"
#include "svg.h"

#include <math.h>
#include <stdio.h>

#define HEIGHT 260
#define RADIUS 3.5

/* The ends of what there is; false if there is nothing. */
static bool find_ends(const PlotPoints *chart, bool of_x, double *low, double *high)
{
    bool found = false, logarithmic = of_x ? chart->logarithmic_x : chart->logarithmic;
    for (int g = 0; g < chart->group_count; g++)
        for (int i = 0; i < chart->groups[g].count; i++) {
            double value = of_x ? chart->groups[g].x[i] : chart->groups[g].y[i];
            if (!scale_has(value, logarithmic))
                continue;
            *low = found ? fmin(*low, value) : value;
            *high = found ? fmax(*high, value) : value;
            found = true;
        }
    return found;
}

/* A place for each name, and a number of them that can be written. */
static Scale scale_of_names(int count)
{
    Scale scale = { .low = -0.5, .high = count - 0.5, .step = 1 };
    for (int i = 0; i < count; i += 1 + (count - 1) / SCALE_TICKS_MAX)
        scale.tick[scale.ticks++] = i;
    return scale;
}

static Scale scale_of(const PlotPoints *chart, bool of_x)
{
    bool logarithmic = of_x ? chart->logarithmic_x : chart->logarithmic;
    double low = logarithmic ? 0.1 : 0, high = 1;
    find_ends(chart, of_x, &low, &high);
    if (logarithmic)
        return scale_logarithmic(low, high);
    return scale_linear(low, high, of_x ? 8 : 5, true, of_x && chart->whole_x);
}

static void draw(Out *out, const PlotFrame *frame, const PlotLine *group)
{
    char class[32], tip[160];
    snprintf(class, sizeof class, "cloud c%d", group->colour % SVG_COLOURS);
    for (int i = 0; i < group->count && i < PLOT_POINTS_MAX; i++) {
        if (!scale_has(group->x[i], frame->x.logarithmic) || !scale_has(group->y[i], frame->y.logarithmic))
            continue;
        if (frame->x_names)
            snprintf(tip, sizeof tip, "%.100s: %.6g", frame->x_names[(int)group->x[i]], group->y[i]);
        else
            snprintf(tip, sizeof tip, "%.6g: %.6g", group->x[i], group->y[i]);
        svg_circle(out, class, scale_place(&frame->x, group->x[i]), scale_place(&frame->y, group->y[i]), RADIUS, tip);
    }
}

void plot_points(Out *out, const PlotPoints *chart)
{
    PlotFrame frame = { .title = chart->title, .x_label = chart->x_label, .y_label = chart->y_label,
                        .note = chart->note, .legend = chart->groups, .legend_count = chart->group_count,
                        .plot_height = HEIGHT, .x_names = chart->x_names };
    frame.x = chart->x_names ? scale_of_names(chart->x_name_count) : scale_of(chart, true);
    frame.y = scale_of(chart, false);
    plot_frame(out, &frame);
    for (int g = chart->group_count - 1; g >= 0; g--)
        draw(out, &frame, &chart->groups[g]);
    svg_close(out);
}
