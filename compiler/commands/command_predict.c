/* command_predict.c: lstmc predict: what a trained model says of arrays, tables, texts or numbers. */
#include "compiler/ship/answer.h"
#include "compiler/front/horizons.h"
#include "compiler/base/out.h"
#include "compiler/base/ownership.h"
#include "predict_ahead.h"
#include "predict_labels.h"
#include "predict_said.h"
#include "compiler/session/speaker.h"
#include "compiler/base/streams.h"

#include "runtime/files/replace.h"

#include "runtime/data/dataset.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What is printed, and where. */
typedef struct Predictor {
    Session *session;
    const Model *model;
    const struct lstmc_meaning *meaning;
    PredictInput *input;
    Ahead *ahead;                       /* forecasts that are read again; NULL: none */
    LabelReader *labels;                /* NULL: the output is no labels, or not to be read as that */
    size_t outputs, steps;              /* of one step, or of one place of it; those of a sample, or of a step alone */
    float *y;                           /* one batch */
    double *values;                     /* of a sample, in the unit of the data */
    size_t samples;                     /* done */
    double *all; size_t capacity;       /* of an array that is written at the end */
    FILE *to;                           /* standard output, or a text that is written at the end */
    char *text; size_t length;
} Predictor;

typedef enum Form { FORM_TEXT, FORM_CSV, FORM_NPY } Form;

static Form form_of(const char *path)
{
    size_t length = path ? strlen(path) : 0;
    return length > 4 && !strcmp(path + length - 4, ".npy")   ? FORM_NPY
           : length > 4 && !strcmp(path + length - 4, ".csv") ? FORM_CSV
                                                              : FORM_TEXT;
}

/* ---- units ---- */

/* Into the unit of the data; relative forecasts onto what they are relative to. Probabilities have none. */
static void denormalize(Predictor *p, size_t sample, const float *y)
{
    size_t count = p->outputs * p->steps;
    int base_count;
    const double *base = predict_input_base(p->input, sample, &base_count);
    static const struct lstmc_meaning none;
    lstmc_denormalize(answer_of(p->model) == ANSWER_VALUES ? p->meaning : &none, y, p->values, count);
    for (size_t i = 0; base && i < count; i++)
        p->values[i] += base[i % (size_t)base_count];
}

static int digits(const Predictor *p, size_t column, int least)
{
    return digits_of(p->values[column],
                     answer_of(p->model) == ANSWER_VALUES ? unit_of_target(p->meaning, column, p->outputs) : 0, least);
}

/* ---- lines of text ---- */

/* The end of a line would end the line. */
static const char *class_name(const Predictor *p, int class)
{
    if (class == lstmc_blank(&p->model->descriptor))
        return "(blank)";
    const struct lstmc_names *labels = &p->meaning->labels;
    return class >= labels->count                ? arena_format(p->session->arena, "%d", class)
           : !strcmp(labels->text[class], "\n") ? "\\n"
                                                 : labels->text[class];
}

static int best_of(const Predictor *p, const float *y)
{
    int best = 0;
    for (size_t i = 1; i < p->outputs; i++)
        if (y[i] > y[best])
            best = (int)i;
    return answer_of(p->model) == ANSWER_BINARY ? y[0] > 0.5f : best;
}

static void print_step(Predictor *p, const float *y, size_t step)
{
    int best = answer_of(p->model) == ANSWER_VALUES ? 0 : best_of(p, y);
    switch (answer_of(p->model)) {
    case ANSWER_VALUES:
        for (size_t i = step * p->outputs; i < (step + 1) * p->outputs; i++)
            fprintf(p->to, "%s%.*g", i > step * p->outputs ? " " : "", digits(p, i, 6), p->values[i]);
        fprintf(p->to, "\n");
        break;
    case ANSWER_CLASS:
    case ANSWER_LABELS:
        fprintf(p->to, "%s %.6g\n", class_name(p, best), (double)y[best]);
        break;
    case ANSWER_BINARY:
        fprintf(p->to, "%s %.6g\n", class_name(p, best), (double)(best ? y[0] : 1.0f - y[0]));
        break;
    }
}

/* A predicted text: the most probable token of each step, but for padding. */
static void print_joined(Predictor *p, const float *y)
{
    bool words = p->meaning->target_unit != LSTMC_BYTES && p->meaning->target_unit != LSTMC_CHARACTERS, any = false;
    for (size_t step = 0; step < p->steps; step++) {
        const char *token = class_name(p, best_of(p, y + step * p->outputs));
        if (!*token)
            continue;
        fprintf(p->to, "%s%s", any && words ? " " : "", token);
        any = true;
    }
    fprintf(p->to, "\n");
}

