/* test_battery_training.c: what training adds: frozen layers, regularisers, batches and shards, ways of unrolling. */
#include "oracles.h"

#include "compiler/oracle/custom.h"
#include "compiler/session/load.h"
#include "runtime/lstmc_random.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

/* ---- frozen layers ---- */

Test(battery_training, frozen_layers)
{
    expect_all((const char *const[]){
        "Input{4, 3}, LSTM{5, return_sequences = true, trainable = false}, LSTM{2}, Dense{3}, loss = 'mse'",
        "Input{4, 3}, LSTM{5, return_sequences = true}, GRU{2, trainable = false}, Dense{3}, loss = 'mse'",
        "Input{4, 3}, GRU{5, return_sequences = true}, LSTM{2}, Dense{3, trainable = false}, loss = 'mse'",
        "Input{4}, Embedding{7, 3, trainable = false}, SimpleRNN{2}, Dense{3}, loss = 'mse'",
        "Input{4}, Embedding{7, 3}, LSTM{2, trainable = false, go_backwards = true}, Dense{3, trainable = false}, loss = 'mse'",
        "Input{4, 3}, Dense{3, trainable = false}, GRU{2, return_sequences = true, reset_after = false}, Dense{2, trainable = false}, loss = 'mse'",
        "Input{4, 3}, LSTM{2, trainable = false}, Dense{2, trainable = false}, loss = 'mse'",
        "Input{4}, Embedding{7, 3, trainable = false}, GRU{2, trainable = false}, Dense{2}",
        "Input{4}, Embedding{7, 3, trainable = false}, GRU{2, trainable = false}, Dense{2, trainable = false}, loss = 'mse'", NULL });
}

typedef struct Text {
    Arena *arena;
    Description *description;
    Compiled compiled;
} Text;

static Text text_of(const char *inside, const char *dump, bool input_gradient)
{
    Text text = { .arena = arena_create() };
    Diagnostics *diagnostics = diagnostics_create(text.arena);
    text.description = oracle_read(text.arena, inside);
    const CompileOptions options = { .target = target_find("plain"), .dump = dump, .input_gradient = input_gradient };
    cr_assert(compile(text.arena, text.description, diagnostics, &options, &text.compiled), "%s: was not compiled", inside);
    return text;
}

static void text_free(Text *text)
{
    compiled_free(&text->compiled);
    description_free(text->description);
    arena_free(text->arena);
}

static void expect_absent(const char *inside, const char *text, const char *const *names)
{
    for (; *names; names++)
        cr_expect(!strstr(text, *names), "%s: %s is there:\n%s", inside, *names, text);
}

Test(battery_training, frozen_weights_prune_the_backward_pass)
{
    const char *inside = "Input{4, 3}, LSTM{5, return_sequences = true, trainable = false}, LSTM{2, return_sequences = true}, GRU{4, trainable = false}, Dense{3}, loss = 'mse'";
    Text text = text_of(inside, "grad", false);
    /* Nothing flows into the first layer; the third one hands gradients on but gets none for its weights. */
    expect_absent(inside, text.compiled.dump.text, (const char *const[]){ "lstm.d_", "gru.d_kernel", "gru.d_recurrent_kernel", "gru.d_bias", " d_x", NULL });
    cr_expect(strstr(text.compiled.dump.text, "gru.d_h") && strstr(text.compiled.dump.text, "lstm_1.d_kernel"), "%s", text.compiled.dump.text);
    text_free(&text);
}

Test(battery_training, with_all_frozen_but_the_last_no_recurrence_runs_backwards)
{
    const char *inside = "Input{4, 3}, LSTM{5, return_sequences = true, trainable = false}, GRU{2, trainable = false}, Dense{3}, loss = 'mse'";
    Text text = text_of(inside, "grad", false);
    expect_absent(inside, text.compiled.dump.text, (const char *const[]){ "lstm.d_", "gru.d_", NULL });
    text_free(&text);
}

