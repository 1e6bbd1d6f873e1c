/* test_graph.c: layers that are called, y = LSTM{8}(x): skip connections, merges, several inputs, custom layers that read several
 * flows; and what such descriptions may get wrong. */
#include "command.h"
#include "oracles.h"
#include "refusal.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

/* `lines` end in y, the output of a Model with these inputs. */
static char *description_of(Arena *arena, const char *lines, const char *inputs)
{
    return arena_format(arena, "%s\nreturn Model{ inputs = %s, outputs = y, name = 'graph', loss = 'mse', batch_size = 4 }\n",
                        lines, inputs);
}

static void expect_graph(const char *lines, const char *inputs)
{
    Arena *arena = arena_create();
    expect_agreement(description_of(arena, lines, inputs));
    arena_free(arena);
}

static void expect_refusal(const char *lines, const char *inputs, const char *message)
{
    Arena *arena = arena_create();
    expect_not_compiled(strstr(lines, "return") ? lines : description_of(arena, lines, inputs), message);
    arena_free(arena);
}

Test(graph, skips_and_merges)
{
    expect_graph("local x = Input{5, 3}\n"
                 "local h = LSTM{4, return_sequences = true}(x)\n"
                 "local s = Add{}{h, GRU{4, return_sequences = true}(h)}\n"
                 "local y = Dense{2}(SimpleRNN{5}(Concatenate{}{x, s}))", "x");
    expect_graph("local x = Input{6}\n"
                 "local a, b = Dense{9, activation = 'tanh'}(x), Dense{9}(x)\n"
                 "local y = Concatenate{}{Multiply{}{a, b}, Subtract{}{a, b}, Average{}{a, b, Add{}{a, a}}, x}", "x");
    expect_graph("local x = Input{4, 3}\n"
                 "local a, b = Dense{3}(x), Dense{3, activation = 'sigmoid'}(x)\n"
                 "local y = Flatten{}(Concatenate{axis = 1}{Maximum{}{a, b, x}, Minimum{}{a, b}})", "x");
    expect_graph("local x = Input{5}\n"
                 "local e = Embedding{7, 3}(x)\n"
                 "local y = Add{}{LSTM{4}(e), GRU{4, go_backwards = true}(e)}", "x");
}

/* Sums of products along an axis of each, of vectors, sequences and images; cosines. */
Test(graph, dots)
{
    expect_graph("local a, b, c = Input{4, 3, name = 'a'}, Input{6, 3, name = 'b'}, Input{3, name = 'c'}\n"
                 "local p, q, r = Dot{2}(a, b), Dot{{2, 1}, normalize = true}(a, c), Dot{axes = -1, normalize = true}(c, c)\n"
                 "local s = Dot{axes = {1, -1}}(p, LSTM{4, return_sequences = true}(b))\n"
                 "local y = Dense{2}(Concatenate{}{Flatten{}(p), q, r, Flatten{}(s)})", "{a, b, c}");
    expect_graph("local a, b = Input{3, 4, 2, name = 'a'}, Input{2, 5, name = 'b'}\n"
                 "local y = Dense{2}(Flatten{}(Concatenate{axis = 1}{Dot{{3, 1}}(a, b), Dot{{3, 1}, normalize = true}(a, b)}))", "{a, b}");
    expect_graph("local a, b = Input{4, name = 'a'}, Input{4, name = 'b'}\nlocal y = Dot{1}(a, b)", "{a, b}");
}

/* The tensor y of the layer multiply, beside multiply_y of the layer average. */
Test(graph, tensors_side_by_side_have_names_of_their_own)
{
    expect_agreement("local x = Input{1, 1, 2, 1}\n"
                     "return Model{ inputs = x, outputs = Multiply{}{Average{}{x, x}, x}, batch_size = 1 }");
}

Test(graph, several_inputs)
{
    expect_graph("local a, b = Input{5, 3, name = 'series'}, Input{4, name = 'extra'}\n"
                 "local y = Dense{2}(Concatenate{}{LSTM{6}(a), b})", "{a, b}");
    expect_graph("local a, b, c = Input{3}, Input{6, name = 'words'}, Input{4, 2}\n"
                 "local y = Dense{2}(Concatenate{}{GRU{3}(c), a, LSTM{4}(Embedding{9, 2}(b)), a})", "{b, a, c}");
    /* no input is a sequence, and all of them are ids */
    expect_graph("local a, b = Input{3}, Input{3}\nlocal y = Dense{2}(Multiply{}{a, Dense{3}(b)})", "{a, b}");
    expect_graph("local a, b = Input{3}, Input{5}\n"
                 "local y = Dense{2}(Concatenate{}{LSTM{3}(Embedding{5, 2}(a)), SimpleRNN{2}(Embedding{8, 4}(b))})", "{a, b}");
}

/* The same layers twice, as in a siamese network: the weights are there once, and their gradients add. */
Test(graph, layers_are_called_again)
{
    expect_graph("local a, b = Input{5, 3}, Input{5, 3}\n"
                 "local cell, out = LSTM{4}, Dense{3, activation = 'tanh'}\n"
                 "local y = Dense{2}(Concatenate{}{out(cell(a)), out(cell(b)), Subtract{}{cell(a), cell(b)}})", "{a, b}");
    expect_graph("local a, b = Input{5}, Input{3}\n"
                 "local words, drop = Embedding{7, 4}, Dropout{0.25}\n"
                 "local y = Dense{2}(Concatenate{}{GRU{3}(drop(words(a))), SimpleRNN{3}(drop(words(b)))})", "{a, b}");
    expect_graph("layer 'Deep' { layers = function(a, x) return { hidden = Dense{ x.features, activation = 'tanh' } } end,\n"
                 "  call = function(a, w, x) return (w.hidden(x)) end }\n"
                 "local x = Input{4}\nlocal deep = Deep{ trainable = true }\nlocal y = deep(deep(deep(x)))", "x");
    Arena *arena = arena_create();
    char *text = description_of(arena, "local x = Input{4}\nlocal d = Dense{4, name = 'd'}\nlocal y = d(d(x))", "x");
    Description *description = oracle_read(arena, text);
    const Model *model = description_model(description);
    cr_expect_eq(model->descriptor.weight_count, 20);
    cr_expect_eq(model->layers[2].weights[0], model->layers[1].weights[0]);
    cr_expect_str_eq(model->layers[2].shares, "d");
    description_free(description);
    arena_free(arena);
}

