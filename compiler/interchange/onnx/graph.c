/* graph.c: in: a file of ONNX.  out: a draft: its inputs, then node by node what can be computed at once, and
 * layers. */
#include "import_onnx.h"
#include "flow.h"
#include "compiler/base/text_index.h"

#include <string.h>

#define OPSET_FIRST 6
#define OPSET_LAST 24
#define EXTENT_MAX (1 << 24)

bool is_onnx(const char *path, const unsigned char *begin, size_t length)
{
    static const unsigned char second[] = { 0x12, 0x1a, 0x22, 0x28, 0x32, 0x3a, 0x42 };
    size_t end = strlen(path);
    if (end > 5 && !strcmp(path + end - 5, ".onnx"))
        return true;
    return length > 2 && begin[0] == 0x08 && begin[1] && begin[1] < 64 && memchr(second, begin[2], sizeof second);
}

static const struct {
    const char *operation;
    bool (*import)(Importer *importer);
} operators[] = {
    { "LSTM", import_recurrent }, { "GRU", import_recurrent }, { "RNN", import_recurrent },
    { "Gemm", import_product }, { "MatMul", import_product },
    { "Add", import_arithmetic }, { "Sub", import_arithmetic }, { "Mul", import_arithmetic },
    { "Div", import_arithmetic }, { "Max", import_arithmetic }, { "Min", import_arithmetic },
    { "Mean", import_arithmetic }, { "Sum", import_arithmetic },
    { "Conv", import_window }, { "MaxPool", import_window }, { "AveragePool", import_window },
    { "GlobalMaxPool", import_window }, { "GlobalAveragePool", import_window }, { "Pad", import_window },
    { "BatchNormalization", import_norm }, { "LayerNormalization", import_norm }, { "ReduceMean", import_norm },
    { "ReduceMax", import_norm },
    { "Transpose", import_view }, { "Squeeze", import_view }, { "Unsqueeze", import_view }, { "Reshape", import_view },
    { "Tile", import_repeat },
    { "Flatten", import_view }, { "Identity", import_view }, { "Cast", import_view },
    { "Slice", import_part }, { "Gather", import_part }, { "Split", import_part }, { "Concat", import_part },
    { "Softmax", import_activation }, { "LogSoftmax", import_activation }, { "Clip", import_activation },
    { "PRelu", import_activation }, { "Dropout", import_activation }, { "Pow", import_activation },
    { "Neg", import_activation },
};

/* ---- inputs ---- */

static bool is_constant(Importer *importer, const char *name)
{
    return importer->values[place_of_name(importer, name)].array != NULL;
}

/* What becomes of the axes of a tensor, where that is not what everybody expects. */
static void note_axes(Importer *importer, const char *name, int rank, const int *order, int count)
{
    const char *text = "";
    bool usual = count == rank;
    for (int i = 0; i < count; i++) {
        usual = usual && order[i] == i;
        text = arena_format(importer->arena, "%s%s%d", text, i ? ", " : "", order[i]);
    }
    if (!usual)
        draft_note(importer->draft, "%s: its axes are %s of the file's, the batch first.", name, text);
}

static const char *parameter_of(int rank, int d)
{
    static const char *const image[] = { "height", "width" };
    return rank < 4 || d > 2 ? d == 1 ? "timesteps" : "size" : image[d - 1];
}

