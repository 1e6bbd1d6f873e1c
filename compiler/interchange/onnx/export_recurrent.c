/* export_recurrent.c: in: SimpleRNN, LSTM, GRU, alone or in both directions.  out: the nodes RNN, LSTM, GRU, with time
 * first, as ONNX has it, and what turns that round. */
#include "export.h"

#include <string.h>

typedef struct Cell {
    const char *kind, *operation;
    int gates, order[4];                /* order: which of ours stands at each place of ONNX's i, o, f, c */
    const char *functions[3];           /* the arguments that its functions are, f, g, h */
    const char *states;                 /* "hc" */
} Cell;

static const Cell cells[] = {
    { "SimpleRNN", "RNN", 1, { 0 }, { "activation" }, "h" },
    { "LSTM", "LSTM", 4, { 0, 3, 1, 2 }, { "recurrent_activation", "activation", "activation" }, "hc" },
    { "GRU", "GRU", 3, { 0, 1, 2 }, { "recurrent_activation", "activation" }, "h" },
};

static const Cell *cell_of(const Layer *layer)
{
    for (size_t i = 0; i < sizeof cells / sizeof *cells; i++)
        if (!strcmp(cells[i].kind, layer->kind))
            return &cells[i];
    return NULL;
}

typedef struct Loop {
    OnnxExport *to;
    const ExportLayer *one;
    const Cell *cell;
    const Layer *ways[2]; int way_count;        /* the layer, or both directions */
    int units;
} Loop;

static void check(const Loop *loop, const Layer *layer)
{
    const char *initial = layer_text(layer, "initial_state");
    if (!initial || strcmp(initial, "zeros"))
        export_cannot(loop->to, loop->one->layer, "states that do not begin with zeros are not exported");
    if (layer_number(layer, "cell_clip", 0) || layer_number(layer, "projection", 0))
        export_cannot(loop->to, loop->one->layer, "ONNX's LSTM has no projection, and another clipping");
    for (int k = 0; k < 3 && loop->cell->functions[k]; k++) {
        float alpha, beta;
        int numbers;
        const char *name = layer_text(layer, loop->cell->functions[k]);
        if (!export_cell_activation(name, &alpha, &beta, &numbers))
            export_cannot(loop->to, loop->one->layer, "ONNX's cells have no activation %s",
                          name ? name : "of that kind");
    }
}

/* ---- weights: [directions, gates * units, ...] ---- */

/* A layer that is called again has its weights once. */
static const char *owner(const Loop *loop)
{
    return loop->one->layer->shares ? loop->one->layer->shares : loop->one->layer->name;
}

/* Ours [rows, gates * units], turned, gate by gate. */
static const char *matrix(const Loop *loop, const char *name, const char *what)
{
    const struct lstmc_tensor *first = layer_weight(loop->ways[0], name);
    size_t rows = (size_t)first->shape[0], columns = (size_t)first->shape[1], units = (size_t)loop->units;
    float *values = arena_array(loop->to->arena, float, (size_t)loop->way_count * rows * columns + 1), *at = values;
    for (int way = 0; way < loop->way_count; way++) {
        const float *from = loop->to->weights + layer_weight(loop->ways[way], name)->offset;
        for (int g = 0; g < loop->cell->gates; g++)
            for (size_t u = 0; u < units; u++)
                for (size_t r = 0; r < rows; r++)
                    *at++ = from[r * columns + (size_t)loop->cell->order[g] * units + u];
    }
    return export_floats_constant(loop->to, arena_format(loop->to->arena, "%s/%s", owner(loop), what), 3,
                                  (int64_t[]){ loop->way_count, (int64_t)columns, (int64_t)rows }, values);
}

