/* emitted.c: see emitted.h. */
#include "emitted.h"

#include "compiler/passes/passes.h"
#include "ir_text.h"

#include <criterion/criterion.h>
#include <ctype.h>
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool is_word(char c)
{
    return isalnum((unsigned char)c) || c == '_' || c == '.';
}

/* The name of the batch axis: "b" in "batch b 3". */
static const char *batch_word(Arena *arena, const char *text)
{
    const char *line = strstr(text, "batch ");
    return line ? arena_format(arena, "%.*s", (int)strcspn(line + 6, " "), line + 6) : "";
}

/* Without the word, and without the comma beside it. */
static char *copy_line(char *to, const char *start, const char *end, const char *without, int steps)
{
    const char *const line = to;
    for (const char *c = start; c < end;) {
        int length = 0;
        while (c + length < end && is_word(c[length]))
            length++;
        if (length == 1 && *c == 'T') {
            to += sprintf(to, "%d", steps);
        } else if (length > 0 && (size_t)length == strlen(without) && !strncmp(c, without, (size_t)length)) {
            if (to > line && to[-1] == ',')
                to--;
            else if (c[length] == ',')
                length++;
        } else {
            length += length == 0;
            memcpy(to, c, (size_t)length);
            to += length;
        }
        c += length;
    }
    *to++ = '\n';
    return to;
}

/* The lines of one kind of program, without the batch axis where it has none. */
static char *program_text(Arena *arena, const char *text, bool training, bool batch, int steps)
{
    char *result = arena_alloc(arena, 8 * strlen(text) + 64), *to = result;
    const char *word = batch_word(arena, text);
    for (const char *line = text; *line; line += strcspn(line, "\n"), line += *line == '\n') {
        bool for_training = !strncmp(line, "train: ", 7), for_inference = !strncmp(line, "infer: ", 7);
        if ((for_training && !training) || (for_inference && training) || (!strncmp(line, "batch ", 6) && !batch))
            continue;
        const char *start = line + (for_training || for_inference ? 7 : 0);
        to = copy_line(to, start, line + strcspn(line, "\n"), batch ? "" : word, steps);
    }
    return result;
}

static void describe_weights(struct emitted *emitted, const Ir *ir)
{
    struct lstmc_model *descriptor = &emitted->model.descriptor;
    struct lstmc_tensor *weights = arena_array(emitted->arena, struct lstmc_tensor, ir->tensor_count + 1);
    for (int trainable = 1; trainable >= 0; trainable--)
        for (int i = 0; i < ir->tensor_count; i++) {
            const Tensor *tensor = ir->tensors[i];
            if (tensor->role != ROLE_WEIGHT || tensor->trainable != trainable)
                continue;
            struct lstmc_tensor *weight = &weights[descriptor->weight_tensors++];
            *weight = (struct lstmc_tensor){ .name = arena_format(emitted->arena, "%s/%s", tensor->layer, tensor->name), .rank = tensor->rank,
                                             .trainable = trainable, .count = 1, .offset = descriptor->weight_count };
            for (int d = 0; d < tensor->rank; d++)
                weight->count *= (size_t)(weight->shape[d] = tensor->extent[d]);
            descriptor->weight_count += weight->count;
            descriptor->gradient_count += trainable ? weight->count : 0;
        }
    descriptor->weights = weights;
}

static void describe_shape(const Tensor *tensor, int *rank, int *shape, size_t *count)
{
    *count = 1;
    for (int d = 0; d < tensor->rank; d++)
        if (d != tensor->batch_dimension)
            *count *= (size_t)(shape[(*rank)++] = tensor->extent[d]);
}

static void attach_weights(const struct emitted *emitted, Ir *ir)
{
    const struct lstmc_model *descriptor = &emitted->model.descriptor;
    for (int i = 0; i < ir->tensor_count; i++)
        for (int w = 0; w < descriptor->weight_tensors; w++)
            if (ir->tensors[i]->role == ROLE_WEIGHT
                && !strcmp(descriptor->weights[w].name, arena_format(emitted->arena, "%s/%s", ir->tensors[i]->layer, ir->tensors[i]->name)))
                ir->tensors[i]->weight = &descriptor->weights[w];
    ir->descriptor = descriptor;
}

static Ir *run_passes(struct emitted *emitted, const char *text, bool training, bool streaming, int unroll)
{
    Ir *ir = ir_from_text(emitted->arena, text);
    ir->training = training;
    attach_weights(emitted, ir);
    if (training)
        grad(ir);
    stage(ir, target_find("plain"), false);
    schedule(ir, emitted->programs.target, unroll);
    plan(ir, streaming, PLAN_STEP_BYTES);
    const char *broken = ir_check(ir);
    cr_assert(!broken, "%s: %s", emitted->model.descriptor.name, broken);
    return ir;
}

