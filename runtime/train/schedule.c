/* schedule.c: in: a schedule and the number of updates done.  out: the learning rate of the next one, by the formulas
 * of keras.optimizers.schedules. */
#include "runtime/lstmc_train.h"

#include <math.h>

#define PI 3.14159265358979323846

static double part_done(const struct lstmc_schedule *s, double step)
{
    double part = step / s->decay_steps;
    return s->staircase ? floor(part) : part;
}

static double polynomial(const struct lstmc_schedule *s, double step)
{
    double steps = s->decay_steps;
    if (s->cycle)
        steps *= step == 0 ? 1 : ceil(step / steps);
    double done = fmin(step, steps) / steps;
    return (s->initial_learning_rate - s->end_learning_rate) * pow(1 - done, s->power) + s->end_learning_rate;
}

static double piecewise(const struct lstmc_schedule *s, double step)
{
    int k = 0;
    while (k < s->boundary_count && step > s->boundaries[k])
        k++;
    return s->values[k];
}

static double cosine(double part)
{
    return 0.5 * (1 + cos(PI * part));
}

static double cosine_decay(const struct lstmc_schedule *s, double step)
{
    double top = s->initial_learning_rate;
    if (s->warmup_steps > 0) {
        if (step < s->warmup_steps)
            return s->initial_learning_rate + (s->warmup_target - s->initial_learning_rate) * step / s->warmup_steps;
        top = s->warmup_target;
        step -= s->warmup_steps;
    }
    return top * ((1 - s->alpha) * cosine(fmin(step, s->decay_steps) / s->decay_steps) + s->alpha);
}

/* Which period it is, and the part of it that is done: periods are decay_steps * t_mul ^ i long. */
static double cosine_restarts(const struct lstmc_schedule *s, double step)
{
    double done = step / s->decay_steps, period, part;
    if (s->t_mul == 1) {
        period = floor(done);
        part = done - period;
    } else {
        period = floor(log(1 - done * (1 - s->t_mul)) / log(s->t_mul));
        double before = (1 - pow(s->t_mul, period)) / (1 - s->t_mul);
        part = (done - before) / pow(s->t_mul, period);
    }
    return s->initial_learning_rate * ((1 - s->alpha) * pow(s->m_mul, period) * cosine(part) + s->alpha);
}

double lstmc_schedule_rate(const struct lstmc_schedule *s, uint64_t updates)
{
    double step = (double)updates;
    switch (s->kind) {
    case LSTMC_EXPONENTIAL_DECAY:        return s->initial_learning_rate * pow(s->decay_rate, part_done(s, step));
    case LSTMC_INVERSE_TIME_DECAY:       return s->initial_learning_rate / (1 + s->decay_rate * part_done(s, step));
    case LSTMC_POLYNOMIAL_DECAY:         return polynomial(s, step);
    case LSTMC_PIECEWISE_CONSTANT_DECAY: return piecewise(s, step);
    case LSTMC_COSINE_DECAY:             return cosine_decay(s, step);
    case LSTMC_COSINE_DECAY_RESTARTS:    return cosine_restarts(s, step);
    }
    return s->initial_learning_rate;
}
