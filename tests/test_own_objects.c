/* test_own_objects.c: activations, losses, metrics and initializers that a description defines itself: as far as they are
 * mathematics, through all oracles; and what the commands make of them. Mistakes: tests/bad/own_objects*.lua. */
#include "command.h"
#include "oracles.h"
#include "refusal.h"

#include "compiler/oracle/custom_objects.h"
#include "runtime/lstmc.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char definitions[] =
    "local swoosh = activation 'swoosh' { call = function(x) local s = sigmoid(1.5 * x) return x * s end }\n"
    /* sees its whole row */
    "activation 'centred' { call = function(x)\n"
    "  local n, k = axes 'n k'\n"
    "  local y = tensor{ x.features }\n"
    "  y[{ n }] = x[{ n }] + x[{ k }] * (-1.0 / x.features)\n"
    "  return y end }\n"
    "initializer 'narrow' { class = 'Narrow', arguments = { { 'width', 'positive', 0.25 } },\n"
    "  value = function(a) return RandomUniform{ minval = -a.width, maxval = 2 * a.width } end }\n"
    "initializer 'quiet' { value = function(a) return 'zeros' end }\n"
    "loss 'focal' { class = 'Focal', arguments = { { 'gamma', 'number', 0.5 } }, call = function(a, y, p)\n"
    "  local q = max(min(p, 1 - 0x1p-23), 1e-7)\n"
    "  local l = mean((abs(y - q) + a.gamma) * (-y * log(q) - (1 - y) * log(1 - q)))\n"
    "  return l end }\n"
    "loss 'nearest' { target = 'class', call = function(a, y, p)\n"
    "  local l = tensor{}\n"
    "  l[{}] = (p[{ y }] - 1) * (p[{ y }] - 1)\n"
    "  return l end }\n"
    /* a target {features} of a whole sequence */
    "loss 'smooth' { class = 'Smooth', arguments = { { 'weight', 'number', 0.3 } }, over = 'sample',\n"
    "  target_shape = function(a, shape) return { shape[2] } end,\n"
    "  call = function(a, y, p)\n"
    "    local t, k = axes 't k'\n"
    "    local away = tensor{ p.timesteps, p.features }\n"
    "    away[{ t, k }] = p[{ t, k }] - p[{ p.timesteps - 1, k }]\n"
    "    local last = tensor{ p.features }\n"
    "    last[{ k }] = p[{ p.timesteps - 1, k }] - y[{ k }]\n"
    "    local l = tensor{}\n"
    "    l[{}] = a.weight * away[{ t, k }] * away[{ t, k }] + last[{ k }] * last[{ k }]\n"
    "    return l end }\n"
    /* a recurrence in the loss, over three classes that belong to the sample */
    "loss 'alignment' { over = 'sample', target = 'class', target_shape = function(a, shape) return { 3 } end,\n"
    "  call = function(a, y, p)\n"
    "    local t, l, j = axes 't l j'\n"
    "    local score = tensor{ p.timesteps, 3 }\n"
    "    score[{ t, l }] = p[{ t, y[{ l }] }]\n"
    "    local all, last = scan{ over = score, state = { alpha = { 3 } }, step = function(turn, s)\n"
    "      local earlier = tensor{ 3 }\n"
    "      earlier[{ l }] = exp(s.alpha[{ j }]) * greater(l + 0.5, j) * greater(j, l - 1.5) + 0.1\n"
    "      return { alpha = log(earlier) + row(score, turn) } end }\n"
    "    local loss = tensor{}\n"
    "    loss[{}] = -last.alpha[{ 2 }]\n"
    "    return loss end }\n"
    "metric 'far' { call = function(y, p) return mean(greater(abs(y - p), 0.5)) end }\n"
    "metric 'steps_and_errors' { over = 'sample', call = function(y, p, mask)\n"
    "  local t, n = axes 't n'\n"
    "  local m = tensor{}\n"
    "  m[{}] = keep(mask[{ t }], abs(p[{ t, n }] - y[{ t, n }])) + 10 * mask[{ t }]\n"
    "  return m end }\n"
    "metric 'end_error' { over = 'sample', call = function(y, p)\n"
    "  local k = axes 'k'\n"
    "  local m = tensor{}\n"
    "  m[{}] = abs(p[{ p.timesteps - 1, k }] - y[{ p.timesteps - 1, k }])\n"
    "  return m end }\n"
    "layer 'Own' { call = function(a, w, x) return swoosh(x) + 0.5 * x end }\n";

