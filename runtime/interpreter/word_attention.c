/* word_attention.c: attend: each step of a sequence becomes the mean of all steps that it may look at, weighed by the
 * softmax of scores.  Vaswani et al. 2017; Luong, Pham & Manning 2015; Bahdanau, Cho & Bengio 2015.
 *
 * With query q, key k and value v at steps t and s, in each head:
 *     score(t, s) = factor gain sum_n q(t, n) k(s, n),  or  sum_n w(n) tanh(gain (q(t, n) + k(s, n)))
 *     p(t, s) = exp(score) / sum over s of exp(score),  y(t, n) = sum over s of p(t, s) noise(t, s) v(s, n) */
#include "words.h"

#include "runtime/lstmc_random.h"

enum { QUERY, KEY, VALUE, MASKS };

/* Where a head is at work: one sample, one head, one step that looks. */
typedef struct Look {
    size_t row, head, step;
    size_t seen;                            /* steps of key and value */
    size_t width, value_width;              /* of a head */
    size_t query, key, value;               /* first number of the step t, of step 0, of step 0 */
    REAL *weights, *noise;                  /* over s, kept from the way forward */
} Look;

static Look look_at(const Node *node, size_t row, size_t t, size_t head)
{
    size_t steps = (size_t)node->out->shape.extent[0], heads = (size_t)node->groups;
    size_t seen = (size_t)node->in[KEY]->shape.extent[0];
    Look look = { .row = row, .head = head, .step = t, .seen = seen,
                  .width = node->in[QUERY]->count / steps / heads,
                  .value_width = node->out->count / steps / heads };
    look.query = row * node->in[QUERY]->count + (t * heads + head) * look.width;
    look.key = row * node->in[KEY]->count + head * look.width;
    look.value = row * node->in[VALUE]->count + head * look.value_width;
    look.weights = node->kept + ((row * steps + t) * heads + head) * 2 * seen;
    look.noise = look.weights + seen;
    return look;
}

static bool sees(const Node *node, const Look *look, size_t s)
{
    for (int i = MASKS; i < node->in_count; i++)
        if (values_of(node->in[i])[look->row * look->seen + s] == 0)
            return false;
    return !node->causal || s <= look->step;
}

/* Of step s, counted from the first number of step 0. */
static size_t key_of(const Node *node, const Look *look, size_t s)
{
    return look->key + s * (size_t)node->groups * look->width;
}

static size_t value_of(const Node *node, const Look *look, size_t s)
{
    return look->value + s * (size_t)node->groups * look->value_width;
}

static REAL gain_of(const Interpreter *it, const Node *node)
{
    const REAL *gain = weight_at(it, node->kernel);
    return gain ? *gain : 1;
}

/* What the tanh of feature n counts: a number for each feature, one for all, or 1. */
static REAL share_of(const Interpreter *it, const Node *node, size_t n)
{
    const REAL *share = weight_at(it, node->bias);
    return !share ? 1 : share[node->bias.columns > 1 ? n : 0];
}

static REAL bent(Interpreter *it, REAL argument)
{
    return perturbed_value(it, (REAL)tanh((double)argument), 0);
}

static REAL score_of(Interpreter *it, const Node *node, const Look *look, size_t s)
{
    const REAL *q = values_of(node->in[QUERY]) + look->query, *k = values_of(node->in[KEY]) + key_of(node, look, s);
    REAL gain = gain_of(it, node), sum = 0;
    for (size_t n = 0; n < look->width; n++)
        sum += node->how == ATTEND_DOT ? (REAL)node->number * gain * q[n] * k[n]
                                       : share_of(it, node, n) * bent(it, gain * (q[n] + k[n]));
    return sum;
}

/* The weights of a step: zeros where it does not see, and where it sees nothing at all. */
static void weigh(Interpreter *it, const Node *node, const Look *look)
{
    REAL most = -INFINITY, total = 0;
    for (size_t s = 0; s < look->seen; s++) {
        look->weights[s] = sees(node, look, s) ? score_of(it, node, look, s) : -INFINITY;
        most = look->weights[s] > most ? look->weights[s] : most;
    }
    for (size_t s = 0; s < look->seen; s++) {
        look->weights[s] = sees(node, look, s) ? (REAL)exp((double)(look->weights[s] - most)) : 0;
        total += look->weights[s];
    }
    for (size_t s = 0; s < look->seen && total > 0; s++)
        look->weights[s] = perturbed_value(it, look->weights[s] / total, 0);
}

static void attend_forward(Interpreter *it, const Run *run, Node *node)
{
    (void)run;
    size_t steps = (size_t)node->out->shape.extent[0], heads = (size_t)node->groups;
    size_t each = node->out->count / steps / heads;
    REAL *y = values_of(node->out);
    for (size_t i = 0; i < (size_t)it->rows * steps * heads; i++) {
        Look look = look_at(node, i / heads / steps, i / heads % steps, i % heads);
        weigh(it, node, &look);
        memset(y + i * each, 0, each * sizeof *y);
        for (size_t s = 0; s < look.seen; s++) {
            size_t element = (look.step * heads + look.head) * look.seen + s;
            look.noise[s] = node->offset > 0
                ? lstmc_dropout_noise((float)node->offset, it->seed, node->place, sample_of_noise(it, look.row),
                                      element_of_noise(it, look.row, element, heads * steps * look.seen)) : 1;
            for (size_t n = 0; n < each; n++)
                y[i * each + n] += look.weights[s] * look.noise[s] *
                                   values_of(node->in[VALUE])[value_of(node, &look, s) + n];
        }
    }
}

