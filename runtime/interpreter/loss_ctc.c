/* loss_ctc.c: connectionist temporal classification, by forward and backward variables: Graves, Fernandez, Gomez &
 * Schmidhuber 2006, equations 5 to 16; all of them as logarithms, in double. */
#include "loss_rows.h"

#define SMALLEST 1e-37              /* shares below have the logarithm of this one */

/* log(exp a + exp b) */
static double log_add(double a, double b)
{
    double most = a > b ? a : b, least = a > b ? b : a;
    return most == (double)-INFINITY ? most : most + log1p(exp(least - most));
}

typedef struct Paths {
    const LossSample *of;
    int32_t blank;
    size_t places;              /* of the labels with a blank around each: 2 labels + 1 */
    size_t steps;               /* that count */
    double *log_y;              /* [steps][width] */
    double *alpha, *beta;       /* [steps][places] */
    double *by_class;           /* [width] */
} Paths;

size_t ctc_room(size_t steps, size_t width, size_t labels)
{
    return steps * width + 2 * steps * (2 * labels + 1) + width;
}

static int32_t class_of(const LossSample *s, size_t label)
{
    int32_t class_of_label = s->labels[label];
    return class_of_label >= 0 && (size_t)class_of_label < s->width ? class_of_label : 0;
}

/* l' of the paper. */
static int32_t class_at(const Paths *p, size_t place)
{
    return place % 2 ? class_of(p->of, place / 2) : p->blank;
}

static double log_y_at(const Paths *p, size_t step, size_t place)
{
    return p->log_y[step * p->of->width + (size_t)class_at(p, place)];
}

/* Whether a path can go from the place before the last one to this one: past a blank between labels that differ. */
static bool skips_to(const Paths *p, size_t place)
{
    return place >= 2 && place % 2 && class_at(p, place) != class_at(p, place - 2);
}

static bool counts(const LossSample *s, size_t step)
{
    return !s->mask || s->mask[step] != 0;
}

/* A logit; of a share its logarithm, whose softmax it is. */
static double logit_of(const LossSample *s, REAL prediction)
{
    return !s->is_shares ? (double)prediction : log((double)prediction > SMALLEST ? (double)prediction : SMALLEST);
}

static void set_log_y(Paths *p)
{
    const LossSample *s = p->of;
    for (size_t t = 0; t < s->steps; t++) {
        const REAL *z = s->prediction + t * s->width;
        if (!counts(s, t))
            continue;
        double most = logit_of(s, z[0]), sum = 0;
        for (size_t k = 1; k < s->width; k++)
            most = logit_of(s, z[k]) > most ? logit_of(s, z[k]) : most;
        for (size_t k = 0; k < s->width; k++)
            sum += exp(logit_of(s, z[k]) - most);
        for (size_t k = 0; k < s->width; k++)
            p->log_y[p->steps * s->width + k] = logit_of(s, z[k]) - most - log(sum);
        p->steps++;
    }
}

/* alpha: of the ways to the place at that step; beta: of those from there to an end; the step itself is in both. */
static void set_alpha(Paths *p)
{
    for (size_t t = 0; t < p->steps; t++)
        for (size_t s = 0; s < p->places; s++) {
            const double *before = t ? p->alpha + (t - 1) * p->places : NULL;
            double sum = before ? before[s] : s < 2 ? 0 : (double)-INFINITY;
            if (before && s > 0)
                sum = log_add(sum, before[s - 1]);
            if (before && skips_to(p, s))
                sum = log_add(sum, before[s - 2]);
            p->alpha[t * p->places + s] = sum + log_y_at(p, t, s);
        }
}

static void set_beta(Paths *p)
{
    for (size_t t = p->steps; t-- > 0;)
        for (size_t s = 0; s < p->places; s++) {
            const double *after = t + 1 < p->steps ? p->beta + (t + 1) * p->places : NULL;
            double sum = after ? after[s] : s + 2 >= p->places ? 0 : (double)-INFINITY;
            if (after && s + 1 < p->places)
                sum = log_add(sum, after[s + 1]);
            if (after && s + 2 < p->places && skips_to(p, s + 2))
                sum = log_add(sum, after[s + 2]);
            p->beta[t * p->places + s] = sum + log_y_at(p, t, s);
        }
}

static double log_probability(const Paths *p)
{
    if (!p->steps)
        return 0;
    const double *last = p->alpha + (p->steps - 1) * p->places;
    return p->places > 1 ? log_add(last[p->places - 1], last[p->places - 2]) : last[0];
}

/* Equation 16: y - (sum of alpha beta over the places of that class) / (p y). */
static void set_gradient(Paths *p, double log_p)
{
    const LossSample *s = p->of;
    for (size_t at = 0, t = 0; t < s->steps; t++) {
        if (!counts(s, t))
            continue;
        for (size_t k = 0; k < s->width; k++)
            p->by_class[k] = (double)-INFINITY;
        for (size_t u = 0; u < p->places; u++) {
            double *sum = &p->by_class[class_at(p, u)];
            *sum = log_add(*sum, p->alpha[at * p->places + u] + p->beta[at * p->places + u]);
        }
        for (size_t k = 0; k < s->width; k++) {
            double log_y = p->log_y[at * s->width + k];
            double share = (double)s->prediction[t * s->width + k];
            double d_logit = exp(log_y) - exp(p->by_class[k] - log_y - log_p);
            s->gradient[t * s->width + k] =
                (REAL)(s->is_shares ? d_logit / (share > SMALLEST ? share : SMALLEST) : d_logit);
        }
        at++;
    }
}

double ctc_loss(const LossSample *s)
{
    Paths p = { .of = s, .blank = s->blank };
    size_t labels = 0, needed = 0;
    while (labels < s->label_count && class_of(s, labels) != p.blank) {
        needed += 1 + (labels > 0 && class_of(s, labels) == class_of(s, labels - 1));
        labels++;
    }
    p.places = 2 * labels + 1;
    p.log_y = s->room;
    p.alpha = p.log_y + s->steps * s->width;
    p.beta = p.alpha + s->steps * p.places;
    p.by_class = p.beta + s->steps * p.places;
    set_log_y(&p);
    if (needed > p.steps)
        return 0;
    set_alpha(&p);
    set_beta(&p);
    double log_p = log_probability(&p);
    set_gradient(&p, log_p);
    return -log_p;
}
