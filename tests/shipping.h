/* shipping.h: a model with weights and a meaning as files, for lstmc MODEL.lua --weights. */
#ifndef SHIPPING_H
#define SHIPPING_H

#include "toolchain.h"

#include "runtime/lstmc.h"

#define SHIPPED_WARNINGS "-std=c11 " GENERATED_WARNINGS_AS_ERRORS " -Wstrict-prototypes"

/* NAME.lua ("return Sequential{ name = NAME, batch_size = 4, shards = 1, TEXT }"), NAME.safetensors with drawn weights and this meaning (NULL: none),
 * NAME.floats with the same ones flat. */
void shipping_write(struct workshop *shop, const char *name, const char *text, const struct lstmc_meaning *meaning);

/* The description of it, for the runtime's readers. */
Description *shipping_read(struct workshop *shop, const char *name);

/* The weights again. In the arena. */
float *shipping_weights(struct workshop *shop, const struct lstmc_model *model);

/* The program in the folder, with these arguments. */
const char *shipping_lstmc(struct workshop *shop, const char *arguments);
/* It ends with this status, says this on standard error, and leaves as many files as there were. */
void shipping_refuses(struct workshop *shop, const char *arguments, int status, const char *words);

void shipping_names(struct lstmc_names *names, const char *const *text);      /* up to NULL */

#endif
