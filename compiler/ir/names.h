/* names.h: which names the tensors of a program bear, for whoever needs a new one. */
#ifndef NAMES_H
#define NAMES_H

#include "ir.h"

typedef struct TensorNames TensorNames;
/* As the program is now; of weights too, if they count. */
TensorNames *tensor_names(Arena *arena, const Ir *ir, bool with_weights);
/* `base`, or base_2, base_3 ...: the first that no tensor of the layer bears. It is taken then. */
const char *tensor_new_name(TensorNames *names, const char *layer, const char *base);

#endif
