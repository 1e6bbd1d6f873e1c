/* masks.h: which steps of a masked output count. */
#ifndef LSTMC_MASKS_H
#define LSTMC_MASKS_H

#include "runtime/lstmc.h"

struct lstmc_mask {
    const struct lstmc_engine *engine;
    int output;                             /* of several; else 0 */
    const struct lstmc_tensor *tensor;      /* of the tape; NULL: there is none */
};

/* Of an output, as train or evaluate has left it. */
struct lstmc_mask lstmc_mask_of(const struct lstmc_engine *engine, int output);
/* [steps] of a row of the batch, 0 where a step does not count; NULL: all steps of all rows do. */
const float *lstmc_mask_row(const struct lstmc_mask *mask, int row);

#endif
