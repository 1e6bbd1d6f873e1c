/* recurrent.c: in: an LSTM, GRU or RNN of ONNX.  out: a step of the kind of ours, with its weights in our order. */
#include "flow.h"

#include <stdio.h>
#include <string.h>

#define NUMBER_WIDTH 32         /* of a literal and what stands between two */

typedef struct Kind {
    const char *operation, *layer;
    int gates, order[4];        /* ours from ONNX's: i, f, c, o of i, o, f, c */
    int states, function_count;
    const char *functions[3];
} Kind;

static const Kind kinds[] = {
    { "LSTM", "LSTM", 4, { 0, 2, 3, 1 }, 2, 3, { "Sigmoid", "Tanh", "Tanh" } },
    { "GRU", "GRU", 3, { 0, 1, 2 }, 1, 2, { "Sigmoid", "Tanh" } },
    { "RNN", "SimpleRNN", 1, { 0 }, 1, 1, { "Tanh" } },
};

typedef struct Cell {           /* what is being imported */
    const Kind *kind;
    Importer *importer;
    int64_t units, features;
    int directions;
    bool batch_first, reset_after, coupled;     /* input_forget */
    Flow x;
    Step *step;
    Loop *loop;
} Cell;

/* ---- weights ---- */

/* Where gate g of ours is in the file. Coupled gates: f = 1 - i = sigmoid(-z_i), so all of f is that of i, negated. */
static size_t gate_place(const Cell *cell, size_t g, double *sign)
{
    bool is_forget = cell->coupled && g == 1;
    *sign = is_forget ? -1 : 1;
    return (size_t)cell->kind->order[is_forget ? 0 : g];
}

static const Array *weight_array(Cell *cell, int i, int64_t rows, int64_t columns)
{
    const Array *array = input_array(cell->importer, i);
    int rank = columns ? 3 : 2;
    if (!array)
        cannot(cell->importer, "its weights, input %d, are not constants", i);
    else if (array->rank != rank || array->shape[0] != cell->directions || array->shape[1] != rows ||
             (columns && array->shape[2] != columns))
        cannot(cell->importer, "%s has the shape %s", cell->importer->node->inputs[i],
               lua_sizes(cell->importer->arena, array->rank, (const size_t *)array->shape));
    else
        return array;
    return NULL;
}

/* [gates of units][columns] of one direction as [columns][gates of units], in our order of gates. */
static void add_matrix(Cell *cell, DraftLayer *layer, int i, const Array *array, int direction)
{
    size_t units = (size_t)cell->units, gates = (size_t)cell->kind->gates, columns = (size_t)array->shape[2];
    float *values = new_floats(cell->importer, array->count);
    size_t begin = (size_t)direction * gates * units * columns;
    for (size_t g = 0; g < gates; g++) {
        double sign;
        size_t place = gate_place(cell, g, &sign);
        for (size_t u = 0; u < units; u++)
            for (size_t c = 0; c < columns; c++)
                values[c * gates * units + g * units + u] =
                    (float)(sign * array_at(array, begin + (place * units + u) * columns + c));
    }
    DraftArray weight = { .found = cell->importer->node->inputs[i], .rank = 2, .shape = { columns, gates * units },
                          .values = values };
    draft_weight(cell->importer->draft, layer, &weight);
}

/* Both halves add up, but for a GRU that resets behind the product. */
static void add_bias(Cell *cell, DraftLayer *layer, const Array *array, int direction)
{
    size_t units = (size_t)cell->units, width = units * (size_t)cell->kind->gates, rows = cell->reset_after ? 2 : 1;
    float *values = new_floats(cell->importer, rows * width);
    for (size_t g = 0; g < (size_t)cell->kind->gates; g++)
        for (size_t u = 0; u < units; u++) {
            double sign;
            size_t from = (size_t)direction * 2 * width + gate_place(cell, g, &sign) * units + u, to = g * units + u;
            double kernel = sign * array_at(array, from), recurrent = sign * array_at(array, from + width);
            values[to] = (float)(rows == 1 ? kernel + recurrent : kernel);
            if (rows == 2)
                values[width + to] = (float)recurrent;
        }
    DraftArray weight = { .found = cell->importer->node->inputs[3], .rank = rows == 2 ? 2 : 1,
                          .shape = { rows == 2 ? rows : width, width }, .values = values };
    draft_weight(cell->importer->draft, layer, &weight);
}

