/* dropin_models.c: the models that test generated code as its users meet it. */
#include "dropin_models.h"

#include "compiler/passes/passes.h"

/* Together: every layer, every loss from logits and from probabilities, every kind of activation, frozen layers, regularizers, both directions,
 * every way of unrolling. Small, because compilers are slow under sanitizers. */
static const struct { const char *name, *text; int unroll; bool input_gradient; } models[] = {
    { "tokens", "Input{4}, Embedding{7, 3}, LSTM{3, return_sequences = true}, Dropout{0.3}, GRU{2}, Dense{3, activation = 'softmax'}, "
                "loss = 'sparse_categorical_crossentropy', optimizer = SGD{0.1, momentum = 0.9, nesterov = true, clipnorm = 1}",
      UNROLL_NONE, false },
    { "series", "Input{5, 3}, SimpleRNN{4, return_sequences = true, go_backwards = true, activation = 'softsign'}, "
                "LSTM{3, use_bias = false, recurrent_activation = 'hard_sigmoid'}, Dense{2, activation = 'tanh', kernel_regularizer = 'l2'}, loss = 'mse'",
      UNROLL_NONE, true },
    { "coder",  "Input{3, 2}, GRU{2, reset_after = false}, RepeatVector{3}, LSTM{1, return_sequences = true, activation = 'elu'}, "
                "Dense{2, activation = 'softmax'}, loss = CategoricalCrossentropy{label_smoothing = 0.1}, optimizer = AdamW{}",
      UNROLL_FULL, true },
    { "binary", "Input{4, 3}, Dense{3, activation = 'relu', trainable = false}, GRU{3, return_sequences = true, go_backwards = true}, Flatten{}, "
                "Dense{2, activation = 'sigmoid'}, loss = 'binary_crossentropy', optimizer = RMSprop{momentum = 0.5, centered = true}",
      2, false },
    { "zoo",    "Input{6}, Dense{6, activation = 'relu6'}, Activation{'leaky_relu'}, Activation{'selu'}, Activation{'gelu'}, Activation{'softplus'}, "
                "Activation{'exponential'}, Activation{'log_softmax'}, Activation{'hard_silu'}, Activation{'silu'}, Activation{'mish'}, "
                "Activation{'hard_sigmoid_keras2'}, Dropout{0.2}, Dense{3}, loss = Huber{delta = 0.3}, optimizer = Adam{amsgrad = true}",
      UNROLL_NONE, true },
    { "frozen", "Input{6}, Embedding{9, 4, trainable = false}, LSTM{3, unit_forget_bias = false, trainable = false}, Dense{2}, loss = 'mae'",
      UNROLL_NONE, false },
    { "logits", "Input{4, 5}, GRU{3, use_bias = false}, Dense{3}, loss = SparseCategoricalCrossentropy{from_logits = true}", UNROLL_AUTO, false },
    { "own",    "Input{4, 2}, SimpleRNN{3, return_sequences = true}, Dense{2, activation = 'tanh'}", UNROLL_AUTO, false },
    { "wide",   "Input{3, 9}, LSTM{11, return_sequences = true}, GRU{8}, Dense{17, activation = 'tanh'}, Dense{9, activation = 'softmax'}, "
                "loss = 'categorical_crossentropy'", UNROLL_AUTO, true },
};

enum { MODELS = sizeof models / sizeof *models };

const char *dropin_open_with(struct workshop *shop, const CompileOptions *common, const char *suffix)
{
    const char *names[MODELS + 1] = { NULL }, *files = "";
    workshop_open(shop);
    for (int i = 0; i < MODELS; i++) {
        CompileOptions options = *common;
        options.unroll = models[i].unroll;
        options.input_gradient = models[i].input_gradient;
        workshop_model(shop, models[i].name, models[i].text, &options);
        names[i] = models[i].name;
        files = arena_format(shop->arena, "%s%s%s ", files, models[i].name, suffix);
    }
    workshop_list(shop, names);
    return files;
}

const char *dropin_open(struct workshop *shop, int lanes, const char *suffix)
{
    const Target *target = target_with_lanes(target_find(lanes > 1 ? "vector" : "plain"), lanes);
    return dropin_open_with(shop, &(CompileOptions){ .target = target }, suffix);
}

const char *dropin_open_dispatching(struct workshop *shop, int lanes, const char *suffix)
{
    return dropin_open_with(shop, &(CompileOptions){ .target = target_with_lanes(target_find("vector"), lanes), .dispatch = true }, suffix);
}
