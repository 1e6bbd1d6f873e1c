/* horizons.h: how far ahead a model of windows (csv{...}) predicts. The elements of a sample's target go horizon by
 * horizon, as columns or as time steps: runtime/windows.c lays them out. */
#ifndef HORIZONS_H
#define HORIZONS_H

#include "model.h"

/* Those of a list, or all rows up to a single one where the model has room for them; else 1. */
static inline int horizons_count(const Model *model)
{
    const Data *data = &model->data;
    bool single = data->horizon_count == 1 && data->horizons[0] > 1;
    if (single && model->descriptor.target_count == (size_t)data->horizons[0] * (size_t)data->target_count)
        return data->horizons[0];
    return data->horizon_count > 1 ? data->horizon_count : 1;
}

/* Rows from the window's last to what horizon number `horizon` predicts; 0: that row itself. */
static inline int horizons_ahead(const Model *model, int horizon)
{
    const Data *data = &model->data;
    return horizons_count(model) == data->horizon_count ? data->horizons[horizon] : horizon + 1;
}

#endif