/* base(x): a model of its own as a layer, with the same weights each time: graphs, chains, models in them, states and masks. */
Test(graph, models_are_called, .timeout = 180)
{
    expect_graph("local inner = Input{5}\n"
                 "local base = Model{ inputs = inner, outputs = LSTM{4}(Embedding{9, 3, mask_zero = true}(inner)) }\n"
                 "local tail = Sequential{ Dense{6, activation = 'tanh'}, Dense{3} }\n"
                 "local a, b = Input{5, name = 'a'}, Input{5, name = 'b'}\n"
                 "local y = Dense{1}(Multiply{}(tail(base(a)), tail(base(b))))", "{a, b}");
    expect_graph("local u, v = Input{5, 3}, Input{4, 3}\n"
                 "local s, h = GRU{4, return_sequences = true, return_state = true}(u)\n"
                 "local read = Model{ inputs = {u, v}, outputs = {GRU{4}{v, initial_state = h}, s} }\n"
                 "local w, z = Input{5, 3}, Input{4, 3}\nlocal p, q = read{w, z}\n"
                 "local twice = Model{ inputs = {w, z}, outputs = {p, Flatten{}(Dropout{0.2}(q))} }\n"
                 "local a, b = Input{5, 3, name = 'a'}, Input{4, 3, name = 'b'}\n"
                 "local c, d = twice(a, b)\nlocal e = read(Add{}(a, a), b)\nlocal y = Dense{2}(Concatenate{}(c, d, e))", "{a, b}");
    Arena *arena = arena_create();
    /* as in Keras: an encoder is a part of the whole, from the same Input on */
    expect_graph("local x = Input{6, 3}\nlocal h = GRU{2}(x)\nlocal encoder = Model{ inputs = x, outputs = h }\n"
                 "local y = Dense{3}(GRU{4, return_sequences = true}(RepeatVector{6}(h)))", "x");
    Description *description = oracle_read(arena, description_of(arena, "local i = Input{4}\nlocal m = Model{ inputs = i, outputs = Dense{4}(i) }\n"
                                                                        "local x = Input{4}\nlocal y = m(m(m(x)))", "x"));
    cr_expect_eq(description_model(description)->descriptor.weight_count, 20);
    description_free(description);
    arena_free(arena);
}

Test(graph, mistakes_about_models_that_are_called)
{
#define BASE "local i = Input{5, 2}\nlocal m = Model{ inputs = i, outputs = LSTM{4}(i) }\n"
    expect_refusal(BASE "local x = Input{6, 2}\nlocal y = m(x)", "x", "wrong.lua:4: LSTM: the model that is called has an Input{5, 2}, and reads {6, 2}");
    expect_refusal(BASE "local x = Input{5, 2}\nlocal y = m(x, x)", "x", "wrong.lua:4: Model: has 1 input, and is called with 2");
    expect_refusal(BASE "m:compile{ loss = 'mse' }\nlocal x = Input{5, 2}\nlocal y = m(x)", "x",
                   "wrong.lua:3: Model: it is called as a layer, in line 5: \"loss\" goes with the model that is returned");
    expect_refusal("local m = Sequential{ Input{5}, Dense{2} }\nlocal x = Input{6}\nlocal y = m(x)", "x",
                   "wrong.lua:3: Dense: the model that is called has an Input{5}, and reads {6}");
    expect_refusal(BASE "local x = Input{5, 2}\nlocal y = m(3)", "x", "wrong.lua:4: Model: takes what a layer puts out, not 3");
}

/* Each call goes on from what the one before has made of the moving averages, as Keras has it: they follow each other in a batch. */
Test(graph, statistics_of_a_layer_that_is_called_again, .timeout = 120)
{
    static const char *const lines[] = {
        "local x = Input{4, 3}\nlocal b = BatchNormalization{momentum = 0.7}\nlocal y1 = b(x)\nlocal y2 = b(Dense{3}(y1))\n"
        "local y = Concatenate{}(y1, y2, b(Dense{3}(y2)))",
        "local x = Input{4, 3}\nlocal b = TimeDistributed{BatchNormalization{momentum = 0.6, unbiased = true}}\nlocal y = b(Dense{3}(b(x)))" };
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        Arena *arena = arena_create();
        char *folder = command_folder(), *text = description_of(arena, lines[i], "x");
        command_write(folder, "again.lua", text, (long)strlen(text));
        command_expect(folder, 60, "$L check again.lua | grep -c '  next '; $L check again.lua --quiet", 0, "2\nagain.lua: all within tolerance\n", NULL);
        command_folder_remove(folder);
        arena_free(arena);
    }
    expect_refusal("layer 'Last' { weights = function(a, x) return { last = statistic({ x.features }, 'zeros') } end,\n"
                   "  call = function(a, w, x)\n    local n = batch_sum(x) * 0.5\n    update(w.last, n)\n    local y = x - n\n    return y\n  end }\n"
                   "local x = Input{3}\nlocal l = Last{}\nreturn Model{ inputs = x, outputs = l(l(x)) }", "x",
                   "update: the layer is called again: write moving_average(...), which goes on from the call before");
}

