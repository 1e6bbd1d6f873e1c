/* evaluate.c: the slow evaluator. in: an Ir that passes the checker.  Each statement becomes postfix instructions over
 * references, whose offsets move by precomputed strides; nothing is fused, moved or reordered. */
#include "evaluate.h"

#include "runtime/interpreter/interpreter.h"
#include "runtime/lstmc_random.h"
#include "runtime/lstmc_normal.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define SLOTS (STATEMENT_AXES_MAX + 1)      /* one for each axis of the statement; the last for the axis of its loop */
#define LOOP_SLOT STATEMENT_AXES_MAX

/* A moving place: constant + sum of stride * position. Of a tensor: an element; without one: the number itself
 * (OP_AXIS). */
typedef struct Reference {
    double *data;
    long start, stride[SLOTS], offset;
    int gathers;
    /* dimensions indexed by an element of another reference */
    struct { int reference, extent; long stride; } gather[TENSOR_RANK_MAX];
} Reference;

typedef struct Instruction {
    Op op;
    double value;
    int reference;
} Instruction;

typedef struct Routine {
    const Statement *statement;
    Reference *references;       int reference_count, reference_capacity;
    Instruction *instructions;   int instruction_count, instruction_capacity;
    int out;
    double *stack;
} Routine;

typedef struct IdleRoutines {       /* what a loop does where its mask holds for no row */
    const Loop *loop;
    Routine *routines;
} IdleRoutines;

struct Memory {
    const Ir *ir;
    Arena *arena;
    bool single;
    uint64_t perturbed; /* state of the generator; 0: functions are what they are */
    enum Stops stops;
    bool forward;       /* that section is running */
    double *stopped;    /* what `stop` gave in it, one number after the other */
    int stopped_count, stopped_capacity, stopped_at;
    double **data;      /* by the tensor's number; NULL: nobody has asked for it */
    int tensor_count;
    Routine *routines;  /* one a statement, in order */
    IdleRoutines *idle; int idle_count, idle_capacity;
};

static int slot_of(const Statement *statement, const Axis *axis)
{
    for (int i = 0; i < statement->axis_count; i++)
        if (statement->axes[i] == axis)
            return i;
    if (statement->loop && statement->loop->axis == axis)
        return LOOP_SLOT;
    die("evaluate: axis %s is not bound", axis->name);
}

static void add_index(Reference *reference, const Statement *statement, const Index *index, long stride)
{
    reference->start += stride * index->constant;
    for (int i = 0; i < index->terms; i++)
        reference->stride[slot_of(statement, index->axis[i])] += stride * index->coefficient[i];
}

static int add_reference(Memory *memory, Routine *routine, const Access *access)
{
    Reference reference = { .data = memory_of(memory, access->tensor) };
    long stride = 1;
    for (int d = access->tensor->rank - 1; d >= 0; d--) {
        const Index *index = &access->index[d];
        if (index->gather) {
            int at = reference.gathers++;
            reference.gather[at].reference = add_reference(memory, routine, index->gather);
            reference.gather[at].extent = access->tensor->extent[d];
            reference.gather[at].stride = stride;
        } else {
            add_index(&reference, routine->statement, index, stride);
        }
        stride *= access->tensor->extent[d];
    }
    arena_append(memory->arena, routine->references, routine->reference_count, routine->reference_capacity, reference);
    return routine->reference_count - 1;
}

static void add_instructions(Memory *memory, Routine *routine, const Expr *expr)
{
    for (int i = 0; i < op_traits[expr->op].arity; i++)
        add_instructions(memory, routine, expr->argument[i]);
    Instruction instruction = { .op = expr->op, .value = expr->value };
    if (expr->op == OP_LOAD) {
        instruction.reference = add_reference(memory, routine, &expr->access);
    } else if (expr->op == OP_AXIS) {
        Reference position = { .data = NULL };
        add_index(&position, routine->statement, &expr->position, 1);
        instruction.reference = routine->reference_count;
        arena_append(memory->arena, routine->references, routine->reference_count, routine->reference_capacity,
                     position);
    }
    arena_append(memory->arena, routine->instructions, routine->instruction_count, routine->instruction_capacity,
                 instruction);
}

static Routine routine_of(Memory *memory, const Statement *statement)
{
    Routine routine = { .statement = statement };
    add_instructions(memory, &routine, statement->value);
    routine.out = add_reference(memory, &routine, &statement->out);
    routine.stack = arena_array(memory->arena, double, routine.instruction_count);
    return routine;
}

static void add_idle(Memory *memory, const Loop *loop)
{
    IdleRoutines idle = { loop, arena_array(memory->arena, Routine, loop->idle->count + 1) };
    for (int i = 0; i < loop->idle->count; i++)
        idle.routines[i] = routine_of(memory, loop->idle->statements[i]);
    arena_append(memory->arena, memory->idle, memory->idle_count, memory->idle_capacity, idle);
}

