/* shipment.c: in: a weight file, the model.  out: its weights and what their numbers mean, checked against each other; and what the interpreter makes
 * of them. */
#include "shipment.h"

#include "reference.h"
#include "round_weights.h"

#include "../runtime/lstmc_random.h"
#include "../runtime/model_file.h"

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

static int check_finite(const struct lstmc_model *m, const char *file, const float *weights, struct lstmc_message *message)
{
    for (int w = 0; w < m->weight_tensors; w++)
        for (size_t i = 0; i < m->weights[w].count; i++)
            if (!isfinite(weights[m->weights[w].offset + i]))
                return refuse(message, "%.250s: %s, element %zu (from 0) is not a finite number", file, m->weights[w].name, i);
    return LSTMC_OK;
}

/* How many values of the model's last axis there are; 1 of a number alone. */
static int last_extent(int rank, const int *shape)
{
    return rank ? shape[rank - 1] : 1;
}

static int check_meaning(const struct lstmc_model *m, const char *file, const struct lstmc_meaning *meaning, struct lstmc_message *message)
{
    int inputs = last_extent(m->input_rank, m->input_shape), outputs = last_extent(m->output_rank, m->output_shape);
    if (meaning->input.columns && (m->input_is_tokens || meaning->input.columns != inputs))
        return refuse(message, "%.250s: its metadata scales %d columns of the input, but the model reads %s%d", file, meaning->input.columns,
                      m->input_is_tokens ? "ids, of steps: " : "", inputs);
    if (meaning->target.columns && m->output_count % (size_t)meaning->target.columns)
        return refuse(message, "%.250s: its metadata scales %d columns of the output, but the model has %zu", file, meaning->target.columns,
                      m->output_count);
    if (meaning->labels.count && meaning->labels.count != outputs && !(outputs == 1 && meaning->labels.count == 2))
        return refuse(message, "%.250s: its metadata names %d classes, but the model's output has %d", file, meaning->labels.count, outputs);
    if (meaning->vocabulary.count && (!m->input_is_tokens || meaning->vocabulary.count > m->vocabulary))
        return refuse(message, "%.250s: its metadata has a vocabulary of %d, but the model's is %d", file, meaning->vocabulary.count, m->vocabulary);
    return LSTMC_OK;
}

static const char *without_folder(const char *file)
{
    const char *slash = strrchr(file, '/');
    return slash ? slash + 1 : file;
}

/* Names and shapes may agree where an activation does not. A file without a fingerprint says nothing. */
static int compare_fingerprint(const struct lstmc_model *m, const char *file, bool *differs, struct lstmc_message *message)
{
    struct lstmc_tensor_file tensors;
    int status = lstmc_tensor_file_open(file, &tensors, message);
    if (status)
        return status;
    const char *found = lstmc_tensor_file_value(&tensors, "fingerprint");
    *differs = found && strcmp(found, lstmc_fingerprint(m).text);
    lstmc_tensor_file_free(&tensors);
    return LSTMC_OK;
}

int shipment_load(Arena *arena, const Model *model, const char *file, Shipment *shipment, struct lstmc_message *message)
{
    const struct lstmc_model *m = &model->descriptor;
    *shipment = (Shipment){ .weights = arena_array(arena, float, m->weight_count + 1) };
    int status = lstmc_weights_load(m, shipment->weights, file, message);
    if (!status)
        status = check_finite(m, file, shipment->weights, message);
    if (!status)
        status = compare_fingerprint(m, file, &shipment->differs, message);
    if (!status)
        status = lstmc_meaning_load(&shipment->meaning, file, message);
    if (!status)
        status = check_meaning(m, file, &shipment->meaning, message);
    shipment->trained = (Trained){ .file = without_folder(file), .weights = shipment->weights, .meaning = &shipment->meaning };
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
        if (m->input_is_tokens)
            ids[i] = (int32_t)(lstmc_random_bits(GOLDEN_SEED, 0, sample, element) % (uint64_t)m->vocabulary);
        else
            numbers[i] = 2 * lstmc_random_uniform(GOLDEN_SEED, 0, sample, element) - 1;
    }
    golden->ids = m->input_is_tokens ? ids : NULL;
    golden->x = m->input_is_tokens ? NULL : numbers;
}

/* The weights as prediction reads them. */
static int weights_of_prediction(const Programs *programs, float *weights, struct lstmc_message *message)
{
    if (programs->bf16 && !round_weights(programs->single, weights, programs->model->descriptor.weight_count))
        return refuse(message, "--self-test: weights of this model are held as bf16 in several ways, and the interpreter knows one");
    return LSTMC_OK;
}

/* Of 1 for probabilities, else of the largest output; to two digits, upwards. */
static double tolerance_of(const Model *model, const Quantity *output)
{
    bool probabilities = model->loss && strstr(model->loss, "crossentropy") && !model->from_logits;
    double tolerance = fmax(quantity_allowed(output) * quantity_scale(output), probabilities ? REFERENCE_PRECISION : 0);
    double unit = pow(10, floor(log10(tolerance)) - 1);
    return ceil(tolerance / unit) * unit;
}

int shipment_golden(Arena *arena, Description *description, Diagnostics *diagnostics, const Programs *programs, const Shipment *shipment,
                    Golden *golden, struct lstmc_message *message)
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
