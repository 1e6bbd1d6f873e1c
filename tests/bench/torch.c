/* torch.c: PyTorch as a peer: one child process for all tasks, python3 with torch_peer.py, which is told over a pipe what to run and answers
 * with the seconds that it took, so that it takes its turns among the others. */
#include "bench.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

typedef struct Context {
    const Task *task;
    size_t shown;               /* floats: the output, or the gradients */
    float *values;
} Context;

/* The one child: starting it takes seconds, more than a task. */
static struct { pid_t process; FILE *to, *from; } child;

/* One line to the child and its answer; false with its words, or with what happened to it. */
static bool ask(const char *line, char *answer, size_t size)
{
    if (line && (fprintf(child.to, "%s\n", line) < 0 || fflush(child.to))) {
        snprintf(answer, size, "it is gone: %s", strerror(errno));
        return false;
    }
    if (!fgets(answer, (int)size, child.from)) {
        snprintf(answer, size, "it is gone");
        return false;
    }
    answer[strcspn(answer, "\n")] = 0;
    return strncmp(answer, "error", 5) != 0;
}

static void end_child(void)
{
    if (!child.to)
        return;
    fclose(child.to);
    fclose(child.from);
    while (waitpid(child.process, NULL, 0) < 0 && errno == EINTR)
        continue;
    memset(&child, 0, sizeof child);
}

static bool start(const char *python, char *why)
{
    int to[2], from[2];
    char script[600];
    snprintf(script, sizeof script, "%s/torch_peer.py", options.scripts);
    if (pipe(to))
        return false;
    if (pipe(from)) {
        close(to[0]);
        close(to[1]);
        return false;
    }
    child.process = fork();
    if (child.process == 0) {
        dup2(to[0], STDIN_FILENO);
        dup2(from[1], STDOUT_FILENO);
        close(to[1]);
        close(from[0]);
        execlp(python, python, script, (char *)NULL);
        _exit(127);
    }
    close(to[0]);
    close(from[1]);
    child.to = fdopen(to[1], "w");
    child.from = fdopen(from[0], "r");
    if (child.process > 0 && child.to && child.from && ask(NULL, why, WHY_MAX))
        return true;
    end_child();
    return false;
}

/* $PYTHON, or the first python3 that knows torch: the one in the path may be another than the system's. */
static bool start_child(char *why)
{
    const char *chosen = getenv("PYTHON");
    signal(SIGPIPE, SIG_IGN);
    if (child.to)
        return true;
    return chosen && *chosen ? start(chosen, why) : start("python3", why) || start("/usr/bin/python3", why);
}

static bool write_array(const char *path, const void *at, size_t count)
{
    FILE *file = fopen(path, "wb");
    if (!file)
        return false;
    bool written = fwrite(at, sizeof(float), count, file) == count;
    return !fclose(file) && written;
}

static bool open_in_child(const Task *task, const Data *data, char *why)
{
    static const char *const losses[] = { "mse", "binary", "sparse" };
    const Workload *workload = task->workload;
    char layers[400], files[4][600] = { "" }, line[3600];
    static const char *const names[] = { "weights", "x", "target", "lengths" };
    const void *arrays[] = { data->weights, data->x, data->target, data->lengths };
    size_t rows = (size_t)data->rows;
    size_t counts[] = { data->weight_count, rows * (size_t)data->steps * (size_t)data->features, rows * data->target_count, rows };
    for (int i = 0; i < 4 && arrays[i]; i++) {
        snprintf(files[i], sizeof files[i], "%s/torch.%s", options.folder, names[i]);
        if (!write_array(files[i], arrays[i], counts[i])) {
            snprintf(why, WHY_MAX, "%.200s: %s", files[i], strerror(errno));
            return false;
        }
    }
    describe_layers(workload, layers, sizeof layers);
    const char *kind = task->training ? "training" : task->silent ? "silence"
                       : task->streaming ? "streaming" : "sequence";
    snprintf(line, sizeof line, "open %s %d %d %d %s %s %s %s %s %s", kind, data->rows, data->steps, task->threads,
             losses[workload->loss], layers, files[0], files[1], files[2], files[3]);
    return ask(line, why, WHY_MAX);
}

static void *open_torch(const Task *task, const Data *data, char *why)
{
    if (task->workload->layers[0].kind == LAYER_GRU_BEFORE) {
        snprintf(why, WHY_MAX, "it has no GRU with the reset before the product");
        return NULL;
    }
    if (!start_child(why)) {
        snprintf(why, WHY_MAX, "no python3 that knows torch (python3-torch)");
        return NULL;
    }
    if (!open_in_child(task, data, why))
        return NULL;
    Context *context = checked_alloc(sizeof *context);
    context->task = task;
    context->shown = task->training ? data->gradient_count
                     : (size_t)workload_outputs(task->workload, task->streaming) * (size_t)task->rows;
    context->values = checked_alloc(context->shown * sizeof(float));
    return context;
}

static double ask_number(const char *line, double *second)
{
    char answer[WHY_MAX];
    if (ask(line, answer, sizeof answer)) {
        char *rest;
        double first = strtod(answer, &rest);
        if (second)
            *second = strtod(rest, NULL);
        return first;
    }
    fprintf(stderr, "bench: PyTorch, asked to %s: %s\n", line, answer);
    exit(1);
}

static void run_torch(void *context, int calls, Time *time)
{
    char line[40];
    (void)context;
    snprintf(line, sizeof line, "run %d", calls);
    time->seconds = ask_number(line, &time->processor);
    time->ticks = clock_counts_cycles() ? 0 : 1e9 * time->processor;   /* the cycles of another process are not ours to count */
}

static void look_at_torch(void *opaque, Look *look)
{
    Context *context = opaque;
    char path[600], line[700];
    snprintf(path, sizeof path, "%s/torch.shown", options.folder);
    snprintf(line, sizeof line, "show %s", path);
    *look = (Look){ .output = context->values, .gradients = context->values, .loss = ask_number(line, NULL) };
    FILE *file = fopen(path, "rb");
    if (!file || fread(context->values, sizeof(float), context->shown, file) != context->shown || fgetc(file) != EOF)
        fprintf(stderr, "bench: PyTorch: %s is not as long as it should be\n", path);
    if (file)
        fclose(file);
}

static void close_torch(void *opaque)
{
    Context *context = opaque;
    checked_free(context->values);
    checked_free(context);
}

const Peer peer_torch = { "PyTorch", open_torch, run_torch, look_at_torch, close_torch };
