/* emit_constants.c: in: planned programs that contain what they read, trained weights.  out: M_trained, the struct
 * M_packed that M_prepare would make of them, as a constant: its statements are run here, by the slow evaluator, each
 * stored value rounded to float. What is copied is copied bit by bit. A product of embeddings adds a term with one
 * rounding, as a processor does that fuses multiplication and addition; where M_prepare rounds twice, it differs in the
 * last digits. */
#include "ship.h"
#include "compiler/oracle/evaluate.h"

#include "runtime/lstmc_bf16.h"

#include <float.h>
#include <stdio.h>
#include <stdlib.h>

/* ---- values ---- */

typedef struct Prepared {           /* what prepare leaves for one program */
    const Ir *ir;
    Memory *memory;
} Prepared;

/* The statements of prepare time alone, as one section. */
static const Ir *prepare_program(const Ir *ir)
{
    Ir *prepare = arena_new(ir->arena, Ir);
    *prepare = *ir;
    prepare->statements = NULL;
    prepare->statement_count = prepare->statement_capacity = 0;
    for (int i = 0; i < ir->statement_count; i++) {
        if (!is_prepared(ir->statements[i]))
            continue;
        Statement *statement = arena_new(ir->arena, Statement);
        *statement = *ir->statements[i];
        statement->section = SECTION_FORWARD;
        arena_append(ir->arena, prepare->statements, prepare->statement_count, prepare->statement_capacity, statement);
    }
    return prepare;
}

static Prepared run_prepare(const Ir *ir, const float *weights)
{
    Prepared prepared = { .ir = ir, .memory = memory_create(prepare_program(ir), true) };
    for (int i = 0; i < ir->tensor_count; i++) {
        const struct lstmc_tensor *weight = ir->tensors[i]->weight;
        if (ir->tensors[i]->role != ROLE_WEIGHT)
            continue;
        double *values = memory_of(prepared.memory, ir->tensors[i]);
        for (size_t e = 0; e < weight->count; e++)
            values[e] = weights[weight->offset + e];
    }
    evaluate_section(prepared.memory, SECTION_FORWARD, 1);
    return prepared;
}

typedef struct Operand {            /* a member of struct M_packed */
    const double *values;
    bool differs_at_zero;           /* it is not 0 where everything that it is computed from is 0 */
} Operand;

static double value_at_zero(const Expr *expr)
{
    double argument[2] = { 0, 0 };
    for (int i = 0; i < op_traits[expr->op].arity; i++)
        argument[i] = value_at_zero(expr->argument[i]);
    return op_traits[expr->op].evaluate ? op_traits[expr->op].evaluate(argument[0], argument[1])
           : expr->op == OP_CONSTANT    ? expr->value
                                        : 0;
}

/* It is called alike in the program that it comes from. */
static Operand find_operand(const Prepared *prepared, int count, const Tensor *member)
{
    for (int p = 0; p < count; p++)
        for (int i = 0; i < prepared[p].ir->tensor_count; i++) {
            const Ir *ir = prepared[p].ir;
            const Tensor *tensor = ir->tensors[i];
            if (tensor->home != HOME_PREPARED || strcmp(tensor->layer, member->layer) ||
                strcmp(tensor->name, member->name))
                continue;
            Operand operand = { .values = memory_of(prepared[p].memory, tensor) };
            for (int s = 0; s < ir->statement_count; s++)
                operand.differs_at_zero |= ir->statements[s]->out.tensor == tensor &&
                                           value_at_zero(ir->statements[s]->value) != 0;
            return operand;
        }
    die("%s.%s is prepared by no program", member->layer, member->name);
}

/* ---- memory ---- */

typedef union Element {
    float number;
    uint32_t word;
} Element;