/* Each output has its own loss, target and weight; some are read by other layers, some are sequences. */
Test(graph, several_outputs)
{
    static const char *const models[] = {
        /* losses that name what they store alike */
        "local x, z = Input{3}, Input{4, 2}\nlocal y = Dense{2}(x)\n"
        "return Model{ inputs = {x, z}, outputs = {Dense{3}(z), y}, name = 'alike', loss = 'categorical_hinge', batch_size = 4 }",
        /* which hand on what the model reads */
        "local x, z = Input{4, 3}, Input{3, 2}\nlocal y1 = Cropping1D{1}(x)\n"
        "return Model{ inputs = {x, z}, outputs = {ZeroPadding1D{}(z), Permute{{2, 1}}(y1), Dense{2}(x)}, name = 'hands', loss = 'mse', batch_size = 4 }",
        "local x = Input{6, 3}\n"
        "local h = LSTM{5, return_sequences = true}(x)\n"
        "local steps, kind = Dense{2, name = 'steps'}(h), Dense{4, activation = 'softmax', name = 'kind'}(GRU{4}(h))\n"
        "local odd = Dense{1, activation = 'sigmoid', name = 'odd'}(SimpleRNN{3}(steps))\n"
        "return Model{ inputs = x, outputs = {steps, kind, odd}, name = 'several', batch_size = 4,\n"
        "  loss = { kind = 'sparse_categorical_crossentropy', odd = 'binary_crossentropy', steps = Huber{ delta = 0.5 } },\n"
        "  loss_weights = { steps = 0.25, kind = 3, odd = 0 } }",
        /* the same loss for all, by place; classes in each step; an output that reads another one */
        "local a, b = Input{4, 2}, Input{3}\n"
        "local tags = Dense{3, activation = 'softmax'}(GRU{3, return_sequences = true}(a))\n"
        "local late = Dense{5, activation = 'tanh'}(Concatenate{}{Flatten{}(tags), b})\n"
        "return Model{ inputs = {a, b}, outputs = {late, tags}, name = 'several', batch_size = 4,\n"
        "  loss = { 'mae', SparseCategoricalCrossentropy{} }, loss_weights = { 1, 0.5 } }",
        "local x = Input{5}\nlocal h = Dense{4, activation = 'tanh'}(x)\n"
        "return Model{ inputs = x, outputs = {h, Dense{3}(h)}, name = 'several', loss = 'mse', batch_size = 4 }",
        /* no loss: the gradient of both comes from outside */
        "local x = Input{5, 2}\nlocal h = LSTM{4, return_sequences = true}(x)\n"
        "return Model{ inputs = x, outputs = {Dense{3}(GRU{2}(h)), h}, name = 'several', batch_size = 4 }",
        /* a loss of the description beside one of Keras */
        "loss 'cube' { class = 'Cube', arguments = { { 'by', 'number', 1 } },\n"
        "  call = function(a, y, p) local e = abs(y - p) + 0.1 return mean(e * e * e) * a.by end }\n"
        "loss 'drift' { over = 'sample', call = function(a, y, p)\n"
        "    local t, n = axes 't n' local l = tensor{}\n"
        "    l[{}] = (p[{ t, n }] - y[{ t, n }]) * (p[{ t, n }] - y[{ t, n }])\n"
        "    return l end }\n"
        "local x = Input{4, 2}\nlocal h = GRU{3, return_sequences = true}(x)\n"
        "return Model{ inputs = x, outputs = {Dense{2, name = 'a'}(h), Dense{2, name = 'b'}(h), Dense{2, name = 'c'}(LSTM{2}(h))},\n"
        "  name = 'several', batch_size = 4, loss = { a = Cube{2}, b = 'drift', c = 'mse' }, loss_weights = { a = 1, b = 0.1, c = 2 } }",
        /* an output with a mask: the mean over the steps that count */
        "layer 'Masked' { over = 'sample', input = 'several', shape = function(a, x) return x[1].shape end,\n"
        "  call = function(a, w, x) return x[1] * 1.0 end,\n"
        "  mask = function(a, w, x) local t = axes 't' local m = tensor{ x[1].timesteps } m[{ t }] = greater(x[2][{ t }], 0) return m end }\n"
        "local x, m = Input{6, 3, name = 'x'}, Input{6, name = 'mask'}\n"
        "local h = LSTM{4, return_sequences = true}(Masked{}{x, m})\n"
        "return Model{ inputs = {x, m}, outputs = {Dense{2, name = 'a'}(h), Dense{1, name = 'b'}(GRU{2}(h))}, name = 'several', batch_size = 4,\n"
        "  shards = 1, loss = 'mse' }", NULL };
    expect_all(models);
}

/* An attention of one sequence over another, of another length. */
Test(graph, custom_layers_read_several_flows)
{
    expect_graph("layer 'Cross' {\n"
                 "  arguments = {}, over = 'sample', input = 'several',\n"
                 "  shape = function(a, x) return { x[1].timesteps, x[2].features } end,\n"
                 "  weights = function(a, x) return { query = weight({ x[1].features, x[2].features }) } end,\n"
                 "  call = function(a, w, x)\n"
                 "    local t, s, k, n = axes 't s k n'\n"
                 "    local query = tensor{ x[1].timesteps, x[2].features }\n"
                 "    query[{ t, n }] = x[1][{ t, k }] * w.query[{ k, n }]\n"
                 "    local score = tensor{ x[1].timesteps, x[2].timesteps }\n"
                 "    score[{ t, s }] = query[{ t, n }] * x[2][{ s, n }]\n"
                 "    local e = exp(score)\n"
                 "    local total = tensor{ x[1].timesteps }\n"
                 "    total[{ t }] = e[{ t, s }] * 1.0\n"
                 "    local y = tensor{ x[1].timesteps, x[2].features }\n"
                 "    y[{ t, n }] = e[{ t, s }] / total[{ t }] * x[2][{ s, n }]\n"
                 "    return y\n"
                 "  end }\n"
                 "local a, b = Input{4, 3}, Input{5, 2}\n"
                 "local y = LSTM{3}(Cross{}{a, GRU{4, return_sequences = true}(b)})", "{a, b}");
}

