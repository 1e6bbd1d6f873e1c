/* test_stateful.c: layers whose states go on from batch to batch: two halves of sequences are what the whole ones are; others begin afresh; the
 * generated C and the interpreter train, evaluate and predict alike. */
#include "runtime/lstmc.h"
#include "runtime/lstmc_random.h"
#include "runtime/interpreter/interpreter.h"
#include "compiled_model.h"
#include "command.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BATCH = 3, BATCHES = 4, STEPS = 4, FEATURES = 3, UNITS = 5, WEIGHTS = 400 };

#define LSTM_OF(options) "LSTM{5, return_sequences = true" options ", bias_initializer = RandomUniform{-0.5, 0.5}}"
#define GRU_OF(options)  "GRU{4" options ", bias_initializer = RandomUniform{-0.5, 0.5}}"

/* Both of them in one loop. */
#define CELLS_OF(options) "RNN{ {LSTMCell{5}, GRUCell{4, bias_initializer = RandomUniform{-0.5, 0.5}}}" options "},"

/* What both have in common is drawn alike. */
static const char network[] = "return Sequential{ name = 'net', Input{%d, %d}, %s loss = 'mse', optimizer = 'sgd', learning_rate = 0.5,\n"
                              "  batch_size = 3, shards = %d }\n";

struct subject {
    struct compiled_model c;
    struct lstmc_engine engine, interpreter;
};

static void create(struct subject *s, int steps, int features, const char *layers, int shards)
{
    char text[1024];
    struct lstmc_message message = { "" };
    snprintf(text, sizeof text, network, steps, features, layers, shards);
    compiled_model_create(&s->c, text, "-O1", false);
    cr_assert_eq(lstmc_engine_create(s->c.model, &s->engine), 0);
    cr_assert_eq(interpreter_engine_create(description_model(s->c.description), NULL, &s->interpreter, &message), 0, "%s", message.text);
}

static void destroy(struct subject *s)
{
    s->interpreter.free(s->interpreter.context);
    lstmc_engine_free(&s->engine);
    compiled_model_free(&s->c);
}

/* Sequences of so many steps, one behind the other. */
static void draw(float *x, int steps)
{
    for (int row = 0; row < BATCH; row++)
        for (int t = 0; t < steps; t++)
            for (int k = 0; k < FEATURES; k++)
                x[(row * steps + t) * FEATURES + k] = 2 * lstmc_random_uniform(8, (uint64_t)row, (uint64_t)t, (uint64_t)k) - 1;
}

/* Steps [first, first + count) of the rows. */
static void cut(const float *x, int steps, int features, int first, int count, float *part)
{
    for (int row = 0; row < BATCH; row++)
        memcpy(part + row * count * features, x + (row * steps + first) * features, (size_t)(count * features) * sizeof *x);
}

static void expect_near(const float *got, const float *expected, int count, float tolerance, const char *what)
{
    for (int i = 0; i < count; i++)
        cr_expect_float_eq(got[i], expected[i], tolerance, "%s: number %d is %g, not %g", what, i, (double)got[i], (double)expected[i]);
}

/* The first half, then the second one, of which y are the outputs. */
static void predict_halves(struct lstmc_engine *engine, const float *weights, const float *x, enum lstmc_carry carry, float *y)
{
    float part[BATCH * STEPS * FEATURES];
    engine->prepare(engine->context, weights);
    engine->carry(engine->context, carry);
    for (int half = 0; half < 2; half++) {
        cut(x, 2 * STEPS, FEATURES, half * STEPS, STEPS, part);
        engine->predict(engine->context, part, BATCH, y);
    }
}

