/* oracles.h: one description through the three oracles, each of which tells another class of bug:
 *     interpreter against finite differences in double       a wrong textbook
 *     slow evaluator against the interpreter after each pass wrong lowering, and which pass; tiles also in the order in which they run
 *     generated C against the interpreter                    wrong emission
 * The last two for the plain target and for vectors; the generated C with both compilers. */
#ifndef ORACLES_H
#define ORACLES_H

#include "compiler/compile.h"
#include "compiler/passes/passes.h"

#define EVALUATOR_TOLERANCE 1e-9

/* The targets and lanes that the passes and the generated C are judged for. */
enum { ORACLE_PLAIN = 1, ORACLE_VECTOR_4 = 2, ORACLE_VECTOR_8 = 4, ORACLE_VECTOR_16 = 8, ORACLE_USUAL = ORACLE_PLAIN | ORACLE_VECTOR_4 | ORACLE_VECTOR_8,
       ORACLE_VECTORS = ORACLE_VECTOR_4 | ORACLE_VECTOR_8 | ORACLE_VECTOR_16 };

typedef struct OracleTarget {
    unsigned bit;
    const char *label, *name;       /* "vector 8", "vector" */
    int lanes;
    const char *flags;
} OracleTarget;
enum { ORACLE_TARGETS = 4, ORACLE_COMPILERS = 2 };
extern const OracleTarget oracle_targets[ORACLE_TARGETS];
extern const char *const oracle_compilers[ORACLE_COMPILERS];
const Target *oracle_target(const OracleTarget *row);

typedef struct Oracles {
    bool no_differences, no_evaluator, no_generated;        /* all three by default */
    bool no_input_gradient;
    bool inference;                 /* generated C without its training functions */
    double weight_scale;            /* of the evaluator's weights; 0: as moderate as they have to be */
    int unroll;                     /* as in CompileOptions */
    unsigned targets;               /* 0: ORACLE_USUAL */
    const char *compiler;           /* of the generated C; NULL: both, one after the other */
    bool flat;                      /* gates are flattened whatever their size */
    int blas_from;                  /* BLAS for products of at least so many rows, columns and terms, and generated C in whole batches too; 0: no BLAS */
    bool bf16;                      /* weights of prediction; the evaluator takes halves of words for floats */
    uint64_t seed;
} Oracles;

/* The text of a description: `text` itself if it returns a model, else the inside of Sequential{...} with a name and four rows a batch. */
char *oracle_description(Arena *arena, const char *text);

/* NULL if all agree, else a line for each disagreement: oracle, pass, tensor, values. malloc'd. */
char *oracles_disagreement(const char *text, const Oracles *oracles);

/* The test fails, description in hand, if an oracle disagrees. */
void expect_agreement(const char *text);
void expect_agreement_with(const char *text, const Oracles *oracles);
void expect_all(const char *const *texts);      /* up to NULL */

/* The training program of a description, through all passes, for vectors; or the test fails. */
const Ir *oracle_training_program(Arena *arena, const char *text);

/* The description read, or the test fails. */
Description *oracle_read(Arena *arena, const char *text);

#endif
