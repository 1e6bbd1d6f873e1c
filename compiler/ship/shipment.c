/* shipment.c: in: a weight file, the model.  out: its weights and what their numbers mean, checked against each other;
 * and what the interpreter makes of them. */
#include "shipment.h"

#include "compiler/interchange/weight_file.h"
#include "compiler/oracle/reference.h"
#include "compiler/oracle/round_weights.h"

#include "runtime/lstmc_random.h"

#include <math.h>
#include <stdio.h>

static int refuse(struct lstmc_message *message, const char *format, ...) PRINTF_LIKE(2, 3);

static int refuse(struct lstmc_message *message, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(message->text, sizeof message->text, format, arguments);
    va_end(arguments);
    return LSTMC_MISMATCH;
}

static const char *without_folder(const char *file)
{
    const char *slash = strrchr(file, '/');
    return slash ? slash + 1 : file;
}

int shipment_load(Arena *arena, const Model *model, const char *file, Shipment *shipment, struct lstmc_message *message)
{
    const struct lstmc_model *m = &model->descriptor;
    *shipment = (Shipment){ .weights = arena_array(arena, float, m->weight_count + 1) };
    int differs = 0, status = weight_file_load(arena, model, shipment->weights, &shipment->meaning, &differs, file,
                                               message);
    shipment->differs = differs;
    shipment->trained = (Trained){ .file = without_folder(file),
                                   .weights = shipment->weights,
                                   .meaning = &shipment->meaning };
    return status;
}

/* ---- what the model should say ---- */

#define GOLDEN_SAMPLES 3
#define GOLDEN_NUMBERS 20000        /* of all samples together; one sample may have more */
#define GOLDEN_SEED 1

static void draw_inputs(Arena *arena, const struct lstmc_model *m, Golden *golden)
{
    size_t count = (size_t)golden->samples * m->input_count;
    int32_t *ids = arena_array(arena, int32_t, count);
    float *numbers = arena_array(arena, float, count);
    for (size_t i = 0; i < count; i++) {
        uint64_t sample = i / m->input_count, element = i % m->input_count;
        int vocabulary = lstmc_input_vocabulary(m, element);
        if (vocabulary)
            ids[i] = (int32_t)(lstmc_random_bits(GOLDEN_SEED, 0, sample, element) % (uint64_t)vocabulary);
        else
            numbers[i] = 2 * lstmc_random_uniform(GOLDEN_SEED, 0, sample, element) - 1;
    }
    for (size_t i = 0; m->inputs && i < count; i++)
        if (lstmc_input_vocabulary(m, i))
            memcpy(&numbers[i], &ids[i], sizeof *numbers);
    golden->ids = m->input_is_tokens ? ids : NULL;
    golden->x = m->input_is_tokens ? NULL : numbers;
}

/* The weights as prediction reads them. */
static int weights_of_prediction(const Programs *programs, float *weights, struct lstmc_message *message)
{
    if (programs->bf16 && !round_weights(programs->single, weights, programs->model->descriptor.weight_count))
        return refuse(message, "--self-test: weights of this model are held as bf16 in several ways, and the "
                               "interpreter knows one");
    return LSTMC_OK;
}

/* Of 1 for probabilities, else of the largest output; to two digits, upwards. */
static double tolerance_of(const Model *model, const Quantity *output)
{
    bool probabilities = model->loss && strstr(model->loss, "crossentropy") && !model->loss_options.from_logits;
    double tolerance = fmax(quantity_allowed(output) * quantity_scale(output), probabilities ? REFERENCE_PRECISION : 0);
    double unit = pow(10, floor(log10(tolerance)) - 1);
    return ceil(tolerance / unit) * unit;
}

int shipment_golden(Arena *arena, Description *description, Diagnostics *diagnostics, const Programs *programs,
                    const Shipment *shipment, Golden *golden, struct lstmc_message *message)
{
    const Model *model = description_model(description);
    const struct lstmc_model *m = &model->descriptor;
    size_t numbers = m->input_count + m->output_count, samples = GOLDEN_NUMBERS / numbers;
    *golden = (Golden){ .samples = samples < 1 ? 1 : samples > GOLDEN_SAMPLES ? GOLDEN_SAMPLES : (int)samples };
    float *weights = arena_array(arena, float, m->weight_count + 1);
    memcpy(weights, shipment->weights, m->weight_count * sizeof *weights);
    int before = diagnostics_count(diagnostics), status = weights_of_prediction(programs, weights, message);
    if (status)
        return status;
    draw_inputs(arena, m, golden);
    const ReferenceCall call = { .x = golden->ids ? (const void *)golden->ids : golden->x };
    Reference reference = { .description = description, .rows = golden->samples, .weights = weights, .calls = &call,
                            .call_count = 1 };
    const char *why = reference_expect(arena, &reference);
    if (!why)
        why = reference_round(&reference);
    if (diagnostics_count(diagnostics) != before)
        return refuse(message, "%s", "");
    if (!why && !reference_is_finite(&reference))
        why = "--self-test: with these weights, outputs leave the range of float";
    if (why)
        return refuse(message, "%s", why);
    golden->y = reference.list[0].expected;
    golden->tolerance = tolerance_of(model, &reference.list[0]);
    return LSTMC_OK;
}

void shipment_free(Shipment *shipment)
{
    lstmc_meaning_free(&shipment->meaning);
}
