/* differences.c: central differences of fourth order of the double interpreter's loss, against its backward pass. */
#include "internal.h"

#if !REAL_IS_FLOAT

#include "differences.h"

#include "runtime/lstmc_random.h"

#include <float.h>
#include <stdio.h>

#define DIRECTIONS 8
#define LARGEST 16
#define RANDOM 16
#define FIRST_STEP 1e-3
#define CLEAR_AGREEMENT 1e-7        /* of the largest derivative: no second look */
#define TINY_STEP 1e-10             /* within which the loss is a line, but for its rounding */
#define SAFETY 4                    /* times the error that is seen */
#define NOTHING 1e-300
#define LOSS_LIMIT 100.0            /* larger losses lose too many digits: the weights are drawn smaller */
#define LOSS_MOST  1e4              /* but if none makes them so small, because inputs alone cost more, up to this */
#define VALUE_LIMIT 1e50            /* values that no double squares twice: the weights are drawn smaller, too */
#define NOISE_SEED 77
#define LOSS_SCALE 0.75             /* divided by the time steps of a sample */

/* Streams of random numbers; the draw is the sample. */
enum { STREAM_WEIGHTS, STREAM_INPUT, STREAM_TARGET, STREAM_SAMPLE_WEIGHT, STREAM_COEFFICIENT, STREAM_DIRECTION,
       STREAM_ENTRY, STREAM_MASS, STREAM_LENGTHS };

typedef struct Target {             /* of one output */
    const char *loss;
    bool custom;
    size_t outputs, width, count;   /* numbers of the output of a row; of its last axis; of the target of a row */
    size_t first;                   /* the first of its random numbers */
    double *values;
    int32_t *classes;               /* NULL: there are none */
} Target;

typedef struct Probe {
    const Model *model;
    Interpreter *it;
    uint64_t seed;
    size_t input_count, output_count;           /* numbers of all inputs of a sample; of all outputs */
    double *weights, *gradients;
    double *input, *d_input;                    /* one input after the other, [rows, count] each */
    int32_t *ids;                               /* laid out as input */
    const void **x;                             /* where each input is; d_x: where its gradient is, NULL of ids */
    double **d_x;
    const double **d_outputs;
    Target *targets; int target_count;          /* of each output, as far as there are losses */
    const void **target;                        /* where the values of each are */
    double *coefficient;                        /* of the linear loss of a model without one */
    double *sample_weight;                      /* of each of the rows' losses, or one of each row */
    int32_t lengths[DIFFERENCES_ROWS];
    double *direction, *before;
    uint64_t sides;                             /* of the kinks, at the point that was drawn */
    double loss;                                /* there */
    double noise;                               /* of the loss: how far rounding moves it, for the subject at work */
} Probe;

/* In [-1, 1). */
static double draw_signed(const Probe *probe, int stream, int draw, size_t element)
{
    uint64_t bits = lstmc_random_bits(probe->seed, (uint64_t)stream, (uint64_t)draw, element);
    return (double)(bits >> 11) * 0x1p-52 - 1;
}

static double draw_unit(const Probe *probe, int stream, int draw, size_t element)
{
    return (draw_signed(probe, stream, draw, element) + 1) / 2;
}

static size_t draw_below(const Probe *probe, int stream, int draw, size_t element, size_t bound)
{
    return (size_t)(lstmc_random_bits(probe->seed, (uint64_t)stream, (uint64_t)draw, element) % bound);
}

static double loss_at(Probe *probe)
{
    const Model *model = probe->model;
    interpreter_forward_all(probe->it, probe->weights, probe->x, DIFFERENCES_ROWS, 0, NOISE_SEED);
    const Target *last = &probe->targets[probe->target_count - 1];
    if (model->losses)
        return interpreter_loss_all(probe->it, probe->target, probe->sample_weight, LOSS_SCALE);
    if (model->loss)
        return interpreter_loss(probe->it, probe->target[probe->target_count - 1], probe->sample_weight,
                                LOSS_SCALE * (double)last->width / (double)last->outputs);
    const double *coefficient = probe->coefficient;
    double sum = 0;
    for (int k = 0; k < model->output_count; k++) {
        const double *y = interpreter_layer_output(probe->it, model->outputs[k]);
        size_t count = DIFFERENCES_ROWS * shape_count(&model->layers[model->outputs[k]].output);
        probe->d_outputs[k] = coefficient;
        for (size_t i = 0; i < count; i++)
            sum += coefficient[i] * y[i];
        coefficient += count;
    }
    interpreter_set_d_outputs(probe->it, probe->d_outputs);
    return sum;
}