static void print_sample(Predictor *p, const float *y)
{
    if (p->session->arguments.join) {
        print_joined(p, y);
        return;
    }
    if (p->steps > 1 && p->samples)
        fprintf(p->to, "\n");
    for (size_t step = 0; step < p->steps; step++)
        print_step(p, y + step * p->outputs, step);
}

/* ---- tables and arrays ---- */

/* Of a column for one time step: "CLOSE 3", or "CLOSE +12" where the steps are horizons. */
static void print_step_number(const Predictor *p, size_t step)
{
    if (p->ahead)
        fprintf(p->to, " +%zu", step + 1);
    else if (horizons_count(p->model) == (int)p->steps)
        fprintf(p->to, " +%d", horizons_ahead(p->model, (int)step));
    else
        fprintf(p->to, " %zu", step + 1);
}

/* "kind 2" */
static void print_output_heading(Predictor *p)
{
    const struct lstmc_model *m = &p->model->descriptor;
    for (int k = 0; k < m->output_arrays; k++)
        for (size_t i = 0; i < m->outputs[k].count; i++) {
            fprintf(p->to, "%s\"%s", k + i ? "," : "", m->outputs[k].name);
            if (m->outputs[k].count > 1)
                fprintf(p->to, " %zu", i + 1);
            fprintf(p->to, "\"");
        }
    fprintf(p->to, "\n");
}

static void print_heading(Predictor *p)
{
    if (p->model->descriptor.outputs) {
        print_output_heading(p);
        return;
    }
    const struct lstmc_names *targets = &p->meaning->targets, *labels = &p->meaning->labels;
    bool joined = p->session->arguments.join;
    int base_count;
    const char *change = p->meaning->is_relative && !predict_input_base(p->input, 0, &base_count) ? "change of " : "";
    if (joined)
        fprintf(p->to, "text\n");
    for (size_t i = 0; !joined && i < p->outputs * p->steps; i++) {
        size_t of_step = i % p->outputs;
        const char *name = p->ahead && ahead_name(p->ahead, (int)of_step) ? ahead_name(p->ahead, (int)of_step)
                           : p->outputs == (size_t)labels->count ? class_name(p, (int)of_step)
                           : of_step < (size_t)targets->count    ? targets->text[of_step]
                                                                 : "y";
        fprintf(p->to, "%s\"%s", i ? "," : "", change);
        for (const char *c = name; *c; c++)
            fputs(*c == '"' ? "\"\"" : (char[]){ *c, 0 }, p->to);
        bool only_steps = p->steps > 1 && p->outputs == 1;      /* y1, y2: steps; y1 1, y2 1, y1 2: outputs of steps */
        if (!strcmp(name, "y"))
            fprintf(p->to, "%zu", only_steps ? i + 1 : of_step + 1);
        if (p->steps > 1 && !(only_steps && !strcmp(name, "y")))
            print_step_number(p, i / p->outputs);
        fprintf(p->to, "\"%s", i + 1 == p->outputs * p->steps ? "\n" : "");
    }
}

static void print_row(Predictor *p, const float *y)
{
    if (p->session->arguments.join) {
        print_joined(p, y);
        return;
    }
    for (size_t i = 0; i < p->outputs * p->steps; i++)
        fprintf(p->to, "%s%.*g", i ? "," : "", digits(p, i, 9), p->values[i]);
    fprintf(p->to, "\n");
}

static bool keep(Predictor *p)
{
    size_t count = p->outputs * p->steps;
    if ((p->samples + 1) * count > p->capacity) {
        size_t wider = p->capacity ? 2 * p->capacity : 1024 * count;
        double *moved = realloc(p->all, wider * sizeof *moved);
        if (!moved)
            return false;
        p->all = moved;
        p->capacity = wider;
    }
    memcpy(p->all + p->samples * count, p->values, count * sizeof *p->values);
    return true;
}

/* "y.npy" of the output "kind": "y.kind.npy". */
static const char *path_of_output(Arena *arena, const char *path, const char *output)
{
    return arena_format(arena, "%.*s.%s.npy", (int)(strlen(path) - strlen(".npy")), path, output);
}

