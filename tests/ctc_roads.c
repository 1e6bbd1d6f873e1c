/* ctc_roads.c: in: logits, labels and what these are to cost.  out: the same from the interpreter, the statements one by one, and the generated C. */
#include "ctc_roads.h"

#include "published_product.h"

#include "compiler/oracle/evaluate.h"
#include "runtime/interpreter/interpreter.h"

#include <criterion/criterion.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int ctc_blank(const CtcProblem *problem)
{
    return problem->blank_is_last ? problem->classes - 1 : 0;
}

CtcProblem ctc_problem(const char *name, int samples, int steps, int classes, int most_labels, bool blank_is_last)
{
    size_t count = (size_t)samples * (size_t)steps * (size_t)classes, labels = (size_t)samples * (size_t)most_labels;
    CtcProblem p = { .samples = samples, .steps = steps, .classes = classes, .most_labels = most_labels, .blank_is_last = blank_is_last,
                     .logits = published_allocate(count, sizeof(float)), .labels = published_allocate(labels, sizeof(int32_t)),
                     .lengths = published_allocate((size_t)samples, sizeof(int32_t)),
                     .losses = published_allocate((size_t)samples, sizeof(double)), .d_logits = published_allocate(count, sizeof(double)) };
    snprintf(p.name, sizeof p.name, "%s", name);
    for (size_t i = 0; i < labels; i++)
        p.labels[i] = ctc_blank(&p);
    for (int i = 0; i < samples; i++)
        p.lengths[i] = steps;
    return p;
}

void ctc_problem_free(CtcProblem *problem)
{
    free(problem->logits);
    free(problem->labels);
    free(problem->lengths);
    free(problem->losses);
    free(problem->d_logits);
}

/* ---- files ---- */

static int extent_of(const json_t *array, size_t axis)
{
    return (int)json_integer_value(json_array_get(json_object_get(array, "shape"), axis));
}

static void take_labels(const json_t *lists, CtcProblem *p)
{
    size_t row, n;
    json_t *list, *label;
    json_array_foreach(lists, row, list)
        json_array_foreach(list, n, label)
            p->labels[row * (size_t)p->most_labels + n] = (int32_t)json_integer_value(label);
}

int ctc_published(const char *name, CtcProblem *problem, char why[PUBLISHED_WHY])
{
    char path[200];
    json_error_t error;
    snprintf(path, sizeof path, "%s/graph-vectors/%s", PUBLISHED_DATA, name);
    json_t *file = json_load_file(path, 0, &error), *logits = json_object_get(file, "logits"), *number, *list;
    if (!file) {
        snprintf(why, PUBLISHED_WHY, "%s: %.300s", path, error.text);
        return -1;
    }
    size_t i, most = 1;
    json_array_foreach(json_object_get(file, "labels"), i, list)
        most = json_array_size(list) > most ? json_array_size(list) : most;
    /* one more than needed: what fills up is there */
    *problem = ctc_problem(json_string_value(json_object_get(file, "name")), extent_of(logits, 0), extent_of(logits, 1), extent_of(logits, 2),
                           (int)most + 1, json_integer_value(json_object_get(file, "blank")) != 0);
    take_labels(json_object_get(file, "labels"), problem);
    json_array_foreach(json_object_get(logits, "data"), i, number)
        problem->logits[i] = (float)json_number_value(number);
    json_array_foreach(json_object_get(file, "input_lengths"), i, number)
        problem->lengths[i] = (int32_t)json_integer_value(number);
    json_array_foreach(json_object_get(json_object_get(file, "losses"), "data"), i, number)
        problem->losses[i] = json_number_value(number);
    json_array_foreach(json_object_get(json_object_get(file, "d_logits"), "data"), i, number)
        problem->d_logits[i] = json_number_value(number);
    json_decref(file);
    return 0;
}

/* ---- roads ---- */

typedef struct Results {
    double *losses, *d_logits;
} Results;

static size_t logit_count(const CtcProblem *p)
{
    return (size_t)p->samples * (size_t)p->steps * (size_t)p->classes;
}

/* Losses one by one, the other samples having the weight 0; then all. */
static double weight_of(int asked, int sample)
{
    return asked < 0 || asked == sample;
}

