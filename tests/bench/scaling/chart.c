/* chart.c: in: what was measured.  out: one SVG file: for each subject, and for fixed rows of a rank and of a batch,
 * how long a step takes on 1 to 1024 ranks, at most and at least. */
#include "scaling.h"

#include "compiler/report/plot_frame.h"
#include "compiler/report/svg.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define HEIGHT 240              /* of a plot */
#define KINDS 3                 /* of lines of a network */
#define IDEAL (2 * KINDS)       /* the line of ranks that never wait */
#define LINES (IDEAL + 1)

static const struct { const char *name; PlotStyle style; } kinds[KINDS] = {
    { "no overlap", PLOT_SOLID }, { "overlapped", PLOT_DASHED }, { "exchange alone", PLOT_DOTTED },
};

typedef struct Curve {
    double y[POINTS_MAX];       /* milliseconds */
} Curve;

static void fill_curves(const Results *r, const Of *of, Growth growth, Curve *curves)
{
    for (int i = 0; i < r->points; i++) {
        const int ranks = r->ranks[i], shards = shards_of(ranks, growth);
        const double rows = growth == GROWTH_WEAK ? BATCH : (double)STRONG_ROWS / shards;
        const Traffic *traffic = growth == GROWTH_WEAK ? &of->weak[i] : &of->strong[i];
        for (int n = 0; n < 2; n++) {
            const Predicted p = model_step(&of->costs, &r->networks[n], traffic, ranks, shards, rows);
            curves[KINDS * n].y[i] = 1e3 * p.apart;
            curves[KINDS * n + 1].y[i] = 1e3 * p.overlapped;
            curves[KINDS * n + 2].y[i] = 1e3 * (p.reduce + p.gather + p.small);     /* 0 of one rank: a gap */
        }
        curves[IDEAL].y[i] = curves[0].y[0] / (growth == GROWTH_WEAK ? 1 : ranks);
    }
}

/* Powers of two: of ten there are four. */
static Scale scale_of_ranks(const Results *r)
{
    Scale scale = { .low = 1, .high = r->ranks[r->points - 1], .logarithmic = true };
    for (int ranks = 1; ranks <= scale.high && scale.ticks < SCALE_TICKS_MAX; ranks *= 2)
        scale.tick[scale.ticks++] = ranks;
    return scale;
}

static void draw_curve(Out *out, const PlotFrame *frame, const PlotLine *line, const Results *r)
{
    char class[64];
    snprintf(class, sizeof class, "line%s c%d", plot_line_class(line), line->colour);
    svg_path_begin(out, class);
    const int first = !scale_has(line->y[0], true);
    for (int i = first; i < r->points; i++)
        svg_path_point(out, i == first, scale_place(&frame->x, r->ranks[i]), scale_place(&frame->y, line->y[i]));
    svg_path_end(out);
}

static void draw_picture(Out *out, const Results *r, const Of *of, Growth growth)
{
    Curve curves[LINES] = { 0 };
    char title[200], names[LINES][100];
    fill_curves(r, of, growth, curves);
    PlotLine lines[LINES];
    double low = curves[0].y[0], high = low;
    for (int l = 0; l < LINES; l++) {
        snprintf(names[l], sizeof names[l], "%s, %s", r->networks[l / KINDS % 2].name, kinds[l % KINDS].name);
        lines[l] = (PlotLine){ .name = l == IDEAL ? "ideal" : names[l], .y = curves[l].y, .count = r->points,
                               .colour = l / KINDS, .style = l == IDEAL ? PLOT_THIN : kinds[l % KINDS].style };
        for (int i = !scale_has(curves[l].y[0], true); i < r->points; i++) {
            low = fmin(low, curves[l].y[i]);
            high = fmax(high, curves[l].y[i]);
        }
    }
    snprintf(title, sizeof title, growth == GROWTH_WEAK ? "%s: %d rows a rank" : "%s: a batch of %d rows",
             of->subject.name, growth == GROWTH_WEAK ? BATCH : STRONG_ROWS);
    PlotFrame frame = { .title = title, .x_label = "ranks", .y_label = "milliseconds a step", .legend = lines,
                        .legend_count = LINES, .plot_height = HEIGHT, .x = scale_of_ranks(r),
                        .y = scale_logarithmic(low, high) };
    plot_frame(out, &frame);
    for (int l = LINES - 1; l >= 0; l--)
        draw_curve(out, &frame, &lines[l], r);
    svg_close(out);
}

static double height_of(const Out *picture)
{
    const char *at = strstr(picture->text, "height=\"");
    return at ? atof(at + strlen("height=\"")) : 0;
}

bool chart_write(const char *path, const Results *r)
{
    Out pictures[SUBJECTS * GROWTHS] = { 0 };
    double height = 0, top = 0;
    for (int i = 0; i < r->subjects * GROWTHS; i++) {
        draw_picture(&pictures[i], r, &r->of[i / GROWTHS], (Growth)(i % GROWTHS));
        height += height_of(&pictures[i]);
    }
    FILE *file = fopen(path, "w");
    if (!file)
        return false;
    fprintf(file, "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%.0f\">\n<style>\n%s</style>\n",
            PLOT_WIDTH, height, svg_style);
    for (int i = 0; i < r->subjects * GROWTHS; i++) {
        fprintf(file, "<g transform=\"translate(0 %.0f)\">\n%s</g>\n", top, pictures[i].text);
        top += height_of(&pictures[i]);
        out_free(&pictures[i]);
    }
    fputs("</svg>\n", file);
    return !fclose(file);
}
