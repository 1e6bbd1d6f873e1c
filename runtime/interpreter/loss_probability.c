/* loss_probability.c: losses of probabilities, and of what sigmoid and softmax make probabilities of. Probabilities are
 * clipped to [1e-7, 1 - 1e-7], as floats, with no gradient outside. */
#include "loss_rows.h"

/* 1 less Keras's epsilon as a float: what Keras clips at, and generated code. */
#define PROBABILITY_HIGHEST ((REAL)(1 - 0x1p-23))

/* p clipped to [1e-7, highest]; *slope is 0 where that took hold. */
static REAL clipped(Interpreter *it, REAL p, REAL highest, REAL *slope)
{
    note_kink(it, p - LOSS_EPSILON);
    note_kink(it, p - highest);
    *slope = p > LOSS_EPSILON && p < highest;
    return p < LOSS_EPSILON ? LOSS_EPSILON : p > highest ? highest : p;
}

static double binary(const LossRow *r)
{
    double sum = 0;
    for (size_t i = 0; i < r->width; i++) {
        REAL slope, q = clipped(r->it, r->prediction[i], PROBABILITY_HIGHEST, &slope), t = r->target[i];
        sum -= (double)(t * log(q) + (1 - t) * log(1 - q));
        r->gradient[i] = slope * ((1 - t) / (1 - q) - t / q) / (REAL)r->width;
    }
    return sum / (double)r->width;
}

/* softplus(z) - z y, and its derivative sigmoid(z) - y. Where z is right about y both are small, and added up from what
 * is small. */
static REAL entropy_of_logit(REAL z, REAL y, REAL *derivative)
{
    REAL e = exp(-fabs(z)), side = z > 0, tail = e / (1 + e);
    *derivative = (side - y) + (z > 0 ? -tail : tail);
    return log1p(e) + (side - y) * z;
}

static double binary_of_logits(const LossRow *r)
{
    double sum = 0;
    for (size_t i = 0; i < r->width; i++) {
        REAL derivative;
        sum += (double)entropy_of_logit(r->prediction[i], r->target[i], &derivative);
        r->gradient[i] = derivative / (REAL)r->width;
    }
    return sum / (double)r->width;
}

/* u^gamma and its derivative. Where gamma is not whole there is no power of what is not positive: 1e-30 stands in its
 * place. */
static REAL focus(const LossRow *r, REAL u, REAL *derivative)
{
    REAL gamma = (REAL)r->options->gamma, least = (REAL)1e-30;
    bool whole = r->options->gamma <= 8 && r->options->gamma == floor(r->options->gamma);
    if (!whole && !(u > least)) {
        *derivative = 0;
        return pow(least, gamma);
    }
    *derivative = gamma == 0 ? 0 : gamma * pow(u, gamma - 1);
    return pow(u, gamma);
}

static REAL balance(const LossRow *r, REAL y)
{
    REAL alpha = (REAL)r->options->alpha;
    return r->options->apply_class_balancing ? y * alpha + (1 - y) * (1 - alpha) : 1;
}

/* The cross-entropy times (1 - probability of the truth)^gamma. */
static double binary_focal(const LossRow *r)
{
    double sum = 0;
    for (size_t i = 0; i < r->width; i++) {
        REAL slope, d_focus, p = r->prediction[i], y = r->target[i], weight = balance(r, y);
        REAL q = clipped(r->it, p, PROBABILITY_HIGHEST, &slope), entropy = -(y * log(q) + (1 - y) * log(1 - q));
        REAL power = focus(r, y * (1 - p) + (1 - y) * p, &d_focus);
        REAL d_entropy = slope * ((1 - y) / (1 - q) - y / q);
        sum += (double)(weight * power * entropy);
        r->gradient[i] = weight * (power * d_entropy + d_focus * (1 - 2 * y) * entropy) / (REAL)r->width;
    }
    return sum / (double)r->width;
}

static double binary_focal_of_logits(const LossRow *r)
{
    double sum = 0;
    for (size_t i = 0; i < r->width; i++) {
        REAL d_entropy, d_focus, z = r->prediction[i], y = r->target[i], weight = balance(r, y);
        REAL entropy = entropy_of_logit(z, y, &d_entropy), p = 1 / (1 + exp(-z)), not_p = 1 / (1 + exp(z));
        REAL power = focus(r, y * not_p + (1 - y) * p, &d_focus);
        sum += (double)(weight * power * entropy);
        r->gradient[i] = weight * (power * d_entropy + d_focus * (1 - 2 * y) * p * not_p * entropy) / (REAL)r->width;
    }
    return sum / (double)r->width;
}

/* What stands in a row becomes the derivative by p, where it was that by q = p / sum p. */
static void through_shares(const LossRow *r, REAL total)
{
    REAL mixed = 0;
    for (size_t i = 0; i < r->width; i++)
        mixed += r->gradient[i] * (r->prediction[i] / total);
    for (size_t i = 0; i < r->width; i++)
        r->gradient[i] = (r->gradient[i] - mixed) / total;
}

