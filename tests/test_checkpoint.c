/* test_checkpoint.c: a training that is stopped after any batch and goes on from the file ends with the same bits; and what a file must not be. */
#define _GNU_SOURCE             /* memmem */
#include "runtime/lstmc.h"
#include "runtime/lstmc_random.h"
#include "command.h"
#include "compiled_model.h"
#include "mutate.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SAMPLES 37          /* batches of 8: the last one of 5 */
#define EPOCHS 4

struct subject {
    struct compiled_model c;
    const struct lstmc_model *model;
    struct lstmc_engine engine;
    struct lstmc_dataset data, held_out;
    char *folder, *path;
    volatile sig_atomic_t interrupted;
    int batches, interrupt_after, saves, save_fails;
};

static void fill_data(const struct lstmc_model *model, size_t samples, uint64_t seed, struct lstmc_dataset *data)
{
    cr_assert_eq(lstmc_dataset_alloc(model, samples, data), 0);
    for (size_t i = 0; i < samples * model->input_count; i++)
        ((float *)data->x)[i] = 2 * lstmc_random_uniform(seed, 1, i, 0) - 1;
    for (size_t i = 0; i < samples * model->target_count; i++)
        ((float *)data->y)[i] = (float)(lstmc_random_bits(seed, 2, i, 0) & 1);
}

static void subject_create(struct subject *s, const char *optimizer)
{
    char text[600];
    memset(s, 0, sizeof *s);
    snprintf(text, sizeof text, "return Sequential{ name = \"subject\", Input{5, 3}, LSTM{4, return_sequences = true}, Dropout{0.3}, GRU{3},\n"
             "  Dense{1, activation = \"sigmoid\"}, loss = \"binary_crossentropy\", optimizer = %s, metrics = {\"accuracy\"},\n"
             "  batch_size = 8, shards = 2 }\n", optimizer);
    compiled_model_create(&s->c, text, "-O1", false);
    s->model = s->c.model;
    cr_assert_eq(lstmc_engine_create(s->model, &s->engine), 0);
    fill_data(s->model, SAMPLES, 7, &s->data);
    fill_data(s->model, 20, 8, &s->held_out);
    s->folder = command_folder();
    s->path = arena_format(s->c.arena, "%s/subject.checkpoint", s->folder);
}

static void subject_free(struct subject *s)
{
    lstmc_engine_free(&s->engine);
    lstmc_dataset_free(&s->data);
    lstmc_dataset_free(&s->held_out);
    command_folder_remove(s->folder);
    compiled_model_free(&s->c);
}

static int save(void *context, const struct lstmc_snapshot *snapshot, struct lstmc_message *message)
{
    struct subject *s = context;
    s->saves++;
    if (s->save_fails) {
        snprintf(message->text, sizeof message->text, "no space");
        return LSTMC_IO;
    }
    int status = lstmc_checkpoint_save(s->model, snapshot, s->path, NULL, message);
    cr_expect_eq(status, 0, "%s", message->text);
    return status;
}

static void count_batch(void *context, int epoch, int rows, const struct lstmc_engine *engine)
{
    struct subject *s = context;
    (void)epoch, (void)rows, (void)engine;
    if (++s->batches == s->interrupt_after)
        s->interrupted = 1;
}

static struct lstmc_train_options with_subject(struct subject *s, struct lstmc_train_options options)
{
    static const char *const metrics[] = { "binary_accuracy" };
    if (!options.metrics) {
        options.metrics = metrics;
        options.metric_count = 1;
    }
    options.epochs = options.epochs ? options.epochs : EPOCHS;
    options.seed = 11;
    options.shuffle = 1;
    options.quiet = 1;
    options.interrupted = &s->interrupted;
    options.checkpoint = save;
    options.batch_end = count_batch;
    options.context = s;
    return options;
}

static int train(struct subject *s, float *weights, struct lstmc_train_options options, struct lstmc_history *history, struct lstmc_message *message)
{
    s->batches = 0;
    s->interrupted = 0;
    return lstmc_train(&s->engine, weights, &s->data, &s->held_out, &options, history, message);
}

