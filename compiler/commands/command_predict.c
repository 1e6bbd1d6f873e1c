/* command_predict.c: lstmc predict: what a trained model says of arrays, tables, texts or numbers. */
#include "compiler/ship/answer.h"
#include "predict_output.h"
#include "predict_said.h"
#include "compiler/session/instance.h"

#include "runtime/base/message.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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

static int print_samples(Predictor *p, Form form, int count)
{
    const int32_t *lengths = predict_input_lengths(p->input);
    int status = LSTMC_OK;
    for (int b = 0; b < count && !status; b++, p->samples++) {
        float *y = p->y + (size_t)b * p->model->descriptor.output_count;
        predict_denormalize(p, p->samples, y);
        if (p->labels)
            status = label_reader_print(p->labels, y, lengths ? lengths[b] : -1, p->to, &p->session->message);
        else
            status = predict_put(p, form, y);
    }
    return status ? status : predict_flush(p);
}

static int flush_all(void *context)
{
    return predict_flush(context);
}

static int predict_samples(Predictor *p, Form form)
{
    int rows = p->model->descriptor.batch * p->model->descriptor.shards, count;
    Batch batch;
    int status = open_batch(p, &batch, rows);
    if (!status && form == FORM_CSV)
        predict_heading(p);
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
        predict_heading(p);
    while ((status = ahead_next(p->ahead, p->values)) > 0) {
        if ((status = predict_put(p, form, NULL)) != 0)
            break;
        p->samples++;
        if ((status = predict_flush(p)) != 0)
            break;
    }
    return status;
}

/* Each time step as it comes in, and what the network says then. */
static int predict_stream(Predictor *p)
{
    Session *s = p->session;
    const struct lstmc_model *m = s->loaded.model;
    int inputs = (int)step_input_count(m);
    void *x = lstmc_alloc((size_t)inputs * 4);
    Instance instance;
    int status = instance_open(&instance, s);
    if (!x)
        status = LSTMC_NO_MEMORY;
    if (!status) {
        instance_reset(&instance);
        p->steps = step_output_count(m) / p->outputs;
        while ((status = predict_input_step(p->input, x, inputs)) > 0) {
            if (!instance_step(&instance, x, p->y))
                continue;
            predict_denormalize(p, 0, p->y);
            (void)predict_put(p, FORM_TEXT, p->y);
            p->samples++;
            if ((status = predict_flush(p)) != 0)
                break;
        }
    }
    instance_close(&instance);
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

/* LSTMC_MISMATCH with a message if something is in the way. */
static int refused(Session *s, const char *option, const char *why)
{
    return why ? lstmc_fail(&s->message, LSTMC_MISMATCH, "%s%s", option, why) : LSTMC_OK;
}

static int predict(Predictor *p)
{
    Session *s = p->session;
    const struct lstmc_model *m = &p->model->descriptor;
    const char *weights = session_file(s, s->arguments.weights, ".safetensors");
    Form form = predict_form(s->arguments.out);
    int status = session_read_weights(s, weights);
    if (!status)
        status = refused(s, "", search_refused(p->model, &s->arguments, form == FORM_TEXT));
    if (!status && s->arguments.stream)
        status = refused(s, "--stream: ", no_stream(p, form));
    if (!status && s->arguments.steps)
        status = refused(s, "--steps: ", ahead_obstacle(s, p->meaning));
    if (!status && !(p->input = predict_input_open(s, p->meaning, s->arguments.input)))
        status = LSTMC_BAD_FILE;
    bool goes_on = session_stateful(p->model) != LSTMC_STATELESS && !s->arguments.stream;
    s->arguments.compile.inference = !goes_on;          /* states go on in tapes */
    if (!status)
        status = predict_claim(p, form);
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
    return status ? status : predict_write(p, form);
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
