/* emit_tensor.c: in: a tensor of a planned program.  out: the array that holds it, named, of fixed size: how it is laid
 * out, which member it is, and its line in a struct. */
#include "emit.h"

#include "compiler/base/text_index.h"

int tensor_rows(const Tensor *tensor, int dimension)
{
    bool windowed = dimension == tensor->time_dimension && tensor->window > 0;
    return windowed ? tensor->window : tensor->extent[dimension];
}

/* ---- layouts ---- */

int tensor_memory_rank(const Tensor *tensor)
{
    return tensor->layout == LAYOUT_SPACED ? tensor_row_start(tensor) + 1
                                           : tensor->rank + (tensor->layout == LAYOUT_BLOCKED);
}

static int whole_vectors(const Tensor *tensor)
{
    return (tensor_rows(tensor, tensor->rank - 1) + tensor->lanes - 1) / tensor->lanes;
}

int tensor_memory_extent(const Tensor *tensor, int dimension)
{
    if (tensor->layout == LAYOUT_SPACED && dimension == tensor_row_start(tensor))
        return tensor_row_floats(tensor) + tensor->gap;
    if (tensor->layout == LAYOUT_BLOCKED)
        return dimension == 0                    ? whole_vectors(tensor)
               : dimension == tensor->rank       ? tensor->lanes
               : dimension - 1 == tensor->paired ? (tensor->extent[dimension - 1] + 1) / 2
                                                 : tensor_rows(tensor, dimension - 1);
    if (tensor->layout == LAYOUT_PADDED && dimension == tensor->rank - 1)
        return whole_vectors(tensor) * tensor->lanes;
    return tensor_rows(tensor, dimension);
}

size_t tensor_elements(const Tensor *tensor)
{
    size_t count = 1;
    for (int i = 0; i < tensor_memory_rank(tensor); i++)
        count *= (size_t)tensor_memory_extent(tensor, i);
    return count;
}

bool tensor_has_words(const Tensor *tensor)
{
    return tensor->paired >= 0;
}

bool home_has_vectors(const Ir *ir, Home home)
{
    for (int i = 0; i < ir->tensor_count; i++)
        if (ir->tensors[i]->home == home && (ir->tensors[i]->layout != LAYOUT_ROWS || ir->tensors[i]->panel > 0))
            return true;
    return false;
}

/* ---- members ---- */

bool tensor_is_shared(const Tensor *tensor)
{
    return tensor->unit >= 0;
}

const char *tensor_of_model(const Ir *ir, const Tensor *tensor)
{
    if (tensor->role == ROLE_INPUT)
        return ir->input_count == 1 ? "input" : NULL;
    if (tensor->role == ROLE_LENGTHS)
        return "lengths";
    if (tensor->role == ROLE_TRAINING)
        return "is_training";
    if (tensor == ir->output)
        return "output";
    if (tensor == ir_output_adjoint(ir))
        return "d_output";
    return tensor->role == ROLE_GRADIENT && !tensor->weight && ir->input_count == 1 ? "d_input" : NULL;
}

/* "z"; of another layer, whose work was done with it, "lstm_z" */
static const char *plain_name_in_unit(Arena *arena, const Ir *ir, const Tensor *tensor)
{
    const char *name = c_name(arena, tensor->name);
    return strcmp(tensor->layer, ir->units[tensor->unit].layer)
               ? arena_format(arena, "%s_%s", c_layer_name(arena, tensor->layer), name)
               : name;
}

static const char *name_in_unit(Arena *arena, const Ir *ir, const Tensor *tensor)
{
    return tensor->member ? tensor->member : plain_name_in_unit(arena, ir, tensor);
}

/* A name that is taken in the unit gets a number: "lstm_z_2". The layer's own tensors have theirs first. */
void emit_name_members(Arena *arena, const Ir *ir)
{
    TextIndex *taken = text_index_create(arena);
    for (int others = 0; others <= 1; others++)
        for (int i = 0; i < ir->tensor_count; i++) {
            Tensor *tensor = ir->tensors[i];
            if (!tensor_is_shared(tensor) || others != !!strcmp(tensor->layer, ir->units[tensor->unit].layer))
                continue;
            const char *first = plain_name_in_unit(arena, ir, tensor), *name = first;
            int *count;
            for (int again = 2;; again++) {
                count = text_index_at(taken, arena_format(arena, "%d %d %s", tensor->unit, (int)tensor->home, name));
                if (!*count)
                    break;
                name = arena_format(arena, "%s_%d", first, again);
            }
            *count = 1;
            tensor->member = name;
        }
}

const char *tensor_member(Arena *arena, const Ir *ir, const Tensor *tensor)
{
    if (tensor->weight)
        return arena_format(arena, "%s.%s", c_weight_group(arena, ir->descriptor, tensor->weight),
                            c_name(arena, weight_name(tensor->weight)));
    const char *own = tensor_of_model(ir, tensor);
    if (own)
        return own;
    if (tensor_is_shared(tensor))
        return arena_format(arena, "local.%s.%s", c_layer_name(arena, ir->units[tensor->unit].name),
                            name_in_unit(arena, ir, tensor));
    return arena_format(arena, "%s.%s", c_layer_name(arena, tensor->layer), c_name(arena, tensor->name));
}