/* To the end, and with an interruption after each number of batches: through the file each time. */
static void expect_the_same_bits(struct subject *s, struct lstmc_train_options options)
{
    const struct lstmc_model *m = s->model;
    float *whole = lstmc_alloc(m->weight_count * sizeof *whole), *parts = lstmc_alloc(m->weight_count * sizeof *parts);
    struct lstmc_history history, resumed;
    struct lstmc_message message = { "" };
    options = with_subject(s, options);
    s->interrupt_after = 0;
    lstmc_init(m, whole, 3);
    cr_assert_eq(train(s, whole, options, &history, &message), 0, "%s", message.text);
    int batches = s->batches;
    for (int after = 1; after <= batches; after++) {
        struct lstmc_snapshot snapshot;
        struct lstmc_train_options go_on = options;
        lstmc_init(m, parts, 3);
        s->interrupt_after = after;
        int status = train(s, parts, options, NULL, &message);
        cr_assert_eq(status, LSTMC_INTERRUPTED, "after batch %d: %s", after, message.text);
        memset(parts, 0, m->weight_count * sizeof *parts);
        cr_assert_eq(lstmc_checkpoint_load(m, &snapshot, s->path, &message), 0, "%s", message.text);
        go_on.resume = &snapshot;
        s->interrupt_after = 0;
        status = train(s, parts, go_on, &resumed, &message);
        cr_assert_eq(status, 0, "after batch %d: %s", after, message.text);
        cr_expect_eq(s->batches, batches - after);
        cr_expect(!memcmp(whole, parts, m->weight_count * sizeof *whole), "the weights differ after a stop at batch %d", after);
        cr_expect(history.loss == resumed.loss && history.validation_loss == resumed.validation_loss && history.metric[0] == resumed.metric[0]
                  && history.learning_rate == resumed.learning_rate && history.epochs == resumed.epochs, "the history differs after batch %d", after);
        lstmc_snapshot_free(&snapshot);
    }
    lstmc_free(whole);
    lstmc_free(parts);
}

/* What has been counted of an epoch that was interrupted. */
Test(checkpoint, tallies_of_metrics)
{
    static const char *const metrics[] = { "auc", "precision", "rmse" };
    struct subject s;
    subject_create(&s, "Adam{learning_rate = 0.02}");
    expect_the_same_bits(&s, (struct lstmc_train_options){ .epochs = 2, .metrics = metrics, .metric_count = 3 });
    subject_free(&s);
}

Test(checkpoint, plain_training)
{
    struct subject s;
    subject_create(&s, "Adam{learning_rate = 0.02, amsgrad = true}");
    expect_the_same_bits(&s, (struct lstmc_train_options){ .epochs = 2 });
    subject_free(&s);
}

/* What each keeps between two steps, and what it has from the number of the step. */
Test(checkpoint, every_optimizer)
{
    static const char *const optimizers[] = { "Adagrad{learning_rate = 0.02}", "Adadelta{learning_rate = 1}", "Adamax{learning_rate = 0.02}",
                                              "Nadam{learning_rate = 0.02}", "Lion{learning_rate = 0.02}" };
    for (size_t i = 0; i < sizeof optimizers / sizeof *optimizers; i++) {
        struct subject s;
        subject_create(&s, optimizers[i]);
        expect_the_same_bits(&s, (struct lstmc_train_options){ .epochs = 2 });
        subject_free(&s);
    }
}

