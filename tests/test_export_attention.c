/* test_export_attention.c: attention that goes to ONNX: its nodes, computed as the specification says, give what the
 * interpreter gives, and come back as what they were; what ONNX cannot say is refused by name. Its weights go to PyTorch and back. */
#include "compiler/front/read_lua.h"
#include "compiler/interchange/export.h"
#include "compiler/interchange/import.h"
#include "command.h"
#include "onnx_run.h"
#include "runtime/interpreter/interpreter.h"
#include "runtime/lstmc_random.h"
#include "runtime/safetensors.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ROWS = 3 };

#define MODEL(inputs, outputs) \
    "local q, v, k = Input{5, 6, name = 'q'}, Input{7, 4, name = 'v'}, Input{7, 6, name = 'k'}\n" \
    "return Model{ inputs = " inputs ", outputs = " outputs ", name = 'm' }"
#define OF_THREE(attention) MODEL("{q, v, k}", attention "(q, v, k)")
#define OF_TWO(attention) MODEL("{q, k}", attention "(q, k)")
#define OF_ONE(attention) MODEL("q", attention "(q)")
#define ALL(attention) OF_THREE(attention), OF_TWO(attention), OF_ONE(attention)

static const char *const models[] = {
    ALL("Attention{}"), ALL("Attention{use_scale = true, dropout = 0.3}"), ALL("Attention{score_mode = 'concat'}"),
    ALL("Attention{score_mode = 'concat', use_scale = true, use_causal_mask = true}"), ALL("Attention{causal = true}"),
    ALL("AdditiveAttention{}"), ALL("AdditiveAttention{use_scale = false, causal = true}"),
    ALL("AdditiveAttention{use_causal_mask = true}"), ALL("MultiHeadAttention{2, 3}"),
    ALL("MultiHeadAttention{3, 5, value_dim = 2, use_causal_mask = true, dropout = 0.2}"),
    ALL("MultiHeadAttention{1, 8, output_shape = 9, use_bias = false}"),
    /* layers that are called again */
    MODEL("{q, k}", "(function() local a, b = Attention{use_scale = true, causal = true}, MultiHeadAttention{2, 3}\n"
          "return { a(q, k), a(k, q), b(q), b(k, q, q), AdditiveAttention{}(a(q), b(k, q)) } end)()"),
};
enum { MODELS = sizeof models / sizeof *models };

static float drawn(uint64_t *state)
{
    *state = lstmc_mix(*state);
    return 4 * ((float)(*state >> 40) * 0x1p-24f - 0.5f);
}

static Description *read_model(Arena *arena, const char *text)
{
    Diagnostics *diagnostics = diagnostics_create(arena);
    Description *description = description_read_text(arena, diagnostics, "m.lua", text, strlen(text),
                                                     &(ReadOptions){ .silent = true });
    if (!description)
        diagnostics_print(diagnostics, stderr);
    cr_assert_not_null(description, "%s", text);
    return description;
}

static float *random_weights(Arena *arena, const Model *model)
{
    uint64_t state = 5;
    float *weights = arena_array(arena, float, model->descriptor.weight_count + 1);
    for (size_t i = 0; i < model->descriptor.weight_count; i++)
        weights[i] = drawn(&state);
    return weights;
}

static OnnxModel *exported(Arena *arena, const Model *model, const float *weights, const char *path)
{
    Diagnostics *diagnostics = diagnostics_create(arena);
    ExportRequest request = { .model = model, .weights = weights, .format = "onnx", .path = path };
    if (!export_file(arena, diagnostics, &request)) {
        diagnostics_print(diagnostics, stderr);
        return NULL;
    }
    return onnx_read(draft_create(arena, diagnostics, path), path);
}

