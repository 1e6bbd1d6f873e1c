/* plot_matrix.c: in: counts of (true class, predicted class).  out: a confusion matrix, each row shaded by how its
 * class was taken. */
#include "plot_frame.h"
#include "svg.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#define EDGE        16
#define SIDE_MAX    64          /* pixels of a cell */
#define NAME_MAX    120         /* pixels of a class name, */
#define NAME_MANY   84          /* and from so many classes on: */
#define MANY        20
#define TOP         44
#define TURN_FROM   0.92        /* names wider than this part of a cell stand upright */
#define LETTERS_MIN 6.5         /* pixels; what is too long even so is left to the tip */

typedef struct Grid {
    const PlotMatrix *chart;
    double left, top, side;
    double name_size;
    bool upright;
} Grid;

/* What cannot be seen is named: classes may be characters. */
static const char *visible(const char *name)
{
    static const char *const blank[][2] = {
        { "", "(none)" }, { " ", "space" }, { "\n", "\\n" }, { "\t", "\\t" }, { "\r", "\\r" }
    };
    for (size_t i = 0; i < sizeof blank / sizeof *blank; i++)
        if (!strcmp(name, blank[i][0]))
            return blank[i][1];
    return name;
}

static void class_name(const Grid *grid, int class, char name[96])
{
    char number[16];
    snprintf(number, sizeof number, "%d", class);
    plot_shorten(name, 96, grid->chart->names ? visible(grid->chart->names[class]) : number,
                 grid->chart->classes > MANY ? NAME_MANY : NAME_MAX, grid->name_size);
}

static double widest_name(const Grid *grid)
{
    double widest = 0;
    for (int class = 0; class < grid->chart->classes; class++) {
        char name[96];
        class_name(grid, class, name);
        widest = fmax(widest, svg_text_width(name, grid->name_size));
    }
    return widest;
}

/* 950, 12k, 3M: as it fits into a cell. */
static void short_count(uint64_t count, double side, double size, char text[32])
{
    snprintf(text, 32, "%" PRIu64, count);
    if (svg_text_width(text, size) > side - 2 && count >= 1000)
        snprintf(text, 32, count < 999500 ? "%.0fk" : "%.0fM", (double)count / (count < 999500 ? 1e3 : 1e6));
}

static void draw_cell(Out *out, const Grid *grid, int row, int column, uint64_t total)
{
    const PlotMatrix *chart = grid->chart;
    uint64_t count = chart->count[row * chart->classes + column];
    double fraction = total ? (double)count / (double)total : 0, x = grid->left + column * grid->side,
           y = grid->top + row * grid->side;
    char true_name[96], predicted_name[96], tip[320], text[32];
    class_name(grid, row, true_name);
    class_name(grid, column, predicted_name);
    snprintf(tip, sizeof tip, "true %s, predicted %s: %" PRIu64 " of %" PRIu64 " (%.1f %%)", true_name, predicted_name,
             count, total, 100 * fraction);
    fraction = round(100 * fraction) / 100;
    if (count)
        svg_shade(out, x, y, grid->side, fraction, tip);
    if (!count && chart->classes > 12)
        return;                     /* many zeros only hide the rest */
    double size = fmin(15, fmax(LETTERS_MIN, grid->side * 0.42));
    short_count(count, grid->side, size, text);
    size = fmin(size, size * (grid->side - 2) / svg_text_width(text, size));
    if (size < LETTERS_MIN)
        return;
    svg_text(out,
             fraction >= SVG_SHADE_DARK ? "inverse middle"
             : count                    ? "number middle"
                                        : "dim middle",
             x + grid->side / 2, y + grid->side / 2 + size * 0.36, size, 0, text);
}

static void draw_names(Out *out, const Grid *grid)
{
    for (int class = 0; class < grid->chart->classes; class++) {
        char name[96];
        class_name(grid, class, name);
        double middle = (class + 0.5) * grid->side, foot = grid->name_size * 0.36;
        svg_text(out, "ink end", grid->left - 7, grid->top + middle + foot, grid->name_size, 0, name);
        if (grid->upright)
            svg_text(out, "ink", grid->left + middle + foot, grid->top - 7, grid->name_size, -90, name);
        else
            svg_text(out, "ink middle", grid->left + middle, grid->top - 7, grid->name_size, 0, name);
    }
}

static void draw_grid(Out *out, const Grid *grid)
{
    int classes = grid->chart->classes;
    double whole = classes * grid->side;
    for (int row = 0; row < classes; row++) {
        uint64_t total = 0;
        for (int column = 0; column < classes; column++)
            total += grid->chart->count[row * classes + column];
        for (int column = 0; column < classes; column++)
            draw_cell(out, grid, row, column, total);
    }
    for (int i = 0; i <= classes; i++) {
        svg_line(out, "cell", grid->left, grid->top + i * grid->side, grid->left + whole, grid->top + i * grid->side);
        svg_line(out, "cell", grid->left + i * grid->side, grid->top, grid->left + i * grid->side, grid->top + whole);
    }
}

void plot_matrix(Out *out, const PlotMatrix *chart)
{
    Grid grid = { .chart = chart, .name_size = PLOT_TEXT_SIZE };
    double name = widest_name(&grid);
    grid.left = EDGE + PLOT_TEXT_SIZE + 10 + name + 7;
    grid.side = fmin(SIDE_MAX, (PLOT_WIDTH - EDGE - grid.left) / chart->classes);
    if (grid.side < grid.name_size + 3) {
        grid.name_size = grid.side - 3;
        name = widest_name(&grid);
    }
    grid.upright = name > grid.side * TURN_FROM;
    grid.top = TOP + PLOT_TEXT_SIZE + 6 + (grid.upright ? name : grid.name_size) + 9;
    double whole = grid.side * chart->classes, bottom = grid.top + whole;
    char title[160], note[200];
    svg_open(out, PLOT_WIDTH, bottom + 16 + (chart->note ? 22 : 0), chart->title);
    plot_shorten(title, sizeof title, chart->title, PLOT_WIDTH - 2 * EDGE, PLOT_TITLE_WIDE);
    svg_text(out, "ink title", EDGE, 28, PLOT_TITLE_SIZE, 0, title);
    svg_text(out, "dim middle", grid.left + whole / 2, TOP + PLOT_TEXT_SIZE - 2, PLOT_TEXT_SIZE, 0, "predicted class");
    svg_text(out, "dim middle", EDGE + PLOT_TEXT_SIZE - 2, grid.top + whole / 2, PLOT_TEXT_SIZE, -90, "true class");
    draw_grid(out, &grid);
    draw_names(out, &grid);
    if (chart->note) {
        plot_shorten(note, sizeof note, chart->note, PLOT_WIDTH - 2 * EDGE, PLOT_TEXT_SIZE);
        svg_text(out, "dim", EDGE, bottom + 26, PLOT_TEXT_SIZE, 0, note);
    }
    svg_close(out);
}
