/* emit_self_test.c: in: samples and what the interpreter makes of them.  out: a function that holds the generated code
 * against it where it runs. */
#include "ship.h"

#include <string.h>

void emit_self_test_header(Out *out, Arena *arena, const Programs *programs)
{
    const Model *model = programs->model;
    emit_trained_stamp(out, arena, programs, "_self_test.h");
    put(out, "%s", fill_template(arena, model,
        "#ifndef $_SELF_TEST_H\n#define $_SELF_TEST_H\n\n#ifdef __cplusplus\nextern \"C\" {\n#endif\n\n"
        "/* Predicts what is known: 0, or the number, from 1, of the first sample "
        "that has an output which is off by more than\n"
        " * 1e-5 of the largest (1e-5, of probabilities), or than float must be for these weights. "
        "It has memory of its own, for\n"
        " * one call at a time, and neither allocates nor prints. */\n"
        "int @_self_test(void);\n\n#ifdef __cplusplus\n}\n#endif\n\n#endif\n"));
}

/* One sample of many numbers. */
static void put_sample(Out *out, Arena *arena, const Golden *golden, size_t first, size_t count, bool inputs)
{
    const char *line = "";
    put(out, "{");
    for (size_t i = first; i < first + count; i++) {
        const char *text = !inputs ? float_text(arena, golden->y[i]) : golden->x ? float_text(arena, golden->x[i])
                         : arena_format(arena, "%d", (int)golden->ids[i]);
        if (strlen(line) + strlen(text) > COLUMNS_MAX - 10) {
            put(out, "%s", line);
            line = "";
        }
        line = arena_format(arena, "%s%s%s,", line, *line ? " " : "", text);
    }
    put(out, "%s\n},", line);
}

/* "{ { 1, 2 }, { 3, 4 } }": one of several inputs, from element `first` on. */
static const char *array_text(Arena *arena, const Golden *golden, const struct lstmc_array *array, int dimension,
                              size_t *at)
{
    if (dimension == array->rank) {
        const float *number = &golden->x[(*at)++];
        int32_t id;
        memcpy(&id, number, sizeof id);
        return array->is_integer ? arena_format(arena, "%d", (int)id) : float_text(arena, *number);
    }
    const char *text = "";
    for (int i = 0; i < array->shape[dimension]; i++)
        text = arena_format(arena, "%s%s%s", text, i ? ", " : "", array_text(arena, golden, array, dimension + 1, at));
    return arena_format(arena, "{ %s }", text);
}

/* One sample of a model with several inputs. */
static void put_struct(Out *out, Arena *arena, const struct lstmc_model *m, const Golden *golden, size_t first)
{
    put(out, "{");
    for (int k = 0; k < m->input_arrays; k++) {
        size_t at = first + m->inputs[k].offset;
        emit_line(out, arena, arena_format(arena, ".%s = %s,", c_name(arena, m->inputs[k].name),
                                           array_text(arena, golden, &m->inputs[k], 0, &at)));
    }
    put(out, "},");
}

static void put_samples(Out *out, Arena *arena, const Programs *programs, const Golden *golden, bool inputs)
{
    const struct lstmc_model *m = &programs->model->descriptor;
    size_t count = inputs ? m->input_count : m->output_count;
    put(out, "%s",
        fill_template(arena, programs->model,
                      inputs && m->inputs ? "static const <x> inputs[SAMPLES] = {"
                      : inputs            ? "static const <x> inputs[SAMPLES][$_INPUTS] = {"
                             : "static const float outputs[SAMPLES][$_OUTPUTS] = {"));
    for (int sample = 0; sample < golden->samples; sample++)
        if (inputs && m->inputs)
            put_struct(out, arena, m, golden, (size_t)sample * count);
        else
            put_sample(out, arena, golden, (size_t)sample * count, count, inputs);
    put(out, "};\n\n");
}

/* Nothing of it is right if it is not a number. */
static const char body[] =
    "int @_self_test(void)\n{\n"
    "static struct @_scratch scratch;\n"
    "static float y[$_OUTPUTS];\n"
    "for (int sample = 0; sample < SAMPLES; sample++) {\n"
    "@_predict(&@_trained, &scratch, %sinputs[sample], <all><given y>);\n"
    "for (int i = 0; i < $_OUTPUTS; i++)\n"
    "    if (!(fabsf(y[i] - outputs[sample][i]) <= TOLERANCE))\n"
    "        return sample + 1;\n"
    "}\n"
    "return 0;\n}\n";

void emit_self_test_source(Out *out, Arena *arena, const Programs *programs, const Golden *golden)
{
    const Model *model = programs->model;
    Out test = { 0 };
    emit_trained_stamp(out, arena, programs, "_self_test.c");
    put(out, "%s",
        fill_template(arena, model, "#include \"@_self_test.h\"\n#include \"@.h\"\n\n#include <math.h>\n\n"));
    emit_floats(out);
    put(&test, "#define SAMPLES %d\n#define TOLERANCE %s\n\n", golden->samples, float_text(arena, golden->tolerance));
    put_samples(&test, arena, programs, golden, true);
    put(&test, "/* As the interpreter computes them in double precision. */\n");
    put_samples(&test, arena, programs, golden, false);
    put(&test, "%s", fill_template(arena, model, arena_format(arena, body, model->descriptor.inputs ? "&" : "")));
    emit_private(out, arena, model, test.text);
    emit_floats_end(out);
    out_free(&test);
}
