/* shipped.c: the constants of a model beside what its M_prepare makes of the same weights, bit by bit, and what both predict. -DMODEL=name; the
 * argument is a file of the weights as flat floats. -DROUNDED: M_prepare may round sums twice, so that words may differ in the last digit. -DCOMPUTED:
 * what it computes beyond sums may differ where it only fills vectors, so that constants are not compared, but predictions are. */
#define JOIN_(a, b) a##b
#define JOIN(a, b) JOIN_(a, b)
#define NAME(what) JOIN(MODEL, what)
#define TEXT_(name) #name
#define TEXT(name) TEXT_(name)
#define HEADER(name) TEXT(name.h)
#include HEADER(MODEL)

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SAMPLES 3
#define OUTPUTS_MAX 1000

static struct NAME(_weights) weights;
static struct NAME(_packed) packed;
static struct NAME(_scratch) scratch;
static struct NAME(_batch_scratch) batch_scratch;
static int failures;

static void fail(const char *what, double a, double b)
{
    if (failures++ < 10)
        printf("%s: %.9g prepared, %.9g in the constants\n", what, a, b);
}

#ifndef COMPUTED
/* Words of bf16 are copied, and sums are floats. */
static void compare_constants(void)
{
    for (size_t i = 0; i < sizeof packed / 4; i++) {
        float a, b;
        memcpy(&a, (const char *)&packed + 4 * i, 4);
        memcpy(&b, (const char *)&NAME(_trained) + 4 * i, 4);
#ifdef ROUNDED
        if (!(fabsf(a - b) <= 3e-7f))
#else
        if (memcmp(&a, &b, 4))
#endif
            fail("constants", (double)a, (double)b);
    }
}

#endif

static void compare(const char *what, const float *a, const float *b, size_t count)
{
    for (size_t i = 0; i < count; i++)
#ifdef ROUNDED
        if (!(fabsf(a[i] - b[i]) <= 2e-6f))
#else
        if (memcmp(&a[i], &b[i], 4))
#endif
            fail(what, (double)a[i], (double)b[i]);
}

static void *draw_inputs(const struct lstmc_model *model)
{
    size_t count = SAMPLES * model->input_count;
    int32_t *ids = malloc(count * sizeof *ids);
    float *numbers = malloc(count * sizeof *numbers);
    for (size_t i = 0; i < count; i++) {
        ids[i] = (int32_t)(i * 7919 % 1009) % (model->vocabulary ? model->vocabulary : 1);
        numbers[i] = (float)(i * 7919 % 1009) / 500 - 1;
    }
    return model->input_is_tokens ? (free(numbers), (void *)ids) : (free(ids), (void *)numbers);
}

#ifdef STEPS
static struct NAME(_state) state, other;

static void compare_steps(const struct lstmc_model *model, const void *x)
{
    static float y[2][OUTPUTS_MAX];
    size_t step = 4 * model->input_count / (size_t)model->input_shape[0];
    NAME(_reset)(&packed, &state);
    NAME(_reset)(&NAME(_trained), &other);
    for (int t = 0; t < model->input_shape[0]; t++) {
        model->step(&packed, &state, (const char *)x + (size_t)t * step, y[0]);
        model->step(&NAME(_trained), &other, (const char *)x + (size_t)t * step, y[1]);
        compare("step", y[0], y[1], (size_t)model->output_shape[model->output_rank - 1]);
    }
}
#endif

int main(int count, char **arguments)
{
    const struct lstmc_model *model = &NAME(_model);
    static float y[2][SAMPLES * OUTPUTS_MAX];
    FILE *file = count > 1 ? fopen(arguments[1], "rb") : NULL;
    if (!file || fread(&weights, sizeof(float), model->weight_count, file) != model->weight_count || model->output_count > OUTPUTS_MAX)
        return puts("no weights"), 2;
    fclose(file);
    void *x = draw_inputs(model);
    memset(&packed, 0xff, sizeof packed);
    NAME(_prepare)(&packed, &weights);
#ifndef COMPUTED
    compare_constants();
#endif
    for (int sample = 0; sample < SAMPLES; sample++) {
        const char *from = (const char *)x + (size_t)sample * model->input_count * 4;
        model->predict(&packed, &scratch, from, y[0]);
        model->predict(&NAME(_trained), &scratch, from, y[1]);
        compare("predict", y[0], y[1], model->output_count);
    }
    const int rows = model->batch < SAMPLES ? model->batch : SAMPLES;
    model->predict_batch(&packed, &batch_scratch, x, rows, y[0]);
    model->predict_batch(&NAME(_trained), &batch_scratch, x, rows, y[1]);
    compare("predict_batch", y[0], y[1], (size_t)rows * model->output_count);
#ifdef STEPS
    compare_steps(model, x);
#endif
    free(x);
    if (failures)
        printf("%d numbers differ\n", failures);
    return failures > 0;
}