/* A file for each of several outputs. */
static int write_outputs(Predictor *p, const char *path)
{
    const struct lstmc_model *m = &p->model->descriptor;
    int status = LSTMC_OK;
    for (int k = 0; k < m->output_arrays && !status; k++) {
        const struct lstmc_array *output = &m->outputs[k];
        size_t shape[LSTMC_RANK_MAX + 1] = { p->samples };
        float *values = lstmc_alloc(p->samples * output->count * sizeof *values + 1);
        for (int i = 0; i < output->rank; i++)
            shape[i + 1] = (size_t)output->shape[i];
        for (size_t i = 0; values && i < p->samples * output->count; i++)
            values[i] = (float)p->all[i / output->count * m->output_count + output->offset + i % output->count];
        status = values ? lstmc_npy_write(path_of_output(p->session->arena, path, output->name), values,
                                          output->rank + 1, shape, &p->session->message)
                        : LSTMC_NO_MEMORY;
        lstmc_free(values);
    }
    return status;
}

/* As float32; as float64 where that would lose what tells the numbers apart. */
static int write_array(Predictor *p, const char *path)
{
    const struct lstmc_model *m = &p->model->descriptor;
    size_t shape[LSTMC_RANK_MAX + 1] = { p->samples }, per_sample = p->outputs * p->steps,
                                  count = p->samples * per_sample;
    bool holds = true;
    int rank = p->ahead ? 2 : m->output_rank;
    shape[1] = p->steps;
    shape[2] = p->outputs;
    for (int i = 0; i < m->output_rank && !p->ahead; i++)
        shape[i + 1] = (size_t)m->output_shape[i];
    for (size_t i = 0; i < count && holds; i++) {
        double unit = unit_of_target(p->meaning, i, p->outputs);
        holds = unit == 0 || lstmc_float_holds(fabs(p->all[i]), unit);
    }
    if (!holds)
        return lstmc_npy_write_double(path, p->all, rank + 1, shape, &p->session->message);
    float *single = lstmc_alloc(count * sizeof *single + 1);
    for (size_t i = 0; single && i < count; i++)
        single[i] = (float)p->all[i];
    int status = single ? lstmc_npy_write(path, single, rank + 1, shape, &p->session->message)
                        : LSTMC_NO_MEMORY;
    lstmc_free(single);
    return status;
}

/* ---- all samples, or step by step ---- */

static size_t scratch_stride(const struct lstmc_model *m)
{
    return (m->scratch_bytes + 64) / 64 * 64;
}

/* Samples one by one, on all threads: by M_predict, as a program does that has been shipped, and so with its last
 * digits. */
typedef struct Batch {
    const struct lstmc_model *model;
    void *packed;
    char *scratch;                      /* of each sample */
    const char *x;
    const int32_t *lengths;             /* NULL: all steps of all samples count */
    float *y;
} Batch;

static void predict_one(void *context, int sample)
{
    const Batch *batch = context;
    const struct lstmc_model *m = batch->model;
    void *scratch = batch->scratch + (size_t)sample * scratch_stride(m);
    const void *x = batch->x + (size_t)sample * m->input_count * 4;
    float *y = batch->y + (size_t)sample * m->output_count;
    if (batch->lengths)
        m->predict_lengths(batch->packed, scratch, x, batch->lengths + sample, y);
    else
        m->predict(batch->packed, scratch, x, y);
}

/* The interpreter has batches alone, and states go on from batch to batch. */
static int open_batch(Predictor *p, Batch *batch, int rows)
{
    const struct lstmc_model *m = session_stateful(p->model) ? NULL : p->session->loaded.model;
    *batch = (Batch){ .model = m, .y = p->y, .lengths = predict_input_lengths(p->input),
                      .x = lstmc_alloc((size_t)rows * p->model->descriptor.input_count * 4) };
    if (m) {
        batch->packed = lstmc_alloc(m->packed_bytes + 1);
        batch->scratch = lstmc_alloc((size_t)rows * scratch_stride(m));
    }
    if (!batch->x || (m && (!batch->packed || !batch->scratch)))
        return LSTMC_NO_MEMORY;
    if (m)
        m->prepare(batch->packed, p->session->weights);
    return LSTMC_OK;
}

static void predict_batch(Predictor *p, Batch *batch, int count)
{
    struct lstmc_engine *engine = &p->session->engine;
    if (batch->model)
        engine->run(engine->context, count, predict_one, batch);
    else {
        if (engine->lengths)
            engine->lengths(engine->context, batch->lengths);
        engine->predict(engine->context, batch->x, count, batch->y);
    }
}

static void close_batch(Batch *batch)
{
    lstmc_free((void *)batch->x);
    lstmc_free(batch->packed);
    lstmc_free(batch->scratch);
}

/* What cannot be written is no reason to go on; main says it of standard output. */
static int flush(const Predictor *p)
{
    if (p->to == stdout)
        return streams_flush() ? LSTMC_IO : LSTMC_OK;
    return fflush(p->to) ? LSTMC_NO_MEMORY : LSTMC_OK;
}

