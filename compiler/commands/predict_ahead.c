/* predict_ahead.c: in: windows of a series, or its steps.  out: the rows behind them, as a trained model says them
 * when it reads its own forecasts. */
#include "predict_ahead.h"
#include "compiler/front/horizons.h"
#include "compiler/session/instance.h"
#include "compiler/ship/answer.h"

#include "runtime/base/message.h"

#include <stdio.h>
#include <string.h>

struct Ahead {
    Session *session;
    const Model *model;
    const struct lstmc_meaning *meaning;
    PredictInput *input;
    int rows;                           /* that are wanted */
    int columns, at_once;               /* of a row; rows that the model says together */
    int *target;                        /* [columns]: which of what it says is that column */
    const char **name;                  /* [columns]: in the order of what it says */
    double *window;                     /* in the unit of the data: the rows read last */
    size_t values;                      /* in the window */
    double *said;                       /* of one answer */
    float *x, *y;
    Instance instance;                  /* unless the interpreter computes */
};

#define FAIL(session, ...) lstmc_fail(&(session)->message, LSTMC_MISMATCH, "--steps: " __VA_ARGS__)

/* ---- whether it can be ---- */

/* Rows follow each other without a gap from the next one on. */
static bool rows_follow(const Model *model)
{
    for (int h = 0; h < horizons_count(model); h++)
        if (horizons_ahead(model, h) != h + 1)
            return false;
    return true;
}

/* The target that is this column, -1: none. Targets of several horizons begin with those of the first. */
static int target_of(const struct lstmc_meaning *meaning, int targets, const char *column)
{
    for (int t = 0; t < targets && t < meaning->targets.count; t++) {
        int base = base_column(meaning, t);
        if (base >= 0 && !strcmp(meaning->columns.text[base], column))
            return t;
    }
    return -1;
}

/* Columns that are read but not said, as a list. */
static const char *missing_columns(Arena *arena, const struct lstmc_meaning *meaning, int targets)
{
    const char *list = NULL;
    for (int c = 0; c < meaning->columns.count; c++)
        if (target_of(meaning, targets, meaning->columns.text[c]) < 0)
            list = list ? arena_format(arena, "%s, \"%s\"", list, meaning->columns.text[c])
                        : arena_format(arena, "\"%s\"", meaning->columns.text[c]);
    return list;
}

/* Of a table: its columns are what is said of the next row. */
static const char *table_obstacle(const Session *s, const struct lstmc_meaning *meaning)
{
    const Model *model = description_model(s->description);
    const Data *data = &model->data;
    if (!data->sliding)
        return "each row of its table is a sample: there is no window to read on";
    if (data->at_most)
        return "it says whether a number is reached (at_most), not which one";
    if (!rows_follow(model))
        return horizons_count(model) > 1 ? "its horizons leave rows out: what follows the window must be among them, "
                                           "row by row, like horizon = {1, 2, 3}"
               : horizons_ahead(model, 0) == 0
                   ? "it says the window's last row itself (horizon = 0), not the next one"
                   : arena_format(s->arena, "it says the row %d behind the window alone: train it with horizon = 1",
                                  horizons_ahead(model, 0));
    if (!meaning->columns.count || !meaning->targets.count)
        return "the weight file does not say which columns the model was trained on";
    const char *missing = missing_columns(s->arena, meaning, data->target_count);
    if (missing)
        return arena_format(s->arena, "it reads columns that it says nothing of, %s: targets must name every column, "
                                      "or none", missing);
    return data->target_count > meaning->columns.count ? "it says columns that it does not read: columns must name "
                                                         "every target"
                                                       : NULL;
}

/* Of other data nothing is known but shapes: a step says as much as it reads. */
static const char *shape_obstacle(const Session *s)
{
    const struct lstmc_model *m = &description_model(s->description)->descriptor;
    size_t read = step_input_count(m), said = outputs_of_step(m), steps = m->output_count / said;
    if (read != said)
        return arena_format(s->arena, "a step of what it reads has %zu number%s, what it says %zu: they must be the "
                                      "same", read, read == 1 ? "" : "s", said);
    return steps != 1 && steps != (size_t)m->input_shape[0]
               ? "nothing says which rows its outputs are: data = csv{...} does, or one row alone"
               : NULL;
}