static void add_peepholes(Cell *cell, DraftLayer *layer, const Array *array, int direction)
{
    static const size_t gates[] = { 0, 1, 3 };          /* of ours: i, f, o */
    size_t units = (size_t)cell->units;
    float *values = new_floats(cell->importer, 3 * units);
    for (size_t g = 0; g < 3; g++) {
        double sign;
        size_t place = gate_place(cell, gates[g], &sign);
        for (size_t u = 0; u < units; u++)
            values[g * units + u] = (float)(sign * array_at(array, ((size_t)direction * 3 + place) * units + u));
    }
    DraftArray weight = { .found = cell->importer->node->inputs[7], .rank = 2, .shape = { 3, units },
                          .values = values };
    draft_weight(cell->importer->draft, layer, &weight);
}

static bool add_weights(Cell *cell)
{
    int64_t width = cell->kind->gates * cell->units;
    const Array *kernel = weight_array(cell, 1, width, cell->features);
    const Array *recurrent = kernel ? weight_array(cell, 2, width, cell->units) : NULL;
    const Array *bias = recurrent && input_value(cell->importer, 3) ? weight_array(cell, 3, 2 * width, 0) : NULL;
    const Array *peepholes = cell->kind->states == 2 && input_value(cell->importer, 7)
                                 ? weight_array(cell, 7, 3 * cell->units, 0) : NULL;
    if (cell->importer->failed)
        return false;
    for (int d = 0; d < cell->directions; d++) {
        DraftLayer *layer = cell->loop->inner[d];
        add_matrix(cell, cell->step->layer, 1, kernel, d);
        add_matrix(cell, cell->step->layer, 2, recurrent, d);
        if (bias)
            add_bias(cell, cell->step->layer, bias, d);
        else
            draft_argument(cell->importer->draft, layer, "use_bias", "false");
        if (peepholes && !all_are(peepholes, 0)) {
            add_peepholes(cell, cell->step->layer, peepholes, d);
            draft_argument(cell->importer->draft, layer, "use_peepholes", "true");
        }
    }
    return true;
}

/* ---- arguments ---- */

/* alpha and beta are listed for those activations alone that take them. */
static double listed(const OnnxNode *node, const char *list, const char *operation, char number, int *next,
                     double otherwise)
{
    const OnnxAttribute *attribute = onnx_attribute(node, list);
    if (!attribute || !function_takes(operation, number) || *next >= attribute->number_count)
        return otherwise;
    return attribute->numbers[(*next)++];
}

static bool add_functions(Cell *cell)
{
    Importer *importer = cell->importer;
    const OnnxAttribute *said = onnx_attribute(importer->node, "activations");
    double clip = onnx_number(importer->node, "clip", 0);
    int next_alpha = 0, next_beta = 0, count = cell->kind->function_count;
    for (int d = 0; d < cell->directions; d++) {
        const char *names[3] = { NULL };
        for (int f = 0; f < count; f++) {
            bool given = said && said->text_count > d * count + f;
            const char *operation = given ? said->texts[d * count + f] : cell->kind->functions[f];
            double alpha, beta;
            function_numbers(operation, &alpha, &beta);
            alpha = listed(importer->node, "activation_alpha", operation, 'A', &next_alpha, alpha);
            beta = listed(importer->node, "activation_beta", operation, 'B', &next_beta, beta);
            names[f] = function_name(importer, operation, alpha, beta, clip);
            if (!names[f])
                return cannot(importer, "lstmc has no activation %s", operation);
        }
        if (count == 3 && strcmp(names[1], names[2]))
            return cannot(importer, "its activations g and h are %s and %s, and an LSTM here has one for both",
                          names[1], names[2]);
        const char *activation = names[count == 1 ? 0 : 1];
        if (strcmp(activation, "tanh"))
            draft_argument(importer->draft, cell->loop->inner[d], "activation",
                           lua_quoted(importer->arena, activation));
        if (count > 1 && strcmp(names[0], "sigmoid"))
            draft_argument(importer->draft, cell->loop->inner[d], "recurrent_activation",
                           lua_quoted(importer->arena, names[0]));
    }
    return true;
}

