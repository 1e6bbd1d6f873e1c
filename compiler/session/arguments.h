/* arguments.h: the words of the command line, and what each of them brings: a description, its data. */
#ifndef ARGUMENTS_H
#define ARGUMENTS_H

#include "compiler/compile.h"

#include "runtime/lstmc.h"

typedef struct Arguments {
    const char *command;            /* "compile" if none was named */
    const char *model;              /* path of the description; NULL: of fuzz */
    const char **parameters;        /* NAME=VALUE */
    int parameter_count;
    const char **options;           /* those that a training of a search has too, as they were written; not --data */
    int option_count;
    const char *output;             /* -o: folder of the generated files; "." */
    CompileOptions compile;
    int lanes;                      /* --lanes; 0: the target's */
    int batch;                      /* --batch; 0: as described */
    int epochs;                     /* --epochs; 0: as described */
    const char *weights; /* the weight file that train writes (--out), evaluate and plot read and compile makes
                          * constants of (--weights); NULL: MODEL.safetensors, of compile: none */
    const char **data;              /* --data: FILE or NAME=FILE in place of the files that the description names */
    int data_count;
    const char *format;             /* --format: of export; NULL: by the ending of its name */
    const char *pictures;           /* --svg: of plot: a folder for single charts; NULL: none */
    const char *init;               /* --init: the weight file from which train starts; NULL: drawn */
    const char *checkpoint;         /* --checkpoint; NULL: MODEL.checkpoint */
    int checkpoint_every;           /* --checkpoint-every: batches; 0: by the clock */
    const char *log;                /* --log: of train and plot; NULL: MODEL.log.csv */
    const char *freeze;             /* --freeze: names of layers, with commas between them */
    bool resume, gradient_flow;
    /* of predict: --input, --out; NULL: standard input and output; of sample: --out; of plot: --out; NULL:
     * MODEL.report.html */
    const char *input, *out;
    bool no_dispatch;               /* of compile: --no-dispatch; without it, vectors are dispatched */
    bool stream, join;              /* of predict: --stream, --join */
    int steps;                      /* --steps: of predict: forecasts that are read again; 0: none */
    int beam;                       /* --beam: beginnings that a search keeps; 0: it is greedy */
    double length_penalty;          /* --length-penalty */
    int length; const char *prompt; double temperature;     /* of sample */
    int top_k; double top_p;        /* of sample: --top-k, --top-p; 0: all */
    int tempo;                      /* of sample: steps a minute of a MIDI file; 0: the usual ones */
    uint64_t seed;                  /* --seed; 0: as described */
    int samples;                    /* --samples: at most so many to train on and to hold out; 0: all */
    int seconds;                    /* --seconds: of tune; 0: a minute */
    int count;                      /* --count: of fuzz: models; 0: its own number */
    int trials, halving;            /* --trials, --halving: of search; 0: the usual ones */
    const char *monitor;            /* --monitor: of search; NULL: the loss */
    int threads;                    /* --threads, $LSTMC_THREADS; 0: as many as there are processors */
    bool interpreted, quiet;
    bool example, self_test;        /* --example, --self-test: of compile, with weights */
    const char *into;               /* --into: of import: the description that the weights are for; NULL: a new one */
    const char **maps;              /* --map: NAME=LAYER */
    int map_count;
} Arguments;

/* Reads the words behind the program's name (arguments.c), which stay in use; words that hold lists are cut at their
 * commas. 0, or 2 with a line on standard error. Free it either way. */
int  arguments_read(int count, char **words, Arguments *arguments);
void arguments_free(Arguments *arguments);

/* Reads the description under a deadline of CPU time; prints every mistake. NULL if there were any. */
Description *command_read(Arena *arena, Diagnostics *diagnostics, const Arguments *arguments);

/* The same of a description that has been read whole, with sequences of so many time steps at most, or of as few more
 * as its layers need. */
Description *command_read_shortened(Arena *arena, Diagnostics *diagnostics, const Arguments *arguments,
                                    int timesteps_max);

/* Says on standard error that an option has changed nothing. */
void command_note(const Arguments *arguments, const Compiled *compiled);

/* The data that the description names (data_source.c). `validation` stays empty if nothing is held out. 0 or an enum
 * lstmc_status. */
int data_source_load(Description *description, const Arguments *arguments, struct lstmc_dataset *training,
                     struct lstmc_dataset *validation, struct lstmc_message *message);

#endif
