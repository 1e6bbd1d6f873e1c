/* emit_example.c: in: a trained model.  out: a program that predicts what it reads, put together from
 * compiler/example/, and the Makefile that builds it. What it prints is what lstmc predict prints. */
#include "answer.h"
#include "ship.h"

#include "runtime/lstmc.h"

typedef struct Example {
    Out *out;
    Arena *arena;
    const Programs *programs;
    Mark marks[40];
    int mark_count;
} Example;

static void add_mark(Example *to, const char *name, const char *value)
{
    if (to->mark_count == sizeof to->marks / sizeof *to->marks)
        die("the example has more marks than %d", to->mark_count);
    to->marks[to->mark_count++] = (Mark){ name, value };
}

static const char *number_text(Arena *arena, size_t number)
{
    return arena_format(arena, "%zu", number);
}

static void put_part(Example *to, const char *name)
{
    emit_example_part(to->out, to->arena, to->programs->model, name, to->marks, to->mark_count);
}

/* ---- what the numbers of the output are ---- */

static bool reads_text(const Programs *programs)
{
    return programs->trained->meaning->vocabulary.count && programs->trained->meaning->unit != LSTMC_NO_TEXT;
}

/* Sequences with lengths come in as lines. */
static bool streams(const Programs *programs)
{
    return programs->step && !programs->model->descriptor.has_lengths &&
           answer_of(programs->model) != ANSWER_LABELS &&
           !reads_text(programs) && !programs->trained->meaning->is_relative &&
           tensor_elements(programs->step->output) == outputs_of_step(&programs->model->descriptor) &&
           steps_have_all_columns(programs->trained->meaning, tensor_elements(programs->step->inputs[0]));
}

/* "raw[27], raw[29]": what the outputs of a relative model are added to: of each target its value in the last row.
 * NULL: to nothing. */
static const char *last_values(const Programs *programs, Arena *arena)
{
    const struct lstmc_meaning *meaning = programs->trained->meaning;
    const char *list = NULL;
    for (int t = 0; t < base_count(meaning); t++)
        list = arena_format(arena, "%s%sraw[%zu]", list ? list : "", list ? ", " : "",
                            programs->model->descriptor.input_count - (size_t)meaning->columns.count +
                                (size_t)base_column(meaning, t));
    return list;
}

static bool has_units(const Programs *programs)
{
    const struct lstmc_meaning *meaning = programs->trained->meaning;
    size_t outputs = outputs_of_step(&programs->model->descriptor);
    bool any = false;
    for (int column = 0; column < meaning->target.columns; column++)
        any = any || unit_of_target(meaning, (size_t)column, outputs) > 0;
    return any;
}

/* ---- what stands for what in the parts ---- */

/* "\n" and blanks, so that the line below stands under the one above. */
#define BELOW "\n        "
#define DEEPER BELOW "    "

static const char *copied(Arena *arena, const char *to, const char *from, const char *count, const char *type)
{
    return arena_format(arena, "for (int i = 0; i < %s; i++)" DEEPER "%s[i] = %s%s[i];", count, to, type, from);
}

/* Numbers come in as doubles, and are scaled as in training. */
static void add_input_marks(Example *to)
{
    const struct lstmc_model *m = &to->programs->model->descriptor;
    const struct lstmc_meaning *meaning = to->programs->trained->meaning;
    bool numbers = !m->input_is_tokens;
    add_mark(to, "<vocabulary>", arena_format(to->arena, "%d", m->vocabulary));
    add_mark(to, "<value>", numbers ? "finite number" : arena_format(to->arena, "id in [0, %d)", m->vocabulary));
    add_mark(to, "<raw>", numbers ? "double" : "int32_t");
    add_mark(to, "<declare_raw>", numbers ? "static double raw[$_INPUTS];" : "");
    add_mark(to, "<normalize>",
             !numbers                 ? ""
             : meaning->input.columns ? "@_normalize_double(raw, x);"
                                      : copied(to->arena, "x", "raw", "$_INPUTS", "(float)"));
    add_mark(to, "<check>", numbers ? "check_floats(raw, x, $_INPUTS);" : "");
}

