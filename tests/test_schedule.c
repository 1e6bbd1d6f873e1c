/* test_schedule.c: learning rates by Keras's formulas: values worked out by hand, edges, and what stays true along a whole schedule. */
#include "runtime/lstmc.h"

#include <criterion/criterion.h>
#include <math.h>

static void expect_rate(const struct lstmc_schedule *schedule, uint64_t step, double rate)
{
    double got = lstmc_schedule_rate(schedule, step);
    cr_expect(fabs(got - rate) < 1e-12, "kind %d, step %d: %.15g, expected %.15g", (int)schedule->kind, (int)step, got, rate);
}

Test(schedule, exponential)
{
    struct lstmc_schedule s = { .kind = LSTMC_EXPONENTIAL_DECAY, .initial_learning_rate = 0.1, .decay_steps = 4, .decay_rate = 0.5 };
    expect_rate(&s, 0, 0.1);
    expect_rate(&s, 2, 0.1 * sqrt(0.5));
    expect_rate(&s, 8, 0.025);
    s.staircase = 1;
    expect_rate(&s, 3, 0.1);
    expect_rate(&s, 4, 0.05);
    expect_rate(&s, 7, 0.05);
}

Test(schedule, inverse_time)
{
    struct lstmc_schedule s = { .kind = LSTMC_INVERSE_TIME_DECAY, .initial_learning_rate = 0.1, .decay_steps = 10, .decay_rate = 2 };
    expect_rate(&s, 0, 0.1);
    expect_rate(&s, 5, 0.05);
    s.staircase = 1;
    expect_rate(&s, 9, 0.1);
    expect_rate(&s, 10, 0.1 / 3);
}

Test(schedule, polynomial)
{
    struct lstmc_schedule s = { .kind = LSTMC_POLYNOMIAL_DECAY, .initial_learning_rate = 0.1, .decay_steps = 10, .end_learning_rate = 0.02, .power = 2 };
    expect_rate(&s, 0, 0.1);
    expect_rate(&s, 5, 0.08 * 0.25 + 0.02);
    expect_rate(&s, 10, 0.02);
    expect_rate(&s, 25, 0.02);
    s.cycle = 1;
    expect_rate(&s, 15, 0.08 * 0.0625 + 0.02);          /* of 20 steps, 15 are done */
    expect_rate(&s, 21, 0.08 * 0.3 * 0.3 + 0.02);
}

Test(schedule, piecewise)
{
    static const double boundaries[] = { 3, 6 }, values[] = { 1, 0.5, 0.1 };
    struct lstmc_schedule s = { .kind = LSTMC_PIECEWISE_CONSTANT_DECAY, .boundaries = boundaries, .values = values, .boundary_count = 2 };
    expect_rate(&s, 0, 1);
    expect_rate(&s, 3, 1);
    expect_rate(&s, 4, 0.5);
    expect_rate(&s, 6, 0.5);
    expect_rate(&s, 7, 0.1);
}

Test(schedule, cosine)
{
    struct lstmc_schedule s = { .kind = LSTMC_COSINE_DECAY, .initial_learning_rate = 0.1, .decay_steps = 10, .alpha = 0.1 };
    expect_rate(&s, 0, 0.1);
    expect_rate(&s, 5, 0.1 * (0.9 * 0.5 + 0.1));
    expect_rate(&s, 10, 0.01);
    expect_rate(&s, 99, 0.01);
    s.warmup_target = 0.3;
    s.warmup_steps = 4;
    expect_rate(&s, 0, 0.1);
    expect_rate(&s, 2, 0.2);
    expect_rate(&s, 4, 0.3);
    expect_rate(&s, 9, 0.3 * (0.9 * 0.5 + 0.1));
    expect_rate(&s, 14, 0.03);
}

Test(schedule, cosine_restarts)
{
    struct lstmc_schedule s = { .kind = LSTMC_COSINE_DECAY_RESTARTS, .initial_learning_rate = 0.1, .decay_steps = 10, .t_mul = 2, .m_mul = 0.5 };
    expect_rate(&s, 0, 0.1);
    expect_rate(&s, 5, 0.05);
    expect_rate(&s, 20, 0.05 * 0.5);                    /* in the middle of the second period, 10 to 30 */
    s.t_mul = 1;
    expect_rate(&s, 15, 0.05 * 0.5);
    expect_rate(&s, 20, 0.025);                         /* the third period begins */
}
