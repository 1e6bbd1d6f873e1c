/* emit_meaning.c: in: what the numbers of a trained model mean.  out: its part of the third file: from the unit of the
 * data to what the model reads and back, the names of its classes, texts as ids; and the declarations. What the data
 * had no meaning of is not there. */
#include "answer.h"
#include "compiler/base/embedded.h"
#include "ship.h"

#include "runtime/data/dataset.h"
#include "runtime/base/number.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* A template, indented by its braces. */
static void put_code(Out *out, Arena *arena, const Model *model, const char *text)
{
    put(out, "%s", fill_template(arena, model, text));
}

/* ---- numbers ---- */

const char *double_text(Arena *arena, double value)
{
    const char *text = NULL;
    double again = NAN;
    for (int digits = 6; digits <= 17 && again != value; digits++) {
        text = arena_format(arena, "%.*g", digits, value);
        if (!lstmc_number_read(text, strlen(text), &again))
            break;
    }
    return strpbrk(text, ".e") ? text : arena_format(arena, "%s.0", text);
}

static void put_numbers(Out *out, Arena *arena, const char *type, const char *name, const double *values, int count)
{
    bool is_double = !strcmp(type, "double");
    const char *text = arena_format(arena, "static const %s %s[] = {", type, name);
    for (int i = 0; i < count; i++)
        text = arena_format(arena, "%s %s,", text,
                            is_double ? double_text(arena, values[i]) : float_text(arena, values[i]));
    emit_line(out, arena, arena_format(arena, "%s };", text));
}

/* The same numbers in both types: those of the functions in float, and of the ones in double. */
static void put_scaling(Out *out, Arena *arena, const char *side, const struct lstmc_scaling *scaling)
{
    put_numbers(out, arena, "float", arena_format(arena, "%s_offset", side), scaling->offset, scaling->columns);
    put_numbers(out, arena, "float", arena_format(arena, "%s_scale", side), scaling->scale, scaling->columns);
    put_numbers(out, arena, "double", arena_format(arena, "%s_offset_double", side), scaling->offset, scaling->columns);
    put_numbers(out, arena, "double", arena_format(arena, "%s_scale_double", side), scaling->scale, scaling->columns);
}

/* "i % 3": of a number among `count`, whose columns come again and again. */
static const char *column_text(Arena *arena, size_t count, int columns)
{
    return columns == 1 ? "0" : (size_t)columns == count ? "i" : arena_format(arena, "i %% %d", columns);
}

/* One function over `count` numbers; in its formula # stands for the column. */
static void put_scaling_function(Out *out, Arena *arena, const Model *model, const char *signature, const char *formula,
                                 size_t count, int columns)
{
    const char *column = column_text(arena, count, columns), *filled = "";
    for (const char *at; (at = strchr(formula, '#')) != NULL; formula = at + 1)
        filled = arena_format(arena, "%s%.*s%s", filled, (int)(at - formula), formula, column);
    put(out, "\n");
    put_code(out, arena, model, signature);
    put(out, "{\nfor (int i = 0; i < %zu; i++)\n    %s%s\n}\n", count, filled, formula);
}

/* What one call of M_step reads, what it writes; 0 where that is a whole sample, or there are no steps, or none can be
 * understood alone. */
static size_t step_inputs(const Programs *programs)
{
    const struct lstmc_meaning *meaning = programs->trained->meaning;
    size_t count = programs->step && !meaning->is_relative ? tensor_elements(programs->step->inputs[0]) : 0;
    return count < programs->model->descriptor.input_count && steps_have_all_columns(meaning, count) ? count : 0;
}

static size_t step_outputs(const Programs *programs)
{
    size_t count = programs->step ? tensor_elements(programs->step->output) : 0;
    int columns = programs->trained->meaning->target.columns;
    return count < programs->model->descriptor.output_count && columns && count % (size_t)columns == 0 ? count : 0;
}