static void add_input(Importer *importer, int i, int input_count)
{
    const OnnxInput *input = &importer->model->inputs[i];
    const int *order = importer->input_order + i * ONNX_RANK_MAX;
    int places[ONNX_RANK_MAX], rank = input->rank;
    Extent shape[ONNX_RANK_MAX], batch = extent_of(BATCH_SIZE);
    if (rank < 1 || rank > SAMPLE_RANK_MAX + 1) {
        cannot(importer, "the input %s has no shape, or more than %d axes", input->name, SAMPLE_RANK_MAX + 1);
        return;
    }
    for (int d = 0; d < rank; d++) {
        int64_t size = input->shape[order[d]];
        places[order[d]] = d;
        if (size > EXTENT_MAX) {
            cannot(importer, "an extent of the input %s is out of range", input->name);
            return;
        }
        if (d == 0)
            batch = size > 0 ? extent_of(size) : (Extent){ BATCH_SIZE, "batch" };
        else
            shape[d - 1] = size > 0 ? extent_of(size)
                                    : open_extent(importer, input->symbols[order[d]], parameter_of(rank, d));
    }
    if (rank == 1)
        shape[0] = extent_of(1);
    Step *step = step_new(importer, importer->draft->catalogue->input, rank > 1 ? rank - 1 : 1, shape);
    step->layer->found = input->name;
    for (int d = 0; d < step->rank; d++)
        step_argument(importer, step, NULL, extent_text(importer->arena, shape[d]));
    step->layer->name = input_count > 1 && is_name(input->name) ? input->name : NULL;
    note_axes(importer, input->name, rank, order, rank);
    Flow *flow = arena_new(importer->arena, Flow);
    *flow = flow_of_step((Ref){ step, OUTPUT }, batch, rank, places);
    flow->atom_count = rank;
    flow->alone = uses_of(importer, input->name) == 1;
    importer->values[place_of_name(importer, input->name)].flow = flow;
}

static void add_inputs(Importer *importer)
{
    const OnnxModel *model = importer->model;
    int count = 0;
    for (int i = 0; i < model->input_count; i++)
        count += !is_constant(importer, model->inputs[i].name);
    importer->input_order = find_axes(importer->arena, model);
    for (int i = 0; i < model->input_count && !importer->failed; i++)
        if (!is_constant(importer, model->inputs[i].name))
            add_input(importer, i, count);
}

/* ---- nodes ---- */

static void import_node(Importer *importer, int n)
{
    const OnnxNode *node = importer->node = &importer->model->nodes[n];
    if (importer->done[n])
        return;
    if (fold_node(importer) || importer->failed || import_composed(importer) || import_attention(importer))
        return;
    for (size_t i = 0; i < sizeof operators / sizeof *operators; i++)
        if (!strcmp(node->operation, operators[i].operation)) {
            operators[i].import(importer);
            return;
        }
    if (is_function(node->operation))
        import_activation(importer);
    else
        cannot(importer, "there is no layer for this operator");
}

/* What is known without any input is known before the first layer is made. */
static void fold_constants(Importer *importer)
{
    for (int n = 0; n < importer->model->node_count && !importer->failed; n++) {
        const OnnxNode *node = importer->node = &importer->model->nodes[n];
        bool known = strcmp(node->operation, "Shape") && strcmp(node->operation, "Size");
        for (int i = 0; i < node->input_count; i++)
            known = known && (!*node->inputs[i] || input_array(importer, i));
        if (known && fold_node(importer))
            importer->done[n] = true;
    }
}

/* Whole operators of somebody else's are said before anything that follows from them. */
static void check_domains(Importer *importer)
{
    for (int n = 0; n < importer->model->node_count; n++) {
        importer->node = &importer->model->nodes[n];
        if (*importer->node->domain && strcmp(importer->node->domain, "ai.onnx"))
            cannot(importer, "an operator of %s", importer->node->domain);
    }
}

static void count_use(Importer *importer, const char *name, int times)
{
    int place = place_of_name(importer, name);          /* first: it may move the list */
    importer->uses[place] += times;
}

