/* word_window.c: convolve and pool: what reads windows of one or two leading axes; the last axis is the channels. */
#include "words.h"

typedef struct Plane {              /* the leading axes; a second one that is not there is 1 */
    int extent[2];
    size_t channels;
} Plane;

static Plane plane_of(const Value *value, int axes)
{
    return (Plane){ { value->shape.extent[0], axes > 1 ? value->shape.extent[1] : 1 },
                    (size_t)value->shape.extent[axes] };
}

static int taps_of(const Window *window)
{
    return window->size[0] * (window->axes > 1 ? window->size[1] : 1);
}

/* Where position `out` reads with tap `tap`, in `from`; -1: in the padding. */
static long source_of(const Window *window, const Plane *from, const Plane *to, size_t out, int tap)
{
    int width = window->axes > 1 ? window->size[1] : 1;
    int at[2] = { (int)(out / (size_t)to->extent[1]), (int)(out % (size_t)to->extent[1]) };
    int taps[2] = { tap / width, tap % width };
    for (int a = 0; a < window->axes; a++) {
        at[a] = at[a] * window->strides[a] + taps[a] * window->dilation[a] - window->before[a];
        if (at[a] < 0 || at[a] >= from->extent[a])
            return -1;
    }
    return (long)at[0] * from->extent[1] + at[1];
}

/* The shape of what windows of x give; rank 0: they do not fit. */
static Shape windows_of(const Value *x, const Window *window, int channels)
{
    Shape shape = { window->axes + 1, { 0 } };
    if (x->shape.rank != window->axes + 1 || window->axes < 1 || window->axes > 2)
        return (Shape){ 0 };
    for (int a = 0; a < window->axes; a++) {
        int reach = (window->size[a] - 1) * window->dilation[a] + 1;
        int whole = x->shape.extent[a] + window->before[a] + window->after[a];
        if (window->size[a] < 1 || window->strides[a] < 1 || window->dilation[a] < 1 || whole < reach)
            return (Shape){ 0 };
        shape.extent[a] = (whole - reach) / window->strides[a] + 1;
    }
    shape.extent[window->axes] = channels;
    return shape;
}

Window keras_window(const Value *x, int axes, const int *size, const int *strides, const int *dilation,
                    const char *padding)
{
    Window window = { .axes = axes };
    for (int a = 0; a < axes; a++) {
        int extent = x && a < x->shape.rank ? x->shape.extent[a] : 1;
        window.size[a] = size[a];
        window.strides[a] = strides ? strides[a] : 1;
        window.dilation[a] = dilation ? dilation[a] : 1;
        int reach = (window.size[a] - 1) * window.dilation[a] + 1;
        if (!strcmp(padding, "causal"))
            window.before[a] = reach - 1;
        if (strcmp(padding, "same"))
            continue;
        int total = (extent - 1) / window.strides[a] * window.strides[a] + reach - extent;
        window.before[a] = total > 0 ? total / 2 : 0;
        window.after[a] = total > 0 ? total - total / 2 : 0;
    }
    return window;
}

/* What an argument says along each axis, in one number or in a list of them; `otherwise` if it says nothing. */
static void read_axes(const Layer *layer, const char *name, int axes, const int *otherwise, int *sizes)
{
    int one = (int)layer_number(layer, name, 0);
    if (layer_list(layer, name, sizes, axes) == axes)
        return;
    for (int a = 0; a < axes; a++)
        sizes[a] = one > 0 ? one : otherwise[a];
}

Window layer_window(const Layer *layer, const Value *x, const char *size_name)
{
    static const int ones[2] = { 1, 1 };
    int size[2], strides[2], dilation[2], axes = x->shape.rank - 1 < 2 ? 1 : 2;
    read_axes(layer, size_name, axes, ones, size);
    read_axes(layer, "strides", axes, size, strides);
    read_axes(layer, "dilation_rate", axes, ones, dilation);
    return keras_window(x, axes, size, strides, dilation, layer_text(layer, "padding"));
}

/* ---- convolve ---- */

