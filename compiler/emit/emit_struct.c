/* emit_struct.c: in: a planned program and a home.  out: the members of the struct that holds what lives there, grouped
 * by layer. */
#include "emit.h"

static bool all_are_whole(const Ir *ir, const TensorList *tensors)
{
    for (int i = 0; i < tensors->count; i++)
        if (!tensor_is_whole(ir, tensors->list[i]))
            return false;
    return true;
}

/* A struct at work. */
typedef struct StructText {
    Out *out;
    Arena *arena;
    const Groups *groups;
    const Ir *ir;
    const char *of_struct;
    Contents contents;
} StructText;

static void put_layers(const StructText *to, bool whole)
{
    for (int i = 0; i < to->contents.layer_count; i++) {
        const TensorList *layer = &to->contents.layers[i];
        if (all_are_whole(to->ir, layer) != whole)
            continue;
        const char *name = c_layer_name(to->arena, layer->list[0]->layer),
                   *type = group_type(to->groups, to->of_struct, name);
        if (type) {
            put(to->out, "%s %s;", type, name);
            continue;
        }
        put(to->out, "struct {");
        emit_layer_lines(to->out, to->arena, to->ir, layer, true);
        put(to->out, "} %s;", name);
    }
}

static void put_unit(const StructText *to, int unit)
{
    const char *name = c_layer_name(to->arena, to->ir->units[unit].name),
               *type = group_type(to->groups, to->of_struct, arena_format(to->arena, "local.%s", name));
    if (type) {
        put(to->out, "%s %s;", type, name);
        return;
    }
    put(to->out, "struct {");
    emit_unit_lines(to->out, to->arena, to->ir, &to->contents.units[unit], true);
    put(to->out, "} %s;", name);
}

/* What lives within one run of a layer's statements shares memory with what lives within others. */
static void put_local(const StructText *to)
{
    bool any = false;
    for (int unit = 0; unit < to->ir->unit_count; unit++) {
        if (!to->contents.units[unit].count)
            continue;
        if (!any)
            put(to->out, "union {                 /* intermediate values; only one of these is alive at a time */");
        any = true;
        put_unit(to, unit);
    }
    if (any)
        put(to->out, "} local;");
}

static void put_interface(const StructText *to)
{
    for (int i = 0; i < to->contents.interface.count; i++) {
        const Tensor *tensor = to->contents.interface.list[i];
        emit_tensor_line(to->out, to->arena, to->ir, tensor, tensor_of_model(to->ir, tensor), true);
    }
}

void emit_tensor_members(Out *out, Arena *arena, const Groups *groups, const Ir *ir, Home home, const char *of_struct)
{
    bool vectors = home_has_vectors(ir, home);
    StructText to = { .out = out, .arena = arena, .groups = groups, .ir = ir, .of_struct = of_struct,
                      .contents = contents_of(arena, ir, home) };
    if (!vectors)
        put_interface(&to);
    put_layers(&to, true);
    if (vectors)
        put_local(&to);
    put_layers(&to, false);
    if (vectors)
        put_interface(&to);
    else
        put_local(&to);
}

void emit_weight_members(Out *out, Arena *arena, const Groups *groups, const Ir *ir, const char *of_struct)
{
    const struct lstmc_model *descriptor = ir->descriptor;
    int count = descriptor->weight_tensors;
    if (!strcmp(of_struct, "gradients"))
        for (count = 0; count < descriptor->weight_tensors && descriptor->weights[count].trainable;)
            count++;
    for (int i = 0; i < count;) {
        Out lines = { .depth = out->depth + 1 };
        const char *name = c_weight_group(arena, descriptor, &descriptor->weights[i]),
                   *type = group_type(groups, of_struct, name);
        i = emit_weight_lines(&lines, arena, descriptor, type ? NULL : ir, i, count);
        if (type) {
            put(out, "%s %s;", type, name);
        } else {
            put(out, "struct {");
            put_raw(out, lines.text);
            put(out, "} %s;", name);
        }
        out_free(&lines);
    }
}