/* All names are known from here on. */
static void count_uses(Importer *importer)
{
    const OnnxModel *model = importer->model;
    for (int n = 0; n < model->node_count; n++) {
        const OnnxNode *node = &model->nodes[n];
        bool looks = !strcmp(node->operation, "Shape");         /* at the extents alone */
        for (int i = 0; i < node->input_count; i++)
            if (*node->inputs[i])
                count_use(importer, node->inputs[i], !looks);
        for (int i = 0; i < node->output_count; i++)
            if (*node->outputs[i])
                count_use(importer, node->outputs[i], 0);
    }
    for (int i = 0; i < model->output_count; i++)
        count_use(importer, model->outputs[i], 2);
    for (int i = 0; i < model->input_count; i++)
        count_use(importer, model->inputs[i].name, 0);
    for (int i = 0; i < model->constant_count; i++) {
        int place = place_of_name(importer, model->constants[i].name);
        importer->values[place].array = model->constants[i].array;
    }
}

/* ---- outputs ---- */

static void put_out_apart(Importer *importer, Flow *flow)
{
    Step *step = step_new(importer, "Activation", flow->ref.step->rank, flow->ref.step->shape);
    step_argument(importer, step, NULL, "\"linear\"");
    flow_through(importer, flow, step);
}

static Flow *output_flow(Importer *importer, const char *name)
{
    Value *value = &importer->values[place_of_name(importer, name)];
    Flow *from = value->array ? NULL : settle(importer, value);
    int order[ONNX_RANK_MAX];
    importer->node = NULL;
    if (!from) {
        cannot(importer, "the output %s %s", name, value->array ? "is a constant" : "is made by no node");
        return NULL;
    }
    Flow *flow = arena_new(importer->arena, Flow);
    *flow = *from;
    if (!flow->ref.step->from_count)                /* a model puts out what a layer does */
        put_out_apart(importer, flow);
    int count = flow_order(flow, order);
    if (count && is_batch(flow, order[0])) {
        note_axes(importer, name, flow->rank, order, count);
        if (!flow_arrange(importer, flow, order, count))
            return NULL;
    } else {
        draft_note(importer->draft, "%s: in the file the batch is not an axis of its own.", name);
    }
    return flow;
}

/* A model has each output once: another name for one is a layer of its own. */
static void part_outputs(Importer *importer, Flow *const *flows, int count)
{
    for (int i = 1; i < count; i++)
        for (int before = 0; before < i; before++)
            if (flows[i]->ref.step == flows[before]->ref.step && flows[i]->ref.state == flows[before]->ref.state)
                put_out_apart(importer, flows[i]);
}

static void add_outputs(Importer *importer)
{
    const OnnxModel *model = importer->model;
    Flow **flows = arena_array(importer->arena, Flow *, model->output_count + 1);
    int count = 0;
    for (int i = 0; i < model->output_count && !importer->failed; i++)
        flows[count++] = output_flow(importer, model->outputs[i]);
    if (!count)
        cannot(importer, "its graph has no output");
    if (!importer->failed) {
        part_outputs(importer, flows, count);
        draft_steps(importer, flows, count);
    }
}

void import_onnx(Draft *draft, const DraftSource *source)
{
    const OnnxModel *model = onnx_read(draft, source->path);
    if (!model)
        return;
    Importer importer = { .draft = draft, .arena = draft->arena, .model = model,
                          .index = text_index_create(draft->arena),
                          .done = arena_array(draft->arena, bool, model->node_count + 1) };
    const char *origin = arena_format(draft->arena, "ONNX, opset %d%s%s%s%s", model->opset,
                                      *model->producer ? ", by " : "", model->producer,
                                      *model->producer_version ? " " : "", model->producer_version);
    draft->origin = printable_text(draft->arena, origin);
    if (model->opset && (model->opset < OPSET_FIRST || model->opset > OPSET_LAST)) {
        draft_refuse(draft, "is of opset %d, and %d to %d are imported", model->opset, OPSET_FIRST, OPSET_LAST);
        return;
    }
    count_uses(&importer);
    check_domains(&importer);
    fold_constants(&importer);
    importer.node = NULL;
    if (!importer.failed)
        add_inputs(&importer);
    for (int n = 0; n < model->node_count && !importer.failed; n++)
        import_node(&importer, n);
    importer.node = NULL;
    if (!importer.failed)
        add_outputs(&importer);
}
