/* test_round_trip.c: models that go out into a file of another framework and come in again: the same bits of weights, the
 * same outputs. All models of models/ and random ones, in every format, as far as it can say them. */
#include "compiler/front/read_lua.h"
#include "compiler/fuzz/fuzz.h"
#include "compiler/interchange/export.h"
#include "compiler/interchange/import.h"
#include "compiler/interchange/onnx/onnx.h"
#include "compiler/oracle/custom.h"
#include "command.h"
#include "runtime/interpreter/interpreter.h"
#include "runtime/lstmc_random.h"

#include <criterion/criterion.h>
#include <glob.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { RANDOM_MODELS = 200, ROWS = 2 };

static const struct { const char *format, *file; } formats[] = {
    { "keras", "m.keras" }, { "h5", "m.h5" }, { "tfjs", "model.json" }, { "rtneural", "m.json" }, { "onnx", "m.onnx" },
};
enum { FORMATS = sizeof formats / sizeof *formats };

typedef struct Trip {
    Arena *arena;
    const char *name;           /* of the model, for messages */
    char *folder;
    Description *there, *back;
    float *weights, *returned;
    bool random;
} Trip;

static float drawn(uint64_t *state)
{
    *state = lstmc_mix(*state);
    return (float)(*state >> 40) * 0x1p-24f - 0.5f;
}

/* Variances are positive. */
static float *random_weights(Arena *arena, const struct lstmc_model *m)
{
    uint64_t state = 7;
    float *weights = arena_array(arena, float, m->weight_count + 1);
    for (int i = 0; i < m->weight_tensors; i++)
        for (size_t k = 0; k < m->weights[i].count; k++)
            weights[m->weights[i].offset + k] =
                drawn(&state) + (strstr(m->weights[i].name, "variance") ? 0.75f : 0);
    return weights;
}

/* ---- outputs ---- */

/* Samples of one input; ids below the vocabulary. */
static void *random_input(Arena *arena, const Layer *input)
{
    uint64_t state = 11;
    size_t count = ROWS * shape_count(&input->output);
    float *x = arena_array(arena, float, count);
    int32_t *ids = arena_array(arena, int32_t, count);
    for (size_t i = 0; i < count; i++) {
        x[i] = 2 * drawn(&state);
        ids[i] = (int32_t)(lstmc_mix(state + i) % (uint64_t)(input->vocabulary ? input->vocabulary : 1));
    }
    return input->vocabulary ? (void *)ids : (void *)x;
}

/* All outputs of ROWS samples; NULL: the interpreter cannot run it. */
static float *outputs_of(Arena *arena, Description *description, const float *weights)
{
    const Model *model = description_model(description);
    const void **x = arena_array(arena, const void *, model->input_count);
    struct custom_layers *custom = custom_layers_create(arena, description, ROWS);
    Interpreter_float *it = interpreter_create_float(model, ROWS, custom, NULL);
    if (!it)
        return NULL;
    for (int i = 0; i < model->input_count; i++)
        x[i] = random_input(arena, &model->layers[model->inputs[i]]);
    if (model->input_count > 1)
        interpreter_forward_all_float(it, weights, x, ROWS, 0, 0);
    else
        interpreter_forward_float(it, weights, x[0], ROWS, 0, 0);
    size_t count = ROWS * model->descriptor.output_count;
    float *outputs = arena_array(arena, float, count + 1);
    memcpy(outputs, interpreter_output_float(it), count * sizeof *outputs);
    interpreter_free_float(it);
    return outputs;
}

static bool differs(float before, float behind, double tolerance)
{
    bool both_wrong = before != before && behind != behind, same = !memcmp(&before, &behind, sizeof before);
    return !same && !both_wrong && !(fabs((double)before - (double)behind) < tolerance * (1 + fabs((double)before)));
}

/* The same bits; functions that become several operators, or one of the description's own, may differ in the last. Where a
 * format says nothing of lengths, the loop is another one, and roundings grow in it: then of the first sample the first
 * step counts. */