/* Wb and Rb behind each other: our one bias and zeros, or the two rows of a GRU with reset_after. */
static const char *biases(const Loop *loop)
{
    if (!layer_weight(loop->ways[0], "bias"))
        return "";
    size_t units = (size_t)loop->units, columns = units * (size_t)loop->cell->gates;
    float *values = arena_array(loop->to->arena, float, (size_t)loop->way_count * 2 * columns + 1), *at = values;
    for (int way = 0; way < loop->way_count; way++) {
        const struct lstmc_tensor *bias = layer_weight(loop->ways[way], "bias");
        for (int row = 0; row < 2; row++)
            for (int g = 0; g < loop->cell->gates; g++)
                for (size_t u = 0; u < units; u++) {
                    size_t column = (size_t)loop->cell->order[g] * units + u;
                    bool there = row == 0 || bias->rank == 2;
                    *at++ = there ? loop->to->weights[bias->offset + (size_t)row * columns + column] : 0;
                }
    }
    return export_floats_constant(loop->to, arena_format(loop->to->arena, "%s/B", owner(loop)), 2,
                                  (int64_t[]){ loop->way_count, (int64_t)(2 * columns) }, values);
}

/* Our rows i, f, o as i, o, f. */
static const char *peepholes(const Loop *loop)
{
    static const int order[] = { 0, 2, 1 };
    if (!layer_weight(loop->ways[0], "peephole_kernel"))
        return NULL;
    size_t units = (size_t)loop->units;
    float *values = arena_array(loop->to->arena, float, (size_t)loop->way_count * 3 * units + 1), *at = values;
    for (int way = 0; way < loop->way_count; way++) {
        const float *from = loop->to->weights + layer_weight(loop->ways[way], "peephole_kernel")->offset;
        for (int row = 0; row < 3; row++, at += units)
            memcpy(at, from + (size_t)order[row] * units, units * sizeof *at);
    }
    return export_floats_constant(loop->to, arena_format(loop->to->arena, "%s/P", owner(loop)), 2,
                                  (int64_t[]){ loop->way_count, (int64_t)(3 * units) }, values);
}

/* ---- the node ---- */

static void add_functions(const Loop *loop, ExportNode *node)
{
    const char **names = arena_array(loop->to->arena, const char *, 6);
    float alphas[6], betas[6];
    int count = 0, alpha_count = 0, beta_count = 0;
    for (int way = 0; way < loop->way_count; way++)
        for (int k = 0; k < 3 && loop->cell->functions[k]; k++) {
            float alpha, beta;
            int numbers;
            names[count] = export_cell_activation(layer_text(loop->ways[way], loop->cell->functions[k]), &alpha,
                                                  &beta, &numbers);
            if (!names[count])
                return;                         /* it was said */
            if (numbers > 0)
                alphas[alpha_count++] = alpha;
            if (numbers > 1)
                betas[beta_count++] = beta;
            count++;
        }
    export_texts(loop->to, node, "activations", names, count);
    if (alpha_count)
        export_floats(loop->to, node, "activation_alpha", alphas, alpha_count);
    if (beta_count)
        export_floats(loop->to, node, "activation_beta", betas, beta_count);
}

/* States as inputs and outputs of the model, of one step at a time. */
static const char *state_input(const Loop *loop, char state)
{
    if (!loop->to->stream)
        return "";
    ExportTensor tensor = { .name = arena_format(loop->to->arena, "%s_%c", loop->one->layer->name, state),
                            .type = EXPORT_FLOAT, .rank = 3, .shape = { 1, EXPORT_OPEN, loop->units } };
    arena_append(loop->to->arena, loop->to->inputs, loop->to->input_count, loop->to->input_capacity, tensor);
    tensor.name = arena_format(loop->to->arena, "%s_%c_next", loop->one->layer->name, state);
    arena_append(loop->to->arena, loop->to->outputs, loop->to->output_count, loop->to->output_capacity, tensor);
    return arena_format(loop->to->arena, "%s_%c", loop->one->layer->name, state);
}

/* [directions, batch, units] of the states that other calls have left; in the order of Keras: those of one direction,
 * then those of the other. */
static const char *given_state(const Loop *loop, int state)
{
    static const int64_t axis = 0;
    OnnxExport *to = loop->to;
    const char *rows[2] = { NULL };
    int states = (int)strlen(loop->cell->states);
    for (int way = 0; way < loop->way_count; way++) {
        rows[way] = export_flow(to, loop->one, "initial");
        export_node(to, loop->one, "Unsqueeze", rows[way], loop->one->x[1 + way * states + state],
                    export_integers_constant(to, loop->one, "axis", 1, &axis), NULL);
    }
    if (!rows[1])
        return rows[0];
    const char *both = export_flow(to, loop->one, "initial");
    export_integer(to, export_node(to, loop->one, "Concat", both, rows[0], rows[1], NULL), "axis", 0);
    return both;
}

