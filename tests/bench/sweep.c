/* sweep.c: shapes to results: each is a workload of one layer, with two tasks: inference, and a training step. */
#define _GNU_SOURCE
#include "sweep.h"

#include <string.h>

/* Of a cell: its title, and the beginning of a model's name. */
static const struct { const char *title, *name; } cells[] = {
    [LAYER_LSTM] = { "LSTM", "lstm" },
    [LAYER_GRU] = { "GRU", "gru" },
    [LAYER_GRU_BEFORE] = { "GRU before", "gru_before" },
    [LAYER_SIMPLE_RNN] = { "SimpleRNN", "simple_rnn" },
};

static const char *const operations[OPERATIONS] = { "inference", "training step" };

const char *shape_cell(LayerKind kind)
{
    return cells[kind].title;
}

static void make_tasks(Swept *swept)
{
    const Shape *s = swept->shape;
    snprintf(swept->name, sizeof swept->name, "%s_u%d_f%d_t%d_b%d", cells[s->kind].name, s->units, s->features,
             s->steps, s->batch);
    swept->workload = (Workload){
        .name = swept->name, .steps = s->steps, .loss = LOSS_MSE, .batch = s->batch, .layer_count = 1,
        .layers = { { .kind = s->kind, .inputs = s->features, .units = s->units, .last_step = true } },
    };
    char title[sizeof swept->title];
    snprintf(title, sizeof title, "%s %d units, %d features, %d steps, batch %d", cells[s->kind].title,
             s->units, s->features, s->steps, s->batch);
    memcpy(swept->title, title, sizeof title);
    for (int i = 0; i < OPERATIONS; i++) {
        snprintf(swept->titles[i], sizeof swept->titles[i], "%s, %s", title, operations[i]);
        swept->tasks[i] = (Task){
            .workload = &swept->workload, .title = swept->titles[i], .training = i == OPERATION_TRAINING,
            .rows = s->batch, .threads = 1, .without_torch = !(s->flags & SHAPE_TORCH),
        };
    }
}

/* Both operations, or none. */
static bool is_wanted(const Swept *swept)
{
    if (options.only)
        return strcasestr(swept->title, options.only);
    return !options.quick || swept->shape->flags & SHAPE_QUICK;
}

static void write_file(const Limits *limits, const Swept *swept, int count)
{
    char path[1000];
    snprintf(path, sizeof path, "%s/../sweep.md", options.folder);
    FILE *file = fopen(path, "w");
    if (!file) {
        perror(path);
        return;
    }
    sweep_table_write(file, limits, swept, count);
    fclose(file);
}

int sweep_run(const Limits *limits)
{
    static Swept swept[SWEPT_MAX];
    int count = 0, failures = 0;
    for (int i = 0; i < shape_count && count < SWEPT_MAX; i++) {
        swept[count].shape = &shapes[i];
        make_tasks(&swept[count]);
        count += is_wanted(&swept[count]);
    }
    for (int i = 0; i < count; i++) {
        Swept *s = &swept[i];
        fprintf(stderr, "%d of %d: %s\n", i + 1, count, s->title);
        for (int operation = 0; operation < OPERATIONS; operation++) {
            s->results[operation] = measure_task(&s->tasks[operation], limits);
            failures += s->results[operation].failures;
        }
        write_file(limits, swept, i + 1);   /* each time: who stops it in the middle has what there is */
    }
    sweep_table_write(stdout, limits, swept, count);
    return failures;
}
