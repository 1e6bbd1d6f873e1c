/* test_plot.c: charts: round numbers along axes, points where the numbers say, gaps, text that is safe, colours that can be told apart. */
#include "xml.h"

#include "compiler/report/plot.h"
#include "compiler/report/plot_frame.h"
#include "compiler/report/scale.h"
#include "compiler/report/svg.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NEAR 0.011      /* pixels: coordinates are written with two decimals */

/* ---- scales -------------------------------------------------------------------------------------------------------------- */

static void expect_ticks(const Scale *scale, const char *expected)
{
    char all[400] = "";
    for (int i = 0; i < scale->ticks; i++)
        snprintf(all + strlen(all), sizeof all - strlen(all), "%s%s", i ? " " : "", scale_text(scale, i).text);
    cr_expect_str_eq(all, expected, "\"%s\", not \"%s\" for %g to %g", all, expected, scale->low, scale->high);
}

static void expect_linear(double low, double high, bool outward, bool whole, const char *expected)
{
    Scale scale = scale_linear(low, high, 5, outward, whole);
    expect_ticks(&scale, expected);
}

Test(plot, round_numbers)
{
    expect_linear(0, 10, true, false, "0 2 4 6 8 10");
    expect_linear(0.13, 0.97, true, false, "0 0.2 0.4 0.6 0.8 1.0");
    expect_linear(-3, 17, true, false, "-5 0 5 10 15 20");
    expect_linear(0.01, 0.012, true, false, "0.0100 0.0105 0.0110 0.0115 0.0120");
    expect_linear(1e-9, 4e-9, true, false, "1e-9 1.5e-9 2e-9 2.5e-9 3e-9 3.5e-9 4e-9");
    expect_linear(0, 1.5e9, true, false, "0 5e8 1e9 1.5e9");
    expect_linear(0, 3e38, true, false, "0 5e37 1e38 1.5e38 2e38 2.5e38 3e38");
    expect_linear(1, 20, false, true, "5 10 15 20");
    expect_linear(1, 3, false, true, "1 2 3");
    expect_linear(1, 1, false, true, "1");
    expect_linear(0.5, 0.5, true, false, "0.44 0.46 0.48 0.50 0.52 0.54 0.56");
    expect_linear(0, 0, true, false, "0 0.2 0.4 0.6 0.8 1.0");
}