static uint64_t fingerprint_of(const char *lines)
{
    Arena *arena = arena_create();
    Description *description = oracle_read(arena, description_of(arena, lines, "x"));
    uint64_t fingerprint = description_model(description)->descriptor.fingerprint;
    description_free(description);
    arena_free(arena);
    return fingerprint;
}

/* Layers, names, shapes and options are the same; weights of the one do not mean the same in the other. */
Test(graph, what_a_layer_reads_is_part_of_the_meaning)
{
    uint64_t one = fingerprint_of("local x = Input{4}\nlocal a, b = Dense{4}(x), nil\nb = Dense{4}(a)\nlocal y = Add{}{x, b}");
    cr_expect_eq(one, fingerprint_of("local x = Input{4}\nlocal a = Dense{4}(x)\nlocal y = Add{}{x, Dense{4}(a)}"));
    cr_expect_neq(one, fingerprint_of("local x = Input{4}\nlocal a, b = Dense{4}(x), nil\nb = Dense{4}(a)\nlocal y = Add{}{a, b}"));
}

/* ---- mistakes ---- */

Test(graph, mistakes_are_said_with_their_reason)
{
    expect_refusal("local x = Input{3}\nlocal y = Dense{2}(4)", "x", "wrong.lua:2: Dense: takes what a layer puts out, not 4");
    expect_refusal("local x = Input{3}\nlocal y = Dense{2}(Dense{3})", "x", "not the layer Dense: call it, like Dense{...}(x)");
    expect_refusal("local x, z = Input{3}, Input{4}\nlocal d = Dense{3}\nlocal y = Add{}{d(x), d(z)}", "{x, z}",
                   "wrong.lua:3: Dense: is called with {4}, but its weight kernel, made for {3}, has the shape {3, 3}");
    expect_refusal("local x = Input{3}\nlocal y = Dense{2}{x, x}", "x", "Dense: reads one output, not 2");
    expect_refusal("local x = Input{3}\nlocal y = Add{}{}", "x", "Add: reads one output or more, not 0");
    expect_refusal("local x = Input{3}\nlocal y = Add{}{Dense{4}(x), x}", "x", "wrong.lua:2: Add: shapes {4} and {3} do not go together");
    expect_refusal("local x = Input{3}\nlocal y = Subtract{}{x, x, x}", "x", "Subtract: reads two outputs, not 3");
    expect_refusal("local x = Input{3}\nlocal y = Dot{1}{x, x, x}", "x", "Dot: reads two outputs, not 3");
    expect_refusal("local x = Input{4, 3}\nlocal y = Dot{{1, 2}}{x, x}", "x", "Dot: the axes have extents of 4 and 3");
    expect_refusal("local x = Input{4, 3}\nlocal y = Dot{3}{x, x}", "x", "Dot: axis 3 is none of {4, 3}: they are 1 to 2, or -1 for the last");
    expect_refusal("local x = Input{3}\nlocal y = Concatenate{axis = 0}{x, x}", "x", "axis 0 is none of a sample");
    expect_refusal("local x = Input{3, 2}\nlocal y = Concatenate{}{x, LSTM{2}(x)}", "x", "{3, 2} and {2} do not go together");
    expect_refusal("local x, z = Input{3}, Input{2}\nlocal y = Concatenate{}{x, z}", "x", "Model does not name it among its inputs");
    expect_refusal("local x, z = Input{3}, Input{2}\nlocal y = Dense{2}(x)", "{x, z}", "no output of the model depends on it");
    expect_refusal("local x = Input{3}\nlocal y = Dense{2}(x)", "{x, x}", "an input is named twice");
    expect_refusal("local x = Input{3}\nlocal y = Dense{2}(x)", "y", "inputs are Input layers, not the layer Dense");
    expect_refusal("local x = Input{3}\nlocal y = x", "x", "the model is empty");
    expect_refusal("local x = Input{3}\nlocal d = Dense{2}(x)\nlocal y = {d, d}", "x", "Model: an output is named twice");
    expect_refusal("local x = Input{3}\nlocal y = {Dense{2}(x), x}", "x", "Model: an input is no output");
    expect_refusal("local x = Input{3}\nlocal y = {}", "x", "Model: needs outputs");
    expect_refusal("return Model{ outputs = Dense{2}(Input{3}) }", "", "Model: needs inputs");
    expect_refusal("local x = Input{3}\nreturn Model{ inputs = x, outputs = Dense{2}(x), input = x }", "", "did you mean");
    expect_refusal("local x = Input{3}\nlocal m = Model(x, Dense{2}(x))\nm:add(Dense{2})\nreturn m", "", "add belongs to Sequential");
    expect_refusal("local x, z = Input{3}, Input{2, name = 'z'}\n"
                   "return Model{ inputs = {x, z}, outputs = Concatenate{}{x, z}, loss = 'mse', data = ts{ 'a.ts' } }",
                   "", "ts fills one input; a model with several takes npy{ x = { input = ... } }, csv{ columns = { input = ... } } or samples(...)");
    expect_refusal("local x, z = Input{3}, Input{2, name = 'z'}\n"
                   "return Model{ inputs = {x, z}, outputs = Concatenate{}{x, z}, loss = 'mse', data = npy{ x = { input = 'a.npy', y = 'b.npy' }, y = 'c.npy' } }",
                   "", "npy: x has no file for the input z");
}