const char *ahead_obstacle(const Session *s, const struct lstmc_meaning *meaning)
{
    const Model *model = description_model(s->description);
    const struct lstmc_model *m = &model->descriptor;
    if (m->inputs || m->outputs)
        return "the model has several inputs or outputs, of which none is known to be the other one";
    if (m->input_is_tokens)
        return meaning->unit != LSTMC_NO_TEXT && meaning->target_unit != LSTMC_NO_TEXT
                   ? "lstmc sample writes text"
                   : "the model reads ids, and what it says are numbers or classes";
    if (m->target_is_class || answer_of(model) != ANSWER_VALUES)
        return "what the model says are classes or their probabilities, which it does not read";
    if (m->has_lengths)
        return "its samples have lengths, not a window that moves on";
    if (s->arguments.join)
        return "--join is for classes";
    if (session_stateful(model) != LSTMC_STATELESS && !s->arguments.stream)
        return "its states go on from sample to sample: add --stream, and give it the steps one by one";
    if (model->data.kind == DATA_CSV && model->data.group && s->arguments.input && !s->arguments.stream)
        return "its table has groups, and each has an end of its own: give the rows of a window on standard input";
    return model->data.kind == DATA_CSV ? table_obstacle(s, meaning) : shape_obstacle(s);
}

/* ---- memory ---- */

static void describe_rows(Ahead *a)
{
    const struct lstmc_model *m = &a->model->descriptor;
    bool table = a->model->data.kind == DATA_CSV;
    a->columns = table ? a->meaning->columns.count : (int)step_input_count(m);
    a->at_once = table ? horizons_count(a->model) : 1;
    a->target = arena_array(a->session->arena, int, a->columns);
    a->name = arena_array(a->session->arena, const char *, a->columns);
    for (int c = 0; c < a->columns; c++) {
        a->target[c] = table ? target_of(a->meaning, a->columns, a->meaning->columns.text[c]) : c;
        a->name[a->target[c]] = table ? a->meaning->columns.text[c] : NULL;
    }
}

static bool allocate(Ahead *a)
{
    const struct lstmc_model *m = &a->model->descriptor;
    a->values = a->session->arguments.stream ? (size_t)a->columns : m->input_count;
    a->window = lstmc_alloc(a->values * sizeof *a->window);
    a->said = lstmc_alloc(m->output_count * sizeof *a->said);
    a->x = lstmc_alloc(m->input_count * sizeof *a->x);
    a->y = lstmc_alloc((size_t)m->batch * (size_t)m->shards * m->output_count * sizeof *a->y);
    if (!a->window || !a->said || !a->x || !a->y)
        return false;
    return !a->session->loaded.model || instance_open(&a->instance, a->session) == LSTMC_OK;
}

Ahead *ahead_open(Session *session, PredictInput *input, const struct lstmc_meaning *meaning, int rows)
{
    Ahead *a = arena_alloc(session->arena, sizeof *a);
    *a = (Ahead){ .session = session, .model = description_model(session->description), .meaning = meaning,
                  .input = input, .rows = rows };
    describe_rows(a);
    if (allocate(a))
        return a;
    lstmc_fail_memory(&session->message, "forecasts");
    ahead_close(a);
    return NULL;
}

void ahead_close(Ahead *a)
{
    if (!a)
        return;
    lstmc_free(a->window);
    lstmc_free(a->said);
    lstmc_free(a->x);
    lstmc_free(a->y);
    instance_close(&a->instance);
}

int ahead_columns(const Ahead *a)
{
    return a->columns;
}

const char *ahead_name(const Ahead *a, int column)
{
    return a->name[column];
}

/* ---- row after row ---- */

/* What the model says of the rows behind the window, into a->said, in the unit of the data; [at_once, columns]. Of a
 * model that says something at each step it is what the last one says. */