/* ---- the draw ---- */

/* What does not learn lies around what it begins with: a variance is none below 0. */
static double middle_of(const struct lstmc_tensor *tensor, size_t i)
{
    if (tensor->trainable)
        return 0;
    return tensor->values                              ? (double)tensor->values[i]
           : tensor->initializer.kind == LSTMC_CONSTANT ? (double)tensor->initializer.a
                                                       : 0;
}

static void draw_weights(Probe *probe, int draw, double shrink)
{
    const struct lstmc_model *descriptor = &probe->model->descriptor;
    for (int w = 0; w < descriptor->weight_tensors; w++) {
        const struct lstmc_tensor *tensor = &descriptor->weights[w];
        bool table = strstr(tensor->name, "/embeddings") != NULL;
        double bound = tensor->rank < 2 || strstr(tensor->name, "/bias") ? 0.5
                       : table                                           ? 1
                                                                         : fmin(1, sqrt(3.0 / tensor->shape[0]));
        for (size_t i = 0; i < tensor->count; i++)
            probe->weights[tensor->offset + i] = middle_of(tensor, i) + shrink * bound *
                                                 draw_signed(probe, STREAM_WEIGHTS, draw, tensor->offset + i);
    }
}

/* Of several choices the probabilities need not sum to 1, but to something near it however many there are. */
static void draw_choices(const Probe *probe, const Target *of, int draw, size_t row, double *values)
{
    double sum = 0, mass = 0.5 + draw_unit(probe, STREAM_MASS, draw, of->first + row);
    for (size_t i = 0; i < of->width; i++)
        sum += values[i] = draw_unit(probe, STREAM_TARGET, draw, of->first + row * of->width + i);
    for (size_t i = 0; i < of->width && sum > 0; i++)
        values[i] *= mass / sum;
}

static void draw_target(Probe *probe, const Target *of, int draw)
{
    for (size_t i = 0; of->custom && i < DIFFERENCES_ROWS * of->count; i++) {
        of->values[i] = draw_unit(probe, STREAM_TARGET, draw, of->first + i);
        if (of->classes)
            of->classes[i] = (int32_t)draw_below(probe, STREAM_TARGET, draw, of->first + i, of->width);
    }
    if (of->custom)
        return;
    size_t rows = DIFFERENCES_ROWS * of->outputs / of->width;
    bool choices = of->loss && (strstr(of->loss, "categorical_crossentropy") || strstr(of->loss, "categorical_focal") ||
                                !strcmp(of->loss, "kl_divergence")),
         labels = of->loss && strstr(of->loss, "hinge"),
         probability = of->loss && strstr(of->loss, "crossentropy");
    for (size_t row = 0; row < rows; row++) {
        double *values = of->values + row * of->width;
        if (of->classes)
            of->classes[row] = (int32_t)draw_below(probe, STREAM_TARGET, draw, of->first + row, of->width);
        for (size_t i = 0; i < of->width; i++) {
            size_t element = of->first + row * of->width + i;
            values[i] = probability ? draw_unit(probe, STREAM_TARGET, draw, element)
                        : labels    ? (double)draw_below(probe, STREAM_TARGET, draw, element, 3) - 1
                                    : 2 * draw_signed(probe, STREAM_TARGET, draw, element);
        }
        if (choices)
            draw_choices(probe, of, draw, row, values);
    }
}

static void draw_inputs(Probe *probe, int draw)
{
    size_t i = 0;
    for (int k = 0; k < probe->it->input_count; k++) {
        const Value *input = &probe->it->inputs[k];
        for (size_t end = i + DIFFERENCES_ROWS * input->count; i < end; i++)
            if (input->ids)
                probe->ids[i] = (int32_t)draw_below(probe, STREAM_INPUT, draw, i, (size_t)input->vocabulary);
            else
                probe->input[i] = 1.5 * draw_signed(probe, STREAM_INPUT, draw, i);
    }
}

static bool has_beginnings(const Interpreter *it)
{
    for (int i = 0; i < it->run_count; i++)
        for (int s = 0; s < it->runs[i].state_count; s++)
            if (it->runs[i].states[s].begins)
                return true;
    return false;
}

/* Everything of one draw; incoming states are those that one run over the same input leaves, or where they begin if a
 * model says that: then that is what is varied. Returns the loss. */