/* Relative: beside the last row, whose numbers come last: they are still there when the others have been changed. */
static void put_normalize(Out *out, Arena *arena, const Programs *programs)
{
    const struct lstmc_meaning *meaning = programs->trained->meaning;
    size_t count = programs->model->descriptor.input_count, row = lstmc_row_columns(meaning);
    int columns = meaning->input.columns;
    const char *from = !meaning->is_relative
                           ? ""
                           : arena_format(arena, " - raw[%zu + %s]", count - row, column_text(arena, count, (int)row));
    const char *single = arena_format(arena, "x[i] = (raw[i]%s - input_offset[#]) / input_scale[#];", from);
    const char *precise =
        arena_format(arena, "x[i] = (float)((raw[i]%s - input_offset_double[#]) / input_scale_double[#]);", from);
    put_scaling_function(out, arena, programs->model, "void @_normalize(const float *raw, float *x)", single, count,
                         columns);
    put_scaling_function(out, arena, programs->model, "void @_normalize_double(const double *raw, float *x)", precise,
                         count, columns);
    if (!step_inputs(programs))
        return;
    put_scaling_function(out, arena, programs->model, "void @_normalize_step(const float *raw, float *x)", single,
                         step_inputs(programs), columns);
    put_scaling_function(out, arena, programs->model, "void @_normalize_step_double(const double *raw, float *x)",
                         precise, step_inputs(programs), columns);
}

static void put_denormalize(Out *out, Arena *arena, const Programs *programs)
{
    static const char single[] = "raw[i] = y[i] * target_scale[#] + target_offset[#];";
    static const char precise[] = "raw[i] = (double)y[i] * target_scale_double[#] + target_offset_double[#];";
    size_t count = programs->model->descriptor.output_count;
    int columns = programs->trained->meaning->target.columns;
    put_scaling_function(out, arena, programs->model, "void @_denormalize(const float *y, float *raw)", single, count,
                         columns);
    put_scaling_function(out, arena, programs->model, "void @_denormalize_double(const float *y, double *raw)", precise,
                         count, columns);
    if (!step_outputs(programs))
        return;
    put_scaling_function(out, arena, programs->model, "void @_denormalize_step(const float *y, float *raw)", single,
                         step_outputs(programs), columns);
    put_scaling_function(out, arena, programs->model, "void @_denormalize_step_double(const float *y, double *raw)",
                         precise, step_outputs(programs), columns);
}

static void put_scalings(Out *out, Arena *arena, const Programs *programs)
{
    const struct lstmc_scaling *input = &programs->trained->meaning->input,
                               *target = &programs->trained->meaning->target;
    if (input->columns) {
        put(out, "\n/* number in the file = offset + scale * number in the model, column by column */\n");
        if (programs->model->descriptor.inputs) {
            emit_inputs_normalize(out, arena, programs);
        } else {
            put_scaling(out, arena, "input", input);
            put_normalize(out, arena, programs);
        }
    }
    if (target->columns) {
        put(out, "\n");
        put_scaling(out, arena, "target", target);
        put_denormalize(out, arena, programs);
    }
}

/* ---- names ---- */

static void put_names(Out *out, Arena *arena, const Model *model, const struct lstmc_names *names, const char *opening)
{
    put(out, "\n");
    put_code(out, arena, model, opening);
    for (int i = 0; i < names->count; i++)
        put_raw(out, arena_format(arena, "    %s,\n", quoted_text(arena, names->text[i])));
    put(out, "};");
}

/* ---- texts ---- */

typedef struct Entry {
    const char *text;
    int id;
} Entry;

static int compare_entries(const void *left, const void *right)
{
    const Entry *a = left, *b = right;
    int order = strcmp(a->text, b->text);
    return order ? order : (a->id > b->id) - (a->id < b->id);
}

