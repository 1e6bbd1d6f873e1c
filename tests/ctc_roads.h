/* ctc_roads.h: sequences of logits held against labels by the loss CTC, on every road of the product: losses a sample, and the gradients of their
 * sum by the logits. */
#ifndef CTC_ROADS_H
#define CTC_ROADS_H

#include "oracles.h"
#include "published.h"

typedef struct CtcProblem {
    char name[64];
    int samples, steps, classes, most_labels;
    bool blank_is_last;
    float *logits;              /* [samples][steps][classes] */
    int32_t *labels;            /* [samples][most_labels], filled up with blanks */
    int32_t *lengths;           /* [samples], steps that count */
    double *losses, *d_logits;  /* what is to come out: [samples], like logits */
} CtcProblem;

int  ctc_blank(const CtcProblem *problem);
CtcProblem ctc_problem(const char *name, int samples, int steps, int classes, int most_labels, bool blank_is_last);
void ctc_problem_free(CtcProblem *problem);
/* A file of graph-vectors; 0, or -1 with `why`. */
int  ctc_published(const char *name, CtcProblem *problem, char why[PUBLISHED_WHY]);

/* All roads, the generated C for these targets. The test fails where one deviates: largest deviations are logged. */
void expect_ctc(const CtcProblem *problem, unsigned targets);

#endif
