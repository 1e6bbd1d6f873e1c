/* differences.c: central differences of fourth order of the double interpreter's loss, against its backward pass. */
#include "internal.h"

#if !REAL_IS_FLOAT

#include "probe.h"

#include <float.h>
#include <stdio.h>

#define DIRECTIONS 8
#define LARGEST 16
#define RANDOM 16
#define FIRST_STEP 1e-3
#define CLEAR_AGREEMENT 1e-7        /* of the largest derivative: no second look */
#define TINY_STEP 1e-10             /* within which the loss is a line, but for its rounding */
#define MOVES 4                     /* of 8 tiny steps that change the loss: enough to see its rounding */
#define SAFETY 4                    /* times the error that is seen */

/* ---- one derivative ---- */

typedef struct Subject {            /* values that are varied, and their gradient */
    double *values;
    const double *gradient;
    size_t count;
    double largest;                 /* of |gradient| */
} Subject;

/* The loss at values + step * direction; *same_side is cleared if a kink was crossed. */
static double loss_along(Probe *probe, const Subject *subject, double step, bool *same_side)
{
    for (size_t i = 0; i < subject->count; i++)
        subject->values[i] = probe->before[i] + step * probe->direction[i];
    double loss = probe_loss(probe);
    *same_side &= interpreter_kink_sides(probe->it) == probe->sides;
    return loss;
}

/* By how much rounding moves the loss: second differences over steps so small that nothing else is left of them, but
 * large enough for the loss to move. Where its terms cancel, or hardly depend on these values, it may stand still over
 * the smallest steps, although the next ones show that its terms are rounded by far more than the last digit of it. */
static double noise_of_loss(Probe *probe, const Subject *subject)
{
    double noise = DBL_EPSILON * fabs(probe->loss);
    bool same_side = true;
    int moves = 0;
    memcpy(probe->before, subject->values, subject->count * sizeof(double));
    for (double step = TINY_STEP; step < FIRST_STEP && moves < MOVES && same_side; step *= 4) {
        double last[3] = { 0 };
        moves = 0;
        for (int i = -4; i <= 4 && same_side; i++) {
            last[0] = last[1];
            last[1] = last[2];
            last[2] = loss_along(probe, subject, i * step, &same_side);
            moves += i > -4 && last[2] != last[1];
            if (i >= -2 && same_side)
                noise = fmax(noise, fabs(last[0] - 2 * last[1] + last[2]) / 2);
        }
    }
    memcpy(subject->values, probe->before, subject->count * sizeof(double));
    return noise;
}

/* What differences say of a derivative, and how far it may be from that. */
typedef struct Estimate {
    double derivative, error;
} Estimate;

/* Central differences of fourth order; their error is that of rounding alone. False if a kink was crossed, or if so
 * large a step leads to where the loss is no number. */
static bool central_difference(Probe *probe, const Subject *subject, double step, Estimate *estimate)
{
    bool same_side = true;
    double near_sum = loss_along(probe, subject, step, &same_side) - loss_along(probe, subject, -step, &same_side);
    double far_sum = loss_along(probe, subject, 2 * step, &same_side) -
        loss_along(probe, subject, -2 * step, &same_side);
    *estimate = (Estimate){ (8 * near_sum - far_sum) / (12 * step), 18 * probe->noise / (12 * step) };
    return same_side && isfinite(estimate->derivative) && isfinite(estimate->error);
}

/* The derivative along probe->direction by differences alone. If the first step does not settle it, the step decides at
 * which the estimates change least and rounding counts least, never the one that agrees best with `expected`. False if
 * a kink is too near. */