/* "digits(values[i], 14.1)", or a table of units. */
static void add_digits(Example *to)
{
    const struct lstmc_meaning *meaning = to->programs->trained->meaning;
    size_t outputs = outputs_of_step(&to->programs->model->descriptor);
    int columns = meaning->target.columns;
    const char *table = "";
    for (int column = 0; column < columns; column++)
        table = arena_format(to->arena, "%s%s%s", table, column ? ", " : "",
                             double_text(to->arena, unit_of_target(meaning, (size_t)column, outputs)));
    bool any = has_units(to->programs);
    add_mark(to, "<units>", any ? arena_format(to->arena, "static const double unit[] = { %s };", table) : "");
    add_mark(to, "<digits>",
             !any           ? "6"
             : columns == 1 ? "digits(values[i], unit[0])"
                            : arena_format(to->arena, "digits(values[i], unit[i %% %d])", columns));
}

/* Of a model with lengths: of a text they are its ids, behind which stand zeros. */
static void add_length_marks(Example *to)
{
    const struct lstmc_model *m = &to->programs->model->descriptor;
    bool text = reads_text(to->programs);
    add_mark(to, "<encode>", to->programs->model->has_decoder ? "@_encode_text" : "@_encode");
    add_mark(to, "<row>", arena_format(to->arena, "%zu", step_input_count(m)));
    add_mark(to, "<declare_length>", m->has_lengths ? "int32_t length;" : "");
    add_mark(to, "<count>", m->has_lengths && text ? "for (length = 0; length < $_INPUTS && x[length]; length++)" DEEPER
                                                     "continue;" : "");
    add_mark(to, "<length>", m->has_lengths ? "&length, " : "");
}

/* What the class is called, as lstmc predict says it: the end of a line would end the line. */
static const char *name_of_class(Example *to, bool all)
{
    const struct lstmc_names *labels = &to->programs->trained->meaning->labels;
    const char *name = all ? "@_labels[best]" : "class_name(best)";
    for (int i = 0; i < labels->count; i++)
        if (!strcmp(labels->text[i], "\n"))
            return arena_format(to->arena, "*%s == '\\n' ? \"\\\\n\" : %s", name, name);
    return name;
}

/* Of the steps that the output has those that count, where it has as many as the input. */
static const char *labels_call(const Example *to)
{
    const Model *model = to->programs->model;
    int steps = model->descriptor.output_shape[0];
    bool counts = model->descriptor.has_lengths && model->layers[model->outputs[0]].masked;
    return counts ? arena_format(to->arena, "print_labels(y, length < %d ? (int)length : %d);", steps, steps)
                  : arena_format(to->arena, "print_labels(y, %d);", steps);
}

static void add_label_marks(Example *to)
{
    const Programs *programs = to->programs;
    add_mark(to, "<blank>", arena_format(to->arena, "%d", lstmc_blank(&programs->model->descriptor)));
    add_mark(to, "<apart>", programs->trained->meaning->target_unit == LSTMC_CHARACTERS ? "" : " ");
}

