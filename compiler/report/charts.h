/* charts.h: which charts a training is worth, and what is said where there is none. */
#ifndef CHARTS_H
#define CHARTS_H

#include "compiler/front/model.h"
#include "compiler/base/out.h"
#include "plot.h"
#include "compiler/session/session.h"
#include "training_log.h"

typedef enum ChartSection {
    CHART_TRAINING,
    CHART_PREDICTIONS,
    CHART_GRADIENTS,
    CHART_LAYERS,
    CHART_SECTIONS
} ChartSection;

typedef struct Chart {
    ChartSection section;
    const char *name;           /* of its file, without .svg: letters, digits and _, given once */
    Out picture;
} Chart;

typedef struct Charts {
    Arena *arena;
    Chart *list;
    int count, capacity;
    const char *note[CHART_SECTIONS];   /* a sentence for a section: why a chart is missing; NULL: none */
} Charts;

/* The loss, each metric and a learning rate that changes, over the epochs. */
void charts_of_log(Charts *charts, const Model *model, const TrainingLog *log);
/* Norms of gradients along time. */
void charts_of_flow(Charts *charts, const GradientFlow *flow);
/* The layers, and what each of them reads. (charts_graph.c) */
void charts_of_model(Charts *charts, const Model *model);
/* What the session's weights make of the data held out (of all data, where none is): a confusion matrix, forecasts in
 * the order of the file, or predictions against truths. 0 or an enum lstmc_status, with the session's message. */
int  charts_of_predictions(Charts *charts, Session *session);

/* An empty picture to be drawn into. */
Out *charts_add(Charts *charts, ChartSection section, const char *name);
void charts_free(Charts *charts);

/* Epochs of the log count from 0, as in Keras; people and the lines of training count from 1. */
static inline double chart_epoch(const TrainingLog *log, int i)
{
    return log->epoch[i] + 1;
}

bool chart_larger_is_better(const char *key);       /* accuracy, but not loss */
/* Index of the best of the finite values; -1: there is none. */
int  chart_best(const double *value, int count, bool larger);

#endif
