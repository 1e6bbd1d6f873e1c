/* loss.c: the losses of a model: of each row (the last axis) of each output, weighted and masked, and their gradients.
 *
 * A model that ends in the sigmoid (binary) or softmax (categorical) which the loss undoes has its loss on the
 * pre-activation, and the gradient goes there. */
#include "loss_rows.h"

static const LossKind *find_kind(const char *name)
{
    const LossKind *const lists[] = { regression_losses, probability_losses, margin_losses };
    for (size_t k = 0; k < sizeof lists / sizeof *lists; k++)
        for (const LossKind *kind = lists[k]; kind->name; kind++)
            if (!strcmp(kind->name, name) || (kind->short_name && !strcmp(kind->short_name, name)))
                return kind;
    return NULL;
}

/* Of output k: as many as it has losses, or one. */
static size_t weights_of_output(const Interpreter *it, int k)
{
    const struct lstmc_model *m = &it->model->descriptor;
    size_t weights = m->targets ? m->targets[k].weights : lstmc_weights_per_sample(m);
    return weights ? weights : 1;
}

/* Of loss number i of a row. */
static double weight_at(const Interpreter *it, int k, const REAL *sample_weight, size_t row, size_t i)
{
    const struct lstmc_model *m = &it->model->descriptor;
    size_t first = m->targets ? m->targets[k].first_weight : 0, own = weights_of_output(it, k) > 1 ? i : 0;
    return sample_weight ? (double)sample_weight[row * lstmc_weights_per_sample(m) + first + own] : 1;
}

static const char *set_up_own_loss(Interpreter *it, int k)
{
    OutputLoss *loss = &it->losses[k];
    const Run *run = it->outputs[k];
    size_t rows = (size_t)it->rows_max, outputs = rows * run->out.count;
    if (!it->custom || !it->custom->loss)
        return "a loss of the description, and nobody to run it";
    loss->own_output = interpreter_room(it, outputs, sizeof(double));
    loss->own_d_output = interpreter_room(it, outputs, sizeof(double));
    loss->own_target = interpreter_room(it, rows * loss->target_count, sizeof(double));
    loss->own_sample_weight = interpreter_room(it, rows * weights_of_output(it, k), sizeof(double));
    loss->own_mask = run->out.mask ? interpreter_room(it, rows * run->out.mask->count, sizeof(double)) : NULL;
    return NULL;
}

/* Whether each step of what it puts out comes out of a softmax, in a layer that it owns too. */
static bool ends_in_softmax(const Layer *layer)
{
    const char *activation = layer_text(layer, "activation");
    int axis = (int)layer_number(layer, "axis", -1);
    if (!strcmp(layer->kind, "Softmax"))
        return axis == -1 || axis == layer->output.rank;
    bool hands_on = !strcmp(layer->kind, "TimeDistributed") || !strcmp(layer->kind, "Sequential");
    if (hands_on && layer->sublayer_count)
        return ends_in_softmax(&layer->sublayers[layer->sublayer_count - 1]);
    return activation && !strcmp(activation, "softmax");
}

static const char *set_up_known_loss(Interpreter *it, int k)
{
    OutputLoss *loss = &it->losses[k];
    const Run *run = it->outputs[k];
    loss->kind = find_kind(loss->of.name);
    if (!loss->kind)
        return "the interpreter has no such loss";
    if (loss->kind->of_classes != loss->target_is_class)
        return "classes belong to the sparse loss, and to no other";
    if (run->layer->output.rank < 1)
        return "a loss needs an output with an axis";
    bool ends_in_activation = run->kind->activates || run->argument;
    const char *activation = layer_text(run->layer, "activation");
    loss->on_logits = loss->kind->undoes && !loss->of.options.from_logits && ends_in_activation && activation &&
                      !strcmp(activation, loss->kind->undoes);
    loss->target_row = interpreter_room(it, (size_t)run->layer->output.extent[run->layer->output.rank - 1],
                                        sizeof(REAL));
    size_t width = (size_t)run->layer->output.extent[run->layer->output.rank - 1];
    loss->on_shares = loss->kind->of_sample && !loss->on_logits && !loss->of.options.from_logits &&
                      ends_in_softmax(run->layer);
    if (loss->kind->of_sample)
        loss->room = interpreter_room(it, ctc_room(run->out.count / width, width, loss->target_count),
                                      sizeof(double));
    return NULL;
}

