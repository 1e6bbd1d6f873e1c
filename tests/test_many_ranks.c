/* test_many_ranks.c: a training that several processes share, over sockets: the bits of one that does all, whatever their
 * number; also when one of them is killed, and others go on. */
#include "compiled_model.h"
#include "socket_transport.h"
#include "temporary.h"

#include "runtime/lstmc.h"
#include "runtime/lstmc_random.h"
#include "runtime/train/tree.h"

#include <criterion/criterion.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* ---- the tree ---- */

/* The sum as a person would write it down: of a node the sums of its two halves. */
static float sum_by_halves(const float *leaves, int first, int span, int count)
{
    if (span == 1)
        return leaves[first];
    float left = sum_by_halves(leaves, first, span / 2, count);
    return first + span / 2 < count ? left + sum_by_halves(leaves, first + span / 2, span / 2, count) : left;
}

/* For every way to cut up to 11 leaves in three: the sums of subtrees, added up, are the sum of all. */
Test(many_ranks, whole_subtrees_make_one_sum)
{
    enum { MOST = 11 };
    float leaves[MOST];
    for (int i = 0; i < MOST; i++)
        leaves[i] = (float)(lstmc_random_uniform(3, 1, (uint64_t)i, 0) * (i % 3 ? 1e-3 : 1e3));
    for (int count = 1; count <= MOST; count++)
        for (int one = 0; one <= count; one++)
            for (int two = one; two <= count; two++) {
                const int cut[] = { 0, one, two, count };
                float values[MOST], *parts[MOST], *roots[MOST] = { NULL };
                memcpy(values, leaves, sizeof values);
                int trees = 0;
                for (int k = 0; k < count; k++)
                    parts[k] = &values[k];
                for (int rank = 0; rank < 3; rank++) {
                    lstmc_tree_sum(parts + cut[rank], cut[rank], cut[rank + 1], count, 0, 1);
                    for (int k = cut[rank]; k < cut[rank + 1]; k += lstmc_tree_span(k, cut[rank + 1], count), trees++)
                        roots[k] = parts[k];
                }
                if (one == 0 && two == count)
                    cr_expect_eq(trees, 1, "%d leaves in one place are %d trees", count, trees);
                lstmc_tree_sum(roots, 0, count, count, 0, 1);
                cr_expect_eq(values[0], sum_by_halves(leaves, 0, 16, count), "%d leaves cut at %d and %d", count, one, two);
            }
}

/* ---- trainings ---- */

/* A model, and how it is trained. */
struct task {
    const char *text;
    enum lstmc_stateful stateful;
    int lengths, sample_weights, accumulate;
    double average;
};

enum { SAMPLES = 67, WEIGHTS_MAX = 40000, EPOCHS = 3 };

static const struct task tasks[] = {
    { "return Sequential{ Input{6, 5}, LSTM{40}, Dense{3}, loss = 'mse', batch_size = 24, shards = 8,\n"
      "  optimizer = Adam{0.01, global_clipnorm = 0.02} }", .lengths = 0 },
    { "return Sequential{ Input{6, 5}, Dense{24, kernel_regularizer = L2{1e-3}}, BatchNormalization{}, SimpleRNN{33},\n"
      "  BatchNormalization{}, Dense{3, kernel_constraint = MaxNorm{0.7}}, loss = 'mse', batch_size = 24, shards = 6,\n"
      "  optimizer = SGD{0.05, momentum = 0.9, clipnorm = 0.05} }", .average = 0.9 },
    { "return Sequential{ Input{9, 5, lengths = true}, GRU{35, return_sequences = true, dropout = 0.3}, LSTM{9}, Dense{3},\n"
      "  loss = 'mse', batch_size = 20, shards = 5, optimizer = RMSprop{0.005, momentum = 0.5, centered = true} }",
      .lengths = 9, .sample_weights = 1 },
    { "return Sequential{ Input{6, 5}, LSTM{17, stateful = true, return_sequences = true}, GRU{20, stateful = true}, Dense{3},\n"
      "  loss = 'mse', batch_size = 16, shards = 4, optimizer = Adam{0.01, clipvalue = 0.01} }", .stateful = LSTMC_STREAMS },
    { "return Sequential{ Input{6, 5}, SimpleRNN{50}, Dense{3}, loss = 'mae', batch_size = 12, shards = 4,\n"
      "  optimizer = Nadam{0.01} }", .accumulate = 3 },
};
enum { TASKS = sizeof tasks / sizeof *tasks };