static void expect_same_outputs(const Trip *trip, const char *format)
{
    const Model *there = description_model(trip->there), *back = description_model(trip->back);
    const float *before = outputs_of(trip->arena, trip->there, trip->weights);
    const float *behind = outputs_of(trip->arena, trip->back, trip->returned);
    cr_expect_eq(before == NULL, behind == NULL);
    cr_expect_eq(there->descriptor.output_count, back->descriptor.output_count);
    bool lengths_lost = there->descriptor.has_lengths != back->descriptor.has_lengths;
    double tolerance = !strcmp(format, "onnx") || lengths_lost ? 1e-6 : 0;
    size_t count = lengths_lost ? step_output_count(&there->descriptor) : ROWS * there->descriptor.output_count;
    for (size_t i = 0; before && behind && i < count; i++)
        if (differs(before[i], behind[i], tolerance)) {
            cr_expect_fail("%s by %s: output %zu was %.9g and is %.9g", trip->name, format, i, (double)before[i],
                           (double)behind[i]);
            return;
        }
}

/* ---- the same graph ---- */

static bool same_numbers(const double *a, const double *b, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (differs((float)a[i], (float)b[i], 0))
            return false;
    return true;
}

static bool same_array(const Array *a, const Array *b)
{
    return a->rank == b->rank && a->count == b->count && a->uniform == b->uniform &&
           !memcmp(a->shape, b->shape, (size_t)a->rank * sizeof *a->shape) &&
           same_numbers(a->numbers, b->numbers, a->uniform ? 1 : a->count);
}

static bool same_node(const OnnxNode *a, const OnnxNode *b)
{
    bool same = !strcmp(a->operation, b->operation) && a->attribute_count == b->attribute_count &&
                a->input_count == b->input_count && a->output_count == b->output_count;
    for (int i = 0; same && i < a->attribute_count; i++) {
        const OnnxAttribute *x = &a->attributes[i], *y = &b->attributes[i];
        same = !strcmp(x->name, y->name) && same_numbers(&x->number, &y->number, 1) && x->text_count == y->text_count &&
               x->number_count == y->number_count && same_numbers(x->numbers, y->numbers, (size_t)x->number_count) &&
               !strcmp(x->text ? x->text : "", y->text ? y->text : "");
        for (int k = 0; same && k < x->text_count; k++)
            same = !strcmp(x->texts[k], y->texts[k]);
    }
    return same;
}

/* What hands on what it reads, as noise does in prediction; what looks at the same numbers in other axes. */
static bool is_view(const char *operation)
{
    static const char *const views[] = { "Transpose", "Reshape", "Squeeze", "Unsqueeze", "Flatten", "Slice" };
    for (size_t i = 0; i < sizeof views / sizeof *views; i++)
        if (!strcmp(operation, views[i]))
            return true;
    return false;
}

static int by_operation(const void *a, const void *b)
{
    return strcmp(((const OnnxNode *)a)->operation, ((const OnnxNode *)b)->operation);
}

/* Without Identity; of random models without views and their shapes either, and by operation: which of several follow
 * from each other may do so in another order, and what is put together only where it is read. */
static OnnxModel *read_graph(Trip *trip, const char *path)
{
    OnnxModel *graph = onnx_read(draft_create(trip->arena, diagnostics_create(trip->arena), path), path);
    cr_assert_not_null(graph, "%s: %s", trip->name, path);
    int count = 0;
    for (int n = 0; n < graph->node_count; n++)
        if (strcmp(graph->nodes[n].operation, "Identity") && !(trip->random && is_view(graph->nodes[n].operation)))
            graph->nodes[count++] = graph->nodes[n];
    graph->node_count = count;
    if (trip->random)
        qsort(graph->nodes, (size_t)count, sizeof *graph->nodes, by_operation);
    count = 0;
    for (int n = 0; n < graph->constant_count; n++)
        if (!trip->random || !graph->constants[n].array->whole)
            graph->constants[count++] = graph->constants[n];
    graph->constant_count = count;
    return graph;
}

static const char *operations_of(Arena *arena, const OnnxModel *graph)
{
    const char *text = "";
    for (int n = 0; n < graph->node_count; n++)
        text = arena_format(arena, "%s %s", text, graph->nodes[n].operation);
    return text;
}