/* What only the gradients of frozen weights would read is no member of the tape: gates, activations, the input's copy per step. */
Test(battery_training, the_tape_keeps_nothing_for_frozen_layers)
{
    const char *frozen = "Input{4, 3}, LSTM{5, return_sequences = true, trainable = false}, GRU{2}, Dense{3}, loss = 'mse'";
    Text text = text_of(frozen, NULL, false);
    const Ir *ir = text.compiled.programs.training;
    for (int i = 0; i < ir->tensor_count; i++) {
        const Tensor *tensor = ir->tensors[i];
        if (strcmp(tensor->layer, "lstm") || tensor->role != ROLE_VALUE)
            continue;
        cr_expect(tensor->home != HOME_TAPE || tensor->window == 1 || tensor->unit >= 0, "lstm.%s: all %d rows are kept on the tape, alone",
                  tensor->name, tensor->extent[0]);
    }
    text_free(&text);
    const char *trained = "Input{4, 3}, LSTM{5, return_sequences = true}, GRU{2}, Dense{3}, loss = 'mse'";
    text = text_of(trained, NULL, false);
    bool kept = false;
    for (int i = 0; i < text.compiled.programs.training->tensor_count; i++) {
        const Tensor *tensor = text.compiled.programs.training->tensors[i];
        kept = kept || (!strcmp(tensor->layer, "lstm") && tensor->role == ROLE_VALUE && tensor->home == HOME_TAPE && tensor->window == 0);
    }
    cr_expect(kept, "%s: backward needs the gates, but none is kept", trained);
    text_free(&text);
}

/* ---- batches and shards ---- */

Test(battery_training, one_row_and_many_at_every_length)
{
    static const char *const sizes[] = { "batch_size = 1", "batch_size = 2", "batch_size = 7", "batch_size = 16" };
    static const char *const inputs[] = { "Input{1, 3}", "Input{2, 3}", "Input{3, 3}" };
    Arena *arena = arena_create();
    for (int size = 0; size < 4; size++)
        for (int input = 0; input < 3; input++)
            expect_agreement_with(arena_format(arena, "return Sequential{ name = 'sized', %s, shards = 1, %s, LSTM{4, return_sequences = true}, GRU{2}, "
                                               "Dense{2}, loss = 'mse' }", sizes[size], inputs[input]),
                                  &(Oracles){ .seed = 1, .no_differences = true });
    arena_free(arena);
}

typedef struct Side {
    float *weights, *gradients, *x, *target, *output, loss;
} Side;

static Loaded load_model(Arena *arena, Description *description, int unroll)
{
    Diagnostics *diagnostics = diagnostics_create(arena);
    const CompileOptions options = { .target = target_find("plain"), .unroll = unroll };
    Compiled compiled;
    Loaded loaded = { 0 };
    setenv("CFLAGS", "-O0", 1);
    bool good = compile(arena, description, diagnostics, &options, &compiled) && load(arena, diagnostics, &compiled, LOAD_TO_CHECK, &loaded);
    diagnostics_print(diagnostics, stderr);
    cr_assert(good, "the model was not compiled (see standard error)");
    compiled_free(&compiled);
    return loaded;
}

static void fill(float *values, size_t count, uint64_t stream)
{
    for (size_t i = 0; i < count; i++)
        values[i] = 2 * lstmc_random_uniform(3, stream, 0, i) - 1;
}

/* One call of train over `rows` rows from row 5 of the whole batch. */
static Side train_once(Arena *arena, const struct lstmc_engine *engine, int rows)
{
    const struct lstmc_model *m = engine->model;
    Side side = { .weights = arena_array(arena, float, m->weight_count), .gradients = arena_array(arena, float, m->gradient_count + 1),
                  .x = arena_array(arena, float, (size_t)rows * m->input_count), .target = arena_array(arena, float, (size_t)rows * m->target_count),
                  .output = arena_array(arena, float, (size_t)rows * m->output_count) };
    fill(side.weights, m->weight_count, 1);
    fill(side.x, (size_t)rows * m->input_count, 2);
    fill(side.target, (size_t)rows * m->target_count, 3);
    engine->prepare(engine->context, side.weights);
    side.loss = engine->train(engine->context, side.x, side.target, NULL, rows, 5, 0.25f, 9, side.gradients, side.output);
    return side;
}

static double worst(const float *a, const float *b, size_t count)
{
    double difference = 0, largest = 1e-6;
    for (size_t i = 0; i < count; i++) {
        difference = fmax(difference, fabs((double)a[i] - (double)b[i]));
        largest = fmax(largest, fabs((double)b[i]));
    }
    return difference / largest;
}