#define RUN_INTERPRETED(type)                                                                                            \
    static void run_##type(const CtcProblem *p, const Model *model, const float *kernel, Results *r)                    \
    {                                                                                                                    \
        struct lstmc_message message = { .text = "" };                                                                  \
        Interpreter_##type *it = interpreter_create_##type(model, p->samples, NULL, &message);                         \
        cr_assert_not_null(it, "%s", message.text);                                                                      \
        size_t weights = model->descriptor.weight_count;                                                                 \
        type *x = published_allocate(logit_count(p), sizeof *x), *d_x = published_allocate(logit_count(p), sizeof *x);  \
        type *w = published_allocate(weights, sizeof *w), *d_w = published_allocate(weights, sizeof *w);                \
        type *sample_weight = published_allocate((size_t)p->samples, sizeof *w);                                        \
        for (size_t i = 0; i < logit_count(p); i++)                                                                      \
            x[i] = (type)p->logits[i];                                                                                   \
        for (size_t i = 0; i < weights; i++)                                                                             \
            w[i] = (type)kernel[i];                                                                                      \
        interpreter_lengths_##type(it, p->lengths);                                                                      \
        interpreter_forward_##type(it, w, x, p->samples, 0, 0);                                                          \
        for (int asked = p->samples - 1; asked >= -1; asked--) {                                                         \
            for (int s = 0; s < p->samples; s++)                                                                         \
                sample_weight[s] = (type)weight_of(asked, s);                                                            \
            type loss = interpreter_loss_##type(it, p->labels, sample_weight, 1);                                        \
            if (asked >= 0)                                                                                              \
                r->losses[asked] = (double)loss;                                                                         \
        }                                                                                                                \
        interpreter_backward_##type(it, d_w, d_x);                                                                       \
        for (size_t i = 0; i < logit_count(p); i++)                                                                      \
            r->d_logits[i] = (double)d_x[i];                                                                             \
        interpreter_free_##type(it);                                                                                     \
        free(x), free(d_x), free(w), free(d_w), free(sample_weight);                                                     \
    }
RUN_INTERPRETED(double)
RUN_INTERPRETED(float)

static void run_evaluator(const CtcProblem *p, const Ir *ir, const float *kernel, Results *r)
{
    Memory *memory = memory_create(ir, false);
    for (int i = 0; i < ir->tensor_count; i++)
        for (size_t n = 0; ir->tensors[i]->role == ROLE_WEIGHT && n < ir->tensors[i]->weight->count; n++)
            memory_of(memory, ir->tensors[i])[n] = kernel[ir->tensors[i]->weight->offset + n];
    for (size_t i = 0; i < logit_count(p); i++)
        memory_of(memory, ir->inputs[0])[i] = p->logits[i];
    for (int i = 0; i < p->samples; i++)
        memory_of(memory, ir->lengths)[i] = p->lengths[i];
    for (int i = 0; i < p->samples * p->most_labels; i++)
        memory_of(memory, ir->target)[i] = p->labels[i];
    *memory_of(memory, ir->scale) = 1;
    evaluate_section(memory, SECTION_RESET, p->samples);
    evaluate_section(memory, SECTION_FORWARD, p->samples);
    for (int asked = p->samples - 1; asked >= -1; asked--) {
        for (int s = 0; s < p->samples; s++)
            memory_of(memory, ir->sample_weight)[s] = weight_of(asked, s);
        evaluate_section(memory, SECTION_LOSS, p->samples);
        if (asked >= 0)
            r->losses[asked] = *memory_of(memory, ir->loss);
    }
    evaluate_section(memory, SECTION_BACKWARD, p->samples);
    memcpy(r->d_logits, memory_of(memory, ir->inputs[0]->adjoint), logit_count(p) * sizeof(double));
    memory_free(memory);
}