/* The ids in the order of the bytes of their texts; of equal texts the first one, of none the empty one. */
static void put_ids_by_text(Out *out, Arena *arena, const struct lstmc_names *names)
{
    Entry *entry = arena_array(arena, Entry, names->count + 1);
    const char *line = "";
    int count = 0, last = -1;
    for (int i = 0; i < names->count; i++)
        if (*names->text[i])
            entry[count++] = (Entry){ names->text[i], i };
    qsort(entry, (size_t)count, sizeof *entry, compare_entries);
    put(out, "\n/* The ids in the order of the bytes of their texts. */\nstatic const int32_t id_by_text[] = {");
    for (int i = 0; i < count; i++) {
        if (last >= 0 && !strcmp(entry[i].text, entry[last].text))
            continue;
        last = i;
        line = arena_format(arena, "%s%d, ", line, entry[i].id);
        if (strlen(line) > 100) {
            put(out, "%.*s", (int)strlen(line) - 1, line);
            line = "";
        }
    }
    put(out, "%.*s%s};", *line ? (int)strlen(line) - 1 : 0, line, *line ? "\n" : "");
}

static const char next_byte[] =
    "static int next_token(const char **at, const char *end, const char **token)\n{\n"
    "*token = *at;\n"
    "return *at < end ? (*at)++, 1 : 0;\n}\n\n";
static const char next_character[] =
    "static int next_token(const char **at, const char *end, const char **token)\n{\n"
    "int length = 0;\n"
    "*token = *at;\n"
    "if (*at < end)\n    (void)lstmc_character(*at, end, &length);\n"
    "*at += length;\n"
    "return length > 0;\n}\n\n";
static const char next_word[] =
    "static int next_token(const char **at, const char *end, const char **token)\n{\n"
    "return lstmc_next_word(at, end, token);\n}\n\n";

static const char next_word_or_line[] =
    "static int next_token(const char **at, const char *end, const char **token)\n{\n"
    "return lstmc_next_word_or_line(at, end, token);\n}\n\n";

/* Filled in: how small letters are made, or nothing. */
static const char find_id[] =
    "/* -1: the vocabulary has no such text. */\n"
    "static int32_t find_id(const char *token, size_t length)\n{\n"
    "%s"
    "size_t low = 0, high = sizeof id_by_text / sizeof *id_by_text;\n"
    "while (low < high) {\n"
    "const size_t middle = low + (high - low) / 2;\n"
    "const char *text = @_vocabulary[id_by_text[middle]];\n"
    "const int order = strncmp(text, token, length);\n"
    "if (order == 0 && !text[length])\n    return id_by_text[middle];\n"
    "if (order < 0)\n    low = middle + 1;\nelse\n    high = middle;\n"
    "}\n"
    "return -1;\n}\n\n";

/* A token that is longer than every text of the vocabulary is none of them. */
static const char in_small_letters[] =
    "char small[%zu];\n"
    "if (length > sizeof small)\n    return -1;\n"
    "memcpy(small, token, length);\n"
    "lstmc_lower(small, length);\n"
    "token = small;\n";

/* Filled in: how many tokens stand in front of the text, where they begin, what stores them, the id of what is
 * unknown. */
static const char encode[] =
    "int <encode>(const char *text, int32_t *x)\n{\n"
    "const char *const end = text + strlen(text), *token, *at = text;\n"
    "int count = %d, unknown = 0;\n"
    "while (next_token(&at, end, &token))\n    count++;\n"
    "int place = %s;\n"
    "memset(x, 0, <ids> * sizeof *x);\n"
    "%s"
    "for (at = text; place < <ids> && next_token(&at, end, &token); place++) {\n"
    "const int32_t id = place < 0 ? 0 : find_id(token, (size_t)(at - token));\n"
    "if (place >= 0)\n    x[place] = id < 0 ? %d : id;\n"
    "unknown += id < 0;\n"
    "}\n"
    "return unknown;\n}\n";