/* What came back, exported again: node by node, constant by constant. */
static void expect_same_graph(Trip *trip, const char *path)
{
    const char *again = arena_format(trip->arena, "%s/again.onnx", trip->folder);
    ExportRequest request = { .model = description_model(trip->back), .weights = trip->returned, .format = "onnx",
                              .path = again };
    Diagnostics *diagnostics = diagnostics_create(trip->arena);
    bool good = export_file(trip->arena, diagnostics, &request);
    if (!good)
        diagnostics_print(diagnostics, stderr);
    cr_assert(good, "%s: what came back by onnx does not go out",
              trip->name);
    const OnnxModel *there = read_graph(trip, path), *back = read_graph(trip, again);
    bool same = there->node_count == back->node_count && there->constant_count == back->constant_count;
    for (int n = 0; same && n < there->node_count; n++)
        same = trip->random ? !strcmp(there->nodes[n].operation, back->nodes[n].operation)
                            : same_node(&there->nodes[n], &back->nodes[n]);
    for (int n = 0; same && n < there->constant_count; n++)
        same = same_array(there->constants[n].array, back->constants[n].array);
    cr_expect(same, "%s by onnx: the graph was%s, and is%s", trip->name, operations_of(trip->arena, there),
              operations_of(trip->arena, back));
}

/* ---- there and back ---- */

/* Layer by layer: what is frozen stands last, and not every format says what is. */
static int weights_in_order(Arena *arena, const Model *model, const struct lstmc_tensor ***list)
{
    int count = 0;
    *list = arena_array(arena, const struct lstmc_tensor *, model->descriptor.weight_tensors + 1);
    for (int i = 0; i < model->layer_count; i++)
        for (int w = 0; w < model->layers[i].weight_count && !model->layers[i].shares; w++)
            (*list)[count++] = model->layers[i].weights[w];
    return count;
}

static void expect_same_weights(const Trip *trip, const char *format)
{
    const struct lstmc_tensor **there, **back;
    int count = weights_in_order(trip->arena, description_model(trip->there), &there);
    int returned = weights_in_order(trip->arena, description_model(trip->back), &back);
    cr_expect_eq(count, returned, "%s by %s: %d weights, and back %d", trip->name, format, count, returned);
    for (int i = 0; i < count && count == returned; i++)
        cr_expect(there[i]->count == back[i]->count &&
                  !memcmp(trip->weights + there[i]->offset, trip->returned + back[i]->offset,
                          there[i]->count * sizeof(float)),
                  "%s by %s: %s is another", trip->name, format, there[i]->name);
}

/* Normalisations of PyTorch and ONNX have both factors and terms: what is exported without comes back with them. */
static bool is_half_normal(const Model *model)
{
    for (int i = 0; i < model->layer_count; i++)
        if (layer_argument(&model->layers[i], "center") &&
            !(layer_flag(&model->layers[i], "center") && layer_flag(&model->layers[i], "scale")))
            return true;
    return false;
}

/* Pictures of ONNX have their channels first, unless a Transpose says that they have not: a model of others without any
 * is taken for one of pictures, and the draft says so. */
static bool has_turned_inputs(const Draft *draft)
{
    for (int i = 0; i < draft->note_count; i++)
        if (strstr(draft->notes[i], "its axes are"))
            return true;
    return false;
}

/* False: the format cannot say the model. */
static bool go(Trip *trip, int f)
{
    Diagnostics *diagnostics = diagnostics_create(trip->arena);
    const char *path = arena_format(trip->arena, "%s/%s", trip->folder, formats[f].file), *text = NULL;
    ExportRequest request = { .model = description_model(trip->there), .weights = trip->weights,
                              .format = formats[f].format, .path = path };
    if (!export_file(trip->arena, diagnostics, &request)) {
        cr_expect(diagnostics_count(diagnostics) > 0, "%s: %s is refused without a word", trip->name, formats[f].format);
        return false;
    }
    DraftSource source = { .path = path };
    Draft *draft = import_file(trip->arena, diagnostics, &source);
    if (draft) {
        text = draft_text(draft, "back");
        trip->back = description_read_text(trip->arena, diagnostics, "back.lua", text, strlen(text),
                                           &(ReadOptions){ .silent = true });
    }
    trip->returned = trip->back ? draft_weights(draft, description_model(trip->back)) : NULL;
    if (!trip->returned) {
        diagnostics_print(diagnostics, stderr);
        cr_expect_fail("%s by %s: it does not come back\n%s", trip->name, formats[f].format, text ? text : "");
    } else {
        bool onnx = !strcmp(formats[f].format, "onnx");
        if (onnx)
            expect_same_graph(trip, path);
        if (!onnx || !is_half_normal(description_model(trip->there)))
            expect_same_weights(trip, formats[f].format);
        if (!onnx || !has_turned_inputs(draft))
            expect_same_outputs(trip, formats[f].format);
    }
    description_free(trip->back);
    trip->back = NULL;
    return true;
}

