/* test_graph_picture.c: the picture of a graph, and its drawing in letters: no two boxes overlap, every edge goes from the bottom of its box to the top of
 * its box and through no other one, texts lie in their boxes; and which rails stand beside which layer. */
#include "command.h"
#include "oracles.h"
#include "published.h"
#include "xml.h"

#include "compiler/report/charts.h"
#include "compiler/report/svg.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NEAR      0.011         /* pixels: coordinates are written with two decimals */
#define BOXES_MAX 220

typedef struct Box {
    double left, top, right, bottom;
} Box;

typedef struct Picture {
    const char *svg;
    double width, height;
    Box box[BOXES_MAX];
    int count;
} Picture;

/* ---- what the picture says ------------------------------------------------------------------------------------------------ */

static int read_boxes(Picture *p)
{
    char class[40];
    for (const char *at = p->svg; xml_find(&at, "rect", NULL);) {
        cr_assert(xml_text(at, "class", class, sizeof class));
        if (strncmp(class, "box", 3))
            continue;
        double x = xml_number(at, "x"), y = xml_number(at, "y");
        cr_assert_lt(p->count, BOXES_MAX);
        p->box[p->count++] = (Box){ x, y, x + xml_number(at, "width"), y + xml_number(at, "height") };
    }
    return p->count;
}

static void expect_apart(const Picture *p)
{
    for (int i = 0; i < p->count; i++) {
        const Box *a = &p->box[i];
        cr_expect(a->left >= 0 && a->top >= 0 && a->right <= p->width && a->bottom <= p->height, "box %d is not on the paper", i);
        for (int k = 0; k < i; k++) {
            const Box *b = &p->box[k];
            cr_expect(a->right < b->left || b->right < a->left || a->bottom < b->top || b->bottom < a->top, "boxes %d and %d overlap", k, i);
        }
    }
}

/* Behind each box stand its texts: name, kind and shape, and of a further call whose weights it has. */
static void expect_texts(const Picture *p)
{
    char text[200], before[200];
    const char *at = p->svg;
    int number = -1;
    for (const char *next = strchr(at, '<'); next; next = strchr(next + 1, '<')) {
        if (!strncmp(next, "<rect class=\"box", 16)) {
            cr_expect(number < 0 || *before, "box %d has no text", number);
            number++;
            *before = 0;
        }
        if (strncmp(next, "<text ", 6) || number < 0)
            continue;
        const Box *box = &p->box[number];
        xml_content(next, text, sizeof text);
        double x = xml_number(next, "x"), y = xml_number(next, "y"), size = xml_number(next, "font-size");
        bool centred = xml_text(next, "class", before, sizeof before) && strstr(before, "middle");
        if (!centred)
            continue;           /* the note under the picture */
        double half = svg_text_width(text, size) / 2;
        cr_expect(x - half >= box->left && x + half <= box->right && y - size >= box->top && y <= box->bottom - 3, "\"%s\" is not in box %d", text, number);
    }
    cr_expect_eq(number + 1, p->count);
}

/* Numbers of a path: "M1 2L3 4C5 6 7 8 9 10". */
static double next_number(const char **at)
{
    char *end;
    double number = strtod(*at, &end);
    cr_assert(end > *at, "no number at \"%.20s\"", *at);
    *at = end;
    return number;
}

static void expect_outside(const Picture *p, double x, double y, int from, int to)
{
    for (int i = 0; i < p->count; i++)
        cr_expect(i == from || i == to || x < p->box[i].left || x > p->box[i].right || y < p->box[i].top || y > p->box[i].bottom,
                  "the edge from %d to %d goes through box %d at %g, %g", from, to, i, x, y);
}

/* One edge, looked at in many places. */
static void expect_edge(const Picture *p, const char *path, int from, int to)
{
    double x = 0, y = 0;
    const Box *above = &p->box[from], *below = &p->box[to];
    for (const char *at = path; *at != '"';) {
        char verb = *at++;
        double c[3][2] = { { 0 } };
        int points = verb == 'C' ? 3 : 1;
        for (int i = 0; i < points; i++) {
            c[i][0] = next_number(&at);
            c[i][1] = next_number(&at);
        }
        if (verb == 'M')
            cr_expect(fabs(c[0][1] - above->bottom) < NEAR && c[0][0] > above->left && c[0][0] < above->right, "the edge from %d to %d begins elsewhere", from, to);
        for (int i = 0; verb != 'M' && i <= 40; i++) {
            double t = i / 40.0, s = 1 - t;
            double px = verb == 'L' ? s * x + t * c[0][0] : s * s * s * x + 3 * s * s * t * c[0][0] + 3 * s * t * t * c[1][0] + t * t * t * c[2][0];
            double py = verb == 'L' ? s * y + t * c[0][1] : s * s * s * y + 3 * s * s * t * c[0][1] + 3 * s * t * t * c[1][1] + t * t * t * c[2][1];
            expect_outside(p, px, py, from, to);
        }
        cr_expect(verb == 'M' || c[points - 1][1] > y - NEAR, "the edge from %d to %d goes up", from, to);
        x = c[points - 1][0];
        y = c[points - 1][1];
        cr_assert(strchr("MLC", verb) != NULL, "the path has a %c", verb);
    }
    cr_expect(fabs(y - below->top) < NEAR && x > below->left && x < below->right, "the edge from %d to %d ends elsewhere, at %g, %g", from, to, x, y);
}

