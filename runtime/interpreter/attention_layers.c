/* attention_layers.c: Attention, AdditiveAttention and MultiHeadAttention of query, value and key (key: value), or of
 * one sequence that is all three.  Luong, Pham & Manning 2015; Bahdanau, Cho & Bengio 2015; Vaswani et al. 2017.
 * Keras's rules for masks: what does not count of the value is not looked at; at a step of the query that does not
 * count what is gathered is zero. */
#include "words.h"

enum { QUERY, VALUE, KEY };

/* Which of the inputs it is: what is not given is the one before. */
static int place_of(const Run *run, int which)
{
    return which < run->in_count ? which : run->in_count - 1;
}

static Value *mask_of(const Run *run, int which)
{
    return run->in[place_of(run, which)]->mask;
}

/* The input, zero at the steps that do not count by that mask. */
static Value *counted(Composition *c, const Run *run, int which, Value *mask)
{
    Value *x = run->in[place_of(run, which)];
    return mask ? keep(c, mask, x, NULL) : x;
}

static Value *where_counted(Composition *c, const Run *run, Value *y)
{
    return run->in[QUERY]->mask ? keep(c, run->in[QUERY]->mask, y, NULL) : y;
}

static Attend attend_as_said(const Run *run)
{
    return (Attend){ .heads = 1, .factor = 1, .rate = layer_number(run->layer, "dropout", 0),
                     .place = (uint64_t)run->index,
                     .causal = layer_flag(run->layer, "use_causal_mask") || layer_flag(run->layer, "causal") };
}

/* Without projections. The key counts where the value does. */
static Value *attend_plainly(Composition *c, const Run *run, Attend attend_by)
{
    Value *mask = mask_of(run, VALUE), *query = counted(c, run, QUERY, run->in[QUERY]->mask);
    Value *value = run->in_count > 1 ? counted(c, run, VALUE, mask) : query;
    Value *key = run->in_count > KEY ? counted(c, run, KEY, mask) : value;
    return where_counted(c, run, attend(c, query, key, value, (Value *[]){ mask, NULL }, attend_by));
}

static const char *set_up_attention(Interpreter *it, Run *run)
{
    Composition c = composition_begin(it, run);
    Attend attend_by = attend_as_said(run);
    attend_by.how = !strcmp(layer_text(run->layer, "score_mode"), "concat") ? ATTEND_TANH : ATTEND_DOT;
    attend_by.gain = weight_all(&c, "scale");
    attend_by.share = weight_all(&c, "concat_score_weight");
    return composition_end(&c, attend_plainly(&c, run, attend_by));
}

static const char *set_up_additive(Interpreter *it, Run *run)
{
    Composition c = composition_begin(it, run);
    Attend attend_by = attend_as_said(run);
    attend_by.how = ATTEND_TANH;
    attend_by.share = weight_all(&c, "scale");
    return composition_end(&c, attend_plainly(&c, run, attend_by));
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
    Value *names = mask_of(run, KEY), *query = counted(&c, run, QUERY, run->in[QUERY]->mask);
    Value *value = counted(&c, run, VALUE, mask_of(run, VALUE)), *key = counted(&c, run, KEY, names);
    query = project(&c, query, "query/kernel", "query/bias", heads * width);
    key = project(&c, key, "key/kernel", "key/bias", heads * width);
    value = project(&c, value, "value/kernel", "value/bias", heads * (value_width ? value_width : width));
    Value *const masks[] = { mask_of(run, VALUE), run->in_count > KEY ? names : NULL };
    Value *gathered = where_counted(&c, run, attend(&c, query, key, value, masks, attend_by));
    return composition_end(&c, project(&c, gathered, "attention_output/kernel", "attention_output/bias",
                                       layer->output.extent[1]));
}

#define ATTENTION_KIND(NAME, SET_UP) \
    { .name = NAME, .set_up = SET_UP, .forward = composed_forward, .backward = composed_backward, .many = true }
const LayerKind kind_attention = ATTENTION_KIND("Attention", set_up_attention);
const LayerKind kind_additive_attention = ATTENTION_KIND("AdditiveAttention", set_up_additive);
const LayerKind kind_multi_head_attention = ATTENTION_KIND("MultiHeadAttention", set_up_heads);