Test(checkpoint, everything_at_once)
{
    static const float class_weight[] = { 1, 3 };
    struct lstmc_callback callbacks[] = {
        { .kind = LSTMC_EARLY_STOPPING, .monitor = "val_loss", .patience = 4, .restore_best_weights = 1 },
        { .kind = LSTMC_REDUCE_LR_ON_PLATEAU, .monitor = "loss", .min_delta = 10, .factor = 0.5, .patience = 1, .cooldown = 2 },
    };
    struct subject s;
    subject_create(&s, "RMSprop{learning_rate = 0.02, momentum = 0.5, centered = true, clipnorm = 1}");
    expect_the_same_bits(&s, (struct lstmc_train_options){
        .class_weight = class_weight, .class_count = 2, .gradient_accumulation_steps = 3, .ema_momentum = 0.9, .ema_overwrite_frequency = 2,
        .callbacks = callbacks, .callback_count = 2 });
    subject_free(&s);
}

/* Each number another one, also those that a training seldom needs: the bits come back, as do the arrays. */
static void fill_numbers(struct lstmc_snapshot *s)
{
    uint64_t word = 100;
    for (size_t at = 0; at < offsetof(struct lstmc_snapshot, weights); at += sizeof word, word++)
        memcpy((char *)s + at, &word, sizeof word);         /* as a double: a denormal one */
    s->samples = 10000;
    s->epoch = 5000;
    s->callback_count = LSTMC_CALLBACKS_MAX;
    s->stopped = s->diverged = 1;
    for (int i = 0; i < LSTMC_CALLBACKS_MAX; i++)
        s->callback[i].has_best = 1;
}

Test(checkpoint, every_number_comes_back)
{
    struct lstmc_snapshot before, after;
    struct lstmc_message message;
    struct subject s;
    subject_create(&s, "Adam{}");
    struct lstmc_train_options options = with_subject(&s, (struct lstmc_train_options){
        .ema_momentum = 0.9, .gradient_accumulation_steps = 2 });
    float *weights = lstmc_alloc(s.model->weight_count * sizeof *weights);
    lstmc_init(s.model, weights, 3);
    s.interrupt_after = 8;
    cr_assert_eq(train(&s, weights, options, NULL, &message), LSTMC_INTERRUPTED);
    cr_assert_eq(lstmc_checkpoint_load(s.model, &before, s.path, &message), 0, "%s", message.text);
    cr_assert(before.average && before.best && before.log_count == 1, "there is something to forget");
    fill_numbers(&before);
    for (size_t i = 0; i < s.model->gradient_count; i++)
        before.gradients[i] = (float)i;
    cr_assert_eq(lstmc_checkpoint_save(s.model, &before, s.path, NULL, &message), 0, "%s", message.text);
    cr_assert_eq(lstmc_checkpoint_load(s.model, &after, s.path, &message), 0, "%s", message.text);
    for (size_t at = 0; at < offsetof(struct lstmc_snapshot, weights); at += 8)
        cr_expect(!memcmp((char *)&before + at, (char *)&after + at, 8), "the number at byte %zu", at);
    const size_t bytes = s.model->gradient_count * sizeof(float);
    cr_expect(!memcmp(before.gradients, after.gradients, bytes) && !memcmp(before.average, after.average, bytes));
    cr_expect(!memcmp(before.best, after.best, bytes) && !memcmp(before.log, after.log, sizeof *before.log));
    cr_expect(!memcmp(before.optimizer, after.optimizer, lstmc_optimizer_floats(s.model) * sizeof(float)));
    lstmc_snapshot_free(&before);
    lstmc_snapshot_free(&after);
    lstmc_free(weights);
    subject_free(&s);
}

Test(checkpoint, schedule)
{
    struct lstmc_schedule schedule = { .kind = LSTMC_COSINE_DECAY, .initial_learning_rate = 0, .warmup_target = 0.1, .warmup_steps = 3, .decay_steps = 9 };
    struct subject s;
    subject_create(&s, "SGD{learning_rate = 0.1, momentum = 0.9}");
    expect_the_same_bits(&s, (struct lstmc_train_options){ .schedule = &schedule, .epochs = 2, .gradient_accumulation_steps = 2 });
    subject_free(&s);
}

