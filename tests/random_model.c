/* random_model.c: in: a seed.  out: a description that is legal: the shape on the way decides which layers may follow. */
#include "random_model.h"
#include "custom_models.h"

#include "compiler/base/out.h"
#include "runtime/lstmc_random.h"

#include <stdio.h>
#include <string.h>

enum { MOST_ELEMENTS = 120 };       /* of one sample on the way */

typedef struct Writer {
    uint64_t seed, drawn;
    Out text;
    int steps, features;            /* steps 0: a vector */
    int layers;
} Writer;

static int below(Writer *w, int bound)
{
    return (int)(lstmc_random_bits(w->seed, 77, 0, w->drawn++) % (uint64_t)bound);
}

static int between(Writer *w, int low, int high)
{
    return low + below(w, high - low + 1);
}

static bool chance(Writer *w, int percent)
{
    return below(w, 100) < percent;
}

static const char *activation(Writer *w)
{
    static const char *const names[] = { "linear", "tanh", "sigmoid", "relu", "relu6", "leaky_relu", "elu", "selu", "gelu", "softplus", "softsign",
                                         "softmax", "log_softmax", "hard_sigmoid", "hard_sigmoid_keras2", "hard_silu", "silu", "mish" };
    return names[below(w, sizeof names / sizeof *names)];
}

PRINTF_LIKE(2, 3) static void say(Writer *w, const char *format, ...)
{
    char text[200];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    put_raw(&w->text, text);
}

static void open_layer(Writer *w, const char *name)
{
    say(w, "  %s{", name);
    w->layers++;
}

static void flag(Writer *w, int percent, const char *argument)
{
    if (chance(w, percent))
        say(w, ", %s", argument);
}

static void close_layer(Writer *w, bool has_arguments)
{
    if (chance(w, 12))
        say(w, "%strainable = false", has_arguments ? ", " : "");
    say(w, "},\n");
}

static void named(Writer *w, int percent, const char *argument)
{
    if (chance(w, percent))
        say(w, ", %s = \"%s\"", argument, activation(w));
}

/* ---- layers ---- */

static void recurrent(Writer *w)
{
    static const char *const kinds[] = { "LSTM", "GRU", "SimpleRNN", "LSTM", "GRU", "Peephole", "Minimal", "Twin", "Frozen", "Idle" };
    int kind = below(w, chance(w, 30) ? 10 : 5);
    open_layer(w, kinds[kind]);
    w->features = between(w, 1, 9);
    say(w, "%d", w->features);
    bool sequences = chance(w, 60);
    if (sequences)
        say(w, ", return_sequences = true");
    flag(w, 25, "go_backwards = true");
    if (kind < 5) {
        flag(w, 20, "use_bias = false");
        named(w, 30, "activation");
        if (strcmp(kinds[kind], "SimpleRNN"))
            named(w, 30, "recurrent_activation");
        if (!strcmp(kinds[kind], "GRU"))
            flag(w, 40, "reset_after = false");
        if (!strcmp(kinds[kind], "LSTM"))
            flag(w, 20, "unit_forget_bias = false");
    }
    close_layer(w, true);
    if (!sequences)
        w->steps = 0;
}

static void dense(Writer *w)
{
    bool custom = chance(w, 8);
    open_layer(w, custom ? "Squashed" : "Dense");
    w->features = between(w, 1, 9);
    say(w, "%d", w->features);
    if (!custom) {
        named(w, 60, "activation");
        flag(w, 20, "use_bias = false");
    }
    close_layer(w, true);
}

static void dropout(Writer *w)
{
    static const char *const rates[] = { "0", "0.1", "0.25", "0.5", "0.9", "1" };
    open_layer(w, chance(w, 15) ? "Scaled" : "Dropout");
    say(w, "%s", rates[below(w, chance(w, 10) ? 6 : 5)]);
    close_layer(w, true);
}

static void activation_layer(Writer *w)
{
    open_layer(w, "Activation");
    say(w, "\"%s\"", activation(w));
    close_layer(w, true);
}

static void flatten(Writer *w)
{
    if (w->steps * w->features > MOST_ELEMENTS)
        return;
    open_layer(w, "Flatten");
    close_layer(w, false);
    w->features *= w->steps > 0 ? w->steps : 1;
    w->steps = 0;
}

static void repeat(Writer *w)
{
    int n = between(w, 1, 5);
    if (n * w->features > MOST_ELEMENTS)
        return;
    open_layer(w, "RepeatVector");
    say(w, "%d", n);
    close_layer(w, true);
    w->steps = n;
}

