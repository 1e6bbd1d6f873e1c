/* loss.c: the losses of Keras: the value of one row (the last axis) and its gradient by the prediction.
 *
 * A model that ends in the sigmoid (binary) or softmax (categorical) which the loss undoes has its loss on the
 * pre-activation, and the gradient goes there. Other probabilities are clipped to [1e-7, 1 - 1e-7], as floats, with no
 * gradient outside. */
#include "internal.h"

#include <tgmath.h>

/* Keras's backend epsilon, and 1 less that as a float: what Keras clips at, and generated code. */
#define PROBABILITY_LOWEST  ((REAL)1e-7)
#define PROBABILITY_HIGHEST ((REAL)(1 - 0x1p-23))

typedef double RowLoss(Interpreter *it, const Loss *of, const REAL *prediction, const REAL *target, size_t width,
                       REAL *gradient);

struct LossKind {
    const char *name, *short_name;
    const char *undoes;             /* the activation whose argument the loss can read */
    bool of_classes;
    RowLoss *value;                 /* of predictions: values, or probabilities */
    RowLoss *logits_value;
};

static double squared(Interpreter *it, const Loss *of, const REAL *p, const REAL *y, size_t width,
                      REAL *d)
{
    (void)of;
    (void)it;
    double sum = 0;
    for (size_t i = 0; i < width; i++) {
        REAL e = p[i] - y[i];
        sum += (double)e * e;
        d[i] = 2 * e / (REAL)width;
    }
    return sum / (double)width;
}

static double absolute(Interpreter *it, const Loss *of, const REAL *p, const REAL *y, size_t width,
                       REAL *d)
{
    (void)of;
    double sum = 0;
    for (size_t i = 0; i < width; i++) {
        REAL e = p[i] - y[i];
        note_kink(it, e);
        sum += fabs((double)e);
        d[i] = (REAL)((e > 0) - (e < 0)) / (REAL)width;
    }
    return sum / (double)width;
}

static double huber(Interpreter *it, const Loss *of, const REAL *p, const REAL *y, size_t width,
                    REAL *d)
{
    REAL delta = (REAL)of->delta;
    double sum = 0;
    for (size_t i = 0; i < width; i++) {
        REAL e = p[i] - y[i], size = fabs(e);
        note_kink(it, size - delta);
        sum += (double)(size <= delta ? e * e / 2 : delta * size - delta * delta / 2);
        d[i] = (size <= delta ? e : e > 0 ? delta : -delta) / (REAL)width;
    }
    return sum / (double)width;
}

/* p clipped into the open unit interval; *slope is 0 where that took hold. */
static REAL clipped(Interpreter *it, REAL p, REAL *slope)
{
    note_kink(it, p - PROBABILITY_LOWEST);
    note_kink(it, p - PROBABILITY_HIGHEST);
    *slope = p > PROBABILITY_LOWEST && p < PROBABILITY_HIGHEST;
    return p < PROBABILITY_LOWEST ? PROBABILITY_LOWEST : p > PROBABILITY_HIGHEST ? PROBABILITY_HIGHEST : p;
}

static double binary(Interpreter *it, const Loss *of, const REAL *p, const REAL *y, size_t width,
                     REAL *d)
{
    (void)of;
    double sum = 0;
    for (size_t i = 0; i < width; i++) {
        REAL slope, q = clipped(it, p[i], &slope), t = y[i];
        sum -= (double)(t * log(q) + (1 - t) * log(1 - q));
        d[i] = slope * ((1 - t) / (1 - q) - t / q) / (REAL)width;
    }
    return sum / (double)width;
}

/* softplus(z) - z y; its derivative is sigmoid(z) - y. Where z is right about y both are small, and added up from what
 * is small. */
static double binary_of_logits(Interpreter *it, const Loss *of, const REAL *z, const REAL *y, size_t width,
                               REAL *d)
{
    (void)of;
    (void)it;
    double sum = 0;
    for (size_t i = 0; i < width; i++) {
        REAL e = exp(-fabs(z[i])), side = z[i] > 0, tail = e / (1 + e);
        sum += (double)(log1p(e) + (side - y[i]) * z[i]);
        d[i] = ((side - y[i]) + (z[i] > 0 ? -tail : tail)) / (REAL)width;
    }
    return sum / (double)width;
}

