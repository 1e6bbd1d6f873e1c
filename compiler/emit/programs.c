/* programs.c: the programs that a description is compiled to. */
#include "programs.h"

const ProgramTraits program_traits[PROGRAM_COUNT] = {
    [PROGRAM_TRAINING] = { .name = "training", .training = true, .batched = true, .memory = "tape" },
    [PROGRAM_SINGLE] = { .name = "single", .memory = "scratch", .suffix = "one" },
    [PROGRAM_BATCH] = { .name = "batch", .batched = true, .memory = "batch_scratch", .suffix = "batch" },
    [PROGRAM_STEP] = { .name = "step", .streaming = true, .memory = "step_memory", .suffix = "step" },
    [PROGRAM_ENCODE] = { .name = "encode", .memory = "encode_scratch", .suffix = "encode" },
    [PROGRAM_DECODE] = { .name = "decode", .streaming = true, .memory = "decode_scratch", .suffix = "decode" },
};

ProgramKind program_kind(const Programs *programs, const Ir *ir)
{
    for (ProgramKind kind = 0; kind < PROGRAM_COUNT; kind++)
        if (programs->program[kind] == ir)
            return kind;
    die("a program that is none of the model's");
}