Memory *memory_create(const Ir *ir, bool single)
{
    Arena *arena = arena_create();
    Memory *memory = arena_new(arena, Memory);
    *memory = (Memory){ .ir = ir, .arena = arena, .single = single, .tensor_count = ir->tensor_count };
    memory->data = arena_array(arena, double *, ir->tensor_count);
    memory->routines = arena_array(arena, Routine, ir->statement_count);
    for (int i = 0; i < ir->statement_count; i++) {
        const Loop *loop = ir->statements[i]->loop;
        memory->routines[i] = routine_of(memory, ir->statements[i]);
        if (loop && loop->idle && (i == 0 || ir->statements[i - 1]->loop != loop))
            add_idle(memory, loop);
    }
    return memory;
}

void memory_free(Memory *memory)
{
    if (memory)
        arena_free(memory->arena);
}

double *memory_of(Memory *memory, const Tensor *tensor)
{
    if (tensor->number >= memory->tensor_count || memory->ir->tensors[tensor->number] != tensor)
        die("evaluate: %s.%s is not a tensor of this Ir", tensor->layer, tensor->name);
    if (!memory->data[tensor->number])
        memory->data[tensor->number] = arena_array(memory->arena, double, tensor_count(tensor));
    return memory->data[tensor->number];
}

/* Ids outside the table are read as 0. */
static double *element(const Reference *references, const Reference *reference)
{
    long offset = reference->offset;
    for (int i = 0; i < reference->gathers; i++) {
        double id = *element(references, &references[reference->gather[i].reference]);
        if (id >= 0 && id < reference->gather[i].extent)
            offset += (long)id * reference->gather[i].stride;
    }
    return &reference->data[offset];
}

void memory_perturb(Memory *memory, uint64_t seed)
{
    memory->single = true;
    memory->perturbed = seed;
}

/* One of the results that an implementation in float may have. */
static double perturbed(Memory *memory, Op op, double value)
{
    double of_one = op == OP_SIGMOID || op == OP_ERF ? FUNCTION_ERROR_ABSOLUTE : 0;
    return value + function_error(&memory->perturbed, value, of_one);
}

void memory_stops(Memory *memory, enum Stops stops)
{
    memory->stops = stops;
}

/* The order of the statements, and with it that of these numbers, is the same each time. */
static double stopped(Memory *memory, double value)
{
    if (memory->stops == STOPS_PASS || !memory->forward)
        return value;
    int at = memory->stopped_at++;
    if (memory->stops == STOPS_HELD)
        return at < memory->stopped_count ? memory->stopped[at] : value;
    if (at == memory->stopped_count)
        arena_append(memory->arena, memory->stopped, memory->stopped_count, memory->stopped_capacity, value);
    memory->stopped[at] = value;
    return value;
}

static double value_of(Memory *memory, const Routine *routine)
{
    double *top = routine->stack - 1;
    for (int i = 0; i < routine->instruction_count; i++) {
        const Instruction *instruction = &routine->instructions[i];
        const Reference *reference = &routine->references[instruction->reference];
        switch (instruction->op) {
        case OP_CONSTANT: *++top = instruction->value; break;
        case OP_LOAD:     *++top = *element(routine->references, reference); break;
        case OP_AXIS:     *++top = (double)reference->offset; break;
        case OP_ADD:      top--; top[0] += top[1]; break;
        case OP_SUBTRACT: top--; top[0] -= top[1]; break;
        case OP_MULTIPLY: top--; top[0] *= top[1]; break;
        case OP_STOP:     top[0] = stopped(memory, top[0]); break;
        default: {
            const OpTraits *traits = &op_traits[instruction->op];
            top -= traits->arity - 1;
            top[0] = traits->evaluate(top[0], traits->arity == 2 ? top[1] : 0);
            if (memory->perturbed && traits->transcendental)
                top[0] = perturbed(memory, instruction->op, top[0]);
        }
        }
        if (memory->perturbed)
            top[0] = (double)(float)top[0];
    }
    return *top;
}

static void store(Memory *memory, const Routine *routine)
{
    double *out = element(routine->references, &routine->references[routine->out]);
    double value = value_of(memory, routine);
    if (routine->statement->accumulate == ACCUMULATE_ADD)
        value = *out + value;
    else if (routine->statement->accumulate == ACCUMULATE_MAX)
        value = *out < value ? value : *out;
    *out = memory->single ? (double)(float)value : value;
}

/* Whether the turn adds something that counts, by what the pass first says. */
static bool counts_at_first(Memory *memory, const Statement *statement)
{
    const Tensor *state = statement->first_state;
    const size_t before = tensor_count(state) / (size_t)state->extent[state->time_dimension];
    const double *values = memory_of(memory, state);
    for (size_t i = 0; i < before; i++)
        if (values[i] != 0)
            return true;
    return false;
}

