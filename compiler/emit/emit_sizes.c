/* emit_sizes.c: what the generated structs weigh and what the generated functions cost, without compiling them. */
#include "emit.h"

static size_t largest_of(size_t a, size_t b)
{
    return a > b ? a : b;
}

/* Floats and 32-bit integers only: no padding. */
static size_t bytes_of_home(const Ir *ir, Home home)
{
    if (!ir)
        return 0;
    Arena *arena = arena_create();
    size_t alone = 0, shared = 0, *unit = arena_array(arena, size_t, ir->unit_count + 1);
    for (int i = 0; i < ir->tensor_count; i++) {
        const Tensor *tensor = ir->tensors[i];
        if (tensor->home == home)
            *(tensor_is_shared(tensor) ? &unit[tensor->unit] : &alone) += 4 * tensor_elements(tensor);
    }
    for (int i = 0; i < ir->unit_count; i++)
        shared = largest_of(shared, unit[i]);
    arena_free(arena);
    return alone + shared;
}

/* The pointer to the weights, and floats before or behind it; without that one, floats alone. */
static size_t bytes_of_prepared(const Ir *ir, bool points)
{
    size_t bytes = bytes_of_home(ir, HOME_PREPARED);
    if (!points)
        return largest_of(bytes, 1);
    bytes += sizeof(void *);
    return (bytes + sizeof(void *) - 1) / sizeof(void *) * sizeof(void *);
}

Sizes emit_sizes(const Programs *programs)
{
    const struct lstmc_model *descriptor = &programs->model->descriptor;
    Sizes sizes = {
        .weights = largest_of(4 * descriptor->weight_count, 1),
        .packed = bytes_of_prepared(programs->packed, !programs->trained),
        .scratch = largest_of(bytes_of_home(programs->single, HOME_SCRATCH), 1),
        .batch_scratch = largest_of(bytes_of_home(programs->batch, HOME_SCRATCH), 1),
    };
    if (programs->step) {
        sizes.state = largest_of(bytes_of_home(programs->step, HOME_STATE), 1);
        sizes.step_stack = bytes_of_home(programs->step, HOME_SCRATCH);
    }
    if (programs->decode) {
        sizes.memory = largest_of(bytes_of_home(programs->decode, HOME_MEMORY), 1);
        sizes.state = largest_of(bytes_of_home(programs->decode, HOME_STATE), 1);
        sizes.encode_scratch = largest_of(bytes_of_home(programs->encode, HOME_SCRATCH), 1);
        sizes.decode_scratch = largest_of(bytes_of_home(programs->decode, HOME_SCRATCH), 1);
    }
    if (programs->training) {
        sizes.gradients = largest_of(4 * descriptor->gradient_count, 1);
        sizes.training = bytes_of_prepared(programs->training, true);
        sizes.tape = 2 * sizeof(int) + bytes_of_home(programs->training, HOME_TAPE);
    }
    return sizes;
}

const char *emit_too_large(Arena *arena, const Programs *programs)
{
    Sizes sizes = emit_sizes(programs);
    const struct { const char *name; size_t bytes;
    } structs[] = {
        { "weights", sizes.weights },   { "gradients", sizes.gradients }, { "packed", sizes.packed },
        { "training", sizes.training }, { "tape", sizes.tape },           { "batch_scratch", sizes.batch_scratch },
        { "scratch", sizes.scratch },   { "state", sizes.state },
        { "memory", sizes.memory },     { "encode_scratch", sizes.encode_scratch },
        { "decode_scratch", sizes.decode_scratch },
    };
    for (size_t i = 0; i < sizeof structs / sizeof *structs; i++)
        if (structs[i].bytes > STRUCT_BYTES_MAX)
            return arena_format(arena, "%s_%s", programs->model->descriptor.name, structs[i].name);
    return NULL;
}

static size_t turns_of(const Statement *statement)
{
    size_t turns = statement->loop ? (size_t)statement->loop->axis->extent : 1;
    for (int i = 0; i < statement->axis_count; i++)
        if (statement->axes[i]->kind != AXIS_BATCH)
            turns *= (size_t)statement->axes[i]->extent;
    return turns;
}

static int count_transcendentals(const Expr *expr)
{
    int count = op_traits[expr->op].transcendental;
    for (int i = 0; i < op_traits[expr->op].arity; i++)
        count += count_transcendentals(expr->argument[i]);
    return count;
}

/* Of each sample, not once after the weights changed. */
static bool is_counted(const Statement *statement, Section section)
{
    return statement->section == section && statement->time != TIME_PREPARE;
}

size_t emit_multiply_adds(const Ir *ir, Section section)
{
    size_t count = 0;
    for (int i = 0; i < ir->statement_count; i++) {
        const Statement *statement = ir->statements[i];
        if (is_counted(statement, section) && statement->accumulate == ACCUMULATE_ADD &&
            statement->value->op == OP_MULTIPLY)
            count += turns_of(statement);
    }
    return count;
}

size_t emit_activations(const Ir *ir, Section section)
{
    size_t count = 0;
    for (int i = 0; i < ir->statement_count; i++)
        if (is_counted(ir->statements[i], section))
            count += turns_of(ir->statements[i]) * (size_t)count_transcendentals(ir->statements[i]->value);
    return count;
}

const char *emit_readable_bytes(Arena *arena, size_t bytes)
{
    static const char *const units[] = { "B", "KB", "MB", "GB" };
    double value = (double)bytes;
    int unit = 0;
    for (; value >= 1000 && unit < 3; unit++)
        value /= 1024;
    return arena_format(arena, unit == 0 || value >= 100 ? "%.0f %s" : "%.1f %s", value, units[unit]);
}

const char *emit_readable_count(Arena *arena, size_t count)
{
    if (count < 1000)
        return arena_format(arena, "%zu", count);
    return arena_format(arena, "%s %03zu", emit_readable_count(arena, count / 1000), count % 1000);
}