/* The next edge of the picture. */
static const char *next_edge(const char **at, bool *dashed)
{
    static char path[4000];
    char class[40];
    while (xml_find(at, "path", NULL)) {
        cr_assert(xml_text(*at, "class", class, sizeof class));
        if (strncmp(class, "edge", 4))
            continue;
        *dashed = !strcmp(class, "edge handed");
        const char *d = strstr(*at, " d=\"");
        cr_assert(d && snprintf(path, sizeof path, "%.*s\"", (int)strcspn(d + 4, "\""), d + 4) < (int)sizeof path);
        return path;
    }
    return NULL;
}

static Picture open_picture(const char *svg)
{
    Picture p = { .svg = svg };
    const char *at = svg;
    const char *mistake = xml_mistake(svg);
    cr_assert(!mistake, "%s", mistake);
    cr_assert(xml_find(&at, "rect", "paper"));
    p.width = xml_number(at, "width");
    p.height = xml_number(at, "height");
    read_boxes(&p);
    expect_apart(&p);
    expect_texts(&p);
    return p;
}

/* ---- models --------------------------------------------------------------------------------------------------------------- */

static char *draw(Arena *arena, const Model *model)
{
    Charts charts = { .arena = arena };
    charts_of_model(&charts, model);
    cr_assert_eq(charts.count, 1);
    cr_assert_str_eq(charts.list[0].name, "graph");
    char *svg = arena_copy_text(arena, charts.list[0].picture.text);
    charts_free(&charts);
    return svg;
}

/* Every layer has its box, and everything that one reads an edge, drawn as a state where it is one: so many of these (-1: any number). */
static void expect_picture(const char *text, int states)
{
    Arena *arena = arena_create();
    Description *description = oracle_read(arena, text);
    const Model *model = description_model(description);
    const char *svg = draw(arena, model), *at = svg, *path;
    cr_expect_str_eq(svg, draw(arena, model), "the picture is another one the second time");
    Picture p = open_picture(svg);
    cr_expect_eq(p.count, model->layer_count, "%d boxes for %d layers", p.count, model->layer_count);
    int dashed = 0;
    bool state;
    for (int l = 0; l < model->layer_count; l++)
        for (int k = 0; k < model->layers[l].from_count; k++) {
            bool again = false;
            for (int i = 0; i < k; i++)
                again |= model->layers[l].from[i] == model->layers[l].from[k];
            if (again)
                continue;
            cr_assert((path = next_edge(&at, &state)) != NULL, "an edge of %s is missing", model->layers[l].name);
            expect_edge(&p, path, model->layers[l].from[k], l);
            dashed += state;
        }
    cr_expect(!next_edge(&at, &state), "an edge too many");
    cr_expect(states < 0 || dashed == states, "%d states are handed on, not %d", dashed, states);
    cr_expect_eq(strstr(svg, "states that are handed on") != NULL, dashed > 0);
    cr_expect_eq(xml_count(svg, "path", "arrow"), xml_count(svg, "path", "edge") + xml_count(svg, "path", "edge handed"));
    description_free(description);
    arena_free(arena);
}

static const char answer[] =
    "local question, told = Input{12, name = 'question'}, Input{9, name = 'told'}\n"
    "local words = Embedding{60, 16, mask_zero = true}\n"
    "local seen, h, c = LSTM{24, return_state = true}(words(question))\n"
    "local said = LSTM{24, return_sequences = true}{words(told), initial_state = {h, c}}\n"
    "return Model{ inputs = {question, told}, outputs = Dense{60, activation = 'softmax'}(said), name = 'answer' }\n";

