/* word_normalise.c: y = gamma (x - m) r + beta with r = 1 / sqrt(v + epsilon).
 *
 * A set is what shares its moments: the numbers of one position, or a feature in the whole batch, inside of
 * TimeDistributed at each step for itself. Its mean and variance
 * are sums over those that a mask keeps, divided by N: how many these are, 1 where none is (Keras adds 1e-7). Backward,
 * with e = d_y gamma:
 *
 *     d_v = -1/2 r^3 sum e (x - m)      d_m = -r sum e - 2 d_v sum_kept (x - m) / N
 *     d_x = e r + (kept) (d_m + 2 d_v (x - m)) / N                                                            */
#include "words.h"

enum { OF_POSITION, OF_BATCH, GIVEN, MOVING };

/* Number j of set s: where in x, and which feature it is. Of a batch the sets of the first step come first. */
typedef struct Sets {
    size_t count, size, features;
    size_t steps, positions;                /* of one sample in TimeDistributed; of one step */
    int how;
} Sets;

static Sets sets_of(const Interpreter *it, const Node *node)
{
    size_t features = node->kernel.columns, numbers = (size_t)it->rows * node->out->count;
    int how = node->how != MOVING ? node->how : it->seed ? OF_BATCH : GIVEN;
    size_t steps = how == OF_BATCH ? (size_t)it->fold : 1, positions = node->out->count / features;
    return how == OF_POSITION ? (Sets){ numbers / features, features, features, 1, positions, how }
                              : (Sets){ features * steps, numbers / features / steps, features, steps, positions, how };
}

static size_t place(const Sets *sets, size_t set, size_t j)
{
    if (sets->how == OF_POSITION)
        return set * sets->features + j;
    size_t step = set / sets->features, sample = j / sets->positions, position = j % sets->positions;
    return ((sample * sets->steps + step) * sets->positions + position) * sets->features + set % sets->features;
}

static size_t feature(const Sets *sets, size_t set, size_t j)
{
    return sets->how == OF_POSITION ? j : set % sets->features;
}

/* A step may have several positions, as those of an image. */
static bool is_kept(const Node *node, size_t j)
{
    size_t positions = node->out->count / node->kernel.columns;
    return node->in_count < 2 || values_of(node->in[1])[j / (positions / node->in[1]->count)] != 0;
}

typedef struct Moments {
    REAL mean, variance, scale, n;          /* scale: 1 / sqrt(variance + epsilon) */
} Moments;

static Moments moments_of(const Interpreter *it, const Node *node, const Sets *sets, size_t set)
{
    const REAL *x = values_of(node->in[0]);
    double epsilon = node->number;
    if (sets->how == GIVEN) {
        REAL variance = weight_at(it, node->variance)[set];
        return (Moments){ weight_at(it, node->mean)[set], variance, (REAL)(1 / sqrt((double)variance + epsilon)), 1 };
    }
    double sum = 0, squares = 0, n = 0;
    for (size_t j = 0; j < sets->size; j++)
        if (is_kept(node, j))
            sum += (double)x[place(sets, set, j)], n += 1;
    n = n > 1 ? n : 1;
    for (size_t j = 0; j < sets->size; j++) {
        double away = is_kept(node, j) ? (double)x[place(sets, set, j)] - sum / n : 0;
        squares += away * away;
    }
    return (Moments){ (REAL)(sum / n), (REAL)(squares / n), (REAL)(1 / sqrt(squares / n + epsilon)), (REAL)n };
}

static void normalise_forward(Interpreter *it, const Run *run, Node *node)
{
    (void)run;
    Sets sets = sets_of(it, node);
    const REAL *x = values_of(node->in[0]), *gamma = weight_at(it, node->kernel), *beta = weight_at(it, node->bias);
    REAL *y = values_of(node->out);
    for (size_t set = 0; set < sets.count; set++) {
        Moments m = moments_of(it, node, &sets, set);
        for (size_t j = 0; j < sets.size; j++) {
            size_t i = place(&sets, set, j), f = feature(&sets, set, j);
            y[i] = (gamma ? gamma[f] : 1) * ((x[i] - m.mean) * m.scale) + (beta ? beta[f] : 0);
        }
    }
}

static void add_weight_gradients(Interpreter *it, const Run *run, Node *node, const Sets *sets, size_t set, Moments m)
{
    const REAL *x = values_of(node->in[0]), *d_y = adjoint_of(node->out);
    REAL *d_gamma = gradient_at(it, run, node->kernel), *d_beta = gradient_at(it, run, node->bias);
    for (size_t j = 0; j < sets->size; j++) {
        size_t i = place(sets, set, j), f = feature(sets, set, j);
        if (d_gamma)
            d_gamma[f] += d_y[i] * (x[i] - m.mean) * m.scale;
        if (d_beta)
            d_beta[f] += d_y[i];
    }
}

