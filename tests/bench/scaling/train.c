/* train.c: in: a compiled model, a number of threads, and a transport to other ranks or none.  out: how long a step of
 * lstmc_train takes, what it has sent, and a hash of the weights that it ends with. Every batch has the same rows, so
 * that the loss is one that PyTorch can be compared by. */
#include "scaling.h"

#include <stdlib.h>
#include <string.h>

#define STEPS_MAX 64
#define WARM_STEPS 2            /* of which the times do not count */

typedef struct Watch {
    double seconds[STEPS_MAX], work[STEPS_MAX];
    Time last;
    int steps;
    Counter *counter, before, step;     /* step: what the last one has added; only numbers are read of both */
} Watch;

static void end_step(void *context, int epoch, int rows, const struct lstmc_engine *engine)
{
    Watch *watch = context;
    (void)epoch, (void)rows, (void)engine;
    const Time took = clock_since(watch->last);
    const double waited = watch->counter ? watch->counter->processor - watch->before.processor : 0;
    if (watch->steps < STEPS_MAX) {
        watch->work[watch->steps] = took.processor - waited;
        watch->seconds[watch->steps++] = took.seconds;
    }
    if (watch->counter) {
        const Counter *now = watch->counter, *before = &watch->before;
        watch->step.messages = now->messages - before->messages;
        watch->step.sent = now->sent - before->sent;
        watch->step.gathers = now->gathers - before->gathers;
        watch->step.gathered = now->gathered - before->gathered;
        watch->before = *now;
    }
    watch->last = clock_now();
}

/* FNV-1a. */
static uint64_t hash(const float *weights, size_t count)
{
    uint64_t sum = UINT64_C(0xcbf29ce484222325);
    const unsigned char *bytes = (const unsigned char *)weights;
    for (size_t i = 0; i < count * sizeof *weights; i++)
        sum = (sum ^ bytes[i]) * UINT64_C(0x100000001b3);
    return sum;
}

static void repeat(const struct lstmc_model *model, const Data *data, int steps, struct lstmc_dataset *set)
{
    const size_t rows = (size_t)data->rows;
    if (lstmc_dataset_alloc(model, rows * (size_t)steps, set))
        exit(1);
    for (size_t i = 0; i < rows * (size_t)steps; i++) {
        memcpy((float *)set->x + i * model->input_count, (float *)data->x + i % rows * model->input_count,
               model->input_count * sizeof(float));
        memcpy((float *)set->y + i * model->target_count, (float *)data->target + i % rows * model->target_count,
               model->target_count * sizeof(float));
    }
}

/* All ranks have the weights: 0 is not enough. */
static int differs(struct lstmc_transport *transport, uint64_t own)
{
    uint64_t all[64] = { own };
    size_t first[65];
    if (!transport)
        return 0;
    all[transport->rank] = own;
    for (int rank = 0; rank <= transport->ranks; rank++)
        first[rank] = (size_t)rank * sizeof *all;
    if (transport->gather(transport->context, all, first))
        return 1;
    for (int rank = 0; rank < transport->ranks; rank++)
        if (all[rank] != own)
            return 1;
    return 0;
}

void train_run(const Subject *subject, const char *library, int threads, struct lstmc_transport *transport)
{
    const struct lstmc_model *model = subject_load(subject, library);
    const Task task = { .workload = &subject->workload, .title = subject->title, .training = true, .rows = BATCH };
    struct lstmc_engine engine;
    struct lstmc_dataset set;
    struct lstmc_history history;
    struct lstmc_message message = { "" };
    Counter counter;
    Data data = data_make(&task);
    Watch watch = { .counter = transport ? &counter : NULL };
    if (transport)
        counter_open(&counter, transport, 0, 0);
    if (!model || lstmc_engine_create(model, &engine) || lstmc_engine_threads(&engine, threads) != threads) {
        fprintf(stderr, "scaling: no engine of %s with %d threads\n", library, threads);
        exit(1);
    }
    repeat(model, &data, subject->steps, &set);
    const struct lstmc_train_options train = { .epochs = 1, .seed = 1, .quiet = 1, .batch_end = end_step,
                                               .context = &watch, .transport = transport ? &counter.outside : NULL };
    watch.last = clock_now();
    if (lstmc_train(&engine, data.weights, &set, NULL, &train, &history, &message)) {
        fprintf(stderr, "scaling: %s\n", message.text);
        exit(1);
    }
    const uint64_t found = hash(data.weights, model->weight_count);
    if (differs(transport, found)) {
        fprintf(stderr, "scaling: %s: ranks do not end with the same weights\n", subject->name);
        exit(1);
    }
    const int count = watch.steps - WARM_STEPS;
    double *timed = watch.seconds + WARM_STEPS;
    const double middle = median_of(timed, count), work = median_of(watch.work + WARM_STEPS, count);  /* sorted now */
    const Counter *last = &watch.step;
    if (!transport || !transport->rank)
        printf("step %.9g %.9g %.9g %.9g\nweights %u %u\ntraffic %zu %zu %zu %zu\n", middle, history.loss, timed[0],
               work, (unsigned)(found >> 32), (unsigned)found, last->messages, last->sent, last->gathers,
               last->gathered);
    lstmc_engine_free(&engine);
    lstmc_dataset_free(&set);
    data_free(&data);
}
