/* fuzz.h: random legal models, what is wrong with one, and the smallest that is still wrong. */
#ifndef FUZZ_H
#define FUZZ_H

#include "compiler/front/catalogue.h"

#include <stdint.h>

#define FUZZ_ARGUMENTS_MAX 24
#define FUZZ_NODES_MAX     12
#define FUZZ_READS_MAX     3
#define FUZZ_RANK_MAX      4
#define FUZZ_INPUT         (-1)     /* what a node reads that reads the model's input */
#define FUZZ_SECOND        (-2)     /* that reads the second one */

typedef struct FuzzArgument {
    const char *name, *text;        /* "units", "4" */
    bool required;
} FuzzArgument;

typedef struct FuzzNode {
    const char *layer;
    FuzzArgument arguments[FUZZ_ARGUMENTS_MAX];
    int argument_count;
    int from[FUZZ_READS_MAX], from_count;       /* nodes before it, or FUZZ_INPUT, FUZZ_SECOND */
    int again;                      /* a further call of that node's layer, counted from 1; 0: of its own */
    int begins, states;             /* with so many states of that node, counted from 1; 0: as it says itself */
} FuzzNode;

typedef struct FuzzInput {
    int shape[FUZZ_RANK_MAX], rank; /* a vector, a sequence, an image or a sequence of those; rank 0: there is none */
    bool ids;                       /* {timesteps} of these */
} FuzzInput;

typedef struct FuzzModel {
    const char *input;              /* "Input" */
    FuzzInput first, second;
    bool lengths;                   /* so many steps of each sample count as it says */
    int batch, shards;
    FuzzNode nodes[FUZZ_NODES_MAX];
    int node_count;
    int other_output;               /* the node, counted from 1, beside the last one; 0: none */
    int decoder;                    /* which input is read step by step, 1 or 2; 0: none */
    FuzzNode loss;                  /* loss.layer NULL: none */
} FuzzModel;

/* Draws a model (fuzz_draw.c): legal, small, and of awkward sizes. */
FuzzModel fuzz_draw(Arena *arena, const Catalogue *catalogue, uint64_t seed);

/* The model as a description (fuzz_text.c). */
const char *fuzz_text(Arena *arena, const FuzzModel *model);
/* The front and the lowering accept it, and no layer's output is large. */
bool fuzz_is_legal(const FuzzModel *model);

/* How generated code is built. */
typedef struct FuzzBuild {
    const char *target;
    int lanes;
    const char *compiler, *level;   /* "gcc", "-O2" */
} FuzzBuild;
#define FUZZ_BUILDS 16
const char *fuzz_build_text(Arena *arena, const FuzzBuild *build);
/* Every target with every compiler that is there, at -O0 and -O2; returns how many there are, up to FUZZ_BUILDS. */
int fuzz_builds(FuzzBuild *builds);

/* What is wrong with the model, or NULL (fuzz_judge.c): generated C, built so, against the interpreter in double; with
 * build NULL the interpreter against finite differences. In a process of its own: it may abort. */
const char *fuzz_judge(Arena *arena, const FuzzModel *model, const FuzzBuild *build, uint64_t seed);

/* The smallest model found that is still wrong when judged so (fuzz_shrink.c); *wrong: what is wrong with it. */
FuzzModel fuzz_shrink(Arena *arena, const FuzzModel *model, const FuzzBuild *build, uint64_t seed, const char **wrong);

#endif