static char *description(Arena *arena, const char *inside)
{
    return arena_format(arena, "%sreturn Sequential{ name = 'own', batch_size = 4, shards = 1, %s }\n", definitions, inside);
}

static void expect_agreement_of(const char *const *insides)
{
    Arena *arena = arena_create();
    for (; *insides; insides++) {
        char *said = oracles_disagreement(description(arena, *insides), &(Oracles){ .seed = 1 });
        cr_expect_null(said, "%s:\n%s", *insides, said);
        free(said);
    }
    arena_free(arena);
}

Test(own_objects, activations)
{
    expect_agreement_of((const char *const[]){
        "Input{5, 3}, LSTM{4, activation = swoosh, recurrent_activation = 'sigmoid', return_sequences = true}, "
        "Dense{2, activation = 'centred'}, loss = 'mse'",
        "Input{4, 3}, GRU{5, recurrent_activation = 'swoosh'}, Own{}, Dense{3}, Activation{'centred'}, loss = 'mae'", NULL });
}

Test(own_objects, losses)
{
    expect_agreement_of((const char *const[]){
        "Input{5, 3}, GRU{4, return_sequences = true}, Dense{2, activation = 'sigmoid'}, loss = Focal{gamma = 1.5}",
        "Input{3}, Dense{4}, loss = 'nearest'",
        "Input{5, 3}, SimpleRNN{4, return_sequences = true}, Dense{3}, loss = 'nearest'", NULL });
}

/* The mask is theirs: a mean over the steps that count, in the first loss; a step after which nothing counts, in the second. */
Test(own_objects, losses_of_whole_samples_under_masks)
{
    static const char counted[] =
        "loss 'counted' { over = 'sample', call = function(a, y, p, mask)\n"
        "  local t, n = axes 't n'\n"
        "  local e = y - p\n"
        "  local sums, steps = tensor{}, tensor{}\n"
        "  sums[{}] = keep(mask[{ t }], e[{ t, n }] * e[{ t, n }])\n"
        "  steps[{}] = mask[{ t }]\n"
        "  return sums / max(steps, 1) end }\n";
    Arena *arena = arena_create();
    expect_agreement(arena_format(arena, "%sreturn Sequential{ name = 'm', batch_size = 3, Input{5, 3}, Masking{}, GRU{4, return_sequences = true}, "
                                         "Dense{2}, loss = 'counted' }", counted));
    expect_agreement(arena_format(arena, "%sreturn Sequential{ name = 'm', batch_size = 3, Input{6, lengths = true}, Embedding{9, 3, mask_zero = true}, "
                                         "SimpleRNN{4, return_sequences = true}, Dense{2}, loss = 'counted' }", counted));
    arena_free(arena);
}

Test(own_objects, losses_of_whole_samples)
{
    expect_agreement_of((const char *const[]){
        "Input{5, 3}, GRU{4, return_sequences = true}, Dense{2}, loss = Smooth{weight = 0.7}",
        "Input{5, 3}, SimpleRNN{4, return_sequences = true}, Dense{4, activation = 'log_softmax'}, loss = 'alignment'", NULL });
}