static void add_output_marks(Example *to)
{
    const Programs *programs = to->programs;
    const struct lstmc_model *m = &programs->model->descriptor;
    const struct lstmc_meaning *meaning = programs->trained->meaning;
    size_t outputs = outputs_of_step(m), steps = m->output_count / outputs;
    bool values = answer_of(programs->model) == ANSWER_VALUES, labels = meaning->labels.count,
         all = (int)outputs <= meaning->labels.count, counts = m->has_lengths && !reads_text(programs);
    const char *last = values ? last_values(programs, to->arena) : NULL, *printed = values ? "values" : "y",
               *sample = m->input_is_tokens ? "x" : "raw";
    const char *loop = arena_format(to->arena,
                                    "for (int step = 0; step < %zu; step++)" DEEPER "print_step(&%s[step * %zu]);",
                                    steps, printed, outputs);
    bool of_sample = answer_of(programs->model) == ANSWER_LABELS, lines = steps > 1 && !of_sample;
    add_mark(to, "<outputs>", number_text(to->arena, outputs));
    add_mark(to, "<class>", labels ? "%s" : "%d");
    add_mark(to, "<name>", labels ? name_of_class(to, all) : "best");
    add_mark(to, "<while>",
             arena_format(to->arena,
                          lines ? "for (int sample = 0; %s(file, %s)%s; sample++)" : "while (%s(file, %s)%s)",
                          counts ? "(length = read_sample" : "read_sample", sample, counts ? ") > 0" : ""));
    add_length_marks(to);
    add_mark(to, "<between>", lines ? "if (sample > 0)" DEEPER "putchar('\\n');" : "");
    add_mark(to, "<print>",
             of_sample ? labels_call(to) : lines ? loop : arena_format(to->arena, "print_step(%s);", printed));
    add_label_marks(to);
    add_mark(to, "<printed>", printed);
    add_mark(to, "<declare_values>", values ? "static double values[$_OUTPUTS];" : "");
    add_mark(to, "<denormalize>",
             !values                   ? ""
             : meaning->target.columns ? "@_denormalize_double(y, values);"
                                       : copied(to->arena, "values", "y", "$_OUTPUTS", ""));
    add_mark(to, "<add_last>",
             last ? arena_format(to->arena,
                                 "const double last[] = { %s };" BELOW "for (int i = 0; i < $_OUTPUTS; i++)" DEEPER
                                 "values[i] += last[i %% %d];",
                                 last, meaning->targets.count)
                  : "");
    add_digits(to);
}

static void add_stream_marks(Example *to)
{
    const Programs *programs = to->programs;
    const struct lstmc_model *m = &programs->model->descriptor;
    const struct lstmc_meaning *meaning = programs->trained->meaning;
    bool numbers = !m->input_is_tokens, values = answer_of(programs->model) == ANSWER_VALUES;
    const char *inputs = number_text(to->arena, tensor_elements(programs->step->inputs[0])),
               *outputs = number_text(to->arena, outputs_of_step(m));
    const char *input_step = tensor_elements(programs->step->inputs[0]) == m->input_count ? "" : "_step";
    const char *output_step = m->output_count > outputs_of_step(m) ? "_step" : "";
    add_mark(to, "<step_inputs>", inputs);
    add_mark(to, "<step_outputs>", outputs);
    add_mark(to, "<declare_raw_step>", numbers ? arena_format(to->arena, "double raw[%s];", inputs) : "");
    add_mark(to, "<declare_values_step>", values ? arena_format(to->arena, "double values[%s];", outputs) : "");
    add_mark(to, "<read>", numbers ? "raw" : "x");
    add_mark(to, "<normalize_step>",
             !numbers                 ? ""
             : meaning->input.columns ? arena_format(to->arena, "@_normalize%s_double(raw, x);", input_step)
                                      : copied(to->arena, "x", "raw", inputs, "(float)"));
    add_mark(to, "<check_step>", numbers ? arena_format(to->arena, "check_floats(raw, x, %s);", inputs) : "");
    add_mark(to, "<denormalize_step>",
             !values                   ? ""
             : meaning->target.columns ? arena_format(to->arena, "@_denormalize%s_double(y, values);", output_step)
                                       : copied(to->arena, "values", "y", outputs, ""));
}

static void add_marks(Example *to)
{
    add_input_marks(to);
    add_output_marks(to);
    if (streams(to->programs))
        add_stream_marks(to);
}

/* ---- the program ---- */