static void expect_halves(const char *stateful, const char *stateless)
{
    struct subject halves, whole;
    float x[BATCH * 2 * STEPS * FEATURES], y[BATCH * 4], expected[BATCH * 4], weights[WEIGHTS];
    draw(x, 2 * STEPS);
    create(&halves, STEPS, FEATURES, stateful, 1);
    create(&whole, 2 * STEPS, FEATURES, stateless, 1);
    lstmc_init(halves.c.model, weights, 5);
    whole.engine.prepare(whole.engine.context, weights);
    whole.engine.predict(whole.engine.context, x, BATCH, expected);
    for (int interpreted = 0; interpreted <= 1; interpreted++) {
        struct lstmc_engine *engine = interpreted ? &halves.interpreter : &halves.engine;
        predict_halves(engine, weights, x, LSTMC_CARRY_FRESH, y);
        expect_near(y, expected, BATCH * 4, 1e-5f, interpreted ? "interpreter" : "generated");
        predict_halves(engine, weights, x, LSTMC_CARRY_NOTHING, y);
        cr_expect(fabsf(y[0] - expected[0]) > 1e-3f, "without states to go on with it is another one");
    }
    destroy(&halves);
    destroy(&whole);
}

Test(stateful, two_halves_are_the_whole)
{
    expect_halves(LSTM_OF(", stateful = true") ", " GRU_OF(", stateful = true") ",", LSTM_OF("") ", " GRU_OF("") ",");
    expect_halves(CELLS_OF(", stateful = true"), CELLS_OF(""));
}

/* The LSTM goes on, the GRU behind it begins with zeros. */
Test(stateful, layers_go_on_one_by_one)
{
    struct subject both, first, second;
    float x[BATCH * 2 * STEPS * FEATURES], h[BATCH * 2 * STEPS * UNITS], part[BATCH * STEPS * UNITS], y[BATCH * 4], expected[BATCH * 4],
        weights[WEIGHTS];
    draw(x, 2 * STEPS);
    create(&both, STEPS, FEATURES, LSTM_OF(", stateful = true") ", " GRU_OF("") ",", 1);
    create(&first, 2 * STEPS, FEATURES, LSTM_OF("") ",", 1);
    create(&second, STEPS, UNITS, GRU_OF("") ",", 1);
    lstmc_init(both.c.model, weights, 5);
    first.engine.prepare(first.engine.context, weights);
    first.engine.predict(first.engine.context, x, BATCH, h);
    cut(h, 2 * STEPS, UNITS, STEPS, STEPS, part);
    second.engine.prepare(second.engine.context, weights + first.c.model->weight_count);
    second.engine.predict(second.engine.context, part, BATCH, expected);
    for (int interpreted = 0; interpreted <= 1; interpreted++) {
        predict_halves(interpreted ? &both.interpreter : &both.engine, weights, x, LSTMC_CARRY_FRESH, y);
        expect_near(y, expected, BATCH * 4, 1e-5f, interpreted ? "interpreter" : "generated");
    }
    destroy(&both);
    destroy(&first);
    destroy(&second);
}

static void make_data(const struct lstmc_model *model, struct lstmc_dataset *data)
{
    cr_assert_eq(lstmc_dataset_alloc(model, BATCH * BATCHES + 1, data), 0);     /* one too many */
    for (size_t i = 0; i < data->samples * model->input_count; i++)
        ((float *)data->x)[i] = 2 * lstmc_random_uniform(9, 1, i, 0) - 1;
    for (size_t i = 0; i < data->samples * model->target_count; i++)
        ((float *)data->y)[i] = 2 * lstmc_random_uniform(9, 2, i, 0) - 1;
}

static double train(const struct subject *s, struct lstmc_engine *engine, enum lstmc_stateful stateful, float weights[WEIGHTS])
{
    struct lstmc_dataset data;
    struct lstmc_train_options options = { .epochs = 2, .seed = 4, .shuffle = 1, .stateful = stateful, .quiet = 1 };
    struct lstmc_history history = { .epochs = 0 };
    struct lstmc_message message = { "" };
    make_data(s->c.model, &data);
    lstmc_init(s->c.model, weights, 6);
    cr_assert_eq(lstmc_train(engine, weights, &data, &data, &options, &history, &message), 0, "%s", message.text);
    lstmc_dataset_free(&data);
    return history.validation_loss;
}