static bool derivative_along(Probe *probe, const Subject *subject, double expected, Estimate *best)
{
    static const double steps[] = { 3.2e-2, 1.6e-2, 8e-3, 4e-3, 2e-3, 1e-3, 5e-4, 2.5e-4, 1.2e-4, 6e-5, 3e-5 };
    Estimate now, last = { NAN, NAN };
    bool found = false;
    memcpy(probe->before, subject->values, subject->count * sizeof(double));
    bool settled = central_difference(probe, subject, FIRST_STEP, best) &&
                   fabs(best->derivative - expected) + best->error <= CLEAR_AGREEMENT * subject->largest;
    for (size_t i = 0; !settled && i < sizeof steps / sizeof *steps; i++) {
        if (!central_difference(probe, subject, steps[i], &now))
            continue;
        double change = fabs(now.derivative - (found ? last.derivative : 0));
        Estimate judged = { now.derivative, now.error + change };
        if (!found || judged.error < best->error)
            *best = judged;
        last = now;
        found = true;
    }
    memcpy(subject->values, probe->before, subject->count * sizeof(double));
    return settled || found;
}

/* ---- one tensor ---- */

/* Of all probes the worst stays: the one whose deviation is the largest part of what is allowed. */
static void compare(Probe *probe, const Subject *subject, long element, struct difference *difference)
{
    double expected = 0;
    Estimate found;
    for (size_t i = 0; i < subject->count; i++)
        expected += subject->gradient[i] * probe->direction[i];
    difference->probes++;
    if (!derivative_along(probe, subject, expected, &found)) {
        difference->skipped++;
        return;
    }
    /* The gradient itself is rounded: of terms near 1 that cancel so much is left. */
    double error = SAFETY * (found.error + DBL_EPSILON), scale = fmax(subject->largest, error);
    double deviation = fabs(found.derivative - expected) / scale, allowed = fmax(DIFFERENCES_PRECISION, error / scale);
    if (deviation / allowed > difference->deviation / difference->allowed || !isfinite(deviation)) {
        difference->deviation = isfinite(deviation) ? deviation : INFINITY;
        difference->allowed = allowed;
        difference->element = element;
        difference->finite_difference = found.derivative;
        difference->derivative = expected;
    }
}

/* A random one, of length 1. */
static void set_direction(Probe *probe, size_t count, int number)
{
    for (size_t i = 0; i < count; i++)
        probe->direction[i] = (probe_signed(probe, STREAM_DIRECTION, number, i) < 0 ? -1 : 1) / sqrt((double)count);
}

static void compare_entry(Probe *probe, const Subject *subject, size_t element, struct difference *difference)
{
    memset(probe->direction, 0, subject->count * sizeof(double));
    probe->direction[element] = 1;
    compare(probe, subject, (long)element, difference);
}

/* The entry with the largest gradient below that of `previous` (ties: the next in order); count if there is none. */
static size_t next_largest(const Subject *subject, size_t previous)
{
    size_t best = subject->count;
    double limit = previous < subject->count ? fabs(subject->gradient[previous]) : INFINITY;
    for (size_t i = 0; i < subject->count; i++) {
        double size = fabs(subject->gradient[i]);
        bool below = size < limit || (size == limit && previous < subject->count && i > previous);
        if (below && (best == subject->count || size > fabs(subject->gradient[best])))
            best = i;
    }
    return best;
}

static void check_subject(Probe *probe, Subject subject, struct difference *difference)
{
    difference->allowed = DIFFERENCES_PRECISION;
    for (size_t i = 0; i < subject.count; i++)
        subject.largest = fmax(subject.largest, fabs(subject.gradient[i]));
    set_direction(probe, subject.count, 0);
    probe->noise = noise_of_loss(probe, &subject);
    for (int d = 0; d < DIRECTIONS; d++) {
        set_direction(probe, subject.count, d);
        compare(probe, &subject, -1, difference);
    }
    if (subject.count <= LARGEST + RANDOM)
        for (size_t i = 0; i < subject.count; i++)
            compare_entry(probe, &subject, i, difference);
    else {
        size_t element = subject.count;
        for (int i = 0; i < LARGEST && (element = next_largest(&subject, element)) < subject.count; i++)
            compare_entry(probe, &subject, element, difference);
        for (size_t i = 0; i < RANDOM; i++)
            compare_entry(probe, &subject, probe_below(probe, STREAM_ENTRY, 0, i, subject.count), difference);
    }
}

