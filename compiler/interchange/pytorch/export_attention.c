/* export_attention.c: in: Attention, AdditiveAttention, MultiHeadAttention, of query, value and key or of one sequence.
 * out: nn.MultiheadAttention; of those without heads, which are no modules of PyTorch's, products and a softmax. */
#include "export.h"
#include "compiler/interchange/draft/exported.h"

#include <string.h>

typedef struct Attended {
    const char *query, *value, *key;            /* names of Python */
    const Shape *shapes[3];                     /* of query, value, key */
    bool causal;
    double dropout;
} Attended;

static Attended attended_of(const TorchExport *to, const TorchLayer *one)
{
    const Layer *layer = one->layer;
    AttentionReads reads = attention_reads(layer);
    Attended all = { .query = one->each_x[reads.query], .value = one->each_x[reads.value],
                     .key = one->each_x[reads.key], .causal = reads.causal,
                     .dropout = layer_number(layer, "dropout", 0) };
    const int places[] = { reads.query, reads.value, reads.key };
    for (int i = 0; i < 3; i++)
        all.shapes[i] = &to->model->layers[layer->from[places[i]]].output;
    return all;
}

/* later: true where a step of the value is later than that of the query. */
static void add_later(TorchExport *to, const Attended *all)
{
    torch_forward(to, "later = torch.ones(%d, %d, dtype=torch.bool, device=%s.device).triu(1)",
                  all->shapes[0]->extent[0], all->shapes[1]->extent[0], all->query);
}

/* ---- without projections ---- */

/* Weights as parameters of the module: "attention.scale". */
static void add_parameters(TorchExport *to, const TorchLayer *one, const char *const *names)
{
    const char *text = "";
    for (int i = 0; names[i]; i++) {
        const struct lstmc_tensor *weight = layer_weight(one->layer, names[i]);
        if (!weight)
            continue;
        torch_vector(to, one, names[i], weight, weight->count, 0);
        text = arena_format(to->arena, "%s%s'%s': nn.Parameter(torch.ones(%zu))", text, *text ? ", " : "", names[i],
                            weight->count);
    }
    if (*text)
        torch_module(to, one, "nn.ParameterDict({%s})", text);
}

/* "self.attention['scale'] * ", or nothing. */
static const char *factor(const TorchExport *to, const TorchLayer *one, const char *name)
{
    return layer_weight(one->layer, name) ? arena_format(to->arena, "self.%s['%s'] * ", one->module, name) : "";
}

static void mixed(TorchExport *to, const TorchLayer *one, const Attended *all, const char *scores)
{
    const char *shares = "torch.softmax(scores, -1)";
    torch_forward(to, "scores = %s", scores);
    if (all->causal) {
        add_later(to, all);
        torch_forward(to, "scores = scores.masked_fill(later, float('-inf'))");
    }
    if (all->dropout > 0)
        shares = arena_format(to->arena, "F.dropout(%s, %.9g, self.training)", shares, all->dropout);
    torch_forward(to, "%s = %s @ %s", one->y, shares, all->value);
}

static void plain(TorchExport *to, const TorchLayer *one, const Attended *all)
{
    static const char *const weights[] = { "scale", "concat_score_weight", NULL };
    bool sums = layer_weight(one->layer, "concat_score_weight") != NULL;
    const char *scale = factor(to, one, "scale");
    add_parameters(to, one, weights);
    mixed(to, one, all,
          sums ? arena_format(to->arena, "%storch.tanh(%s(%s.unsqueeze(2) + %s.unsqueeze(1))).sum(-1)",
                              factor(to, one, "concat_score_weight"), scale, all->query, all->key)
               : arena_format(to->arena, "%s%s @ %s.transpose(1, 2)", scale, all->query, all->key));
}

static void additive(TorchExport *to, const TorchLayer *one, const Attended *all)
{
    static const char *const weights[] = { "scale", NULL };
    add_parameters(to, one, weights);
    mixed(to, one, all, arena_format(to->arena, "(%storch.tanh(%s.unsqueeze(2) + %s.unsqueeze(1))).sum(-1)",
                                     factor(to, one, "scale"), all->query, all->key));
}

/* ---- heads ---- */

/* The projections of query, key and value below each other, PyTorch's in_proj; those of other widths by themselves.
 * [features, heads, width] becomes [heads * width, features]. */