/* Calls back for all pairs of a window's row of channels, of the input, and the row of filters that it gives. */
typedef void Pair(Interpreter *it, const Run *run, Node *node, size_t from, size_t to, int tap);

static void for_all_windows(Interpreter *it, const Run *run, Node *node, Pair *pair)
{
    Plane from = plane_of(node->in[0], node->window.axes), to = plane_of(node->out, node->window.axes);
    size_t places = (size_t)to.extent[0] * (size_t)to.extent[1];
    size_t sources = (size_t)from.extent[0] * (size_t)from.extent[1];
    for (size_t row = 0; row < (size_t)it->rows; row++)
        for (size_t out = 0; out < places; out++)
            for (int tap = 0; tap < taps_of(&node->window); tap++) {
                long source = source_of(&node->window, &from, &to, out, tap);
                if (source >= 0)
                    pair(it, run, node, (row * sources + (size_t)source) * from.channels,
                         (row * places + out) * to.channels, tap);
            }
}

typedef struct Block {              /* of a group: channels read and filters made, and the kernel between them */
    size_t channels, filters, channel, filter;
} Block;

static Block block_of(const Node *node, int group)
{
    size_t filters = node->kernel.columns / (size_t)node->groups;
    size_t channels = (size_t)node->in[0]->shape.extent[node->window.axes] / (size_t)node->groups;
    return (Block){ channels, filters, (size_t)group * channels, (size_t)group * filters };
}

static size_t kernel_at(const Node *node, const Block *b, int tap, size_t channel)
{
    return ((size_t)tap * b->channels + channel) * node->kernel.stride + b->filter;
}

static void convolve_pair(Interpreter *it, const Run *run, Node *node, size_t from, size_t to, int tap)
{
    (void)run;
    for (int group = 0; group < node->groups; group++) {
        Block b = block_of(node, group);
        const REAL *x = values_of(node->in[0]) + from + b.channel;
        REAL *y = values_of(node->out) + to + b.filter;
        for (size_t c = 0; c < b.channels; c++) {
            const REAL *kernel = weight_at(it, node->kernel) + kernel_at(node, &b, tap, c);
            for (size_t f = 0; f < b.filters; f++)
                y[f] += x[c] * kernel[f];
        }
    }
}

static size_t filters_of(const Node *node)
{
    return (size_t)node->out->shape.extent[node->out->shape.rank - 1];
}

void begin_with_bias(Interpreter *it, Node *node)
{
    const REAL *bias = weight_at(it, node->bias);
    REAL *y = values_of(node->out);
    for (size_t i = 0; i < (size_t)it->rows * node->out->count; i++)
        y[i] = bias ? bias[i % filters_of(node)] : 0;
}

void add_bias_gradient(Interpreter *it, const Run *run, Node *node)
{
    REAL *d_bias = gradient_at(it, run, node->bias);
    size_t filters = filters_of(node);
    if (d_bias)
        add_column_sums((Rows){ adjoint_of(node->out), filters }, (size_t)it->rows * node->out->count / filters,
                        filters, d_bias);
}

static void convolve_forward(Interpreter *it, const Run *run, Node *node)
{
    begin_with_bias(it, node);
    for_all_windows(it, run, node, convolve_pair);
}

static void convolve_pair_backward(Interpreter *it, const Run *run, Node *node, size_t from, size_t to, int tap)
{
    REAL *d_x = adjoint_of(node->in[0]), *d_kernel = gradient_at(it, run, node->kernel);
    for (int group = 0; group < node->groups; group++) {
        Block b = block_of(node, group);
        const REAL *x = values_of(node->in[0]) + from + b.channel, *d_y = adjoint_of(node->out) + to + b.filter;
        for (size_t c = 0; c < b.channels; c++) {
            size_t at = kernel_at(node, &b, tap, c);
            const REAL *kernel = weight_at(it, node->kernel) + at;
            for (size_t f = 0; f < b.filters; f++) {
                if (d_x)
                    d_x[from + b.channel + c] += d_y[f] * kernel[f];
                if (d_kernel)
                    d_kernel[at + f] += d_y[f] * x[c];
            }
        }
    }
}

