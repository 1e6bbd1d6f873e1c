/* emit_groups.c: in: planned programs.  out: what of the generated structs belongs to one layer, or lives within one
 * unit: a group. Groups of a struct whose members are alike are of one type, which functions take that several layers
 * share. */
#include "emit.h"

#include "compiler/base/text_index.h"

typedef struct Group {
    const char *of_struct, *name;   /* "tape", "local.lstm_1_backward" */
    const char *lines;              /* its members as C */
    int first, alike;               /* the first group of the struct with these lines, and how many there are */
} Group;

struct Groups {
    Arena *arena;
    const char *model;
    Group *list; int count, capacity;
    TextIndex *by_name;                 /* "tape lstm_1": 1 + its place in the list */
};

/* ---- collecting ---- */

static void add_group(Groups *groups, const char *of_struct, const char *name, Out *lines)
{
    Group group = { .of_struct = of_struct, .name = name, .lines = arena_copy_text(groups->arena, lines->text) };
    arena_append(groups->arena, groups->list, groups->count, groups->capacity, group);
    out_free(lines);
}

static void add_layers(Groups *groups, const char *of_struct, const Ir *ir, Home home)
{
    Contents contents = contents_of(groups->arena, ir, home);
    for (int i = 0; i < contents.layer_count; i++) {
        Out lines = { .depth = 1 };
        emit_layer_lines(&lines, groups->arena, ir, &contents.layers[i], false);
        add_group(groups, of_struct, c_layer_name(groups->arena, contents.layers[i].list[0]->layer), &lines);
    }
    for (int unit = 0; unit < ir->unit_count; unit++) {
        Out lines = { .depth = 1 };
        if (!contents.units[unit].count)
            continue;
        emit_unit_lines(&lines, groups->arena, ir, &contents.units[unit], false);
        add_group(groups, of_struct,
                  arena_format(groups->arena, "local.%s", c_layer_name(groups->arena, ir->units[unit].name)), &lines);
    }
}

static void add_weights(Groups *groups, const char *of_struct, const struct lstmc_model *descriptor, int count)
{
    for (int i = 0; i < count;) {
        const char *name = c_weight_group(groups->arena, descriptor, &descriptor->weights[i]);
        Out lines = { .depth = 1 };
        i = emit_weight_lines(&lines, groups->arena, descriptor, NULL, i, count);
        add_group(groups, of_struct, name, &lines);
    }
}

static void add_gradients(Groups *groups, const struct lstmc_model *descriptor)
{
    int trainable = 0;
    while (trainable < descriptor->weight_tensors && descriptor->weights[trainable].trainable)
        trainable++;
    add_weights(groups, "gradients", descriptor, trainable);
}

/* ---- finding ---- */

static void find_alike(Groups *groups)
{
    TextIndex *by_lines = text_index_create(groups->arena);
    groups->by_name = text_index_create(groups->arena);
    for (int i = 0; i < groups->count; i++) {
        Group *group = &groups->list[i];
        *text_index_at(groups->by_name, arena_format(groups->arena, "%s %s", group->of_struct, group->name)) = i + 1;
        int *first = text_index_at(by_lines, arena_format(groups->arena, "%s\n%s", group->of_struct, group->lines));
        if (!*first)
            *first = i + 1;
        group->first = *first - 1;
        groups->list[group->first].alike++;
    }
}

Groups *groups_find(Arena *arena, const Programs *programs)
{
    const struct lstmc_model *descriptor = &programs->model->descriptor;
    Groups *groups = arena_new(arena, Groups);
    *groups = (Groups){ .arena = arena, .model = descriptor->name };
    add_weights(groups, "weights", descriptor, descriptor->weight_tensors);
    add_layers(groups, "packed", programs->packed, HOME_PREPARED);
    for (ProgramKind kind = 0; kind < PROGRAM_COUNT; kind++) {
        const Ir *ir = programs->program[kind];
        if (!ir)
            continue;
        if (program_traits[kind].training) {
            add_gradients(groups, descriptor);
            add_layers(groups, "training", ir, HOME_PREPARED);
            add_layers(groups, "tape", ir, HOME_TAPE);
        } else {
            add_layers(groups, "state", ir, HOME_STATE);
            if (kind == PROGRAM_ENCODE)
                add_layers(groups, "memory", ir, HOME_MEMORY);
            add_layers(groups, program_traits[kind].memory, ir, HOME_SCRATCH);
        }
    }
    find_alike(groups);
    return groups;
}

/* ---- types ---- */

/* "struct deep_tape_of_lstm_1", "struct deep_tape_local_of_lstm_backward" */
static const char *type_of(const Groups *groups, const Group *group)
{
    const char *dot = strchr(group->name, '.');
    return arena_format(groups->arena, "struct %s_%s%s_of_%s", groups->model, group->of_struct, dot ? "_local" : "",
                        dot ? dot + 1 : group->name);
}

const char *group_type(const Groups *groups, const char *of_struct, const char *name)
{
    int place = *text_index_at(groups->by_name, arena_format(groups->arena, "%s %s", of_struct, name));
    const Group *first = place ? &groups->list[groups->list[place - 1].first] : NULL;
    return first && first->alike > 1 ? type_of(groups, first) : NULL;
}

void emit_group_types(Out *out, const Groups *groups, const char *of_struct)
{
    for (int i = 0; i < groups->count; i++) {
        const Group *group = &groups->list[i];
        if (group->first != i || group->alike < 2 || strcmp(group->of_struct, of_struct))
            continue;
        put(out, "%s {", type_of(groups, group));
        put_raw(out, group->lines);
        put(out, "};\n\n");
    }
}

const char *struct_of_home(const Programs *programs, const Ir *ir, Home home)
{
    return home == HOME_SCRATCH ? program_traits[program_kind(programs, ir)].memory : home_pointer(ir, home);
}
