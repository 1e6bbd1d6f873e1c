/* modules.c: in: the tensors of a state.  out: the modules that they belong to, by names and shapes, in the order of
 * the file. */
#include "module.h"

#include <ctype.h>
#include <string.h>

/* "encoder.lstm.bias" -> "encoder.lstm" */
static const char *path_of(Arena *arena, const char *name)
{
    const char *dot = strrchr(name, '.');
    return dot ? arena_format(arena, "%.*s", (int)(dot - name), name) : "";
}

static bool is_in(const char *name, const char *path)
{
    size_t length = strlen(path);
    return length ? !strncmp(name, path, length) && name[length] == '.' && !strchr(name + length + 1, '.')
                  : !strchr(name, '.');
}

static int rank_of(Modules *modules, const char *name)
{
    const StateTensor *tensor = modules_find(modules, name);
    return tensor ? tensor->rank : -1;
}

static size_t extent(Modules *modules, const char *name, int axis)
{
    const StateTensor *tensor = modules_find(modules, name);
    return tensor && axis < tensor->rank ? tensor->shape[axis] : 0;
}

/* ---- modules ---- */

static void add(Modules *modules, Step step)
{
    step.name = *modules->path ? modules->path : snake_case(modules->arena, step.kind ? step.kind : "Tensors");
    arena_append(modules->arena, modules->steps.list, modules->steps.count, modules->steps.capacity, step);
}

/* A bias of as many numbers as the module puts out. */
static void take_bias(Modules *modules, Step *step, size_t count)
{
    if (extent(modules, "bias", 0) != count)
        return;
    const StateTensor *bias = modules_take(modules, "bias", 1);
    step->biased = bias != NULL;
    if (bias)
        module_weight(modules->arena, &step->weights, layout_kept(bias));
}

static bool looks_embedded(Modules *modules)
{
    char lower[200] = "";
    for (size_t i = 0; modules->path[i] && i + 1 < sizeof lower; i++)
        lower[i] = (char)tolower((unsigned char)modules->path[i]);
    return strstr(lower, "emb") || strstr(lower, "lookup");
}

/* Both are a matrix; an Embedding has no bias, and a chain begins with it. Which of the two it is where nobody says so
 * is left open for a description that does. */
static bool take_matrix(Modules *modules)
{
    Arena *arena = modules->arena;
    if (rank_of(modules, "weight") != 2)
        return false;
    const StateTensor *weight = modules_take(modules, "weight", 2);
    bool biased = extent(modules, "bias", 0) == weight->shape[0], embedded = !biased && looks_embedded(modules);
    Step step = { .kind = embedded ? "Embedding" : "Dense", .torch = embedded ? "nn.Embedding" : "nn.Linear",
                  .in = weight->shape[embedded ? 0 : 1], .out = weight->shape[embedded ? 1 : 0] };
    DraftArray transposed = layout_transposed(arena, weight, 0);
    module_weight(arena, &step.weights, embedded ? layout_kept(weight) : transposed);
    if (biased)
        take_bias(modules, &step, weight->shape[0]);
    if (!biased) {
        step.other_kind = embedded ? "Dense" : "Embedding";
        step.doubtful = !embedded;
        module_weight(arena, &step.other, embedded ? transposed : layout_kept(weight));
    }
    add(modules, step);
    return true;
}

/* [out, in, width] -> [width, in, out]; [out, in, rows, columns] -> [rows, columns, in, out]. One that is transposed
 * has [in, out, ...], and the same change makes of it what lstmc's has. */