static void convolve_backward(Interpreter *it, const Run *run, Node *node)
{
    add_bias_gradient(it, run, node);
    for_all_windows(it, run, node, convolve_pair_backward);
}

static const Word word_convolve = { "convolve", convolve_forward, convolve_backward };

Value *convolve(Composition *c, Value *x, Weight kernel, Weight bias, Window window, int groups)
{
    if (!x || c->wrong)
        return composition_refuse(c, "a value is missing");
    Shape shape = windows_of(x, &window, (int)kernel.columns);
    if (!shape.rank)
        return composition_refuse(c, "the window does not fit");
    size_t channels = (size_t)x->shape.extent[window.axes];
    if (groups < 1 || channels % (size_t)groups || kernel.columns % (size_t)groups || !kernel.tensor ||
        kernel.rows != (size_t)taps_of(&window) * (channels / (size_t)groups))
        return composition_refuse(c, "the kernel must be (size..., channels / groups, filters)");
    if (bias.tensor && bias.columns != kernel.columns)
        return composition_refuse(c, "the bias must be (filters)");
    Node *node = new_node(c, &word_convolve, &x, 1, shape);
    if (!node)
        return NULL;
    node->kernel = kernel;
    node->bias = bias;
    node->window = window;
    node->groups = groups;
    return node->out;
}

/* ---- pool ---- */

/* The numbers of x that number `to` of the result is made from, as places in x; their count. `all`: room for them. */
static size_t members(const Node *node, size_t to, size_t *all)
{
    Plane from = plane_of(node->in[0], node->window.axes), into = plane_of(node->out, node->window.axes);
    size_t count = 0;
    for (int tap = 0; tap < taps_of(&node->window); tap++) {
        long source = source_of(&node->window, &from, &into, to / into.channels, tap);
        if (source >= 0)
            all[count++] = (size_t)source * from.channels + to % into.channels;
    }
    return count;
}

/* Numbers that are equal to the last bit are so on purpose, as behind a ReLU: there is no kink between them. */
static void note_order(Interpreter *it, double difference)
{
    if (difference != 0)
        note_kink(it, difference);
}

/* The first of the largest. */
static size_t largest_of(Interpreter *it, const REAL *x, const size_t *all, size_t count, bool notes)
{
    size_t best = all[0];
    for (size_t i = 1; i < count; i++) {
        if (notes)
            note_order(it, (double)(x[all[i]] - x[best]));
        if (x[all[i]] > x[best])
            best = all[i];
    }
    return best;
}

static void pool_forward(Interpreter *it, const Run *run, Node *node)
{
    (void)run;
    size_t from = node->in[0]->count, to = node->out->count, *all = node->members;
    for (size_t i = 0; i < to; i++) {
        size_t count = members(node, i, all);
        for (size_t row = 0; row < (size_t)it->rows; row++) {
            const REAL *x = values_of(node->in[0]) + row * from;
            REAL sum = 0;
            for (size_t k = 0; k < count && node->how == POOL_AVERAGE; k++)
                sum += x[all[k]];
            values_of(node->out)[row * to + i] = node->how == POOL_AVERAGE ? sum / (REAL)count
                                                                            : x[largest_of(it, x, all, count, true)];
        }
    }
}

static void pool_backward(Interpreter *it, const Run *run, Node *node)
{
    (void)run;
    size_t from = node->in[0]->count, to = node->out->count, *all = node->members;
    REAL *d_x = adjoint_of(node->in[0]);
    for (size_t i = 0; d_x && i < to; i++) {
        size_t count = members(node, i, all);
        for (size_t row = 0; row < (size_t)it->rows; row++) {
            REAL d_y = adjoint_of(node->out)[row * to + i];
            if (node->how == POOL_MAXIMUM)
                d_x[row * from + largest_of(it, values_of(node->in[0]) + row * from, all, count, false)] += d_y;
            for (size_t k = 0; k < count && node->how == POOL_AVERAGE; k++)
                d_x[row * from + all[k]] += d_y / (REAL)count;
        }
    }
}

