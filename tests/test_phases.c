/* test_phases.c: sums over the whole batch: two and three shards compute what one computes, and what the interpreter does; two machines, what
 * one does; an evaluation sees no batch; where such a sum cannot stand, it is refused. */
#include "runtime/lstmc.h"
#include "runtime/lstmc_random.h"
#include "compiled_model.h"
#include "command.h"
#include "compiler/ir/ir.h"
#include "compiler/oracle/custom.h"

#include <criterion/criterion.h>
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Two layers of batch statistics, the description's own over steps too, and Keras's, with a recurrence between them. No Adam: the gradient of a
 * bias in front of them is 0 but for rounding, of which Adam makes whole steps. */
static const char standardise[] =
    "layer 'Standardise' { arguments = { { 'epsilon', 'positive', 0.01 } },\n"
    "  weights = function(a, x)\n"
    "    local f = { x.features }\n"
    "    return { gamma = weight(f, RandomUniform{0.5, 1.5}), beta = weight(f, RandomUniform{-0.5, 0.5}),\n"
    "             moving_mean = statistic(f, RandomUniform{-0.5, 0.5}), moving_variance = statistic(f, RandomUniform{0.5, 1.5}) }\n"
    "  end,\n"
    "  call = function(a, w, x)\n"
    "    local n = batch_sum(1)\n"
    "    local batch_mean = batch_sum(x) / n\n"
    "    local mean = in_training(batch_mean, w.moving_mean)\n"
    "    local centred = x - mean\n"
    "    local batch_variance = batch_sum(centred * centred) / n\n"
    "    local variance = in_training(batch_variance, w.moving_variance)\n"
    "    local next_mean = 0.9 * w.moving_mean + 0.1 * batch_mean\n"
    "    update(w.moving_mean, next_mean)\n"
    "    update(w.moving_variance, 0.9 * w.moving_variance + 0.1 * batch_variance)\n"
    "    return w.gamma * centred / sqrt(variance + a.epsilon) + w.beta\n"
    "  end }\n";
static const char network[] =
    "%sreturn Sequential{ name = 'phased', Input{5, 3}, Dense{6}, Standardise{}, SimpleRNN{7},\n"
    "  BatchNormalization{momentum = 0.8}, Dense{2}, loss = 'mse', optimizer = SGD{0.05}, batch_size = %d, shards = %d }\n";

#define ROWS 6

struct subject {
    struct compiled_model c;
    struct lstmc_dataset data;
    float *weights;
};

static void subject_create(struct subject *s, int shards)
{
    char text[2048];
    snprintf(text, sizeof text, network, standardise, ROWS, shards);
    compiled_model_create(&s->c, text, "-O1", false);
    const struct lstmc_model *m = s->c.model;
    cr_assert_eq(m->shards, shards);
    cr_assert_eq(lstmc_dataset_alloc(m, ROWS, &s->data), 0);
    for (size_t i = 0; i < ROWS * m->input_count; i++)
        ((float *)s->data.x)[i] = 2 * lstmc_random_uniform(5, 1, i, 0) - 1;
    for (size_t i = 0; i < ROWS * m->target_count; i++)
        ((float *)s->data.y)[i] = 2 * lstmc_random_uniform(5, 2, i, 0) - 1;
    s->weights = lstmc_alloc(m->weight_count * sizeof(float));
    lstmc_init(m, s->weights, 3);
}

static void subject_free(struct subject *s)
{
    lstmc_free(s->weights);
    lstmc_dataset_free(&s->data);
    compiled_model_free(&s->c);
}

struct results {
    float gradients[512], updated[512], output[ROWS * 2], evaluated[ROWS * 2], predicted[ROWS * 2];
    float loss, evaluated_loss;
};

