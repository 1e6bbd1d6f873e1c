/* processor.c: net.c, a source of --dispatch, on a processor that it is told of: which bodies run, and what they compute.
 *     processor BODY FEATURE...       BODY is baseline, avx2 or avx512; the machine has to have the features
 *     processor any                   the body that the machine has the features for is another one at each call
 * Exit status 1 and a line for each function that was not called exactly once, in the body that was expected, and for each number that is not
 * the baseline's, or no NaN where one went in. To be compiled with -finstrument-functions and BODIES, which is X(baseline) or X(baseline) X(avx2) or that with X(avx512). */
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

static const char *features;            /* " avx2 fma " */
static unsigned turns, any;

/* As net.c calls it. */
__attribute__((no_instrument_function)) static int processor_has(const char *feature)
{
    const char *at = strstr(features, feature);
    turns = turns * 1664525u + 1013904223u;
    return (!any || turns >> 31) && at && at[-1] == ' ' && at[strlen(feature)] == ' ';
}

#define __builtin_cpu_supports(feature) processor_has(feature)
#include "net.c"

/* ---- which functions are entered ---- */

#define FUNCTIONS(Y, isa) Y(prepare, isa) Y(predict, isa) Y(predict_batch, isa) Y(reset, isa) Y(step, isa) Y(prepare_training, isa) \
    Y(reset_tape, isa) Y(forward, isa) Y(loss, isa) Y(backward, isa) Y(carry, isa)
#define ROW(function, isa) { #function, #isa, (void *)net_##function##_with_##isa, 0 },
#define X(isa) FUNCTIONS(ROW, isa)

static struct { const char *function, *isa; void *address; int calls; } functions[] = { BODIES };

enum { FUNCTION_COUNT = sizeof functions / sizeof *functions };

__attribute__((no_instrument_function)) void __cyg_profile_func_enter(void *function, void *site)
{
    (void)site;
    for (int i = 0; i < FUNCTION_COUNT; i++)
        functions[i].calls += functions[i].address == function;
}

__attribute__((no_instrument_function)) void __cyg_profile_func_exit(void *function, void *site)
{
    (void)function;
    (void)site;
}

/* ---- what is computed ---- */

#define FEATURES (NET_INPUTS / NET_TIMESTEPS)

typedef struct Numbers {
    float y[NET_OUTPUTS], batch[NET_BATCH][NET_OUTPUTS], stepped[NET_OUTPUTS], loss, gradients[NET_GRADIENTS];
} Numbers;

static struct net_weights weights;
static struct net_packed packed;
static struct net_scratch scratch;
static struct net_batch_scratch batch_scratch;
static struct net_state state;
static struct net_training training;
static struct net_tape tape;
static struct net_gradients gradients;
static float x[NET_BATCH][NET_INPUTS], target[NET_BATCH][NET_TARGETS];

static float draw(void)
{
    static uint32_t bits = 1;
    bits = bits * UINT32_C(1664525) + UINT32_C(1013904223);
    return (float)(bits >> 8) / 8388608.0f - 1.0f;
}

/* Every function once, but for step. */
static void compute(Numbers *numbers)
{
    net_prepare(&packed, &weights);
    net_predict(&packed, &scratch, x[0], numbers->y);
    net_predict_batch(&packed, &batch_scratch, x[0], NET_BATCH, numbers->batch[0]);
    net_reset(&packed, &state);
    for (int t = 0; t < NET_TIMESTEPS; t++)
        net_step(&packed, &state, x[0] + t * FEATURES, numbers->stepped);
    net_prepare_training(&training, &weights);
    net_reset_tape(&training, &tape);
    net_forward(&training, &tape, x[0], NET_BATCH, 7);
    numbers->loss = net_loss(&tape, target[0], NULL, 1.0f);
    memset(&gradients, 0, sizeof gradients);
    net_backward(&training, &tape, &gradients);
    memcpy(numbers->gradients, &gradients, sizeof gradients);
    net_carry(&tape);
}

static int close_to(const char *what, const float *got, const float *expected, int count)
{
    float largest = 1e-6f, difference = 0;
    for (int i = 0; i < count; i++) {
        largest = fmaxf(largest, fabsf(expected[i]));
        difference = isfinite(got[i]) ? fmaxf(difference, fabsf(got[i] - expected[i])) : INFINITY;
    }
    if (difference <= 1e-5f * largest)
        return 1;
    printf("%s: %g from the baseline's\n", what, (double)(difference / largest));
    return 0;
}

static int as_expected(const char *isa)
{
    int good = 1;
    for (int i = 0; i < FUNCTION_COUNT; i++) {
        int expected = strcmp(functions[i].isa, isa) ? 0 : strcmp(functions[i].function, "step") ? 1 : NET_TIMESTEPS;
        if (functions[i].calls != expected) {
            printf("%s_%s: %d calls, not %d\n", functions[i].function, functions[i].isa, functions[i].calls, expected);
            good = 0;
        }
    }
    return good;
}

/* An infinity saturates gates, and in every body they saturate alike; a NaN is seen in the output. */
static int special_values(void)
{
    static const float special[] = { INFINITY, -INFINITY, NAN };
    const char *const told = features;
    const float kept = x[0][FEATURES];
    float expected[NET_OUTPUTS], y[NET_OUTPUTS];
    int good = 1;
    for (int i = 0; i < 3; i++) {
        x[0][FEATURES] = special[i];
        features = " ";
        net_predict(&packed, &scratch, x[0], expected);
        features = told;
        net_predict(&packed, &scratch, x[0], y);
        if (!isnan(special[i]))
            good &= close_to("predict with an infinity", y, expected, NET_OUTPUTS);
        for (int k = 0; k < NET_OUTPUTS; k++)
            if (!isnan(y[k]) != !isnan(special[i])) {
                printf("predict: %g from an input of %g\n", (double)y[k], (double)special[i]);
                good = 0;
            }
    }
    x[0][FEATURES] = kept;
    return good;
}

int main(int count, char **words)
{
    static Numbers baseline, numbers;
    static char all[200] = " ";
    for (size_t i = 0; i < NET_WEIGHTS; i++)
        ((float *)&weights)[i] = 0.5f * draw();
    for (int i = 0; i < NET_BATCH * NET_INPUTS; i++)
        x[0][i] = draw();
    for (int i = 0; i < NET_BATCH * NET_TARGETS; i++)
        target[0][i] = i % NET_TARGETS == i / NET_TARGETS % NET_TARGETS;
    features = " ";
    compute(&baseline);
    for (int i = 0; i < FUNCTION_COUNT; i++)
        functions[i].calls = 0;
    any = !strcmp(words[1], "any");
    for (int i = 2; i < count; i++)
        snprintf(all + strlen(all), sizeof all - strlen(all), "%s ", words[i]);
    features = all;
    compute(&numbers);
    int good = any || as_expected(words[1]);
    good &= close_to("predict", numbers.y, baseline.y, NET_OUTPUTS);
    good &= close_to("predict_batch", numbers.batch[0], baseline.batch[0], NET_BATCH * NET_OUTPUTS);
    good &= close_to("step", numbers.stepped, baseline.y, NET_OUTPUTS);
    good &= close_to("loss", &numbers.loss, &baseline.loss, 1);
    good &= close_to("gradients", numbers.gradients, baseline.gradients, NET_GRADIENTS);
    good &= special_values();
    return !good;
}
