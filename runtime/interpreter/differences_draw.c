/* differences_draw.c: in: a model and a seed.  out: weights, inputs and targets at which its loss can be
 * differentiated: no value beyond what doubles can square, no kink nearby. */
#include "internal.h"

#if !REAL_IS_FLOAT

#include "probe.h"

#include "runtime/lstmc_random.h"

#define LOSS_LIMIT 100.0            /* larger losses lose too many digits: the weights are drawn smaller */
#define LOSS_MOST  1e4              /* but if none makes them so small, because inputs alone cost more, up to this */
#define VALUE_LIMIT 1e50            /* values that no double squares twice: the weights are drawn smaller, too */
#define NOISE_SEED 77
#define LOSS_SCALE 0.75             /* divided by the time steps of a sample */

double probe_signed(const Probe *probe, int stream, int draw, size_t element)
{
    uint64_t bits = lstmc_random_bits(probe->seed, (uint64_t)stream, (uint64_t)draw, element);
    return (double)(bits >> 11) * 0x1p-52 - 1;
}

static double draw_unit(const Probe *probe, int stream, int draw, size_t element)
{
    return (probe_signed(probe, stream, draw, element) + 1) / 2;
}

size_t probe_below(const Probe *probe, int stream, int draw, size_t element, size_t bound)
{
    return (size_t)(lstmc_random_bits(probe->seed, (uint64_t)stream, (uint64_t)draw, element) % bound);
}

double probe_loss(Probe *probe)
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
                                                 probe_signed(probe, STREAM_WEIGHTS, draw, tensor->offset + i);
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
            of->classes[i] = (int32_t)probe_below(probe, STREAM_TARGET, draw, of->first + i, of->width);
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
            of->classes[row] = (int32_t)probe_below(probe, STREAM_TARGET, draw, of->first + row, of->width);
        for (size_t i = 0; i < of->width; i++) {
            size_t element = of->first + row * of->width + i;
            values[i] = probability ? draw_unit(probe, STREAM_TARGET, draw, element)
                        : labels    ? (double)probe_below(probe, STREAM_TARGET, draw, element, 3) - 1
                                    : 2 * probe_signed(probe, STREAM_TARGET, draw, element);
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
                probe->ids[i] = (int32_t)probe_below(probe, STREAM_INPUT, draw, i, (size_t)input->vocabulary);
            else
                probe->input[i] = 1.5 * probe_signed(probe, STREAM_INPUT, draw, i);
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
        probe->coefficient[i] = probe_signed(probe, STREAM_COEFFICIENT, draw, i);
    size_t weights = DIFFERENCES_ROWS * lstmc_weights_per_sample(&probe->model->descriptor);
    for (size_t row = 0; row < weights; row++)
        probe->sample_weight[row] = 1 + probe_signed(probe, STREAM_SAMPLE_WEIGHT, draw, row) / 2;
    size_t steps = (size_t)model_steps_with_lengths(probe->model);
    for (size_t row = 0; row < DIFFERENCES_ROWS && steps; row++)
        probe->lengths[row] = 1 + (int32_t)probe_below(probe, STREAM_LENGTHS, draw, row, steps);
    interpreter_lengths(probe->it, probe->model->descriptor.has_lengths ? probe->lengths : NULL);
    interpreter_reset(probe->it);
    double fresh = probe_loss(probe);
    if (has_beginnings(probe->it))
        return fresh;
    interpreter_carry(probe->it);
    return probe_loss(probe);
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

bool probe_draw(Probe *probe, struct differences *result)
{
    return choose_below(probe, LOSS_LIMIT, VALUE_LIMIT, result) || choose_below(probe, LOSS_MOST, INFINITY, result);
}

#endif
