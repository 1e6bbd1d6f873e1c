/* attention_layers.c: Attention, AdditiveAttention and MultiHeadAttention of a sequence on itself.  Luong, Pham &
 * Manning 2015; Bahdanau, Cho & Bengio 2015; Vaswani et al. 2017. Keras's rules for masks: what does not count is not
 * looked at; at such a step what is gathered is zero. */
#include "words.h"

/* The input, zero at the steps that do not count. */
static Value *counted(Composition *c, Run *run)
{
    Value *x = run->in[0];
    return x->mask ? keep(c, x->mask, x, NULL) : x;
}

static Value *where_counted(Composition *c, Run *run, Value *y)
{
    return run->in[0]->mask ? keep(c, run->in[0]->mask, y, NULL) : y;
}

static Attend attend_as_said(const Run *run)
{
    return (Attend){ .heads = 1, .factor = 1, .rate = layer_number(run->layer, "dropout", 0),
                     .place = (uint64_t)run->index,
                     .causal = layer_flag(run->layer, "use_causal_mask") || layer_flag(run->layer, "causal") };
}

static const char *set_up_attention(Interpreter *it, Run *run)
{
    Composition c = composition_begin(it, run);
    Attend attend_by = attend_as_said(run);
    attend_by.how = !strcmp(layer_text(run->layer, "score_mode"), "concat") ? ATTEND_TANH : ATTEND_DOT;
    attend_by.gain = weight_all(&c, "scale");
    attend_by.share = weight_all(&c, "concat_score_weight");
    Value *x = counted(&c, run);
    return composition_end(&c, where_counted(&c, run, attend(&c, x, x, x, run->in[0]->mask, attend_by)));
}

static const char *set_up_additive(Interpreter *it, Run *run)
{
    Composition c = composition_begin(it, run);
    Attend attend_by = attend_as_said(run);
    attend_by.how = ATTEND_TANH;
    attend_by.share = weight_all(&c, "scale");
    Value *x = counted(&c, run);
    return composition_end(&c, where_counted(&c, run, attend(&c, x, x, x, run->in[0]->mask, attend_by)));
}

/* A kernel (features, heads, width) is in memory one of heads * width columns; (heads, width, features) one of as many
 * rows. */
static Weight as_matrix(Weight weight, size_t columns)
{
    size_t count = weight.rows * weight.columns;
    weight.rows = weight.tensor ? count / columns : 0;
    weight.columns = weight.stride = weight.tensor ? columns : 0;
    return weight;
}

static Value *project(Composition *c, Value *x, const char *kernel, const char *bias, int columns)
{
    return affine(c, x, as_matrix(weight_all(c, kernel), (size_t)columns),
                  as_matrix(weight_all(c, bias), (size_t)columns));
}

static const char *set_up_heads(Interpreter *it, Run *run)
{
    const Layer *layer = run->layer;
    Composition c = composition_begin(it, run);
    int heads = (int)layer_number(layer, "num_heads", 1), width = (int)layer_number(layer, "key_dim", 1);
    int value_width = (int)layer_number(layer, "value_dim", 0);
    Attend attend_by = attend_as_said(run);
    attend_by.heads = heads;
    attend_by.factor = 1 / sqrt((double)width);
    Value *x = counted(&c, run);
    Value *query = project(&c, x, "query/kernel", "query/bias", heads * width);
    Value *key = project(&c, x, "key/kernel", "key/bias", heads * width);
    Value *value = project(&c, x, "value/kernel", "value/bias", heads * (value_width ? value_width : width));
    Value *gathered = where_counted(&c, run, attend(&c, query, key, value, run->in[0]->mask, attend_by));
    return composition_end(&c, project(&c, gathered, "attention_output/kernel", "attention_output/bias",
                                       layer->output.extent[1]));
}

#define ATTENTION_KIND(NAME, SET_UP) \
    { .name = NAME, .set_up = SET_UP, .forward = composed_forward, .backward = composed_backward }
const LayerKind kind_attention = ATTENTION_KIND("Attention", set_up_attention);
const LayerKind kind_additive_attention = ATTENTION_KIND("AdditiveAttention", set_up_additive);
const LayerKind kind_multi_head_attention = ATTENTION_KIND("MultiHeadAttention", set_up_heads);
