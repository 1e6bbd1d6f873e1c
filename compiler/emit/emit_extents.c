/* emit_extents.c: in: planned programs.  out: tensor->size and axis->size: what an extent is called in C, "LSTM_UNITS".
 *
 * A name begins where it is certain: the last extent of what a layer gives to others, if exactly one of the sizes that
 * it was given is that number; the steps; the features of the input. It goes where an index goes: dimensions that one
 * axis runs over from end to end have the same extent. What two names reach gets none: one of them is a coincidence. */
#include "emit.h"

#include <ctype.h>

#define NAME_MAX_LENGTH 32      /* a longer one says less than the number */

typedef struct Extents {
    Arena *arena;
    const Programs *programs;
    const Ir *ir;
    const char **of_layer;      /* by layer: what it calls the last extent of its output */
    /* of each dimension of each tensor, and of each axis of each statement: sets of equals */
    int *parent;
    bool *begun;                /* whether the tensor's dimension has given its set a name, if it has one */
    const char **name;          /* of a set, by its root: NULL: none, "": several */
    int first_axis;             /* the nodes behind those of the tensors */
    int *axes_before;           /* by statement: how many axes those before it have */
} Extents;

/* ---- sets of equal extents ---- */

static int root_of(const Extents *extents, int node)
{
    while (extents->parent[node] != node)
        node = extents->parent[node] = extents->parent[extents->parent[node]];
    return node;
}

static void join(const Extents *extents, int a, int b)
{
    extents->parent[root_of(extents, a)] = root_of(extents, b);
}

static int node_of_dimension(const Tensor *tensor, int dimension)
{
    return tensor->number * TENSOR_RANK_MAX + dimension;
}

static int node_of_axis(const Extents *extents, int statement, const Axis *axis)
{
    const Statement *of = extents->ir->statements[statement];
    for (int a = 0; a < of->axis_count; a++)
        if (of->axes[a] == axis)
            return extents->first_axis + extents->axes_before[statement] + a;
    return -1;
}

typedef struct Visit {
    const Extents *extents;
    int statement;
} Visit;

static void join_access(void *context, const Access *access)
{
    const Visit *visit = context;
    for (int d = 0; d < access->tensor->rank; d++) {
        const Index *index = &access->index[d];
        bool alone = !index->gather && index->terms == 1 && index->coefficient[0] == 1 && index->constant == 0;
        if (!alone || index->axis[0]->kind == AXIS_BATCH || index->axis[0]->extent != access->tensor->extent[d])
            continue;
        int axis = node_of_axis(visit->extents, visit->statement, index->axis[0]);
        if (axis >= 0)
            join(visit->extents, axis, node_of_dimension(access->tensor, d));
    }
}

/* ---- where names begin ---- */

static void begin_name(const Extents *extents, int node, const char *name)
{
    const char **of = &extents->name[root_of(extents, node)];
    *of = !*of || !strcmp(*of, name) ? name : "";
}

static char *in_capitals(Arena *arena, const char *text)
{
    char *copy = arena_copy_text(arena, text);
    for (char *c = copy; *c; c++)
        *c = (char)toupper((unsigned char)*c);
    return copy;
}

/* Names that mean something else already. */
static bool is_reserved(const char *name)
{
    return !strcmp(name, "OPTIMIZER_FLOATS") || strstr(name, "_PHASES") != NULL;
}

static const char *size_name(Arena *arena, const Layer *layer)
{
    const Argument *found = NULL;
    for (int i = 0; i < layer->argument_count && layer->output.rank; i++) {
        const Argument *argument = &layer->arguments[i];
        if (!argument->is_size || argument->number != layer->output.extent[layer->output.rank - 1])
            continue;
        if (found)
            return NULL;
        found = argument;
    }
    const char *name = found ? in_capitals(arena, arena_format(arena, "%s_%s", layer->name, found->name)) : NULL;
    return name && strlen(name) <= NAME_MAX_LENGTH && !is_reserved(name) ? name : NULL;
}

/* Layers whose names differ in capitals alone have none. */
const char **layer_size_names(Arena *arena, const Model *model)
{
    const char **names = arena_array(arena, const char *, model->layer_count + 1);
    for (int i = 0; i < model->layer_count; i++) {
        names[i] = size_name(arena, &model->layers[i]);
        for (int j = 0; j < i && names[i]; j++)
            if (names[j] && !strcmp(names[i], names[j]))
                names[i] = NULL;
    }
    return names;
}

static void begin_at_output(void *context, const Access *access)
{
    const Visit *visit = context;
    const Extents *extents = visit->extents;
    const Model *model = extents->programs->model;
    const Tensor *tensor = access->tensor;
    bool given = tensor->role == ROLE_VALUE || tensor->role == ROLE_STATE || tensor->role == ROLE_OUTPUT;
    if (!given || tensor->home == HOME_PREPARED || !tensor->rank ||
        !strcmp(extents->ir->statements[visit->statement]->layer, tensor->layer))
        return;
    int last = node_of_dimension(tensor, tensor->rank - 1);
    for (int i = 0; i < model->layer_count && !extents->begun[last]; i++)
        if (extents->of_layer[i] && !strcmp(model->layers[i].name, tensor->layer) &&
            tensor->extent[tensor->rank - 1] == model->layers[i].output.extent[model->layers[i].output.rank - 1])
            begin_name(extents, last, extents->of_layer[i]);
    extents->begun[last] = true;
}