/* How far the outputs are from those of the interpreter, the largest of all. */
static double away(Arena *arena, const Model *model, const float *weights, const OnnxModel *graph)
{
    uint64_t state = 17;
    const void **x = arena_array(arena, const void *, model->input_count);
    OnnxRun *run = onnx_run_create(arena, graph);
    for (int i = 0; i < model->input_count; i++) {
        const Layer *input = &model->layers[model->inputs[i]];
        Array *array = onnx_run_array(arena, 3, (int64_t[]){ ROWS, input->output.extent[0], input->output.extent[1] });
        double *numbers = arena_array(arena, double, array->count);
        for (size_t k = 0; k < array->count; k++)
            numbers[k] = array->numbers[k] = (double)drawn(&state);
        x[i] = numbers;
        onnx_run_give(run, graph->inputs[i].name, array);
    }
    const char *why = onnx_run_compute(run);
    cr_assert(!why, "%s", why);
    Interpreter_double *it = interpreter_create_double(model, ROWS, NULL, NULL);
    double *exact = arena_array(arena, double, model->descriptor.weight_count + 1), most = 0;
    for (size_t i = 0; i < model->descriptor.weight_count; i++)
        exact[i] = (double)weights[i];
    if (model->input_count > 1)
        interpreter_forward_all_double(it, exact, x, ROWS, 0, 0);
    else
        interpreter_forward_double(it, exact, x[0], ROWS, 0, 0);
    size_t begin = 0, whole = model->descriptor.output_count;
    for (int i = 0; i < model->output_count; i++) {
        const Layer *output = &model->layers[model->outputs[i]];
        const Array *found = onnx_run_found(run, graph->outputs[i]);
        size_t count = shape_count(&output->output);
        cr_assert(found && found->count == ROWS * count, "%s", output->name);
        for (size_t k = 0; k < found->count; k++) {
            double wanted = interpreter_output_double(it)[k / count * whole + begin + k % count];
            most = fmax(most, fabs(found->numbers[k] - wanted) / (1 + fabs(wanted)));
        }
        begin += count;
    }
    cr_expect_eq(begin, whole);
    interpreter_free_double(it);
    return most;
}

Test(export_attention, the_nodes_give_what_the_interpreter_gives, .timeout = 120)
{
    char *folder = command_folder();
    double most = 0;
    for (int m = 0; m < MODELS; m++) {
        Arena *arena = arena_create();
        Description *description = read_model(arena, models[m]);
        const Model *model = description_model(description);
        const float *weights = random_weights(arena, model);
        OnnxModel *graph = exported(arena, model, weights, arena_format(arena, "%s/m.onnx", folder));
        cr_expect(graph, "%s is not exported", models[m]);
        double far = graph ? away(arena, model, weights, graph) : 0;
        cr_expect(far < 1e-6, "%s: %g away", models[m], far);
        most = fmax(most, far);
        description_free(description);
        arena_free(arena);
    }
    fprintf(stderr, "%d models, largest deviation %.1e\n", (int)MODELS, most);
    command_folder_remove(folder);
}

/* ---- what is refused ---- */

static void expect_said(const Diagnostics *diagnostics, const char *wanted)
{
    char *text = NULL;
    size_t length = 0;
    FILE *to = open_memstream(&text, &length);
    diagnostics_print(diagnostics, to);
    fclose(to);
    cr_expect(strstr(text, wanted), "no %s in\n%s", wanted, text);
    free(text);
}

/* Attention again, with the same bits, and the same numbers for what the file was made of. */
Test(export_attention, attention_comes_back, .timeout = 120)
{
    char *folder = command_folder();
    for (int m = 0; m < MODELS; m++) {
        Arena *arena = arena_create();
        Diagnostics *diagnostics = diagnostics_create(arena);
        Description *there = read_model(arena, models[m]);
        const Model *model = description_model(there);
        const float *weights = random_weights(arena, model);
        const char *path = arena_format(arena, "%s/m.onnx", folder);
        OnnxModel *graph = exported(arena, model, weights, path);
        DraftSource source = { .path = path };
        Draft *draft = import_file(arena, diagnostics, &source);
        diagnostics_print(diagnostics, stderr);
        cr_assert(draft, "%s", models[m]);
        Description *back = read_model(arena, draft_text(draft, "m"));
        const float *returned = draft_weights(draft, description_model(back));
        size_t count = model->descriptor.weight_count;
        cr_expect(returned && description_model(back)->descriptor.weight_count == count &&
                  !memcmp(returned, weights, count * sizeof *weights), "%s", draft_text(draft, "m"));
        double far = away(arena, description_model(back), returned, graph);
        cr_expect(far < 1e-6, "%s: %g away\n%s", models[m], far, draft_text(draft, "m"));
        description_free(back);
        description_free(there);
        arena_free(arena);
    }
    command_folder_remove(folder);
}