static void expect_outputs_refused(const char *options, const char *message)
{
    char text[1000];
    snprintf(text, sizeof text, "local x = Input{3}\nlocal a, b = Dense{2, name = 'first'}(x), Dense{1, name = 'second'}(x)\n"
                                "return Model{ inputs = x, outputs = {a, b}, name = 'wrong', %s }\n", options);
    expect_refusal(text, "", message);
}

Test(graph, mistakes_about_several_outputs)
{
    expect_outputs_refused("loss = { first = 'mse' }", "\"loss\" says nothing of the output second");
    expect_outputs_refused("loss = { 'mse' }", "\"loss\" says nothing of the output second");
    expect_outputs_refused("loss = { first = 'mse', secnd = 'mae', second = 'mae' }",
                           "\"loss\": \"secnd\" is no output of the model (did you mean \"second\"?)");
    expect_outputs_refused("loss = { first = 'msee', second = 'mae' }", "unknown loss \"msee\" (did you mean \"mse\"?)");
    expect_outputs_refused("loss = { first = 'mse', second = 'categorical_crossentropy' }",
                           "needs at least two classes, but second gives one number");
    expect_outputs_refused("loss = 'mse', loss_weights = { first = 1 }", "\"loss_weights\" says nothing of the output second");
    expect_outputs_refused("loss = 'mse', loss_weights = { 1, -2 }", "\"loss_weights\" must be zero or more, not -2");
    expect_outputs_refused("loss = 'mse', loss_weights = 2", "must say a number for each output, { first = 1 }, not 2");
    expect_outputs_refused("loss = 'mse', metrics = { frist = 'mae' }", "\"frist\" is no output of the model (did you mean \"first\"?)");
    expect_outputs_refused("loss = 'mse', metrics = { first = 'maee' }", "unknown metric \"maee\"");
    expect_outputs_refused("loss = 'mse', weighted_metrics = { frist = 'mae' }", "\"weighted_metrics\": \"frist\" is no output of the model");
    expect_outputs_refused("loss = 'mse', weighted_metrics = { {'mae'}, {}, {'mse'} }", "\"weighted_metrics\": 3 is no output of the model");
    expect_outputs_refused("loss = 'mse', metrics = {'mae', 'mse'}, weighted_metrics = {'mae', 'mse'}", "metrics and weighted metrics are 10, more than 8");
    static const char masked[] = "local x = Input{4, 3}\nlocal h = LSTM{3, return_sequences = true}(Masking{}(x))\n"
                                 "return Model{ inputs = x, outputs = {Dense{2, activation = 'softmax', name = 'a'}(h), Dense{1, name = 'b'}(LSTM{2}(h))},\n"
                                 "  loss = {SparseCategoricalCrossentropy{ignore_class = 0}, 'mse'}, weighted_metrics = { a = 'accuracy', b = 'mae' } }";
    expect_refusal(masked, "", "ignore_class: the output a has a mask already");
    expect_outputs_refused("loss = 'mse', class_weight = { [0] = 2 }", "\"class_weight\" is for models of one output");
    expect_refusal("local x = Input{3}\nreturn Model{ inputs = x, outputs = Dense{2}(x), loss = 'mse', loss_weights = { 1 } }", "",
                   "\"loss_weights\" weighs the losses of several outputs; this model has one");
    expect_refusal("local x = Input{3}\nreturn Model{ inputs = x, outputs = Dense{2}(x), loss = 'mse', metrics = { dense = 'mae' } }", "",
                   "\"metrics\" names outputs (dense), but the model has one");
    expect_refusal("local x = Input{3}\nreturn Model{ inputs = x, outputs = Dense{2}(x), loss = 'mse', weighted_metrics = { dense = 'mae' } }", "",
                   "\"weighted_metrics\" names outputs (dense), but the model has one");
    expect_refusal("local x = Input{3}\nlocal a, b = Dense{2, name = 'a'}(x), Dense{2, name = 'losses'}(x)\n"
                   "return Model{ inputs = x, outputs = {a, b}, loss = 'mse' }", "", "no layer can be called losses");
}

/* ---- data ---- */

static const char two_inputs[] =
    "local words, extra = Input{4, name = 'words'}, Input{3, name = 'extra'}\n"
    "local y = Dense{1}(Concatenate{}{LSTM{5}(Embedding{7, 3}(words)), extra})\n"
    "return Model{ inputs = {words, extra}, outputs = y, name = 'two', loss = 'mse', batch_size = 8, epochs = 2, shuffle = false,\n";

/* The same sixteen samples, drawn and from files. */
static const char drawn[] =
    "  data = samples{ function(random)\n"
    "    local w, e = {}, {}\n"
    "    for t = 1, 4 do w[t] = random(0, 6) end\n"
    "    for t = 1, 3 do e[t] = random() end\n"
    "    %s\n"
    "  end, samples = 16, validation_samples = 4 } }\n";

static void write_model(const char *folder, const char *file, const char *data)
{
    char text[2000];
    int length = snprintf(text, sizeof text, "%s%s", two_inputs, data);
    command_write(folder, file, text, length);
}

static void write_drawn(const char *folder, const char *file, const char *result)
{
    char text[1000];
    snprintf(text, sizeof text, drawn, result);
    write_model(folder, file, text);
}

