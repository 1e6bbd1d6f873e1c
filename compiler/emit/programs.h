/* programs.h: what a description is compiled to: a list of programs. A row of program_traits says how one of them is
 * lowered and where its values live; which functions are made of it stands in emit_functions.c. */
#ifndef PROGRAMS_H
#define PROGRAMS_H

#include "compiler/front/model.h"
#include "compiler/ir/ir.h"
#include "compiler/passes/target.h"

struct lstmc_meaning;

typedef enum ProgramKind { PROGRAM_TRAINING, PROGRAM_SINGLE, PROGRAM_BATCH, PROGRAM_STEP,
               PROGRAM_ENCODE, PROGRAM_DECODE, PROGRAM_COUNT } ProgramKind;

typedef struct ProgramTraits {
    const char *name;           /* in files of tile numbers */
    bool training;              /* on a tape, with a loss and gradients; the others predict, from struct M_packed */
    bool batched;               /* several rows at once */
    bool streaming;             /* one time step */
    const char *memory;         /* the struct of what it computes on its way */
    const char *suffix;         /* of what only this program prepares in its way: "kernel_batch" */
} ProgramTraits;
extern const ProgramTraits program_traits[PROGRAM_COUNT];

/* What becomes constants. */
typedef struct Trained {
    const char *file;                       /* the weight file, without its folder */
    const float *weights;                   /* in Keras's order */
    const struct lstmc_meaning *meaning;    /* of its numbers */
} Trained;

typedef struct Programs {
    const Model *model;
    const Target *target;
    /* NULL where there is none: no training with --inference, no step if the model has no streaming meaning, no encode
     * and decode if it has no decoder, or one that cannot go step by step */
    union {
        Ir *program[PROGRAM_COUNT];
        struct { Ir *training, *single, *batch, *step, *encode, *decode; };
    };
    const char *no_step, *no_decoder;       /* why */
    const Ir *packed;       /* what M_prepare does for all programs that predict, as one program (emit_packed.c) */
    bool input_gradient;
    bool dispatch;          /* one body for each instruction set, chosen at run time */
    bool bf16;              /* packed weights are bf16 */
    bool precise;           /* tanh and sigmoid of vectors by exp */
    bool optimizer_apart;   /* the descriptor has neither optimizer nor fingerprint: who loads the code knows them */
    /* NULL: weights come when the program runs; else struct M_packed points to nothing, and M_trained is one */
    const Trained *trained;
} Programs;

ProgramKind program_kind(const Programs *programs, const Ir *ir);

#endif