static REAL total_of(const LossRow *r)
{
    REAL total = 0;
    for (size_t i = 0; i < r->width; i++)
        total += r->prediction[i];
    return total;
}

/* - sum y ln q, where q = p / sum p, clipped. */
static double categorical(const LossRow *r)
{
    REAL total = total_of(r), slope;
    double sum = 0;
    for (size_t i = 0; i < r->width; i++) {
        REAL q = clipped(r->it, r->prediction[i] / total, PROBABILITY_HIGHEST, &slope), y = r->target[i];
        sum -= (double)(y * log(q));
        r->gradient[i] = -slope * y / q;
    }
    through_shares(r, total);
    return sum;
}

/* - alpha sum (1 - q)^gamma y ln q */
static double categorical_focal(const LossRow *r)
{
    REAL total = total_of(r), slope, d_focus;
    double sum = 0;
    for (size_t i = 0; i < r->width; i++) {
        REAL q = clipped(r->it, r->prediction[i] / total, PROBABILITY_HIGHEST, &slope);
        REAL power = focus(r, 1 - q, &d_focus), weight = (REAL)r->options->alpha * r->target[i];
        sum -= (double)(weight * power * log(q));
        r->gradient[i] = slope * weight * (d_focus * log(q) - power / q);
    }
    through_shares(r, total);
    return sum;
}

/* exp(z - largest z) into the gradients; returns their sum. */
static REAL exponentials(const LossRow *r, REAL *most)
{
    REAL total = 0;
    *most = r->prediction[0];
    for (size_t i = 1; i < r->width; i++)
        *most = r->prediction[i] > *most ? r->prediction[i] : *most;
    for (size_t i = 0; i < r->width; i++)
        total += r->gradient[i] = exp(r->prediction[i] - *most);
    return total;
}

/* sum y (log sum exp z - z); its derivative is softmax(z) sum y - y. */
static double categorical_of_logits(const LossRow *r)
{
    REAL most, total = exponentials(r, &most), mass = 0;
    double sum = 0;
    for (size_t i = 0; i < r->width; i++)
        mass += r->target[i];
    for (size_t i = 0; i < r->width; i++) {
        sum += (double)r->target[i] * (double)(most - r->prediction[i] + log(total));
        r->gradient[i] = r->gradient[i] / total * mass - r->target[i];
    }
    return sum;
}

/* With l = log softmax(z): d / d l_i = t_i = - alpha y ((1 - q)^gamma - gamma (1 - q)^(gamma - 1) q l), and by z
 * t - q sum t. */
static double categorical_focal_of_logits(const LossRow *r)
{
    REAL most, total = exponentials(r, &most), log_total = log(total), mixed = 0, d_focus;
    double sum = 0;
    for (size_t i = 0; i < r->width; i++) {
        REAL l = r->prediction[i] - most - log_total, weight = (REAL)r->options->alpha * r->target[i];
        REAL power = focus(r, -expm1(l), &d_focus);
        sum -= (double)(weight * power * l);
        mixed += weight * (d_focus * exp(l) * l - power);
    }
    for (size_t i = 0; i < r->width; i++) {
        REAL l = r->prediction[i] - most - log_total, weight = (REAL)r->options->alpha * r->target[i];
        REAL power = focus(r, -expm1(l), &d_focus);
        r->gradient[i] = weight * (d_focus * exp(l) * l - power) - exp(l) * mixed;
    }
    return sum;
}

/* sum y ln(y / p) */
static double kl_divergence(const LossRow *r)
{
    double sum = 0;
    for (size_t i = 0; i < r->width; i++) {
        REAL slope, q = clipped(r->it, r->prediction[i], 1, &slope), y = r->target[i];
        y = y < LOSS_EPSILON ? LOSS_EPSILON : y > 1 ? 1 : y;
        sum += (double)(y * log(y / q));
        r->gradient[i] = -slope * y / q;
    }
    return sum;
}

const LossKind probability_losses[] = {
    { .name = "binary_crossentropy", .short_name = "bce", .undoes = "sigmoid",
      .value = binary, .logits_value = binary_of_logits },
    { .name = "binary_focal_crossentropy", .undoes = "sigmoid",
      .value = binary_focal, .logits_value = binary_focal_of_logits },
    { .name = "categorical_crossentropy", .short_name = "cce", .undoes = "softmax",
      .value = categorical, .logits_value = categorical_of_logits },
    { .name = "categorical_focal_crossentropy", .undoes = "softmax",
      .value = categorical_focal, .logits_value = categorical_focal_of_logits },
    { .name = "sparse_categorical_crossentropy", .short_name = "scce", .undoes = "softmax", .of_classes = true,
      .value = categorical, .logits_value = categorical_of_logits },
    { .name = "ctc", .undoes = "softmax", .of_classes = true, .of_sample = ctc_loss },
    { .name = "kl_divergence", .value = kl_divergence, .logits_value = kl_divergence },
    { .name = NULL },
};