/* A state dict has no architecture: it goes into the description that it came from. False: it cannot be said. */
static bool go_into(Trip *trip)
{
    Diagnostics *diagnostics = diagnostics_create(trip->arena);
    const Model *model = description_model(trip->there);
    const char *path = arena_format(trip->arena, "%s/m.safetensors", trip->folder);
    ExportRequest request = { .model = model, .weights = trip->weights, .format = "pytorch", .path = path };
    if (!export_file(trip->arena, diagnostics, &request))
        return false;
    if (!model->descriptor.weight_count || is_half_normal(model))
        return true;
    DraftSource source = { .path = path, .weights_alone = true };
    Draft *draft = import_file(trip->arena, diagnostics, &source);
    const float *back = draft ? draft_into(draft, model, NULL, 0) : NULL;
    if (!back) {
        diagnostics_print(diagnostics, stderr);
        cr_expect_fail("%s by PyTorch: it does not come back", trip->name);
    }
    cr_expect(!back || !memcmp(back, trip->weights, model->descriptor.weight_count * sizeof *back),
              "%s by PyTorch: other weights come back", trip->name);
    return true;
}

static void travel(Arena *arena, const char *name, Description *there, char *folder, int counts[FORMATS + 1])
{
    Trip trip = { .arena = arena, .name = name, .folder = folder, .there = there,
                  .random = !strncmp(name, "seed", 4) };
    trip.weights = random_weights(arena, &description_model(there)->descriptor);
    for (int f = 0; f < FORMATS; f++)
        counts[f] += go(&trip, f);
    counts[FORMATS] += go_into(&trip);
}

Test(round_trip, all_models, .timeout = 600)
{
    int counts[FORMATS + 1] = { 0 }, models = 0;
    char *folder = command_folder();
    glob_t found;
    cr_assert_eq(glob("models/*.lua", 0, NULL, &found), 0);
    for (size_t i = 0; i < found.gl_pathc; i++, models++) {
        Arena *arena = arena_create();
        Diagnostics *diagnostics = diagnostics_create(arena);
        Description *there = description_read(arena, diagnostics, found.gl_pathv[i], &(ReadOptions){ .silent = true });
        cr_assert_not_null(there, "%s", found.gl_pathv[i]);
        travel(arena, found.gl_pathv[i], there, folder, counts);
        description_free(there);
        arena_free(arena);
    }
    globfree(&found);
    command_folder_remove(folder);
    for (int f = 0; f < FORMATS; f++)
        fprintf(stderr, "%s: %d of %d models\n", formats[f].format, counts[f], models);
    fprintf(stderr, "pytorch: %d of %d models\n", counts[FORMATS], models);
    cr_expect(counts[0] >= 12 && counts[1] >= 12 && counts[2] >= 12 && counts[FORMATS] >= 10);
}

Test(round_trip, random_models, .timeout = 3600)
{
    int counts[FORMATS + 1] = { 0 }, models = 0;
    Arena *whole = arena_create(), *arena = arena_create();
    const Catalogue *catalogue = catalogue_read();
    char *folder = command_folder();
    for (uint64_t seed = 1; models < RANDOM_MODELS; seed++) {
        arena_clear(arena);
        FuzzModel drawn_model = fuzz_draw(arena, catalogue, seed);
        const char *text = fuzz_text(arena, &drawn_model);
        Description *there = description_read_text(arena, diagnostics_create(arena), "random.lua", text, strlen(text),
                                                   &(ReadOptions){ .silent = true });
        if (!there)
            continue;
        travel(arena, arena_format(arena, "seed %llu:\n%s", (unsigned long long)seed, text), there, folder, counts);
        models++;
        description_free(there);
    }
    command_folder_remove(folder);
    arena_free(arena);
    arena_free(whole);
    for (int f = 0; f < FORMATS; f++)
        fprintf(stderr, "%s: %d of %d random models\n", formats[f].format, counts[f], models);
    fprintf(stderr, "pytorch: %d of %d random models\n", counts[FORMATS], models);
    cr_expect(counts[0] > 80 && counts[1] > 80 && counts[2] > 45 && counts[3] > 0 && counts[4] > 35 && counts[FORMATS] > 20);
}