const char *home_pointer(const Ir *ir, Home home)
{
    switch (home) {
    case HOME_WEIGHTS:
        return "weights";
    case HOME_GRADIENTS:
        return "gradients";
    case HOME_PREPARED:
        return ir->training ? "training" : "packed";
    case HOME_TAPE:
        return "tape";
    case HOME_STATE:
        return "state";
    case HOME_MEMORY:
        return "memory";
    case HOME_SCRATCH:
        return "scratch";
    case HOME_NONE:
    case HOME_ARGUMENT:
    case HOME_LOCAL:
    case HOME_REGISTER:
        break;
    }
    die("home %d is not a struct", (int)home);
}

static const char *window_note(Arena *arena, const Tensor *tensor)
{
    const int steps = tensor->extent[tensor->time_dimension], kept = tensor->window;
    return kept == 1 ? arena_format(arena, "      /* one of %d steps */", steps)
                     : arena_format(arena, "      /* %d of %d steps, step t at t %% %d */", kept, steps, kept);
}

/* `named`: by the names of sizes; what several layers share is numbers. */
static const char *extent_of_memory(Arena *arena, const Ir *ir, const Tensor *tensor, int i, int dimension, bool named)
{
    int extent = tensor_memory_extent(tensor, i);
    bool is_whole = named && dimension >= 0 && extent == tensor->extent[dimension];
    return emit_extent(arena, ir, is_whole ? tensor->size[dimension] : NULL, extent);
}

void emit_tensor_line(Out *out, Arena *arena, const Ir *ir, const Tensor *tensor, const char *name, bool named)
{
    const char *text = arena_format(arena, "%s %s",
                                    tensor->integer            ? "int32_t"
                                    : tensor_has_words(tensor) ? "uint32_t"
                                                               : "float",
                                    name);
    int blocked = tensor->layout == LAYOUT_BLOCKED;
    for (int i = 0; i < tensor_memory_rank(tensor); i++) {
        int dimension = blocked ? (i > 0 && i < tensor->rank ? i - 1 : -1) : i;
        if (dimension >= 0 && dimension == tensor->batch_dimension)
            text = arena_format(arena, "%s[%s_BATCH]", text, macro_prefix(arena, ir->descriptor));
        else if (dimension < 0 || dimension != tensor->time_dimension || tensor->window != 1)
            text = arena_format(arena, "%s[%s]", text, extent_of_memory(arena, ir, tensor, i, dimension, named));
    }
    const char *note = tensor->window > 0 ? window_note(arena, tensor)
                     : tensor_has_words(tensor) ? "      /* bf16, two in a word */"
                     : tensor->incoming > 1
                         ? arena_format(arena, "      /* rows 0 to %d: before the first step */", tensor->incoming - 1)
                     : tensor->role == ROLE_STATE && tensor->time_dimension >= 0
                         ? "      /* row 0: before the first step */" : "";
    put(out, "%s;%s", text, note);
}

static int widest_lanes(const Ir *ir, Home home)
{
    int lanes = 1;
    for (int i = 0; i < ir->tensor_count; i++)
        if (ir->tensors[i]->home == home && ir->tensors[i]->lanes > lanes)
            lanes = ir->tensors[i]->lanes;
    return lanes;
}

/* Vectors come first in every struct, and structs of whole vectors before others: so they are aligned where the
 * outermost one is. */
bool tensor_is_whole(const Ir *ir, const Tensor *tensor)
{
    return tensor_elements(tensor) % (size_t)widest_lanes(ir, tensor->home) == 0;
}

void emit_layer_lines(Out *out, Arena *arena, const Ir *ir, const TensorList *layer, bool named)
{
    for (int odd = 0; odd <= 1; odd++)
        for (int i = 0; i < layer->count; i++)
            if (tensor_is_whole(ir, layer->list[i]) == !odd)
                emit_tensor_line(out, arena, ir, layer->list[i], c_name(arena, layer->list[i]->name), named);
}

void emit_unit_lines(Out *out, Arena *arena, const Ir *ir, const TensorList *unit, bool named)
{
    for (int odd = 0; odd <= 1; odd++)
        for (int i = 0; i < unit->count; i++)
            if (tensor_is_whole(ir, unit->list[i]) == !odd)
                emit_tensor_line(out, arena, ir, unit->list[i], name_in_unit(arena, ir, unit->list[i]), named);
}

/* Programs begin with their weights. */
static const Tensor *tensor_of_weight(const Ir *ir, int place)
{
    const Tensor *tensor = ir && place < ir->tensor_count ? ir->tensors[place] : NULL;
    return tensor && tensor->weight == &ir->descriptor->weights[place] ? tensor : NULL;
}

int emit_weight_lines(Out *out, Arena *arena, const struct lstmc_model *descriptor, const Ir *named, int first,
                      int count)
{
    const char *group = c_weight_group(arena, descriptor, &descriptor->weights[first]);
    int end = first;
    for (; end < count && !strcmp(c_weight_group(arena, descriptor, &descriptor->weights[end]), group); end++) {
        const struct lstmc_tensor *weight = &descriptor->weights[end];
        const char *text = arena_format(arena, "float %s", c_name(arena, weight_name(weight)));
        const Tensor *tensor = tensor_of_weight(named, end);
        for (int d = 0; d < weight->rank; d++)
            text = arena_format(arena, "%s[%s]", text,
                                emit_extent(arena, named, tensor ? tensor->size[d] : NULL, weight->shape[d]));
        put(out, "%s;", text);
    }
    return end;
}