/* Rows [first, first + rows) of the data. */
static struct results compute(const struct subject *s, struct lstmc_engine *engine, int first, int rows)
{
    const struct lstmc_model *m = s->c.model;
    struct results r = { .loss = 0 };
    const float *x = (const float *)s->data.x + (size_t)first * m->input_count, *y = (const float *)s->data.y + (size_t)first * m->target_count;
    cr_assert_leq(m->weight_count, sizeof r.gradients / sizeof *r.gradients);
    engine->prepare(engine->context, s->weights);
    r.loss = engine->train(engine->context, x, y, NULL, rows, first, 0.1f, 11, r.gradients, r.output);
    memcpy(r.updated, s->weights, m->weight_count * sizeof(float));
    engine->update(engine->context, r.updated);
    r.evaluated_loss = engine->evaluate(engine->context, x, y, NULL, rows, 0.1f, r.evaluated);
    engine->predict(engine->context, x, rows, r.predicted);
    return r;
}

static struct results compute_alone(const struct subject *s, int rows)
{
    struct lstmc_engine engine;
    cr_assert_eq(lstmc_engine_create(s->c.model, &engine), 0);
    lstmc_engine_threads(&engine, s->c.model->shards);
    struct results r = compute(s, &engine, 0, rows);
    lstmc_engine_free(&engine);
    return r;
}

static struct results interpreted(const struct subject *s, int rows)
{
    struct custom_layers *custom = custom_layers_create(s->c.arena, s->c.description, ROWS);
    struct lstmc_engine engine;
    struct lstmc_message message = { "" };
    cr_assert_eq(interpreter_engine_create(description_model(s->c.description), custom, &engine, &message), 0, "%s", message.text);
    struct results r = compute(s, &engine, 0, rows);
    engine.free(engine.context);
    custom_layers_free(custom);
    return r;
}

static double distance(const float *a, const float *b, size_t count)
{
    double most = 0;
    for (size_t i = 0; i < count; i++)
        most = fmax(most, fabs((double)a[i] - (double)b[i]));
    return most;
}

static void expect_same(const struct subject *s, const struct results *got, const struct results *expected, int rows, const char *where)
{
    const struct lstmc_model *m = s->c.model;
    size_t outputs = (size_t)rows * m->output_count;
    cr_expect(distance(got->updated, expected->updated, m->weight_count) < 2e-6, "%s: statistics are off by %g", where,
              distance(got->updated, expected->updated, m->weight_count));
    cr_expect(distance(got->updated, s->weights, m->gradient_count) == 0, "%s: what learns is not updated", where);
    cr_expect(distance(got->updated + m->gradient_count, s->weights + m->gradient_count, m->weight_count - m->gradient_count) > 1e-3,
              "%s: statistics stay as they were", where);
    cr_expect(distance(got->gradients, expected->gradients, m->gradient_count) < 2e-6, "%s: gradients are off by %g", where,
              distance(got->gradients, expected->gradients, m->gradient_count));
    cr_expect(distance(got->output, expected->output, outputs) < 2e-6, "%s: outputs are off by %g", where, distance(got->output, expected->output, outputs));
    cr_expect(distance(got->evaluated, expected->evaluated, outputs) < 2e-6, "%s: evaluated outputs", where);
    cr_expect(distance(got->predicted, expected->predicted, outputs) < 2e-6, "%s: predictions", where);
    cr_expect(fabsf(got->loss - expected->loss) < 1e-6f && fabsf(got->evaluated_loss - expected->evaluated_loss) < 1e-6f, "%s: losses %g and %g, not %g and %g",
              where, (double)got->loss, (double)got->evaluated_loss, (double)expected->loss, (double)expected->evaluated_loss);
}

Test(phases, shards_are_one_batch)
{
    struct subject one, many;
    subject_create(&one, 1);
    cr_assert_eq(one.c.model->forward_phases, 5);
    cr_assert_eq(one.c.model->backward_phases, 5);
    cr_assert_eq(one.c.model->sum_count, 10);
    for (int shards = 2; shards <= 3; shards++) {
        subject_create(&many, shards);
        memcpy(many.weights, one.weights, one.c.model->weight_count * sizeof(float));
        for (int rows = ROWS; rows >= ROWS - 1; rows--) {           /* the last shard is whole, or not */
            char where[64];
            snprintf(where, sizeof where, "%d shards, %d rows", shards, rows);
            struct results alone = compute_alone(&one, rows), got = compute_alone(&many, rows), interpreter = interpreted(&one, rows);
            expect_same(&one, &got, &alone, rows, where);
            expect_same(&one, &alone, &interpreter, rows, "one shard against the interpreter");
            cr_expect(distance(got.output, got.evaluated, (size_t)rows * one.c.model->output_count) > 1e-2, "an evaluation has statistics of its own");
            cr_expect(distance(got.predicted, got.evaluated, (size_t)rows * one.c.model->output_count) < 1e-6, "an evaluation predicts");
        }
        subject_free(&many);
    }
    subject_free(&one);
}

