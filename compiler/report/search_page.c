/* search_page.c: in: the trainings of a search.  out: a page with the value over each argument, the best so far, and a
 * table of all trials. */
#include "search_page.h"
#include "page.h"
#include "plot.h"
#include "svg.h"

#include <math.h>

#define LOGARITHMIC_FROM 20     /* largest by smallest value, from which powers of ten tell more */

/* A loss that falls by far, and is positive. */
static bool wants_logarithm(const SearchPage *page)
{
    double low = INFINITY, high = 0;
    for (int i = 0; i < page->training_count; i++)
        if (isfinite(page->trainings[i].value)) {
            low = fmin(low, page->trainings[i].value);
            high = fmax(high, page->trainings[i].value);
        }
    return !page->maximize && low > 0 && high > LOGARITHMIC_FROM * low;
}

static void put_figure(Out *out, const Out *picture)
{
    put_raw(out, "<figure>\n");
    put_raw(out, picture->text);
    put_raw(out, "</figure>\n");
}

/* The trainings of a rung, as points over one argument. */
static PlotLine points_of(Arena *arena, const SearchPage *page, int argument, int rung)
{
    double *x = arena_array(arena, double, page->training_count + 1), *y = arena_array(arena, double,
                                                                                       page->training_count + 1);
    PlotLine points = { .x = x, .y = y, .colour = page->rung_count - 1 - rung };
    int epochs = 0;
    for (int i = 0; i < page->training_count; i++) {
        const SearchedTraining *t = &page->trainings[i];
        if (t->rung != rung || !isfinite(t->value))
            continue;
        epochs = t->epochs > epochs ? t->epochs : epochs;
        x[points.count] = t->numbers[argument];
        y[points.count++] = t->value;
    }
    points.name = points.count ? arena_format(arena, "%d epoch%s", epochs, epochs == 1 ? "" : "s") : NULL;
    return points;
}

/* The longest trainings lie above the others. */
static void put_argument(Arena *arena, Out *out, const SearchPage *page, int argument)
{
    const SearchedArgument *a = &page->arguments[argument];
    PlotLine *groups = arena_array(arena, PlotLine, page->rung_count);
    Out picture = { 0 };
    for (int r = 0; r < page->rung_count; r++)
        groups[page->rung_count - 1 - r] = points_of(arena, page, argument, r);
    PlotPoints chart = { .title = arena_format(arena, "%s over %s", page->monitor, a->name), .x_label = a->name,
                         .y_label = page->monitor, .groups = groups, .group_count = page->rung_count,
                         .logarithmic_x = a->logarithmic, .whole_x = a->whole, .logarithmic = wants_logarithm(page),
                         .x_names = a->choices, .x_name_count = a->choice_count };
    plot_points(&picture, &chart);
    put_figure(out, &picture);
    out_free(&picture);
}

/* What nobody has yet is no point. */
static void put_best_so_far(Arena *arena, Out *out, const SearchPage *page)
{
    double *y = arena_array(arena, double, page->training_count + 1), best = NAN;
    Out picture = { 0 };
    for (int i = 0; i < page->training_count; i++) {
        double value = page->trainings[i].value;
        bool better = isfinite(value) && (!isfinite(best) || (page->maximize ? value > best : value < best));
        y[i] = best = better ? value : best;
    }
    PlotLine line = { .y = y, .count = page->training_count };
    PlotLines chart = { .title = "The best so far", .x_label = "trainings", .y_label = page->monitor, .lines = &line,
                        .line_count = 1, .logarithmic = wants_logarithm(page), .whole_x = true };
    plot_lines(&picture, &chart);
    put_figure(out, &picture);
    out_free(&picture);
}

static void put_table(Out *out, const SearchPage *page)
{
    put_raw(out, "<div class=\"table\"><table>\n<thead><tr><th>rank</th><th>trial</th>");
    for (int a = 0; a < page->argument_count; a++)
        page_element(out, "<th>", page->arguments[a].name, "</th>");
    page_element(out, "<th>epochs</th><th>", page->monitor, "</th></tr></thead>\n<tbody>\n");
    for (int i = 0; i < page->ranked_count; i++) {
        const SearchedTraining *t = &page->ranked[i];
        svg_put(out, "<tr><th>%d</th><td>%d</td>", i + 1, t->trial);
        for (int a = 0; a < page->argument_count; a++)
            page_element(out, "<td>", t->values[a], "</td>");
        svg_put(out, "<td>%d</td>", t->epochs);
        if (isfinite(t->value))
            svg_put(out, "<td>%.6g</td></tr>\n", t->value);
        else
            page_element(out, "<td>", t->state, "</td></tr>\n");
    }
    put_raw(out, "</tbody>\n</table></div>\n");
}

int search_page_write(Arena *arena, const char *path, const SearchPage *page)
{
    Out out = { 0 };
    page_begin(&out, page->model, ": search report");
    page_element(&out, "<p>", arena_format(arena, "%s · %d trials, %d trainings · the %s %s is the best",
                                           page->description, page->ranked_count, page->training_count,
                                           page->maximize ? "largest" : "smallest", page->monitor), "</p>\n");
    if (page->command)
        page_element(&out, "<p><code>", page->command, "</code></p>\n");
    put_raw(&out, "<h2>What was searched</h2>\n");
    for (int a = 0; a < page->argument_count; a++)
        put_argument(arena, &out, page, a);
    put_best_so_far(arena, &out, page);
    put_raw(&out, "<h2>Trials</h2>\n");
    put_table(&out, page);
    page_end(&out);
    int error = write_file(path, out.text, out.length);
    out_free(&out);
    return error;
}
