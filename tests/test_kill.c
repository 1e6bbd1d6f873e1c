/* test_kill.c: a training that is killed 200 times, at any moment, now and then with a disk that is full, loses nothing: each start goes on from the
 * checkpoint, and the weights at the end are those of a training that nobody touched, bit for bit. */
#define _GNU_SOURCE
#include "runtime/lstmc.h"
#include "runtime/lstmc_random.h"
#include "command.h"
#include "compiled_model.h"

#include <criterion/criterion.h>
#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define SAMPLES 60
#define BATCHES_AN_EPOCH 8          /* of 8 samples, the last one of 4 */
#define KILLS 200

struct subject {
    struct compiled_model c;
    const struct lstmc_model *model;
    struct lstmc_engine engine;
    struct lstmc_dataset data, held_out;
    const char *folder, *checkpoint, *weights;
};

static void fill_data(const struct lstmc_model *model, size_t samples, struct lstmc_dataset *data)
{
    cr_assert_eq(lstmc_dataset_alloc(model, samples, data), 0);
    for (size_t i = 0; i < samples * model->input_count; i++)
        ((float *)data->x)[i] = 2 * lstmc_random_uniform(samples, 1, i, 0) - 1;
    for (size_t i = 0; i < samples * model->target_count; i++)
        ((float *)data->y)[i] = (float)(lstmc_random_bits(samples, 2, i, 0) & 1);
}

static void subject_create(struct subject *s)
{
    static const char text[] = "return Sequential{ name = \"killed\", Input{4, 3}, LSTM{24}, Dropout{0.3}, Dense{1, activation = \"sigmoid\"},\n"
                               "  loss = \"binary_crossentropy\", optimizer = Adam{learning_rate = 0.01}, metrics = {\"accuracy\"},\n"
                               "  batch_size = 8, shards = 2 }\n";
    memset(s, 0, sizeof *s);
    compiled_model_create(&s->c, text, "-O1", false);
    s->model = s->c.model;
    cr_assert_eq(lstmc_engine_create(s->model, &s->engine), 0);
    fill_data(s->model, SAMPLES, &s->data);
    fill_data(s->model, 20, &s->held_out);
    s->folder = command_folder();
    s->checkpoint = arena_format(s->c.arena, "%s/killed.checkpoint", s->folder);
    s->weights = arena_format(s->c.arena, "%s/killed.safetensors", s->folder);
}

static void subject_free(struct subject *s)
{
    lstmc_engine_free(&s->engine);
    lstmc_dataset_free(&s->data);
    lstmc_dataset_free(&s->held_out);
    command_folder_remove((char *)s->folder);
    compiled_model_free(&s->c);
}

static int save(void *context, const struct lstmc_snapshot *snapshot, struct lstmc_message *message)
{
    const struct subject *s = context;
    return lstmc_checkpoint_save(s->model, snapshot, s->checkpoint, NULL, message);
}

/* What a process does from its start to its end; returns its exit status. A checkpoint after each batch. */
static int work(struct subject *s, int epochs)
{
    static const char *const metrics[] = { "binary_accuracy" };
    struct lstmc_message message = { "" };
    struct lstmc_snapshot snapshot;
    struct lstmc_callback best = { .kind = LSTMC_EARLY_STOPPING, .monitor = "val_loss", .patience = 1000, .restore_best_weights = 1 };
    struct lstmc_train_options options = { .epochs = epochs, .seed = 5, .shuffle = 1, .metrics = metrics, .metric_count = 1, .quiet = 1,
                                           .gradient_accumulation_steps = 2, .callbacks = &best, .callback_count = 1, .checkpoint = save,
                                           .checkpoint_batches = 1, .context = s };
    float *weights = lstmc_alloc(s->model->weight_count * sizeof *weights);
    lstmc_init(s->model, weights, options.seed);
    if (access(s->checkpoint, F_OK) == 0) {
        if (lstmc_checkpoint_load(s->model, &snapshot, s->checkpoint, &message))
            return fprintf(stderr, "%s\n", message.text), 2;
        options.resume = &snapshot;
    }
    if (lstmc_train(&s->engine, weights, &s->data, &s->held_out, &options, NULL, &message))
        return fprintf(stderr, "%s\n", message.text), 3;
    int status = lstmc_weights_save(s->model, weights, s->weights, NULL, &message) ? 4 : 0;
    lstmc_free(weights);
    return status;
}