Test(checkpoint, streams)
{
    struct subject s;
    subject_create(&s, "Adam{learning_rate = 0.02}");
    expect_the_same_bits(&s, (struct lstmc_train_options){ .stateful = LSTMC_STREAMS, .epochs = 2 });
    subject_free(&s);
}

/* Two halves of a stream are the whole: what the second batch says depends on what the first has read. */
Test(checkpoint, streams_carry_their_states)
{
    struct subject s;
    struct lstmc_message message;
    double with, without;
    subject_create(&s, "Adam{}");
    float *weights = lstmc_alloc(s.model->weight_count * sizeof *weights);
    lstmc_init(s.model, weights, 3);
    struct lstmc_dataset four_steps = s.data;
    four_steps.samples = 32;            /* of 8 streams */
    struct lstmc_train_options options = { .stateful = LSTMC_STREAMS };
    cr_assert_eq(lstmc_evaluate(&s.engine, weights, &four_steps, &options, &with, NULL, &message), 0, "%s", message.text);
    options.stateful = 0;
    cr_assert_eq(lstmc_evaluate(&s.engine, weights, &four_steps, &options, &without, NULL, &message), 0);
    cr_expect(with != without, "%g", with);
    /* the same by hand: step k of stream b is sample 4 b + k */
    const struct lstmc_model *m = s.model;
    double sum = 0;
    for (int shard = 0; shard < 2; shard++) {
        void *tape = s.engine.tape(s.engine.context, shard), *training = lstmc_alloc(m->training_bytes);
        m->prepare_training(training, weights);
        m->reset_tape(training, tape);
        for (int k = 0; k < 4; k++) {
            float x[4][15], y[4];
            for (int b = 0; b < 4; b++) {
                int sample = 4 * (4 * shard + b) + k;
                memcpy(x[b], (float *)s.data.x + 15 * sample, sizeof x[b]);
                y[b] = ((float *)s.data.y)[sample];
            }
            m->forward(training, tape, x, 4, 0);
            sum += (double)m->loss_function(tape, y, NULL, 1.0f / 32);
            m->carry(tape);
        }
        lstmc_free(training);
    }
    cr_expect(with - sum < 1e-6 && sum - with < 1e-6, "%.9g, by hand %.9g", with, sum);
    lstmc_free(weights);
    subject_free(&s);
}

Test(checkpoint, more_epochs_are_one_longer_training)
{
    struct subject s;
    struct lstmc_message message = { "" };
    struct lstmc_snapshot snapshot;
    struct lstmc_callback stop = { .kind = LSTMC_EARLY_STOPPING, .monitor = "val_loss", .patience = 50, .restore_best_weights = 1 };
    subject_create(&s, "Adam{learning_rate = 0.02}");
    size_t bytes = s.model->weight_count * sizeof(float);
    float *whole = lstmc_alloc(bytes), *parts = lstmc_alloc(bytes);
    struct lstmc_train_options options = with_subject(&s, (struct lstmc_train_options){ .epochs = 5, .callbacks = &stop, .callback_count = 1 });
    lstmc_init(s.model, whole, 3);
    cr_assert_eq(train(&s, whole, options, NULL, &message), 0, "%s", message.text);
    lstmc_init(s.model, parts, 3);
    options.epochs = 2;
    cr_assert_eq(train(&s, parts, options, NULL, &message), 0);
    cr_assert_eq(lstmc_checkpoint_load(s.model, &snapshot, s.path, &message), 0, "%s", message.text);
    options.epochs = 5;
    options.resume = &snapshot;
    cr_assert_eq(train(&s, parts, options, NULL, &message), 0, "%s", message.text);
    cr_expect(!memcmp(whole, parts, bytes));
    lstmc_free(whole);
    lstmc_free(parts);
    subject_free(&s);
}

