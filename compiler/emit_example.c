/* emit_example.c: in: a trained model.  out: a program that predicts what it reads, put together from compiler/example/, and the Makefile that builds
 * it. What it prints is what lstmc predict prints. */
#include "answer.h"
#include "embedded.h"
#include "emit.h"

#include "../runtime/lstmc.h"

typedef struct Mark {
    const char *name, *value;
} Mark;

typedef struct Example {
    Out *out;
    Arena *arena;
    const Programs *programs;
    Mark marks[20];
    int mark_count;
} Example;

static void add_mark(Example *to, const char *name, const char *value)
{
    to->marks[to->mark_count++] = (Mark){ name, value };
}

static const char *number_text(Arena *arena, size_t number)
{
    return arena_format(arena, "%zu", number);
}

static const char *replaced(Arena *arena, const char *text, const Mark *mark)
{
    const char *result = "";
    for (const char *at; (at = strstr(text, mark->name)) != NULL; text = at + strlen(mark->name))
        result = arena_format(arena, "%s%.*s%s", result, (int)(at - text), text, mark->value);
    return arena_format(arena, "%s%s", result, text);
}

/* A part of the example with its marks filled in; a line that was a mark for nothing goes. */
static void put_part(Example *to, const char *name)
{
    const char *text = embedded_text(arena_format(to->arena, "example/%s.c", name));
    for (int i = 0; i < to->mark_count; i++)
        text = replaced(to->arena, text, &to->marks[i]);
    text = fill_template(to->arena, to->programs->model, text);
    for (const char *end; *text; text = end + 1) {
        end = strchr(text, '\n');
        if (end == text || text + strspn(text, " ") != end)
            put_raw(to->out, arena_format(to->arena, "%.*s\n", (int)(end - text), text));
    }
}

/* ---- what the numbers of the output are ---- */

static bool reads_text(const Programs *programs)
{
    return programs->trained->meaning->vocabulary.count && programs->trained->meaning->unit != LSTMC_NO_TEXT;
}

static bool streams(const Programs *programs)
{
    return programs->step && !reads_text(programs) && !programs->trained->meaning->is_relative &&
           tensor_elements(programs->step->output) == outputs_of_step(&programs->model->descriptor);
}

/* "x[27], x[29]": what the outputs of a relative model are added to: of each target its value in the last row. NULL: to nothing. */
static const char *last_values(const Programs *programs, Arena *arena)
{
    const struct lstmc_meaning *meaning = programs->trained->meaning;
    const char *list = NULL;
    for (int t = 0; t < base_count(meaning); t++)
        list = arena_format(arena, "%s%sx[%zu]", list ? list : "", list ? ", " : "",
                            programs->model->descriptor.input_count - (size_t)meaning->columns.count + (size_t)base_column(meaning, t));
    return list;
}

static void add_marks(Example *to)
{
    const Programs *programs = to->programs;
    const struct lstmc_model *m = &programs->model->descriptor;
    const struct lstmc_meaning *meaning = programs->trained->meaning;
    Arena *arena = to->arena;
    size_t outputs = outputs_of_step(m), steps = m->output_count / outputs;
    const char *count = number_text(arena, outputs), *last = last_values(programs, arena);
    const char *loop = arena_format(arena, "for (int step = 0; step < %zu; step++)\n            print_step(&y[step * %zu]);", steps, outputs);
    bool whole_steps = streams(programs) && tensor_elements(programs->step->input) == m->input_count;
    bool labels = meaning->labels.count && (int)outputs <= meaning->labels.count;
    add_mark(to, "<vocabulary>", arena_format(arena, "%d", m->vocabulary));
    add_mark(to, "<value>", m->input_is_tokens ? "id of the vocabulary" : "number");
    add_mark(to, "<outputs>", count);
    add_mark(to, "<class>", labels ? "%s" : "%d");
    add_mark(to, "<name>", labels ? "@_labels[best]" : "best");
    add_mark(to, "<while>", steps > 1 ? "for (int sample = 0; read_sample(file, x); sample++)" : "while (read_sample(file, x))");
    add_mark(to, "<between>", steps > 1 ? "if (sample > 0)\n            putchar('\\n');" : "");
    add_mark(to, "<print>", steps > 1 ? loop : "print_step(y);");
    add_mark(to, "<normalize>", meaning->input.columns ? "@_normalize(x, x);" : "");
    add_mark(to, "<denormalize>", meaning->target.columns ? "@_denormalize(y, y);" : "");
    add_mark(to, "<last>", last ? arena_format(arena, "const float last[] = { %s };", last) : "");
    add_mark(to, "<add_last>", last ? arena_format(arena, "for (int i = 0; i < $_OUTPUTS; i++)\n            y[i] += last[i %% %d];",
                                                   meaning->targets.count) : "");
    if (!streams(programs))
        return;
    add_mark(to, "<step_inputs>", number_text(arena, tensor_elements(programs->step->input)));
    add_mark(to, "<step_outputs>", count);
    add_mark(to, "<normalize_step>", meaning->input.columns ? arena_format(arena, "@_normalize%s(x, x);", whole_steps ? "" : "_step") : "");
    add_mark(to, "<denormalize_step>", meaning->target.columns ? arena_format(arena, "@_denormalize%s(y, y);", steps > 1 ? "_step" : "") : "");
}

/* ---- the program ---- */

static const char *about_input(const Programs *programs)
{
    return reads_text(programs) ? "texts, one a line" : programs->model->descriptor.input_is_tokens
         ? "ids, $_INPUTS of them a sample, between them spaces, commas or ends of lines"
         : "numbers in the unit of the data, $_INPUTS of them a sample, between them spaces, commas or ends of lines";
}

