/* uses.c: in: a program.  out: for each tensor, who writes and who reads it. */
#include "uses.h"

typedef struct Indexing {
    Arena *arena;
    TensorUses uses;
    int number;
} Indexing;

static void add_number(Arena *arena, Numbers *numbers, int number)
{
    if (!numbers->count || numbers->number[numbers->count - 1] != number)
        arena_append(arena, numbers->number, numbers->count, numbers->capacity, number);
}

static void index_read(void *context, const Access *access)
{
    const Indexing *indexing = context;
    add_number(indexing->arena, &indexing->uses.readers[access->tensor->number], indexing->number);
}

TensorUses ir_uses(Arena *arena, const Ir *ir)
{
    Indexing indexing = { .arena = arena };
    indexing.uses.writers = arena_array(arena, Numbers, ir->tensor_count);
    indexing.uses.readers = arena_array(arena, Numbers, ir->tensor_count);
    for (int i = 0; i < ir->statement_count; i++) {
        indexing.number = i;
        add_number(arena, &indexing.uses.writers[ir->statements[i]->out.tensor->number], i);
        expr_visit_loads(ir->statements[i]->value, index_read, &indexing);
    }
    return indexing.uses;
}
