/* target.h: what a target is: numbers only, one row each; no pass asks for a name. */
#ifndef TARGET_H
#define TARGET_H

typedef struct Target {
    const char *name;           /* "plain" */
    int lanes;                  /* floats that one operation works on; fixes every packed layout */
    int full_unroll_budget;     /* multiply-adds of one nest up to which --unroll=full leaves no loop */
    int small_nest;             /* the same for --unroll=auto */
    int unroll_factor;          /* copies of the innermost body otherwise */
    int sums;                   /* outputs that are summed up side by side where a sum runs along memory */
    int function_budget;        /* statements of one emitted function up to which nests may be unrolled in full */
} Target;

const Target *target_find(const char *name);    /* NULL: unknown */
const char   *target_names(void);               /* "plain" */

#endif
