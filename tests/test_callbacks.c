/* test_callbacks.c: callbacks over an engine that computes nothing: its validation losses are written down beforehand. */
#include "../runtime/lstmc.h"
#include "command.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define EPOCHS_MAX 12

/* ---- the engine: the weight grows by one with each batch, the validation loss of each epoch is given ---- */

static struct script {
    double losses[EPOCHS_MAX];          /* of the validation */
    int epoch, batches;
    float seen_weight[64];              /* [batch]: before the update */
    float sample_weight[64][4];
    float scale;
} script;

static const struct lstmc_tensor tensor = { .name = "dense/kernel", .rank = 1, .shape = { 1 }, .count = 1, .trainable = 1 };
static const struct lstmc_model model = {
    .name = "scripted", .input_rank = 1, .input_shape = { 1 }, .output_rank = 1, .output_shape = { 1 }, .target_rank = 1, .target_shape = { 1 },
    .input_count = 1, .output_count = 1, .target_count = 1, .batch = 4, .shards = 1, .weights = &tensor, .weight_tensors = 1, .weight_count = 1,
    .gradient_count = 1, .optimizer = { .kind = LSTMC_SGD, .learning_rate = 0.5f },
};
static const float *prepared;

static void prepare(void *context, const float *weights) { (void)context, prepared = weights; }

static float train(void *context, const void *x, const void *target, const float *sample_weight, int rows, int first_row, float scale, uint64_t seed,
                   float *gradients, float *output)
{
    (void)context, (void)x, (void)target, (void)first_row, (void)seed;
    script.seen_weight[script.batches] = prepared[0];
    script.scale = scale;
    for (int b = 0; b < rows; b++) {
        output[b] = 0;
        script.sample_weight[script.batches][b] = sample_weight ? sample_weight[b] : -1;
    }
    script.batches++;
    gradients[0] += -2 * scale * (float)rows;           /* learning rate 0.5: the weight grows by 1 */
    return scale * (float)rows;
}

static float evaluate(void *context, const void *x, const void *target, const float *sample_weight, int rows, float scale, float *output)
{
    (void)context, (void)x, (void)target, (void)sample_weight, (void)scale;
    for (int b = 0; b < rows; b++)
        output[b] = 0;
    return (float)script.losses[script.epoch++];
}

static struct lstmc_engine engine(void)
{
    return (struct lstmc_engine){ .model = &model, .prepare = prepare, .train = train, .evaluate = evaluate };
}

struct outcome {
    int status, epochs;
    float weight;
    struct lstmc_history history;
    struct lstmc_message message;
};

/* Two batches an epoch. */
static struct outcome run(const double *losses, int count, struct lstmc_train_options options)
{
    struct outcome outcome = { .status = 0 };
    struct lstmc_engine scripted = engine();
    float x[8] = { 0 }, y[8] = { 1, 0, 0, 1, 0, 0, 0, 0 };
    struct lstmc_dataset data = { .samples = 8, .x = x, .y = y }, held_out = { .samples = 4, .x = x, .y = y };
    memset(&script, 0, sizeof script);
    for (int i = 0; i < count; i++)
        script.losses[i] = losses[i];
    options.quiet = 1;
    options.epochs = options.epochs ? options.epochs : count;
    outcome.status = lstmc_train(&scripted, &outcome.weight, &data, &held_out, &options, &outcome.history, &outcome.message);
    outcome.epochs = outcome.history.epochs;
    return outcome;
}

static struct outcome run_callback(const double *losses, int count, struct lstmc_callback callback)
{
    return run(losses, count, (struct lstmc_train_options){ .callbacks = &callback, .callback_count = 1 });
}

/* ---- EarlyStopping ---- */

static const struct lstmc_callback stopping = { .kind = LSTMC_EARLY_STOPPING, .monitor = "val_loss" };

Test(callbacks, stops_when_patience_ends)
{
    static const double losses[] = { 5, 4, 4.5, 3, 3.5, 3.2, 3.1, 1 };
    struct lstmc_callback callback = stopping;
    callback.patience = 2;
    struct outcome o = run_callback(losses, 8, callback);
    cr_expect(o.status == 0 && o.epochs == 6, "status %d, %d epochs: %s", o.status, o.epochs, o.message.text);
    cr_expect(o.weight == 12, "the last weights stay: %g", (double)o.weight);
    callback.restore_best_weights = 1;
    o = run_callback(losses, 8, callback);
    cr_expect(o.epochs == 6 && o.weight == 8, "epoch 4 was the best: weight %g", (double)o.weight);
}