static const char *about_input(const Programs *programs)
{
    const struct lstmc_model *m = &programs->model->descriptor;
    if (m->has_lengths && !reads_text(programs))
        return m->input_is_tokens ? "ids, a line for each sample, as many as it has"
                                  : "numbers in the unit of the data, a line for each sample, of as many steps as it "
                                    "has";
    return reads_text(programs) ? "texts, one a line" : m->input_is_tokens
         ? "ids, $_INPUTS of them a sample, between them spaces, commas or ends of lines"
         : "numbers in the unit of the data, $_INPUTS of them a sample, between them spaces, commas or ends of lines";
}

static const char *about_output(const Programs *programs, Arena *arena, Answer answer)
{
    if (programs->model->descriptor.inputs)
        return "what the decoder says of it, greedily or with a beam (--beam=N)";
    if (answer == ANSWER_VALUES && programs->trained->meaning->is_relative && !last_values(programs, arena))
        return "the outputs, which are changes from the last row";
    return answer == ANSWER_VALUES ? "the outputs in the unit of the data"
           : answer == ANSWER_LABELS ? "its labels, as the best path has them"
                                     : "the most probable class and its probability";
}

static void put_heading(Example *to, bool self_test)
{
    const Model *model = to->programs->model;
    bool steps = model->descriptor.output_count > outputs_of_step(&model->descriptor) && !model->descriptor.inputs &&
                 answer_of(model) != ANSWER_LABELS;
    put_raw(to->out, arena_format(to->arena, "/* %s_main.c: written by lstmc %s from %s. Without this line lstmc "
                                             "leaves the file to you.           SPDX-License-Identifier: 0BSD */\n",
                                  model->descriptor.name, LSTMC_VERSION,
                                  comment_text(to->arena, model->descriptor.source)));
    emit_prose(to->out, to->arena, fill_template(to->arena, model,
        arena_format(to->arena, "An example: reads %s, from a file or from standard input; prints for each of them a "
                                "line with %s%s.%s%s",
                     about_input(to->programs), about_output(to->programs, to->arena, answer_of(model)),
                     steps ? ", for every time step, and an empty line between two samples" : "",
                     streams(to->programs) ? " With --stream: one time step after the other, as they come in." : "",
                     self_test ? " With --self-test: whether this machine computes what it should." : "")));
    put(to->out, "#include \"%s.h\"", model->descriptor.name);
    if (self_test)
        put(to->out, "#include \"%s_self_test.h\"", model->descriptor.name);
    put(to->out, "\n#include <math.h>\n#include <stdio.h>\n#include <stdlib.h>\n#include <string.h>\n\n");
}

static void put_main(Example *to, bool self_test)
{
    Out *out = to->out;
    put(out, "int main(int count, char **arguments)\n{");
    if (self_test) {
        put(out, "if (count > 1 && !strcmp(arguments[1], \"--self-test\")) {");
        put(out, "const int failed = %s_self_test();", to->programs->model->descriptor.name);
        put(out, "if (failed)\n    printf(\"self-test: sample %%d is WRONG\\n\", failed);\nelse\n    puts(\"self-test: "
                 "all right\");");
        put(out, "return failed != 0;\n}");
    }
    if (streams(to->programs))
        put(out, "const int steps = count > 1 && !strcmp(arguments[1], \"--stream\");\nconst char *name = count > 1 + "
                 "steps ? arguments[1 + steps] : NULL;");
    else
        put(out, "const char *name = count > 1 ? arguments[1] : NULL;");
    put(out, "FILE *file = name ? fopen(name, \"r\") : stdin;\nif (!file) {\nperror(name);\nreturn 1;\n}");
    if (streams(to->programs))
        put(out, "if (steps)\n    predict_steps(file);\nelse\n    predict_samples(file);");
    else
        put(out, "predict_samples(file);");
    put(out, "if (ferror(file)) {\nperror(name ? name : \"standard input\");\nreturn 1;\n}");
    put(out, "return fflush(stdout) != 0 || ferror(stdout) != 0;\n}");
}

