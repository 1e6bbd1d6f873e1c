/* axes.h: what can be said of an axis in a statement: how far its steps lie apart in memory, and what may change
 * places. */
#ifndef AXES_H
#define AXES_H

#include "ir.h"

/* Floats from one position of the axis to the next in a row-major tensor; INT_MAX: not a distance (a gather). */
long long access_stride(const Access *access, const Axis *axis);
bool      access_uses(const Access *access, const Axis *axis);      /* gathers included */
int       index_coefficient(const Index *index, const Axis *axis);  /* of the affine part */

bool      expr_counts(const Expr *expr, const Axis *axis);          /* uses the position along the axis as a number */

/* The output is the same at all positions of a summed axis. */
bool      axis_is_summed(const Statement *statement, const Axis *axis);
bool      statement_has_sum(const Statement *statement);

/* The one axis of time among those of the statement, that of its loop left aside; NULL: none, or several. */
const Axis *statement_time(const Statement *statement);
/* The time loop in whose turns it runs, or in whose pieces; NULL: none. */
const Loop *statement_loop(const Statement *statement);

/* A free axis tells output elements apart by itself; the others decide the order in which terms are added up. */
bool      axis_is_free(const Statement *statement, const Axis *axis);

/* Puts `to` in the place of `from` everywhere in the statement; expressions are copied, not changed. */
void      statement_rename_axis(Arena *arena, Statement *statement, const Axis *from, Axis *to);

#endif