static void add_projections(TorchExport *to, const TorchLayer *one, size_t width, bool same)
{
    static const char *const parts[] = { "query", "key", "value" }, *const names[] = { "q", "k", "v" };
    float *all = same ? torch_tensor(to, one, "in_proj_weight", 2, (size_t[]){ 3 * width, width }) : NULL;
    for (int i = 0; i < 3; i++) {
        const struct lstmc_tensor *kernel = layer_weight(one->layer, arena_format(to->arena, "%s/kernel", parts[i]));
        size_t features = (size_t)kernel->shape[0];
        float *values = all ? all + (size_t)i * width * width
                            : torch_tensor(to, one, arena_format(to->arena, "%s_proj_weight", names[i]), 2,
                                           (size_t[]){ width, features });
        for (size_t row = 0; row < width; row++)
            for (size_t k = 0; k < features; k++)
                values[row * features + k] = to->weights[kernel->offset + k * width + row];
    }
    if (!layer_flag(one->layer, "use_bias"))
        return;
    float *biases = torch_tensor(to, one, "in_proj_bias", 1, (size_t[]){ 3 * width });
    for (int i = 0; i < 3; i++)
        memcpy(biases + (size_t)i * width,
               to->weights + layer_weight(one->layer, arena_format(to->arena, "%s/bias", parts[i]))->offset,
               width * sizeof *biases);
}

/* [heads, width, features] becomes [features, heads * width]. */
static void add_output(TorchExport *to, const TorchLayer *one, size_t width)
{
    const struct lstmc_tensor *kernel = layer_weight(one->layer, "attention_output/kernel");
    const struct lstmc_tensor *bias = layer_weight(one->layer, "attention_output/bias");
    float *values = torch_tensor(to, one, "out_proj.weight", 2, (size_t[]){ width, width });
    for (size_t row = 0; row < width; row++)
        for (size_t k = 0; k < width; k++)
            values[row * width + k] = to->weights[kernel->offset + k * width + row];
    if (bias)
        torch_vector(to, one, "out_proj.bias", bias, width, 0);
}

/* nn.MultiheadAttention has one width: that of the query, of all heads together, and of what comes out. */
static bool has_one_width(TorchExport *to, const TorchLayer *one, int width, int heads)
{
    const Layer *layer = one->layer;
    int key_dim = (int)layer_number(layer, "key_dim", 0), value_dim = (int)layer_number(layer, "value_dim", 0);
    int features = layer->output.extent[layer->output.rank - 1];
    if (heads * key_dim != width)
        torch_cannot(to, layer, "in nn.MultiheadAttention the heads have the width of the query together: %d heads of "
                     "%d are not %d", heads, key_dim, width);
    else if (value_dim && value_dim != key_dim)
        torch_cannot(to, layer, "in nn.MultiheadAttention value_dim is key_dim");
    else if (features != width)
        torch_cannot(to, layer, "in nn.MultiheadAttention output_shape is the width of the query, %d", width);
    else
        return true;
    return false;
}

static void heads(TorchExport *to, const TorchLayer *one, const Attended *all)
{
    int widths[3], count = (int)layer_number(one->layer, "num_heads", 1);
    for (int i = 0; i < 3; i++)
        widths[i] = all->shapes[i]->extent[1];
    bool same = widths[1] == widths[0] && widths[2] == widths[0], bias = layer_flag(one->layer, "use_bias");
    if (!has_one_width(to, one, widths[0], count))
        return;
    torch_module(to, one, "nn.MultiheadAttention(%d, %d%s%s%s, batch_first=True)", widths[0], count,
                 all->dropout > 0 ? arena_format(to->arena, ", dropout=%.9g", all->dropout) : "",
                 bias ? "" : ", bias=False",
                 same ? "" : arena_format(to->arena, ", kdim=%d, vdim=%d", widths[2], widths[1]));
    add_projections(to, one, (size_t)widths[0], same);
    add_output(to, one, (size_t)widths[0]);
    if (all->causal)
        add_later(to, all);
    torch_forward(to, "%s, _ = self.%s(%s, %s, %s, need_weights=False%s)", one->y, one->module, all->query, all->key,
                  all->value, all->causal ? ", attn_mask=later" : "");
}

bool torch_export_attention(TorchExport *to, const TorchLayer *one)
{
    const char *kind = one->layer->kind;
    Attended all = attended_of(to, one);
    if (!strcmp(kind, "Attention"))
        plain(to, one, &all);
    else if (!strcmp(kind, "AdditiveAttention"))
        additive(to, one, &all);
    else if (!strcmp(kind, "MultiHeadAttention"))
        heads(to, one, &all);
    else
        return false;
    return true;
}