struct result {
    float weights[WEIGHTS_MAX];
    struct lstmc_history history;
    int status;
    size_t sent, reduced;
    char message[512];
};

struct subject {
    const struct task *task;
    struct compiled_model c;
    struct lstmc_dataset data, validation;
    struct result *result;              /* [SOCKET_RANKS_MAX], which all processes see */
    const char *checkpoint;             /* a file, or NULL */
    int every;                          /* batches to a checkpoint */
    int dies, dies_after;               /* a rank that is killed after so many batches; -1: none */
    int batches;                        /* done in this process */
};

static void fill(const struct task *task, const struct lstmc_model *m, struct lstmc_dataset *data, size_t samples, uint64_t seed)
{
    cr_assert_eq(lstmc_dataset_alloc(m, samples, data), 0);
    for (size_t i = 0; i < samples * m->input_count; i++)
        ((float *)data->x)[i] = 2 * lstmc_random_uniform(seed, 1, i, 0) - 1;
    for (size_t i = 0; i < samples * m->target_count; i++)
        ((float *)data->y)[i] = 2 * lstmc_random_uniform(seed, 2, i, 0) - 1;
    if (task->lengths && !data->lengths)
        data->lengths = lstmc_alloc(samples * sizeof *data->lengths);
    for (size_t i = 0; i < samples && task->lengths; i++)
        data->lengths[i] = (int32_t)(lstmc_random_bits(seed, 3, i, 0) % (uint64_t)(task->lengths + 1));
    if (task->sample_weights && !data->sample_weight)
        data->sample_weight = lstmc_alloc(samples * sizeof *data->sample_weight);
    for (size_t i = 0; i < samples && task->sample_weights; i++)
        data->sample_weight[i] = lstmc_random_uniform(seed, 4, i, 0) + 0.1f;
}