static void run_generated(const CtcProblem *p, const struct lstmc_model *model, const float *kernel, Results *r)
{
    char *training = lstmc_alloc(model->training_bytes + 64), *tape = lstmc_alloc(model->tape_bytes + 64);
    float *sums = lstmc_alloc(model->weight_count * sizeof(float) + 64), *sample_weight = lstmc_alloc((size_t)p->samples * sizeof(float) + 64);
    const float *d_input = NULL;
    cr_assert(training && tape && sums && sample_weight);
    memset(tape, 0xff, model->tape_bytes);      /* not a number, whatever was there before */
    memset(sums, 0, model->weight_count * sizeof(float));
    model->prepare_training(training, kernel);
    model->reset_tape(training, tape);
    model->forward_lengths(training, tape, p->logits, p->lengths, p->samples, 0);
    for (int asked = p->samples - 1; asked >= -1; asked--) {
        for (int s = 0; s < p->samples; s++)
            sample_weight[s] = (float)weight_of(asked, s);
        float loss = model->loss_function(tape, p->labels, sample_weight, 1);
        if (asked >= 0)
            r->losses[asked] = (double)loss;
    }
    model->backward(training, tape, sums);
    for (int i = 0; i < model->tape_tensor_count; i++)
        if (!strcmp(model->tape_tensors[i].name, "d_input"))
            d_input = (const float *)tape + model->tape_tensors[i].offset;
    cr_assert_not_null(d_input);
    for (size_t i = 0; i < logit_count(p); i++)
        r->d_logits[i] = (double)d_input[i];
    lstmc_free(training), lstmc_free(tape), lstmc_free(sums), lstmc_free(sample_weight);
}

/* ---- all of them ---- */

static void expect_near(const CtcProblem *p, const char *road, const Results *r, double tolerance)
{
    double losses = published_deviation(r->losses, p->losses, (size_t)p->samples), gradients = published_deviation(r->d_logits, p->d_logits, logit_count(p));
    cr_log_info("ctc %s, %s: losses %.2g, gradients %.2g", p->name, road, losses, gradients);
    cr_expect(losses <= tolerance && gradients <= tolerance, "%s, %s: losses deviate by %g, gradients by %g, tolerance %g; first loss %.9g, expected %.9g",
              p->name, road, losses, gradients, tolerance, r->losses[0], p->losses[0]);
}

/* A layer that hands the logits on, so that there is something to learn. */
static struct published_case network(const CtcProblem *p)
{
    static double has_d_input;
    struct published_case one = { .d_input = &has_d_input };
    snprintf(one.name, sizeof one.name, "ctc");
    published_add_line(&one, "return Sequential{ name = \"ctc\", batch_size = %d, shards = 1, Input{%d, %d, lengths = true},", p->samples, p->steps, p->classes);
    published_add_line(&one, "  Dense{%d, use_bias = false}, loss = CTC{labels = %d, blank = %s} }", p->classes, p->most_labels,
                       p->blank_is_last ? "\"last\"" : "0");
    return one;
}

void expect_ctc(const CtcProblem *p, unsigned targets)
{
    static char why[PUBLISHED_WHY];
    const struct published_case one = network(p);
    Results r = { published_allocate((size_t)p->samples, sizeof(double)), published_allocate(logit_count(p), sizeof(double)) };
    float *kernel = published_allocate((size_t)(p->classes * p->classes), sizeof *kernel);
    bool first = true;
    for (int k = 0; k < p->classes; k++)
        kernel[k * (p->classes + 1)] = 1;
    for (int t = 0; t < ORACLE_TARGETS; t++) {
        struct published_product product;
        if (!(oracle_targets[t].bit & targets))
            continue;
        cr_assert(!published_product_create(&one, oracle_target(&oracle_targets[t]), oracle_compilers[0], &product, why), "%s", why);
        if (first) {
            run_double(p, product.model, kernel, &r);
            expect_near(p, "interpreter double", &r, 1e-8);
            run_float(p, product.model, kernel, &r);
            expect_near(p, "interpreter float", &r, 1e-5);
            run_evaluator(p, product.training, kernel, &r);
            expect_near(p, "evaluator", &r, 1e-8);
            first = false;
        }
        run_generated(p, product.generated, kernel, &r);
        expect_near(p, oracle_targets[t].label, &r, 1e-5);
        published_product_free(&product);
    }
    free(kernel), free(r.losses), free(r.d_logits);
}
