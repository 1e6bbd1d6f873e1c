/* svg.c: results to a bar chart: for each task how many times longer each peer takes, on a logarithmic axis, with a mark at what is wanted. */
#include "bench.h"

#include <math.h>

#define LEFT 190
#define WIDTH 640
#define BAR 11
#define GAP 16
#define TOP 58
#define DECADES 3.5             /* from 0.3 to 1000 */
#define LEAST 0.3

static const struct { PeerIndex index; const char *color; } bars[] = {
    { PEER_ONEDNN, "#3b6ea5" }, { PEER_OPENBLAS, "#6aa84f" }, { PEER_TORCH, "#d2691e" }, { PEER_PLAIN, "#999999" }, { PEER_OURS_ALONE, "#8e63a8" },
};
#define BARS ((int)(sizeof bars / sizeof *bars))

static double position(double ratio)
{
    double at = log10(ratio / LEAST) / DECADES * WIDTH;
    return LEFT + (at < 0 ? 0 : at > WIDTH ? WIDTH : at);
}

static void put_axis(FILE *file, double bottom)
{
    static const double marks[] = { 0.5, 1, 2, 5, 10, 20, 50, 100, 200, 500 };
    for (size_t i = 0; i < sizeof marks / sizeof *marks; i++)
        fprintf(file, "<line x1='%.1f' y1='%d' x2='%.1f' y2='%.1f' stroke='%s'/><text x='%.1f' y='%d' text-anchor='middle'>%g</text>\n",
                position(marks[i]), TOP - 6, position(marks[i]), bottom, marks[i] == 1 ? "#000" : "#ddd", position(marks[i]), TOP - 10, marks[i]);
}

static void put_legend(FILE *file)
{
    for (int i = 0; i < BARS; i++)
        fprintf(file, "<rect x='%d' y='22' width='10' height='10' fill='%s'/><text x='%d' y='31'>%s</text>\n", LEFT + i * 130, bars[i].color,
                LEFT + 14 + i * 130, peers[bars[i].index]->name);
}

/* Returns where the next bar begins. */
static double put_bar(FILE *file, const Result *result, int bar, double y)
{
    const Measured *measured = measured_of(result, bars[bar].index);
    double wanted = result->task->wanted[bars[bar].index];
    if (!measured->there || measured->ratio <= 0)
        return y;
    double one = position(1), end = position(measured->ratio);
    fprintf(file, "<rect x='%.1f' y='%.1f' width='%.1f' height='%d' fill='%s'/><text x='%.1f' y='%.1f'>%.3g</text>\n", end < one ? end : one, y,
            fabs(end - one) + 0.5, BAR - 1, bars[bar].color, (end > one ? end : one) + 4, y + BAR - 2, measured->ratio);
    if (wanted > 0)
        fprintf(file, "<line x1='%.1f' y1='%.1f' x2='%.1f' y2='%.1f' stroke='#c00' stroke-width='2'/>\n", position(wanted), y - 1, position(wanted),
                y + BAR);
    return y + BAR;
}

void svg_write(FILE *file, const Result *results, int result_count)
{
    double bottom = TOP + result_count * (BARS - 1) * BAR + result_count * GAP, y = TOP + 4;
    fprintf(file, "<svg xmlns='http://www.w3.org/2000/svg' width='%d' height='%.0f' font-family='sans-serif' font-size='10'>\n"
            "<rect width='100%%' height='100%%' fill='#fff'/>\n"
            "<text x='%d' y='14' font-size='12'>How many times longer than lstmc's code (red: wanted)</text>\n",
            LEFT + WIDTH + 60, bottom + 10, LEFT);
    put_legend(file);
    put_axis(file, bottom);
    for (const Result *r = results; r < results + result_count; r++) {
        double begin = y;
        for (int i = 0; i < BARS; i++)
            y = put_bar(file, r, i, y);
        fprintf(file, "<text x='%d' y='%.1f' text-anchor='end'>%s</text>\n", LEFT - 8, (begin + (y > begin ? y : begin + BAR)) / 2 + 4,
                r->task->title);
        y += GAP;
    }
    fputs("</svg>\n", file);
}