static double draw_all(Probe *probe, int draw, double shrink)
{
    draw_weights(probe, draw, shrink);
    for (int k = 0; k < probe->target_count; k++)
        draw_target(probe, &probe->targets[k], draw);
    draw_inputs(probe, draw);
    for (size_t i = 0; i < DIFFERENCES_ROWS * probe->output_count; i++)
        probe->coefficient[i] = draw_signed(probe, STREAM_COEFFICIENT, draw, i);
    size_t weights = DIFFERENCES_ROWS * lstmc_weights_per_sample(&probe->model->descriptor);
    for (size_t row = 0; row < weights; row++)
        probe->sample_weight[row] = 1 + draw_signed(probe, STREAM_SAMPLE_WEIGHT, draw, row) / 2;
    size_t steps = (size_t)model_steps_with_lengths(probe->model);
    for (size_t row = 0; row < DIFFERENCES_ROWS && steps; row++)
        probe->lengths[row] = 1 + (int32_t)draw_below(probe, STREAM_LENGTHS, draw, row, steps);
    interpreter_lengths(probe->it, probe->model->descriptor.has_lengths ? probe->lengths : NULL);
    interpreter_reset(probe->it);
    double fresh = loss_at(probe);
    if (has_beginnings(probe->it))
        return fresh;
    interpreter_carry(probe->it);
    return loss_at(probe);
}

static bool are_below(const double *values, size_t count, double limit)
{
    for (size_t i = 0; values && i < count; i++)
        if (!(fabs(values[i]) <= limit))
            return false;
    return true;
}

/* Behind exponentials of exponentials a loss may be small where the variance of what it reads is infinite. */
static bool values_are_below(const Interpreter *it, double limit)
{
    for (int i = 0; i < it->run_count; i++) {
        const Run *run = &it->runs[i];
        if (!are_below(run->out.y, (size_t)it->rows * run->out.count, limit))
            return false;
        for (int s = 0; s < run->state_count; s++) {
            const State *state = &run->states[s];
            size_t count = (state->steps + 1) * (size_t)it->rows_max * state->count;
            if (!are_below(state->values, count, limit))
                return false;
        }
    }
    return true;
}

/* The first draw that is far enough from every kink, or the farthest. False if none had a usable loss. */
static bool choose_below(Probe *probe, double loss_limit, double value_limit, struct differences *result)
{
    double shrink = 1, best_shrink = 0, farthest = -1;
    int best = -1;
    for (result->draws = 0; result->draws < DIFFERENCES_DRAWS && farthest <= DIFFERENCES_KINK; result->draws++) {
        double loss = draw_all(probe, result->draws, shrink), distance = interpreter_kink_distance(probe->it);
        if (!(fabs(loss) < loss_limit) || !values_are_below(probe->it, value_limit)) {
            shrink *= 0.8;
            continue;
        }
        if (distance > farthest) {
            farthest = distance;
            best = result->draws;
            best_shrink = shrink;
        }
    }
    if (best < 0)
        return false;
    probe->loss = draw_all(probe, best, best_shrink);
    probe->sides = interpreter_kink_sides(probe->it);
    result->kink_distance = farthest;
    return true;
}

static bool choose_draw(Probe *probe, struct differences *result)
{
    return choose_below(probe, LOSS_LIMIT, VALUE_LIMIT, result) || choose_below(probe, LOSS_MOST, INFINITY, result);
}

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
    double loss = loss_at(probe);
    *same_side &= interpreter_kink_sides(probe->it) == probe->sides;
    return loss;
}

/* By how much rounding moves the loss: second differences over steps so small that nothing else is left of them. */
static double noise_of_loss(Probe *probe, const Subject *subject)
{
    double last[3] = { 0 }, noise = DBL_EPSILON * fabs(probe->loss);
    bool same_side = true;
    memcpy(probe->before, subject->values, subject->count * sizeof(double));
    for (int i = -4; i <= 4 && same_side; i++) {
        last[0] = last[1];
        last[1] = last[2];
        last[2] = loss_along(probe, subject, i * TINY_STEP, &same_side);
        if (i >= -2 && same_side)
            noise = fmax(noise, fabs(last[0] - 2 * last[1] + last[2]) / 2);
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
    double error = SAFETY * found.error, scale = fmax(fmax(subject->largest, error), NOTHING);
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
        probe->direction[i] = (draw_signed(probe, STREAM_DIRECTION, number, i) < 0 ? -1 : 1) / sqrt((double)count);
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
            compare_entry(probe, &subject, draw_below(probe, STREAM_ENTRY, 0, i, subject.count), difference);
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
    if (!choose_draw(probe, result))
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