/* A text that is begun by the end of the line before it. Filled in: its id. */
static const char begin_line[] = "if (place >= 0)\n    x[place] = %d;\nplace++;\n";

static const char readable_text[] =
    "\nsize_t @_readable(const char *text, size_t length)\n{\n"
    "const char *at = text, *const end = text + length;\n"
    "for (int bytes = 0; at < end; at += bytes) {\n"
    "(void)lstmc_decode(at, end, &bytes);\n"
    "if (!bytes)\n    break;\n"
    "}\n"
    "return (size_t)(at - text);\n}\n";
static const char readable_bytes[] =
    "\nsize_t @_readable(const char *text, size_t length)\n{\n"
    "size_t at = 0;\n"
    "while (at < length && find_id(text + at, 1) >= 0)\n    at++;\n"
    "return at;\n}\n";

/* A reader of lines keeps the first two ids for padding and for what is unknown; one of bytes knows them all. */
static int unknown_id(const struct lstmc_meaning *meaning)
{
    return meaning->unit == LSTMC_BYTES ? 0 : 1;
}

static bool reads_words(const struct lstmc_meaning *meaning)
{
    return meaning->unit == LSTMC_WORDS || meaning->unit == LSTMC_WORDS_AND_LINES;
}

static int id_of_text(const struct lstmc_names *names, const char *text)
{
    for (int i = 0; i < names->count; i++)
        if (!strcmp(names->text[i], text))
            return i;
    return -1;
}

static size_t longest(const struct lstmc_names *names)
{
    size_t length = 1;
    for (int i = 0; i < names->count; i++)
        length = strlen(names->text[i]) > length ? strlen(names->text[i]) : length;
    return length;
}

/* Beside M_encode of a decoder it is M_encode_text, into the input that reads the text. */
static const char *with_text(Arena *arena, const Programs *programs, const char *text)
{
    const struct lstmc_array *input = ship_text_input(programs);
    const Mark marks[] = {
        { "<encode>", programs->model->has_decoder ? "@_encode_text" : "@_encode" },
        { "<ids>", input ? arena_format(arena, "%zu", input->count) : "$_INPUTS" },
    };
    return marks_filled(arena, text, marks, sizeof marks / sizeof *marks);
}

static void put_encode(Out *out, Arena *arena, const Programs *programs)
{
    const struct lstmc_meaning *meaning = programs->trained->meaning;
    put_ids_by_text(out, arena, &meaning->vocabulary);
    put(out, "\n");
    if (reads_words(meaning))
        put(out, "#define LSTMC_TEXT_WORDS\n");
    if (meaning->unit == LSTMC_WORDS_AND_LINES)
        put(out, "#define LSTMC_TEXT_LINES\n");
    if (meaning->is_lower)
        put(out, "#define LSTMC_TEXT_LOWER\n");
    if (meaning->unit != LSTMC_BYTES || meaning->is_lower) {
        put_raw(out, embedded_text("runtime/lstmc_text.h"));
        put(out, "\n");
    }
    put_code(out, arena, programs->model,
             meaning->unit == LSTMC_WORDS_AND_LINES ? next_word_or_line
             : meaning->unit == LSTMC_WORDS         ? next_word
             : meaning->unit == LSTMC_BYTES         ? next_byte
                                                    : next_character);
    int line_end = meaning->between_line_ends ? id_of_text(&meaning->vocabulary, "\n") : -1;
    const char *small = meaning->is_lower ? arena_format(arena, in_small_letters, longest(&meaning->vocabulary)) : "";
    put_code(out, arena, programs->model, arena_format(arena, find_id, small));
    put_code(out, arena, programs->model,
             arena_format(arena, with_text(arena, programs, encode), line_end >= 0,
                          meaning->pads_front ? with_text(arena, programs, "<ids> - count") : "0",
                          line_end >= 0 ? arena_format(arena, begin_line, line_end) : "", unknown_id(meaning)));
    put_code(out, arena, programs->model, meaning->unit == LSTMC_BYTES ? readable_bytes : readable_text);
}