/* ---- another transport ---------------------------------------------------------------------------------------------------------------- */

/* Two machines with half of the rows each: every sum goes over both. */
struct exchange {
    pthread_barrier_t barrier;
    float *part[2];
    int has[2];
    int calls[2];
};

struct machine {
    struct exchange *exchange;
    int number;
    const struct subject *subject;
    int rows, shards;           /* of the batch */
    size_t reduced;             /* floats */
    struct results results;
};

/* Adds up what both have, in both; nothing from a machine that the batch has no rows for. */
static void add_over_machines(struct machine *machine, float *part, int has, size_t length)
{
    struct exchange *e = machine->exchange;
    e->part[machine->number] = part;
    e->has[machine->number] = has;
    e->calls[machine->number]++;
    pthread_barrier_wait(&e->barrier);
    if (machine->number == 0)
        for (size_t i = 0; i < length; i++)
            e->part[0][i] = e->part[1][i] = (e->has[0] ? e->part[0][i] : 0) + (e->has[1] ? e->part[1][i] : 0);
    pthread_barrier_wait(&e->barrier);
}

static void sum_over_machines(void *context, float *const *parts, int count, int shards, size_t length)
{
    cr_expect_eq(shards, ((struct machine *)context)->shards);
    for (int part = 1; part < count; part++)
        for (size_t i = 0; i < length; i++)
            parts[0][i] += parts[part][i];
    add_over_machines(context, parts[0], count > 0, length);
    for (int part = 1; part < count; part++)
        memcpy(parts[part], parts[0], length * sizeof(float));
}

/* A machine's shards are a subtree: the first part has their sum. */
static void reduce_over_machines(void *context, float *const *parts, int count, int shards, size_t first, size_t length)
{
    struct machine *machine = context;
    float *sum = machine->results.gradients + first;
    cr_expect_eq(shards, machine->shards);
    machine->reduced += length;
    machine->exchange->calls[machine->number]--;                /* counted by its length */
    if (count)
        memcpy(sum, parts[0] + first, length * sizeof *sum);
    add_over_machines(machine, sum, count > 0, length);
}

static void *run_machine(void *context)
{
    struct machine *machine = context;
    const struct lstmc_share share = { machine->number, 1, machine, sum_over_machines, reduce_over_machines };
    struct lstmc_engine engine;
    cr_assert_eq(lstmc_engine_create(machine->subject->c.model, &engine), 0);
    cr_assert_eq(lstmc_engine_share(&engine, &share), 0);
    struct results got = compute(machine->subject, &engine, 0, machine->rows);
    memcpy(got.gradients, machine->results.gradients, sizeof got.gradients);
    machine->results = got;
    lstmc_engine_free(&engine);
    return NULL;
}

/* Each has half of the shards; of a short batch the second one has nothing. */
Test(phases, machines_share_a_batch)
{
    struct subject s;
    const int rows[] = { ROWS, ROWS / 2 };
    for (int i = 0; i < 2; i++) {
        subject_create(&s, 2);
        struct exchange exchange = { .calls = { 0 } };
        pthread_barrier_init(&exchange.barrier, NULL, 2);
        struct machine machines[2];
        for (int k = 0; k < 2; k++)
            machines[k] = (struct machine){ &exchange, k, &s, rows[i], s.c.model->shards * rows[i] / ROWS, 0, { .loss = 0 } };
        pthread_t thread;
        cr_assert_eq(pthread_create(&thread, NULL, run_machine, &machines[1]), 0);
        run_machine(&machines[0]);
        pthread_join(thread, NULL);
        struct results alone = compute_alone(&s, rows[i]), both = machines[0].results;
        size_t half = (size_t)ROWS / 2 * s.c.model->output_count;
        memcpy(both.output + half, machines[1].results.output + half, half * sizeof(float));
        memcpy(both.evaluated + half, machines[1].results.evaluated + half, half * sizeof(float));
        expect_same(&s, &both, &alone, rows[i], "two machines");
        cr_expect_eq(memcmp(both.gradients, alone.gradients, sizeof both.gradients), 0, "the gradient of one machine");
        cr_expect_eq(machines[1].results.loss, alone.loss);
        cr_expect_eq(machines[1].results.evaluated_loss, alone.evaluated_loss);
        cr_expect_eq(machines[0].reduced, s.c.model->gradient_count);
        cr_expect_eq(machines[1].reduced, s.c.model->gradient_count);
        /* forward's and backward's of training; forward's of the evaluation; two losses */
        cr_expect_eq(exchange.calls[0], 6 + 4 + 6 + 2, "%d sums", exchange.calls[0]);
        pthread_barrier_destroy(&exchange.barrier);
        subject_free(&s);
    }
}