static const Word word_pool = { "pool", pool_forward, pool_backward };

Value *pool(Composition *c, Value *x, enum Pool how, Window window)
{
    if (!x || c->wrong)
        return composition_refuse(c, "a value is missing");
    Shape shape = windows_of(x, &window, x->shape.extent[x->shape.rank - 1]);
    for (int a = 0; shape.rank && a < window.axes; a++)
        if (window.before[a] >= window.size[a] || window.after[a] >= window.size[a])
            shape.rank = 0;                 /* a window of padding alone has neither a largest nor a mean */
    if (!shape.rank)
        return composition_refuse(c, "the window does not fit");
    Node *node = new_node(c, &word_pool, &x, 1, shape);
    if (!node)
        return NULL;
    node->how = (int)how;
    node->window = window;
    node->members = interpreter_room(c->it, (size_t)taps_of(&window), sizeof *node->members);
    return node->out;
}

/* ---- pool all: over every axis but the last ---- */

static bool is_kept(const Node *node, size_t row, size_t place)
{
    const Value *mask = node->in_count > 1 ? node->in[1] : NULL;
    return !mask || values_of(mask)[row * mask->count + place] != 0;
}

static void pool_all_forward(Interpreter *it, const Run *run, Node *node)
{
    (void)run;
    size_t width = node->out->count, places = node->in[0]->count / width;
    for (size_t row = 0; row < (size_t)it->rows; row++)
        for (size_t k = 0; k < width; k++) {
            const REAL *x = values_of(node->in[0]) + row * places * width + k;
            REAL sum = 0, kept = 0;
            for (size_t p = 0; p < places; p++) {
                if (node->how == POOL_AVERAGE && is_kept(node, row, p))
                    sum += x[p * width], kept += 1;
                if (node->how == POOL_MAXIMUM && p > 0)
                    note_order(it, (double)(x[p * width] - sum));
                if (node->how == POOL_MAXIMUM && (p == 0 || x[p * width] > sum))
                    sum = x[p * width];
            }
            values_of(node->out)[row * width + k] = node->how == POOL_MAXIMUM ? sum : kept > 0 ? sum / kept : 0;
        }
}

static void pool_all_backward(Interpreter *it, const Run *run, Node *node)
{
    (void)run;
    size_t width = node->out->count, places = node->in[0]->count / width;
    REAL *d_x = adjoint_of(node->in[0]);
    for (size_t row = 0; d_x && row < (size_t)it->rows; row++)
        for (size_t k = 0; k < width; k++) {
            const REAL *x = values_of(node->in[0]) + row * places * width + k;
            REAL d_y = adjoint_of(node->out)[row * width + k], kept = 0;
            size_t best = 0;
            for (size_t p = 0; p < places; p++) {
                kept += is_kept(node, row, p);
                best = x[p * width] > x[best * width] ? p : best;
            }
            if (node->how == POOL_MAXIMUM)
                d_x[(row * places + best) * width + k] += d_y;
            for (size_t p = 0; p < places && node->how == POOL_AVERAGE; p++)
                if (is_kept(node, row, p))
                    d_x[(row * places + p) * width + k] += d_y / kept;
        }
}

static const Word word_pool_all = { "pool all", pool_all_forward, pool_all_backward };

Value *pool_all(Composition *c, Value *x, enum Pool how, Value *mask)
{
    if (!x || c->wrong)
        return composition_refuse(c, "a value is missing");
    int last = x->shape.rank - 1;
    if (last < 1 || (mask && mask->count != x->count / (size_t)x->shape.extent[last]))
        return composition_refuse(c, "it needs a sequence, and a mask one number for each step");
    Node *node = new_node(c, &word_pool_all, (Value *[]){ x, mask }, mask && how == POOL_AVERAGE ? 2 : 1,
                          (Shape){ 1, { x->shape.extent[last] } });
    if (node)
        node->how = (int)how;
    return node ? node->out : NULL;
}