Test(callbacks, patience_0_is_one_worse_epoch)
{
    static const double losses[] = { 5, 4, 4, 3 };
    cr_expect_eq(run_callback(losses, 4, stopping).epochs, 3);
    static const double worse_at_once[] = { 5, 6, 1 };
    cr_expect_eq(run_callback(worse_at_once, 3, stopping).epochs, 2, "the first epoch never stops");
}

Test(callbacks, min_delta_and_baseline_and_start)
{
    static const double slow[] = { 5, 4.95, 4.9, 4.85, 4.7 };
    struct lstmc_callback callback = stopping;
    callback.min_delta = 0.12;
    callback.patience = 3;
    cr_expect_eq(run_callback(slow, 5, callback).epochs, 5, "4.85 is better than 5 by 0.15, so that the patience begins again");
    callback.patience = 2;
    cr_expect_eq(run_callback(slow, 5, callback).epochs, 3);
    callback = stopping;
    callback.patience = 2;
    callback.has_baseline = 1;
    callback.baseline = 1;
    static const double better[] = { 5, 4, 3, 2, 1 };
    cr_expect_eq(run_callback(better, 5, callback).epochs, 5, "it grows better, if not beyond the baseline");
    static const double mixed[] = { 5, 4, 4.5, 0.5 };
    cr_expect_eq(run_callback(mixed, 4, callback).epochs, 3, "no epoch has beaten the baseline, so that the waiting goes on");
    callback = stopping;
    callback.start_from_epoch = 3;
    static const double late[] = { 1, 2, 3, 4, 5, 6 };
    cr_expect_eq(run_callback(late, 6, callback).epochs, 5, "epochs 1 to 3 do not count, 4 is the first, 5 is worse");
}

Test(callbacks, more_is_better)
{
    static const double losses[] = { 1, 2, 3, 2.5, 9 };
    struct lstmc_callback callback = stopping;
    callback.maximize = 1;
    cr_expect_eq(run_callback(losses, 5, callback).epochs, 4);
}

Test(callbacks, best_weights_without_stopping)
{
    static const double losses[] = { 5, 1, 3 };
    struct lstmc_callback callback = stopping;
    callback.patience = 9;
    callback.restore_best_weights = 1;
    struct outcome o = run_callback(losses, 3, callback);
    cr_expect(o.epochs == 3 && o.weight == 4, "%g", (double)o.weight);
}

/* ---- learning rates ---- */

/* How much the weight grew in each epoch, as a part of 2. */
static void expect_rates(const double *rates, int epochs)
{
    for (int e = 0; e < epochs; e++) {
        double grown = (double)(script.seen_weight[2 * e + 1] - script.seen_weight[2 * e]);
        cr_expect(fabs(grown - rates[e]) < 1e-6, "epoch %d: %g, expected %g", e, grown, rates[e]);
    }
}

Test(callbacks, plateau)
{
    static const double losses[] = { 5, 5, 5, 5, 5, 5, 5, 5, 5 };
    struct lstmc_callback callback = { .kind = LSTMC_REDUCE_LR_ON_PLATEAU, .monitor = "val_loss", .factor = 0.5, .patience = 2 };
    cr_expect_eq(run_callback(losses, 9, callback).epochs, 9);
    expect_rates((const double[]){ 1, 1, 1, 0.5, 0.5, 0.25, 0.25, 0.125, 0.125 }, 9);
    callback.cooldown = 2;
    run_callback(losses, 9, callback);
    expect_rates((const double[]){ 1, 1, 1, 0.5, 0.5, 0.5, 0.25, 0.25, 0.25 }, 9);
    callback.cooldown = 0;
    callback.min_learning_rate = 0.2;                   /* of 0.5: 0.4 of the first rate */
    struct outcome o = run_callback(losses, 9, callback);
    expect_rates((const double[]){ 1, 1, 1, 0.5, 0.5, 0.4, 0.4, 0.4, 0.4 }, 9);
    cr_expect(fabs(o.history.learning_rate - 0.2) < 1e-9, "%g", o.history.learning_rate);
}