static bool reads_text(const struct lstmc_meaning *meaning)
{
    return meaning->vocabulary.count && meaning->unit != LSTMC_NO_TEXT;
}

void emit_meaning(Out *out, Arena *arena, const Programs *programs)
{
    const struct lstmc_meaning *meaning = programs->trained->meaning;
    put_scalings(out, arena, programs);
    if (meaning->labels.count)
        put_names(out, arena, programs->model, &meaning->labels, "const char *const @_labels[$_LABELS] = {");
    if (meaning->vocabulary.count)
        put_names(out, arena, programs->model, &meaning->vocabulary,
                  "const char *const @_vocabulary[$_VOCABULARY] = {");
    if (reads_text(meaning))
        put_encode(out, arena, programs);
}

/* ---- declarations ---- */

static const char about_normalize[] =
    "Numbers in the unit of the data that the model was trained on, raw [$_INPUTS], to those that it reads, x; and "
    "what it says, y [$_OUTPUTS], to that unit. raw may be x, or y.";
static const char about_inputs[] =
    "Numbers in the unit of the data, raw, to those that the model reads, x, which may be raw: ids stay what they are.";
static const char about_outputs[] = "What the model says, y [$_OUTPUTS], to the unit of the data. raw may be y.";
static const char about_relative[] = " The model reads and says differences from the last row of raw: the last row is "
                                     "taken off here, and has to be added to what @_denormalize gives.";
static const char about_double[] = "The same, computed in double as it was in training: where numbers lie so far from "
                                   "zero, beside their deviation, that floats do not hold what tells them apart.";
static const char about_steps[] = "The same for one call of @_step.";

/* `more` is no template: it is what the data calls things. */
static void put_declarations(Out *out, Arena *arena, const Model *model, const char *comment, const char *more,
                             const char *declarations)
{
    emit_prose(out, arena,
               arena_format(arena, "%s%s", fill_template(arena, model, comment), comment_text(arena, more)));
    put_code(out, arena, model, declarations);
    put(out, "\n");
}

static const char *names_of_units(enum lstmc_text_unit unit)
{
    return unit == LSTMC_BYTES             ? "bytes"
           : unit == LSTMC_WORDS           ? "words"
           : unit == LSTMC_WORDS_AND_LINES ? "words and ends of lines"
                                           : "UTF-8 characters";
}

/* " Columns of the input: level, wind." */
static const char *listed(Arena *arena, const char *words, const struct lstmc_names *names)
{
    const char *text = words;
    for (int i = 0; i < names->count; i++)
        text = arena_format(arena, "%s%s%s", text, i ? ", " : "", names->text[i]);
    return names->count ? arena_format(arena, "%s.", text) : "";
}

/* " Here: pressure, time." The columns of which that is true. */
static const char *far_columns(Arena *arena, const struct lstmc_scaling *scaling, const struct lstmc_names *names,
                               const char *listed_before)
{
    const char *text = listed_before;
    for (int i = 0; i < names->count; i++) {
        bool is_there = strstr(text, arena_format(arena, "\"%s\"", names->text[i])) != NULL;
        int column = i % scaling->columns;
        if (!is_there && !lstmc_float_holds(fabs(scaling->offset[column]), scaling->scale[column]))
            text = arena_format(arena, "%s%s\"%s\"", text, *text ? ", " : "", names->text[i]);
    }
    return text;
}

static void put_pair(Out *out, Arena *arena, const Model *model, const char *about, const char *more,
                     const char *normalize, const char *denormalize)
{
    if (*normalize || *denormalize)
        put_declarations(out, arena, model, about, more, arena_format(arena, "%s%s", normalize, denormalize));
}