/* ---- trained --------------------------------------------------------------------------------------------------------------------------- */

static void train(const struct subject *s, struct lstmc_engine *engine, float weights[512])
{
    struct lstmc_train_options options = { .epochs = 3, .seed = 4, .quiet = 1 };
    struct lstmc_history history = { .epochs = 0 };
    struct lstmc_message message = { "" };
    memcpy(weights, s->weights, s->c.model->weight_count * sizeof(float));
    cr_assert_eq(lstmc_train(engine, weights, &s->data, NULL, &options, &history, &message), 0, "%s", message.text);
}

/* Three batches: each moves what is left of the first averages by a fifth, and a tenth, further away. */
Test(phases, a_training_moves_the_averages)
{
    struct subject s;
    struct lstmc_engine engine, interpreter;
    struct lstmc_message message = { "" };
    float weights[512], expected[512];
    subject_create(&s, 2);
    const struct lstmc_model *m = s.c.model;
    cr_assert_eq(lstmc_engine_create(m, &engine), 0);
    train(&s, &engine, weights);
    struct custom_layers *custom = custom_layers_create(s.c.arena, s.c.description, ROWS);
    cr_assert_eq(interpreter_engine_create(description_model(s.c.description), custom, &interpreter, &message), 0, "%s", message.text);
    train(&s, &interpreter, expected);
    cr_expect(distance(weights, expected, m->weight_count) < 1e-4, "off by %g", distance(weights, expected, m->weight_count));
    for (int w = 0; w < m->weight_tensors; w++)
        for (size_t i = 0; !m->weights[w].trainable && i < m->weights[w].count; i++)
            cr_expect_neq(weights[m->weights[w].offset + i], s.weights[m->weights[w].offset + i], "%s[%zu]", m->weights[w].name, i);
    interpreter.free(interpreter.context);
    custom_layers_free(custom);
    lstmc_engine_free(&engine);
    subject_free(&s);
}

/* ---- by hand, and refused -------------------------------------------------------------------------------------------------------------- */

static const char *const refused[][2] = {
    { "call = function(a, w, x) return x - batch_sum(x) end", "batch_sum: a prediction has no batch: say what it takes instead, by in_training(a, b)" },
    { "call = function(a, w, x) return x - in_training(batch_sum('x'), 0) end", "batch_sum takes a value or a number, not \"x\"" },
    { "call = function(a, w, x) return x - in_training(batch_sum(x), 'none') end", "in_training takes two values, not \"none\"" },
    { "over = 'sample', call = function(a, w, x)\n"
      "  local k = axes 'k'\n"
      "  local all = scan{ over = x, state = { h = {3} }, step = function(t, s)\n"
      "    local z = tensor{3}\n    z[{k}] = x[{t, k}] + s.h[{k}]\n    return { h = z - in_training(batch_sum(z), 0) } end }\n"
      "  return all.h end",
      "batch_sum stands outside of scans: a loop over time cannot wait for other shards" },
    { "weights = function(a, x) return { k = weight({3}) } end, call = function(a, w, x) update(w.k, x) return x * w.k end",
      "update takes a statistic of the layer, w.moving_mean, and its next value" },
    { "weights = function(a, x) return { m = statistic({3}) } end, call = function(a, w, x) local n = x * 1.5 update(w.m, n) return x - w.m end",
      "update: what m becomes is not the same for all samples" },
    { "weights = function(a, x) return { m = statistic({3}) } end, call = function(a, w, x) update(w.m, batch_sum(1)) return x - w.m end",
      "update: the next m is a value of its shape, {3}" },
    { "weights = function(a, x) return { m = statistic({3}) } end,\n  call = function(a, w, x) local n = batch_sum(x) update(w.m, n) update(w.m, n * 2.0) return x - w.m end",
      "update: m has its next value already" },
};