Test(plot, round_numbers_of_logarithms)
{
    static const struct { double low, high; const char *ticks; } cases[] = {
        { 0.003, 0.9, "0.002 0.005 0.01 0.02 0.05 0.1 0.2 0.5 1" },
        { 1, 1000, "1 10 100 1000" },
        { 6e-4, 0.5, "0.0005 0.001 0.002 0.005 0.01 0.02 0.05 0.1 0.2 0.5" },
        { 3e-12, 0.5, "1e-12 1e-10 1e-8 1e-6 1e-4 1e-2 1" },
        { 0.3, 0.3, "0.2 0.5" },
        { 0.2, 0.2, "0.1 0.2" },
        { 1e-30, 1e30, "1e-30 1e-22 1e-14 1e-6 1e2 1e10 1e18 1e26 1e34" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        Scale scale = scale_logarithmic(cases[i].low, cases[i].high);
        expect_ticks(&scale, cases[i].ticks);
    }
}

static double draw(void)
{
    return (double)rand() / RAND_MAX;
}

/* Of any two values: they lie between the ends, ticks ascend by 1, 2 or 5, and each tick's text says its number to a hundredth of the step. */
Test(plot, any_scale)
{
    srand(1);
    for (int turn = 0; turn < 20000; turn++) {
        bool logarithmic = turn % 2;
        double size = pow(10, 60 * draw() - 30), a = (draw() - 0.3) * size, b = turn % 3 ? (draw() - 0.3) * size : a + 1e-7 * draw() * size;
        if (logarithmic)
            a = pow(10, 80 * draw() - 40), b = turn % 3 ? pow(10, 80 * draw() - 40) : a * (1 + draw());
        double low = fmin(a, b), high = fmax(a, b);
        Scale scale = logarithmic ? scale_logarithmic(low, high) : scale_linear(low, high, 5, true, false);
        cr_assert(scale.low <= low + 1e-6 * fabs(low) && scale.high >= high - 1e-6 * fabs(high), "%g to %g is outside %g to %g", low, high, scale.low, scale.high);
        cr_assert(scale.ticks >= 2 && scale.ticks <= SCALE_TICKS_MAX, "%d ticks for %g to %g", scale.ticks, low, high);
        for (int i = 0; i < scale.ticks; i++) {
            double said = strtod(scale_text(&scale, i).text, NULL), step = logarithmic ? scale.tick[i] : scale.step;
            cr_assert(fabs(said - scale.tick[i]) <= 0.01 * step, "\"%s\" says %g, the tick is %g", scale_text(&scale, i).text, said, scale.tick[i]);
            cr_assert(!i || scale.tick[i] > scale.tick[i - 1]);
        }
        double mantissa = scale.step / pow(10, floor(log10(scale.step) + 1e-9));
        cr_assert(logarithmic || fabs(mantissa - 1) < 1e-6 || fabs(mantissa - 2) < 1e-6 || fabs(mantissa - 5) < 1e-6, "a step of %g", scale.step);
    }
}

/* ---- lines ---------------------------------------------------------------------------------------------------------------- */

typedef struct Box { double left, top, width, height; } Box;

static Box frame_of(const char *picture)
{
    cr_assert(xml_find(&picture, "rect", "frame"));
    return (Box){ xml_number(picture, "x"), xml_number(picture, "y"), xml_number(picture, "width"), xml_number(picture, "height") };
}

static void expect_well_formed(const Out *picture)
{
    Out file = { 0 };
    const char *mistake = xml_mistake(picture->text);
    cr_assert(!mistake, "%s", mistake);
    svg_document(&file, picture->text);
    mistake = xml_mistake(file.text);
    cr_assert(!mistake, "as a file: %s", mistake);
    cr_expect(strstr(file.text, "prefers-color-scheme:dark") && !strstr(picture->text, "nan") && !strstr(picture->text, "inf"));
    out_free(&file);
}

static Out lines_picture(const PlotLine *lines, int count, bool logarithmic)
{
    Out out = { 0 };
    plot_lines(&out, &(PlotLines){ .title = "Loss", .x_label = "epoch", .y_label = "loss", .lines = lines, .line_count = count, .logarithmic = logarithmic,
                                   .whole_x = true });
    expect_well_formed(&out);
    return out;
}

static void expect_point(const char **path, char command, double x, double y)
{
    cr_assert(**path == command, "%c expected at \"%.30s\"", command, *path);
    char *end;
    double at_x = strtod(*path + 1, &end), at_y = strtod(end, &end);
    *path = end;
    cr_expect(fabs(at_x - x) <= NEAR && fabs(at_y - y) <= NEAR, "a point at (%g, %g) instead of (%g, %g)", at_x, at_y, x, y);
}

/* The number on the axis beside the place `y`, which is where the reader of the chart takes it from. */
static double number_beside(const char *picture, double y)
{
    char number[32];
    while (xml_find(&picture, "text", "dim end"))
        if (fabs(xml_number(picture, "y") - 4 - y) <= NEAR) {
            xml_content(picture, number, sizeof number);
            return atof(number);
        }
    return NAN;
}

Test(plot, points_are_where_the_numbers_say)
{
    const double y[] = { 10, 0, 5, 2.5 };
    PlotLine line = { .name = "training", .y = y, .count = 4 };
    Out out = lines_picture(&line, 1, false);
    Box box = frame_of(out.text);
    cr_expect_eq(number_beside(out.text, box.top), 10);
    cr_expect_eq(number_beside(out.text, box.top + box.height), 0);
    cr_expect_eq(number_beside(out.text, box.top + 0.4 * box.height), 6);
    const char *path = out.text;
    cr_assert(xml_find(&path, "path", "line c0"));
    path = strstr(path, " d=\"") + 4;
    expect_point(&path, 'M', box.left, box.top);
    expect_point(&path, 'L', box.left + box.width / 3, box.top + box.height);
    expect_point(&path, 'L', box.left + box.width * 2 / 3, box.top + box.height / 2);
    expect_point(&path, 'L', box.left + box.width, box.top + box.height * 0.75);
    cr_expect_eq(*path, '"');
    const char *dot = out.text;
    cr_assert(xml_find(&dot, "circle", "dot c0"));
    cr_expect(fabs(xml_number(dot, "cx") - box.left) <= NEAR && fabs(xml_number(dot, "cy") - box.top) <= NEAR);
    cr_expect(strstr(dot, "<title>training, 1: 10</title>") != NULL);
    cr_expect_eq(xml_count(out.text, "circle", "dot c0"), 4);
    out_free(&out);
}

/* The very coordinates, so that the layout does not move by itself. */
Test(plot, exact_coordinates)
{
    const double y[] = { 0, 10 };
    PlotLine line = { .y = y, .count = 2, .colour = 1, .style = PLOT_DASHED, .ringed = 2 };
    Out out = lines_picture(&line, 1, false);
    cr_expect(strstr(out.text, "<svg xmlns=\"http://www.w3.org/2000/svg\" role=\"img\" width=\"720\" height=\"350\" viewBox=\"0 0 720 350\">\n<title>Loss</title>\n"));
    cr_expect(strstr(out.text, "<path class=\"line dashed c1\" d=\"M58.8 304L700 44\"/>\n"), "%s", strstr(out.text, "<path"));
    cr_expect(strstr(out.text, "<circle class=\"ring c1\" cx=\"700\" cy=\"44\" r=\"6\"/>\n"), "%s", strstr(out.text, "<circle"));
    cr_expect(strstr(out.text, ">loss</text>") && strstr(out.text, ">epoch</text>"));
    out_free(&out);
}

Test(plot, logarithms)
{
    const double y[] = { 1000, 100, 10, 1 };
    PlotLine line = { .y = y, .count = 4 };
    Out out = lines_picture(&line, 1, true);
    Box box = frame_of(out.text);
    const char *path = out.text;
    cr_assert(xml_find(&path, "path", "line c0"));
    path = strstr(path, " d=\"") + 4;
    for (int i = 0; i < 4; i++) {
        expect_point(&path, i ? 'L' : 'M', box.left + box.width * i / 3, box.top + box.height * i / 3);
        cr_expect_eq(number_beside(out.text, box.top + box.height * i / 3), y[i]);
    }
    out_free(&out);
}

Test(plot, gaps)
{
    const double y[] = { 1, 2, NAN, 3, INFINITY, 4, 5, -INFINITY, 1e300 };
    PlotLine line = { .y = y, .count = 9, .ringed = 3 };
    Out out = lines_picture(&line, 1, false);
    const char *path = strstr(out.text, " d=\"");
    int moves = 0, points = 0;
    for (; path && *path != '/'; path++) {
        moves += *path == 'M';
        points += *path == 'M' || *path == 'L';
    }
    cr_expect(moves == 2 && points == 4, "%d lines through %d points", moves, points);      /* 1 2 and 4 5 */
    cr_expect_eq(xml_count(out.text, "circle", "dot c0"), 5);                                /* 3 stands alone */
    cr_expect(strstr(out.text, "r=\"3.5\"><title>4: 3</title>") != NULL);
    cr_expect(!strstr(out.text, "ring c0"), "a ring around a gap");
    out_free(&out);
}

Test(plot, nothing_positive_to_take_logarithms_of)
{
    const double y[] = { 0, -1, 1e-4, 0, 1e-6, 1e-7 };
    PlotLine line = { .y = y, .count = 6 };
    Out out = lines_picture(&line, 1, true);
    cr_expect_eq(xml_count(out.text, "circle", "dot c0"), 3);
    out_free(&out);
    line.count = 2;
    out = lines_picture(&line, 1, true);
    cr_expect_eq(xml_count(out.text, "circle", NULL), 0);
    out_free(&out);
}

Test(plot, constant_one_none)
{
    const double y[] = { 0.25, 0.25, 0.25 };
    PlotLine line = { .y = y, .count = 3 };
    Out out = lines_picture(&line, 1, false);
    Box box = frame_of(out.text);
    const char *dot = out.text;
    while (xml_find(&dot, "circle", "dot c0"))
        cr_expect(xml_number(dot, "cy") > box.top + 0.2 * box.height && xml_number(dot, "cy") < box.top + 0.8 * box.height);
    out_free(&out);
    line.count = 1;
    out = lines_picture(&line, 1, false);
    box = frame_of(out.text);
    dot = out.text;
    cr_assert(xml_find(&dot, "circle", "dot c0"));
    cr_expect(fabs(xml_number(dot, "cx") - box.left - box.width / 2) <= NEAR);
    cr_expect_eq(xml_count(out.text, "path", NULL), 0);
    out_free(&out);
    line.count = 0;
    out = lines_picture(&line, 1, false);
    cr_expect_eq(xml_count(out.text, "circle", NULL) + xml_count(out.text, "path", NULL), 0);
    out_free(&out);
}

/* Of 20,000 points few are drawn, but the highest, the lowest and the gap are. */
Test(plot, many_points)
{
    static double y[20000];
    for (int i = 0; i < 20000; i++)
        y[i] = sin(i * 0.01);
    y[7777] = 4;
    y[12345] = -4;
    for (int i = 5000; i < 5400; i++)
        y[i] = NAN;
    PlotLine line = { .y = y, .count = 20000 };
    Out out = lines_picture(&line, 1, false);
    Box box = frame_of(out.text);
    char highest[32], lowest[32];
    const char *path = strstr(out.text, "<path");
    cr_assert(number_beside(out.text, box.top) == 4 && number_beside(out.text, box.top + box.height) == -4);
    snprintf(highest, sizeof highest, " %g", box.top);
    snprintf(lowest, sizeof lowest, " %g", box.top + box.height);
    cr_expect(strstr(path, highest) && strstr(path, lowest), "the highest or the lowest point is not there");
    cr_expect(out.length < 40000, "%zu bytes", out.length);
    int moves = 0;
    for (const char *c = path; *c != '>'; c++)
        moves += *c == 'M';
    cr_expect_eq(moves, 2);
    out_free(&out);
}

/* Numbers along x and names of the legend lie beside each other, and everything is inside the picture. */
static void expect_no_overlap(const Out *picture)
{
    static const char *const classes[] = { "dim middle", "ink" };
    double width = xml_number(strchr(picture->text, ' '), "width"), height = xml_number(strchr(picture->text, ' '), "height");
    for (int c = 0; c < 2; c++) {
        double last_end = -1, last_y = -1;
        char content[200];
        for (const char *at = picture->text; xml_find(&at, "text", classes[c]);) {
            double x = xml_number(at, "x"), y = xml_number(at, "y"), size = xml_number(at, "font-size");
            xml_content(at, content, sizeof content);
            double length = svg_text_width(content, size), begin = c ? x : x - length / 2;
            cr_expect(y != last_y || begin > last_end, "\"%s\" begins at %g, the text before ends at %g", content, begin, last_end);
            cr_expect(begin >= 0 && begin + length <= width && y <= height - 2, "\"%s\" at %g, %g, %g wide, leaves the picture", content, begin, y, length);
            last_end = begin + length;
            last_y = y;
        }
    }
}

Test(plot, texts_do_not_overlap)
{
    srand(2);
    static const char long_name[] = "a name of some length, cut where there is no more room; and this one goes on and on and on and on and on, to the end";
    static double x[50], y[50];
    PlotLine lines[9];
    for (int turn = 0; turn < 300; turn++) {
        double first = floor(pow(10, 7 * draw())), step = 1 + floor(pow(10, 4 * draw()));
        for (int i = 0; i < 50; i++) {
            x[i] = first + i * step;
            y[i] = draw() * pow(10, 12 * draw() - 6);
        }
        for (int l = 0; l < 9; l++)
            lines[l] = (PlotLine){ .name = &long_name[rand() % 110], .x = x, .y = y, .count = 50, .colour = l };
        Out out = lines_picture(lines, 9, turn % 2);
        expect_no_overlap(&out);
        out_free(&out);
    }
}

/* ---- scatter --------------------------------------------------------------------------------------------------------------- */

Test(plot, scatter)
{
    const double x[] = { 0, 10, 5, NAN }, y[] = { 0, 5, 10, 1 };
    Out out = { 0 };
    plot_scatter(&out, &(PlotScatter){ .title = "Prediction", .x_label = "truth", .y_label = "prediction", .note = "R²", .x = x, .y = y, .count = 4 });
    expect_well_formed(&out);
    Box box = frame_of(out.text);
    cr_expect_eq(box.width, box.height);
    cr_expect_eq(xml_count(out.text, "circle", "cloud c0"), 3);
    const char *at = out.text;
    for (int i = 0; i < 3; i++) {
        cr_assert(xml_find(&at, "circle", "cloud c0"));
        cr_expect(fabs(xml_number(at, "cx") - box.left - box.width * x[i] / 10) <= NEAR && fabs(xml_number(at, "cy") - box.top - box.height * (1 - y[i] / 10)) <= NEAR);
    }
    at = out.text;
    cr_assert(xml_find(&at, "line", "reference"));
    cr_expect(xml_number(at, "x1") == box.left && xml_number(at, "y1") == box.top + box.height);
    cr_expect(xml_number(at, "x2") == box.left + box.width && xml_number(at, "y2") == box.top);
    out_free(&out);
}

/* ---- confusion matrix -------------------------------------------------------------------------------------------------------- */

Test(plot, matrix)
{
    const uint64_t count[] = { 8, 2, 0, 1, 3, 0, 0, 0, 0 };
    const char *const names[] = { "cat", "<dog>", " " };
    Out out = { 0 };
    plot_matrix(&out, &(PlotMatrix){ .title = "Confusion", .classes = 3, .names = names, .count = count, .note = "11 of 14" });
    expect_well_formed(&out);
    static const struct { int row, column; double part; const char *tip; } cells[] = {
        { 0, 0, 0.8, "true cat, predicted cat: 8 of 10 (80.0 %)" }, { 0, 1, 0.2, "true cat, predicted &lt;dog&gt;: 2 of 10 (20.0 %)" },
        { 1, 0, 0.25, "true &lt;dog&gt;, predicted cat: 1 of 4 (25.0 %)" }, { 1, 1, 0.75, "true &lt;dog&gt;, predicted &lt;dog&gt;: 3 of 4 (75.0 %)" },
    };
    cr_expect_eq(xml_count(out.text, "rect", "shade"), 4);
    double left = 0, top = 0, side = 0;
    const char *at = out.text;
    for (int i = 0; i < 4; i++) {
        cr_assert(xml_find(&at, "rect", "shade"));
        side = xml_number(at, "width");
        left = i ? left : xml_number(at, "x");
        top = i ? top : xml_number(at, "y");
        cr_expect(fabs(xml_number(at, "x") - left - cells[i].column * side) <= NEAR && fabs(xml_number(at, "y") - top - cells[i].row * side) <= NEAR);
        cr_expect_eq(xml_number(at, "fill-opacity"), cells[i].part);
        const char *tip = strstr(at, "<title>");
        cr_expect(tip && !strncmp(tip + 7, cells[i].tip, strlen(cells[i].tip)), "%.80s instead of %s", tip, cells[i].tip);
    }
    cr_expect_eq(xml_count(out.text, "text", "inverse middle"), 2);     /* 8 and 3, on dark */
    cr_expect_eq(xml_count(out.text, "text", "dim middle"), 5 + 2);     /* zeros, and what the axes are */
    cr_expect(strstr(out.text, ">space</text>") && strstr(out.text, ">11 of 14</text>"));
    out_free(&out);
}

/* Every size fits; a number that has no room is left out or short. */
Test(plot, matrix_of_any_size)
{
    static uint64_t count[PLOT_CLASSES_MAX * PLOT_CLASSES_MAX];
    static const uint64_t largest[] = { 1, 99, 1000, 99999, 123456789 };
    static const char long_name[] = "a class with a name that has no end, however far one reads";
    const char *names[PLOT_CLASSES_MAX];
    for (int classes = 1; classes <= PLOT_CLASSES_MAX; classes++)
        for (size_t l = 0; l < sizeof largest / sizeof *largest; l++) {
            for (int i = 0; i < classes * classes; i++)
                count[i] = (uint64_t)(draw() * (double)largest[l] + 0.5);
            for (int i = 0; i < classes; i++)
                names[i] = &long_name[rand() % 50];
            Out out = { 0 };
            plot_matrix(&out, &(PlotMatrix){ .title = "Confusion", .classes = classes, .names = l % 2 ? names : NULL, .count = count });
            expect_well_formed(&out);
            const char *at = out.text;
            char text[32];
            double width = xml_number(strchr(at, ' '), "width");
            while (xml_find(&at, "rect", "shade")) {
                double side = xml_number(at, "width");
                cr_expect(xml_number(at, "x") + side <= width && side >= 10, "%d classes: a cell at %g, %g wide", classes, xml_number(at, "x"), side);
                const char *number = strstr(at, "</rect>");
                if (number && (!strncmp(number + 8, "<text class=\"number", 19) || !strncmp(number + 8, "<text class=\"inverse", 20))) {
                    number += 13;
                    xml_content(number, text, sizeof text);
                    cr_expect(svg_text_width(text, xml_number(number, "font-size")) <= side, "%d classes: \"%s\" is wider than its cell", classes, text);
                }
            }
            out_free(&out);
        }
}

/* ---- text and colours ---------------------------------------------------------------------------------------------------------- */

static void expect_escaped(const char *text, const char *expected)
{
    Out out = { 0 };
    svg_escape(&out, text);
    cr_expect_str_eq(out.text ? out.text : "", expected);
    out_free(&out);
}

Test(plot, escaping)
{
    expect_escaped("", "");
    expect_escaped("a<b> & \"c\" 'd' &amp;", "a&lt;b&gt; &amp; &quot;c&quot; &#39;d&#39; &amp;amp;");
    expect_escaped("é ‖ 漢 😀", "é ‖ 漢 😀");
    expect_escaped("\x01\x1b[31m", "\xef\xbf\xbd\xef\xbf\xbd[31m");
    expect_escaped("\xff\xc0\xaf\xe2\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd");
    expect_escaped("\xed\xa0\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd");      /* a surrogate */
    expect_escaped("\xef\xbf\xbf", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd");      /* U+FFFF is no character of XML */
    expect_escaped("\xf4\x90\x80\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd");
}

Test(plot, any_text_is_safe)
{
    srand(3);
    const double y[] = { 1, 2 };
    for (int turn = 0; turn < 3000; turn++) {
        char text[300];
        int length = rand() % 299;
        for (int i = 0; i < length; i++)
            text[i] = (char)(rand() % 3 ? "<>&\"' \xe2\x80\x96"[rand() % 9] : 1 + rand() % 255);
        text[length] = 0;
        PlotLine line = { .name = text, .y = y, .count = 2 };
        Out out = { 0 };
        plot_lines(&out, &(PlotLines){ .title = text, .x_label = text, .y_label = text, .note = text, .lines = &line, .line_count = 1 });
        expect_well_formed(&out);
        out_free(&out);
    }
}

Test(plot, shortened)
{
    char text[96], small[8];
    plot_shorten(text, sizeof text, "short", 100, 12);
    cr_expect_str_eq(text, "short");
    plot_shorten(text, sizeof text, "much longer than there is room", 60, 12);
    cr_expect(svg_text_width(text, 12) <= 60 && !strncmp(text, "much", 4) && strstr(text, "…"), "%s", text);
    plot_shorten(small, sizeof small, "éééééééé", 1000, 12);
    cr_expect_str_eq(small, "é…");
    plot_shorten(text, sizeof text, "nothing fits", 1, 12);
    cr_expect_str_eq(text, "…");
}

/* WCAG 2: relative luminance of "#rrggbb". */
static void colour_of(const char *style, const char *rule, double rgb[3])
{
    const char *found = strstr(style, rule);
    unsigned value;
    cr_assert(found && sscanf(found + strlen(rule), "%6x", &value) == 1, "no %s", rule);
    for (int i = 0; i < 3; i++)
        rgb[i] = (value >> (16 - 8 * i) & 0xff) / 255.0;
}

static double luminance(const double rgb[3])
{
    static const double weight[] = { 0.2126, 0.7152, 0.0722 };
    double sum = 0;
    for (int i = 0; i < 3; i++)
        sum += weight[i] * (rgb[i] <= 0.03928 ? rgb[i] / 12.92 : pow((rgb[i] + 0.055) / 1.055, 2.4));
    return sum;
}

static double contrast(const double a[3], const double b[3])
{
    double light = fmax(luminance(a), luminance(b)), dark = fmin(luminance(a), luminance(b));
    return (light + 0.05) / (dark + 0.05);
}

static void expect_contrasts(const char *style, const char *when)
{
    double paper[3], ink[3], dim[3], inverse[3], number[3], shade[3], colour[3], cell[3];
    colour_of(style, ".paper{fill:#", paper);
    colour_of(style, ".ink{fill:#", ink);
    colour_of(style, ".dim{fill:#", dim);
    colour_of(style, ".inverse{fill:#", inverse);
    colour_of(style, ".number{fill:#", number);
    colour_of(style, ".shade{fill:#", shade);
    cr_expect(contrast(ink, paper) >= 7 && contrast(dim, paper) >= 4.5, "%s: text", when);
    for (int i = 0; i < SVG_COLOURS; i++) {
        char rule[32];
        snprintf(rule, sizeof rule, ".c%d{color:#", i);
        colour_of(style, rule, colour);
        cr_expect(contrast(colour, paper) >= 3, "%s: c%d against the paper: %.2f", when, i, contrast(colour, paper));
    }
    for (int percent = 0; percent <= 100; percent++) {
        double part = percent / 100.0;
        for (int i = 0; i < 3; i++)
            cell[i] = part * shade[i] + (1 - part) * paper[i];
        double found = contrast(part >= SVG_SHADE_DARK ? inverse : number, cell);
        cr_expect(found >= 4.5, "%s: a number in a cell of %d %%: contrast %.2f", when, percent, found);
    }
}

Test(plot, contrast_in_light_and_dark)
{
    const char *dark = strstr(svg_style, "@media(prefers-color-scheme:dark)");
    cr_assert(dark != NULL);
    expect_contrasts(svg_style, "light");
    expect_contrasts(dark, "dark");
}
