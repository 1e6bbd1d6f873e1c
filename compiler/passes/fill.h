/* fill.h: contributions to tensors, all of them `+=`, to the same with a beginning: the first that covers a part sets
 * it, and zeros go where nothing sets before something adds. Used by grad; works on any statements appended
 * to an Ir. */
#ifndef FILL_H
#define FILL_H

#include "compiler/ir/region.h"

typedef struct Fill Fill;

/* `first`: the statements from this one on are to be completed. */
Fill *fill_create(Ir *ir, int first);

/* Completes the contributions that statements of `section` make to `tensor`. `complete`: elements that nobody touches
 * become zero too; even if there is no contribution at all. */
void  fill_tensor(Fill *fill, Tensor *tensor, Section section, bool complete);

/* Zeroes all of `tensor` in front of all statements from `first` on, in another section. */
void  fill_zero(Fill *fill, Tensor *tensor, Section section);

/* Puts the zeros into the list. */
void  fill_finish(Fill *fill);

/* `tensor`[...] = 0 over all of it, appended now, over axes named as for `like`. */
void  fill_append_zero(Ir *ir, Section section, Tensor *tensor, const Tensor *like);

#endif