/* From the adjoint of one score to those of what it is made of. */
static void pull_score(Interpreter *it, const Run *run, const Node *node, const Look *look, size_t s,
                       REAL d_score)
{
    const REAL *q = values_of(node->in[QUERY]) + look->query, *k = values_of(node->in[KEY]) + key_of(node, look, s);
    REAL *d_q = adjoint_of(node->in[QUERY]), *d_k = adjoint_of(node->in[KEY]), gain = gain_of(it, node);
    REAL *d_gain = gradient_at(it, run, node->kernel), *d_share = gradient_at(it, run, node->bias);
    for (size_t n = 0; n < look->width; n++) {
        REAL together = node->how == ATTEND_DOT ? (REAL)node->number * q[n] * k[n] : q[n] + k[n], slope = d_score;
        if (node->how == ATTEND_TANH) {
            REAL value = bent(it, gain * together);
            slope *= share_of(it, node, n) * perturbed_value(it, 1 - value * value, FUNCTION_ERROR_ABSOLUTE);
            if (d_share)
                d_share[node->bias.columns > 1 ? n : 0] += d_score * value;
        }
        if (d_gain)
            *d_gain += slope * together;
        if (d_q)
            d_q[look->query + n] += slope * gain * (node->how == ATTEND_DOT ? (REAL)node->number * k[n] : 1);
        if (d_k)
            d_k[key_of(node, look, s) + n] += slope * gain * (node->how == ATTEND_DOT ? (REAL)node->number * q[n] : 1);
    }
}

/* d_weight(s) = noise d_y v(s); of the softmax: d_score(s) = p(s) (d_weight(s) - sum of p d_weight). */
static void attend_backward(Interpreter *it, const Run *run, Node *node)
{
    size_t steps = (size_t)node->out->shape.extent[0], heads = (size_t)node->groups;
    size_t each = node->out->count / steps / heads;
    const REAL *d_y = adjoint_of(node->out), *v = values_of(node->in[VALUE]);
    REAL *d_v = adjoint_of(node->in[VALUE]);
    for (size_t i = 0; i < (size_t)it->rows * steps * heads; i++) {
        Look look = look_at(node, i / heads / steps, i / heads % steps, i % heads);
        REAL mean = 0;
        for (int turn = 0; turn < 2; turn++)
            for (size_t s = 0; s < look.seen; s++) {
                size_t at = value_of(node, &look, s);
                REAL d_weight = 0;
                for (size_t n = 0; n < each; n++)
                    d_weight += look.noise[s] * d_y[i * each + n] * v[at + n];
                if (turn == 0)
                    mean += look.weights[s] * d_weight;
                else if (look.weights[s] != 0)
                    pull_score(it, run, node, &look, s, look.weights[s] * (d_weight - mean));
                for (size_t n = 0; n < each && turn == 0 && d_v; n++)
                    d_v[at + n] += look.weights[s] * look.noise[s] * d_y[i * each + n];
            }
    }
}

static const Word word_attend = { "attend", attend_forward, attend_backward };

Value *attend(Composition *c, Value *query, Value *key, Value *value, Value *const masks[2], Attend attend_by)
{
    if (!query || !key || !value || c->wrong)
        return composition_refuse(c, "a value is missing");
    int heads = attend_by.heads, steps = query->shape.extent[0], seen = key->shape.extent[0], count = MASKS;
    Value *in[MASKS + 2] = { query, key, value };
    if (query->shape.rank != 2 || key->shape.rank != 2 || query->shape.extent[1] != key->shape.extent[1] ||
        value->shape.rank != 2 || value->shape.extent[0] != seen || query->shape.extent[1] % heads ||
        value->shape.extent[1] % heads)
        return composition_refuse(c, "query, key and value are sequences that do not go together");
    for (int i = 0; i < 2; i++)
        if (masks[i])
            in[count++] = masks[i];
    Shape shape = value->shape;
    shape.extent[0] = steps;
    Node *node = new_node(c, &word_attend, in, count, shape);
    if (!node)
        return NULL;
    node->how = attend_by.how;
    node->groups = heads;
    node->causal = attend_by.causal;
    node->number = attend_by.factor;
    node->offset = attend_by.rate;
    node->place = attend_by.place;
    node->kernel = attend_by.gain;
    node->bias = attend_by.share;
    node->kept = interpreter_room(c->it, (size_t)c->it->rows_max * (size_t)steps * (size_t)heads * 2 * (size_t)seen,
                                  sizeof(REAL));
    return node->out;
}