static int print_samples(Predictor *p, Form form, int count)
{
    const int32_t *lengths = predict_input_lengths(p->input);
    int status = LSTMC_OK;
    for (int b = 0; b < count && !status; b++, p->samples++) {
        float *y = p->y + (size_t)b * p->model->descriptor.output_count;
        denormalize(p, p->samples, y);
        if (p->labels)
            status = label_reader_print(p->labels, y, lengths ? lengths[b] : -1, p->to, &p->session->message);
        else if (form == FORM_CSV)
            print_row(p, y);
        else if (form == FORM_TEXT)
            print_sample(p, y);
        else if (!keep(p))
            return LSTMC_NO_MEMORY;
    }
    return status ? status : flush(p);
}

static int flush_all(void *context)
{
    return flush(context);
}

static int predict_samples(Predictor *p, Form form)
{
    int rows = p->model->descriptor.batch * p->model->descriptor.shards, count;
    Batch batch;
    int status = open_batch(p, &batch, rows);
    if (!status && form == FORM_CSV)
        print_heading(p);
    while (!status && (count = predict_input_next(p->input, (void *)batch.x, rows)) != 0) {
        if (count < 0) {
            status = count;
            break;
        }
        predict_batch(p, &batch, count);
        status = print_samples(p, form, count);
    }
    close_batch(&batch);
    return status;
}

/* Rows behind each sample, or behind all steps that have come in. */
static int predict_ahead(Predictor *p, Form form)
{
    int status;
    p->outputs = (size_t)ahead_columns(p->ahead);
    p->steps = (size_t)p->session->arguments.steps;
    lstmc_free(p->values);
    p->values = lstmc_alloc(p->outputs * p->steps * sizeof *p->values);
    if (!p->values)
        return LSTMC_NO_MEMORY;
    if (form == FORM_CSV)
        print_heading(p);
    while ((status = ahead_next(p->ahead, p->values)) > 0) {
        if (form == FORM_CSV)
            print_row(p, NULL);
        else if (form == FORM_TEXT)
            print_sample(p, NULL);
        else if (!keep(p))
            return LSTMC_NO_MEMORY;
        p->samples++;
        if ((status = flush(p)) != 0)
            break;
    }
    return status;
}

/* Each time step as it comes in, and what the network says then. */
static int predict_stream(Predictor *p)
{
    Session *s = p->session;
    const struct lstmc_model *m = s->loaded.model;
    int inputs = (int)step_input_count(m), status;
    void *packed = lstmc_alloc(m->packed_bytes + 1), *state = lstmc_alloc(m->state_bytes + 1),
         *x = lstmc_alloc((size_t)inputs * 4);
    if (!packed || !state || !x) {
        status = LSTMC_NO_MEMORY;
    } else {
        m->prepare(packed, s->weights);
        m->reset(packed, state);
        p->steps = step_output_count(m) / p->outputs;
        while ((status = predict_input_step(p->input, x, inputs)) > 0) {
            if (!m->step(packed, state, x, p->y))
                continue;
            denormalize(p, 0, p->y);
            print_sample(p, p->y);
            p->samples++;
            if ((status = flush(p)) != 0)
                break;
        }
    }
    lstmc_free(packed);
    lstmc_free(state);
    lstmc_free(x);
    return status;
}

static const char *no_stream(const Predictor *p, Form form)
{
    const Session *s = p->session;
    const struct lstmc_model *m = &p->model->descriptor;
    if (s->arguments.interpreted)
        return "--interpreted computes whole samples";
    if (form != FORM_TEXT)
        return "its output is text";
    if (s->arguments.join)
        return "--join prints whole samples";
    if (p->meaning->unit != LSTMC_NO_TEXT)
        return "texts are read line by line";
    if (p->meaning->is_relative)
        return "differences from the last row of a window have no steps";
    if (!m->input_is_tokens && !steps_have_all_columns(p->meaning, step_input_count(m)))
        return "a step has not all the columns that were scaled";
    return lower_no_streaming(s->arena, s->description);
}

static int check_ahead(Predictor *p)
{
    Session *s = p->session;
    const char *why = ahead_obstacle(s, p->meaning);
    if (why)
        snprintf(s->message.text, sizeof s->message.text, "--steps: %s", why);
    return why ? LSTMC_MISMATCH : LSTMC_OK;
}

static int check_stream(Predictor *p, Form form)
{
    Session *s = p->session;
    const char *why = no_stream(p, form);
    if (why)
        snprintf(s->message.text, sizeof s->message.text, "--stream: %s", why);
    return why ? LSTMC_MISMATCH : LSTMC_OK;
}