/* input_forget couples the gates, f = 1 - i, which negated weights say where the activation has s(-z) = 1 - s(z). */
static bool add_coupling(Cell *cell)
{
    Importer *importer = cell->importer;
    const OnnxNode *node = importer->node;
    const OnnxAttribute *said = onnx_attribute(node, "activations");
    cell->coupled = !strcmp(node->operation, "LSTM") && onnx_number(node, "input_forget", 0) != 0;
    for (int d = 0; cell->coupled && d < cell->directions; d++) {
        const char *gate = said && said->text_count > 3 * d ? said->texts[3 * d] : "Sigmoid";
        const OnnxAttribute *beta = onnx_attribute(node, "activation_beta");
        if (strcmp(gate, "Sigmoid") && (strcmp(gate, "HardSigmoid") || beta))
            return cannot(importer, "input_forget = 1 with %s: f is 1 - i, which no layer has but for Sigmoid", gate);
    }
    if (cell->coupled)
        draft_note(importer->draft,
                   "input_forget couples gates: the forget gate has the weights of the input gate, negated.");
    return true;
}

/* ---- states ---- */

/* {0.5, 0, -0.5}: the same for each row of the batch; NULL with a message. */
static const char *constant_state(Cell *cell, const Array *array, int direction)
{
    Arena *arena = cell->importer->arena;
    int batch = cell->batch_first ? 0 : 1, first = cell->batch_first ? 1 : 0;
    int64_t strides[ONNX_RANK_MAX];
    char *text = arena_alloc(arena, (size_t)cell->units * NUMBER_WIDTH + 3), *end = text;
    *end++ = '{';
    if (array->rank != 3 || array->shape[2] != cell->units || array->shape[first] != cell->directions) {
        cannot(cell->importer, "its initial states have another shape");
        return NULL;
    }
    array_strides(array, strides);
    for (int64_t u = 0; u < cell->units; u++) {
        double number = 0;
        for (int64_t b = 0; b < (array->uniform ? 1 : array->shape[batch]); b++) {
            double one = array_at(array, (size_t)(direction * strides[first] + b * strides[batch] + u));
            if (b && one != number) {
                cannot(cell->importer, "its initial states are constants of their own for each row of the batch");
                return NULL;
            }
            number = one;
        }
        end += sprintf(end, "%s%s", u ? ", " : "", lua_number(arena, number));
    }
    *end = '}';
    return text;
}

static bool add_constant_states(Cell *cell)
{
    static const char *const names[] = { "h", "c" };
    Arena *arena = cell->importer->arena;
    for (int d = 0; d < cell->directions; d++) {
        const char *text = "";
        for (int s = 0; s < cell->kind->states; s++) {
            const Array *array = input_array(cell->importer, 5 + s);
            if (!array || all_are(array, 0))
                continue;
            const char *state = constant_state(cell, array, d);
            if (!state)
                return false;
            text = arena_format(arena, "%s%s%s = %s", text, *text ? ", " : "", names[s], state);
        }
        if (*text)
            draft_argument(cell->importer->draft, cell->loop->inner[d], "initial_state",
                           arena_format(arena, "{%s}", text));
    }
    return true;
}

