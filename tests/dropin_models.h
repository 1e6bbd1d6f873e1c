/* dropin_models.h: the models that test generated code as its users meet it. */
#ifndef DROPIN_MODELS_H
#define DROPIN_MODELS_H

#include "toolchain.h"

/* All of them in a new folder, and models.h; words of their names with `suffix`: "tokens.c series.c ...". `lanes` 1: the plain target. */
const char *dropin_open(struct workshop *shop, int lanes, const char *suffix);
const char *dropin_open_dispatching(struct workshop *shop, int lanes, const char *suffix);      /* with --dispatch */
const char *dropin_open_with(struct workshop *shop, const CompileOptions *common, const char *suffix);    /* unrolled in the way of each model */

#endif