static bool take_convolution(Modules *modules)
{
    static const int line[] = { 2, 1, 0 }, image[] = { 2, 3, 1, 0 };
    int rank = rank_of(modules, "weight");
    if (rank != 3 && rank != 4)
        return false;
    const StateTensor *weight = modules_take(modules, "weight", rank);
    size_t bias = extent(modules, "bias", 0);
    bool turned = bias && bias != weight->shape[0] && bias == weight->shape[1];
    Step step = { .kind = turned ? rank == 3 ? "Conv1DTranspose" : "Conv2DTranspose" : rank == 3 ? "Conv1D" : "Conv2D",
                  .torch = turned ? rank == 3 ? "nn.ConvTranspose1d" : "nn.ConvTranspose2d"
                                  : rank == 3 ? "nn.Conv1d" : "nn.Conv2d",
                  .in = weight->shape[turned ? 0 : 1], .out = weight->shape[turned ? 1 : 0] };
    memcpy(step.window, weight->shape + 2, (size_t)(rank - 2) * sizeof *step.window);
    module_weight(modules->arena, &step.weights,
                layout_permuted(modules->arena, weight, rank == 3 ? line : image, 0));
    take_bias(modules, &step, step.out);
    add(modules, step);
    return true;
}

/* BatchNorm: gamma, beta, moving mean and variance; LayerNorm: gamma, beta. */
static bool take_normalization(Modules *modules)
{
    bool batch = rank_of(modules, "running_mean") == 1 && rank_of(modules, "running_var") == 1;
    size_t features = extent(modules, batch ? "running_mean" : "weight", 0);
    bool affine = rank_of(modules, "weight") == 1 && rank_of(modules, "bias") == 1 &&
                  extent(modules, "weight", 0) == features && extent(modules, "bias", 0) == features;
    if (!batch && !affine)
        return false;
    Step step = { .kind = batch ? "BatchNormalization" : "LayerNormalization",
                  .torch = batch ? "nn.BatchNorm" : "nn.LayerNorm", .in = features, .out = features,
                  .biased = affine };
    static const char *const names[] = { "weight", "bias", "running_mean", "running_var" };
    for (int i = affine ? 0 : 2; i < (batch ? 4 : 2); i++)
        if (extent(modules, names[i], 0) == features) {
            const StateTensor *tensor = modules_take(modules, names[i], 1);
            if (tensor)
                module_weight(modules->arena, &step.weights, layout_kept(tensor));
        }
    add(modules, step);
    return true;
}

static bool ends_with(const char *text, const char *end)
{
    size_t length = strlen(text), letters = strlen(end);
    return length >= letters && !strcmp(text + length - letters, end);
}

/* What is left of a module is kept as it is, for a description that has a place for it. */
static void take_rest(Modules *modules, int begin)
{
    Step step = { .torch = "tensors of its own" };
    for (int i = begin; i < modules->state->count; i++) {
        StateTensor *tensor = &modules->state->tensors[i];
        if (tensor->taken || !is_in(tensor->name, modules->path))
            continue;
        tensor->taken = true;
        if (!ends_with(tensor->name, "num_batches_tracked"))    /* how often a BatchNorm has learned */
            module_weight(modules->arena, &step.weights, layout_kept(tensor));
    }
    if (step.weights.count)
        add(modules, step);
}

static bool is_weight_norm(Modules *modules)
{
    return modules_find(modules, "weight_g") || modules_find(modules, "weight_hh_l0_g");
}

Steps modules_read(State *state)
{
    Modules modules = { .state = state, .arena = state->draft->arena };
    modules.places = text_index_create(modules.arena);
    for (int i = 0; i < state->count; i++)
        *text_index_at(modules.places, state->tensors[i].name) = i + 1;
    for (int i = 0; i < state->count; i++) {
        if (state->tensors[i].taken)
            continue;
        modules.path = path_of(modules.arena, state->tensors[i].name);
        if (is_weight_norm(&modules))
            draft_refuse(state->draft, "%s: its weights are halves of weight_norm: take that away by "
                         "torch.nn.utils.remove_weight_norm, and save once more", module_path(&modules));
        if (!modules_take_recurrent(&modules) && !modules_take_attention(&modules) && !take_normalization(&modules) &&
            !take_matrix(&modules))
            take_convolution(&modules);
        take_rest(&modules, i);
    }
    return modules.steps;
}