void emitted_create(struct emitted *emitted, const char *name, const char *text, int steps, int unroll, bool inference)
{
    memset(emitted, 0, sizeof *emitted);
    Arena *arena = emitted->arena = arena_create();
    struct lstmc_model *descriptor = &emitted->model.descriptor;
    const int T = steps ? steps : 1;
    Ir *shape = ir_from_text(arena, program_text(arena, text, true, true, T));
    describe_weights(emitted, shape);
    *descriptor = (struct lstmc_model){
        .name = name, .source = arena_format(arena, "%s.lua", name), .version = LSTMC_VERSION, .fingerprint = 42, .batch = shape->batch, .shards = 1,
        .weights = descriptor->weights, .weight_tensors = descriptor->weight_tensors, .weight_count = descriptor->weight_count,
        .gradient_count = descriptor->gradient_count, .optimizer = { .kind = LSTMC_ADAM, .learning_rate = 1e-3f, .epsilon = 1e-7f },
        .input_is_tokens = shape->inputs[0]->integer, .vocabulary = shape->inputs[0]->integer ? 7 : 0,
        .target_is_class = shape->target && shape->target->integer,
    };
    describe_shape(shape->inputs[0], &descriptor->input_rank, descriptor->input_shape, &descriptor->input_count);
    describe_shape(shape->output, &descriptor->output_rank, descriptor->output_shape, &descriptor->output_count);
    if (shape->target)
        describe_shape(shape->target, &descriptor->target_rank, descriptor->target_shape, &descriptor->target_count);
    Programs *programs = &emitted->programs;
    programs->model = &emitted->model;
    programs->target = target_find("plain");
    if (!inference)
        programs->training = run_passes(emitted, program_text(arena, text, true, true, T), true, false, unroll);
    programs->batch = run_passes(emitted, program_text(arena, text, false, true, T), false, false, unroll);
    programs->single = run_passes(emitted, program_text(arena, text, false, false, T), false, false, unroll);
    if (steps)
        programs->step = run_passes(emitted, program_text(arena, text, false, false, 1), false, true, unroll);
    else
        programs->no_step = "this test has none";
    programs->packed = emit_packed_program(programs);
    emit_header(&emitted->header, arena, programs, NULL);
    emit_source(&emitted->source, arena, programs);
}

void emitted_free(struct emitted *emitted)
{
    if (emitted->library)
        dlclose(emitted->library);
    if (*emitted->folder) {
        char command[128];
        snprintf(command, sizeof command, "rm -rf '%s'", emitted->folder);
        cr_expect(system(command) == 0);
    }
    out_free(&emitted->header);
    out_free(&emitted->source);
    arena_free(emitted->arena);
    memset(emitted, 0, sizeof *emitted);
}

void emitted_write(struct emitted *emitted)
{
    const char *base = getenv("TMPDIR");
    snprintf(emitted->folder, sizeof emitted->folder, "%s/lstmc-emitted-XXXXXX", base && strlen(base) < 32 ? base : "/tmp");
    cr_assert(mkdtemp(emitted->folder), "no folder %s", emitted->folder);
    const char *name = emitted->model.descriptor.name;
    cr_assert(!write_file(arena_format(emitted->arena, "%s/%s.h", emitted->folder, name), emitted->header.text, emitted->header.length));
    cr_assert(!write_file(arena_format(emitted->arena, "%s/%s.c", emitted->folder, name), emitted->source.text, emitted->source.length));
}

char *emitted_run(const struct emitted *emitted, const char *format, ...)
{
    char command[2048], line[4096];
    int length = snprintf(command, sizeof command, "cd '%s' && { ", emitted->folder);
    va_list arguments;
    va_start(arguments, format);
    length += vsnprintf(command + length, sizeof command - (size_t)length, format, arguments);
    va_end(arguments);
    cr_assert((size_t)length + 8 < sizeof command);
    strcpy(command + length, "; } 2>&1");
    FILE *pipe = popen(command, "r");
    cr_assert(pipe, "%s", command);
    Out out = { 0 };
    put_raw(&out, "");
    while (fgets(line, sizeof line, pipe))
        put_raw(&out, line);
    cr_assert(pclose(pipe) == 0, "%s\n%s", command, out.text);
    return out.text;
}

void emitted_load(struct emitted *emitted, const char *compiler)
{
    const char *name = emitted->model.descriptor.name;
    if (!*emitted->folder)
        emitted_write(emitted);
    if (emitted->library)
        dlclose(emitted->library);
    free(emitted_run(emitted, "rm -f %s.so; %s %s -shared -fPIC -o %s.so %s.c -lm", name, compiler, GENERATED_WARNINGS, name, name));
    emitted->library = dlopen(arena_format(emitted->arena, "%s/%s.so", emitted->folder, name), RTLD_NOW | RTLD_LOCAL);
    cr_assert(emitted->library, "%s", dlerror());
    emitted->generated = dlsym(emitted->library, arena_format(emitted->arena, "%s_model", name));
    cr_assert(emitted->generated, "%s", dlerror());
}
