/* compile.h: a description to the text of the two generated files. */
#ifndef COMPILE_H
#define COMPILE_H

#include "compiler/emit/emit.h"
#include "compiler/front/read_lua.h"
#include "compiler/passes/tuning.h"

typedef struct CompileOptions {
    const Target *target;
    bool lanes_by_units;        /* half as many lanes as the target has where the units of the layers ask for it */
    int unroll;                 /* UNROLL_AUTO, UNROLL_NONE, UNROLL_FULL, or a factor */
    bool inference;             /* no training functions */
    bool input_gradient;        /* M_backward writes tape->d_input */
    bool keep_adjoints;         /* the tape keeps the gradient of each state at each step */
    bool layer_phases;          /* M_backward_phase ends where the gradients of a layer are complete */
    /* tanh and sigmoid of vectors by exp, to the last digits; plain loops call libm, which is as precise */
    bool precise;
    bool blas;                  /* large products by BLAS; the generated code is linked with it where there are any */
    bool optimizer_apart;       /* models that differ by their optimizers alone become the same code, which has none */
    bool dispatch;              /* one body for each instruction set, chosen at run time; for targets with vectors */
    bool bf16;                  /* what prediction sums over is packed as bf16; training is in float */
    /* choices for the numbers of tiles; NULL: `tuning` has them, or (NULL too) nobody chooses */
    const char *tuning_file;
    const Tuning *tuning;
    const Trained *trained;     /* prediction by constants: a third file; NULL: none */
    const char *dump;           /* stop after this pass and print the program instead of emitting; NULL: none */
} CompileOptions;

typedef struct Compiled {
    Programs programs;
    NamedTiles tiles;           /* of all programs, as they were emitted */
    Out header, source;
    Out constants;              /* of a trained model */
    Out dump;                   /* what the pass left, if a dump was asked for */
} Compiled;

/* Returns false if there were mistakes, which are in the description's diagnostics then. Free with compiled_free in any
 * case. */
bool compile(Arena *arena, Description *description, Diagnostics *diagnostics, const CompileOptions *options,
             Compiled *compiled);
void compiled_free(Compiled *compiled);

bool        pass_exists(const char *name);
const char *pass_names(void);       /* "lower, grad, stage, schedule, plan" */

#endif