Test(graph, trains_on_several_inputs)
{
    char *folder = command_folder();
    write_drawn(folder, "two.lua", "return { words = w, extra = e }, w[1] - e[2]");
    command_expect(folder, 60, "$L train two.lua --quiet && mv two.safetensors a.safetensors && $L evaluate two.lua --weights a.safetensors > a",
                   0, "", NULL);
    /* in order, and nested as the shapes are not: the same numbers */
    write_drawn(folder, "two.lua", "return { w, { { e[1] }, { e[2] }, { e[3] } } }, w[1] - e[2]");
    command_expect(folder, 60, "$L train two.lua --quiet --interpreted && $L evaluate two.lua > b && cut -c 1-9 a > c && cut -c 1-9 b | diff c -",
                   0, "", NULL);
    command_expect(folder, 60, "echo 1 2 3 4 0.5 0.25 0.125 | $L predict two.lua | wc -l | tr -d ' '", 0, "1\n", NULL);
    command_expect(folder, 60, "echo 1 2 3 9 0.5 0.25 0.125 | $L predict two.lua", 1, NULL, "\"9\" is no id in [0, 7)");
    command_expect(folder, 60, "$L two.lua --weights two.safetensors --example", 1, NULL, "the model has 2 inputs");
    command_expect(folder, 60, "$L two.lua --weights two.safetensors --self-test > /dev/null && "
                               "echo '#include \"two_self_test.h\"\nint main(void) { return two_self_test(); }' > main.c && "
                               "gcc -std=c11 -O1 -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Werror *.c -o test -lm && ./test", 0, "", NULL);
    write_drawn(folder, "two.lua", "return { words = w }, 1");
    command_expect(folder, 60, "$L train two.lua", 1, NULL, "two.lua:4: samples: sample 1: x.extra is missing");
    write_drawn(folder, "two.lua", "w[2] = 7 return { w, e }, 1");
    command_expect(folder, 60, "$L train two.lua", 1, NULL, "x.words[2] = 7 is not a whole number in [0, 7)");
    write_drawn(folder, "two.lua", "e[4] = 0 return { w, e }, 1");
    command_expect(folder, 60, "$L train two.lua", 1, NULL, "x.extra has 4 numbers, but the model reads 3");
    command_folder_remove(folder);
}

static void write_array(const char *folder, const char *name, size_t rows, size_t columns, int limit)
{
    float values[64];
    char path[300];
    struct lstmc_message message = { "" };
    for (size_t i = 0; i < rows * columns; i++)
        values[i] = limit ? (float)((i * 5 + 3) % (size_t)limit) : (float)i / 64;
    snprintf(path, sizeof path, "%s/%s", folder, name);
    cr_assert_eq(lstmc_npy_write(path, values, 2, (const size_t[]){ rows, columns }, &message), 0, "%s", message.text);
}

Test(graph, reads_a_file_for_each_input)
{
    char *folder = command_folder();
    write_array(folder, "w.npy", 16, 4, 7);
    write_array(folder, "e.npy", 16, 3, 0);
    write_array(folder, "y.npy", 16, 1, 0);
    write_array(folder, "short.npy", 15, 3, 0);
    write_array(folder, "wide.npy", 12, 5, 0);
    write_model(folder, "two.lua", "data = npy{ x = { extra = 'e.npy', words = 'w.npy' }, y = 'y.npy' } }");
    command_expect(folder, 60, "$L train two.lua 2>/dev/null | grep -c 16.samples", 0, "1\n", NULL);
    command_expect(folder, 60, "$L train two.lua --data x=w.npy", 1, NULL, "the model has several inputs");
    write_model(folder, "two.lua", "data = npy{ x = { extra = 'short.npy', words = 'w.npy' }, y = 'y.npy' } }");
    command_expect(folder, 60, "$L train two.lua", 1, NULL, "short.npy has 15 samples, but w.npy has 16");
    write_model(folder, "two.lua", "data = npy{ x = { extra = 'wide.npy', words = 'w.npy' }, y = 'y.npy' } }");
    command_expect(folder, 60, "$L train two.lua", 1, NULL, "wide.npy");
    write_model(folder, "two.lua", "data = npy{ x = 'w.npy', y = 'y.npy' } }");
    command_expect(folder, 60, "$L train two.lua", 1, NULL, "two.lua:4: npy: the model has several inputs: x = { words =");
    write_model(folder, "two.lua", "data = npy{ x = { extra = 'e.npy', words = 'w.npy', word = 'w.npy' }, y = 'y.npy' } }");
    command_expect(folder, 60, "$L train two.lua", 1, NULL, "\"word\" is no input of the model (did you mean \"words\"?)");
    command_folder_remove(folder);
}

static const char three_outputs[] =
    "local x = Input{6, 3, name = 'x'}\n"
    "local h = LSTM{8, return_sequences = true}(x)\n"
    "local steps = Dense{2, name = 'steps'}(h)\n"
    "local kind = Dense{3, activation = 'softmax', name = 'kind'}(GRU{6}(h))\n"
    "local odd = Dense{1, activation = 'sigmoid', name = 'odd'}(SimpleRNN{4}(h))\n"
    "return Model{ inputs = x, outputs = {steps, kind, odd}, name = 'three', batch_size = 16, epochs = 4, seed = 3,\n"
    "  loss = { steps = 'mse', kind = 'sparse_categorical_crossentropy', odd = 'binary_crossentropy' },\n"
    "  loss_weights = { steps = 1, kind = 0.5, odd = 2 }, metrics = { kind = 'accuracy', steps = {'mae'} },\n"
    "  callbacks = { EarlyStopping{ monitor = 'val_kind_accuracy', patience = 50 } },\n";

static const char three_drawn[] =
    "  data = samples{ function(random)\n"
    "    local x, s, total = {}, {}, 0\n"
    "    for t = 1, 6 do x[t] = { random(), random(), random() } total = total + x[t][1] s[t] = { total, x[t][2] } end\n"
    "    return x, %s\n"
    "  end, samples = 40, validation_samples = 12 } }\n";

static void write_three(const char *folder, const char *targets)
{
    char data[1000], text[3000];
    snprintf(data, sizeof data, three_drawn, targets);
    int length = snprintf(text, sizeof text, "%s%s", three_outputs, data);
    command_write(folder, "three.lua", text, length);
}