static int check_search(Predictor *p, Form form)
{
    Session *s = p->session;
    const char *why = search_refused(p->model, &s->arguments, form == FORM_TEXT);
    if (why)
        snprintf(s->message.text, sizeof s->message.text, "%s", why);
    return why ? LSTMC_MISMATCH : LSTMC_OK;
}

static int write_output(Predictor *p, Form form)
{
    Session *s = p->session;
    const char *path = s->arguments.out;
    if (!path)
        return 0;
    if (form == FORM_NPY)
        return p->model->descriptor.outputs ? write_outputs(p, path) : write_array(p, path);
    if (flush(p))
        return LSTMC_NO_MEMORY;
    int error = write_files(&(FileText){ path, p->text, p->length }, 1, &path);
    if (error)
        snprintf(s->message.text, sizeof s->message.text, "%.200s: cannot be written: %s", path,
                 lstmc_write_reason(error));
    return error ? LSTMC_IO : 0;
}

static int predict(Predictor *p)
{
    Session *s = p->session;
    const struct lstmc_model *m = &p->model->descriptor;
    const char *weights = session_file(s, s->arguments.weights, ".safetensors");
    Form form = form_of(s->arguments.out);
    int status = session_read_weights(s, weights);
    if (!status)
        status = check_search(p, form);
    if (!status && s->arguments.stream)
        status = check_stream(p, form);
    if (!status && s->arguments.steps)
        status = check_ahead(p);
    if (!status && !(p->input = predict_input_open(s, p->meaning, s->arguments.input)))
        status = LSTMC_BAD_FILE;
    bool goes_on = session_stateful(p->model) != LSTMC_STATELESS && !s->arguments.stream;
    s->arguments.compile.inference = !goes_on;          /* states go on in tapes */
    if (!status && s->arguments.out && !(m->outputs && form == FORM_NPY))
        status = file_claim(s->arguments.out, FILE_ANY, true, &s->message);
    for (int k = 0; !status && s->arguments.out && form == FORM_NPY && k < m->output_arrays; k++)
        status = file_claim(path_of_output(s->arena, s->arguments.out, m->outputs[k].name), FILE_ANY, true,
                            &s->message);
    if (!status)
        status = session_prepare(s, weights, false);
    if (status)
        return status;
    p->outputs = outputs_of_step(m);
    p->steps = m->output_count / p->outputs;
    p->y = lstmc_alloc((size_t)m->batch * (size_t)m->shards * m->output_count * sizeof *p->y);
    p->values = lstmc_alloc(m->output_count * sizeof *p->values);
    p->to = s->arguments.out ? open_memstream(&p->text, &p->length) : stdout;
    bool reads_labels = labels_are_read(p->model, &s->arguments, form == FORM_TEXT);
    if (reads_labels)
        p->labels = label_reader_open(p->model, p->meaning, s->arguments.beam);
    if (!p->y || !p->values || !p->to || (reads_labels && !p->labels))
        return LSTMC_NO_MEMORY;
    s->engine.prepare(s->engine.context, s->weights);
    if (goes_on && !s->engine.carry) {
        snprintf(s->message.text, sizeof s->message.text,
                 "states go on from batch to batch in what trains, and without a loss nothing does: --stream");
        return LSTMC_MISMATCH;
    }
    if (goes_on)
        s->engine.carry(s->engine.context, LSTMC_CARRY_FRESH);
    if (s->arguments.steps && !(p->ahead = ahead_open(s, p->input, p->meaning, s->arguments.steps)))
        return LSTMC_NO_MEMORY;
    bool says = said_is_wanted(p->model, &s->arguments, form == FORM_TEXT);
    status = p->ahead              ? predict_ahead(p, form)
             : s->arguments.stream ? predict_stream(p)
             : says                ? predict_said(s, p->input, p->meaning, p->to, flush_all, p)
                                   : predict_samples(p, form);
    return status ? status : write_output(p, form);
}

int command_predict(const Arguments *arguments)
{
    Session s;
    session_open(&s, arguments);
    Predictor p = { .session = &s, .meaning = &s.meaning };
    int status = 1;
    if (s.description) {
        p.model = description_model(s.description);
        status = predict(&p);
    }
    ahead_close(p.ahead);
    predict_input_close(p.input);
    label_reader_close(p.labels);
    lstmc_free(p.y);
    lstmc_free(p.values);
    free(p.all);
    if (p.to && p.to != stdout)
        fclose(p.to);
    free(p.text);
    return session_close(&s, status);
}