static double halve(void *context, int epoch, double rate)
{
    ++*(int *)context;
    return epoch ? rate / 2 : rate;
}

Test(callbacks, scheduler)
{
    static const double losses[] = { 1, 1, 1 };
    int calls = 0;
    run_callback(losses, 3, (struct lstmc_callback){ .kind = LSTMC_LEARNING_RATE_SCHEDULER, .schedule = halve, .context = &calls });
    cr_expect_eq(calls, 3);
    expect_rates((const double[]){ 1, 0.5, 0.25 }, 3);
}

Test(callbacks, schedule_by_updates)
{
    static const double losses[] = { 1, 1 };
    struct lstmc_schedule schedule = { .kind = LSTMC_POLYNOMIAL_DECAY, .initial_learning_rate = 0.5, .decay_steps = 2, .power = 1 };
    struct outcome o = run(losses, 2, (struct lstmc_train_options){ .schedule = &schedule });
    cr_expect_eq(script.seen_weight[1], 1);
    cr_expect_eq(script.seen_weight[2], 1.5f);
    cr_expect_eq(o.weight, 1.5f, "a rate of 0 is 0, not the model's own: %g", (double)o.weight);
    cr_expect_eq(o.history.learning_rate, 0);
}

/* ---- gradients, averages, weights of samples ---- */

Test(callbacks, accumulation)
{
    static const double losses[] = { 1, 1, 1 };
    struct outcome o = run(losses, 3, (struct lstmc_train_options){ .gradient_accumulation_steps = 4 });
    cr_expect(o.weight == 1, "6 batches, one update of the mean of 4: %g", (double)o.weight);
    cr_expect_eq(script.seen_weight[3], 0);
    cr_expect_eq(script.seen_weight[4], 1);
    cr_expect_eq(o.history.loss, 1, "the loss does not shrink: %g", o.history.loss);
}

Test(callbacks, average_of_the_weights)
{
    static const double losses[] = { 1, 1 };
    struct outcome o = run(losses, 2, (struct lstmc_train_options){ .ema_momentum = 0.5 });
    cr_expect(o.weight == 3.125f, "1, 1.5, 2.25, 3.125: %g", (double)o.weight);
    o = run(losses, 2, (struct lstmc_train_options){ .ema_momentum = 0.5, .ema_overwrite_frequency = 2 });
    cr_expect(script.seen_weight[2] == 1.5f && o.weight == 2.75f, "weights 1, 2 and their average 1.5; then 2.5 (2), 3.5 (2.75): %g", (double)o.weight);
}

Test(callbacks, class_weights_and_sample_weights)
{
    static const double losses[] = { 1 };
    static const float weights[] = { 2, 5 };
    run(losses, 1, (struct lstmc_train_options){ .class_weight = weights, .class_count = 2 });
    cr_expect(script.sample_weight[0][0] == 5 && script.sample_weight[0][1] == 2 && script.sample_weight[0][3] == 5 && script.sample_weight[1][0] == 2);
    run(losses, 1, (struct lstmc_train_options){ .class_weight = weights, .class_count = 1 });
    cr_expect(script.sample_weight[0][0] == 1 && script.sample_weight[0][1] == 2);
    run(losses, 1, (struct lstmc_train_options){ .epochs = 1 });
    cr_expect_eq(script.sample_weight[0][0], -1, "none");
}

/* ---- files ---- */

static struct { int count; char path[8][64]; float weight[8]; } saved;

static int save(void *context, const char *path, const float *weights, struct lstmc_message *message)
{
    (void)context;
    if (!strcmp(path, "full")) {
        snprintf(message->text, sizeof message->text, "no space");
        return LSTMC_IO;
    }
    snprintf(saved.path[saved.count], sizeof saved.path[0], "%s", path);
    saved.weight[saved.count++] = weights[0];
    return 0;
}

static void run_saving(const double *losses, int count, struct lstmc_callback callback)
{
    memset(&saved, 0, sizeof saved);
    struct outcome o = run(losses, count, (struct lstmc_train_options){ .callbacks = &callback, .callback_count = 1, .save_weights = save });
    cr_expect_eq(o.status, 0, "%s", o.message.text);
}

