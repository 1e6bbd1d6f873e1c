/* word_noise.c: disturb and drop_alpha: noise by counter that is no plain dropout. */
#include "words.h"

#include "runtime/lstmc_random.h"
#include "runtime/lstmc_normal.h"

/* ---- disturb ---- */

static void disturb_forward(Interpreter *it, const Run *run, Node *node)
{
    (void)run;
    size_t count = node->out->count;
    for (size_t i = 0; i < (size_t)it->rows * count; i++) {
        REAL noise = lstmc_normal_noise((float)node->number, it->seed, node->place, sample_of_noise(it, i / count),
                                        element_of_noise(it, i / count, i % count, count));
        REAL x = values_of(node->in[0])[i];
        node->kept[i] = node->how == DISTURB_ADD ? 1 : 1 + noise;
        values_of(node->out)[i] = node->how == DISTURB_ADD ? x + noise : x * node->kept[i];
    }
}

/* node->kept: the slope of y over x. */
static void slope_backward(Interpreter *it, const Run *run, Node *node)
{
    (void)run;
    REAL *d_x = adjoint_of(node->in[0]);
    for (size_t i = 0; d_x && i < (size_t)it->rows * node->out->count; i++)
        d_x[i] += adjoint_of(node->out)[i] * node->kept[i];
}

static const Word word_disturb = { "disturb", disturb_forward, slope_backward };

/* ---- drop_alpha ---- */

static void drop_alpha_forward(Interpreter *it, const Run *run, Node *node)
{
    (void)run;
    const double saturation = -1.6732632423543772 * 1.0507009873554805, rate = node->number;
    const double factor = 1 / sqrt((1 - rate) * (1 + rate * saturation * saturation));
    const double offset = -factor * saturation * rate;
    size_t count = node->out->count;
    for (size_t i = 0; i < (size_t)it->rows * count; i++) {
        bool stays = lstmc_random_uniform(it->seed, node->place, sample_of_noise(it, i / count),
                                          element_of_noise(it, i / count, i % count, count)) >= (float)rate;
        REAL x = values_of(node->in[0])[i];
        node->kept[i] = !it->seed ? 1 : stays ? (REAL)factor : 0;
        values_of(node->out)[i] = !it->seed ? x : (REAL)(factor * (stays ? (double)x : saturation) + offset);
    }
}

static const Word word_drop_alpha = { "drop alpha", drop_alpha_forward, slope_backward };

static Value *with_noise(Composition *c, const Word *word, Value *x, double number, uint64_t place, int how)
{
    Node *node = x ? new_node(c, word, &x, 1, x->shape) : NULL;
    if (!node)
        return NULL;
    node->number = number;
    node->place = place;
    node->how = how;
    node->kept = interpreter_room(c->it, (size_t)c->it->rows_max * x->count, sizeof(REAL));
    return node->out;
}

Value *disturb(Composition *c, Value *x, enum Disturb how, double deviation, uint64_t place)
{
    return with_noise(c, &word_disturb, x, deviation, place, (int)how);
}

Value *drop_alpha(Composition *c, Value *x, double rate, uint64_t place)
{
    return with_noise(c, &word_drop_alpha, x, rate, place, 0);
}