/* The sum over samples, not over their steps; the mean of the descriptor's scale divides by as many. */
Test(own_objects, a_loss_of_a_sample_counts_once)
{
    Arena *arena = arena_create();
    Description *steps = oracle_read(arena, description(arena, "Input{5, 3}, Dense{2, activation = 'sigmoid'}, loss = 'focal'"));
    Description *samples = oracle_read(arena, description(arena, "Input{5, 3}, Dense{2}, loss = Smooth{}"));
    const struct lstmc_model *of_samples = &description_model(samples)->descriptor;
    cr_expect_eq(lstmc_losses_per_sample(&description_model(steps)->descriptor), 5);
    cr_expect_eq(lstmc_losses_per_sample(of_samples), 1);
    cr_expect(of_samples->target_rank == 1 && of_samples->target_shape[0] == 2 && of_samples->target_count == 2);

    CustomObjects *objects = custom_objects_create(arena, samples, 2);
    const double p[20] = { [8] = 1, [9] = 2, [18] = -1 }, y[4] = { 0, 2, -1, 0 }, weight[2] = { 1, 3 };
    double d[20];
    double loss = custom_loss(objects, 0, &(CustomLoss){ p, y, weight, NULL, 2, 0.5 }, d);
    /* the first sample: 0.3 (4 (1 + 4)) + 1, the second one: 0.3 (4 (1)) + 0 */
    cr_expect(fabs(loss - 0.5 * (0.3 * 20 + 1 + 3 * 0.3 * 4)) < 1e-12, "%.12g", loss);
    custom_objects_free(objects);
    description_free(steps);
    description_free(samples);
    arena_free(arena);
}

Test(own_objects, initializers)
{
    Arena *arena = arena_create();
    Description *d = oracle_read(arena, description(arena, "Input{3}, Dense{4, kernel_initializer = 'narrow', bias_initializer = 'quiet'}, "
                                                           "Dense{2, kernel_initializer = Narrow{1.5}}, loss = 'mse'"));
    const struct lstmc_tensor *weights = description_model(d)->descriptor.weights;
    cr_expect(weights[0].initializer.kind == LSTMC_UNIFORM && weights[0].initializer.a == -0.25f && weights[0].initializer.b == 0.5f);
    cr_expect(weights[1].initializer.kind == LSTMC_CONSTANT && weights[1].initializer.a == 0);
    cr_expect(weights[2].initializer.kind == LSTMC_UNIFORM && weights[2].initializer.a == -1.5f && weights[2].initializer.b == 3);
    description_free(d);
    arena_free(arena);
}

Test(own_objects, metrics)
{
    Arena *arena = arena_create();
    Description *d = oracle_read(arena, description(arena, "Input{3, 2}, Dense{2}, loss = 'mse', metrics = {'far', 'end_error', 'mse'}"));
    CustomMetrics *metrics = custom_metrics_create(arena, d);
    const float p[12] = { 1, 0, 0, 0, 1, 2, 0, 0, 0, 0, 0, 0 }, y[12] = { 0, 0.25f, 0, 0, 0, 0, 0, 0, 0, 0.75f, 0, -4 };
    double sum = 0, count = 0;
    /* two rows of three steps of two numbers; farther away than 0.5: of 12 numbers the first, the fifth, the sixth, two more */
    cr_expect_eq(custom_metric_add(metrics, "far", p, y, NULL, 2, &sum, &count), LSTMC_OK);
    cr_expect(fabs(sum / count - 5.0 / 12) < 1e-12 && count == 2, "%g / %g", sum, count);
    sum = count = 0;
    cr_expect_eq(custom_metric_add(metrics, "end_error", p, y, NULL, 2, &sum, &count), LSTMC_OK);
    cr_expect(sum == 3 + 4 && count == 2, "%g / %g", sum, count);
    cr_expect_eq(custom_metric_add(metrics, "mse", p, y, NULL, 2, &sum, &count), LSTMC_MISMATCH, "the runtime's own");
    custom_metrics_free(metrics);
    description_free(d);
    arena_free(arena);
}