/* ---- the whole model ---- */

/* Of the losses that there are: one for each output, or that of the last one. */
static Target target_of(const Model *model, int k)
{
    const struct lstmc_model *descriptor = &model->descriptor;
    const Shape *shape = &model->layers[model->outputs[k]].output;
    Target target = { .outputs = shape_count(shape), .width = 1, .loss = model->loss, .custom = model->loss_is_custom,
                      .count = descriptor->target_count };
    if (shape->rank > 0)
        target.width = (size_t)shape->extent[shape->rank - 1];
    if (model->losses) {
        target.loss = model->losses[k].name;
        target.custom = model->losses[k].is_custom;
        target.count = descriptor->targets[k].count;
    }
    return target;
}

static bool take_targets(Probe *probe)
{
    const Model *model = probe->model;
    probe->targets = calloc((size_t)model->output_count, sizeof *probe->targets);
    probe->target = calloc((size_t)model->output_count, sizeof *probe->target);
    probe->target_count = model->output_count;
    size_t first = 0;
    for (int k = 0; probe->targets && probe->target && k < model->output_count; k++) {
        Target *target = &probe->targets[k];
        *target = target_of(model, k);
        size_t numbers = DIFFERENCES_ROWS * (target->count + target->outputs);
        bool is_class = model->losses ? model->descriptor.targets[k].is_integer : model->descriptor.target_is_class;
        target->values = calloc(numbers, sizeof(double));
        target->classes = is_class ? calloc(numbers, sizeof(int32_t)) : NULL;
        if (!target->values || (is_class && !target->classes))
            return false;
        probe->target[k] = is_class ? (const void *)target->classes : target->values;
        target->first = model->losses ? first : 0;
        first += numbers;
    }
    return probe->targets && probe->target;
}

static bool take_memory(Probe *probe)
{
    const struct lstmc_model *descriptor = &probe->model->descriptor;
    size_t inputs = DIFFERENCES_ROWS * probe->input_count, outputs = DIFFERENCES_ROWS * probe->output_count;
    size_t longest = inputs > descriptor->weight_count ? inputs : descriptor->weight_count;
    probe->weights = calloc(descriptor->weight_count + 1, sizeof(double));
    probe->gradients = calloc(descriptor->gradient_count + 1, sizeof(double));
    probe->sample_weight = calloc(DIFFERENCES_ROWS * lstmc_weights_per_sample(descriptor), sizeof(double));
    probe->input = calloc(inputs, sizeof(double));
    probe->d_input = calloc(inputs, sizeof(double));
    probe->ids = calloc(inputs, sizeof(int32_t));
    probe->x = calloc((size_t)probe->it->input_count, sizeof *probe->x);
    probe->d_x = calloc((size_t)probe->it->input_count, sizeof *probe->d_x);
    probe->d_outputs = calloc((size_t)probe->it->output_count, sizeof *probe->d_outputs);
    probe->coefficient = calloc(outputs, sizeof(double));
    probe->direction = calloc(longest, sizeof(double));
    probe->before = calloc(longest, sizeof(double));
    return probe->weights && probe->gradients && probe->sample_weight && probe->input && probe->d_input &&
           probe->ids && probe->x && probe->d_x && probe->d_outputs &&
           probe->coefficient && probe->direction && probe->before && take_targets(probe);
}

static void place_inputs(Probe *probe)
{
    size_t first = 0;
    for (int k = 0; k < probe->it->input_count; k++) {
        const Value *input = &probe->it->inputs[k];
        probe->x[k] = input->ids ? (const void *)(probe->ids + first) : probe->input + first;
        probe->d_x[k] = input->ids ? NULL : probe->d_input + first;
        first += DIFFERENCES_ROWS * input->count;
    }
}

