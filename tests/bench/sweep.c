/* sweep.c: shapes and others to results. A shape is a workload of one layer, with two tasks: inference, and a training
 * step; another network has a task for each way of its use. */
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

/* Of a shape both operations, or none. */
static bool is_wanted(const char *title, bool quick)
{
    if (options.only)
        return strcasestr(title, options.only);
    return !options.quick || quick;
}

static int make_shapes(Swept *swept)
{
    int count = 0;
    for (int i = 0; i < shape_count && count < SWEPT_MAX; i++) {
        swept[count].shape = &shapes[i];
        make_tasks(&swept[count]);
        count += is_wanted(swept[count].title, shapes[i].flags & SHAPE_QUICK);
    }
    return count;
}

static void make_use(Used *used, const Other *other, Way way)
{
    used->way = way;
    used->workload = other->workload;
    used->workload.batch = OTHER_BATCH;
    snprintf(used->title, sizeof used->title, "%s, %s", other->workload.model, way_titles[way]);
    used->task = (Task){
        .workload = &used->workload, .title = used->title, .training = way == WAY_TRAINING,
        .streaming = way == WAY_STEP || way == WAY_SILENCE, .silent = way == WAY_SILENCE,
        .rows = way == WAY_TRAINING ? OTHER_BATCH : 1, .threads = 1,
        .wanted[PEER_OURS_BF16] = other->flags & OTHER_BF16 && way != WAY_TRAINING,
    };
}

static int make_uses(Used *used)
{
    int count = 0;
    for (int i = 0; i < other_count; i++)
        for (int way = 0; way < WAYS && count < USED_MAX; way++) {
            if (!(others[i].flags & 1 << way))
                continue;
            make_use(&used[count], &others[i], (Way)way);
            count += is_wanted(used[count].title, others[i].flags & OTHER_QUICK);
        }
    return count;
}

/* Each time: who stops it in the middle has what there is. */
static void write_file(const Sweep *sweep)
{
    char path[1000];
    snprintf(path, sizeof path, "%s/../sweep.md", options.folder);
    FILE *file = fopen(path, "w");
    if (!file) {
        perror(path);
        return;
    }
    sweep_table_write(file, sweep);
    fclose(file);
}

int sweep_run(const Limits *limits)
{
    static Sweep sweep;
    int shapes_wanted = make_shapes(sweep.swept), uses = make_uses(sweep.used), failures = 0;
    sweep.limits = limits;
    while (sweep.swept_count < shapes_wanted) {
        Swept *s = &sweep.swept[sweep.swept_count++];
        fprintf(stderr, "%d of %d: %s\n", sweep.swept_count, shapes_wanted + uses, s->title);
        for (int operation = 0; operation < OPERATIONS; operation++) {
            s->results[operation] = measure_task(&s->tasks[operation], limits);
            failures += s->results[operation].failures;
        }
        write_file(&sweep);
    }
    while (sweep.used_count < uses) {
        Used *used = &sweep.used[sweep.used_count++];
        fprintf(stderr, "%d of %d: %s\n", shapes_wanted + sweep.used_count, shapes_wanted + uses, used->title);
        used->result = measure_task(&used->task, limits);
        failures += used->result.failures;
        write_file(&sweep);
    }
    sweep_table_write(stdout, &sweep);
    return failures;
}