/* Where a FinalState finds it. */
static const char *last_state(Arena *arena, const char *layer, char state)
{
    return arena_format(arena, "%s/Y_%c", layer, state);
}

static const char *state_output(const Loop *loop, char state)
{
    if (layer_flag(loop->ways[0], "return_state"))
        return last_state(loop->to->arena, loop->one->layer->name, state);
    return loop->to->stream ? arena_format(loop->to->arena, "%s_%c_next", loop->one->layer->name, state)
                            : export_flow(loop->to, loop->one, "state");
}

/* Y and Y_h of what time-first x says. */
static void add_loop(const Loop *loop, const char *x, const char **y, const char **y_h)
{
    OnnxExport *to = loop->to;
    const Layer *first = loop->ways[0];
    bool has_c = strlen(loop->cell->states) > 1;
    const char *w = matrix(loop, "kernel", "W"), *r = matrix(loop, "recurrent_kernel", "R"), *b = biases(loop);
    bool given = loop->one->x_count > 1;
    const char *h = given ? given_state(loop, 0) : state_input(loop, 'h'), *p = peepholes(loop);
    const char *c = !has_c ? NULL : given ? given_state(loop, 1) : state_input(loop, 'c');
    *y = export_flow(to, loop->one, "Y");
    *y_h = state_output(loop, 'h');
    ExportNode *node = export_node(to, loop->one, loop->cell->operation, *y, x, w, r, b, "", h, c, p, NULL);
    export_output(to, node, *y_h);
    if (has_c)
        export_output(to, node, state_output(loop, 'c'));
    export_integer(to, node, "hidden_size", loop->units);
    export_text(to, node, "direction", loop->way_count > 1 ? "bidirectional" : layer_flag(first, "go_backwards")
                                                                                  ? "reverse" : "forward");
    add_functions(loop, node);
    if (loop->cell->gates == 3)
        export_integer(to, node, "linear_before_reset", layer_flag(first, "reset_after"));
}

/* ---- what comes behind ---- */

static const char *squeezed(const Loop *loop, const char *x, const char *y, int64_t axis)
{
    export_node(loop->to, loop->one, "Squeeze", y, x, export_integers_constant(loop->to, loop->one, "axis", 1, &axis),
                NULL);
    return y;
}

/* Y [T, 1, B, H] as [B, T, H]; a layer that goes backwards puts out its last step first. */
static void sequences_of_one(const Loop *loop, const char *y)
{
    OnnxExport *to = loop->to;
    const char *steps = squeezed(loop, y, export_flow(to, loop->one, "steps"), 1);
    if (layer_flag(loop->ways[0], "go_backwards")) {
        static const int64_t begin = -1, end = INT64_MIN, axis = 0, step = -1;
        const char *turned = export_flow(to, loop->one, "turned");
        export_node(to, loop->one, "Slice", turned, steps, export_integers_constant(to, loop->one, "begin", 1, &begin),
                    export_integers_constant(to, loop->one, "end", 1, &end),
                    export_integers_constant(to, loop->one, "axis", 1, &axis),
                    export_integers_constant(to, loop->one, "step", 1, &step), NULL);
        steps = turned;
    }
    export_transposed(to, loop->one, steps, loop->one->y, 3, (int64_t[]){ 1, 0, 2 });
}

/* Both directions, an axis of its own in front of the features, become one. */
static void merged(const Loop *loop, const char *x, int64_t axis)
{
    OnnxExport *to = loop->to;
    const char *mode = layer_text(loop->one->layer, "merge_mode");
    if (!strcmp(mode, "concat")) {
        int64_t shape[] = { 0, axis > 1 ? 0 : 2 * loop->units, 2 * loop->units };
        export_node(to, loop->one, "Reshape", loop->one->y, x,
                    export_integers_constant(to, loop->one, "shape", axis > 1 ? 3 : 2, shape), NULL);
    } else if (!strcmp(mode, "sum")) {
        ExportNode *node = export_node(to, loop->one, "ReduceSum", loop->one->y, x,
                                       export_integers_constant(to, loop->one, "axis", 1, &axis), NULL);
        export_integer(to, node, "keepdims", 0);
    } else {
        const char *operation = !strcmp(mode, "mul") ? "ReduceProd" : "ReduceMean";
        ExportNode *node = export_node(to, loop->one, operation, loop->one->y, x, NULL);
        export_integers(to, node, "axes", &axis, 1);
        export_integer(to, node, "keepdims", 0);
    }
}

