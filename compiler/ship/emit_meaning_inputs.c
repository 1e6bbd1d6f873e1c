/* emit_meaning_inputs.c: in: what the numbers mean that a trained model with several inputs reads.  out: the function
 * from the unit of the data to these, member by member. The meaning names and scales every element of a sample. */
#include "ship.h"

#include "compiler/base/embedded.h"

static const char *index_name(Arena *arena, int dimension)
{
    return arena_format(arena, "%c", "ijkl"[dimension]);
}

/* Elements of an input whose scales come again with each of its first extents. */
static size_t columns_of(const struct lstmc_array *input)
{
    return input->rank > 1 ? input->count / (size_t)input->shape[0] : input->count;
}

/* "j * 3 + k": which column an element is. */
static const char *column_text(Arena *arena, const struct lstmc_array *input)
{
    const char *text = "";
    size_t stride = columns_of(input);
    for (int d = input->rank > 1 ? 1 : 0; d < input->rank; d++) {
        stride /= (size_t)input->shape[d];
        const char *index = index_name(arena, d);
        text = arena_format(arena, "%s%s%s", text, *text ? " + " : "",
                            stride > 1 ? arena_format(arena, "%s * %zu", index, stride) : index);
    }
    return text;
}

static void put_numbers(Out *out, Arena *arena, const struct lstmc_array *input, const char *what, const double *values)
{
    const char *text = arena_format(arena, "static const float input_%s_%s[] = {", input->name, what);
    for (size_t i = 0; i < columns_of(input); i++)
        text = arena_format(arena, "%s %s,", text, float_text(arena, values[input->offset + i]));
    emit_line(out, arena, arena_format(arena, "%s };", text));
}

static void put_loop(Out *out, Arena *arena, const struct lstmc_array *input)
{
    const char *element = c_name(arena, input->name), *column = column_text(arena, input);
    for (int d = 0; d < input->rank; d++) {
        const char *index = index_name(arena, d);
        put(out, "for (int %s = 0; %s < %d; %s++) {", index, index, input->shape[d], index);
        element = arena_format(arena, "%s[%s]", element, index);
    }
    if (input->is_integer)
        put(out, "x->%s = raw->%s;", element, element);
    else
        put(out, "x->%s = (raw->%s - input_%s_offset[%s]) / input_%s_scale[%s];", element, element, input->name,
            column, input->name, column);
    for (int d = 0; d < input->rank; d++)
        put(out, "}");
}

void emit_inputs_normalize(Out *out, Arena *arena, const Programs *programs)
{
    const struct lstmc_model *m = &programs->model->descriptor;
    const struct lstmc_scaling *scaling = &programs->trained->meaning->input;
    for (int k = 0; k < m->input_arrays; k++)
        if (!m->inputs[k].is_integer) {
            put_numbers(out, arena, &m->inputs[k], "offset", scaling->offset);
            put_numbers(out, arena, &m->inputs[k], "scale", scaling->scale);
        }
    put(out, "\n%s", fill_template(arena, programs->model,
                                   "void @_normalize(const struct @_inputs *raw, struct @_inputs *x)\n{"));
    for (int k = 0; k < m->input_arrays; k++)
        put_loop(out, arena, &m->inputs[k]);
    put(out, "}");
}

const char *inputs_listed(Arena *arena, const Programs *programs)
{
    const struct lstmc_model *m = &programs->model->descriptor;
    const struct lstmc_names *names = &programs->trained->meaning->columns;
    const char *text = "";
    for (int k = 0; k < m->input_arrays && (size_t)names->count == m->input_count; k++) {
        text = arena_format(arena, "%s Columns of %s: ", text, m->inputs[k].name);
        for (size_t i = 0; i < columns_of(&m->inputs[k]); i++)
            text = arena_format(arena, "%s%s%s", text, i ? ", " : "", names->text[m->inputs[k].offset + i]);
        text = arena_format(arena, "%s.", text);
    }
    return text;
}
