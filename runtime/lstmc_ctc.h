/* lstmc_ctc.h: the part of lstmc.h (which includes it) about labels of sequences: what a model says whose loss is "ctc"
 * (connectionist temporal classification, Graves et al. 2006). Its output has a score for each class at each step; one
 * class, the blank, stands for no label. A path, one class a step, reads as labels: repeats are taken for one, then
 * blanks are left out. Targets are labels that end at the first blank.
 * Nothing here allocates, prints or keeps anything.
 * SPDX-License-Identifier: 0BSD */
#ifndef LSTMC_CTC_H
#define LSTMC_CTC_H

#include "lstmc.h"

#ifdef __cplusplus
extern "C" {
#endif

/* What ignores_class of a model, or of one of its targets, is where ignored_class is the blank behind labels. */
enum { LSTMC_BLANK_BEHIND_LABELS = 2 };

/* The blank of a model with one output; -1: its targets are no such labels. */
static inline int lstmc_blank(const struct lstmc_model *model)
{
    return model->ignores_class == LSTMC_BLANK_BEHIND_LABELS ? model->ignored_class : -1;
}

/* How an output of one sample is to be read. */
struct lstmc_paths {
    int steps, classes;         /* output [steps, classes] */
    int blank;                  /* a class */
    int from_logits;            /* 1: scores in front of a softmax; 0: probabilities, which count by their share */
    const float *mask;          /* [steps], 0 where a step does not count; NULL: all do */
};

/* Greedily: the labels of the best path, the largest class at each step, the first of equals. labels [steps]. Returns
 * their number; LSTMC_MISMATCH for a shape or a blank that cannot be, LSTMC_NOT_FINITE for a NaN. */
int lstmc_labels_greedy(const struct lstmc_paths *paths, const float *output, int32_t *labels);

/* Labels that a search has found. */
struct lstmc_labels_found {
    const int32_t *labels; int count;   /* in the memory of the search */
    double log_probability;             /* of all the paths that it kept which read so */
};

/* Bytes of memory, aligned as lstmc_alloc does, that a search needs which keeps `width` beginnings; 0: there are none
 * so large, or the shape cannot be. */
size_t lstmc_labels_beam_bytes(int steps, int width);

/* Prefix beam search (Graves 2012, Hannun et al. 2014): at each step the `width` beginnings of labels stay that are
 * the most probable ones, each by the sum of its paths, added up as logarithms. With a width of as many beginnings as
 * there are it is exact. found [width]: the best one first. Returns how many there are, 1 to width;
 * LSTMC_MISMATCH for a shape, a blank or a width that cannot be, LSTMC_NOT_FINITE for a NaN, or an infinity among
 * logits. */
int lstmc_labels_beam(const struct lstmc_paths *paths, const float *output, int width, void *memory,
                      struct lstmc_labels_found *found);

/* How many labels there are in front of the first blank, `most` at most; and how many steps these need: one each, and a
 * blank between a label and the same once more. */
int lstmc_labels_count(const int32_t *labels, int most, int blank);
int lstmc_labels_steps(const int32_t *labels, int count);

/* The fewest labels to be put in, left out and exchanged to make one list of the other (Levenshtein 1966).
 * row [b_count + 1]: what it computes in. */
int lstmc_labels_distance(const int32_t *a, int a_count, const int32_t *b, int b_count, int *row);

#ifdef __cplusplus
}
#endif

#endif
