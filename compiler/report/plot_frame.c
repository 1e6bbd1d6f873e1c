/* plot_frame.c: in: two scales and texts.  out: the picture's beginning: everything around the data. */
#include "plot_frame.h"
#include "svg.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define EDGE          16        /* pixels around everything */
#define TITLE_FOOT    28
#define LEGEND_ROW    19
#define LEGEND_SAMPLE 26        /* length of the piece of line beside a name */
#define LEGEND_GAP    18
#define NUMBER_GAP    7         /* between an axis and its numbers */

const char *plot_line_class(const PlotLine *line)
{
    static const char *const classes[] = {
        [PLOT_SOLID] = "", [PLOT_DASHED] = " dashed", [PLOT_DOTTED] = " dotted", [PLOT_THIN] = " thin"
    };
    return classes[line->style];
}

void plot_shorten(char *shortened, size_t size, const char *text, double width, double letter_size)
{
    size_t length = strlen(text);
    snprintf(shortened, size, "%s", text);
    if (length < size && svg_text_width(text, letter_size) <= width)
        return;
    length = length < size - 4 ? length : size - 4;
    do {
        while (length > 0 && ((unsigned char)text[--length] & 0xc0) == 0x80)
            ;                                   /* to where a character of UTF-8 begins */
        snprintf(shortened, size, "%.*s\xe2\x80\xa6", (int)length, text);
    } while (length > 0 && svg_text_width(shortened, letter_size) > width);
}

/* Names beside pieces of their lines, in as many rows as it takes; returns the height. Draws nothing if
 * `out` is NULL. */
static double legend(Out *out, const PlotFrame *frame, double left, double top)
{
    double x = left, y = top;
    int shown = 0;
    for (int i = 0; i < frame->legend_count; i++) {
        const PlotLine *line = &frame->legend[i];
        if (!line->name)
            continue;
        char name[96], class[64];
        plot_shorten(name, sizeof name, line->name, PLOT_WIDTH - 2 * EDGE - LEGEND_SAMPLE - 40, PLOT_TEXT_SIZE);
        double width = LEGEND_SAMPLE + 7 + svg_text_width(name, PLOT_TEXT_SIZE);
        if (shown++ && x + width > PLOT_WIDTH - EDGE) {
            x = left;
            y += LEGEND_ROW;
        }
        if (out) {
            snprintf(class, sizeof class, "line%s c%d", plot_line_class(line), line->colour % SVG_COLOURS);
            svg_line(out, class, x, y - 4, x + LEGEND_SAMPLE, y - 4);
            svg_text(out, "ink", x + LEGEND_SAMPLE + 7, y, PLOT_TEXT_SIZE, 0, name);
        }
        x += width + LEGEND_GAP;
    }
    return shown ? y - top + LEGEND_ROW : 0;
}

static double widest_number(const Scale *scale)
{
    double widest = 0;
    for (int i = 0; i < scale->ticks; i++)
        widest = fmax(widest, svg_text_width(scale_text(scale, i).text, PLOT_NUMBER_SIZE));
    return widest;
}

static void draw_y(Out *out, const Scale *y, double left, double right)
{
    for (int i = 0; i < y->ticks; i++) {
        double place = scale_place(y, y->tick[i]);
        svg_line(out, "grid", left, place, right, place);
        svg_text(out, "dim end", left - NUMBER_GAP, place + 4, PLOT_NUMBER_SIZE, 0, scale_text(y, i).text);
    }
}

/* Names have the room up to the next one. */
static void draw_x(Out *out, const Scale *x, const char *const *names, double top, double bottom)
{
    double room = x->ticks > 1 ? scale_place(x, x->tick[1]) - scale_place(x, x->tick[0]) - 4 : PLOT_WIDTH / 2;
    for (int i = 0; i < x->ticks; i++) {
        double place = scale_place(x, x->tick[i]);
        svg_line(out, "grid", place, top, place, bottom);
        svg_line(out, "axis", place, bottom, place, bottom + 4);
        char name[64];
        if (names)
            plot_shorten(name, sizeof name, names[(int)x->tick[i]], room, PLOT_NUMBER_SIZE);
        svg_text(out, "dim middle", place, bottom + 17, PLOT_NUMBER_SIZE, 0, names ? name : scale_text(x, i).text);
    }
}

void plot_frame(Out *out, PlotFrame *frame)
{
    char title[160], note[200];
    double left = EDGE + PLOT_TEXT_SIZE + 10 + widest_number(&frame->y) + NUMBER_GAP;
    double top = TITLE_FOOT + 16, right = PLOT_WIDTH - fmax(EDGE + 4, widest_number(&frame->x) / 2 + 6);
    double rows = legend(NULL, frame, left, top);
    top += rows ? rows + 2 : 0;
    if (frame->plot_width > 0)
        right = left + frame->plot_width;
    double bottom = top + frame->plot_height;
    frame->x.from = left;
    frame->x.to = right;
    frame->y.from = bottom;
    frame->y.to = top;
    svg_open(out, PLOT_WIDTH, bottom + 46 + (frame->note ? 22 : 0), frame->title);
    plot_shorten(title, sizeof title, frame->title, PLOT_WIDTH - 2 * EDGE, PLOT_TITLE_WIDE);
    svg_text(out, "ink title", EDGE, TITLE_FOOT, PLOT_TITLE_SIZE, 0, title);
    legend(out, frame, left, TITLE_FOOT + 22);
    draw_y(out, &frame->y, left, right);
    draw_x(out, &frame->x, frame->x_names, top, bottom);
    svg_rectangle(out, "frame", left, top, right - left, frame->plot_height);
    svg_text(out, "ink middle", (left + right) / 2, bottom + 37, PLOT_TEXT_SIZE, 0, frame->x_label);
    svg_text(out, "ink middle", EDGE + PLOT_TEXT_SIZE - 2, (top + bottom) / 2, PLOT_TEXT_SIZE, -90, frame->y_label);
    if (frame->note) {
        plot_shorten(note, sizeof note, frame->note, PLOT_WIDTH - 2 * EDGE, PLOT_TEXT_SIZE);
        svg_text(out, "dim", EDGE, bottom + 59, PLOT_TEXT_SIZE, 0, note);
    }
}
