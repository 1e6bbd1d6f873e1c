/* search_page.h: one page of a search: what its trials had, what came out; the same bytes for the same numbers. */
#ifndef SEARCH_PAGE_H
#define SEARCH_PAGE_H

#include "compiler/base/base.h"

/* One argument that was searched. */
typedef struct SearchedArgument {
    const char *name;
    bool logarithmic, whole;        /* of numbers */
    const char *const *choices;     /* of a list; NULL: numbers */
    int choice_count;
} SearchedArgument;

/* A training that has come to its end, or has not. */
typedef struct SearchedTraining {
    int trial, rung, epochs;        /* trial from 1, rung from 0 */
    const char *const *values;      /* [argument_count]: as text */
    const double *numbers;          /* [argument_count]: what the axis shows; of a list: which one, from 0 */
    double value;                   /* of the monitor; NaN: none */
    const char *state;              /* where there is none */
} SearchedTraining;

typedef struct SearchPage {
    const char *model;              /* its name */
    const char *description;        /* its file */
    const char *monitor;
    bool maximize;
    const SearchedArgument *arguments; int argument_count;
    const SearchedTraining *trainings; int training_count;  /* in the order in which a reader may think of them */
    const SearchedTraining *ranked; int ranked_count;       /* a trial each, the best first */
    const char *command;            /* which trains the best; NULL: there is none */
    int rung_count;
} SearchPage;

/* Writes the page. 0 or an errno value. */
int search_page_write(Arena *arena, const char *path, const SearchPage *page);

#endif