/* [directions, batch, units], or the batch first, as flows of units. */
static bool read_state(Cell *cell, int i, int direction)
{
    Importer *importer = cell->importer;
    Value *value = input_value(importer, i);
    int axis = cell->batch_first ? 1 : 0;
    Flow part;
    if (value->part_count == cell->directions && value->axis == axis && cell->directions == 2) {
        part = *value->parts[direction];
    } else {
        Flow *whole = input_flow(importer, i);
        if (!whole || whole->rank != 3)
            return cannot(importer, "its initial states have another shape");
        part = *whole;
        if (!flow_select(importer, &part, axis, direction, 1, 1))
            return false;
    }
    if (part.rank != 3 || !flow_remove(importer, &part, axis) || !flow_arrange(importer, &part, (int[]){ 0, 1 }, 2))
        return false;
    if (part.atoms[1].size != cell->units)
        return cannot(importer, "its initial states have another shape");
    step_read(importer, cell->step, part.ref);
    cell->step->initial_count++;
    return true;
}

static bool add_initial_states(Cell *cell)
{
    Importer *importer = cell->importer;
    int flows = 0, constants = 0;
    for (int s = 0; s < cell->kind->states; s++) {
        const Value *value = input_value(importer, 5 + s);
        constants += !value || value->array;
        flows += value && !value->array;
    }
    if (!flows)
        return add_constant_states(cell);
    if (constants)
        return cannot(importer, "one of its initial states is computed, and the other one is a constant");
    for (int d = 0; d < cell->directions; d++)
        for (int s = 0; s < cell->kind->states; s++)
            if (!read_state(cell, 5 + s, d))
                return false;
    return true;
}

/* ---- lengths ---- */

static Step *input_step(Step *step)
{
    while (step->from_count)
        step = step->from[0].step;
    return step;
}

static bool add_lengths(Cell *cell)
{
    Importer *importer = cell->importer;
    const Array *array = input_array(importer, 4);
    if (!input_value(importer, 4))
        return true;
    if (array && (all_are(array, (double)cell->x.atoms[1].size)))
        return true;
    if (array)
        return cannot(importer, "its sequence_lens are constants, and shorter than the sequence");
    const Flow *flow = input_flow(importer, 4);
    if (!flow)
        return false;
    if (strcmp(flow->ref.step->layer->kind, importer->draft->catalogue->input))
        return cannot(importer, "its sequence_lens are computed, and would have to be an input");
    Step *input = input_step(cell->x.ref.step);
    bool said = false;
    for (int i = 0; i < input->layer->argument_count; i++)
        said |= input->layer->arguments[i].name && !strcmp(input->layer->arguments[i].name, "lengths");
    if (!said) {
        step_argument(importer, input, "lengths", "true");
        draft_note(importer->draft, "%s of the file is how many steps of each sample count: the lengths of its Input.",
                   importer->node->inputs[4]);
    }
    cell->loop->has_lengths = true;
    return true;
}

/* ---- what it puts out ---- */

/* The axes of Y, or of a state, by their places in layout 0. */
static void place_axes(const Cell *cell, Flow *flow, const Axis *axes, int rank)
{
    static const int batch_first[2][4] = { { 1, 0, 2 }, { 2, 0, 1, 3 } };
    flow->rank = rank;
    for (int i = 0; i < rank; i++)
        flow->axes[i] = axes[cell->batch_first ? batch_first[rank == 4][i] : i];
}

static void put_sequence(Cell *cell)
{
    bool both = cell->directions == 2;
    const Axis axes[] = { { 1, { 1 } }, { both, { 2 } }, { 1, { 0 } }, { 1, { both ? 3 : 2 } } };
    Flow flow = { .ref = { cell->step, OUTPUT }, .atom_count = both ? 4 : 3, .alone = true,
                  .atoms = { cell->x.atoms[0], cell->x.atoms[1], extent_of(both ? 2 : cell->units),
                             extent_of(cell->units) } };
    place_axes(cell, &flow, axes, 4);
    if (!cell->loop->forward)
        flow_reverse(cell->importer, &flow);
    set_flow(cell->importer, 0, flow);
}