/* Shards of generated C against the interpreter, which computes all rows as one; dropout's noise must belong to the sample, not to the shard. */
Test(battery_training, shards_compute_what_one_batch_would)
{
    Arena *arena = arena_create();
    Description *description = oracle_read(arena, "return Sequential{ name = 'sharded', batch_size = 12, shards = 3, Input{4, 3}, Dropout{0.3}, "
                                           "LSTM{5, return_sequences = true}, Dropout{0.4}, GRU{2}, Dense{2}, loss = 'mse' }");
    Loaded loaded = load_model(arena, description, UNROLL_AUTO);
    struct lstmc_engine generated = { 0 }, interpreted = { 0 };
    struct lstmc_message message = { "" };
    cr_assert_eq(loaded.model->batch * loaded.model->shards, 12, "%d shards of %d rows", loaded.model->shards, loaded.model->batch);
    cr_assert_eq(lstmc_engine_create(loaded.model, &generated), LSTMC_OK);
    cr_assert_eq(interpreter_engine_create(description_model(description), NULL, &interpreted, &message), LSTMC_OK, "%s", message.text);
    static const int rows[] = { 12, 11, 9, 8, 5, 4, 3, 1 };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        Side a = train_once(arena, &generated, rows[i]), b = train_once(arena, &interpreted, rows[i]);
        double gradients = worst(a.gradients, b.gradients, loaded.model->gradient_count);
        double outputs = worst(a.output, b.output, (size_t)rows[i] * loaded.model->output_count);
        cr_expect(gradients <= 1e-5, "%d rows: gradients deviate by %g > 1e-5", rows[i], gradients);
        cr_expect(outputs <= 1e-5, "%d rows: outputs deviate by %g > 1e-5", rows[i], outputs);
        cr_expect(fabsf(a.loss - b.loss) <= 1e-5f * fabsf(b.loss), "%d rows: loss %.9g, interpreter %.9g", rows[i], (double)a.loss, (double)b.loss);
    }
    lstmc_engine_free(&generated);
    lstmc_engine_free(&interpreted);
    loaded_free(&loaded);
    description_free(description);
    arena_free(arena);
}

/* ---- unrolling ---- */

Test(battery_training, unrolling_changes_no_bit)
{
    static const int ways[] = { UNROLL_NONE, UNROLL_AUTO, UNROLL_FULL, 3 };
    static const char *const models[] = {
        "Input{5, 3}, LSTM{7, return_sequences = true}, GRU{4}, Dense{3}, loss = 'mse'",
        "Input{5, 3}, SimpleRNN{5, return_sequences = true, go_backwards = true}, Dense{3, activation = 'softmax'}, loss = 'categorical_crossentropy'",
        "Input{5, 3}, GRU{6, reset_after = false}, RepeatVector{3}, LSTM{2, return_sequences = true}, Flatten{}, Dense{1}, loss = 'huber'", NULL };
    for (int i = 0; models[i]; i++) {
        Side sides[4];
        Arena *arena = arena_create();
        Description *description = oracle_read(arena, models[i]);
        for (int way = 0; way < 4; way++) {
            expect_agreement_with(models[i], &(Oracles){ .seed = 1, .unroll = ways[way], .no_differences = true });
            Loaded loaded = load_model(arena, description, ways[way]);
            struct lstmc_engine engine = { 0 };
            cr_assert_eq(lstmc_engine_create(loaded.model, &engine), LSTMC_OK);
            sides[way] = train_once(arena, &engine, 3);
            cr_expect_arr_eq(sides[way].gradients, sides[0].gradients, loaded.model->gradient_count * sizeof(float),
                             "%s: --unroll %d: gradients differ from those of plain loops by %g", models[i], ways[way],
                             worst(sides[way].gradients, sides[0].gradients, loaded.model->gradient_count));
            cr_expect_arr_eq(sides[way].output, sides[0].output, 3 * loaded.model->output_count * sizeof(float),
                             "%s: --unroll %d: outputs differ from those of plain loops", models[i], ways[way]);
            lstmc_engine_free(&engine);
            loaded_free(&loaded);
        }
        description_free(description);
        arena_free(arena);
    }
}