static const char similar[] =
    "local one, other = Input{12, name = 'one'}, Input{12, name = 'other'}\n"
    "local words, read = Embedding{50, 8}, GRU{6}\n"
    "local away = Subtract{}{read(words(one)), read(words(other))}\n"
    "return Model{inputs = {one, other}, outputs = Dense{1, activation = 'sigmoid'}(Multiply{}{away, away}), name = 'similar' }\n";

/* A skip around everything, one input that is read at three depths, two outputs, a name that is longer than the rest. */
static const char skips[] =
    "local x = Input{6, 4, name = 'x'}\n"
    "local h = x\n"
    "for i = 1, 4 do h = Add()(LSTM{4, return_sequences = true}(h), x) end\n"
    "local z = Concatenate{}{h, x, Dense{3, name = 'a_layer_whose_name_is_much_longer_than_that_of_any_other'}(h)}\n"
    "return Model{inputs = x, outputs = { Dense{1, name = 'last'}(GRU{3}(z)), Dense{2, name = 'each'}(h) }, name = 'skips' }\n";

Test(graph_picture, of_models)
{
    expect_picture(answer, 4);
    expect_picture(similar, 0);
    expect_picture(skips, 0);
    expect_picture("return Sequential{ Input{5, 3}, LSTM{4}, Dense{2}, name = 'chain' }", 0);
    expect_picture("local x = Input{5, 3}\nlocal y, h = GRU{4, return_state = true}(x)\n"
                   "local z = GRU{4}{x, initial_state = Dense{4}(h)}\nreturn Model{inputs = x, outputs = Concatenate{}{y, z}, name = 'mapped' }", 2);
}

/* Boxes of inputs, outputs and states look like what they are; a further call says whose weights it has. */
Test(graph_picture, kinds_of_boxes)
{
    Arena *arena = arena_create();
    Description *description = oracle_read(arena, answer);
    const char *svg = draw(arena, description_model(description));
    cr_expect(xml_count(svg, "rect", "box input") == 2 && xml_count(svg, "rect", "box output") == 1 && xml_count(svg, "rect", "box state") == 2);
    cr_expect(strstr(svg, ">weights of embedding</text>") && strstr(svg, ">LSTM  9 × 24</text>") && strstr(svg, ">The layers of answer</text>"));
    description_free(description);
    arena_free(arena);
}

/* The graphs that others have published. */
Test(graph_picture, of_published_graphs)
{
    static const char *const names[] = { "autoencoder_skip", "caption_initial_state", "causal_attention_heads", "encoder_decoder_LSTM", "merges", "residual_stack",
                                         "self_attention_heads", "seq2seq_AdditiveAttention_scaled", "seq2seq_Attention", "two_inputs", "two_outputs" };
    static const int states[] = { [1] = 1, [3] = 4 };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        struct published_case one;
        char why[PUBLISHED_WHY], file[100];
        snprintf(file, sizeof file, "%s.json", names[i]);
        if (published_graph(file, &one, why))
            cr_skip_test("%s", why);
        cr_assert(!*one.skipped, "%s: %s", names[i], one.skipped);
        expect_picture(one.description, i < sizeof states / sizeof *states ? states[i] : -1);
        published_free(&one);
    }
}

Test(graph_picture, of_too_many_layers)
{
    Arena *arena = arena_create();
    Description *description = oracle_read(arena, "local m = Sequential{name = 'long'}\nm:add(Input{2})\nfor i = 1, 200 do m:add(Dense{2}) end\nreturn m");
    Charts charts = { .arena = arena };
    charts_of_model(&charts, description_model(description));
    cr_expect_eq(charts.count, 0);
    cr_expect_str_eq(charts.note[CHART_LAYERS], "Not drawn: 201 layers are more than 200.");
    description_free(description);
    arena_free(arena);
}

/* Graphs that nobody has thought of: each layer adds up some of those before it. */
Test(graph_picture, of_random_graphs)
{
    srand(5);
    for (int round = 0; round < 40; round++) {
        char text[8000];
        int layers = 3 + rand() % 24, used = snprintf(text, sizeof text, "local f = { [0] = Input{3} }\n");
        for (int l = 1; l <= layers; l++) {
            int reads = 1 + rand() % 3;
            used += snprintf(text + used, sizeof text - (size_t)used, "f[%d] = %s{%s", l, reads > 1 ? "Add{}" : "Dense{3}", "");
            for (int k = 0; k < reads; k++) {
                int from = rand() % 3 ? l - 1 - rand() % (l < 3 ? l : 3) : rand() % l;
                used += snprintf(text + used, sizeof text - (size_t)used, "%sf[%d]", k ? ", " : "", from);
            }
            used += snprintf(text + used, sizeof text - (size_t)used, "}\n");
        }
        snprintf(text + used, sizeof text - (size_t)used, "local ends = {}\nfor l = 1, %d do ends[l] = f[l] end\n"
                 "return Model{inputs = f[0], outputs = Add{}(ends), name = 'random'}\n", layers);
        expect_picture(text, 0);
    }
}

