/* test_graph.c: layers that are called, y = LSTM{8}(x): skip connections, merges, several inputs, custom layers that read several
 * flows; and what such descriptions may get wrong. */
#include "command.h"
#include "oracles.h"

#include <criterion/criterion.h>
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

/* ---- mistakes ---- */

static void expect_refusal(const char *lines, const char *inputs, const char *message)
{
    Arena *arena = arena_create();
    Diagnostics *diagnostics = diagnostics_create(arena);
    const char *text = strstr(lines, "return") ? lines : description_of(arena, lines, inputs);
    const ReadOptions read = { .parameter_count = 0 };
    Description *description = description_read_text(arena, diagnostics, "wrong.lua", text, strlen(text), &read);
    const CompileOptions options = { .target = target_find("plain") };
    Compiled compiled = { 0 };
    cr_expect(!description || !compile(arena, description, diagnostics, &options, &compiled), "%s: not refused", text);
    char *said = NULL;
    size_t size = 0;
    FILE *file = open_memstream(&said, &size);
    diagnostics_print(diagnostics, file);
    fclose(file);
    cr_expect(strstr(said, message), "%s: expected \"%s\", got: %s", text, message, said);
    free(said);
    compiled_free(&compiled);
    description_free(description);
    arena_free(arena);
}

Test(graph, mistakes_are_said_with_their_reason)
{
    expect_refusal("local x = Input{3}\nlocal y = Dense{2}(4)", "x", "wrong.lua:2: Dense: takes what a layer puts out, not 4");
    expect_refusal("local x = Input{3}\nlocal y = Dense{2}(Dense{3})", "x", "not the layer Dense: call it, like Dense{...}(x)");
    expect_refusal("local x = Input{3}\nlocal d = Dense{3}\nlocal y = Add{}{d(x), d(x)}", "x", "wrong.lua:3: Dense: the same layer object is used twice");
    expect_refusal("local x = Input{3}\nlocal y = Dense{2}{x, x}", "x", "Dense: reads one output, not 2");
    expect_refusal("local x = Input{3}\nlocal y = Add{}{}", "x", "Add: reads one output or more, not 0");
    expect_refusal("local x = Input{3}\nlocal y = Add{}{Dense{4}(x), x}", "x", "wrong.lua:2: Add: shapes {4} and {3} do not go together");
    expect_refusal("local x = Input{3}\nlocal y = Subtract{}{x, x, x}", "x", "Subtract: reads two outputs, not 3");
    expect_refusal("local x = Input{3}\nlocal y = Concatenate{axis = 0}{x, x}", "x", "axis 0 is none of a sample");
    expect_refusal("local x = Input{3, 2}\nlocal y = Concatenate{}{x, LSTM{2}(x)}", "x", "{3, 2} and {2} do not go together");
    expect_refusal("local x, z = Input{3}, Input{2}\nlocal y = Concatenate{}{x, z}", "x", "Model does not name it among its inputs");
    expect_refusal("local x, z = Input{3}, Input{2}\nlocal y = Dense{2}(x)", "{x, z}", "no output of the model depends on it");
    expect_refusal("local x = Input{3}\nlocal y = Dense{2}(x)", "{x, x}", "an input is named twice");
    expect_refusal("local x = Input{3}\nlocal y = Dense{2}(x)", "y", "inputs are Input layers, not the layer Dense");
    expect_refusal("local x = Input{3}\nlocal y = x", "x", "the model is empty");
    expect_refusal("local x = Input{3}\nlocal y = {Dense{2}(x), Dense{3}(x)}", "x", "Model: has one output, not 2");
    expect_refusal("return Model{ outputs = Dense{2}(Input{3}) }", "", "Model: needs inputs");
    expect_refusal("local x = Input{3}\nreturn Model{ inputs = x, outputs = Dense{2}(x), input = x }", "", "did you mean");
    expect_refusal("local x = Input{3}\nlocal m = Model(x, Dense{2}(x))\nm:add(Dense{2})\nreturn m", "", "add belongs to Sequential");
    expect_refusal("local x, z = Input{3}, Input{2, name = 'z'}\n"
                   "return Model{ inputs = {x, z}, outputs = Concatenate{}{x, z}, loss = 'mse', data = csv{ 'a.csv', columns = {'a'}, target = 'b' } }",
                   "", "a model with several takes npy");
    expect_refusal("local x, z = Input{3}, Input{2, name = 'z'}\n"
                   "return Model{ inputs = {x, z}, outputs = Concatenate{}{x, z}, loss = 'mse', data = npy{ x = { input = 'a.npy', y = 'b.npy' }, y = 'c.npy' } }",
                   "", "npy: x has no file for the input z");
}
