/* export_recurrent.c: in: SimpleRNN, LSTM, GRU, alone or in both directions.  out: nn.RNN, nn.LSTM, nn.GRU. */
#include "export.h"

#include <string.h>

typedef struct Cell {
    const char *kind;               /* "LSTM" */
    const char *torch;              /* "nn.LSTM" */
    int gates;
} Cell;

static const Cell cells[] = { { "SimpleRNN", "nn.RNN", 1 }, { "LSTM", "nn.LSTM", 4 }, { "GRU", "nn.GRU", 3 } };

static const Cell *cell_of(const Layer *layer)
{
    for (size_t i = 0; i < sizeof cells / sizeof *cells; i++)
        if (!strcmp(cells[i].kind, layer->kind))
            return &cells[i];
    return NULL;
}

static bool is_text(const Layer *layer, const char *argument, const char *text)
{
    const char *found = layer_text(layer, argument);
    return found && !strcmp(found, text);
}

/* What torch's modules do not leave open. */
static void check(TorchExport *to, const Layer *layer, const Cell *cell)
{
    bool simple = cell->gates == 1;
    if (simple ? !is_text(layer, "activation", "tanh") && !is_text(layer, "activation", "relu")
               : !is_text(layer, "activation", "tanh") || !is_text(layer, "recurrent_activation", "sigmoid"))
        torch_cannot(to, layer, "%s has %s", cell->torch, simple ? "tanh or relu" : "tanh and sigmoid");
    if (cell->gates == 3 && !layer_flag(layer, "reset_after"))
        torch_cannot(to, layer, "nn.GRU has the form with reset_after");
    if (!is_text(layer, "initial_state", "zeros"))
        torch_cannot(to, layer, "states begin with zeros there");
    if (layer_flag(layer, "use_peepholes") || layer_number(layer, "cell_clip", 0))
        torch_cannot(to, layer, "nn.LSTM has no peepholes and no clipping");
}

/* r, z, n stand for our z, r, h; i, f, g, o are the same. */
static size_t gate_of(size_t row, size_t units, int gates)
{
    size_t gate = row / units;
    return gates == 3 && gate < 2 ? (1 - gate) * units + row % units : row;
}

/* A kernel [features, gates * units] as [gates * units, features]. */
static void add_matrix(TorchExport *to, const TorchLayer *one, const char *name, const struct lstmc_tensor *weight,
                       int gates)
{
    size_t features = (size_t)weight->shape[0], rows = (size_t)weight->shape[1], shape[2] = { rows, features };
    const float *from = to->weights + weight->offset;
    float *values = torch_tensor(to, one, name, 2, shape);
    for (size_t r = 0; r < rows; r++)
        for (size_t k = 0; k < features; k++)
            values[r * features + k] = from[k * rows + gate_of(r, rows / (size_t)gates, gates)];
}

/* Our one bias is the first of PyTorch's two; those of a GRU are both. */
static void add_bias(TorchExport *to, const TorchLayer *one, const char *name, const struct lstmc_tensor *weight,
                     int gates, size_t row)
{
    size_t rows = (size_t)weight->shape[weight->rank - 1];
    const float *from = to->weights + weight->offset + (weight->rank == 2 ? row * rows : 0);
    float *values = torch_tensor(to, one, name, 1, &rows);
    for (size_t r = 0; r < rows; r++)
        values[r] = weight->rank == 2 || row == 0 ? from[gate_of(r, rows / (size_t)gates, gates)] : 0;
}

static void add_direction(TorchExport *to, const TorchLayer *one, const Layer *layer, const Cell *cell,
                          const char *suffix)
{
    const struct lstmc_tensor *bias = layer_weight(layer, "bias");
    add_matrix(to, one, arena_format(to->arena, "weight_ih_l0%s", suffix), layer_weight(layer, "kernel"), cell->gates);
    add_matrix(to, one, arena_format(to->arena, "weight_hh_l0%s", suffix), layer_weight(layer, "recurrent_kernel"),
               cell->gates);
    for (size_t row = 0; bias && row < 2; row++)
        add_bias(to, one, arena_format(to->arena, "bias_%s_l0%s", row ? "hh" : "ih", suffix), bias, cell->gates, row);
    const struct lstmc_tensor *projection = layer_weight(layer, "projection_kernel");
    if (projection)
        torch_permuted(to, one, arena_format(to->arena, "weight_hr_l0%s", suffix), projection, (int[]){ 1, 0 });
}

static void add_module(TorchExport *to, const TorchLayer *one, const Layer *layer, const Cell *cell, bool both)
{
    const Shape *input = &one->layer->input;
    int projection = (int)layer_number(layer, "projection", 0);
    torch_module(to, one, "%s(%d, %d, batch_first=True%s%s%s%s)", cell->torch, input->extent[input->rank - 1],
                 (int)layer_number(layer, "units", 0), layer_flag(layer, "use_bias") ? "" : ", bias=False",
                 both ? ", bidirectional=True" : "",
                 projection ? arena_format(to->arena, ", proj_size=%d", projection) : "",
                 cell->gates == 1 && is_text(layer, "activation", "relu") ? ", nonlinearity='relu'" : "");
}

/* "lstm_states", which no layer is called. */
static const char *name_of_states(const TorchExport *to, const Layer *layer)
{
    const char *name = arena_format(to->arena, "%s_states", layer->name);
    for (int i = 0; i < to->model->layer_count; i++)
        if (!strcmp(to->model->layers[i].name, name))
            name = arena_format(to->arena, "%s_", name), i = -1;
    return name;
}