static void give_back(Probe *probe)
{
    for (int k = 0; probe->targets && k < probe->target_count; k++) {
        free(probe->targets[k].values);
        free(probe->targets[k].classes);
    }
    void *all[] = { probe->sample_weight,
                    probe->weights, probe->gradients, probe->input,       probe->d_input,   probe->ids,
                    probe->targets, probe->target,    probe->coefficient, probe->direction, probe->before,
                    probe->x,       probe->d_x,       probe->d_outputs };
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        free(all[i]);
    interpreter_free(probe->it);
}

/* A tensor whose gradient is produced at all. */
static bool is_trained(const Model *model, const struct lstmc_tensor *tensor)
{
    for (int i = 0; i < model->layer_count; i++)
        for (int w = 0; w < model->layers[i].weight_count; w++)
            if (model->layers[i].weights[w] == tensor)
                return tensor->trainable && model->layers[i].trainable;
    return false;
}

/* Where a gradient is cut, what stands there is not varied. */
static void hold(Probe *probe, bool held)
{
    const struct custom_layers *custom = probe->it->custom;
    probe->it->hold = held;
    if (custom && custom->hold)
        custom->hold(custom->context, held);
}

static int check_all(Probe *probe, struct differences *result)
{
    const struct lstmc_model *descriptor = &probe->model->descriptor;
    result->list = calloc((size_t)descriptor->weight_tensors + (size_t)probe->it->input_count, sizeof *result->list);
    if (!result->list || !take_memory(probe))
        return LSTMC_NO_MEMORY;
    place_inputs(probe);
    if (!probe_draw(probe, result))
        return LSTMC_NOT_FINITE;
    interpreter_backward_all(probe->it, probe->gradients, probe->d_x);
    hold(probe, true);
    for (int w = 0; w < descriptor->weight_tensors; w++) {
        const struct lstmc_tensor *tensor = &descriptor->weights[w];
        if (!is_trained(probe->model, tensor))
            continue;
        struct difference *difference = &result->list[result->count++];
        difference->tensor = tensor->name;
        check_subject(probe,
                      (Subject){ probe->weights + tensor->offset, probe->gradients + tensor->offset, tensor->count, 0 },
                      difference);
    }
    for (int k = 0; k < probe->it->input_count; k++) {
        if (!probe->d_x[k])
            continue;
        struct difference *difference = &result->list[result->count++];
        difference->tensor = k < probe->model->input_count && probe->it->input_count > 1
                                 ? probe->model->layers[probe->model->inputs[k]].name : "input";
        double *values = probe->input + (probe->d_x[k] - probe->d_input);
        check_subject(probe, (Subject){ values, probe->d_x[k], DIFFERENCES_ROWS * probe->it->inputs[k].count, 0 },
                      difference);
    }
    result->good = true;
    for (int i = 0; i < result->count; i++)
        result->good = result->good && result->list[i].deviation <= result->list[i].allowed;
    return LSTMC_OK;
}

int differences_check(const Model *model, const struct custom_layers *custom, uint64_t seed, struct differences *result,
                      struct lstmc_message *message)
{
    *result = (struct differences){ 0 };
    Probe probe = { .model = model, .seed = seed, .it = interpreter_create(model, DIFFERENCES_ROWS, custom, message) };
    if (!probe.it)
        return LSTMC_MISMATCH;
    for (int k = 0; k < probe.it->input_count; k++)
        probe.input_count += probe.it->inputs[k].count;
    for (int k = 0; k < model->output_count; k++)
        probe.output_count += shape_count(&model->layers[model->outputs[k]].output);
    int status = check_all(&probe, result);
    hold(&probe, false);
    if (status != LSTMC_OK && message)
        snprintf(message->text, sizeof message->text, "finite differences of %s: %s", model->descriptor.name,
                 status == LSTMC_NO_MEMORY ? "no memory" : "no draw of random weights had a finite loss");
    if (status != LSTMC_OK)
        differences_free(result);
    give_back(&probe);
    return status;
}

void differences_free(struct differences *result)
{
    free(result->list);
    *result = (struct differences){ 0 };
}

#endif