/* Batches by hand: row r of each goes on where row r of the one before has ended. */
Test(stateful, batches_follow_each_other)
{
    for (int shards = 1; shards <= 3; shards += 2) {
        struct subject s;
        struct lstmc_dataset data;
        float weights[WEIGHTS], same[WEIGHTS], other[WEIGHTS];
        create(&s, STEPS, FEATURES, LSTM_OF(", stateful = true") ", " GRU_OF("") ",", shards);
        const struct lstmc_model *m = s.c.model;
        int rows = m->batch * m->shards;
        double loss = train(&s, &s.engine, LSTMC_CONSECUTIVE, weights), interpreted = train(&s, &s.interpreter, LSTMC_CONSECUTIVE, same);
        expect_near(weights, same, (int)m->weight_count, 1e-5f, "interpreter");
        cr_expect_float_eq(loss, interpreted, 1e-5, "%g and %g", loss, interpreted);
        train(&s, &s.engine, LSTMC_STREAMS, other);
        cr_expect(fabsf(other[0] - weights[0]) > 1e-5f || rows == BATCH * BATCHES, "streams are another order");
        make_data(m, &data);
        double sum = 0;
        float y[BATCH * BATCHES * 4];
        s.interpreter.prepare(s.interpreter.context, weights);
        s.interpreter.carry(s.interpreter.context, LSTMC_CARRY_FRESH);
        int count = BATCH * BATCHES / rows;
        for (int b = 0; b < count; b++)
            sum += (double)s.interpreter.evaluate(s.interpreter.context, (float *)data.x + (size_t)(b * rows) * m->input_count,
                                                  (float *)data.y + (size_t)(b * rows) * m->target_count, NULL, rows, 1 / (float)rows, y);
        cr_expect_float_eq(loss, sum / count, 1e-5, "%d shards: %g, by hand %g", shards, loss, sum / count);
        lstmc_dataset_free(&data);
        destroy(&s);
    }
}

static const char described[] =
    "return Sequential{ name = 'net', Input{4, 3}, LSTM{5, stateful = true}, Dense{1}, loss = 'mse', epochs = 2,\n"
    "  batch_size = 2, shards = 1, data = samples{ function(random)\n"
    "    local x = {}\n    for t = 1, 4 do x[t] = { random(), random(), random() } end\n    return x, x[1][1]\n"
    "  end, samples = 12, validation_samples = 6 } }\n";

static const char both_ways[] =
    "return Sequential{ Input{4, 3}, Bidirectional{LSTM{5, stateful = true, return_sequences = true}}, GRU{4}, Dense{2},\n"
    "  loss = 'mse', batch_size = 3, shards = 1 }\n";

/* One line of numbers is one sample; the third one goes on where the first has ended. */
Test(stateful, the_commands_know_it)
{
    char *folder = command_folder();
    char again[2048] = "", line[256] = "";
    command_write(folder, "net.lua", described, (long)strlen(described));
    command_expect(folder, 120, "$L check net.lua --quiet", 0, "all within tolerance", "");
    command_write(folder, "both.lua", both_ways, (long)strlen(both_ways));
    command_expect(folder, 120, "$L check both.lua --quiet", 0, "all within tolerance", "");
    command_expect(folder, 120, "$L train net.lua", 0, "val_loss", "");
    for (int i = 0; i < 12; i++)
        snprintf(line + strlen(line), sizeof line - strlen(line), "0.%d ", i + 1);
    for (int i = 0; i < 5; i++)
        snprintf(again + strlen(again), sizeof again - strlen(again), "%s\n", line);
    command_write(folder, "numbers", again, (long)strlen(again));
    Ran compiled = command_run(folder, 60, "$L predict net.lua <numbers"), ran = command_run(folder, 60, "$L predict net.lua --interpreted <numbers");
    double y[5], other[5];
    for (int i = 0; i < 2; i++) {
        double *to = i ? other : y;
        cr_assert_eq(sscanf(i ? ran.output : compiled.output, "%lf %lf %lf %lf %lf", &to[0], &to[1], &to[2], &to[3], &to[4]), 5, "%s%s", ran.errors,
                     compiled.errors);
    }
    for (int i = 0; i < 5; i++)
        cr_expect_float_eq(y[i], other[i], 2e-5, "sample %d: %g and %g", i, y[i], other[i]);
    cr_expect(y[0] == y[1] && y[2] == y[3] && fabs(y[2] - y[0]) > 1e-4 && fabs(y[4] - y[2]) > 1e-5, "%s", compiled.output);
    ran_free(&compiled);
    ran_free(&ran);
    command_folder_remove(folder);
}
