/* emit_groups.c: in: planned programs.  out: what of the generated structs belongs to one layer, or lives within one
 * unit: a group. Groups of a struct whose members are alike are of one type, which functions take that several layers
 * share. */
#include "emit.h"

typedef struct Group {
    const char *of_struct, *name;   /* "tape", "local.lstm_1_backward" */
    const char *lines;              /* its members as C */
    int first, alike;               /* the first group of the struct with these lines, and how many there are */
} Group;

struct Groups {
    Arena *arena;
    const char *model;
    Group *list; int count, capacity;
    int *slots; unsigned slot_count;    /* 1 + the group of a struct and name; 0: free */
};

/* FNV-1a */
static unsigned hash_of(const char *a, const char *b)
{
    unsigned hash = 2166136261u;
    for (const char *text = a; text; text = text == a ? b : NULL)
        for (const char *c = text; *c; c++)
            hash = (hash ^ (unsigned char)*c) * 16777619u;
    return hash;
}

/* ---- collecting ---- */

static void add_group(Groups *groups, const char *of_struct, const char *name, Out *lines)
{
    Group group = { .of_struct = of_struct, .name = name, .lines = arena_copy_text(groups->arena, lines->text) };
    arena_append(groups->arena, groups->list, groups->count, groups->capacity, group);
    out_free(lines);
}

static void add_layers(Groups *groups, const char *of_struct, const Ir *ir, Home home)
{
    for (int i = 0; i < ir->tensor_count; i++) {
        if (!tensor_begins_layer(ir, ir->tensors[i], home))
            continue;
        Out lines = { .depth = 1 };
        emit_layer_lines(&lines, groups->arena, ir, ir->tensors[i]);
        add_group(groups, of_struct, c_layer_name(groups->arena, ir->tensors[i]->layer), &lines);
    }
    for (int unit = 0; unit < ir->unit_count; unit++) {
        Out lines = { .depth = 1 };
        if (ir->units[unit].name)
            emit_unit_lines(&lines, groups->arena, ir, home, unit);
        if (lines.length)
            add_group(groups, of_struct,
                      arena_format(groups->arena, "local.%s", c_layer_name(groups->arena, ir->units[unit].name)),
                      &lines);
    }
}

static void add_weights(Groups *groups, const char *of_struct, const struct lstmc_model *descriptor, int count)
{
    for (int i = 0; i < count;) {
        const char *name = c_weight_group(groups->arena, descriptor, &descriptor->weights[i]);
        Out lines = { .depth = 1 };
        i = emit_weight_lines(&lines, groups->arena, descriptor, i, count);
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

static int *slot_of(const Groups *groups, const char *of_struct, const char *name)
{
    for (unsigned at = hash_of(of_struct, name);; at++) {
        int *slot = &groups->slots[at % groups->slot_count];
        const Group *group = *slot ? &groups->list[*slot - 1] : NULL;
        if (!group || (!strcmp(group->name, name) && !strcmp(group->of_struct, of_struct)))
            return slot;
    }
}

static void find_alike(Groups *groups)
{
    unsigned *hashes = arena_array(groups->arena, unsigned, groups->count);
    groups->slot_count = 2 * (unsigned)groups->count + 1;
    groups->slots = arena_array(groups->arena, int, (int)groups->slot_count);
    for (int i = 0; i < groups->count; i++) {
        Group *group = &groups->list[i];
        *slot_of(groups, group->of_struct, group->name) = i + 1;
        hashes[i] = hash_of(group->of_struct, group->lines);
        group->first = i;
        for (int j = 0; j < i && group->first == i; j++)
            if (hashes[j] == hashes[i] && !strcmp(groups->list[j].of_struct, group->of_struct) &&
                !strcmp(groups->list[j].lines, group->lines))
                group->first = j;
        groups->list[group->first].alike++;
    }
}

Groups *groups_find(Arena *arena, const Programs *programs)
{
    const struct lstmc_model *descriptor = &programs->model->descriptor;
    Groups *groups = arena_new(arena, Groups);
    *groups = (Groups){ .arena = arena, .model = descriptor->name };
    add_weights(groups, "weights", descriptor, descriptor->weight_tensors);
    add_layers(groups, "packed", emit_packed_program(programs), HOME_PREPARED);
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
    int slot = *slot_of(groups, of_struct, name);
    const Group *first = slot ? &groups->list[groups->list[slot - 1].first] : NULL;
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