static size_t place_of(const Tensor *tensor, const int *at)
{
    int last = tensor->rank - 1;
    bool blocked = tensor->layout == LAYOUT_BLOCKED;
    size_t place = blocked ? (size_t)(at[last] / tensor->lanes) : 0;
    for (int d = 0; d < tensor->rank - blocked; d++)
        place = place * (size_t)tensor_memory_extent(tensor, d + blocked) +
                (size_t)(d == tensor->paired ? at[d] / 2 : at[d]);
    return blocked ? place * (size_t)tensor->lanes + (size_t)(at[last] % tensor->lanes) : place;
}

/* Behind the last number of a row, which is at `at`, up to whole vectors. */
static void repeat_last(Element *image, const Tensor *tensor, const int *at)
{
    int beyond[TENSOR_RANK_MAX];
    memcpy(beyond, at, sizeof beyond);
    while (++beyond[tensor->rank - 1] % tensor->lanes)
        image[place_of(tensor, beyond)] = image[place_of(tensor, at)];
}

/* As the array in memory holds them. What only fills vectors is read by nobody: it is 0, but where 0 makes something
 * else (exp) it repeats the last number of its row, so that nothing happens there, a division by zero say, that does
 * not happen elsewhere. */
static Element *memory_image(Arena *arena, const Tensor *tensor, const Operand *operand)
{
    Element *image = arena_array(arena, Element, tensor_elements(tensor));
    bool repeats = operand->differs_at_zero && (tensor->layout == LAYOUT_PADDED || tensor->layout == LAYOUT_BLOCKED);
    int at[TENSOR_RANK_MAX] = { 0 }, d;
    const double *value = operand->values;
    if (tensor->layout == LAYOUT_SPACED)
        die("%s.%s: rows with gaps are no operand", tensor->layer, tensor->name);
    do {
        Element *element = &image[place_of(tensor, at)];
        if (tensor_has_words(tensor))
            bf16_put(&element->word, at[tensor->paired] % 2, (float)*value++);
        else
            element->number = (float)*value++;
        if (repeats && at[tensor->rank - 1] + 1 == tensor->extent[tensor->rank - 1])
            repeat_last(image, tensor, at);
        for (d = tensor->rank - 1; d >= 0 && ++at[d] == tensor->extent[d]; d--)
            at[d] = 0;
    } while (d >= 0);
    return image;
}

/* ---- text ---- */

/* Nine digits tell every float from its neighbours; where seven or eight do, those. A denormal one stays what it is. */
static void number_text(char text[24], float value)
{
    for (int digits = 7; digits <= 9; digits++) {
        snprintf(text, 20, "%.*g", digits, (double)value);
        if (strtof(text, NULL) == value)
            break;
    }
    strcat(text, strpbrk(text, ".e") ? "f" : ".0f");
}

static void element_text(char text[24], const Tensor *tensor, Element element)
{
    if (tensor_has_words(tensor))
        snprintf(text, 24, "0x%08x", (unsigned)element.word);
    else if (element.number - element.number == 0)
        number_text(text, element.number);
    else
        strcpy(text, element.number != element.number ? "NAN" : element.number > 0 ? "INFINITY" : "-INFINITY");
}

/* Lines are filled with words; what follows is indented by one more step. */
typedef struct Lines {
    Out *out;
    char text[COLUMNS_MAX + 32];
    int length, indent;
} Lines;

static void end_line(Lines *lines)
{
    snprintf(lines->text + lines->length, sizeof lines->text - (size_t)lines->length, "\n");
    put_raw(lines->out, lines->text);
    lines->length = 0;
}

static void add_word(Lines *lines, const char *word)
{
    bool continued = lines->length + (int)strlen(word) + 1 > COLUMNS_MAX;
    if (continued)
        end_line(lines);
    if (!lines->length)
        lines->length = snprintf(lines->text, sizeof lines->text, "%*s%s", lines->indent + 4 * continued, "", word);
    else
        lines->length += snprintf(lines->text + lines->length, sizeof lines->text - (size_t)lines->length, " %s", word);
}