static void put_states(Cell *cell, int output)
{
    static const Axis axes[] = { { 0, { 0 } }, { 1, { 0 } }, { 1, { 1 } } };
    Value value = { .parts = arena_array(cell->importer->arena, Flow *, 2), .part_count = cell->directions,
                    .axis = cell->batch_first ? 1 : 0 };
    for (int d = 0; d < cell->directions; d++) {
        Flow *flow = value.parts[d] = arena_new(cell->importer->arena, Flow);
        *flow = (Flow){ .ref = { cell->step, d * cell->kind->states + output - 1 }, .atom_count = 2, .alone = true,
                        .atoms = { cell->x.atoms[0], extent_of(cell->units) } };
        place_axes(cell, flow, axes, 3);
    }
    if (cell->directions == 1)
        set_flow(cell->importer, output, *value.parts[0]);
    else
        set_value(cell->importer, output, value);
}

/* ---- all of it ---- */

static bool make_step(Cell *cell)
{
    Importer *importer = cell->importer;
    Extent shape[] = { cell->x.atoms[1], extent_of(cell->units * cell->directions) };
    const char *direction = onnx_text(importer->node, "direction", "forward");
    cell->loop = arena_new(importer->arena, Loop);
    cell->loop->forward = strcmp(direction, "reverse") != 0;
    cell->loop->backward = strcmp(direction, "forward") != 0;
    cell->loop->state_count = cell->kind->states;
    cell->step = step_new(importer, cell->directions == 2 ? "Bidirectional" : cell->kind->layer, 2, shape);
    cell->step->loop = cell->loop;
    for (int d = 0; d < cell->directions; d++) {
        DraftLayer *inner = cell->directions == 1 ? cell->step->layer : arena_new(importer->arena, DraftLayer);
        inner->kind = cell->kind->layer;
        cell->loop->inner[d] = inner;
        draft_argument(importer->draft, inner, NULL, arena_format(importer->arena, "%lld", (long long)cell->units));
        if (!strcmp(cell->kind->operation, "GRU") && !cell->reset_after)
            draft_argument(importer->draft, inner, "reset_after", "false");
    }
    step_read(importer, cell->step, cell->x.ref);
    return add_functions(cell) && add_coupling(cell) && add_weights(cell) && add_lengths(cell) &&
           add_initial_states(cell);
}

bool import_recurrent(Importer *importer)
{
    Cell cell = { .importer = importer };
    const OnnxNode *node = importer->node;
    Flow *x = input_flow(importer, 0);
    const Array *kernel = input_array(importer, 1);
    for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++)
        if (!strcmp(node->operation, kinds[k].operation))
            cell.kind = &kinds[k];
    if (!x || x->rank != 3)
        return cannot(importer, "what it reads has %d axes, and not 3", x ? x->rank : 0);
    if (!kernel || kernel->rank != 3 || kernel->shape[1] % cell.kind->gates || kernel->shape[1] < cell.kind->gates)
        return cannot(importer, "its weights are not constants of three axes");
    cell.units = kernel->shape[1] / cell.kind->gates;
    cell.features = kernel->shape[2];
    cell.directions = strcmp(onnx_text(node, "direction", "forward"), "bidirectional") ? 1 : 2;
    cell.batch_first = onnx_number(node, "layout", 0) != 0;
    cell.reset_after = !strcmp(node->operation, "GRU") && onnx_number(node, "linear_before_reset", 0) != 0;
    cell.x = *x;
    const int order[] = { cell.batch_first ? 0 : 1, cell.batch_first ? 1 : 0, 2 };
    if (onnx_number(node, "hidden_size", (double)cell.units) != (double)cell.units)
        return cannot(importer, "its hidden_size is not that of its weights");
    if (!flow_arrange(importer, &cell.x, order, 3))
        return false;
    if (cell.x.atoms[2].size != cell.features)
        return cannot(importer, "it reads %s features, and its weights are of %lld",
                      extent_text(importer->arena, cell.x.atoms[2]), (long long)cell.features);
    if (!make_step(&cell))
        return false;
    put_sequence(&cell);
    for (int output = 1; output <= cell.kind->states; output++)
        put_states(&cell, output);
    return !importer->failed;
}
