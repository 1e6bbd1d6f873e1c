/* stage.h: the parts of the pass stage. */
#ifndef STAGE_H
#define STAGE_H

#include "compiler/ir/ir.h"

/* table.c: where a sum reads a row of weights that an id selects, the sum for every id becomes a table, if that has at
 * most so many bytes. For programs whose weights do not change while they run. */
void replace_by_tables(Ir *ir, int bytes);

#endif