/* - sum y ln q, where q = p / sum p, clipped. */
static double categorical(Interpreter *it, const Loss *of, const REAL *p, const REAL *y, size_t width,
                          REAL *d)
{
    (void)of;
    REAL total = 0, mixed = 0, slope;
    double sum = 0;
    for (size_t i = 0; i < width; i++)
        total += p[i];
    for (size_t i = 0; i < width; i++) {
        REAL share = p[i] / total, q = clipped(it, share, &slope), d_q = -slope * y[i] / q;
        sum -= (double)(y[i] * log(q));
        mixed += d_q * share;
        d[i] = d_q;
    }
    for (size_t i = 0; i < width; i++)      /* through the division by the sum */
        d[i] = (d[i] - mixed) / total;
    return sum;
}

/* sum y (log sum exp z - z); its derivative is softmax(z) sum y - y. */
static double categorical_of_logits(Interpreter *it, const Loss *of, const REAL *z, const REAL *y, size_t width,
                                    REAL *d)
{
    (void)of;
    (void)it;
    REAL most = z[0], total = 0, mass = 0;
    double sum = 0;
    for (size_t i = 1; i < width; i++)
        most = z[i] > most ? z[i] : most;
    for (size_t i = 0; i < width; i++) {
        total += d[i] = exp(z[i] - most);
        mass += y[i];
    }
    for (size_t i = 0; i < width; i++) {
        sum += (double)y[i] * (double)(most - z[i] + log(total));
        d[i] = d[i] / total * mass - y[i];
    }
    return sum;
}

static const LossKind losses[] = {
    { .name = "mean_squared_error", .short_name = "mse", .value = squared, .logits_value = squared },
    { .name = "mean_absolute_error", .short_name = "mae", .value = absolute, .logits_value = absolute },
    { .name = "huber", .short_name = "huber_loss", .value = huber, .logits_value = huber },
    { .name = "binary_crossentropy", .short_name = "bce", .undoes = "sigmoid",
      .value = binary, .logits_value = binary_of_logits },
    { .name = "categorical_crossentropy", .short_name = "cce", .undoes = "softmax",
      .value = categorical, .logits_value = categorical_of_logits },
    { .name = "sparse_categorical_crossentropy", .short_name = "scce", .undoes = "softmax", .of_classes = true,
      .value = categorical, .logits_value = categorical_of_logits },
};

static const char *set_up_own_loss(Interpreter *it, OutputLoss *loss, const Run *run)
{
    size_t rows = (size_t)it->rows_max, outputs = rows * run->out.count;
    if (!it->custom || !it->custom->loss)
        return "a loss of the description, and nobody to run it";
    loss->own_output = interpreter_room(it, outputs, sizeof(double));
    loss->own_d_output = interpreter_room(it, outputs, sizeof(double));
    loss->own_target = interpreter_room(it, rows * loss->target_count, sizeof(double));
    loss->own_sample_weight = interpreter_room(it, rows, sizeof(double));
    loss->own_mask = run->out.mask ? interpreter_room(it, rows * run->out.mask->count, sizeof(double)) : NULL;
    return NULL;
}

static const char *set_up_known_loss(Interpreter *it, OutputLoss *loss, const Run *run)
{
    for (size_t i = 0; i < sizeof losses / sizeof *losses; i++)
        if (!strcmp(losses[i].name, loss->of.name) || !strcmp(losses[i].short_name, loss->of.name))
            loss->kind = &losses[i];
    if (!loss->kind)
        return "the interpreter has no such loss";
    if (loss->kind->of_classes != loss->target_is_class)
        return "classes belong to the sparse loss, and to no other";
    if (run->layer->output.rank < 1)
        return "a loss needs an output with an axis";
    bool ends_in_activation = run->kind->activates || run->argument;
    const char *activation = layer_text(run->layer, "activation");
    loss->on_logits = loss->kind->undoes && !loss->of.from_logits && ends_in_activation && activation &&
                      !strcmp(activation, loss->kind->undoes);
    loss->target_row = interpreter_room(it, (size_t)run->layer->output.extent[run->layer->output.rank - 1],
                                        sizeof(REAL));
    return NULL;
}

/* The loss of output k, as far as the model has one. */
static OutputLoss loss_of(const Model *model, int k)
{
    const struct lstmc_model *descriptor = &model->descriptor;
    if (model->losses)
        return (OutputLoss){ .exists = true, .of = model->losses[k], .target_count = descriptor->targets[k].count,
                             .target_is_class = descriptor->targets[k].is_integer };
    return (OutputLoss){
        .exists = model->loss && k == model->output_count - 1, .target_count = descriptor->target_count,
        .target_is_class = descriptor->target_is_class,
        .of = { .name = model->loss, .is_custom = model->loss_is_custom, .from_logits = model->from_logits, .weight = 1,
                .delta = model->loss_delta, .label_smoothing = model->label_smoothing }
    };
}