static const char *about_output(const Programs *programs, Arena *arena, Answer answer)
{
    if (answer == ANSWER_VALUES && programs->trained->meaning->is_relative && !last_values(programs, arena))
        return "the outputs, which are changes from the last row";
    return answer == ANSWER_VALUES ? "the outputs in the unit of the data" : "the most probable class and its probability";
}

static void put_heading(Example *to, bool self_test)
{
    const Model *model = to->programs->model;
    bool steps = model->descriptor.output_count > outputs_of_step(&model->descriptor);
    put_raw(to->out, arena_format(to->arena, "/* %s_main.c: written by lstmc %s from %s. Without this line lstmc leaves the file to you.           "
                                             "SPDX-License-Identifier: 0BSD */\n", model->descriptor.name, LSTMC_VERSION,
                                  comment_text(to->arena, model->descriptor.source)));
    emit_prose(to->out, to->arena, fill_template(to->arena, model,
        arena_format(to->arena, "An example: reads %s, from a file or from standard input; prints for each of them a line with %s%s.%s%s",
                     about_input(to->programs), about_output(to->programs, to->arena, answer_of(model)),
                     steps ? ", for every time step, and an empty line between two samples" : "",
                     streams(to->programs) ? " With --stream: one time step after the other, as they come in." : "",
                     self_test ? " With --self-test: whether this machine computes what it should." : "")));
    put(to->out, "#include \"%s.h\"", model->descriptor.name);
    if (self_test)
        put(to->out, "#include \"%s_self_test.h\"", model->descriptor.name);
    put(to->out, "\n#include <stdio.h>\n#include <stdlib.h>\n#include <string.h>\n\n");
}

static void put_main(Example *to, bool self_test)
{
    Out *out = to->out;
    put(out, "int main(int count, char **arguments)\n{");
    if (self_test) {
        put(out, "if (count > 1 && !strcmp(arguments[1], \"--self-test\")) {");
        put(out, "const int failed = %s_self_test();", to->programs->model->descriptor.name);
        put(out, "if (failed)\n    printf(\"self-test: sample %%d is WRONG\\n\", failed);\nelse\n    puts(\"self-test: all right\");");
        put(out, "return failed != 0;\n}");
    }
    if (streams(to->programs))
        put(out, "const int steps = count > 1 && !strcmp(arguments[1], \"--stream\");\nconst char *name = count > 1 + steps ? arguments[1 + steps] : NULL;");
    else
        put(out, "const char *name = count > 1 ? arguments[1] : NULL;");
    put(out, "FILE *file = name ? fopen(name, \"r\") : stdin;\nif (!file) {\nperror(name);\nreturn 1;\n}");
    if (streams(to->programs))
        put(out, "if (steps)\n    predict_steps(file);\nelse\n    predict_samples(file);");
    else
        put(out, "predict_samples(file);");
    put(out, "return fflush(stdout) != 0 || ferror(stdout) != 0;\n}");
}

void emit_example(Out *out, Arena *arena, const Programs *programs, bool self_test)
{
    static const char *const answers[] = { [ANSWER_VALUES] = "print_values", [ANSWER_CLASS] = "print_class", [ANSWER_BINARY] = "print_binary" };
    Example to = { .out = out, .arena = arena, .programs = programs };
    add_marks(&to);
    put_heading(&to, self_test);
    if (reads_text(programs)) {
        put_part(&to, "read_text");
    } else {
        put_part(&to, "read_word");
        put_part(&to, programs->model->descriptor.input_is_tokens ? "parse_id" : "parse_number");
        put_part(&to, "read_values");
    }
    put_part(&to, answers[answer_of(programs->model)]);
    put_part(&to, "predict");
    if (streams(programs))
        put_part(&to, "stream");
    put_main(&to, self_test);
}

/* ---- the Makefile ---- */

void emit_makefile(Out *out, Arena *arena, const Programs *programs, bool self_test)
{
    const char *name = programs->model->descriptor.name, *test = self_test ? arena_format(arena, " %s_self_test.o", name) : "";
    const char *objects = arena_format(arena, "%s_main.o %s.o %s_weights.o%s", name, name, name, test);
    bool blas = emit_calls_blas(programs);
    put_raw(out, arena_format(arena, "# Makefile: written by lstmc %s. Without this line lstmc leaves the file to you.\n", LSTMC_VERSION));
    put_raw(out, arena_format(arena, "# make builds ./%s, which predicts what it reads%s.\n", name, self_test ? "; make check runs its self-test" : ""));
    put_raw(out, arena_format(arena, "CFLAGS  = -O2%s%s\nLDLIBS  = %s-lm\n", emit_dispatches(programs) ? "" : " -march=native",
                              blas ? " `pkg-config --cflags openblas`" : "", blas ? "`pkg-config --libs openblas` " : ""));
    put_raw(out, arena_format(arena, "OBJECTS = %s\n\n%s: $(OBJECTS)\n\t$(CC) $(CFLAGS) $(LDFLAGS) -o %s $(OBJECTS) $(LDLIBS)\n\n$(OBJECTS): %s.h%s\n\n",
                              objects, name, name, name, self_test ? arena_format(arena, " %s_self_test.h", name) : ""));
    if (self_test)
        put_raw(out, arena_format(arena, "check: %s\n\t./%s --self-test\n\n", name, name));
    put_raw(out, arena_format(arena, "clean:\n\trm -f %s $(OBJECTS)\n\n.PHONY: clean%s\n", name, self_test ? " check" : ""));
}