Test(checkpoint, when_it_is_due)
{
    struct subject s;
    struct lstmc_message message;
    subject_create(&s, "Adam{}");
    float *weights = lstmc_alloc(s.model->weight_count * sizeof *weights);
    lstmc_init(s.model, weights, 3);
    struct lstmc_train_options options = with_subject(&s, (struct lstmc_train_options){ .checkpoint_batches = 4 });
    cr_assert_eq(train(&s, weights, options, NULL, &message), 0);
    cr_expect(s.saves >= 20 / 4 && s.saves <= 20 / 4 + 1 + EPOCHS, "%d", s.saves);
    s.saves = 0;
    s.save_fails = 1;                   /* a full disk ends nothing */
    cr_expect_eq(train(&s, weights, options, NULL, &message), 0);
    cr_expect(s.saves > 4);
    options.checkpoint_batches = 0;
    s.saves = 0;
    cr_assert_eq(train(&s, weights, options, NULL, &message), 0);
    cr_expect_eq(s.saves, 1, "at the end: %d", s.saves);
    lstmc_free(weights);
    subject_free(&s);
}

/* ---- files that do not fit ---- */

static struct subject one_checkpoint(const char *optimizer)
{
    struct subject s;
    struct lstmc_message message;
    subject_create(&s, optimizer);
    float *weights = lstmc_alloc(s.model->weight_count * sizeof *weights);
    struct lstmc_train_options options = with_subject(&s, (struct lstmc_train_options){ .epochs = 1 });
    lstmc_init(s.model, weights, 3);
    cr_assert_eq(lstmc_train(&s.engine, weights, &s.data, &s.held_out, &options, NULL, &message), 0, "%s", message.text);
    lstmc_free(weights);
    return s;
}

Test(checkpoint, is_a_weight_file_too)
{
    struct subject s = one_checkpoint("Adam{}");
    struct lstmc_message message = { "" };
    float *weights = lstmc_alloc(s.model->weight_count * sizeof *weights);
    cr_expect_eq(lstmc_weights_load(s.model, weights, s.path, &message), 0, "%s", message.text);
    lstmc_free(weights);
    subject_free(&s);
}

static void expect_mismatch(struct subject *s, const struct lstmc_model *model, const char *path, const char *words)
{
    struct lstmc_message message = { "" };
    struct lstmc_snapshot snapshot;
    int status = lstmc_checkpoint_load(model, &snapshot, path, &message);
    (void)s;
    cr_expect(status < 0 && strstr(message.text, words), "%d: %s", status, message.text);
    cr_expect(!snapshot.weights && !snapshot.optimizer);
}

Test(checkpoint, of_something_else)
{
    struct subject s = one_checkpoint("Adam{}");
    struct lstmc_message message = { "" };
    struct lstmc_model other = *s.model;
    other.fingerprint++;
    expect_mismatch(&s, &other, s.path, "another model");
    other = *s.model;
    other.optimizer.kind = LSTMC_SGD;
    expect_mismatch(&s, &other, s.path, "optimizer");
    const char *weights = arena_format(s.c.arena, "%s/weights", s.folder);
    float *values = lstmc_alloc(other.weight_count * sizeof *values);
    cr_assert_eq(lstmc_weights_save(s.model, values, weights, NULL, &message), 0);
    expect_mismatch(&s, s.model, weights, "--init");
    struct lstmc_snapshot snapshot;
    cr_assert_eq(lstmc_checkpoint_load(s.model, &snapshot, s.path, &message), 0);
    struct lstmc_train_options options = with_subject(&s, (struct lstmc_train_options){ .epochs = 2, .resume = &snapshot });
    options.seed++;
    cr_expect_eq(train(&s, values, options, NULL, &message), LSTMC_MISMATCH);
    cr_expect(strstr(message.text, "with seed 11, this one has 37, 8 and 12"), "%s", message.text);
    options.seed--;
    options.ema_momentum = 0.9;
    cr_expect_eq(train(&s, values, options, NULL, &message), LSTMC_MISMATCH);
    options.ema_momentum = 0;
    options.stateful = LSTMC_STREAMS;
    cr_expect_eq(train(&s, values, options, NULL, &message), LSTMC_MISMATCH);
    lstmc_snapshot_free(&snapshot);
    lstmc_free(values);
    subject_free(&s);
}

