/* export_pytorch.c: in: a model with its weights.  out: a state dict as a safetensors file, and a Python file with the
 * module that it is of. */
#include "export_pytorch.h"
#include "export.h"
#include "compiler/base/ownership.h"
#include "compiler/interchange/draft/exported.h"

#include <ctype.h>
#include <string.h>

/* Names that nn.Module or Python has already. */
static const char *free_name(Arena *arena, const char *name)
{
    static const char *const taken[] = {
        "forward", "train", "eval", "type", "double", "float", "half", "parameters", "buffers", "children", "modules",
        "apply", "cpu", "cuda", "to", "training", "state_dict", "and", "as", "class", "def", "del", "for", "from", "if",
        "import", "in", "is", "lambda", "not", "or", "pass", "return", "with", "torch", "nn", "F", "self", "h",
        "backward", "scores", "later",
    };
    for (size_t i = 0; i < sizeof taken / sizeof *taken; i++)
        if (!strcmp(taken[i], name))
            return arena_format(arena, "%s_", name);
    return name;
}

/* "water_level" -> "WaterLevel" */
static const char *class_name(Arena *arena, const char *name)
{
    char *class = arena_alloc(arena, strlen(name) + 1), *to = class;
    bool begins = true;
    for (; *name; name++) {
        if (*name != '_')
            *to++ = (char)(begins ? toupper((unsigned char)*name) : *name);
        begins = *name == '_';
    }
    return class;
}

/* Chains have one name for all that goes through them, graphs one for each layer. */
static const char *flow(const TorchExport *to, int place)
{
    const Model *model = to->model;
    return model_is_chain(model) && model->output_count == 1 ? "x" : free_name(to->arena, model->layers[place].name);
}

static const char *flows(const TorchExport *to, const int *places, int count)
{
    const char *text = "";
    for (int i = 0; i < count; i++)
        text = arena_format(to->arena, "%s%s%s", text, i ? ", " : "", flow(to, places[i]));
    return text;
}

static void export_layer(TorchExport *to, int place)
{
    const Layer *layer = &to->model->layers[place];
    int outputs = layer->from_count - layer->given_states;
    TorchLayer one = { .layer = layer, .module = free_name(to->arena, layer->shares ? layer->shares : layer->name),
                       .x = flows(to, layer->from, outputs), .y = flow(to, place),
                       .each_x = arena_array(to->arena, const char *, outputs + 1), .x_count = outputs,
                       .given = arena_array(to->arena, const char *, layer->given_states + 1),
                       .given_count = layer->given_states };
    for (int i = 0; i < outputs; i++)
        one.each_x[i] = flow(to, layer->from[i]);
    for (int i = 0; i < layer->given_states; i++)
        one.given[i] = flow(to, layer->from[outputs + i]);
    int tensors = to->tensor_count;
    if (layer->custom)
        torch_cannot(to, layer, "it is the description's own: PyTorch has no such layer");
    else if (layer->makes_mask || layer->takes_mask)
        torch_cannot(to, layer, "PyTorch's modules know no masks");
    else if (!layer->from_count)
        return;
    else if (!strcmp(layer->kind, "FinalState"))
        torch_export_final_state(to, &one);
    else if (layer_argument(layer, "return_sequences") || !strcmp(layer->kind, "Bidirectional"))
        torch_export_recurrent(to, &one);
    else if (!torch_export_attention(to, &one))
        torch_export_layer(to, &one);
    if (layer->shares)
        to->tensor_count = tensors;             /* they are there */
}

/* Reads what it needs of a safetensors file by itself: nothing but PyTorch has to be installed. */
static const char loader[] =
    "def load(path):\n"
    "    \"\"\"The module with the weights of a safetensors file, for prediction.\"\"\"\n"
    "    with open(path, 'rb') as file:\n"
    "        header = json.loads(file.read(int.from_bytes(file.read(8), 'little')))\n"
    "        data = bytearray(file.read())\n"
    "    header.pop('__metadata__', None)\n"
    "    state = {}\n"
    "    for name, tensor in header.items():\n"
    "        begin, end = tensor['data_offsets']\n"
    "        state[name] = torch.frombuffer(data, dtype=torch.float32, count=(end - begin) // 4, offset=begin)\n"
    "        state[name] = state[name].reshape(tensor['shape']).clone()\n";

/* "lamp.safetensors" -> "lamp" */
static const char *name_of(Arena *arena, const char *base)
{
    return arena_format(arena, "%.*s", (int)strcspn(base, "."), base);
}

static const char *module_text(TorchExport *to, const char *file)
{
    const Model *model = to->model;
    const char *class = class_name(to->arena, model->descriptor.name);
    const char *slash = strrchr(file, '/'), *base = slash ? slash + 1 : file;
    const char *inputs = flows(to, model->inputs, model->input_count);
    const char *outputs = flows(to, model->outputs, model->output_count);
    return arena_format(
        to->arena,
        "# %s.py: written by lstmc " LSTMC_VERSION " from %s. load('%s') makes the module with its weights; what it\n"
        "# reads is [batch, %s].\n"
        "import json\n\nimport torch\nimport torch.nn.functional as F\nfrom torch import nn\n\n\n"
        "class %s(nn.Module):\n    def __init__(self):\n        super().__init__()\n%s\n"
        "    def forward(self, %s):\n%s        return %s\n\n\n%s    module = %s()\n"
        "    missing, unexpected = module.load_state_dict(state, strict=False)\n"
        "    if unexpected or not all(name.endswith('num_batches_tracked') for name in missing):\n"
        "        raise ValueError(f'{path} is of another module: {missing + unexpected}')\n"
        "    return module.eval()\n",
        name_of(to->arena, base), model->descriptor.source ? model->descriptor.source : model->file, base,
        model->layers[model->inputs[0]].vocabulary ? "time], of ids" : "time, features", class,
        to->modules.text ? to->modules.text : "", inputs, to->forward.text ? to->forward.text : "", outputs, loader,
        class);
}

static bool write_both(TorchExport *to, const char *path)
{
    static const char *const metadata[] = { "format", "pt", NULL };
    const char *dot = strrchr(path, '.');
    size_t stem = dot && !strchr(dot, '/') ? (size_t)(dot - path) : strlen(path);
    const char *python = arena_format(to->arena, "%.*s.py", (int)stem, path), *text = module_text(to, path);
    struct lstmc_message message;
    if (file_claim(python, FILE_TEXT, false, &message)) {
        diagnostics_add(to->diagnostics, path, 0, "%s", message.text);
        return false;
    }
    if (!write_exported(to->diagnostics, &(FileText){ python, text, strlen(text) }, 1))
        return false;
    if (lstmc_tensor_file_write(path, to->tensors, to->tensor_count, metadata, &message)) {
        diagnostics_add(to->diagnostics, path, 0, "%s", message.text);
        return false;
    }
    return true;
}

bool export_pytorch(Arena *arena, Diagnostics *diagnostics, const Model *model, const float *weights, const char *path)
{
    int before = diagnostics_count(diagnostics);
    TorchExport to = { .arena = arena, .diagnostics = diagnostics, .model = model, .weights = weights };
    for (int i = 0; i < model->layer_count; i++)
        export_layer(&to, i);
    bool good = diagnostics_count(diagnostics) == before && write_both(&to, path);
    out_free(&to.modules);
    out_free(&to.forward);
    return good;
}