static void subject_create(struct subject *s, const struct task *task)
{
    *s = (struct subject){ .task = task, .dies = -1 };
    compiled_model_create(&s->c, task->text, "-O1", false);
    cr_assert_leq(s->c.model->weight_count, (size_t)WEIGHTS_MAX);
    fill(task, s->c.model, &s->data, SAMPLES, 5);
    fill(task, s->c.model, &s->validation, SAMPLES / 2, 6);
    s->result = mmap(NULL, SOCKET_RANKS_MAX * sizeof *s->result, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    cr_assert(s->result != MAP_FAILED);
}

static void subject_free(struct subject *s)
{
    munmap(s->result, SOCKET_RANKS_MAX * sizeof *s->result);
    lstmc_dataset_free(&s->data);
    lstmc_dataset_free(&s->validation);
    compiled_model_free(&s->c);
}

static int save(void *context, const struct lstmc_snapshot *snapshot, struct lstmc_message *message)
{
    const struct subject *s = context;
    return lstmc_checkpoint_save(s->c.model, snapshot, s->checkpoint, NULL, message);
}

static int killed_rank = -1;            /* this process's, if it is to be killed */

static void count_batch(void *context, int epoch, int rows, const struct lstmc_engine *engine)
{
    struct subject *s = context;
    (void)epoch, (void)rows, (void)engine;
    if (++s->batches == s->dies_after && s->dies == killed_rank && killed_rank >= 0)
        raise(SIGKILL);
}

/* The training of one rank; transport NULL: of the only one. */
static void train(struct subject *s, const struct lstmc_transport *transport, int threads, bool resume, struct result *result)
{
    static const char *const metrics[] = { "mae", "r2_score", "mse" };
    const struct lstmc_model *m = s->c.model;
    struct lstmc_engine engine;
    struct lstmc_snapshot snapshot = { .seed = 0 };
    struct lstmc_message message = { "" };
    float *weights = lstmc_alloc(m->weight_count * sizeof *weights);
    struct lstmc_train_options options = {
        .epochs = EPOCHS, .seed = 11, .shuffle = 1, .stateful = s->task->stateful, .metrics = metrics, .metric_count = 3,
        .weighted_metrics = s->task->sample_weights ? 1 : 0, .gradient_accumulation_steps = s->task->accumulate,
        .ema_momentum = s->task->average, .ema_overwrite_frequency = s->task->average > 0 ? 4 : 0, .quiet = 1, .transport = transport,
        .checkpoint = s->checkpoint ? save : NULL, .checkpoint_batches = s->every, .batch_end = count_batch, .context = s,
    };
    killed_rank = transport ? transport->rank : -1;
    s->batches = 0;
    lstmc_init(m, weights, 4);
    result->status = lstmc_engine_create(m, &engine);
    lstmc_engine_threads(&engine, threads);
    if (!result->status && resume) {
        result->status = lstmc_checkpoint_load(m, &snapshot, s->checkpoint, &message);
        options.resume = &snapshot;
    }
    if (!result->status)
        result->status = lstmc_train(&engine, weights, &s->data, &s->validation, &options, &result->history, &message);
    memcpy(result->weights, weights, m->weight_count * sizeof *weights);
    memcpy(result->message, message.text, sizeof result->message);
    lstmc_snapshot_free(&snapshot);
    lstmc_engine_free(&engine);
    lstmc_free(weights);
}

/* So many processes; returns how many of them ended by themselves. */
static int train_on(struct subject *s, int ranks, bool resume)
{
    struct socket_ports ports;
    pid_t process[SOCKET_RANKS_MAX];
    int ended = 0;
    socket_ports_open(&ports, ranks);
    for (int rank = 0; rank < ranks; rank++) {
        memset(&s->result[rank], 0, sizeof *s->result);
        if ((process[rank] = fork()))
            continue;
        struct socket_mesh mesh;
        struct lstmc_transport transport;
        socket_mesh_open(&mesh, &ports, rank, &transport);
        train(s, &transport, 1, resume, &s->result[rank]);
        s->result[rank].sent = mesh.sent;
        s->result[rank].reduced = mesh.reduced;
        socket_mesh_close(&mesh);
        _exit(0);
    }
    socket_ports_close(&ports);
    for (int rank = 0; rank < ranks; rank++) {
        int status;
        waitpid(process[rank], &status, 0);
        ended += WIFEXITED(status) && WEXITSTATUS(status) == 0;
    }
    return ended;
}

static void expect_same(const struct subject *s, const struct result *got, const struct result *expected, const char *where)
{
    const struct lstmc_model *m = s->c.model;
    const struct lstmc_history *a = &got->history, *b = &expected->history;
    cr_assert_eq(got->status, 0, "%s: %s", where, got->message);
    for (size_t i = 0; i < m->weight_count; i++)
        cr_assert_eq(memcmp(&got->weights[i], &expected->weights[i], sizeof(float)), 0, "%s: weight %zu is %.9g, not %.9g", where, i,
                     (double)got->weights[i], (double)expected->weights[i]);
    cr_expect_eq(a->loss, b->loss, "%s: a loss of %.17g, not %.17g", where, a->loss, b->loss);
    cr_expect_eq(a->validation_loss, b->validation_loss, "%s: a held-out loss of %.17g, not %.17g", where, a->validation_loss, b->validation_loss);
    for (int i = 0; i < 3; i++) {
        cr_expect_eq(a->metric[i], b->metric[i], "%s: metric %d is %.17g, not %.17g", where, i, a->metric[i], b->metric[i]);
        cr_expect_eq(a->validation_metric[i], b->validation_metric[i], "%s: held-out metric %d is %.17g, not %.17g", where, i,
                     a->validation_metric[i], b->validation_metric[i]);
    }
}

static void compare_ranks(const struct task *task)
{
    struct subject s;
    struct result *alone = malloc(sizeof *alone), *threads = malloc(sizeof *threads);
    subject_create(&s, task);
    train(&s, NULL, 1, false, alone);
    train(&s, NULL, 2, false, threads);
    expect_same(&s, threads, alone, "two threads");
    for (int ranks = 1; ranks <= s.c.model->shards; ranks++) {
        cr_assert_eq(train_on(&s, ranks, false), ranks);
        for (int rank = 0; rank < ranks; rank++) {
            char where[64];
            snprintf(where, sizeof where, "rank %d of %d", rank, ranks);
            expect_same(&s, &s.result[rank], alone, where);
        }
    }
    free(alone);
    free(threads);
    subject_free(&s);
}

Test(many_ranks, adam_with_a_global_norm)   { compare_ranks(&tasks[0]); }
Test(many_ranks, statistics_of_batches)     { compare_ranks(&tasks[1]); }
Test(many_ranks, masks_and_lengths)         { compare_ranks(&tasks[2]); }
Test(many_ranks, streams)                   { compare_ranks(&tasks[3]); }
Test(many_ranks, gradients_that_wait)       { compare_ranks(&tasks[4]); }

/* ---- what goes wrong ---- */

Test(many_ranks, more_ranks_than_shards)
{
    struct subject s;
    subject_create(&s, &tasks[3]);
    cr_assert_eq(train_on(&s, 5, false), 5);
    for (int rank = 0; rank < 5; rank++) {
        cr_expect_eq(s.result[rank].status, LSTMC_MISMATCH);
        cr_expect(strstr(s.result[rank].message, "write shards = 5"), "%s", s.result[rank].message);
    }
    subject_free(&s);
}

/* A rank is killed in some batch; the others end with a message, and another number of ranks goes on from the last
 * checkpoint. */
Test(many_ranks, a_rank_is_killed)
{
    struct temporary_file checkpoint = temporary_text("");
    struct result *alone = malloc(sizeof *alone);
    for (int t = 0; t < TASKS; t++) {
        struct subject s;
        subject_create(&s, &tasks[t]);
        train(&s, NULL, 1, false, alone);
        s.checkpoint = checkpoint.path;
        for (int turn = 0; turn < 3; turn++) {
            const int ranks = 2 + turn % 3;
            s.every = 1 + turn;
            s.dies = turn % ranks;
            s.dies_after = 3 + 2 * turn;
            cr_expect_eq(train_on(&s, ranks, false), ranks - 1, "task %d", t);
            for (int rank = 0; rank < ranks; rank++)
                if (rank != s.dies)
                    cr_expect(s.result[rank].status == LSTMC_IO && strstr(s.result[rank].message, "is gone"), "task %d: %d, %s", t,
                              s.result[rank].status, s.result[rank].message);
            s.dies = -1;
            const int others = 1 + (turn + 2) % 4;
            cr_assert_eq(train_on(&s, others, true), others);
            for (int rank = 0; rank < others; rank++)
                expect_same(&s, &s.result[rank], alone, "after a death");
        }
        subject_free(&s);
    }
    free(alone);
    temporary_remove(&checkpoint);
}

/* What a rank sends: of gradients as much as in a ring where ranks and shards are powers of two, else at most 2 log2(shards) times that; and
 * with weights, norms and all else little more than a ring's all-reduce. */
Test(many_ranks, bytes_that_are_sent)
{
    static const struct task large = { "return Sequential{ Input{6, 5}, LSTM{90}, Dense{3}, loss = 'mse', batch_size = 24, shards = 8,\n"
                                       "  optimizer = Adam{0.01, global_clipnorm = 0.02} }", .lengths = 0 };
    struct subject s;
    subject_create(&s, &large);
    enum { BATCHES = EPOCHS * 3, SHARDS = 8, LOGARITHM = 3, BLOCK = 2048 };
    const double all = 4.0 * (double)s.c.model->gradient_count;
    for (int ranks = 2; ranks <= SHARDS; ranks++) {
        cr_assert_eq(train_on(&s, ranks, false), ranks);
        double reduced = 0, sent = 0, ring = all * (ranks - 1) / ranks;
        for (int rank = 0; rank < ranks; rank++) {
            reduced = fmax(reduced, (double)s.result[rank].reduced / BATCHES);
            sent = fmax(sent, (double)s.result[rank].sent / BATCHES);
        }
        cr_log_info("%d ranks: at most %.0f bytes of gradients, %.0f in all; a ring %.0f and %.0f", ranks, reduced, sent, ring, 2 * ring);
        bool power = (ranks & (ranks - 1)) == 0;
        cr_expect(reduced <= ring * (power ? 1 : 2 * LOGARITHM) + 4 * BLOCK, "%d ranks: %.0f bytes, a ring %.0f", ranks, reduced, ring);
        cr_expect(reduced >= ring / ranks, "%d ranks: %.0f bytes", ranks, reduced);
        if (power)
            cr_expect(sent <= 1.5 * 2 * ring + 4 * BLOCK * ranks, "%d ranks: %.0f bytes, a ring %.0f", ranks, sent, 2 * ring);
    }
    subject_free(&s);
}