static void convolution(Writer *w)
{
    int kernel = between(w, 1, w->steps < 3 ? w->steps : 3), strides = between(w, 1, 2);
    int dilation = kernel > 1 && 2 * (kernel - 1) < w->steps ? between(w, 1, 2) : 1;
    open_layer(w, "Convolution");
    w->features = between(w, 1, 6);
    say(w, "%d, %d, %d, %d", w->features, kernel, strides, dilation);
    close_layer(w, true);
    w->steps = (w->steps - dilation * (kernel - 1) - 1) / strides + 1;
}

static void over_time(Writer *w)
{
    int which = below(w, 4);
    if (which == 0) {
        convolution(w);
    } else if (which == 1) {
        int size = between(w, 1, w->steps < 3 ? w->steps : 3);
        open_layer(w, "Pooling");
        say(w, "%d", size);
        flag(w, 50, "slope = -0.7");
        close_layer(w, true);
        w->steps /= size;
    } else {
        open_layer(w, which == 2 ? "Attention" : "Positions");
        close_layer(w, false);
        w->steps = which == 2 ? 0 : w->steps;
    }
}

static void layer(Writer *w)
{
    int which = below(w, 100);
    bool sequence = w->steps > 0;
    if (which < 45 && sequence)
        recurrent(w);
    else if (which < 53 && sequence)
        over_time(w);
    else if (which < 58 && (sequence || chance(w, 10)))
        flatten(w);
    else if (which < 66 && !sequence)
        repeat(w);
    else if (which < 76)
        dropout(w);
    else if (which < 82)
        activation_layer(w);
    else
        dense(w);
}

/* ---- ends ---- */

static void beginning(Writer *w)
{
    w->steps = chance(w, 80) ? between(w, 3, 7) : chance(w, 50) ? between(w, 1, 2) : 0;
    w->features = between(w, 1, 7);
    if (w->steps > 0 && chance(w, 35)) {
        say(w, "  Input{%d},\n", w->steps);
        open_layer(w, "Embedding");
        say(w, "%d, %d", between(w, 1, 12), w->features);
        close_layer(w, true);
    } else if (w->steps > 0) {
        say(w, "  Input{%d, %d},\n", w->steps, w->features);
    } else {
        say(w, "  Input{%d},\n", w->features);
    }
}

static void loss(Writer *w)
{
    bool smooth = chance(w, 30);
    const char *logits = chance(w, 30) ? "from_logits = true, " : "";
    switch (below(w, 9)) {
    case 0: return;                     /* the caller's own */
    case 1: say(w, "  loss = \"mae\",\n"); return;
    case 2: say(w, "  loss = Huber{delta = 0.%d},\n", between(w, 1, 9)); return;
    case 3:
        say(w, "  Dense{%d, activation = \"%s\"},\n", between(w, 1, 4), *logits ? "linear" : chance(w, 80) ? "sigmoid" : "hard_sigmoid");
        say(w, "  loss = BinaryCrossentropy{%slabel_smoothing = %s},\n", logits, smooth ? "0.1" : "0");
        return;
    case 4:
        say(w, "  Dense{%d, activation = \"%s\"},\n", between(w, 2, 5), *logits ? "linear" : chance(w, 80) ? "softmax" : "softplus");
        say(w, "  loss = CategoricalCrossentropy{%slabel_smoothing = %s},\n", logits, smooth ? "0.2" : "0");
        return;
    case 5:
    case 6:
        say(w, "  Dense{%d, activation = \"%s\"},\n", between(w, 2, 5), *logits ? "linear" : chance(w, 80) ? "softmax" : "sigmoid");
        say(w, "  loss = SparseCategoricalCrossentropy{%s},\n", *logits ? "from_logits = true" : "");
        return;
    default: say(w, "  loss = \"mse\",\n"); return;
    }
}

char *random_model(Arena *arena, uint64_t seed)
{
    Writer w = { .seed = seed };
    int batch = between(&w, 1, 5), shards = batch > 1 ? between(&w, 1, 2) : 1;
    say(&w, "return Sequential{ name = \"random\", batch_size = %d, shards = %d,\n", batch * shards, shards);
    beginning(&w);
    int count = between(&w, 1, 5);
    for (int tries = 0; tries < 3 * count && w.layers < count; tries++)
        layer(&w);
    if (w.layers == 0)
        dense(&w);
    loss(&w);
    say(&w, "}\n");
    char *text = custom_description(arena, w.text.text);
    out_free(&w.text);
    return text;
}
