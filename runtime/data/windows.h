/* windows.h: what window.c, windows.c and normalization.c share: how samples lie in the rows of a table. */
#ifndef LSTMC_WINDOWS_H
#define LSTMC_WINDOWS_H

#include "csv.h"

/* The rows of one file. Those before `cut` train. */
struct lstmc_rows {
    const char *path;
    struct lstmc_table table;           /* the columns are the inputs, then the targets */
    size_t cut;
};

/* Where a column lies in a sample: its cell in row r of the window at offset + r * stride; of one that is no
 * `each_row` the cell of the last row, at offset. */
struct lstmc_place {
    size_t offset, stride;
    int each_row;
};

/* A sample that begins at row s reads rows s ... s + window - 1, and is asked for the rows ahead[0], ahead[1], ...
 * behind the last of them; one of the sample's own rows has a negative number, or 0. */
struct lstmc_windows {
    const struct lstmc_model *model;
    const struct lstmc_csv_options *options;
    struct lstmc_rows main, held_out;   /* held_out: of a validation file; no rows if there is none */
    int columns, targets;
    const char **names;                 /* of the table's columns */
    size_t window;
    size_t steps;                       /* rows of a sample: the window; of groups what the model has room for */
    struct lstmc_place *place;          /* of each input column */
    int *ahead; int ahead_count;        /* ascending */
    double *offset, *scale;             /* per column of the table: value = normalised * scale + offset */
    struct lstmc_notes notes;
    struct lstmc_message *message;
};

/* The named columns of a file, as the options say, into rows->table. `remaining`: a file of what is left behind the end
 * of each group, or NULL. */
int lstmc_windows_read(struct lstmc_windows *windows, struct lstmc_rows *rows, const char *remaining);

/* places.c: sets steps and place; LSTMC_MISMATCH: the columns are not those that the inputs of the model read. */
int lstmc_windows_places(struct lstmc_windows *windows);
/* Names and scaling of the inputs: column by column, or of several inputs element by element. 0: there is no memory. */
int lstmc_windows_describe_inputs(const struct lstmc_windows *windows, struct lstmc_meaning *meaning);

/* window.c: a cell of the table; how many rows a sample reads or is asked for. */
double *lstmc_windows_cell(const struct lstmc_rows *rows, size_t row, int column);
size_t lstmc_windows_rows(const struct lstmc_windows *windows);

/* Whether each target of a sample whose last row this is was decided: one that is neither 0 nor 1 leaves the sample
 * out. */
int lstmc_windows_decided(const struct lstmc_windows *windows, const struct lstmc_rows *rows, size_t last);

/* Whether a sample that trains (or is held out) begins at a row: its rows are there, without a gap, in one group, on
 * their side of the cut. */
int lstmc_windows_begin(const struct lstmc_windows *windows, const struct lstmc_rows *rows, size_t row, int trains);

/* What a sample that begins at row `first` reads or is asked for in another row; with `relative`, beside its last known
 * row. */
double lstmc_windows_value(const struct lstmc_windows *windows, const struct lstmc_rows *rows, size_t first, size_t row,
                           int column);

/* One number of a row into place `at` of a data set: of an input or a target, as its column is. A message says what it
 * is not. And what a row says about weights into place `at` of these; nothing where no column does. */
int lstmc_windows_store(const struct lstmc_windows *windows, const struct lstmc_rows *rows, size_t row, int column,
                        double value, struct lstmc_dataset *data, size_t at);
int lstmc_windows_weight(const struct lstmc_windows *windows, const struct lstmc_rows *rows, size_t row,
                         struct lstmc_dataset *data, size_t at);

/* What the sample that begins at row `first` reads, into sample number `sample` of a data set. */
int lstmc_windows_inputs(const struct lstmc_windows *windows, const struct lstmc_rows *rows, struct lstmc_dataset *data,
                         size_t sample, size_t first);

/* cuts.c: data sets whose samples are cut out of the rows when somebody asks for them. Whether they can be: where
 * numbers do not depend on the window that they are read in. */
int lstmc_cuts_can(const struct lstmc_windows *windows);
/* The rows of a file, normalised, in the model's types, for all data sets that have samples of them and for who has
 * created it; NULL: no memory. */
struct lstmc_cells;
struct lstmc_cells *lstmc_cells_create(const struct lstmc_windows *windows, const struct lstmc_rows *rows);
void lstmc_cells_free(struct lstmc_cells *cells);
/* Whether there are numbers among them that the model does not take, in a sample or not. */
int  lstmc_cells_refused(const struct lstmc_cells *cells);
/* So many samples that train (or are held out): sets data->samples and its sources. LSTMC_NO_MEMORY: free the data. */
int lstmc_cuts_make(const struct lstmc_windows *windows, struct lstmc_cells *cells, const struct lstmc_rows *rows,
                    int trains, size_t samples, struct lstmc_dataset *data);

/* groups.c: of a model with lengths each group is a sample: how many train (or are held out), and they themselves, into
 * a data set of so many. */
size_t lstmc_groups_count(const struct lstmc_windows *windows, const struct lstmc_rows *rows, int trains);
int lstmc_groups_fill(const struct lstmc_windows *windows, const struct lstmc_rows *rows, struct lstmc_dataset *data,
                      int trains);

/* normalization.c: offset and scale of each column, by what trains alone; and notes on columns that say nothing, or
 * more than floats can hold. The only failure is LSTMC_NO_MEMORY. */
int lstmc_windows_normalize(struct lstmc_windows *windows);

#endif
