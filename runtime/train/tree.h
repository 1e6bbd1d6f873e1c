/* tree.h: sums over the shards of a batch, in the order of one binary tree: 0 and 1, 2 and 3, ...; then those sums in
 * pairs, and so on. The tree is a function of the number of shards alone, and so are the sums, whoever has which
 * shards. */
#ifndef LSTMC_TREE_H
#define LSTMC_TREE_H

#include <stddef.h>

/* The largest whole subtree of a tree of `count` leaves that begins with leaf `first` and has none from `end` on: how
 * many leaves; 1 at least. What is missing behind the last leaf is missing nowhere. */
int lstmc_tree_span(int first, int end, int count);

/* Adds up `length` floats, from `offset` on, of the leaves first to end - 1 (parts[0] is that of `first`; NULL: one
 * that a subtree before it has already), as far as these have whole subtrees. The sum of a subtree is then in the part
 * of its first leaf, the others are spoilt. */
void lstmc_tree_sum(float *const *parts, int first, int end, int count, size_t offset, size_t length);

#endif