/* ---- numbers that cannot be ---- */

static void expect_load(struct subject *s, const struct lstmc_snapshot *changed, const char *words)
{
    struct lstmc_message message = { "" };
    struct lstmc_snapshot snapshot;
    cr_assert_eq(lstmc_checkpoint_save(s->model, changed, s->path, NULL, &message), 0, "%s", message.text);
    int status = lstmc_checkpoint_load(s->model, &snapshot, s->path, &message);
    cr_expect(words ? status == LSTMC_BAD_FILE && strstr(message.text, words) != NULL : status == 0, "%s: %d %s",
              words ? words : "good", status, message.text);
    lstmc_snapshot_free(&snapshot);
}

Test(checkpoint, impossible_numbers)
{
    struct subject s = one_checkpoint("Adam{}");
    struct lstmc_message message;
    struct lstmc_snapshot good, changed;
    cr_assert_eq(lstmc_checkpoint_load(s.model, &good, s.path, &message), 0);
    cr_assert(good.best && good.best_epoch == 1, "the first epoch is the best so far");
    expect_load(&s, &good, NULL);
    static const double rates[] = { NAN, -1e-3, INFINITY, 1e39 };
    for (size_t i = 0; i < sizeof rates / sizeof *rates; i++) {
        changed = good;
        changed.learning_rate = rates[i];
        expect_load(&s, &changed, "training/learning_rate holds a number that cannot be");
    }
#define REFUSED(member, value, words) (changed = good, changed.member = (value), expect_load(&s, &changed, words))
    REFUSED(learning_rate, 0, NULL);
    REFUSED(seconds, NAN, "training/seconds");
    REFUSED(totals.loss, INFINITY, "training/totals");
    REFUSED(totals.metric_sum[3], NAN, "training/totals");
    REFUSED(totals.samples, SAMPLES + 1, "training/totals");
    REFUSED(epoch, 0, "training/epoch");
    REFUSED(epoch, UINT64_MAX, "training/epoch");
    REFUSED(best_epoch, 4, "training/epoch");
    REFUSED(position, SAMPLES + 1, "training/position");
    REFUSED(batch_rows, 0, "training/position");
    REFUSED(stopped, 2, "training/stopped");
    REFUSED(best_loss, NAN, "training/stopped");
    changed = good;
    changed.callback_count = 1;
    changed.callback[0] = (struct lstmc_callback_state){ .best = NAN };
    expect_load(&s, &changed, "training/callbacks");
    float *const arrays[] = { good.weights, good.optimizer, good.best };
    static const char *const words[] = { "a weight is not finite", "training/optimizer", "training/best" };
    for (size_t i = 0; i < sizeof arrays / sizeof *arrays; i++) {
        float before = arrays[i][3];
        arrays[i][3] = NAN;
        expect_load(&s, &good, words[i]);
        arrays[i][3] = INFINITY;
        expect_load(&s, &good, i == 1 ? NULL : words[i]);       /* squares overflow in trainings that go on */
        arrays[i][3] = before;
    }
    lstmc_snapshot_free(&good);
    subject_free(&s);
}

/* Checkpoints of before lstmc kept the best weights of all trainings go on. */
Test(checkpoint, without_later_numbers)
{
    struct subject s = one_checkpoint("Adam{}");
    static const char *const later[] = { "training/epochs\"", "training/diverged", "training/best_epoch",
                                         "training/best_loss" };
    struct lstmc_message message;
    struct lstmc_snapshot snapshot;
    long length;
    FILE *file = fopen(s.path, "r+b");
    cr_assert(file && !fseek(file, 0, SEEK_END) && (length = ftell(file)) > 0);
    char *bytes = malloc((size_t)length);
    rewind(file);
    cr_assert_eq(fread(bytes, 1, (size_t)length, file), (size_t)length);
    for (size_t i = 0; i < sizeof later / sizeof *later; i++) {
        char *at = memmem(bytes, (size_t)length, later[i], strlen(later[i]));
        cr_assert(at != NULL, "%s", later[i]);
        at[strlen("training/")] = 'X';
    }
    rewind(file);
    fwrite(bytes, 1, (size_t)length, file);
    fclose(file);
    free(bytes);
    cr_expect_eq(lstmc_checkpoint_load(s.model, &snapshot, s.path, &message), 0, "%s", message.text);
    cr_expect(!snapshot.epochs && !snapshot.best_epoch && snapshot.best);
    lstmc_snapshot_free(&snapshot);
    subject_free(&s);
}