Test(phases, where_there_is_no_batch)
{
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        char text[1024];
        char *folder = command_folder();
        snprintf(text, sizeof text, "layer 'Own' { %s }\nreturn Sequential{ Input{5, 3}, Own{}, SimpleRNN{2}, loss = 'mse', optimizer = 'sgd' }\n", refused[i][0]);
        command_write(folder, "own.lua", text, (long)strlen(text));
        command_expect(folder, 60, "$L own.lua", 1, NULL, refused[i][1]);
        command_folder_remove(folder);
    }
}

/* Steps that do not count are in no moment; what is frozen takes the moving ones. */
static const char masked[] =
    "local Loud = layer 'Loud' { over = 'sample', input = 'sequence', shape = function(a, x) return x.shape end,\n"
    "  call = function(a, w, x) return x * 1.0 end,\n"
    "  mask = function(a, w, x)\n"
    "    local t, k = axes 't k'\n    local loud = tensor{ x.timesteps }\n"
    "    loud[{ t }] = largest(greater(x[{ t, k }], 0.3))\n    return loud\n  end }\n"
    "return Sequential{ Input{5, 3}, Loud{}, Dense{6}, BatchNormalization{momentum = 0.7, scale = false},\n"
    "  LSTM{7, return_sequences = true}, BatchNormalization{center = false, epsilon = 0.01}, Dense{2},\n"
    "  BatchNormalization{trainable = false}, loss = 'mse', batch_size = 4, shards = 2 }\n";

/* lstmc check looks at all of it, trains and evaluates by it. */
Test(phases, the_commands_know_them)
{
    char *folder = command_folder();
    char text[4096];
    snprintf(text, sizeof text,
             "%sreturn Sequential{ name = 'phased', Input{5, 3}, Dense{6}, Standardise{}, SimpleRNN{7}, Standardise{}, Dense{2},\n"
             "  loss = 'mse', optimizer = 'adam', batch_size = 6, shards = 2, epochs = 2,\n"
             "  data = samples{ function(random)\n"
             "    local x = {}\n    for t = 1, 5 do x[t] = { random(), random(), random() } end\n    return x, { x[1][1], x[5][2] }\n"
             "  end, samples = 24, validation_samples = 12 } }\n",
             standardise);
    command_write(folder, "phased.lua", text, (long)strlen(text));
    command_expect(folder, 120, "$L check phased.lua", 0, "all within tolerance", "");
    command_expect(folder, 120, "$L train phased.lua", 0, "val_loss", "");
    command_write(folder, "masked.lua", masked, (long)strlen(masked));
    command_expect(folder, 120, "$L check masked.lua", 0, "next batch_normalization/moving_variance", "");
    Ran ran = command_run(folder, 60, "$L evaluate phased.lua --interpreted"), compiled = command_run(folder, 60, "$L evaluate phased.lua");
    cr_expect(ran.status == 0 && compiled.status == 0 && !strcmp(ran.output, compiled.output), "%s%s\n%s", ran.errors, ran.output, compiled.output);
    ran_free(&ran);
    ran_free(&compiled);
    command_folder_remove(folder);
}

/* The checker knows when a sum is not complete. */
Test(phases, what_is_not_added_up_yet_is_not_read)
{
    struct subject s;
    subject_create(&s, 1);
    Ir *ir = lower(s.c.arena, s.c.description, &(LowerOptions){ .training = true, .batch = 2 });
    grad(ir);
    phases(ir, false);
    cr_expect_null(ir_check(ir), "%s", ir_check(ir));
    for (int section = SECTION_FORWARD; section <= SECTION_BACKWARD; section++)
        for (int i = ir->statement_count - 1; i >= 0; i--) {
            Statement *statement = ir->statements[i];
            if ((int)statement->section != section || statement->phase != 1)
                continue;
            for (int j = 0; j < ir->statement_count; j++)
                if ((int)ir->statements[j]->section == section && ir->statements[j]->phase == 1)
                    ir->statements[j]->phase = 0;
            const char *wrong = ir_check(ir);
            cr_expect(wrong && strstr(wrong, "in the phase that sums it up"), "section %d: %s", section, wrong);
            phases(ir, false);
            break;
        }
    subject_free(&s);
}