static const Element *put_row(Lines *lines, const Tensor *tensor, const Element *elements, const char *opening,
                              const char *closing)
{
    const int extent = tensor_memory_extent(tensor, tensor_memory_rank(tensor) - 1);
    char number[24], word[24 + 4 * TENSOR_RANK_MAX];
    if (*opening)
        add_word(lines, opening);
    for (int i = 0; i < extent; i++) {
        element_text(number, tensor, *elements++);
        bool last = i + 1 == extent;                    /* braces stay with it: none begins a line */
        snprintf(word, sizeof word, "%s%s%s", number, !last ? "," : *closing ? " " : "", last ? closing : "");
        add_word(lines, word);
    }
    end_line(lines);
    return elements;
}

/* A row to a line, or to several; braces of the outer dimensions stand before the first of their rows and behind the
 * last. */
static const Element *put_rows(Lines *lines, const Tensor *tensor, int dimension, const Element *elements,
                               const char *opening, const char *closing)
{
    if (dimension == tensor_memory_rank(tensor) - 1)
        return put_row(lines, tensor, elements, opening, closing);
    const int extent = tensor_memory_extent(tensor, dimension);
    char first[4 * TENSOR_RANK_MAX], last[4 * TENSOR_RANK_MAX];
    snprintf(first, sizeof first, "%s%s{", opening, *opening ? " " : "");
    snprintf(last, sizeof last, "}%s%s", *closing ? " " : "", closing);
    for (int i = 0; i < extent; i++)
        elements = put_rows(lines, tensor, dimension + 1, elements, i == 0 ? first : "{",
                            i + 1 == extent ? last : "},");
    return elements;
}

static void put_member(Out *out, const Tensor *tensor, const Operand *operand)
{
    Arena *arena = arena_create();
    const Element *image = memory_image(arena, tensor, operand);
    char text[24];
    element_text(text, tensor, *image);
    if (tensor->rank) {
        put(out, ".%s = {", c_name(arena, tensor->name));
        put_rows(&(Lines){ .out = out, .indent = 4 * out->depth }, tensor, 0, image, "", "");
        put(out, "},");
    } else {
        put(out, ".%s = %s,", c_name(arena, tensor->name), text);
    }
    arena_free(arena);
}

static void put_trained(Out *out, Arena *arena, const Programs *programs)
{
    const Ir *packed = programs->packed;
    Prepared prepared[PROGRAM_COUNT];
    int count = 0;
    for (ProgramKind kind = 0; kind < PROGRAM_COUNT; kind++)
        if (programs->program[kind] && !program_traits[kind].training)
            prepared[count++] = run_prepare(programs->program[kind], programs->trained->weights);
    const char *aligned = programs->target->lanes > 1
                              ? arena_format(arena, "_Alignas(%d) ", 4 * programs->target->lanes)
                              : "";
    put(out, "%s%s", aligned, fill_template(arena, programs->model, "const struct @_packed @_trained = {"));
    Contents contents = contents_of(arena, packed, HOME_PREPARED);
    for (int l = 0; l < contents.layer_count; l++) {
        const TensorList *layer = &contents.layers[l];
        put(out, ".%s = {", c_layer_name(arena, layer->list[0]->layer));
        for (int i = 0; i < layer->count; i++) {
            Operand operand = find_operand(prepared, count, layer->list[i]);
            put_member(out, layer->list[i], &operand);
        }
        put(out, "},");
    }
    if (!packed->tensor_count)
        put(out, ".unused = 0,");
    put(out, "};");
    for (int p = 0; p < count; p++)
        memory_free(prepared[p].memory);
}

void emit_constants(Out *out, Arena *arena, const Programs *programs)
{
    const Model *model = programs->model;
    Out meaning = { 0 };
    emit_trained_stamp(out, arena, programs, "_weights.c");
    put_raw(out, fill_template(arena, model, "#include \"@.h\"\n\n#include <math.h>\n#include <string.h>\n\n"));
    put_trained(out, arena, programs);
    emit_meaning(&meaning, arena, programs);
    if (meaning.length) {
        put_raw(out, "\n");
        emit_floats(out);
        emit_private(out, arena, model, meaning.text);
        emit_floats_end(out);
    }
    out_free(&meaning);
}