/* The loss of output k, as far as the model has one. */
static OutputLoss loss_of(const Model *model, int k)
{
    const struct lstmc_model *descriptor = &model->descriptor;
    if (model->losses)
        return (OutputLoss){ .exists = true, .of = model->losses[k], .target_count = descriptor->targets[k].count,
                             .target_is_class = descriptor->targets[k].is_integer,
                             .blank = descriptor->targets[k].ignored_class };
    return (OutputLoss){
        .exists = model->loss && k == model->output_count - 1, .target_count = descriptor->target_count,
        .target_is_class = descriptor->target_is_class, .blank = descriptor->ignored_class,
        .of = { .name = model->loss, .is_custom = model->loss_is_custom, .options = model->loss_options, .weight = 1 }
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
        wrong = (loss->of.is_custom ? set_up_own_loss : set_up_known_loss)(it, k);
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
    double s = loss->kind->undoes ? loss->of.options.label_smoothing : 0;
    double choices = loss->kind->undoes && !strcmp(loss->kind->undoes, "sigmoid") ? 2 : (double)width;
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
    size_t weights = weights_of_output(it, k);
    for (size_t i = 0; i < (size_t)it->rows * weights; i++)
        loss->own_sample_weight[i] = weight_at(it, k, sample_weight, i / weights, i % weights);
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
    RowLoss *row_loss = loss->on_logits || loss->of.options.from_logits ? loss->kind->logits_value : loss->kind->value;
    const REAL *prediction = loss->on_logits ? run->z : run->out.y;
    REAL *gradient = it->d_outputs[k];
    const Value *mask = run->out.mask;
    double sum = 0, factor = mask ? mask_factor(it, mask) : 1;
    size_t places = mask ? rows_of_sample / mask->count : 1;        /* of one step */
    memset(gradient, 0, (size_t)it->rows * run->out.count * sizeof *gradient);
    for (size_t row = 0; row < (size_t)it->rows * rows_of_sample; row++) {
        double weight = factor * weight_at(it, k, sample_weight, row / rows_of_sample, row % rows_of_sample);
        if (mask && mask->y[row / places] == 0)
            continue;
        read_target(loss, target, row, width);
        sum += weight * row_loss(&(LossRow){ it, &loss->of.options, prediction + row * width, loss->target_row, width,
                                             gradient + row * width });
        for (size_t i = 0; i < width; i++)
            gradient[row * width + i] *= (REAL)(weight * (double)scale);
    }
    return (REAL)(sum * (double)scale);
}

/* Of losses of whole samples: the mask is the loss's own. */
static REAL loss_of_samples(Interpreter *it, int k, const void *target, const REAL *sample_weight, REAL scale)
{
    const Run *run = it->outputs[k];
    const OutputLoss *loss = &it->losses[k];
    const Shape *shape = &run->layer->output;
    size_t width = (size_t)shape->extent[shape->rank - 1], count = run->out.count;
    const REAL *prediction = loss->on_logits ? run->z : run->out.y;
    REAL *gradient = it->d_outputs[k];
    double sum = 0;
    memset(gradient, 0, (size_t)it->rows * count * sizeof *gradient);
    for (size_t row = 0; row < (size_t)it->rows; row++) {
        double weight = weight_at(it, k, sample_weight, row, 0);
        sum += weight * loss->kind->of_sample(&(LossSample){
            .blank = loss->blank, .prediction = prediction + row * count, .steps = count / width,
            .mask = run->out.mask ? run->out.mask->y + row * run->out.mask->count : NULL, .width = width,
            .labels = (const int32_t *)target + row * loss->target_count, .label_count = loss->target_count,
            .is_shares = loss->on_shares, .room = loss->room, .gradient = gradient + row * count });
        for (size_t i = 0; i < count; i++)
            gradient[row * count + i] *= (REAL)(weight * (double)scale);
    }
    return (REAL)(sum * (double)scale);
}

/* How many losses a sample has that one of several is the mean of. */
static size_t places_of(const Interpreter *it, int k)
{
    const Shape *shape = &it->outputs[k]->layer->output;
    return it->losses[k].of.of_sample ? 1 : it->outputs[k]->out.count / (size_t)shape->extent[shape->rank - 1];
}

static bool is_regularized(const Run *run)
{
    return run->layer->activity_l1 != 0 || run->layer->activity_l2 != 0;
}

/* l1 sum |y| + l2 sum y^2 of what the layer puts out for all rows. */
static double activity_penalty(Interpreter *it, const Run *run)
{
    double magnitudes = 0, squares = 0;
    for (size_t i = 0; is_regularized(run) && i < (size_t)it->rows * run->out.count; i++) {
        double y = (double)run->out.y[i];
        magnitudes += fabs(y);
        squares += y * y;
        if (run->layer->activity_l1 != 0 && y != 0)
            note_kink(it, y);
    }
    return run->layer->activity_l1 * magnitudes + run->layer->activity_l2 * squares;
}

void activity_backward(Interpreter *it, Run *run)
{
    double l1 = run->layer->activity_l1, l2 = run->layer->activity_l2;
    bool wanted = is_regularized(run) && run->out.wanted;
    for (size_t i = 0; wanted && i < (size_t)it->rows * run->out.count; i++) {
        double y = (double)run->out.y[i];
        run->out.d_y[i] += (REAL)((double)it->sample_scale * (l1 * (double)((y > 0) - (y < 0)) + 2 * l2 * y));
    }
}

typedef REAL LossWay(Interpreter *it, int k, const void *target, const REAL *sample_weight, REAL scale);

static LossWay *way_of(const OutputLoss *loss)
{
    return loss->of.is_custom ? own_loss : loss->kind->of_sample ? loss_of_samples : known_loss;
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
        loss->value = way_of(loss)(it, k, targets[k], sample_weight, part);
        total += weight * loss->value;
        for (size_t i = 0; weight != 1 && i < count; i++)
            it->d_outputs[k][i] *= weight;
    }
    it->sample_scale = scale * (REAL)lstmc_losses_per_sample(&it->model->descriptor);
    for (int i = 0; i < it->run_count; i++)
        total += it->sample_scale * (REAL)activity_penalty(it, &it->runs[i]);
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
    if (of_loss && !run->is_read && !is_regularized(run)) {     /* nothing comes in by way of y */
        memcpy(run->d_z, of_loss, count * sizeof(REAL));
        return;
    }
    activation_backward(it, run->activation, (Rows){ run->z, width }, (Rows){ run->out.y, width },
                        (Rows){ run->out.d_y, width }, (Rows){ run->d_z, width }, count / width, width);
    for (size_t i = 0; of_loss && i < count; i++)
        run->d_z[i] += of_loss[i];
}
