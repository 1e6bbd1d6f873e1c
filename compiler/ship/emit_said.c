/* emit_said.c: in: a trained model whose decoder says texts.  out: what of its example is not that of other models: a
 * program that reads texts and prints what is said of them. */
#include "compiler/base/embedded.h"
#include "ship.h"

#include "runtime/lstmc.h"

const struct lstmc_array *ship_text_input(const Programs *programs)
{
    const struct lstmc_model *m = &programs->model->descriptor;
    return programs->model->has_decoder && m->input_arrays == 2 ? &m->inputs[!programs->model->decoder] : NULL;
}

const char *ship_no_said(Arena *arena, const Programs *programs)
{
    const struct lstmc_meaning *meaning = programs->trained->meaning;
    if (!programs->model->has_decoder)
        return arena_format(arena, "the program reads one array a sample, and the model has %d inputs (--self-test "
                                   "shows how they are filled)",
                            programs->model->input_count);
    if (!ship_text_input(programs) || meaning->unit == LSTMC_NO_TEXT || meaning->target_unit == LSTMC_NO_TEXT)
        return "of a decoder the program reads texts and says texts, and this model was trained on others";
    return programs->decode ? NULL : arena_format(arena, "the program says one token after the other, and the decoder "
                                                         "cannot: %s", programs->no_decoder);
}

static const char self_test_call[] =
    "if (count > 1 && !strcmp(arguments[1], \"--self-test\")) {\n"
    "        const int failed = @_self_test();\n"
    "        if (failed)\n"
    "            printf(\"self-test: sample %d is WRONG\\n\", failed);\n"
    "        else\n"
    "            puts(\"self-test: all right\");\n"
    "        return failed != 0;\n"
    "    }";

void emit_said(Out *out, Arena *arena, const Programs *programs, bool self_test)
{
    const Model *model = programs->model;
    const struct lstmc_meaning *meaning = programs->trained->meaning;
    const struct lstmc_array *text = ship_text_input(programs), *said = &model->descriptor.inputs[model->decoder];
    const char *name = c_name(arena, text->name), *length = model->descriptor.has_lengths ? "&length, " : "";
    int classes = model->descriptor.output_shape[model->descriptor.output_rank - 1];
    const Mark marks[] = {
        { "<apart>", meaning->target_unit == LSTMC_CHARACTERS ? "" : " " },
        { "<said>", meaning->labels.count < classes ? "class_name(tokens[i])" : "@_labels[tokens[i]]" },
        { "<steps>", arena_format(arena, "%d", said->shape[0]) },
        { "<first_token>", arena_format(arena, "%d", model->end_token + 1) },
        { "<from_logits>", model->loss_options.from_logits ? "1" : "0" },
        { "<declare_length>", *length ? "int32_t length;" : "" },
        { "<text>", name },
        { "<count_text>", *length ? arena_format(arena, "for (length = 0; length < %d && x.%s[length]; length++)\n"
                                                        "            continue;", text->shape[0], name) : "" },
        { "<length>", length },
        { "<self_test>", self_test ? self_test_call : "" },
    };
    put_raw(out, embedded_text("runtime/lstmc_search.h"));
    put(out, "\n");
    emit_example_part(out, arena, model, "say", marks, sizeof marks / sizeof *marks);
}