/* ---- activity regularisers ---- */

Test(battery_training, activities)
{
    expect_all((const char *const[]){
        "Input{4, 3}, LSTM{5, return_sequences = true, activity_regularizer = L1L2{l1 = 0.03, l2 = 0.2}}, Dense{2}, loss = 'mse'",
        "Input{4, 3}, GRU{5, activity_regularizer = 'l1'}, Dense{3, activation = 'softmax', activity_regularizer = L2{0.3}}, loss = 'categorical_crossentropy'",
        "Input{5, 3}, Dense{4, activation = 'tanh', activity_regularizer = 'l2'}, ActivityRegularization{l1 = 0.2}, SimpleRNN{2, return_sequences = true}, "
        "Dense{1, activation = 'sigmoid', activity_regularizer = L1{0.1}}, loss = 'binary_crossentropy'",
        "Input{7}, Embedding{9, 3, mask_zero = true, activity_regularizer = L2{0.2}}, LSTM{4, return_sequences = true}, Dense{2}, loss = 'mse'",
        "Input{6, 2}, Conv1D{3, 2, activation = 'relu', activity_regularizer = L1L2{l1 = 0.1, l2 = 0.1}}, Dropout{0.3, activity_regularizer = L2{0.5}}, Flatten{}, "
        "Dense{2, trainable = false}, ActivityRegularization{l2 = 0.7}, loss = 'mse'",
        "Input{4, 3}, ActivityRegularization{l1 = 0.3}, Reshape{{3, 4}, activity_regularizer = L2{0.1}}, LSTM{2}, loss = 'mse'",
        "Input{3, 4}, LSTM{2, trainable = false, activity_regularizer = 'l2'}, Dense{3, activity_regularizer = 'l2'}, loss = 'mae'",
        "local x = Input{4, 3}\nlocal h = GRU{3, return_sequences = true, activity_regularizer = L2{0.4}}(x)\n"
        "local a, b = Dense{2, name = 'a', activity_regularizer = L1{0.2}}(h), Dense{1, name = 'b'}(LSTM{2, activity_regularizer = L2{0.1}}(h))\n"
        "return Model{name = 'two', inputs = x, outputs = {a, b}, loss = {'mse', 'mae'}, loss_weights = {0.5, 2}, batch_size = 4}", NULL });
}

Test(battery_training, weights_of_steps)
{
    expect_all((const char *const[]){
        "Input{4, 3}, LSTM{5, return_sequences = true}, Dense{2}, loss = 'mae', sample_weight_mode = 'temporal'",
        "Input{7}, Embedding{9, 3, mask_zero = true}, GRU{4, return_sequences = true}, Dense{3}, loss = 'huber', sample_weight_mode = 'temporal'",
        "Input{4, 3}, GRU{3, return_sequences = true}, Dense{4, activation = 'softmax'}, loss = SparseCategoricalCrossentropy{ignore_class = 2}",
        "Input{3, 4, 2}, Dense{3}, Dense{5}, loss = SparseCategoricalCrossentropy{from_logits = true, ignore_class = -100}",
        "local x = Input{3, 4, 2}\nlocal a, b = Dense{3, name = 'a'}(x), Dense{2, name = 'b'}(Flatten{}(x))\n"
        "return Model{name = 'two', inputs = x, outputs = {a, b}, batch_size = 4, loss_weights = {0.5, 2},\n"
        "  loss = {'mae', SparseCategoricalCrossentropy{from_logits = true, ignore_class = 1}}}",
        "loss 'cube' { call = function(a, y, p) local n = axes 'n' local l = tensor{} l[{}] = (p[{ n }] - y[{ n }]) * (p[{ n }] - y[{ n }]) return l end }\n"
        "local x = Input{5}\nlocal h = GRU{3, return_sequences = true}(Embedding{7, 3, mask_zero = true}(x))\n"
        "local a, b, c = Dense{2, name = 'a'}(h), Dense{4, name = 'b', activation = 'softmax'}(IgnoreMask()(h)), Dense{1, name = 'c'}(LSTM{2}(h))\n"
        "return Model{name = 'three', inputs = x, outputs = {a, b, c}, batch_size = 4,\n"
        "  loss = {'cube', SparseCategoricalCrossentropy{ignore_class = 2}, 'cube'}}", NULL });
}