/* What a mask leaves out: steps of a metric of steps; a metric of samples is given the mask, and counts those that have a step. */
Test(own_objects, metrics_with_masks)
{
    Arena *arena = arena_create();
    Description *d = oracle_read(arena, description(arena,
        "Input{3, 2}, Masking{}, LSTM{2, return_sequences = true}, loss = 'mse', metrics = {'far', 'steps_and_errors'}"));
    CustomMetrics *metrics = custom_metrics_create(arena, d);
    const float p[18] = { 1, 0, 0, 0, 1, 2, 0, NAN, 0, 4, 0, 0, NAN, 5, 5, 5, 5, 5 }, y[18] = { 0 };
    const float mask[9] = { 1, 0, 1, 0, 1, 0, 0, 0, 0 };
    double sum = 0, count = 0;
    cr_expect_eq(custom_metric_add(metrics, "far", p, y, mask, 3, &sum, &count), LSTMC_OK);
    cr_expect(fabs(sum / count - (0.5 + 1 + 0.5) / 3) < 1e-12, "%g / %g", sum, count);
    sum = count = 0;
    cr_expect_eq(custom_metric_add(metrics, "steps_and_errors", p, y, mask, 3, &sum, &count), LSTMC_OK);
    cr_expect(fabs(sum - (4 + 20 + 4 + 10)) < 1e-12 && count == 2, "%g / %g", sum, count);
    custom_metrics_free(metrics);
    description_free(d);
    arena_free(arena);
}

/* Weights of other activations, losses or arguments of them are other weights. */
Test(own_objects, fingerprints)
{
    static const char *const insides[] = {
        "Input{3}, Dense{4, activation = swoosh}, Dense{2}, loss = Focal{}",
        "Input{3}, Dense{4, activation = 'centred'}, Dense{2}, loss = Focal{}",
        "Input{3}, Dense{4, activation = 'swoosh'}, Dense{2}, loss = Focal{0.75}",
        "Input{3}, Dense{4, activation = 'swoosh'}, Dense{2}, loss = 'mse'",
    };
    enum { COUNT = sizeof insides / sizeof *insides };
    Arena *arena = arena_create();
    uint64_t prints[COUNT];
    for (int i = 0; i < COUNT; i++) {
        Description *d = oracle_read(arena, description(arena, insides[i]));
        prints[i] = description_model(d)->descriptor.fingerprint;
        for (int j = 0; j < i; j++)
            cr_expect_neq(prints[i], prints[j], "%s and %s", insides[i], insides[j]);
        description_free(d);
    }
    Description *same = oracle_read(arena, description(arena, "Input{3}, Dense{4, activation = 'swoosh'}, Dense{2}, loss = 'focal'"));
    cr_expect_eq(description_model(same)->descriptor.fingerprint, prints[0], "by name or by constructor: the same");
    description_free(same);
    arena_free(arena);
}

/* ---- the commands ---- */

static const char trained[] =
    "%sreturn Sequential{ name = 'own', batch_size = 8, shards = 1, Input{4, 2}, SimpleRNN{5, return_sequences = true},\n"
    "  Dense{2, activation = swoosh, kernel_initializer = Narrow{0.5}}, optimizer = Adam{0.01}, epochs = 3,\n"
    "  loss = Smooth{weight = 0.1}, metrics = {'near'}, callbacks = { EarlyStopping{ monitor = 'val_near', mode = 'max' } },\n"
    "  data = samples{ function(random)\n"
    "    local x = {}\n"
    "    for t = 1, 4 do x[t] = { random(), random() } end\n"
    "    return x, { x[4][1], 0.5 }\n"
    "  end, samples = 64, validation_samples = 16 } }\n";

static const char near[] =
    "metric 'near' { over = 'sample', call = function(y, p)\n"
    "  local k = axes 'k'\n"
    "  local m = tensor{}\n"
    "  m[{}] = 0.5 * greater(0.5, abs(p[{ p.timesteps - 1, k }] - y[{ k }]))\n"
    "  return m end }\n";

