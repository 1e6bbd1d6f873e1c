/* importer.c: names of a graph, what is known of them, and what is said of a node that cannot be taken. */
#include "flow.h"
#include "compiler/base/text_index.h"

#include <stdio.h>
#include <string.h>

static const char *read_by(const OnnxNode *node, Arena *arena)
{
    const char *text = "";
    for (int i = 0; i < node->input_count && i < 3; i++)
        if (*node->inputs[i])
            text = arena_format(arena, "%s%s%s", text, *text ? ", " : ", which reads ", node->inputs[i]);
    return arena_format(arena, "%s%s", text, node->input_count > 3 ? " and more" : "");
}

bool cannot(Importer *importer, const char *format, ...)
{
    char text[600];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    const OnnxNode *node = importer->node;
    if (!importer->failed && node)
        draft_refuse(importer->draft, "%s (%s)%s: %s", *node->name ? node->name : "a node",
                     node->operation, read_by(node, importer->arena), text);
    else if (!importer->failed)
        draft_refuse(importer->draft, "%s", text);
    importer->failed = true;
    return false;
}

int place_of_name(Importer *importer, const char *name)
{
    int *place = text_index_at(importer->index, name);
    if (!*place) {
        Value none = { 0 };
        int count = importer->value_count;
        arena_append(importer->arena, importer->uses, count, importer->use_capacity, 0);
        arena_append(importer->arena, importer->values, importer->value_count, importer->value_capacity, none);
        *place = importer->value_count;
    }
    return *place - 1;
}

Value *input_value(Importer *importer, int i)
{
    const OnnxNode *node = importer->node;
    if (i >= node->input_count || !*node->inputs[i])
        return NULL;
    return &importer->values[place_of_name(importer, node->inputs[i])];
}

const Array *input_array(Importer *importer, int i)
{
    const Value *value = input_value(importer, i);
    return value ? value->array : NULL;
}

int uses_of(Importer *importer, const char *name)
{
    return importer->uses[place_of_name(importer, name)];
}

bool has_output(Importer *importer, int i)
{
    const OnnxNode *node = importer->node;
    return i < node->output_count && *node->outputs[i] && uses_of(importer, node->outputs[i]) > 0;
}

void set_value(Importer *importer, int output, Value value)
{
    const OnnxNode *node = importer->node;
    if (output < node->output_count && *node->outputs[output])
        importer->values[place_of_name(importer, node->outputs[output])] = value;
}

void set_array(Importer *importer, int output, const Array *array)
{
    set_value(importer, output, (Value){ .array = array });
}

void set_flow(Importer *importer, int output, Flow flow)
{
    const OnnxNode *node = importer->node;
    if (output >= node->output_count || !*node->outputs[output])
        return;
    Flow *kept = arena_new(importer->arena, Flow);
    *kept = flow;
    kept->alone_by_name = flow.alone;
    kept->alone = flow.alone && uses_of(importer, node->outputs[output]) == 1;
    set_value(importer, output, (Value){ .flow = kept });
}

int64_t to_integer(double number)
{
    return number >= 9.2e18 ? INT64_MAX : number <= -9.2e18 ? INT64_MIN : number == number ? (int64_t)number : 0;
}