/* ---- layers ---------------------------------------------------------------------------------------------------------------------------- */

static const char stack[] =
    "return Sequential{ name = 'stacked', Input{7, 5}, SimpleRNN{4, return_sequences = true}, LSTM{33, return_sequences = true},\n"
    "  GRU{40, return_sequences = true}, SimpleRNN{60}, Dense{2}, loss = 'mse', batch_size = 6 }\n";

/* What the phases have computed of the gradients, each when the engine hands it on. */
struct parcels {
    float gradients[30000];
    int count;
};

static void sum_alone(void *context, float *const *parts, int count, int shards, size_t length)
{
    (void)context, (void)parts, (void)length;
    cr_expect(count == 1 && shards == 1);
}

static void keep_parcel(void *context, float *const *parts, int count, int shards, size_t first, size_t length)
{
    struct parcels *parcels = context;
    cr_expect(count == 1 && shards == 1);
    memcpy(parcels->gradients + first, parts[0] + first, length * sizeof(float));
    parcels->count++;
}

/* Backward that is cut where layers have completed their gradients: the same bits, and what is handed on is complete. */
Test(phases, layers_end_with_their_gradients)
{
    const Target *const targets[] = { target_find("plain"), target_find("vector") };
    for (int t = 0; t < 2; t++) {
        static float whole[30000], cut[30000], output[6 * 2], x[6 * 35], y[6 * 2];
        struct compiled_model one, other;
        compiled_model_create_with(&one, stack, "-O1", &(CompileOptions){ .target = targets[t] });
        compiled_model_create_with(&other, stack, "-O1", &(CompileOptions){ .target = targets[t], .layer_phases = true });
        const struct lstmc_model *m = other.model;
        cr_assert_leq(m->gradient_count, sizeof whole / sizeof *whole);
        cr_assert_eq(m->backward_phases, 4, "%d phases", m->backward_phases);       /* SimpleRNN 60, GRU 40, LSTM 33, SimpleRNN 4 */
        cr_assert_eq(one.model->backward_phases, 0);
        float *weights = lstmc_alloc(m->weight_count * sizeof *weights);
        lstmc_init(m, weights, 3);
        for (size_t i = 0; i < sizeof x / sizeof *x; i++)
            x[i] = 2 * lstmc_random_uniform(5, 1, i, 0) - 1;
        for (size_t i = 0; i < sizeof y / sizeof *y; i++)
            y[i] = 2 * lstmc_random_uniform(5, 2, i, 0) - 1;
        struct parcels *parcels = calloc(1, sizeof *parcels);
        for (int which = 0; which < 2; which++) {
            struct lstmc_engine engine;
            float *gradients = which ? cut : whole;
            const struct lstmc_share share = { 0, 1, parcels, sum_alone, keep_parcel };
            memset(gradients, 0, sizeof whole);
            cr_assert_eq(lstmc_engine_create(which ? other.model : one.model, &engine), 0);
            if (which)
                cr_assert_eq(lstmc_engine_share(&engine, &share), 0);
            engine.prepare(engine.context, weights);
            engine.train(engine.context, x, y, NULL, 6, 0, 0.1f, 11, gradients, output);
            lstmc_engine_free(&engine);
        }
        cr_expect_geq(parcels->count, 4);
        cr_expect_eq(memcmp(cut, whole, m->gradient_count * sizeof(float)), 0, "the bits of one pass");
        cr_expect_eq(memcmp(parcels->gradients, whole, m->gradient_count * sizeof(float)), 0, "what is handed on is complete");
        free(parcels);
        lstmc_free(weights);
        compiled_model_free(&one);
        compiled_model_free(&other);
    }
}