/* ---- letters -------------------------------------------------------------------------------------------------------------- */

static char *folder;
static void open_folder(void) { folder = command_folder(); }
static void close_folder(void) { command_folder_remove(folder); }
TestSuite(graph_letters, .init = open_folder, .fini = close_folder);

static void expect_letters(const char *text, const char *lines)
{
    command_write(folder, "m.lua", text, (long)strlen(text));
    command_expect(folder, 30, "$L summary m.lua | sed '/^[0-9]* parameters/,$d'", 0, lines, NULL);
}

Test(graph_letters, states_and_shared_layers)
{
    expect_letters(answer, "       layer            kind       output   parameters  reads\n"
                           "*      question         Input      {12}              0\n"
                           "| *    told             Input      {9}               0\n"
                           "* |    embedding        Embedding  {12, 16}        960  question\n"
                           "* |    lstm             LSTM       {24}           3936  embedding\n"
                           "+.|.*  lstm_h           FinalState {24}              0  lstm\n"
                           "* | :  lstm_c           FinalState {24}              0  lstm\n"
                           ": * :  embedding_call_2 Embedding  {9, 16}           0  told  with the weights of embedding\n"
                           "'.*.'  lstm_1           LSTM       {9, 24}        3936  embedding_call_2, begins with lstm_h, lstm_c\n"
                           "  *    dense            Dense      {9, 60}        1500  lstm_1  output\n");
}

/* A state is drawn as one where nobody reads the output itself; a layer that reads twice what it reads has one edge. */
Test(graph_letters, skips_and_outputs)
{
    expect_letters("local x = Input{6, 4, name = 'x'}\nlocal y, h = GRU{4, return_sequences = true, return_state = true}(x)\n"
                   "local d = Dense{4, name = 'd'}(x)\nlocal s = Add()(y, d)\n"
                   "local z = GRU{4, name = 'z'}{s, initial_state = h}\n"
                   "return Model{inputs = x, outputs = {Multiply{name = 'squares'}{z, z}, Dense{1, name = 'each'}(s)}}\n",
                   "       layer   kind       output parameters  reads\n"
                   "*      x       Input      {6, 4}          0\n"
                   "+-*    gru     GRU        {6, 4}        120  x\n"
                   "| +.*  gru_h   FinalState {4}             0  gru\n"
                   "* | :  d       Dense      {6, 4}         20  x\n"
                   "'-* :  add     Add        {6, 4}          0  gru, d\n"
                   "  +-*  z       GRU        {4}           120  add, begins with gru_h\n"
                   "  | *  squares Multiply   {4}             0  z, z  output\n"
                   "  *    each    Dense      {6, 1}          5  add  output\n");
}

/* What a line has no room for goes on in the next one, beside its rails; a chain is what it always was. */
Test(graph_letters, long_lines_and_chains)
{
    expect_letters("local x, f = Input{3, name = 'x'}, {}\nfor i = 1, 8 do f[i] = Dense{3, name = 'a_rather_long_name_' .. i}(x) end\n"
                   "return Model{inputs = x, outputs = Dense{1, name = 'y'}(Add{name = 'all'}{f[1], f[2], f[3], f[4], f[5], f[6], f[7], f[8], x})}\n",
                   "'-*-'-'-'-'-'-'-'  all                  Add   {3}             0  a_rather_long_name_1, a_rather_long_name_2,\n"
                   "  |                                                              a_rather_long_name_3, a_rather_long_name_4,\n");
    command_expect(folder, 30, "$L summary m.lua | awk 'length > 116 { print \"long\" }'; $L summary m.lua | grep -c 'a_rather_long_name_8, x$'", 0, "1\n", NULL);
    expect_letters("local x, f = Input{3, name = 'x'}, {}\nfor i = 1, 30 do f[i] = Dense{3}(x) end\n"
                   "return Model{inputs = x, outputs = Add{name = 'all'}(f)}\n",
                   "  layer    kind  output parameters  reads\n  x        Input {3}             0\n  dense    Dense {3}            12  x\n");
    expect_letters("return Sequential{ Input{5, 3}, LSTM{4}, name = 'chain' }", "layer                    kind             output             parameters\n"
                                                                              "input                    Input            {5, 3}                      0\n");
}