/* ---- a training that ends at a NaN ---- */

static int spoil_data(void *context, int epoch, const struct lstmc_history *history)
{
    struct subject *s = context;
    (void)history;
    if (epoch == 2)
        ((float *)s->data.x)[20 * s->model->input_count] = NAN;
    return 0;
}

/* In epoch 3: the checkpoint ends at once when it is resumed, with the same weights, and without the NaN. */
Test(checkpoint, resumed_behind_a_nan)
{
    struct lstmc_message message = { "" };
    struct lstmc_history history;
    struct lstmc_snapshot snapshot;
    for (int restores = 0; restores < 2; restores++) {
        struct subject s;
        struct lstmc_callback best = {
            .kind = LSTMC_EARLY_STOPPING, .monitor = "val_loss", .patience = 9, .restore_best_weights = restores
        };
        subject_create(&s, "SGD{learning_rate = 0.1, momentum = 0.9}");
        size_t bytes = s.model->weight_count * sizeof(float);
        float *weights = lstmc_alloc(bytes), *resumed = lstmc_alloc(bytes);
        struct lstmc_train_options options = with_subject(&s, (struct lstmc_train_options){ .callbacks = &best,
                                                                                            .callback_count = 1,
                                                                                            .ema_momentum = 0.5,
                                                                                            .checkpoint_batches = 1,
                                                                                            .epoch_end = spoil_data });
        lstmc_init(s.model, weights, 3);
        cr_expect_eq(train(&s, weights, options, &history, &message), LSTMC_NOT_FINITE);
        cr_expect(history.epochs == 2 && strstr(message.text, "stopped in epoch 3") &&
                      strstr(message.text, ", the best"),
                  "%s", message.text);
        for (size_t i = 0; i < s.model->weight_count; i++)
            cr_assert(isfinite(weights[i]));
        cr_assert_eq(lstmc_checkpoint_load(s.model, &snapshot, s.path, &message), 0, "%s", message.text);
        cr_expect(snapshot.diverged && !memcmp(snapshot.weights, weights, bytes), "it is a weight file too");
        cr_expect(!memcmp(snapshot.weights, snapshot.best, bytes));
        options.resume = &snapshot;
        options.epochs = 50;
        cr_expect_eq(train(&s, resumed, options, &history, &message), 0, "%s", message.text);
        cr_expect(s.batches == 0 && history.epochs == 2 && !memcmp(weights, resumed, bytes));
        lstmc_free(weights);
        lstmc_free(resumed);
        subject_free(&s);
    }
}

static int read_mutation(void *context, const char *path, struct lstmc_message *message)
{
    const struct subject *s = context;
    struct lstmc_snapshot snapshot;
    int status = lstmc_checkpoint_load(s->model, &snapshot, path, message);
    lstmc_snapshot_free(&snapshot);
    return status;
}

Test(checkpoint, mutations)
{
    struct subject s = one_checkpoint("Adam{}");
    static unsigned char bytes[1 << 16];
    FILE *file = fopen(s.path, "rb");
    size_t size = fread(bytes, 1, sizeof bytes, file);
    fclose(file);
    struct mutations done = mutate(bytes, size, "\"0123456789{}[],: -ax.p", read_mutation, &s);
    cr_expect(done.refused > done.files / 2 && done.refused < done.files, "%d of %d mutations were refused", done.refused, done.files);
    subject_free(&s);
}
