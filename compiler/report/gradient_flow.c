/* gradient_flow.c: in: the tapes of an engine after each backward pass.  out: a file with the norm of what flows back
 * to each time step. */
#include "gradient_flow.h"
#include "compiler/base/out.h"

#include "runtime/files/file.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct Flow {               /* of one layer */
    char layer[64];
    const struct lstmc_tensor *d_state;     /* [timesteps + 1, rows, units]: row 0 is the initial state's */
    double *sum;                    /* [timesteps]: of the norms of the batches so far */
} Flow;

struct FlowRecorder {
    const struct lstmc_model *model;
    const char *path;
    Flow *flows;
    int count;
    long batches;
    FILE *file;                     /* the text so far */
    char *text; size_t length;
};

static const struct lstmc_tensor *find_tensor(const struct lstmc_model *model, const char *layer, int layer_length,
                                              const char *name)
{
    for (int i = 0; i < model->tape_tensor_count; i++) {
        const char *full = model->tape_tensors[i].name;
        if (!strncmp(full, layer, (size_t)layer_length) && full[layer_length] == '.' &&
            !strcmp(full + layer_length + 1, name))
            return &model->tape_tensors[i];
    }
    return NULL;
}

static bool has_layer(const FlowRecorder *flow, const char *layer, int length)
{
    for (int i = 0; i < flow->count; i++)
        if (!strncmp(flow->flows[i].layer, layer, (size_t)length) && !flow->flows[i].layer[length])
            return true;
    return false;
}

/* The first state of each recurrent layer is its output. */
static void add_layer(Arena *arena, FlowRecorder *flow, const struct lstmc_tensor *state)
{
    const char *dot = strchr(state->name, '.');
    int length = dot ? (int)(dot - state->name) : 0;
    if (!state->carried || !length || length >= 64 || has_layer(flow, state->name, length))
        return;
    const struct lstmc_tensor *d_state = find_tensor(flow->model, state->name, length,
                                                     arena_format(arena, "d_%s", dot + 1));
    if (!d_state || d_state->rank < 2 || d_state->shape[0] < 2)
        return;
    Flow *added = &flow->flows[flow->count++];
    snprintf(added->layer, sizeof added->layer, "%.*s", length, state->name);
    added->d_state = d_state;
    added->sum = arena_array(arena, double, d_state->shape[0]);
}

FlowRecorder *gradient_flow_create(Arena *arena, const struct lstmc_model *model, const char *path)
{
    FlowRecorder *flow = arena_alloc(arena, sizeof *flow);
    *flow = (FlowRecorder){ .model = model, .path = path };
    flow->flows = arena_array(arena, Flow, model->tape_tensor_count + 1);
    for (int i = 0; i < model->tape_tensor_count; i++)
        add_layer(arena, flow, &model->tape_tensors[i]);
    flow->file = flow->count ? open_memstream(&flow->text, &flow->length) : NULL;
    if (!flow->file)
        return NULL;
    fprintf(flow->file, "epoch,layer,timestep,norm\n");
    return flow;
}

void gradient_flow_resume(FlowRecorder *flow, int epoch)
{
    int descriptor = lstmc_file_open(flow->path, NULL);
    FILE *old = descriptor < 0 ? NULL : fdopen(descriptor, "r");
    char line[200];
    bool is_heading = true;
    while (old && fgets(line, sizeof line, old)) {
        if (!is_heading && atoi(line) < epoch - 1)
            fputs(line, flow->file);
        is_heading = false;
    }
    if (old)
        fclose(old);
}

/* Sum of the squares of what one step of one tape holds for so many rows. */
static double step_squares(const struct lstmc_tensor *tensor, const float *tape, int step, int rows)
{
    size_t row = tensor->count / (size_t)tensor->shape[0] / (size_t)tensor->shape[1],
           width = (size_t)tensor->shape[tensor->rank - 1];
    const float *values = tape + tensor->offset + (size_t)step * (size_t)tensor->shape[1] * row;
    double squares = 0;
    for (size_t i = 0; i < (size_t)rows * row; i++)
        if (i % width < width - (size_t)tensor->padding)
            squares += (double)values[i] * (double)values[i];
    return squares;
}

void gradient_flow_add(FlowRecorder *flow, const struct lstmc_engine *engine, int rows)
{
    int batch = flow->model->batch;
    for (int f = 0; f < flow->count; f++)
        for (int t = 0; t + 1 < flow->flows[f].d_state->shape[0]; t++) {
            double squares = 0;
            for (int shard = 0, first = 0; first < rows; shard++, first += batch)
                squares += step_squares(flow->flows[f].d_state, engine->tape(engine->context, shard), t + 1,
                                        rows - first < batch ? rows - first : batch);
            flow->flows[f].sum[t] += sqrt(squares);
        }
    flow->batches++;
}

int gradient_flow_epoch(FlowRecorder *flow, int epoch)
{
    for (int f = 0; f < flow->count; f++)
        for (int t = 0; t + 1 < flow->flows[f].d_state->shape[0]; t++) {
            fprintf(flow->file, "%d,%s,%d,%.6g\n", epoch - 1, flow->flows[f].layer, t,
                    flow->flows[f].sum[t] / (double)flow->batches);
            flow->flows[f].sum[t] = 0;
        }
    flow->batches = 0;
    if (fflush(flow->file))
        return ENOMEM;
    return write_file(flow->path, flow->text, flow->length);
}

void gradient_flow_free(FlowRecorder *flow)
{
    if (!flow)
        return;
    fclose(flow->file);
    free(flow->text);
}