/* The formulas written out: a sequence of losses is divided by samples and steps, what outputs cost by samples alone. */
Test(battery_training, activities_by_hand)
{
    enum { ROWS = 3, STEPS = 4, IN = 2, UNITS = 3 };
    Arena *arena = arena_create();
    Description *description = oracle_read(arena, "Input{4, 2}, Dense{3, activity_regularizer = L1L2{l1 = 0.3, l2 = 0.7}}, "
        "ActivityRegularization{l1 = 0.05}, Dense{1, kernel_regularizer = L2{0.5}}, loss = 'mse', optimizer = 'sgd'");
    Loaded loaded = load_model(arena, description, 0);
    const struct lstmc_model *m = loaded.model;
    float x[ROWS * STEPS * IN], y[ROWS * STEPS], weights[IN * UNITS + UNITS + UNITS + 1];
    for (int i = 0; i < ROWS * STEPS * IN; i++)
        x[i] = (float)sin(2.3 * i + 1);
    for (int i = 0; i < ROWS * STEPS; i++)
        y[i] = (float)cos(1.3 * i);
    fill(weights, m->weight_count, 4);
    const float *kernel = weights, *bias = weights + IN * UNITS, *last = bias + UNITS;
    double errors = 0, magnitudes = 0, squares = 0, penalty = 0;
    for (int r = 0; r < ROWS * STEPS; r++) {
        double p = last[UNITS];
        for (int u = 0; u < UNITS; u++) {
            double h = bias[u];
            for (int i = 0; i < IN; i++)
                h += (double)x[r * IN + i] * (double)kernel[i * UNITS + u];
            magnitudes += fabs(h);
            squares += h * h;
            p += h * (double)last[u];
        }
        errors += (p - y[r]) * (p - y[r]);
    }
    for (int u = 0; u < UNITS; u++)
        penalty += 0.5 * (double)last[u] * (double)last[u];
    double expected = errors / (ROWS * STEPS) + (0.3 * magnitudes + 0.7 * squares) / ROWS + 0.05 * magnitudes / ROWS + penalty;
    struct lstmc_engine engine = { 0 };
    struct lstmc_message message = { "" };
    struct lstmc_dataset data = { .samples = ROWS, .x = x, .y = y };
    struct lstmc_train_options options = { .epochs = 1, .quiet = 1 };
    struct lstmc_history history;
    double loss = 0, metrics[1];
    cr_assert_eq(lstmc_engine_create(m, &engine), LSTMC_OK);
    cr_assert_eq(lstmc_evaluate(&engine, weights, &data, &options, &loss, metrics, &message), LSTMC_OK, "%s", message.text);
    cr_expect(fabs(loss - expected) < 1e-5 * expected, "the loss of an evaluation is %.9g, expected %.9g", loss, expected);
    cr_assert_eq(lstmc_train(&engine, weights, &data, NULL, &options, &history, &message), LSTMC_OK, "%s", message.text);
    cr_expect(fabs(history.loss - expected) < 1e-5 * expected, "the loss of a training is %.9g, expected %.9g", history.loss, expected);
    lstmc_engine_free(&engine);
    loaded_free(&loaded);
    description_free(description);
    arena_free(arena);
}

/* ---- regularisers ---- */

static double penalty(const struct lstmc_model *m, const double *weights)
{
    double sum = 0;
    for (int w = 0; w < m->weight_tensors; w++)
        for (size_t i = 0; m->weights[w].trainable && i < m->weights[w].count; i++) {
            double value = weights[m->weights[w].offset + i];
            sum += (double)m->weights[w].l1 * fabs(value) + (double)m->weights[w].l2 * value * value;
        }
    return sum;
}

static double whole_loss(const struct lstmc_model *m, Interpreter_double *interpreter, const double *weights, const double *x, const double *target)
{
    interpreter_forward_double(interpreter, weights, x, 3, 0, 0);
    return interpreter_loss_double(interpreter, target, NULL, 1.0 / 3) + penalty(m, weights);
}