const char *losses_set_up(Interpreter *it)
{
    it->losses = interpreter_room(it, (size_t)it->output_count, sizeof *it->losses);
    it->targets = interpreter_room(it, (size_t)it->output_count, sizeof *it->targets);
    const char *wrong = NULL;
    for (int k = 0; k < it->output_count && !it->no_memory && !wrong; k++) {
        OutputLoss *loss = &it->losses[k];
        *loss = loss_of(it->model, k);
        if (!loss->exists)
            continue;
        wrong = (loss->of.is_custom ? set_up_own_loss : set_up_known_loss)(it, loss, it->outputs[k]);
        if (it->model->losses)
            loss->target = interpreter_room(it, (size_t)it->rows_max * loss->target_count,
                                            loss->target_is_class ? sizeof(int32_t) : sizeof(REAL));
    }
    return wrong;
}

/* Row `row` of the target into target_row: classes as one-hot, labels smoothed towards the uniform distribution. */
static void read_target(const OutputLoss *loss, const void *target, size_t row, size_t width)
{
    if (loss->kind->of_classes) {
        int32_t class_of_row = ((const int32_t *)target)[row];
        for (size_t i = 0; i < width; i++)
            loss->target_row[i] = 0;
        loss->target_row[class_of_row >= 0 && (size_t)class_of_row < width ? class_of_row : 0] = 1;
        return;
    }
    double s = loss->kind->undoes ? loss->of.label_smoothing : 0;
    double choices = loss->kind->value == binary ? 2 : (double)width;
    for (size_t i = 0; i < width; i++) {
        REAL y = ((const REAL *)target)[row * width + i];
        loss->target_row[i] = s != 0 ? (REAL)((double)y * (1 - s) + s / choices) : y;
    }
}

/* A class that there is no output for counts as 0. */
static double own_target(const OutputLoss *loss, const void *target, size_t i, int classes)
{
    if (!loss->target_is_class)
        return ((const REAL *)target)[i];
    int32_t class_of_place = ((const int32_t *)target)[i];
    return class_of_place >= 0 && class_of_place < classes ? class_of_place : 0;
}

static REAL own_loss(Interpreter *it, int k, const void *target, const REAL *sample_weight, REAL scale)
{
    const Run *run = it->outputs[k];
    const OutputLoss *loss = &it->losses[k];
    const Shape *shape = &run->layer->output;
    size_t outputs = (size_t)it->rows * run->out.count, targets = (size_t)it->rows * loss->target_count;
    for (size_t i = 0; i < outputs; i++)
        loss->own_output[i] = run->out.y[i];
    for (size_t i = 0; i < targets; i++)
        loss->own_target[i] = own_target(loss, target, i, shape->extent[shape->rank - 1]);
    for (int row = 0; row < it->rows; row++)
        loss->own_sample_weight[row] = sample_weight ? (double)sample_weight[row] : 1;
    for (size_t i = 0; loss->own_mask && i < (size_t)it->rows * run->out.mask->count; i++)
        loss->own_mask[i] = run->out.mask->y[i];
    double value = it->custom->loss(it->custom->context, k, loss->own_output, loss->own_target,
                                    loss->own_sample_weight, loss->own_mask, it->rows, (double)scale,
                                    loss->own_d_output);
    for (size_t i = 0; i < outputs; i++)
        it->d_outputs[k][i] = (REAL)loss->own_d_output[i];
    return (REAL)value;
}

/* Of all steps in the batch, to those that count: the mean is over these. 0 where none counts. */
static double mask_factor(const Interpreter *it, const Value *mask)
{
    size_t steps = (size_t)it->rows * mask->count, valid = 0;
    for (size_t i = 0; i < steps; i++)
        valid += mask->y[i] != 0;
    return valid ? (double)steps / (double)valid : 0;
}