/* Runs `work` in a process of its own; kills it after so many microseconds (0: never); files may have so many bytes (0: any number). Returns the
 * exit status, or -1 if it was killed. */
static int run(struct subject *s, int epochs, long microseconds, long bytes)
{
    pid_t child = fork();
    cr_assert(child >= 0);
    if (child == 0) {
        struct rlimit limit = { (rlim_t)bytes, (rlim_t)bytes };
        signal(SIGXFSZ, SIG_IGN);
        if (bytes)
            setrlimit(RLIMIT_FSIZE, &limit);
        _exit(work(s, epochs));
    }
    if (microseconds) {
        struct timespec delay = { microseconds / 1000000, microseconds % 1000000 * 1000 };
        nanosleep(&delay, NULL);
        kill(child, SIGKILL);
    }
    int status;
    waitpid(child, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static char *read_weights(const struct subject *s)
{
    char *text = command_read_file(s->folder, "killed.safetensors");
    cr_assert(text, "there are no weights at the end");
    return text;
}

static size_t weights_bytes(const struct subject *s)
{
    return s->model->weight_count * sizeof(float) + 100;
}

Test(kill, two_hundred_times)
{
    struct subject s;
    int epochs = 60, killed = 0, full = 0, in_the_write = 0;
    subject_create(&s);
    for (uint64_t i = 0; killed < KILLS; i++) {
        long most = 12000, delay = 1 + (long)(lstmc_random_bits(9, 0, i, 0) % (uint64_t)most);
        long bytes = i % 8 == 7 ? 1 + (long)(lstmc_random_bits(9, 1, i, 0) % 40000) : 0;
        int status = run(&s, epochs, delay, bytes);
        cr_assert(status == -1 || status == 0 || (bytes && status == 4), "start %d ended with %d", (int)i, status);
        killed += status == -1;
        full += bytes != 0;
        in_the_write += access(arena_format(s.c.arena, "%s.lstmc.tmp", s.checkpoint), F_OK) == 0;
        if (status == 0)
            epochs += 10;               /* it was faster than the killer: a longer training has the same beginning */
        cr_assert_lt(i, 20000);
    }
    cr_assert_eq(run(&s, epochs, 0, 0), 0);
    char *parts = read_weights(&s);
    unlink(s.checkpoint);
    unlink(s.weights);
    cr_assert_eq(run(&s, epochs, 0, 0), 0);
    char *whole = read_weights(&s);
    cr_expect(!memcmp(whole, parts, weights_bytes(&s)), "the weights differ");
    free(parts);
    cr_log_info("%d kills, %d of them inside a write, %d starts with a full disk, %d epochs", killed, in_the_write, full, epochs);
    cr_expect(in_the_write > KILLS / 20, "only %d kills were inside a checkpoint's write", in_the_write);
    cr_expect_eq(command_count_files(s.folder), 2, "the checkpoint and the weights: what killed processes left is gone");
    free(whole);
    subject_free(&s);
}

/* A disk that stays full: no run ends for it, and when there is room again it goes on from the last checkpoint that was whole. */
Test(kill, full_disk)
{
    struct subject s;
    subject_create(&s);
    cr_assert_eq(run(&s, 3, 0, 0), 0);
    char *whole = read_weights(&s), *parts;
    unlink(s.checkpoint);
    unlink(s.weights);
    cr_assert_eq(run(&s, 1, 0, 0), 0);
    unlink(s.weights);
    char *before = command_read_file(s.folder, "killed.checkpoint");
    for (long bytes = 1; bytes < 30000; bytes += 1777)
        cr_expect_eq(run(&s, 3, 0, bytes), bytes > (long)weights_bytes(&s) + 800 ? 0 : 4, "%ld bytes", bytes);
    char *after = command_read_file(s.folder, "killed.checkpoint");
    cr_expect(!memcmp(before, after, weights_bytes(&s)), "the old checkpoint is as it was");
    cr_assert_eq(run(&s, 3, 0, 0), 0);
    parts = read_weights(&s);
    cr_expect(!memcmp(whole, parts, weights_bytes(&s)));
    free(whole);
    free(parts);
    free(before);
    free(after);
    subject_free(&s);
}

/* The command itself, stopped by hand and from behind. */
Test(kill, command)
{
    static const char description[] =
        "local function pick(random) local x = {} for t = 1, 6 do x[t] = { random(), random() } end return x, { x[2][1] } end\n"
        "return Sequential{ Input{6, 2}, LSTM{12}, Dense{1}, loss = 'mse', optimizer = Adam{learning_rate = 0.01},\n"
        "  data = samples{pick, samples = 3000, validation_samples = 64}, batch_size = 4, epochs = 40 }\n";
    char *folder = command_folder();
    command_write(folder, "a.lua", description, (long)strlen(description));
    command_expect(folder, 120, "$L train a.lua --interpreted --quiet --out whole.safetensors", 0, "weights: whole.safetensors", NULL);
    command_expect(folder, 120, "$L train a.lua --interpreted --quiet --checkpoint-every=50 & p=$!; until test -e a.checkpoint; do sleep 0.02; done; "
                   "kill -INT $p; wait $p", 130, NULL, "; --resume goes on from a.checkpoint");
    command_expect(folder, 120, "rm -f t.checkpoint; $L train a.lua --interpreted --quiet --checkpoint-every=50 --out t.safetensors & p=$!; "
                   "until test -e t.checkpoint; do sleep 0.02; done; kill -TERM $p; wait $p", 143, NULL, "; --resume goes on from t.checkpoint");
    command_expect(folder, 120,
                   "cp a.checkpoint b.checkpoint; $L train a.lua --interpreted --quiet --checkpoint=b.checkpoint "
                   "--samples=8 --epochs=2000 --out b.safetensors; "
                   "cmp a.checkpoint b.checkpoint.old",
                   0, "weights: b.safetensors",
                   "note: b.checkpoint of an unfinished training (epoch 1 of 40) is now b.checkpoint.old");
    command_expect(
        folder, 120,
        "cp a.checkpoint b.checkpoint; $L train a.lua --interpreted --quiet --checkpoint b.checkpoint --samples=8 "
        "--epochs=1 --out b.safetensors; cmp a.checkpoint b.checkpoint.old && cmp a.checkpoint b.checkpoint.old.2",
        0, "weights: b.safetensors",
        "is now b.checkpoint.old.2; --resume --checkpoint b.checkpoint.old.2 goes on with it");
    command_expect(folder, 120, "cp a.checkpoint before; $L train a.lua --interpreted --quiet --checkpoint-every=50 "
                   "--resume & p=$!; while cmp -s a.checkpoint before; do sleep 0.02; done; kill -KILL $p; "
                   "wait $p 2>/dev/null; test $? = 137", 0, NULL, NULL);
    command_expect(folder, 120, "$L train a.lua --interpreted --quiet --resume --seed=4", 1, NULL, "with seed 1, this one has 3000, 4 and 4");
    command_expect(folder, 120, "$L train a.lua --interpreted --quiet --resume", 0, "weights: a.safetensors", NULL);
    command_expect(folder, 120, "cmp a.safetensors whole.safetensors && cmp a.log.csv whole.log.csv", 0, NULL, NULL);
    command_expect(folder, 120, "$L train a.lua --interpreted --resume --init a.safetensors", 2, NULL, "choose one");
    command_folder_remove(folder);
}