/* What PyTorch's module gives beside its output; NULL: nobody asks for it. */
static const char *states_of(TorchExport *to, const TorchLayer *one)
{
    bool both = one->layer->sublayer_count > 0;
    return layer_flag(both ? &one->layer->sublayers[0] : one->layer, "return_state")
        ? name_of_states(to, one->layer) : NULL;
}

/* What the module is called with: x, and what its states begin with, [directions, batch, units], of an LSTM h and c.
 * Keras has the states of one direction, then those of the other. */
static const char *given(TorchExport *to, const TorchLayer *one, const Cell *cell, const char *x)
{
    int states = cell->gates == 4 ? 2 : 1, ways = one->given_count / states;
    const char *text = "";
    for (int state = 0; state < states; state++) {
        const char *rows = "";
        for (int way = 0; way < ways; way++)
            rows = arena_format(to->arena, "%s%s%s", rows, way ? ", " : "", one->given[way * states + state]);
        text = arena_format(to->arena, "%s%storch.stack([%s])", text, state ? ", " : "", rows);
    }
    return !ways ? x : arena_format(to->arena, states > 1 ? "%s, (%s)" : "%s, %s", x, text);
}

static void one_way(TorchExport *to, const TorchLayer *one, const Cell *cell)
{
    const Layer *layer = one->layer;
    const char *x = layer_flag(layer, "go_backwards") ? arena_format(to->arena, "%s.flip(1)", one->x) : one->x;
    const char *states = states_of(to, one);
    add_module(to, one, layer, cell, false);
    add_direction(to, one, layer, cell, "");
    torch_forward(to, "%s, %s = self.%s(%s)", one->y, states ? states : "_", one->module, given(to, one, cell, x));
    if (!layer_flag(layer, "return_sequences"))
        torch_forward(to, "%s = %s[:, -1]", one->y, one->y);
}

/* state = lstm_states[of h and c][of the directions] */
void torch_export_final_state(TorchExport *to, const TorchLayer *one)
{
    const Layer *loop = &to->model->layers[one->layer->from[0]];
    const Cell *cell = cell_of(strcmp(loop->kind, "Bidirectional") ? loop : &loop->sublayers[0]);
    int number = (int)layer_number(one->layer, "number", 0);
    if (!cell)
        return;                                 /* it was said of the layer */
    if (cell->gates == 4)
        torch_forward(to, "%s = %s[%d][%d]", one->y, name_of_states(to, loop), number % 2, number / 2);
    else
        torch_forward(to, "%s = %s[%d]", one->y, name_of_states(to, loop), number);
}

/* The last step of the second direction is where it has begun: its state behind all steps is in the states. */
static void both_ways(TorchExport *to, const TorchLayer *one, const Cell *cell)
{
    const Layer *forward = &one->layer->sublayers[0], *backward = &one->layer->sublayers[1];
    const char *mode = layer_text(one->layer, "merge_mode"), *y = one->y;
    const char *states = states_of(to, one);
    bool same = layer_number(forward, "units", 0) == layer_number(backward, "units", 0);
    if (strcmp(forward->kind, backward->kind) || !same)
        torch_cannot(to, one->layer, "both directions are of one kind and size there");
    if (layer_flag(forward, "go_backwards"))
        torch_cannot(to, one->layer, "the first direction goes forward there");
    add_module(to, one, forward, cell, true);
    add_direction(to, one, forward, cell, "");
    add_direction(to, one, backward, cell, "_reverse");
    if (layer_flag(forward, "return_sequences")) {
        torch_forward(to, "%s, %s = self.%s(%s)", y, states ? states : "_", one->module, given(to, one, cell, one->x));
        if (strcmp(mode, "concat"))
            torch_forward(to, "forward, backward = %s.chunk(2, -1)", y);
    } else {
        const char *last = states ? states : cell->gates == 4 ? "(h, _)" : "h";
        torch_forward(to, "_, %s = self.%s(%s)", last, one->module, given(to, one, cell, one->x));
        if (states)
            torch_forward(to, "h = %s%s", states, cell->gates == 4 ? "[0]" : "");
        torch_forward(to, "forward, backward = h[0], h[1]");
        if (!strcmp(mode, "concat"))
            torch_forward(to, "%s = torch.cat([forward, backward], -1)", y);
    }
    if (!strcmp(mode, "sum"))
        torch_forward(to, "%s = forward + backward", y);
    else if (!strcmp(mode, "mul"))
        torch_forward(to, "%s = forward * backward", y);
    else if (!strcmp(mode, "ave"))
        torch_forward(to, "%s = (forward + backward) / 2", y);
}

void torch_export_recurrent(TorchExport *to, const TorchLayer *one)
{
    bool both = !strcmp(one->layer->kind, "Bidirectional");
    const Layer *layer = both ? &one->layer->sublayers[0] : one->layer;
    const Cell *cell = cell_of(layer);
    if (!cell) {
        torch_cannot(to, one->layer, "PyTorch has no such layer");
        return;
    }
    check(to, layer, cell);
    if (both)
        check(to, &one->layer->sublayers[1], cell);
    if (both)
        both_ways(to, one, cell);
    else
        one_way(to, one, cell);
}
