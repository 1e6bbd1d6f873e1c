/* table.c: in: results.  out: their lines; and the way back. Numbers come back bit for bit, so that a search that goes
 * on decides as one that was never stopped. No times stand in it. */
#include "table.h"
#include "shortest.h"
#include "compiler/base/out.h"

#include "runtime/data/sheet.h"
#include "runtime/files/file.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

const char *const trial_state_names[TRIAL_STATES] = {
    [TRIAL_DONE] = "done", [TRIAL_DIVERGED] = "diverged", [TRIAL_REFUSED] = "refused", [TRIAL_FAILED] = "failed",
};

/* ---- writing ---- */

/* RFC 4180. */
static void put_cell(Out *out, const char *text)
{
    if (!strpbrk(text, ",\"\r\n")) {
        put_raw(out, text);
        return;
    }
    put_raw(out, "\"");
    for (const char *c = text; *c; c++) {
        char piece[3] = { *c, *c == '"' ? '"' : 0, 0 };
        put_raw(out, piece);
    }
    put_raw(out, "\"");
}

static void put_head(Out *out, Arena *arena, const TableForm *form)
{
    put_raw(out, "trial,rung,epochs");
    for (int k = 0; k < form->space->count; k++) {
        put_raw(out, ",");
        put_cell(out, form->space->dimensions[k].name);
    }
    put_raw(out, ",state,value,loss");
    for (int i = 0; i < form->metric_count; i++)
        put_raw(out, arena_format(arena, ",%s", form->metrics[i]));
    put_raw(out, ",val_loss");
    for (int i = 0; i < form->metric_count; i++)
        put_raw(out, arena_format(arena, ",val_%s", form->metrics[i]));
    put_raw(out, ",why\n");
}

static void put_number(Out *out, Arena *arena, bool there, double value)
{
    put_raw(out, ",");
    if (there)
        put_raw(out, shortest_text(arena, value));
}

static void put_line(Out *out, Arena *arena, const TableForm *form, const TrialResult *r)
{
    bool done = r->state == TRIAL_DONE, held_out = done && r->has_validation;
    put_raw(out, arena_format(arena, "%d,%d,%d", r->trial + 1, r->rung + 1, r->epochs));
    for (int k = 0; k < form->space->count; k++) {
        put_raw(out, ",");
        put_cell(out, form->trials->values[r->trial][k]);
    }
    put_raw(out, arena_format(arena, ",%s", trial_state_names[r->state]));
    put_number(out, arena, done, r->value);
    put_number(out, arena, done, r->loss);
    for (int i = 0; i < form->metric_count; i++)
        put_number(out, arena, done, r->metric[i]);
    put_number(out, arena, held_out, r->validation_loss);
    for (int i = 0; i < form->metric_count; i++)
        put_number(out, arena, held_out, r->validation_metric[i]);
    put_raw(out, ",");
    put_cell(out, r->why);
    put_raw(out, "\n");
}

static int by_place(const void *left, const void *right)
{
    const TrialResult *a = left, *b = right;
    return a->rung != b->rung ? a->rung - b->rung : a->trial - b->trial;
}

TrialResult *table_order(TrialResult *results, int count)
{
    qsort(results, (size_t)count, sizeof *results, by_place);
    return results;
}

int table_write(Arena *arena, const char *path, const TableForm *form, const TrialResult *results, int count)
{
    Out out = { 0 };
    TrialResult *sorted = arena_array(arena, TrialResult, count + 1);
    for (int i = 0; i < count; i++)
        sorted[i] = results[i];
    table_order(sorted, count);
    put_head(&out, arena, form);
    for (int i = 0; i < count; i++)
        put_line(&out, arena, form, &sorted[i]);
    int error = write_file(path, out.text, out.length);
    out_free(&out);
    return error;
}

/* ---- reading ---- */

static const char *cell(const struct lstmc_sheet *sheet, size_t row, int column)
{
    const struct lstmc_cell *c = lstmc_sheet_cell(sheet, row, column);
    return c ? c->text : "";
}

static bool read_count(const char *text, int least, int most, int *number)
{
    double value = shortest_read(text);
    if (!(value >= least && value <= most) || value != floor(value))
        return false;
    *number = (int)value;
    return true;
}

static bool read_state(const char *text, TrialState *state)
{
    for (int i = 0; i < TRIAL_STATES; i++)
        if (!strcmp(text, trial_state_names[i])) {
            *state = (TrialState)i;
            return true;
        }
    return false;
}

static bool read_line(const struct lstmc_sheet *sheet, size_t row, const TableForm *form, TrialResult *r)
{
    int dimensions = form->space->count, metrics = form->metric_count, first = 5 + dimensions, trial, rung;
    *r = (TrialResult){ .trial = 0 };
    bool good = sheet->rows[row].count == first + 3 + 2 * metrics &&
                read_count(cell(sheet, row, 0), 1, form->trials->count, &trial) &&
                read_count(cell(sheet, row, 1), 1, 1000, &rung) &&
                read_count(cell(sheet, row, 2), 0, 1000000000, &r->epochs) &&
                read_state(cell(sheet, row, 3 + dimensions), &r->state);
    for (int k = 0; good && k < dimensions; k++)
        good = !strcmp(cell(sheet, row, 3 + k), form->trials->values[trial - 1][k]);
    if (!good)
        return false;
    r->trial = trial - 1;
    r->rung = rung - 1;
    r->value = shortest_read(cell(sheet, row, first - 1));
    r->loss = shortest_read(cell(sheet, row, first));
    r->validation_loss = shortest_read(cell(sheet, row, first + 1 + metrics));
    r->has_validation = *cell(sheet, row, first + 1 + metrics) != 0;
    for (int i = 0; i < metrics; i++) {
        r->metric[i] = shortest_read(cell(sheet, row, first + 1 + i));
        r->validation_metric[i] = shortest_read(cell(sheet, row, first + 2 + metrics + i));
    }
    snprintf(r->why, sizeof r->why, "%s", cell(sheet, row, first + 2 + 2 * metrics));
    return r->state != TRIAL_DONE || isfinite(r->value);
}

TrialResult *table_read(Arena *arena, const char *path, const TableForm *form, int *count, int *line)
{
    struct lstmc_sheet sheet = { .path = path };
    TrialResult *results = NULL;
    size_t size;
    unsigned char *bytes;
    *count = *line = 0;
    if (access(path, F_OK))
        return arena_array(arena, TrialResult, 1);
    if (lstmc_file_read(path, &bytes, &size, NULL))
        return NULL;
    if (!lstmc_sheet_scan(&sheet, (char *)bytes, size) && sheet.row_count) {
        results = arena_array(arena, TrialResult, sheet.row_count);
        for (size_t i = 1; i < sheet.row_count && results; i++) {
            if (!read_line(&sheet, i, form, &results[*count])) {
                *line = sheet.rows[i].line;
                results = NULL;
            }
            ++*count;
        }
    }
    lstmc_sheet_free(&sheet);
    free(bytes);
    return results;
}