/* Each line of the log: loss = steps_loss + 0.5 kind_loss + 2 odd_loss. */
static const char adds_up[] =
    "awk -F, 'NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i; next } "
    "{ for (v = 0; v < 2; v++) { p = v ? \"val_\" : \"\"; "
    "d = $at[p \"loss\"] - $at[p \"steps_loss\"] - 0.5 * $at[p \"kind_loss\"] - 2 * $at[p \"odd_loss\"]; "
    "if (d > 1e-5 || d < -1e-5) print \"line\", NR, d; "
    "if (!($at[p \"kind_sparse_categorical_accuracy\"] >= 0 && $at[p \"steps_mae\"] > 0)) print \"metrics\" } }' three.log.csv";

Test(graph, trains_several_outputs)
{
    char *folder = command_folder();
    write_three(folder, "{ steps = s, kind = x[6][1] < 0.5 and 0 or 2, odd = total > 3 }");
    command_expect(folder, 60, "$L train three.lua --quiet > whole 2>&1 && mv three.safetensors a && cp three.log.csv l && "
                               "$L evaluate three.lua --weights a | tail -1 | tr ' ' '\\n' | grep -c _loss", 0, "3\n", NULL);
    command_expect(folder, 60, adds_up, 0, "", NULL);
    command_expect(folder, 60, "$L train three.lua --quiet --epochs 2 > part 2>&1 && $L train three.lua --quiet --resume > rest 2>&1 && "
                               "cmp a three.safetensors && cmp l three.log.csv", 0, "", NULL);
    /* in order instead of by name; by the interpreter: the same numbers */
    write_three(folder, "{ s, x[6][1] < 0.5 and 0 or 2, total > 3 }");
    command_expect(folder, 60, "$L train three.lua --quiet --interpreted > b 2>&1 && cut -c 1-150 three.log.csv | sed 's/\\(\\.[0-9]\\{4\\}\\)[0-9]*/\\1/g' > b && "
                               "cut -c 1-150 l | sed 's/\\(\\.[0-9]\\{4\\}\\)[0-9]*/\\1/g' | diff - b && grep -c 'the model has 3 outputs' three.report.html",
                   0, "1\n", NULL);
    command_expect(folder, 60, "seq 18 | tr '\\n' ' ' | $L predict three.lua --weights a | wc -w | tr -d ' '", 0, "16\n", NULL);
    command_expect(folder, 60, "seq 18 | tr '\\n' ' ' > i && $L predict three.lua --weights a --input i --out y.npy && ls y*", 0,
                   "y.kind.npy\ny.odd.npy\ny.steps.npy\n", NULL);
    command_expect(folder, 60, "$L predict three.lua --weights a --input i --out y.csv && head -1 y.csv | cut -d, -f 11-", 0,
                   "\"steps 11\",\"steps 12\",\"kind 1\",\"kind 2\",\"kind 3\",\"odd\"\n", NULL);
    command_expect(folder, 60, "$L three.lua --weights a --example", 1, NULL, "the model has 3 outputs");
    command_expect(folder, 60, "$L three.lua --weights a --self-test > /dev/null && "
                               "echo '#include \"three_self_test.h\"\nint main(void) { return three_self_test(); }' > main.c && "
                               "gcc -std=c11 -O1 -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Werror *.c -o test -lm && ./test", 0, "", NULL);
    write_three(folder, "{ steps = s, kind = 3, odd = true }");
    command_expect(folder, 60, "$L train three.lua", 1, NULL, "samples: sample 1: y.kind = 3 is not a whole number in [0, 3)");
    write_three(folder, "{ steps = s, odd = true }");
    command_expect(folder, 60, "$L train three.lua", 1, NULL, "samples: sample 1: y.kind is missing");
    write_three(folder, "1");
    command_expect(folder, 60, "$L train three.lua", 1, NULL, "samples: y must be a table of the model's 3 outputs, not a number");
    command_folder_remove(folder);
}

/* Three samples of six steps. */
static void write_steps(const char *folder, const char *name, size_t features)
{
    float values[54];
    char path[300];
    struct lstmc_message message = { "" };
    for (int i = 0; i < 54; i++)
        values[i] = (float)(i * 7 % 11) / 8 - 0.5f;
    snprintf(path, sizeof path, "%s/%s", folder, name);
    cr_assert_eq(lstmc_npy_write(path, values, 3, (const size_t[]){ 3, 6, features }, &message), 0, "%s", message.text);
}

static void write_three_files(const char *folder, const char *y)
{
    char text[3000];
    int length = snprintf(text, sizeof text, "%svalidation_split = 0.34, data = npy{ x = 'x.npy', y = %s } }\n", three_outputs, y);
    command_write(folder, "three.lua", text, length);
}

Test(graph, reads_a_file_for_each_output)
{
    char *folder = command_folder();
    write_steps(folder, "x.npy", 3);
    write_steps(folder, "steps.npy", 2);
    write_array(folder, "kind.npy", 3, 1, 3);
    write_array(folder, "odd.npy", 3, 1, 2);
    write_array(folder, "four.npy", 3, 1, 5);
    write_array(folder, "short.npy", 2, 1, 2);
    write_three_files(folder, "{ odd = 'odd.npy', steps = 'steps.npy', kind = 'kind.npy' }");
    command_expect(folder, 60, "$L train three.lua --quiet --epochs 1 2>/dev/null | grep -c steps_loss", 0, "1\n", NULL);
    command_expect(folder, 60, "$L train three.lua --data y=odd.npy", 1, NULL, "the model has several outputs");
    write_three_files(folder, "{ odd = 'odd.npy', steps = 'steps.npy', kind = 'four.npy' }");
    command_expect(folder, 60, "$L train three.lua", 1, NULL, "four.npy: row 0, column 0 (from 0): 3 is not a whole number in [0, 3)");
    write_three_files(folder, "{ odd = 'short.npy', steps = 'steps.npy', kind = 'kind.npy' }");
    command_expect(folder, 60, "$L train three.lua", 1, NULL, "short.npy");
    write_three_files(folder, "'odd.npy'");
    command_expect(folder, 60, "$L train three.lua", 1, NULL, "npy: the model has several outputs: y = { steps =");
    write_three_files(folder, "{ odd = 'odd.npy', steps = 'steps.npy', kid = 'kind.npy' }");
    command_expect(folder, 60, "$L train three.lua", 1, NULL, "npy: y has no file for the output kind");
    command_expect(folder, 60, "$L train three.lua", 1, NULL, "\"kid\" is no output of the model (did you mean \"kind\"?)");
    command_folder_remove(folder);
}

