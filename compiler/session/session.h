/* session.h: a description with its data and an engine that computes: what train and evaluate have in common. */
#ifndef SESSION_H
#define SESSION_H

#include "arguments.h"
#include "compiler/oracle/custom.h"
#include "load.h"

typedef struct Session {
    Arena *arena;
    Diagnostics *diagnostics;
    Arguments arguments;            /* with the seed of what is gone on from */
    Description *description;       /* NULL: it could not be read, which has been said */
    Compiled compiled;
    Loaded loaded;
    const char *objects;            /* a folder for compiled models that sessions share (load_kept); NULL: none */
    struct lstmc_model shared;      /* one that was taken from there, with the description's own optimizer */
    struct custom_layers *custom;
    struct CustomMetrics *metrics;  /* that the description defines itself; NULL: none */
    struct lstmc_engine engine;
    int threads;
    Ranks *ranks;                   /* that share the training; NULL: none do */
    struct lstmc_dataset data, validation;
    float *weights;
    struct lstmc_meaning meaning;   /* of a weight file's numbers */
    struct lstmc_message message;
} Session;

/* Reads the description. */
void session_open(Session *session, const Arguments *arguments);
/* Reads a weight file: weights and their meaning, held against the model; says so if a description with other options
 * has written it. */
int  session_read_weights(Session *session, const char *weight_file);
/* Reads the weights, if that was not done (a weight file NULL: their memory alone) and, if asked for, the data, and
 * makes the engine, by the C compiler or of the interpreter, in that order, so that mistakes are said at once. 0 or an
 * enum lstmc_status. */
int  session_prepare(Session *session, const char *weight_file, bool with_data);
/* Says where the meaning of what the weights were trained on, session->meaning, is not that of the data. */
void session_compare_meanings(const Session *session, const char *weight_file);
/* What the data that trains is worth saying, on standard error. */
void session_print_notes(const Session *session);
/* Frees everything; says what is in the way if `status` is not 0. Returns the exit status. */
int  session_close(Session *session, int status);

/* FILE of an option, or MODEL and the ending; where train or plot has been told the name of the weight file (--out,
 * --weights), that name instead of MODEL: the files of one run have one name. */
const char *session_file(const Session *session, const char *file, const char *ending);
/* How the samples of the data follow each other. */
enum lstmc_stateful session_stateful(const Model *model);
/* The description's metrics, with whoever knows its own ones; after session_prepare. */
void session_set_metrics(const Session *session, struct lstmc_train_options *options);
/* "loss 0.1  mae 0.2", each name with `prefix`, without the end of the line. */
void session_print_values(const Session *session, const char *prefix, double loss, const double *metric);
/* Forecasts beside the last known value, where the data is of that kind; the engine is prepared. */
void session_compare_with_persistence(Session *session);

#endif
