/* ir_text.h: reads an Ir from text, so that a test of a pass shows the mathematics it is about. One declaration or statement a line:
 *
 *     batch b 3 | time t 4 | axis n 5                        axes and their extents
 *     weight kernel 2 n                                      a tensor: role, name, dimensions: an axis, a number, or an axis plus one: t+1
 *     forward: h[t+1,b,n] = tanh(z[t,b,n]) over b n in t     statements; neighbours "in t" share a loop; "in new t" begins another one
 *
 * Roles: input ids target classes sample_weight scale weight frozen noise state value output loss; "want input" asks for its gradient. */
#ifndef IR_TEXT_H
#define IR_TEXT_H

#include "compiler/ir/ir.h"

Ir     *ir_from_text(Arena *arena, const char *text);
Tensor *ir_find(const Ir *ir, const char *name);    /* dies if there is none */
#endif
