/* test_callbacks.c: callbacks over an engine that computes nothing: its validation losses are written down beforehand. */
#include "runtime/lstmc.h"
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

static struct lstmc_tensor tensor = { .name = "dense/kernel", .rank = 1, .shape = { 1 }, .count = 1, .trainable = 1 };
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

/* Two batches an epoch; each sample counts as much as sample_weight says, or one. */
static struct outcome run_weighted(const double *losses, int count, struct lstmc_train_options options,
                                   float *sample_weight)
{
    struct outcome outcome = { .status = 0 };
    struct lstmc_engine scripted = engine();
    float x[8] = { 0 }, y[8] = { 1, 0, 0, 1, 0, 0, 0, 0 };
    struct lstmc_dataset data = { .samples = 8, .x = x, .y = y, .sample_weight = sample_weight }, held_out = { .samples = 4, .x = x, .y = y };
    memset(&script, 0, sizeof script);
    for (int i = 0; i < count; i++)
        script.losses[i] = losses[i];
    options.quiet = 1;
    options.epochs = options.epochs ? options.epochs : count;
    outcome.status = lstmc_train(&scripted, &outcome.weight, &data, &held_out, &options, &outcome.history, &outcome.message);
    outcome.epochs = outcome.history.epochs;
    return outcome;
}

