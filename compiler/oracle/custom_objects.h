/* custom_objects.h: activations, losses and metrics that a description defines, run by the slow evaluator. */
#ifndef CUSTOM_OBJECTS_H
#define CUSTOM_OBJECTS_H

#include "compiler/front/read_lua.h"

typedef struct CustomObjects CustomObjects;

/* For up to `rows` rows. NULL with a diagnostic if the loss's mathematics failed. */
CustomObjects *custom_objects_create(Arena *arena, Description *description, int rows);
void           custom_objects_perturb(CustomObjects *objects, uint64_t seed);
void           custom_objects_free(CustomObjects *objects);

/* As in struct custom_layers. The activation of that name and width; negative if there is none, or, with a diagnostic,
 * if its mathematics failed. */
int    custom_activation(CustomObjects *objects, const char *name, int width);
void   custom_activate(CustomObjects *objects, int activation, const double *z, double *y);
void   custom_activate_back(CustomObjects *objects, int activation, const double *z, const double *d_y, double *d_z);
typedef struct CustomLoss {
    const double *output, *target, *sample_weight;
    const double *mask;         /* NULL: all steps count */
    int rows;
    double scale;
} CustomLoss;
/* Of one output of the model. */
double custom_loss(CustomObjects *objects, int output, const CustomLoss *of, double *d_output);

/* For lstmc_train_options: the metrics that the description defines, in double; with diagnostics if one failed. */
typedef struct CustomMetrics CustomMetrics;
CustomMetrics *custom_metrics_create(Arena *arena, Description *description);       /* NULL: it defines none */
void           custom_metrics_free(CustomMetrics *metrics);
int custom_metric_add(void *metrics, const char *name, const float *output, const void *target, const float *mask,
                      int rows, double *sum, double *count);

#endif