static void expect_regularisers(const struct lstmc_model *m)
{
    static const struct { const char *weight; float l1, l2; } described[] = {
        { "lstm/kernel", 0, 0.05f }, { "lstm/recurrent_kernel", 0.03f, 0 }, { "lstm/bias", 0.02f, 0.04f }, { "gru/kernel", 0, 0.01f },
        { "gru/recurrent_kernel", 0, 0 }, { "dense/kernel", 0.01f, 0 }, { "dense/bias", 0, 0.5f } };
    for (size_t i = 0; i < sizeof described / sizeof *described; i++)
        for (int w = 0; w < m->weight_tensors; w++)
            if (!strcmp(m->weights[w].name, described[i].weight))
                cr_expect(m->weights[w].l1 == described[i].l1 && m->weights[w].l2 == described[i].l2, "%s: l1 %g l2 %g, described %g and %g",
                          described[i].weight, (double)m->weights[w].l1, (double)m->weights[w].l2, (double)described[i].l1, (double)described[i].l2);
}

/* The gradient that one step of plain gradient descent follows, regularisers included, against differences of loss + penalty in double. */
Test(battery_training, regularisers_are_part_of_loss_and_gradient)
{
    Arena *arena = arena_create();
    Description *description = oracle_read(arena,
        "Input{4, 3}, LSTM{2, return_sequences = true, kernel_regularizer = L2{0.05}, recurrent_regularizer = L1{0.03}, bias_regularizer = L1L2{l1 = 0.02, l2 = 0.04}}, "
        "GRU{3, kernel_regularizer = 'l2', trainable = false}, Dense{2, kernel_regularizer = 'l1', bias_regularizer = L2{0.5}}, "
        "loss = 'mse', optimizer = SGD{learning_rate = 1}");
    const struct lstmc_model *m = &description_model(description)->descriptor;
    size_t count = m->weight_count;
    expect_regularisers(m);
    double *weights = arena_array(arena, double, count), *x = arena_array(arena, double, 3 * m->input_count);
    double *target = arena_array(arena, double, 3 * m->target_count), *gradients = arena_array(arena, double, count);
    float *single = arena_array(arena, float, count), *before = arena_array(arena, float, count), *step = arena_array(arena, float, count);
    fill(before, count, 1);
    for (size_t i = 0; i < count; i++)
        weights[i] = single[i] = before[i];
    for (size_t i = 0; i < 3 * m->input_count; i++)
        x[i] = sin(2.3 * (double)i + 1);
    for (size_t i = 0; i < 3 * m->target_count; i++)
        target[i] = cos(1.3 * (double)i + 1);
    struct lstmc_message message = { "" };
    Interpreter_double *interpreter = interpreter_create_double(description_model(description), 3, NULL, &message);
    cr_assert_not_null(interpreter, "%s", message.text);
    whole_loss(m, interpreter, weights, x, target);
    interpreter_backward_double(interpreter, gradients, NULL);
    for (size_t i = 0; i < m->gradient_count; i++)
        step[i] = (float)gradients[i];
    cr_expect(fabs((double)lstmc_penalty(m, single) - penalty(m, weights)) <= 1e-5 * penalty(m, weights), "lstmc_penalty %.9g, expected %.9g",
              (double)lstmc_penalty(m, single), penalty(m, weights));
    float *state = arena_array(arena, float, lstmc_optimizer_floats(m) + 1);
    lstmc_optimizer_step(m, single, step, state, 1, 0);
    for (int w = 0; w < m->weight_tensors; w++)
        for (size_t i = 0; i < m->weights[w].count; i++) {
            size_t at = m->weights[w].offset + i;
            double h = 1e-5, here = weights[at];
            weights[at] = here + h;
            double above = whole_loss(m, interpreter, weights, x, target);
            weights[at] = here - h;
            double below = whole_loss(m, interpreter, weights, x, target), expected = m->weights[w].trainable ? (above - below) / (2 * h) : 0;
            weights[at] = here;
            double got = (double)before[at] - (double)single[at];
            cr_expect(fabs(got - expected) <= 2e-6, "%s[%zu]: the step is %.9g, differences of loss and penalty say %.9g", m->weights[w].name, i, got, expected);
        }
    interpreter_free_double(interpreter);
    description_free(description);
    arena_free(arena);
}