static struct outcome run(const double *losses, int count, struct lstmc_train_options options)
{
    return run_weighted(losses, count, options, NULL);
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

/* The average sees the weights before they are held. */
Test(callbacks, constraints)
{
    static const double losses[] = { 1, 1 };
    tensor.constraint = (struct lstmc_constraint){ .kind = LSTMC_MAX_NORM, .axes = 1, .max_value = 1.5f };
    struct outcome o = run(losses, 2, (struct lstmc_train_options){ .epochs = 2 });
    cr_expect(fabs((double)script.seen_weight[2] - 1.5) < 1e-6 && fabs((double)o.weight - 1.5) < 1e-6, "1, 2 is 1.5, 2.5 is 1.5: %g", (double)o.weight);
    o = run(losses, 2, (struct lstmc_train_options){ .ema_momentum = 0.5 });
    cr_expect(fabs((double)o.weight - 2.25) < 1e-6, "of 1, 2, 2.5, 2.5: 1, 1.5, 2, 2.25: %.9g", (double)o.weight);
    tensor.constraint = (struct lstmc_constraint){ .kind = LSTMC_MIN_MAX_NORM, .axes = 1, .min_value = 4, .max_value = 5, .rate = 0.5f };
    run(losses, 2, (struct lstmc_train_options){ .gradient_accumulation_steps = 2 });
    cr_expect(fabs((double)script.seen_weight[2] - 2.5) < 1e-6, "half of the way from 1 to 4: %g", (double)script.seen_weight[2]);
    cr_expect(fabs((double)script.seen_weight[3] - 3.25) < 1e-6, "and again, behind a batch that only accumulates: %g", (double)script.seen_weight[3]);
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
    float of_samples[] = { 1, 10, 100, 1000, 0.5f, 0, 3, 7 };
    run_weighted(losses, 1, (struct lstmc_train_options){ .class_weight = weights, .class_count = 2 }, of_samples);
    static const float products[] = { 5, 20, 200, 5000, 1, 0, 6, 14 };
    for (int i = 0; i < 8; i++)
        cr_expect_eq(script.sample_weight[i / 4][i % 4], products[i], "sample %d: class weight times sample weight", i);
    run_weighted(losses, 1, (struct lstmc_train_options){ .epochs = 1 }, of_samples);
    for (int i = 0; i < 8; i++)
        cr_expect_eq(script.sample_weight[i / 4][i % 4], of_samples[i], "sample %d: its weight alone", i);
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
    struct lstmc_callback callback = { .kind = LSTMC_MODEL_CHECKPOINT,
                                       .monitor = "val_loss",
                                       .path = "a-{epoch:02d}-{val_loss:.2f}-{{x}}-{loss:07.3f}-{loss}" };
    run_saving(losses, 4, callback);
    cr_assert_eq(saved.count, 4);
    cr_expect_str_eq(saved.path[3], "a-04-3.25-{x}-001.000-1.000000");
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

/* ---- names of files ---- */

/* The name of the file of epoch 3, or why there is none. */
static const char *name_of_file(const char *pattern, int save_freq, struct outcome *o)
{
    static const double losses[] = { 5, 4, 0.125 };
    static const char *const metrics[] = { "mse", "binary_accuracy" };
    const struct lstmc_callback callback = { .kind = LSTMC_MODEL_CHECKPOINT, .path = pattern, .save_freq = save_freq };
    memset(&saved, 0, sizeof saved);
    *o = run(losses, 3,
             (struct lstmc_train_options){ .callbacks = &callback,
                                           .callback_count = 1,
                                           .save_weights = save,
                                           .metrics = metrics,
                                           .metric_count = 2 });
    return saved.count ? saved.path[saved.count - 1] : o->message.text;
}

Test(callbacks, names_of_files)
{
    static const char *const cases[][2] = {
        { "best", "best" },
        { "{epoch}", "3" },
        { "{epoch:3}|{batch:03d}", "  3|006" },
        { "{epoch:.1f}", "3.0" },
        { "{val_loss:.2e}", "1.25e-01" },
        { "{val_loss:.2g}{{}}", "0.12{}" },
        { "{val_loss:.2}", "0.12" },
        { "{val_loss:6.3f}", " 0.125" },
        { "{val_acc:.2f}", "0.50" },
        { "{accuracy:.2f}", "0.75" },
        { "{val_mean_squared_error:.1f}", "0.5" },
        { "{val_binary_accuracy:.2f}", "0.50" },
        { "{val_mae:.2f}", "\"{val_mae:.2f}\": there is no \"val_mae\"; there are epoch and batch; loss, mse, "
                           "binary_accuracy, and each of these with val_" },
        { "{lr}", "there is no \"lr\"" },
        { "{Epoch}", "there is no \"Epoch\"" },
        { "{epoch_}", "there is no \"epoch_\"" },
        { "a{", "\"{\" begins with no field" },
        { "a}b", "\"}b\" begins with no field" },
        { "{}", "begins with no field" },
        { "{epoch", "begins with no field" },
        { "{epoch:x}", "begins with no field" },
        { "{loss:d}", "begins with no field" },
        { "{loss:.f}", "begins with no field" },
        { "{loss:1.2.3f}", "begins with no field" },
        { "{loss:9999f}", "begins with no field" },
        { "{loss!r}", "there is no \"loss!r\"" },
        { "{epoch:{batch}}", "begins with no field" },
        { "{loss:%n}", "begins with no field" },
        { "{loss:999f}{loss:999f}", "is too long" },
    };
    struct outcome o;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const char *name = name_of_file(cases[i][0], 0, &o);
        cr_expect(saved.count ? !strcmp(name, cases[i][1]) : strstr(name, cases[i][1]) != NULL, "%s: %s, not %s",
                  cases[i][0], name, cases[i][1]);
        cr_expect(o.status == (saved.count ? 0 : LSTMC_MISMATCH) && (saved.count || !script.batches), "%s: %d",
                  cases[i][0], o.status);
    }
    cr_expect(strstr(name_of_file("{val_loss}", 3, &o), "what begins with val_ is known at the end of an epoch alone"),
              "%s", o.message.text);
    cr_expect(!strcmp(name_of_file("{batch}-{acc:.2f}", 3, &o), "6-0.75"), "%s %s", saved.path[0], o.message.text);
}

/* ---- a NaN ends the training, and not what was learned ---- */

static struct { int count; struct lstmc_snapshot snapshot; float weights, best; } kept;

static int keep(void *context, const struct lstmc_snapshot *snapshot, struct lstmc_message *message)
{
    (void)context, (void)message;
    kept.count++;
    kept.snapshot = *snapshot;
    kept.weights = snapshot->weights[0];
    kept.best = snapshot->best ? snapshot->best[0] : -1;
    return 0;
}

/* Epoch 2 is the best; in epoch 5 the validation gives a NaN. */
static struct outcome run_into_nan(struct lstmc_callback *callback)
{
    static const double losses[] = { 5, 1, 3, 2, NAN, 0 };
    kept.count = 0;
    return run(
        losses, 6,
        (struct lstmc_train_options){ .callbacks = callback, .callback_count = callback != NULL, .checkpoint = keep });
}

Test(callbacks, the_best_weights_outlive_a_nan)
{
    struct lstmc_callback restoring = stopping, late = stopping, other = stopping;
    restoring.patience = late.patience = other.patience = 9;
    restoring.restore_best_weights = late.restore_best_weights = 1;
    late.start_from_epoch = 5;                  /* it has kept nothing yet */
    struct lstmc_callback *const callbacks[] = { &restoring, &late, &other, NULL };
    for (size_t i = 0; i < sizeof callbacks / sizeof *callbacks; i++) {
        struct outcome o = run_into_nan(callbacks[i]);
        cr_expect(o.status == LSTMC_NOT_FINITE && o.weight == 4, "callback %zu: status %d, weight %g", i, o.status,
                  (double)o.weight);
        cr_expect(strstr(o.message.text, "validation after epoch 5"), "%s", o.message.text);
        cr_expect(strstr(o.message.text, "now those of epoch 2, the best"), "%s", o.message.text);
        cr_assert(kept.count);
        cr_expect(kept.weights == 4 && kept.snapshot.diverged && kept.snapshot.stopped &&
                  kept.snapshot.best_epoch == 2 && kept.snapshot.epoch == 5);
    }
}

Test(callbacks, no_best_weights_before_the_first_epoch_ends)
{
    static const double losses[] = { NAN };
    struct outcome o = run(losses, 1, (struct lstmc_train_options){ .checkpoint = keep });
    cr_expect(o.status == LSTMC_NOT_FINITE && !strstr(o.message.text, "best"), "%s", o.message.text);
}

/* What is kept for a NaN is not restored where nobody has asked for it. */
Test(callbacks, the_last_weights_stay_the_last)
{
    static const double losses[] = { 5, 1, 3 };
    struct outcome o = run(losses, 3, (struct lstmc_train_options){ .checkpoint = keep });
    cr_expect(o.status == 0 && o.weight == 6 && kept.best == 4 && !kept.snapshot.diverged, "%g %g", (double)o.weight,
              (double)kept.best);
    struct lstmc_callback late = stopping;
    late.restore_best_weights = 1;
    late.start_from_epoch = 9;
    o = run_callback(losses, 3, late);
    cr_expect(o.status == 0 && o.weight == 6, "%g", (double)o.weight);
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
    callback = (struct lstmc_callback){
        .kind = LSTMC_MODEL_CHECKPOINT, .monitor = "val_loss", .save_best_only = 1, .path = "x", .save_freq = 2
    };
    expect_refused((struct lstmc_train_options){ .callbacks = &callback, .callback_count = 1, .save_weights = save },
                   "no \"val_loss\" to monitor; there are loss; what begins with val_ is known at the end of an epoch "
                   "alone");
    struct lstmc_callback two[2] = { stopping, stopping };
    two[0].restore_best_weights = two[1].restore_best_weights = 1;
    expect_refused((struct lstmc_train_options){ .callbacks = two, .callback_count = 2 }, "one of them alone");
    expect_refused((struct lstmc_train_options){ .callback_count = LSTMC_CALLBACKS_MAX + 1 }, "more than");
    expect_refused((struct lstmc_train_options){ .stateful = LSTMC_STREAMS }, "no states");
}