/* Layers that are called several times, states that are handed over, sequences that look at another, several outputs. */
Test(round_trip, graphs, .timeout = 300)
{
    static const char *const graphs[] = {
        "local a, b = Input{7, name = 'a'}, Input{7, name = 'b'}\nlocal words, read = Embedding{9, 3}, GRU{6}\n"
        "local y = Dense{2}(Multiply{}(read(words(a)), read(words(b))))\nreturn Model{ inputs = {a, b}, outputs = y, name = 'twins' }",
        "local a, b = Input{7, 3, name = 'a'}, Input{5, 3, name = 'b'}\n"
        "local s, h, c = LSTM{4, return_sequences = true, return_state = true}(a)\nlocal t = LSTM{4, return_sequences = true, name = 'decoder'}{b, initial_state = {h, c}}\n"
        "return Model{ inputs = {a, b}, outputs = {Dense{2}(t), Dense{3}(Concatenate{}(GlobalMaxPooling1D{}(s), c))}, name = 'handed' }",
        "local a, b = Input{7, name = 'a'}, Input{5, name = 'b'}\nlocal e = Embedding{9, 4, mask_zero = true}\n"
        "local s, h, c = LSTM{4, return_sequences = true, return_state = true}(e(a))\n"
        "local t = LSTM{4, return_sequences = true}{e(b), initial_state = {h, c}}\n"
        "return Model{ inputs = {a, b}, outputs = Dense{5}(Concatenate{}(t, Attention{use_scale = true}(t, s))), name = 'looks' }",
        "local a, b = Input{7, 3, name = 'a'}, Input{5, 3, name = 'b'}\nlocal s, h, g = Bidirectional{GRU{4, return_sequences = true, return_state = true}}(a)\n"
        "local again = SimpleRNN{4, return_sequences = true}\nlocal u, v = again{b, initial_state = h}, again{a, initial_state = g}\n"
        "return Model{ inputs = {a, b}, outputs = {MultiHeadAttention{2, 3}(u, v), MultiHeadAttention{2, 3}(v, u, u), s}, name = 'both' }",
        "local a, b = Input{7, 3, name = 'a'}, Input{5, 3, name = 'b'}\n"
        "local s, h, c, g, d = Bidirectional{LSTM{4, return_sequences = true, return_state = true}}(a)\n"
        "local t = Bidirectional{LSTM{4, return_sequences = true}}{b, initial_state = {h, c, g, d}}\n"
        "local again = SimpleRNN{4, return_sequences = true}\nlocal u, v = again{t, initial_state = h}, again{s, initial_state = g}\n"
        "return Model{ inputs = {a, b}, outputs = {u, v, Add{}(c, d)}, name = 'ways' }",
        "local a, b = Input{7, 3, name = 'a'}, Input{5, 3, name = 'b'}\nlocal e, d = Dense{6}(a), Dense{6, activation = 'tanh'}(b)\n"
        "local m, p, s = MultiHeadAttention{2, 3, use_causal_mask = true}, Attention{use_scale = true}, AdditiveAttention{}\n"
        "local t = m(d, e)\nreturn Model{ inputs = {a, b}, name = 'heads', outputs = {t, m(t, e, Dense{6}(a)), p(d, e), p(t, d),\n"
        "  s(d, t, d), Attention{score_mode = 'concat', causal = true}(e)} }",
    };
    int counts[FORMATS + 1] = { 0 };
    char *folder = command_folder();
    for (size_t i = 0; i < sizeof graphs / sizeof *graphs; i++) {
        Arena *arena = arena_create();
        Description *there = description_read_text(arena, diagnostics_create(arena), "graph.lua", graphs[i], strlen(graphs[i]),
                                                   &(ReadOptions){ .silent = true });
        cr_assert_not_null(there, "%s", graphs[i]);
        travel(arena, graphs[i], there, folder, counts);
        description_free(there);
        arena_free(arena);
    }
    command_folder_remove(folder);
    cr_expect(counts[0] == 5 && counts[1] == 5 && counts[4] == 5 && counts[FORMATS] == 4, "keras: %d, h5: %d, onnx: %d of 6 graphs", counts[0], counts[1], counts[4]);
    fprintf(stderr, "tfjs: %d, onnx: %d, pytorch: %d of 6 graphs\n", counts[2], counts[4], counts[FORMATS]);
}