static void normalise_backward(Interpreter *it, const Run *run, Node *node)
{
    Sets sets = sets_of(it, node);
    const REAL *x = values_of(node->in[0]), *gamma = weight_at(it, node->kernel), *d_y = adjoint_of(node->out);
    REAL *d_x = adjoint_of(node->in[0]);
    for (size_t set = 0; set < sets.count; set++) {
        Moments m = moments_of(it, node, &sets, set);
        add_weight_gradients(it, run, node, &sets, set, m);
        REAL sum = 0, mixed = 0, rest = 0;
        for (size_t j = 0; j < sets.size && sets.how != GIVEN; j++) {
            size_t i = place(&sets, set, j);
            REAL e = d_y[i] * (gamma ? gamma[feature(&sets, set, j)] : 1), away = x[i] - m.mean;
            sum += e;
            mixed += e * away;
            rest += is_kept(node, j) ? away : 0;
        }
        REAL d_v = -m.scale * m.scale * m.scale * mixed / 2, d_m = -m.scale * sum - 2 * d_v * rest / m.n;
        for (size_t j = 0; d_x && j < sets.size; j++) {
            size_t i = place(&sets, set, j);
            bool counts = sets.how != GIVEN && is_kept(node, j);
            d_x[i] += d_y[i] * (gamma ? gamma[feature(&sets, set, j)] : 1) * m.scale +
                      (counts ? (d_m + 2 * d_v * (x[i] - m.mean)) / m.n : 0);
        }
    }
}

static void update_moving(Interpreter *it, Node *node, REAL *weights)
{
    Sets sets = sets_of(it, node);
    double momentum = node->offset;
    for (size_t set = 0; sets.how == OF_BATCH && set < sets.count; set++) {
        Moments m = moments_of(it, node, &sets, set);
        double n = (double)m.n, kept = node->unbiased && n > 1 ? n / (n - 1) * (double)m.variance : (double)m.variance;
        REAL *mean = weights + node->mean.tensor->offset + set % sets.features;
        REAL *variance = weights + node->variance.tensor->offset + set % sets.features;
        *mean = (REAL)(momentum * (double)*mean + (1 - momentum) * (double)m.mean);
        *variance = (REAL)(momentum * (double)*variance + (1 - momentum) * kept);
    }
}

static const Word word_normalise = { "normalise", normalise_forward, normalise_backward };

static Node *normalise(Composition *c, Value *x, Value *mask, int how, Weight gamma, Weight beta, double epsilon)
{
    if (!x || c->wrong || x->shape.rank < 1) {
        composition_refuse(c, "a value is missing");
        return NULL;
    }
    size_t features = (size_t)x->shape.extent[x->shape.rank - 1];
    if ((gamma.tensor && gamma.columns != features) || (beta.tensor && beta.columns != features) ||
        (mask && x->count / features % mask->count)) {
        composition_refuse(c, "gamma and beta must be (features), and a mask one number for each step");
        return NULL;
    }
    Node *node = new_node(c, &word_normalise, (Value *[]){ x, mask }, mask ? 2 : 1, x->shape);
    if (!node)
        return NULL;
    node->how = how;
    node->kernel = gamma;
    node->kernel.columns = features;        /* with or without gamma */
    node->bias = beta;
    node->number = epsilon;
    return node;
}

Value *normalise_layer(Composition *c, Value *x, Weight gamma, Weight beta, double epsilon)
{
    Node *node = normalise(c, x, NULL, OF_POSITION, gamma, beta, epsilon);
    return node ? node->out : NULL;
}

Value *normalise_batch(Composition *c, Value *x, Value *mask, Weight gamma, Weight beta, double epsilon)
{
    Node *node = normalise(c, x, mask, OF_BATCH, gamma, beta, epsilon);
    return node ? node->out : NULL;
}

static Value *with_moments(Composition *c, Node *node, Weight mean, Weight variance)
{
    if (!node)
        return NULL;
    node->mean = mean;
    node->variance = variance;
    return mean.tensor && variance.tensor && mean.columns == node->kernel.columns &&
           variance.columns == node->kernel.columns ? node->out
                                                    : composition_refuse(c, "moments must be (features)");
}

Value *normalise_by(Composition *c, Value *x, Weight mean, Weight variance, Weight gamma, Weight beta, double epsilon)
{
    return with_moments(c, normalise(c, x, NULL, GIVEN, gamma, beta, epsilon), mean, variance);
}

Value *normalise_moving(Composition *c, Value *x, Value *mask, Moving moving, Weight gamma, Weight beta,
                        double epsilon)
{
    Node *node = normalise(c, x, mask, MOVING, gamma, beta, epsilon);
    if (node) {
        node->offset = moving.momentum;
        node->unbiased = moving.unbiased;
        node->update = update_moving;
    }
    return with_moments(c, node, moving.mean, moving.variance);
}