static void both_ways(const Loop *loop, const char *y, const char *y_h)
{
    const char *x = export_flow(loop->to, loop->one, "both");
    if (layer_flag(loop->ways[0], "return_sequences")) {
        export_transposed(loop->to, loop->one, y, x, 4, (int64_t[]){ 2, 0, 1, 3 });
        merged(loop, x, 2);
    } else {
        export_transposed(loop->to, loop->one, y_h, x, 3, (int64_t[]){ 1, 0, 2 });
        merged(loop, x, 1);
    }
}

static bool same_form(const Layer *one, const Layer *other)
{
    return !strcmp(one->kind, other->kind) && layer_number(one, "units", 0) == layer_number(other, "units", 0) &&
           layer_flag(one, "use_bias") == layer_flag(other, "use_bias") && !layer_flag(one, "go_backwards") &&
           layer_flag(one, "reset_after") == layer_flag(other, "reset_after") &&
           layer_flag(one, "use_peepholes") == layer_flag(other, "use_peepholes");
}

void export_recurrent(OnnxExport *to, const ExportLayer *one)
{
    bool both = !strcmp(one->layer->kind, "Bidirectional");
    Loop loop = { .to = to, .one = one, .ways = { both ? &one->layer->sublayers[0] : one->layer },
                  .way_count = both ? 2 : 1 };
    const char *y, *y_h;
    if (both)
        loop.ways[1] = &one->layer->sublayers[1];
    loop.cell = cell_of(loop.ways[0]);
    loop.units = (int)layer_number(loop.ways[0], "units", 0);
    if (!loop.cell || (both && !same_form(loop.ways[0], loop.ways[1]))) {
        export_cannot(to, one->layer, loop.cell ? "both directions have one form in ONNX" : "ONNX has no such cell");
        return;
    }
    for (int way = 0; way < loop.way_count; way++)
        check(&loop, loop.ways[way]);
    if (to->stream && (both || layer_flag(one->layer, "go_backwards")))
        export_cannot(to, one->layer, "what reads from the end has no step");
    if (to->stream && (one->x_count > 1 || layer_flag(loop.ways[0], "return_state")))
        export_cannot(to, one->layer, "what hands states over has no step");
    const char *first = export_transposed(to, one, one->x[0], export_flow(to, one, "time_first"), 3,
                                          (int64_t[]){ 1, 0, 2 });
    add_loop(&loop, first, &y, &y_h);
    if (both)
        both_ways(&loop, y, y_h);
    else if (layer_flag(one->layer, "return_sequences"))
        sequences_of_one(&loop, y);
    else
        squeezed(&loop, y_h, one->y, 0);
}

void export_final_state(OnnxExport *to, const ExportLayer *one)
{
    const Layer *loop = &to->model->layers[one->layer->from[0]];
    bool both = !strcmp(loop->kind, "Bidirectional");
    const Cell *cell = cell_of(both ? &loop->sublayers[0] : loop);
    if (!cell)
        return;                                 /* it was said of the layer */
    int number = (int)layer_number(one->layer, "number", 0), states = (int)strlen(cell->states);
    const int64_t way = number / states;
    const char *all = last_state(to->arena, loop->name, cell->states[number % states]);
    const char *row = export_flow(to, one, "row");
    static const int64_t axis = 0;
    const char *place = export_integers_constant(to, one, "way", 1, &way);
    ExportNode *node = export_node(to, one, "Gather", row, all, place, NULL);
    export_integer(to, node, "axis", 0);
    export_node(to, one, "Squeeze", one->y, row, export_integers_constant(to, one, "axis", 1, &axis), NULL);
}