/* Two rows of an output of two steps, a class among three, and a probability; their targets lie elsewhere. */
Test(graph, several_outputs_have_their_metrics)
{
    const struct lstmc_array outputs[] = { { .name = "kind", .rank = 1, .shape = { 3 }, .count = 3 },
                                           { .name = "steps", .rank = 2, .shape = { 2, 1 }, .offset = 3, .count = 2 },
                                           { .name = "odd", .rank = 1, .shape = { 1 }, .offset = 5, .count = 1 } };
    const struct lstmc_array targets[] = { { .name = "kind", .is_integer = 1, .vocabulary = 3, .count = 1 },
                                           { .name = "steps", .rank = 2, .shape = { 2, 1 }, .offset = 1, .count = 2 },
                                           { .name = "odd", .rank = 1, .shape = { 1 }, .offset = 3, .count = 1 } };
    const struct lstmc_model model = { .outputs = outputs, .targets = targets, .output_arrays = 3, .output_count = 6, .target_count = 4 };
    const float output[] = { 0.1f, 0.7f, 0.2f, 1, 2, 0.9f, 0.5f, 0.2f, 0.3f, 3, 5, 0.2f };
    float target[] = { 0, 1, 4, 1, 0, 3, 1, 1 };
    const int32_t classes[] = { 1, 2 };
    memcpy(&target[0], &classes[0], 4), memcpy(&target[4], &classes[1], 4);
    static const struct { const char *name; double value; } known[] = {
        { "kind_sparse_categorical_accuracy", 0.5 }, { "steps_mae", (0 + 2 + 0 + 4) / 4.0 }, { "steps_mse", (4 + 16) / 4.0 },
        { "odd_binary_accuracy", 0.5 }, { "kind_sequence_accuracy", 0.5 } };
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        double sum = 0, count = 0;
        cr_expect_eq(lstmc_metric_add(&model, known[i].name, output, target, 2, &sum, &count), LSTMC_OK, "%s", known[i].name);
        cr_expect(fabs(sum / count - known[i].value) < 1e-6, "%s is %g, not %g", known[i].name, sum / count, known[i].value);
    }
    double sum = 0, count = 0;
    cr_expect_eq(lstmc_metric_add(&model, "mae", output, target, 2, &sum, &count), LSTMC_MISMATCH);
    cr_expect_eq(lstmc_metric_add(&model, "kind_mae", output, target, 2, &sum, &count), LSTMC_MISMATCH);
}

/* What a layer owns is the same in each call, and draws other noise in each. */
Test(graph, noise_of_further_calls)
{
    expect_graph("local x = Input{4, 5}\n"
                 "local both = Bidirectional{LSTM{3, return_sequences = true, dropout = 0.3, recurrent_dropout = 0.2}}\n"
                 "local cells = RNN{ {GRUCell{6, dropout = 0.25}, LSTMCell{6}}, return_sequences = true}\n"
                 "local dropped = TimeDistributed{Dropout{0.4}}\n"
                 "local a, b, c = both(x), both(x), both(x)\n"
                 "local y = Add{}{dropped(a), dropped(Add{}{b, c}), cells(x), cells(x)}", "x");
}

/* A mask that is given by hand: the argument of a call, or a layer; of a flow with lengths both count. No gradient goes to it. */
Test(graph, masks_given_by_hand)
{
    expect_graph("local x, m = Input{5, 3, name = 'x'}, Input{5, name = 'm'}\n"
                 "local h = GRU{4, return_sequences = true}{x, mask = m}\n"
                 "local y = Dense{2}(LSTM{3}(h))", "{x, m}");
    expect_graph("local x, m = Input{4, 3, lengths = true, name = 'x'}, Input{4, name = 'm'}\n"
                 "local s, h = SimpleRNN{4, return_sequences = true, return_state = true}(x)\n"
                 "local y = GlobalAveragePooling1D{}(LSTM{4, return_sequences = true}{s, mask = m, initial_state = {h, h}})", "{x, m}");
    expect_graph("local x = Input{6, 2}\n"
                 "local m = Flatten{}(ReLU{}(Dense{1}(x)))\n"
                 "local y = Attention{}(WithMask{}(x, m))", "x");
    expect_refusal("local x, m = Input{5, 3, name = 'x'}, Input{4, name = 'm'}\nlocal y = GRU{4}{x, mask = m}", "{x, m}",
                   "WithMask: the mask has the shape {4}: it is one number for each of the 5 steps, {5}");
    expect_refusal("local x, m = Input{5, name = 'x'}, Input{5, name = 'm'}\nlocal y = Dense{4}{x, mask = m}", "{x, m}",
                   "WithMask: the mask has the shape {5}: it is one number for each of the steps of a sequence");
    expect_refusal("local x, m = Input{5, 3, name = 'x'}, Input{5, name = 'm'}\nlocal y = Flatten{}{x, mask = m}", "{x, m}",
                   "Flatten: with_mask has a mask, and Flatten does not say what becomes of it");
}
