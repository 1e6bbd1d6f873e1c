/* loss_margin.c: losses of scores that are to lie beyond a margin on their own side. */
#include "loss_rows.h"

/* Labels of 0 and 1 stand for -1 and 1. */
static REAL side_of(REAL label)
{
    return label == 0 ? -1 : label;
}

/* By how much p is not a whole 1 on the side of y; 0 if it is. */
static REAL missing(const LossRow *r, size_t i)
{
    REAL margin = 1 - side_of(r->target[i]) * r->prediction[i];
    note_kink(r->it, margin);
    return margin > 0 ? margin : 0;
}

static double hinge(const LossRow *r)
{
    double sum = 0;
    for (size_t i = 0; i < r->width; i++) {
        REAL short_by = missing(r, i);
        sum += (double)short_by;
        r->gradient[i] = short_by > 0 ? -side_of(r->target[i]) / (REAL)r->width : 0;
    }
    return sum / (double)r->width;
}

static double squared_hinge(const LossRow *r)
{
    double sum = 0;
    for (size_t i = 0; i < r->width; i++) {
        REAL short_by = missing(r, i);
        sum += (double)short_by * short_by;
        r->gradient[i] = -2 * short_by * side_of(r->target[i]) / (REAL)r->width;
    }
    return sum / (double)r->width;
}

/* max(max of (1 - y) p - sum of y p + 1, 0) */
static double categorical_hinge(const LossRow *r)
{
    size_t best = 0;
    REAL own = 0, other = (1 - r->target[0]) * r->prediction[0];
    for (size_t i = 0; i < r->width; i++) {
        REAL score = (1 - r->target[i]) * r->prediction[i];
        own += r->target[i] * r->prediction[i];
        if (score > other) {
            other = score;
            best = i;
        }
    }
    for (size_t i = 0; i < r->width; i++)
        if (i != best)
            note_kink(r->it, other - (1 - r->target[i]) * r->prediction[i]);
    REAL margin = other - own + 1;
    note_kink(r->it, margin);
    for (size_t i = 0; i < r->width; i++)
        r->gradient[i] = margin > 0 ? (i == best ? 1 - r->target[i] : 0) - r->target[i] : 0;
    return margin > 0 ? (double)margin : 0;
}

const LossKind margin_losses[] = {
    { .name = "hinge", .value = hinge, .logits_value = hinge },
    { .name = "squared_hinge", .value = squared_hinge, .logits_value = squared_hinge },
    { .name = "categorical_hinge", .value = categorical_hinge, .logits_value = categorical_hinge },
    { .name = NULL },
};
