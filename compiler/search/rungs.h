/* rungs.h: successive halving: who trains next, and for how long. On each rung trials train up to the same epoch; the
 * best of them go on to the next. */
#ifndef RUNGS_H
#define RUNGS_H

#include "trial.h"

#define RUNGS_MAX 32

typedef struct Rungs {
    int count;
    int epochs[RUNGS_MAX];      /* up to which a trial trains there */
    int trials[RUNGS_MAX];      /* how many are there */
} Rungs;

/* The first rung has all trials, each further one the best 1 / halving of the one below (one at least) and `halving`
 * times the epochs, the last one all epochs. There are as many as trials and epochs have room for. halving 1: one. */
Rungs rungs_plan(int trials, int halving, int epochs);

/* What is next, by what is done: the trials that the first rung with a gap still lacks, in the order of their numbers.
 * `next` has room for all trials. Returns how many; 0: the search is at its end. As long as a rung has a gap, nobody
 * is on the next one: who goes on depends on no order in which trials end. */
typedef struct NextTrial { int trial, rung; } NextTrial;
int rungs_next(const Rungs *rungs, const TrialResult *done, int count, bool maximize, NextTrial *next);

/* Orders results, the best first: those that have come to their end before those that have not; of the higher rung;
 * with the better value; of the lower number. At most one result a trial is left, that of its highest rung. Returns
 * how many. */
int rungs_rank(TrialResult *results, int count, bool maximize);

#endif
