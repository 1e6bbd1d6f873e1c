/* shipment.c: in: a weight file, the model.  out: its weights and what their numbers mean, checked against each other; and what the interpreter makes
 * of them. */
#include "shipment.h"

#include "custom.h"
#include "round_weights.h"

#include "../runtime/lstmc_random.h"

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
    int differs = 0, status = lstmc_trained_load(m, shipment->weights, &shipment->meaning, &differs, file, message);
    shipment->differs = differs;
    shipment->trained = (Trained){ .file = without_folder(file), .weights = shipment->weights, .meaning = &shipment->meaning };
    return status;
}

/* ---- what the model should say ---- */

#define GOLDEN_SAMPLES 3
#define GOLDEN_NUMBERS 20000        /* of all samples together; one sample may have more */
#define GOLDEN_SEED 1

static void draw_inputs(Arena *arena, const struct lstmc_model *m, Golden *golden, double *x)
{
    size_t count = (size_t)golden->samples * m->input_count;
    int32_t *ids = arena_array(arena, int32_t, count);
    float *numbers = arena_array(arena, float, count);
    for (size_t i = 0; i < count; i++) {
        uint64_t sample = i / m->input_count, element = i % m->input_count;
        if (m->input_is_tokens)
            ids[i] = (int32_t)(lstmc_random_bits(GOLDEN_SEED, 0, sample, element) % (uint64_t)m->vocabulary);
        else
            x[i] = numbers[i] = 2 * lstmc_random_uniform(GOLDEN_SEED, 0, sample, element) - 1;
    }
    golden->ids = m->input_is_tokens ? ids : NULL;
    golden->x = m->input_is_tokens ? NULL : numbers;
}

/* The weights as prediction reads them. */
static int interpreted_weights(Arena *arena, const Programs *programs, const Shipment *shipment, double *weights, struct lstmc_message *message)
{
    size_t count = programs->model->descriptor.weight_count;
    float *rounded = arena_array(arena, float, count + 1);
    memcpy(rounded, shipment->weights, count * sizeof *rounded);
    if (programs->bf16 && !round_weights(programs->single, rounded, count))
        return refuse(message, "--self-test: weights of this model are held as bf16 in several ways, and the interpreter knows one");
    for (size_t i = 0; i < count; i++)
        weights[i] = rounded[i];
    return LSTMC_OK;
}

int shipment_golden(Arena *arena, Description *description, Diagnostics *diagnostics, const Programs *programs, const Shipment *shipment,
                    Golden *golden, struct lstmc_message *message)
{
    const Model *model = description_model(description);
    const struct lstmc_model *m = &model->descriptor;
    size_t numbers = m->input_count + m->output_count, samples = GOLDEN_NUMBERS / numbers;
    *golden = (Golden){ .samples = samples < 1 ? 1 : samples > GOLDEN_SAMPLES ? GOLDEN_SAMPLES : (int)samples };
    double *weights = arena_array(arena, double, m->weight_count + 1), *x = arena_array(arena, double, (size_t)golden->samples * m->input_count);
    double *y = arena_array(arena, double, (size_t)golden->samples * m->output_count);
    int before = diagnostics_count(diagnostics), status = interpreted_weights(arena, programs, shipment, weights, message);
    if (status)
        return status;
    message->text[0] = 0;
    struct custom_layers *custom = custom_layers_create(arena, description, golden->samples);
    bool can_run = diagnostics_count(diagnostics) == before;
    Interpreter_double *interpreter = can_run ? interpreter_create_double(model, golden->samples, custom, message) : NULL;
    if (interpreter) {
        draw_inputs(arena, m, golden, x);
        interpreter_forward_double(interpreter, weights, golden->ids ? (const void *)golden->ids : x, golden->samples, 0, 0);
        memcpy(y, interpreter_output_double(interpreter), (size_t)golden->samples * m->output_count * sizeof *y);
        golden->y = y;
        interpreter_free_double(interpreter);
    }
    custom_layers_free(custom);
    return interpreter ? LSTMC_OK : LSTMC_MISMATCH;
}

void shipment_free(Shipment *shipment)
{
    lstmc_meaning_free(&shipment->meaning);
}