static void take_answer(Ahead *a, size_t outputs)
{
    size_t count = (size_t)a->at_once * (size_t)a->columns, columns = (size_t)a->columns;
    const double *last = a->window + a->values - columns;
    lstmc_denormalize(a->meaning, a->y + outputs - count, a->said, count);
    for (int c = 0; c < a->columns && a->meaning->is_relative; c++)
        for (int row = 0; row < a->at_once; row++)
            a->said[(size_t)row * columns + (size_t)a->target[c]] += last[c];
}

static void predict_window(Ahead *a)
{
    const struct lstmc_model *generated = a->session->loaded.model;
    const struct lstmc_engine *engine = &a->session->engine;
    if (generated)
        instance_predict(&a->instance, a->x, 0, a->y);
    else
        engine->predict(engine->context, a->x, 1, a->y);
    take_answer(a, a->model->descriptor.output_count);
}

/* The row that was said becomes the last one of the window. */
static void append(Ahead *a, const double *row)
{
    size_t columns = (size_t)a->columns;
    memmove(a->window, a->window + columns, (a->values - columns) * sizeof *a->window);
    for (size_t c = 0; c < columns; c++)
        a->window[a->values - columns + c] = row[a->target[c]];
}

/* The window as the model reads it. */
static int normalize_window(Ahead *a, int row)
{
    size_t place = lstmc_normalize(a->meaning, a->window, a->x, a->values);
    return place == a->values ? LSTMC_OK
                              : FAIL(a->session, "after %d row%s a forecast, %.9g, is beyond the floats that the model "
                                                 "reads", row, row == 1 ? "" : "s", a->window[place]);
}

static int step(Ahead *a, int row)
{
    const struct lstmc_model *m = a->session->loaded.model;
    if (!instance_step(&a->instance, a->x, a->y))
        return FAIL(a->session, "the model does not answer at each step (row %d)", row);
    take_answer(a, step_output_count(m));
    return LSTMC_OK;
}

/* Each row that is said is kept, and read before the next is asked for. */
static int go_on(Ahead *a, double *values)
{
    size_t columns = (size_t)a->columns;
    bool stream = a->session->arguments.stream;
    for (int row = 0; row < a->rows;) {
        int count = a->rows - row < a->at_once ? a->rows - row : a->at_once, status = LSTMC_OK;
        memcpy(values + (size_t)row * columns, a->said, (size_t)count * columns * sizeof *values);
        row += count;
        for (int i = 0; i < count && row < a->rows && !status; i++) {
            append(a, values + ((size_t)(row - count + i)) * columns);
            if (stream)
                status = normalize_window(a, row);
            if (stream && !status)
                status = step(a, row);
        }
        if (!status && !stream && row < a->rows) {
            status = normalize_window(a, row);
            predict_window(a);
        }
        if (status)
            return status;
    }
    return 1;
}

/* The next sample, or of a table the last one. */
static int read_window(Ahead *a)
{
    int status = predict_input_next(a->input, a->x, 1), last = status;
    if (status > 0)
        predict_input_raw(a->input, a->x, a->window);
    while (status > 0 && predict_input_is_table(a->input) && (last = predict_input_next(a->input, a->x, 1)) > 0)
        predict_input_raw(a->input, a->x, a->window);
    return last < 0 ? last : status;
}

static int read_steps(Ahead *a)
{
    int status, read = 0;
    instance_reset(&a->instance);
    while ((status = predict_input_step(a->input, a->x, a->columns)) > 0) {
        predict_input_raw(a->input, a->x, a->window);
        if ((status = step(a, ++read)) != LSTMC_OK)
            return status;
    }
    return status < 0 ? status : read > 0;
}

int ahead_next(Ahead *a, double *values)
{
    bool stream = a->session->arguments.stream;
    int status = stream ? read_steps(a) : read_window(a);
    if (status <= 0)
        return status;
    if (!stream)
        predict_window(a);
    return go_on(a, values);
}
