/* predict_output.c: in: what a model says of samples, one after the other.  out: lines of text, a table, or arrays. */
#include "predict_output.h"
#include "compiler/base/out.h"
#include "compiler/base/ownership.h"
#include "compiler/base/streams.h"
#include "compiler/front/horizons.h"
#include "compiler/ship/answer.h"

#include "runtime/data/dataset.h"
#include "runtime/files/replace.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

Form predict_form(const char *path)
{
    size_t length = path ? strlen(path) : 0;
    return length > 4 && !strcmp(path + length - 4, ".npy")   ? FORM_NPY
           : length > 4 && !strcmp(path + length - 4, ".csv") ? FORM_CSV
                                                              : FORM_TEXT;
}

/* ---- units ---- */

void predict_denormalize(Predictor *p, size_t sample, const float *y)
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

void predict_heading(Predictor *p)
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

/* ---- all of it ---- */

int predict_flush(const Predictor *p)
{
    if (p->to == stdout)
        return streams_flush() ? LSTMC_IO : LSTMC_OK;
    return fflush(p->to) ? LSTMC_NO_MEMORY : LSTMC_OK;
}

int predict_write(Predictor *p, Form form)
{
    Session *s = p->session;
    const char *path = s->arguments.out;
    if (!path)
        return 0;
    if (form == FORM_NPY)
        return p->model->descriptor.outputs ? write_outputs(p, path) : write_array(p, path);
    if (predict_flush(p))
        return LSTMC_NO_MEMORY;
    int error = write_files(&(FileText){ path, p->text, p->length }, 1, &path);
    if (error)
        snprintf(s->message.text, sizeof s->message.text, "%.200s: cannot be written: %s", path,
                 lstmc_write_reason(error));
    return error ? LSTMC_IO : 0;
}

int predict_put(Predictor *p, Form form, const float *y)
{
    if (form == FORM_CSV)
        print_row(p, y);
    else if (form == FORM_TEXT)
        print_sample(p, y);
    else if (!keep(p))
        return LSTMC_NO_MEMORY;
    return LSTMC_OK;
}

int predict_claim(Predictor *p, Form form)
{
    Session *s = p->session;
    const struct lstmc_model *m = &p->model->descriptor;
    const char *path = s->arguments.out;
    int status = LSTMC_OK;
    if (path && !(m->outputs && form == FORM_NPY))
        status = file_claim(path, FILE_ANY, true, &s->message);
    for (int k = 0; !status && path && form == FORM_NPY && k < m->output_arrays; k++)
        status = file_claim(path_of_output(s->arena, path, m->outputs[k].name), FILE_ANY, true, &s->message);
    return status;
}