Test(export_attention, what_onnx_cannot_say, .timeout = 60)
{
    static const struct { const char *text, *said; bool stream; } refusals[] = {
        { OF_ONE("Attention{}"), "attention (Attention): it sees several steps, and has no step of its own", true },
        { "return Sequential{ Input{5, 6}, Masking{}, MultiHeadAttention{2, 3}, name = 'm' }",
          "multi_head_attention (MultiHeadAttention): ONNX knows no masks", false },
        { "local a, b = Input{5, 6}, Input{7, name = 'b'}\nlocal e = Embedding{9, 6, mask_zero = true}(b)\n"
          "return Model{ inputs = {a, b}, outputs = AdditiveAttention{}(a, e), name = 'm' }",
          "additive_attention (AdditiveAttention): ONNX knows no masks", false },
        { "local a, b = Input{5, 6}, Input{7, 6, lengths = true, name = 'b'}\n"
          "return Model{ inputs = {a, b}, outputs = Attention{}(a, b), name = 'm' }",
          "attention (Attention): ONNX knows no masks", false },
        { "return Sequential{ Input{3, 5, 6}, TimeDistributed{Attention{}}, Flatten{}, name = 'm' }",
          "TimeDistributed of Attention is not exported", false },
    };
    char *folder = command_folder();
    for (size_t i = 0; i < sizeof refusals / sizeof *refusals; i++) {
        Arena *arena = arena_create();
        Diagnostics *diagnostics = diagnostics_create(arena);
        Description *description = read_model(arena, refusals[i].text);
        ExportRequest request = { .model = description_model(description), .format = "onnx", .stream = refusals[i].stream,
                                  .path = arena_format(arena, "%s/m.onnx", folder) };
        request.weights = random_weights(arena, request.model);
        cr_expect_not(export_file(arena, diagnostics, &request), "%s", refusals[i].text);
        expect_said(diagnostics, refusals[i].said);
        cr_expect_eq(command_count_files(folder), 0);
        description_free(description);
        arena_free(arena);
    }
    command_folder_remove(folder);
}

/* ---- PyTorch ---- */

static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct lstmc_file_tensor *)a)->name, ((const struct lstmc_file_tensor *)b)->name);
}

/* As safetensors.torch.save_file writes it, whatever order the module has. */
static void sort_tensors(const char *path)
{
    static const char *const metadata[] = { "format", "pt", NULL };
    struct lstmc_tensor_file file;
    struct lstmc_message message;
    cr_assert(!lstmc_tensor_file_open(path, &file, &message), "%s", message.text);
    struct lstmc_file_tensor *tensors = calloc((size_t)file.count + 1, sizeof *tensors);
    memcpy(tensors, file.tensors, (size_t)file.count * sizeof *tensors);
    qsort(tensors, (size_t)file.count, sizeof *tensors, by_name);
    cr_assert(!lstmc_tensor_file_write(path, tensors, file.count, metadata, &message), "%s", message.text);
    lstmc_tensor_file_free(&file);
    free(tensors);
}

/* Exported, and its weights by `--into` of the same description: the same bits. False: PyTorch cannot say it. */
static bool comes_back(Arena *arena, const char *text, const char *folder)
{
    Diagnostics *diagnostics = diagnostics_create(arena);
    Description *description = read_model(arena, text);
    const Model *model = description_model(description);
    const float *weights = random_weights(arena, model);
    DraftSource source = { .path = arena_format(arena, "%s/m.safetensors", folder), .weights_alone = true };
    ExportRequest request = { .model = model, .weights = weights, .format = "pytorch", .path = source.path };
    bool said = export_file(arena, diagnostics, &request);
    for (int sorted = 0; sorted < 2 && said && model->descriptor.weight_count; sorted++) {
        if (sorted)
            sort_tensors(source.path);
        Draft *draft = import_file(arena, diagnostics, &source);
        const float *back = draft ? draft_into(draft, model, NULL, 0) : NULL;
        if (!back)
            diagnostics_print(diagnostics, stderr);
        cr_expect(back, "%s", text);
        cr_expect(!back || !memcmp(back, weights, model->descriptor.weight_count * sizeof *back), "%s: others come back",
                  text);
    }
    description_free(description);
    return said;
}

Test(export_attention, weights_come_back_from_pytorch, .timeout = 120)
{
    static const char *const heads[] = {
        ALL("MultiHeadAttention{2, 3}"), ALL("MultiHeadAttention{1, 6, use_causal_mask = true, dropout = 0.2}"),
        ALL("MultiHeadAttention{3, 2, use_bias = false, value_dim = 2, output_shape = 6}"),
    };
    char *folder = command_folder();
    Arena *arena = arena_create();
    int said = 0;
    for (int m = 0; m < MODELS; m++)
        said += comes_back(arena, models[m], folder);
    for (size_t m = 0; m < sizeof heads / sizeof *heads; m++)
        cr_expect(comes_back(arena, heads[m], folder), "%s", heads[m]);
    fprintf(stderr, "%d of %d\n", said, (int)MODELS);
    arena_free(arena);
    command_folder_remove(folder);
}