Test(callbacks, model_checkpoint)
{
    static const double losses[] = { 5, 4, 6, 3.25 };
    struct lstmc_callback callback = { .kind = LSTMC_MODEL_CHECKPOINT, .monitor = "val_loss", .path = "a-{epoch:02d}-{val_loss:.2f}-{x}-{loss" };
    run_saving(losses, 4, callback);
    cr_assert_eq(saved.count, 4);
    cr_expect_str_eq(saved.path[3], "a-04-3.25-{x}-{loss");
    callback.save_best_only = 1;
    callback.path = "{epoch}";
    run_saving(losses, 4, callback);
    cr_assert_eq(saved.count, 3);
    cr_expect(!strcmp(saved.path[2], "4") && saved.weight[2] == 8 && saved.weight[1] == 4);
    callback.has_threshold = 1;
    callback.initial_value_threshold = 4.5;
    run_saving(losses, 4, callback);
    cr_expect_eq(saved.count, 2);
    callback = (struct lstmc_callback){ .kind = LSTMC_MODEL_CHECKPOINT, .path = "{epoch}-{batch:3d}", .save_freq = 3 };
    run_saving(losses, 4, callback);
    cr_assert_eq(saved.count, 2);
    cr_expect_str_eq(saved.path[0], "2-  3");
    cr_expect_str_eq(saved.path[1], "3-  6");
    callback = (struct lstmc_callback){ .kind = LSTMC_MODEL_CHECKPOINT, .path = "full" };
    run_saving(losses, 4, callback);                    /* the training goes on */
}

Test(callbacks, csv_log)
{
    static const double losses[] = { 5, 0.25 };
    static const char *const metrics[] = { "mae" };
    char *folder = command_folder();
    cr_assert_eq(chdir(folder), 0);
    struct lstmc_callback callback = { .kind = LSTMC_CSV_LOGGER, .path = "log.csv", .separator = ';' };
    run(losses, 2, (struct lstmc_train_options){ .callbacks = &callback, .callback_count = 1, .metrics = metrics, .metric_count = 1 });
    char *text = command_read_file(folder, "log.csv");
    cr_expect_str_eq(text, "epoch;learning_rate;loss;mae;val_loss;val_mae\n0;0.5;1;0.25;5;0.5\n1;0.5;1;0.25;0.25;0.5\n");
    free(text);
    command_folder_remove(folder);
}

/* ---- refused ---- */

static void expect_refused(struct lstmc_train_options options, const char *words)
{
    static const double losses[] = { 1 };
    struct outcome o = run(losses, 1, options);
    cr_expect_eq(o.status, LSTMC_MISMATCH, "%s", words);
    cr_expect(strstr(o.message.text, words), "%s", o.message.text);
}

Test(callbacks, refused)
{
    struct lstmc_callback callback = stopping;
    struct lstmc_schedule schedule = { .kind = LSTMC_EXPONENTIAL_DECAY, .decay_steps = 1 };
    callback.monitor = "val_los";
    expect_refused((struct lstmc_train_options){ .callbacks = &callback, .callback_count = 1 }, "no \"val_los\" to monitor; there are loss, and each");
    callback = (struct lstmc_callback){ .kind = LSTMC_REDUCE_LR_ON_PLATEAU, .monitor = "loss" };
    expect_refused((struct lstmc_train_options){ .callbacks = &callback, .callback_count = 1, .schedule = &schedule }, "is a schedule already");
    callback = (struct lstmc_callback){ .kind = LSTMC_MODEL_CHECKPOINT, .path = "x" };
    expect_refused((struct lstmc_train_options){ .callbacks = &callback, .callback_count = 1 }, "save_weights");
    struct lstmc_callback two[2] = { stopping, stopping };
    two[0].restore_best_weights = two[1].restore_best_weights = 1;
    expect_refused((struct lstmc_train_options){ .callbacks = two, .callback_count = 2 }, "one of them alone");
    expect_refused((struct lstmc_train_options){ .callback_count = LSTMC_CALLBACKS_MAX + 1 }, "more than");
    expect_refused((struct lstmc_train_options){ .stateful = 1 }, "no states");
}