int emit_timesteps(const Programs *programs)
{
    const Tensor *input = programs->single->inputs[0];
    return programs->model->descriptor.inputs || input->time_dimension < 0 ? 0 : input->extent[input->time_dimension];
}

int emit_features(const Programs *programs)
{
    const struct lstmc_model *descriptor = &programs->model->descriptor;
    return descriptor->inputs || descriptor->input_is_tokens || !descriptor->input_rank
             ? 0 : descriptor->input_shape[descriptor->input_rank - 1];
}

static void begin_at_inputs(const Extents *extents)
{
    const Ir *ir = extents->ir;
    for (int i = 0; i < ir->tensor_count; i++) {
        const Tensor *tensor = ir->tensors[i];
        int last = tensor->rank - 1, steps = emit_timesteps(extents->programs), time = tensor->time_dimension;
        if (tensor->role == ROLE_INPUT && last >= 0 && tensor->extent[last] == emit_features(extents->programs))
            begin_name(extents, node_of_dimension(tensor, last), "FEATURES");
        if (time >= 0 && steps > 1 && tensor->extent[time] == steps && tensor->role != ROLE_STATE)
            begin_name(extents, node_of_dimension(tensor, time), "TIMESTEPS");
    }
}

/* ---- where they arrive ---- */

static const char *name_at(const Extents *extents, int node)
{
    const char *name = extents->name[root_of(extents, node)];
    return name && *name ? name : NULL;
}

/* Of states there is one row more than there are steps. */
static const char *name_of_dimension(const Extents *extents, const Tensor *tensor, int dimension)
{
    const int steps = emit_timesteps(extents->programs);
    bool is_state = dimension == tensor->time_dimension && steps > 1 && tensor->extent[dimension] == steps + 1;
    return is_state ? "TIMESTEPS + 1" : name_at(extents, node_of_dimension(tensor, dimension));
}

static void take_names(const Extents *extents)
{
    const Ir *ir = extents->ir;
    const int steps = emit_timesteps(extents->programs);
    for (int i = 0; i < ir->tensor_count; i++)
        for (int d = 0; d < ir->tensors[i]->rank; d++)
            ir->tensors[i]->size[d] = name_of_dimension(extents, ir->tensors[i], d);
    for (int i = 0; i < ir->statement_count; i++) {
        const Statement *statement = ir->statements[i];
        for (int a = 0; a < statement->axis_count; a++)
            if (statement->axes[a]->kind != AXIS_BATCH)
                statement->axes[a]->size = name_at(extents, node_of_axis(extents, i, statement->axes[a]));
        if (statement->loop && steps > 1 && statement->loop->axis->extent == steps)
            statement->loop->axis->size = "TIMESTEPS";
    }
}

void emit_name_extents(Arena *arena, const Programs *programs, const Ir *ir)
{
    Extents extents = { .arena = arena, .programs = programs, .ir = ir,
                        .of_layer = layer_size_names(arena, programs->model) };
    extents.first_axis = ir->tensor_count * TENSOR_RANK_MAX;
    extents.axes_before = arena_array(arena, int, ir->statement_count + 1);
    for (int i = 0; i < ir->statement_count; i++)
        extents.axes_before[i + 1] = extents.axes_before[i] + ir->statements[i]->axis_count;
    int nodes = extents.first_axis + extents.axes_before[ir->statement_count];
    extents.parent = arena_array(arena, int, nodes + 1);
    extents.name = arena_array(arena, const char *, nodes + 1);
    extents.begun = arena_array(arena, bool, nodes + 1);
    for (int i = 0; i < nodes; i++)
        extents.parent[i] = i;
    for (int pass = 0; pass < 2; pass++)        /* all sets first, then the names in them */
        for (int i = 0; i < ir->statement_count; i++) {
            Visit visit = { .extents = &extents, .statement = i };
            if (pass == 0)
                join_access(&visit, &ir->statements[i]->out);
            expr_visit_loads(ir->statements[i]->value, pass == 0 ? join_access : begin_at_output, &visit);
        }
    begin_at_inputs(&extents);
    take_names(&extents);
}

/* ---- as C ---- */

const char *emit_extent(Arena *arena, const Ir *ir, const char *size, int extent)
{
    return size ? arena_format(arena, "%s_%s", macro_prefix(arena, ir->descriptor), size)
                : arena_format(arena, "%d", extent);
}

/* Where several layers share a function, what is a size of one of them is a number. */
const char *kernel_extent(const Kernel *kernel, const Axis *axis)
{
    if (axis->kind == AXIS_BATCH)
        return "rows";
    bool of_layer = axis->size && strcmp(axis->size, "TIMESTEPS") != 0 && strcmp(axis->size, "FEATURES") != 0;
    return emit_extent(kernel->arena, kernel->ir, kernel->members && of_layer ? NULL : axis->size, axis->extent);
}

static bool is_range(const Kernel *kernel, const Axis *axis)
{
    return axis == kernel->statements[0]->rows_of_weight;
}

const char *kernel_start(const Kernel *kernel, const Axis *axis)
{
    return is_range(kernel, axis) ? "first_row" : "0";
}

const char *kernel_end(const Kernel *kernel, const Axis *axis)
{
    return is_range(kernel, axis) ? "end_row" : kernel_extent(kernel, axis);
}