static void put_scaling_declarations(Out *out, Arena *arena, const Programs *programs)
{
    const struct lstmc_meaning *meaning = programs->trained->meaning;
    const Model *model = programs->model;
    bool input = meaning->input.columns, target = meaning->target.columns;
    if (model->descriptor.inputs && input) {
        put_declarations(out, arena, model, about_inputs, inputs_listed(arena, programs),
                         "void @_normalize(const struct @_inputs *raw, struct @_inputs *x);\n");
        input = false;
    }
    const char *columns = arena_format(arena, "%s%s",
                                       input ? listed(arena, " Columns of the input: ", &meaning->columns) : "",
                                       !target ? ""
                                               : listed(arena,
                                                        meaning->is_relative ? " Changes that are the output: "
                                                                             : " Columns of the output: ",
                                                        &meaning->targets));
    const char *far = input ? far_columns(arena, &meaning->input, &meaning->columns, "") : "";
    if (target)
        far = far_columns(arena, &meaning->target, &meaning->targets, far);
    put_pair(out, arena, model,
             model->descriptor.inputs ? about_outputs
                                      : arena_format(arena, "%s%s", about_normalize,
                                                     meaning->is_relative ? about_relative : ""),
             columns,
             input ? "void @_normalize(const float *raw, float *x);\n" : "",
             target ? "void @_denormalize(const float *y, float *raw);\n" : "");
    put_pair(out, arena, model, about_double, *far ? arena_format(arena, " That is so of %s.", far) : "",
             input ? "void @_normalize_double(const double *raw, float *x);\n" : "",
             target ? "void @_denormalize_double(const float *y, double *raw);\n" : "");
    input = input && step_inputs(programs);
    target = target && step_outputs(programs);
    put_pair(out, arena, model, about_steps, "",
             input ? "void @_normalize_step(const float *raw, float *x);\nvoid @_normalize_step_double(const double "
                     "*raw, float *x);\n"
                   : "",
             target ? "void @_denormalize_step(const float *y, float *raw);\nvoid @_denormalize_step_double(const "
                      "float *y, double *raw);\n"
                    : "");
}

void emit_meaning_declarations(Out *out, Arena *arena, const Programs *programs)
{
    const struct lstmc_meaning *meaning = programs->trained->meaning;
    const Model *model = programs->model;
    put_scaling_declarations(out, arena, programs);
    if (meaning->labels.count)
        put_declarations(out, arena, model, "What the classes are called.", "",
                         arena_format(arena, "#define $_LABELS %d\nextern const char *const @_labels[$_LABELS];\n",
                                      meaning->labels.count));
    if (meaning->vocabulary.count)
        put_declarations(out, arena, model, "What an id of the input stands for.", "",
                         arena_format(arena,
                                      "#define $_VOCABULARY %d\nextern const char *const @_vocabulary[$_VOCABULARY];\n",
                                      meaning->vocabulary.count));
    if (reads_text(meaning))
        put_declarations(out, arena, model,
                         arena_format(arena,
                                      "A text as ids, of its %s, as in training%s: x [%s]; a shorter one has "
                                      "zeros %s it, a longer one loses its "
                                      "%s. Returns how many of them are not in the vocabulary, which become %d.",
                                      names_of_units(meaning->unit),
                                      meaning->between_line_ends ? ", behind the end of a line" : "",
                                      with_text(arena, programs, "<ids>"),
                                      meaning->pads_front ? "before" : "behind",
                                      meaning->pads_front ? "beginning" : "end", unknown_id(meaning)),
                         "", with_text(arena, programs, "int <encode>(const char *text, int32_t *x);\n"));
    if (reads_text(meaning))
        put_declarations(out, arena, model,
                         arena_format(arena,
                                      "How many bytes of a text are %s: `length`, if all are; of the next one %s "
                                      "would make what it is not.",
                                      meaning->unit == LSTMC_BYTES ? "in the vocabulary" : "well-formed UTF-8",
                                      with_text(arena, programs, "<encode>")),
                         "", "size_t @_readable(const char *text, size_t length);\n");
}
