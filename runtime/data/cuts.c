/* cuts.c: in: the rows of a table, and how samples lie in them.  out: data sets that keep the rows once, in the model's
 * types; a sample is cut out of them when somebody asks for it. Windows overlap: as samples in memory they would be as
 * many times the table as a window has rows. */
#include "dataset.h"
#include "runtime/base/message.h"
#include "runtime/files/map.h"
#include "windows.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct lstmc_windows Windows;
typedef struct lstmc_rows Rows;

/* Floats or whole numbers, as the model reads them: four bytes each. */
struct lstmc_cells {
    int users;                          /* who free it in the end */
    struct lstmc_mapping x, y;          /* [rows, columns] and [rows, targets] */
    int refused;                        /* 1: a number that the model does not take is 0 here */
};

int lstmc_cuts_can(const Windows *w)
{
    return !w->options->relative && !w->model->has_lengths && !w->model->targets;
}

/* ---- the rows ---- */

static double normalised(const Windows *w, const Rows *rows, size_t row, int column)
{
    return (*lstmc_windows_cell(rows, row, column) - w->offset[column]) / w->scale[column];
}

/* A target that was not decided is in no sample. */
static void convert(const Windows *w, const Rows *rows, struct lstmc_dataset *one, struct lstmc_cells *cells)
{
    char *x = cells->x.start, *y = cells->y.start;
    for (size_t row = 0; row < rows->table.rows; row++) {
        for (int i = 0; i < w->columns; i++, x += sizeof(float))
            if (lstmc_store_input(w->model, one, w->place[i].offset, normalised(w, rows, row, i)))
                memcpy(x, (float *)one->x + w->place[i].offset, sizeof(float));
            else
                cells->refused = 1;
        for (int i = 0; i < w->targets; i++, y += sizeof(float)) {
            double value = normalised(w, rows, row, w->columns + i);
            if (lstmc_store_target(w->model, one, 0, value))
                memcpy(y, one->y, sizeof(float));
            else
                cells->refused |= !isnan(value);
        }
    }
}

struct lstmc_cells *lstmc_cells_create(const Windows *w, const Rows *rows)
{
    struct lstmc_cells *cells = calloc(1, sizeof *cells);
    struct lstmc_dataset one;
    if (!cells)
        return NULL;
    cells->users = 1;
    lstmc_map_zeros(rows->table.rows * (size_t)w->columns * sizeof(float), &cells->x);
    lstmc_map_zeros(rows->table.rows * (size_t)w->targets * sizeof(float), &cells->y);
    if (!cells->x.start || !cells->y.start || lstmc_dataset_alloc(w->model, 1, &one)) {
        lstmc_cells_free(cells);
        return NULL;
    }
    convert(w, rows, &one, cells);
    lstmc_dataset_free(&one);
    return cells;
}

void lstmc_cells_free(struct lstmc_cells *cells)
{
    if (!cells || --cells->users)
        return;
    lstmc_unmap(&cells->x);
    lstmc_unmap(&cells->y);
    free(cells);
}

/* ---- samples ---- */

/* Of one data set, for its x and its y. */
struct cut {
    int users;
    struct lstmc_cells *cells;
    size_t first, *row;                 /* where sample 0 begins; row: where each does, NULL: one row behind another */
    size_t columns, targets, window;
    int one_input;                      /* 1: a sample is its rows as they are */
    struct lstmc_place *place;
    int *ahead, ahead_count;
};

static size_t row_of(const struct cut *cut, size_t sample)
{
    return cut->row ? cut->row[sample] : cut->first + sample;
}

static void make_inputs(const void *context, size_t sample, void *to)
{
    const struct cut *cut = context;
    const float *from = (const float *)cut->cells->x.start + row_of(cut, sample) * cut->columns;
    if (cut->one_input) {
        memcpy(to, from, cut->window * cut->columns * sizeof *from);
        return;
    }
    for (size_t step = 0; step < cut->window; step++, from += cut->columns)
        for (size_t i = 0; i < cut->columns; i++) {
            const struct lstmc_place *place = &cut->place[i];
            if (place->each_row || step + 1 == cut->window)
                memcpy((float *)to + place->offset + step * place->stride, from + i, sizeof *from);
        }
}

static void make_targets(const void *context, size_t sample, void *to)
{
    const struct cut *cut = context;
    const size_t last = row_of(cut, sample) + cut->window - 1;
    for (int i = 0; i < cut->ahead_count; i++)
        memcpy((float *)to + (size_t)i * cut->targets,
               (const float *)cut->cells->y.start + (last + (size_t)cut->ahead[i]) * cut->targets,
               cut->targets * sizeof(float));
}

static void free_cut(void *context)
{
    struct cut *cut = context;
    if (--cut->users)
        return;
    lstmc_cells_free(cut->cells);
    free(cut->row);
    free(cut->place);
    free(cut->ahead);
    free(cut);
}

static void *copy_of(const void *array, size_t bytes)
{
    void *copy = malloc(bytes + 1);
    return copy ? memcpy(copy, array, bytes) : NULL;
}

/* Where samples begin. */
static int find_rows(const Windows *w, const Rows *rows, int trains, size_t samples, struct cut *cut)
{
    size_t row = 0, sample = 0;
    while (!lstmc_windows_begin(w, rows, row, trains))
        row++;
    cut->first = row;
    while (sample < samples && row < rows->table.rows && lstmc_windows_begin(w, rows, row, trains))
        row++, sample++;
    if (sample == samples)
        return LSTMC_OK;
    cut->row = malloc(samples * sizeof *cut->row);
    for (row = 0, sample = 0; cut->row && sample < samples; row++)
        if (lstmc_windows_begin(w, rows, row, trains))
            cut->row[sample++] = row;
    return cut->row ? LSTMC_OK : LSTMC_NO_MEMORY;
}

int lstmc_cuts_make(const Windows *w, struct lstmc_cells *cells, const Rows *rows, int trains, size_t samples,
                    struct lstmc_dataset *data)
{
    struct cut *cut = calloc(1, sizeof *cut);
    if (!cut)
        return LSTMC_NO_MEMORY;
    *cut = (struct cut){ .users = 2, .cells = cells, .columns = (size_t)w->columns, .targets = (size_t)w->targets,
                         .window = w->window, .one_input = !w->model->inputs, .ahead_count = w->ahead_count };
    cut->place = copy_of(w->place, (size_t)w->columns * sizeof *w->place);
    cut->ahead = copy_of(w->ahead, (size_t)w->ahead_count * sizeof *w->ahead);
    cells->users++;
    data->samples = samples;
    data->x_source = (struct lstmc_source){ make_inputs, cut, free_cut };
    data->y_source = (struct lstmc_source){ make_targets, cut, free_cut };
    return cut->place && cut->ahead ? find_rows(w, rows, trains, samples, cut) : LSTMC_NO_MEMORY;
}

int lstmc_cells_refused(const struct lstmc_cells *cells)
{
    return cells->refused;
}
