/* emit_members.c: in: a tensor in a function that several layers share.  out: its place behind one of the pointers that
 * the function gets instead of the whole structs. */
#include "emit.h"

/* "lstm_1" of "lstm_1.h", "local.lstm_1" of "local.lstm_1.z" */
static const char *group_of(Arena *arena, const char *member)
{
    const char *dot = strrchr(member, '.');
    return dot ? arena_format(arena, "%.*s", (int)(dot - member), member) : NULL;
}

static bool pointer_taken(const Members *members, const char *pointer)
{
    for (int i = 0; i < members->count; i++)
        if (!strcmp(members->list[i].pointer, pointer))
            return true;
    return false;
}

/* "tape", "local"; of another layer: "tape_of_input". */
static const char *pointer_for(const Members *members, const Ir *ir, const Tensor *tensor, const char *group)
{
    Arena *arena = members->arena;
    const char *first = !strncmp(group, "local.", 6) ? "local" : home_pointer(ir, tensor->home);
    if (strcmp(tensor->layer, members->layer))
        first = arena_format(arena, "%s_of_input", first);
    const char *pointer = first;
    for (int again = 2; pointer_taken(members, pointer); again++)
        pointer = arena_format(arena, "%s_%d", first, again);
    return pointer;
}

const char *members_text(Arena *arena, Members *members, const Ir *ir, const Tensor *tensor, bool written)
{
    const char *member = tensor_member(arena, ir, tensor), *group = group_of(arena, member);
    if (!group) {
        members->none = true;
        return member;
    }
    Member *found = NULL;
    for (int i = 0; i < members->count && !found; i++)
        if (members->list[i].home == tensor->home && !strcmp(members->list[i].group, group))
            found = &members->list[i];
    if (!found) {
        Member new = { .home = tensor->home, .group = arena_copy_text(members->arena, group),
                       .pointer = pointer_for(members, ir, tensor, group) };
        arena_append(members->arena, members->list, members->count, members->capacity, new);
        found = &members->list[members->count - 1];
    }
    found->written |= written;
    return arena_format(arena, "%s->%s", found->pointer, member + strlen(group) + 1);
}