static void run_axes(Memory *memory, Routine *routine, int axis, int rows)
{
    const Statement *statement = routine->statement;
    if (axis == statement->axis_count) {
        store(memory, routine);
        return;
    }
    int extent = statement->axes[axis]->extent;
    if (statement->axes[axis]->kind == AXIS_BATCH && rows < extent)
        extent = rows;
    const bool leaves = statement->axes[axis] == statement->first && !counts_at_first(memory, statement);
    for (int i = 0; i < extent; i++) {
        if (i > 0 || !leaves)
            run_axes(memory, routine, axis + 1, rows);
        for (int r = 0; r < routine->reference_count; r++)
            routine->references[r].offset += routine->references[r].stride[axis];
    }
    for (int r = 0; r < routine->reference_count; r++)
        routine->references[r].offset -= routine->references[r].stride[axis] * extent;
}

static void run(Memory *memory, Routine *routine, int turn, int rows)
{
    const Statement *statement = routine->statement;
    if (statement->loop && statement->loop->axis == statement->first && turn == 0 &&
        !counts_at_first(memory, statement))
        return;
    for (int r = 0; r < routine->reference_count; r++)
        routine->references[r].offset = routine->references[r].start + routine->references[r].stride[LOOP_SLOT] * turn;
    run_axes(memory, routine, 0, rows);
}

/* The routines of an idle turn; NULL: it is none. */
static Routine *idle_routines(Memory *memory, const Loop *loop, int turn, int rows)
{
    if (!loop->idle)
        return NULL;
    const Access *mask = &loop->idle->mask;
    const double *data = memory_of(memory, mask->tensor);
    const int of_step = mask->tensor->rank == 2 ? mask->tensor->extent[1] : 1;
    const int step = mask->index[0].constant + mask->index[0].coefficient[0] * turn;
    for (int row = 0; row < (of_step < rows ? of_step : rows); row++)
        if (data[step * of_step + row] != 0)
            return NULL;
    for (int i = 0; i < memory->idle_count; i++)
        if (memory->idle[i].loop == loop)
            return memory->idle[i].routines;
    die("evaluate: a loop over %s idles and is not known", loop->axis->name);
}

/* The statements of one loop of the section, turn by turn. Returns where the loop ends. */
static int run_loop(Memory *memory, int begin, Section section, int rows)
{
    const Loop *loop = memory->ir->statements[begin]->loop;
    int end = begin;
    for (int i = begin; i < memory->ir->statement_count; i++) {
        if (memory->ir->statements[i]->section != section)
            continue;
        if (memory->ir->statements[i]->loop != loop)
            break;
        end = i + 1;
    }
    for (int i = 0; i < loop->axis->extent; i++) {
        const int turn = loop->reversed ? loop->axis->extent - 1 - i : i;
        Routine *idle = idle_routines(memory, loop, turn, rows);
        for (int r = 0; idle && r < loop->idle->count; r++)
            run(memory, &idle[r], turn, rows);
        for (int s = begin; !idle && s < end; s++)
            if (memory->ir->statements[s]->section == section)
                run(memory, &memory->routines[s], turn, rows);
    }
    return end;
}

void evaluate_section(Memory *memory, Section section, int rows)
{
    memory->forward = section == SECTION_FORWARD;
    if (memory->forward)
        memory->stopped_at = 0;
    for (int i = 0; i < memory->ir->statement_count;) {
        const Statement *statement = memory->ir->statements[i];
        if (statement->section == section && statement->loop) {
            i = run_loop(memory, i, section, rows);
            continue;
        }
        if (statement->section == section)
            run(memory, &memory->routines[i], 0, rows);
        i++;
    }
}

static void fill_noise(double *data, const Tensor *tensor, uint64_t seed, int first_row)
{
    size_t count = tensor_count(tensor);
    for (size_t i = 0; i < count; i++) {
        size_t rest = i, element_number = 0, unit = 1;
        int row = 0;
        for (int d = tensor->rank - 1; d >= 0; d--) {
            size_t position = rest % (size_t)tensor->extent[d];
            rest /= (size_t)tensor->extent[d];
            if (d == tensor->batch_dimension) {
                row = (int)position;
                continue;
            }
            element_number += position * unit;
            unit *= (size_t)tensor->extent[d];
        }
        data[i] = (double)(tensor->normal ? lstmc_normal_noise : lstmc_dropout_noise)(
            tensor->rate, seed, (uint64_t)tensor->place, (uint64_t)(first_row + row), element_number);
    }
}

void evaluate_noise(Memory *memory, uint64_t seed, int first_row)
{
    for (int i = 0; i < memory->tensor_count; i++)
        if (memory->ir->tensors[i]->role == ROLE_NOISE)
            fill_noise(memory_of(memory, memory->ir->tensors[i]), memory->ir->tensors[i], seed, first_row);
        else if (memory->ir->tensors[i]->role == ROLE_TRAINING)
            *memory_of(memory, memory->ir->tensors[i]) = seed != 0;
}
