/* rungs.c: in: how many trials and epochs there are, what is done.  out: what is next, and who is the best. */
#include "rungs.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

Rungs rungs_plan(int trials, int halving, int epochs)
{
    Rungs rungs = { .count = 1, .trials = { trials } };
    long power = 1;             /* how many times more epochs the last rung has than the first */
    while (halving > 1 && rungs.count < RUNGS_MAX && rungs.trials[rungs.count - 1] >= halving &&
           power * halving <= epochs) {
        rungs.trials[rungs.count] = rungs.trials[rungs.count - 1] / halving;
        rungs.count++;
        power *= halving;
    }
    long reached = (epochs + power - 1) / power;        /* rounded up: the last rung is no longer than the others */
    for (int r = 0; r < rungs.count; r++) {
        rungs.epochs[r] = reached < epochs ? (int)reached : epochs;
        reached *= halving;
    }
    return rungs;
}

/* Negative: a is the better one. */
static int compare_values(const TrialResult *a, const TrialResult *b, bool maximize)
{
    bool a_good = a->state == TRIAL_DONE, b_good = b->state == TRIAL_DONE;
    if (a_good != b_good)
        return a_good ? -1 : 1;
    if (a_good && a->value != b->value)
        return (a->value < b->value) == maximize ? 1 : -1;
    return a->trial - b->trial;
}

static int better_at_less(const void *a, const void *b)
{
    return compare_values(a, b, false);
}

static int better_at_more(const void *a, const void *b)
{
    return compare_values(a, b, true);
}

static int placed(const void *left, const void *right, bool maximize)
{
    const TrialResult *a = left, *b = right;
    bool both = (a->state == TRIAL_DONE) == (b->state == TRIAL_DONE);
    return both && a->rung != b->rung ? b->rung - a->rung : compare_values(a, b, maximize);
}

static int placed_at_less(const void *a, const void *b)
{
    return placed(a, b, false);
}

static int placed_at_more(const void *a, const void *b)
{
    return placed(a, b, true);
}

/* The results of a rung, best first. */
static int results_of(const TrialResult *done, int count, int rung, bool maximize, TrialResult *results)
{
    int found = 0;
    for (int i = 0; i < count; i++)
        if (done[i].rung == rung)
            results[found++] = done[i];
    qsort(results, (size_t)found, sizeof *results, maximize ? better_at_more : better_at_less);
    return found;
}

static bool is_done(const TrialResult *done, int count, int trial, int rung)
{
    for (int i = 0; i < count; i++)
        if (done[i].trial == trial && done[i].rung == rung)
            return true;
    return false;
}

static int by_number(const void *a, const void *b)
{
    return ((const NextTrial *)a)->trial - ((const NextTrial *)b)->trial;
}

/* The trials of a rung: all, or the best of the one below; who has failed there goes nowhere. */
static int members(const Rungs *rungs, const TrialResult *done, int count, int rung, bool maximize, NextTrial *next)
{
    int found = 0;
    if (!rung) {
        for (; found < rungs->trials[0]; found++)
            next[found] = (NextTrial){ found, 0 };
        return found;
    }
    TrialResult *below = malloc(((size_t)count + 1) * sizeof *below);
    if (!below)
        die("out of memory");
    int all = results_of(done, count, rung - 1, maximize, below);
    for (int i = 0; i < all && found < rungs->trials[rung] && below[i].state == TRIAL_DONE; i++)
        next[found++] = (NextTrial){ below[i].trial, rung };
    free(below);
    qsort(next, (size_t)found, sizeof *next, by_number);
    return found;
}

int rungs_next(const Rungs *rungs, const TrialResult *done, int count, bool maximize, NextTrial *next)
{
    for (int r = 0; r < rungs->count; r++) {
        int all = members(rungs, done, count, r, maximize, next), missing = 0;
        for (int i = 0; i < all; i++)
            if (!is_done(done, count, next[i].trial, r))
                next[missing++] = next[i];
        if (missing)
            return missing;
    }
    return 0;
}

int rungs_rank(TrialResult *results, int count, bool maximize)
{
    int left = 0;
    for (int i = 0; i < count; i++) {
        bool is_last = true;
        for (int k = 0; k < count; k++)
            is_last &= results[k].trial != results[i].trial || results[k].rung <= results[i].rung;
        if (is_last)
            results[left++] = results[i];
    }
    qsort(results, (size_t)left, sizeof *results, maximize ? placed_at_more : placed_at_less);
    return left;
}