void emit_example(Out *out, Arena *arena, const Programs *programs, bool self_test)
{
    static const char *const answers[] = {
        [ANSWER_VALUES] = "print_values", [ANSWER_CLASS] = "print_class", [ANSWER_BINARY] = "print_binary",
        [ANSWER_LABELS] = "print_labels"
    };
    Example to = { .out = out, .arena = arena, .programs = programs };
    Answer answer = answer_of(programs->model);
    int labels = programs->trained->meaning->labels.count;
    add_marks(&to);
    put_heading(&to, self_test);
    if (reads_text(programs)) {
        put_part(&to, "read_line");
        put_part(&to, programs->trained->meaning->unit == LSTMC_BYTES ? "read_bytes" : "read_text");
    } else {
        bool lines = programs->model->descriptor.has_lengths;
        put_part(&to, lines ? "read_line" : "read_word");
        put_part(&to, programs->model->descriptor.input_is_tokens ? "parse_id" : "parse_number");
        put_part(&to, lines ? "read_sequence" : "read_values");
        if (!programs->model->descriptor.input_is_tokens)
            put_part(&to, "check_floats");
    }
    if (answer == ANSWER_VALUES && has_units(programs))
        put_part(&to, "digits");
    if (labels && labels < (int)outputs_of_step(&programs->model->descriptor) &&
        (answer == ANSWER_CLASS || answer == ANSWER_LABELS))
        put_part(&to, "class_name");
    if (programs->model->descriptor.inputs) {
        emit_said(out, arena, programs, self_test);
        return;
    }
    put_part(&to, answers[answer]);
    put_part(&to, "predict");
    if (streams(programs))
        put_part(&to, "stream");
    put_main(&to, self_test);
}

/* ---- the Makefile ---- */

/* A cross compiler knows no -march=native. */
static const char
    native[] = "# For the processor that compiles, if it is the one that runs: as far as the compiler can tell. make "
               "NATIVE= is for any.\n"
               "NATIVE  = `$(CC) -march=native -E -x c /dev/null >/dev/null 2>&1 && echo -march=native`\n";

void emit_makefile(Out *out, Arena *arena, const Programs *programs, bool self_test)
{
    const char *name = programs->model->descriptor.name,
               *test = self_test ? arena_format(arena, " %s_self_test.o", name) : "";
    const char *objects = arena_format(arena, "%s_main.o %s.o %s_weights.o%s", name, name, name, test);
    bool blas = emit_calls_blas(programs);
    put_raw(out,
            arena_format(arena, "# Makefile: written by lstmc %s. Without this line lstmc leaves the file to you.\n",
                         LSTMC_VERSION));
    put_raw(out, arena_format(arena, "# make builds ./%s, which predicts what it reads%s.\n", name,
                              self_test ? "; make check runs its self-test" : ""));
    if (!emit_dispatches(programs))
        put_raw(out, native);
    put_raw(out,
            arena_format(arena, "CFLAGS  = -O2%s%s\nLDLIBS  = %s-lm\n", emit_dispatches(programs) ? "" : " $(NATIVE)",
                         blas ? " `pkg-config --cflags openblas`" : "", blas ? "`pkg-config --libs openblas` " : ""));
    put_raw(out,
            arena_format(arena,
                         "OBJECTS = %s\n\n%s: $(OBJECTS)\n\t$(CC) $(CFLAGS) $(LDFLAGS) -o %s $(OBJECTS) "
                         "$(LDLIBS)\n\n$(OBJECTS): %s.h%s\n\n",
                         objects, name, name, name, self_test ? arena_format(arena, " %s_self_test.h", name) : ""));
    if (self_test)
        put_raw(out, arena_format(arena, "check: %s\n\t./%s --self-test\n\n", name, name));
    put_raw(out,
            arena_format(arena, "clean:\n\trm -f %s $(OBJECTS)\n\n.PHONY: clean%s\n", name, self_test ? " check" : ""));
}