static REAL known_loss(Interpreter *it, int k, const void *target, const REAL *sample_weight, REAL scale)
{
    const Run *run = it->outputs[k];
    const OutputLoss *loss = &it->losses[k];
    const Shape *shape = &run->layer->output;
    size_t width = (size_t)shape->extent[shape->rank - 1], rows_of_sample = run->out.count / width;
    RowLoss *row_loss = loss->on_logits || loss->of.from_logits ? loss->kind->logits_value : loss->kind->value;
    const REAL *prediction = loss->on_logits ? run->z : run->out.y;
    REAL *gradient = it->d_outputs[k];
    const Value *mask = run->out.mask;
    double sum = 0, factor = mask ? mask_factor(it, mask) : 1;
    size_t places = mask ? rows_of_sample / mask->count : 1;        /* of one step */
    memset(gradient, 0, (size_t)it->rows * run->out.count * sizeof *gradient);
    for (size_t row = 0; row < (size_t)it->rows * rows_of_sample; row++) {
        double weight = factor * (sample_weight ? (double)sample_weight[row / rows_of_sample] : 1);
        if (mask && mask->y[row / places] == 0)
            continue;
        read_target(loss, target, row, width);
        sum += weight * row_loss(it, &loss->of, prediction + row * width, loss->target_row, width,
                                 gradient + row * width);
        for (size_t i = 0; i < width; i++)
            gradient[row * width + i] *= (REAL)(weight * (double)scale);
    }
    return (REAL)(sum * (double)scale);
}

/* How many losses a sample has that one of several is the mean of. */
static size_t places_of(const Interpreter *it, int k)
{
    const Shape *shape = &it->outputs[k]->layer->output;
    return it->losses[k].of.of_sample ? 1 : it->outputs[k]->out.count / (size_t)shape->extent[shape->rank - 1];
}

REAL interpreter_loss_all(Interpreter *it, const void *const *targets, const REAL *sample_weight, REAL scale)
{
    REAL total = 0;
    for (int k = 0; k < it->output_count; k++) {
        OutputLoss *loss = &it->losses[k];
        size_t count = (size_t)it->rows * it->outputs[k]->out.count;
        loss->gradient_at_logits = loss->on_logits;
        if (!loss->exists) {
            memset(it->d_outputs[k], 0, count * sizeof(REAL));
            continue;
        }
        REAL part = it->model->losses ? scale / (REAL)places_of(it, k) : scale, weight = (REAL)loss->of.weight;
        loss->value = (loss->of.is_custom ? own_loss : known_loss)(it, k, targets[k], sample_weight, part);
        total += weight * loss->value;
        for (size_t i = 0; weight != 1 && i < count; i++)
            it->d_outputs[k][i] *= weight;
    }
    return total;
}

static size_t target_bytes(const OutputLoss *loss)
{
    return loss->target_count * (loss->target_is_class ? sizeof(int32_t) : sizeof(REAL));
}

/* The targets of output k, out of rows that have those of all of them. */
static void gather_targets(const Interpreter *it, int k, const char *rows, size_t stride, size_t bytes)
{
    for (size_t row = 0; row < (size_t)it->rows; row++)
        memcpy((char *)it->losses[k].target + row * bytes, rows + row * stride, bytes);
}

REAL interpreter_loss(Interpreter *it, const void *target, const REAL *sample_weight, REAL scale)
{
    size_t stride = 0, offset = 0;
    for (int k = 0; it->model->losses && k < it->output_count; k++)
        stride += target_bytes(&it->losses[k]);
    for (int k = 0; k < it->output_count; k++) {
        it->targets[k] = target;
        if (!it->model->losses)
            continue;
        gather_targets(it, k, (const char *)target + offset, stride, target_bytes(&it->losses[k]));
        offset += target_bytes(&it->losses[k]);
        it->targets[k] = it->losses[k].target;
    }
    return interpreter_loss_all(it, it->targets, sample_weight, scale);
}

REAL interpreter_output_loss(const Interpreter *it, int output)
{
    return it->losses[output].value;
}

const REAL *loss_at_argument(const Interpreter *it, const Run *run)
{
    for (int k = 0; k < it->output_count; k++)
        if (it->losses[k].gradient_at_logits && run == it->outputs[k])
            return it->d_outputs[k];
    return NULL;
}

void pull_to_argument(Interpreter *it, Run *run, size_t width)
{
    size_t count = (size_t)it->rows * run->out.count;
    const REAL *of_loss = loss_at_argument(it, run);
    if (of_loss && !run->is_read) {             /* nothing comes in by way of y */
        memcpy(run->d_z, of_loss, count * sizeof(REAL));
        return;
    }
    activation_backward(it, run->activation, (Rows){ run->z, width }, (Rows){ run->out.y, width },
                        (Rows){ run->out.d_y, width }, (Rows){ run->d_z, width }, count / width, width);
    for (size_t i = 0; of_loss && i < count; i++)
        run->d_z[i] += of_loss[i];
}