Test(own_objects, the_commands_know_them)
{
    char *folder = command_folder();
    char text[8192], head[6000];
    snprintf(head, sizeof head, "%s%s", definitions, near);
    snprintf(text, sizeof text, trained, head);
    command_write(folder, "own.lua", text, (long)strlen(text));
    command_expect(folder, 60, "$L train own.lua", 0, "near", "");
    Ran ran = command_run(folder, 60, "$L evaluate own.lua --interpreted");
    Ran compiled = command_run(folder, 60, "$L evaluate own.lua");
    double losses[2] = { 0, 1 }, nears[2] = { 0, 1 };
    static const char form[] = "own: 16 samples held out, weights of own.safetensors\nloss %lf  near %lf";
    cr_expect(ran.status == 0 && sscanf(ran.output, form, &losses[0], &nears[0]) == 2 && sscanf(compiled.output, form, &losses[1], &nears[1]) == 2 &&
              fabs(losses[0] - losses[1]) < 1e-5 && nears[0] == nears[1], "%s%s\n%s", ran.errors, ran.output, compiled.output);
    ran_free(&ran);
    ran_free(&compiled);
    command_expect(folder, 60, "$L plot own.lua", 0, "own.report.html", NULL);
    command_expect(folder, 60, "grep -c 'targets of another kind or shape' own.report.html", 0, "1", NULL);
    command_expect(folder, 60, "head -2 own.log.csv", 0, "near", NULL);
    command_folder_remove(folder);
}

/* The mean over steps that count is that of the runtime's own metric, on both roads; in training as in evaluation. */
Test(own_objects, metrics_leave_out_what_is_masked)
{
    static const char masked[] =
        "metric 'own' { call = function(y, p) return mean((y - p) * (y - p)) end }\n"
        "return Sequential{ name = 'masked', batch_size = 6, shards = 2, Input{5, 2}, Masking{}, GRU{3, return_sequences = true}, Dense{2},\n"
        "  epochs = 1, loss = 'mse', metrics = {'mse', 'own'}, data = samples{ function(random)\n"
        "    local x, y, length = {}, {}, 1 + math.floor(5 * random())\n"
        "    for t = 1, 5 do\n"
        "      x[t] = { t <= length and random() or 0, t <= length and 1 or 0 }\n"
        "      y[t] = { t <= length and random() or 100, 0.5 }\n"
        "    end\n"
        "    return x, y\n"
        "  end, samples = 30, validation_samples = 16 } }\n";
    char *folder = command_folder();
    command_write(folder, "masked.lua", masked, (long)strlen(masked));
    command_expect(folder, 60, "$L train masked.lua", 0, "own", "");
    static const char *const roads[] = { "", " --interpreted" };
    for (int i = 0; i < 2; i++) {
        char command[100];
        double loss = 0, mse = 1, own = 2;
        snprintf(command, sizeof command, "$L evaluate masked.lua%s", roads[i]);
        Ran ran = command_run(folder, 60, command);
        static const char form[] = "masked: 16 samples held out, weights of masked.safetensors\nloss %lf  mse %lf  own %lf";
        cr_expect(ran.status == 0 && sscanf(ran.output, form, &loss, &mse, &own) == 3 && fabs(mse - own) < 2e-6 && mse < 3, "%s%s", ran.errors,
                  ran.output);
        ran_free(&ran);
    }
    command_folder_remove(folder);
}

Test(own_objects, a_metric_of_samples_takes_the_mask)
{
    expect_not_compiled("metric 'last' { over = 'sample', call = function(y, p) return y[{ 0, 0 }] - p[{ 0, 0 }] end }\n"
                        "return Sequential{ Input{3, 2}, Masking{}, GRU{2, return_sequences = true}, loss = 'mse', metrics = {'last'} }",
                        "metric \"last\": the output has a mask, and what is over the whole sample says what becomes of it");
}
