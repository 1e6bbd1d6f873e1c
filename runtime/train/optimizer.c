/* optimizer.c: in: weights, gradients, the optimiser's state.  out: weights and state one step on, in Keras's order:
 * regularisers into the gradients, clipping, decoupled weight decay, update, constraints. */
#include "runtime/lstmc.h"
#include "optimizer.h"

#include <math.h>

/* The number of trainable weights: they stand first, and their gradients at the same places. */
static int trainable_tensors(const struct lstmc_model *model)
{
    int n = 0;
    while (n < model->weight_tensors && model->weights[n].trainable)
        n++;
    return n;
}

static size_t tensor_blocks(const struct lstmc_tensor *tensor)
{
    return tensor->count / LSTMC_BLOCK + (tensor->count % LSTMC_BLOCK != 0);
}

static struct lstmc_block block_of(const struct lstmc_tensor *tensor, size_t number)
{
    size_t first = number * LSTMC_BLOCK, rest = tensor->count - first;
    return (struct lstmc_block){ .tensor = tensor,
                                 .offset = tensor->offset + first,
                                 .count = rest < LSTMC_BLOCK ? rest : LSTMC_BLOCK,
                                 .scale = 1 };
}

size_t lstmc_blocks_count(const struct lstmc_model *model)
{
    size_t count = 0;
    for (int i = 0; i < trainable_tensors(model); i++)
        count += tensor_blocks(&model->weights[i]);
    return count;
}

void lstmc_blocks_fill(const struct lstmc_model *model, struct lstmc_block *blocks)
{
    for (int i = 0; i < trainable_tensors(model); i++)
        for (size_t number = 0; number < tensor_blocks(&model->weights[i]); number++)
            *blocks++ = block_of(&model->weights[i], number);
}

/* l1 sum |w| + l2 sum w^2 */
static double block_penalty(const struct lstmc_block *block, const float *weights)
{
    const struct lstmc_tensor *tensor = block->tensor;
    double penalty = 0;
    if (tensor->l1 != 0)
        penalty += (double)tensor->l1 * lstmc_range_magnitudes(weights + block->offset, block->count);
    if (tensor->l2 != 0)
        penalty += (double)tensor->l2 * lstmc_range_squares(weights + block->offset, block->count);
    return penalty;
}

float lstmc_penalty(const struct lstmc_model *model, const float *weights)
{
    double penalty = 0;
    for (int i = 0; i < trainable_tensors(model); i++)
        for (size_t number = 0; number < tensor_blocks(&model->weights[i]); number++) {
            struct lstmc_block block = block_of(&model->weights[i], number);
            penalty += block_penalty(&block, weights);
        }
    return (float)penalty;
}

float lstmc_blocks_penalty(const struct lstmc_block *blocks, size_t count)
{
    double penalty = 0;
    for (size_t i = 0; i < count; i++)
        penalty += blocks[i].penalty;
    return (float)penalty;
}

/* What asks for the norm of the gradients before anything moves. */
static int clips_norm(const struct lstmc_optimizer *o)
{
    return o->clipnorm > 0 || o->global_clipnorm > 0;
}

int lstmc_blocks_need_sums(const struct lstmc_model *model)
{
    int need = clips_norm(&model->optimizer);
    for (int i = 0; i < trainable_tensors(model); i++)
        need |= model->weights[i].l1 != 0 || model->weights[i].l2 != 0;
    return need;
}

static void block_regularize(const struct lstmc_step *step, const struct lstmc_block *block)
{
    const struct lstmc_tensor *tensor = block->tensor;
    if (tensor->l1 != 0 || tensor->l2 != 0)
        lstmc_range_regularize(step->gradients + block->offset, step->weights + block->offset, block->count,
                               tensor->l1, tensor->l2);
}

void lstmc_block_prepare(const struct lstmc_step *step, struct lstmc_block *block)
{
    const float *g = step->gradients + block->offset;
    block->penalty = block_penalty(block, step->weights);
    block_regularize(step, block);
    int is_zero;
    if (clips_norm(&step->model->optimizer)) {
        block->squares = lstmc_range_squares(g, block->count);
        is_zero = block->squares == 0;
    } else {    /* in half the time of the squares */
        const float largest = lstmc_range_largest(g, block->count);
        block->squares = isfinite(largest) ? 0 : (double)NAN;
        is_zero = largest == 0;
    }
    block->rests = block->rests && is_zero;
}

/* Each weight's gradient by itself: g c / max(|g|, c). A norm that is not a number spoils its own weight. */
static float own_scale(const struct lstmc_optimizer *o, double squares)
{
    double norm = sqrt(squares);
    return norm <= (double)o->clipnorm ? 1 : (float)((double)o->clipnorm / norm);
}

/* All gradients by one factor; a global norm that is infinite or no number spoils them all, as in Keras, instead of
 * hiding. */
static float global_scale(const struct lstmc_optimizer *o, double squares)
{
    double norm = sqrt(squares);
    if (o->clipnorm > 0 || !(o->global_clipnorm > 0))
        return 1;
    if (!isfinite(norm))
        return NAN;
    if (o->pytorch)             /* torch.nn.utils.clip_grad_norm_ */
        return norm + 1e-6 > (double)o->global_clipnorm ? (float)((double)o->global_clipnorm / (norm + 1e-6)) : 1;
    return norm > (double)o->global_clipnorm ? (float)((double)o->global_clipnorm / norm) : 1;
}

/* The blocks of a tensor stand together. Sums by tensors first, as lstmc_optimizer_step adds. */
double lstmc_blocks_combine(const struct lstmc_step *step, struct lstmc_block *blocks, size_t count)
{
    const struct lstmc_optimizer *o = &step->model->optimizer;
    double all = 0;
    for (size_t first = 0, end; first < count; first = end) {
        double squares = 0;
        for (end = first; end < count && blocks[end].tensor == blocks[first].tensor; end++)
            squares += blocks[end].squares;
        for (size_t i = first; o->clipnorm > 0 && i < end; i++)
            blocks[i].scale = own_scale(o, squares);
        all += squares;
    }
    for (size_t i = 0; !(o->clipnorm > 0) && i < count; i++)
        blocks[i].scale = global_scale(o, all);
    return all;
}

/* Nadam's momentum of iteration t. */
static double nadam_momentum(const struct lstmc_optimizer *o, double t)
{
    return (double)o->beta_1 * (1 - 0.5 * pow(0.96, t));
}

/* The product of the momentums of iterations 1 ... t. Those of the first thousand differ from beta_1, as a double; so
 * nothing of it has to be kept from one step to the next. */
static double nadam_product(const struct lstmc_optimizer *o, double t)
{
    double product = 1, growing = t < 1000 ? t : 1000;
    for (double i = 1; i <= growing; i++)
        product *= nadam_momentum(o, i);
    return product * pow((double)o->beta_1, t - growing);
}

/* w -= rate (u(t+1) m / (1 - U(t+1)) + (1 - u(t)) g / (1 - U(t))) / (sqrt(v / (1 - beta_2^t)) + epsilon): u is the
 * momentum, U its product so far. */
static void begin_nadam(struct lstmc_step *step, double t)
{
    const struct lstmc_optimizer *o = &step->model->optimizer;
    double rate = (double)step->rate, next = nadam_momentum(o, t + 1), product = nadam_product(o, t);
    step->rate = (float)(rate * next / (1 - product * next));
    step->rate_of_gradient = (float)(rate * (1 - nadam_momentum(o, t)) / (1 - product));
    step->root_correction = (float)(1 / sqrt(1 - pow((double)o->beta_2, t)));
}

/* PyTorch's: the decay is a part of the gradient, but AdamW's; Adam corrects the root before epsilon is added. */
static void begin_pytorch(struct lstmc_step *step, double t)
{
    const struct lstmc_optimizer *o = &step->model->optimizer;
    int decoupled = o->kind == LSTMC_ADAMW;
    step->decay_of_gradient = decoupled ? 0 : o->weight_decay;
    step->decay = decoupled ? step->rate * o->weight_decay : 0;
    if (o->kind != LSTMC_ADAM && o->kind != LSTMC_ADAMW)
        return;
    step->rate = (float)((double)step->rate / (1 - pow((double)o->beta_1, t)));
    step->root_correction = (float)(1 / sqrt(1 - pow((double)o->beta_2, t)));
}

/* Adam's corrections of the two averages, which start at 0, make one factor of the rate. */
void lstmc_step_begin(struct lstmc_step *step, uint64_t iteration, float learning_rate)
{
    const struct lstmc_optimizer *o = &step->model->optimizer;
    double t = (double)iteration;
    float rate = learning_rate > 0 ? learning_rate : o->learning_rate;
    step->decay = o->weight_decay > 0 ? rate * o->weight_decay : 0;
    step->rate = rate;
    if (o->pytorch) {
        begin_pytorch(step, t);
        return;
    }
    if (o->kind == LSTMC_ADAM || o->kind == LSTMC_ADAMW)
        step->rate = (float)((double)rate * sqrt(1 - pow((double)o->beta_2, t)) / (1 - pow((double)o->beta_1, t)));
    if (o->kind == LSTMC_ADAMAX)
        step->rate = (float)((double)rate / (1 - pow((double)o->beta_1, t)));
    if (o->kind == LSTMC_NADAM)
        begin_nadam(step, t);
}

static size_t state_parts(const struct lstmc_optimizer *o)
{
    switch (o->kind) {
    case LSTMC_SGD:      return o->momentum != 0;
    case LSTMC_RMSPROP:  return 1 + (size_t)(o->momentum != 0) + (o->centered != 0);
    case LSTMC_ADAM:
    case LSTMC_ADAMW:    return 2 + (size_t)(o->amsgrad != 0);
    case LSTMC_ADAGRAD:
    case LSTMC_LION:     return 1;
    case LSTMC_ADADELTA:
    case LSTMC_ADAMAX:
    case LSTMC_NADAM:    return 2;
    }
    return 0;
}

static float *state_of(const struct lstmc_step *step, size_t part, const struct lstmc_block *block)
{
    return step->state + part * step->state_count + (block->offset - step->state_first);
}

int lstmc_block_is_new(const struct lstmc_step *step, const struct lstmc_block *block)
{
    for (size_t part = 0; part < state_parts(&step->model->optimizer); part++)
        if (lstmc_range_largest(state_of(step, part, block), block->count) != 0)
            return 0;
    return 1;
}

size_t lstmc_optimizer_floats(const struct lstmc_model *model)
{
    return state_parts(&model->optimizer) * model->gradient_count;
}

int lstmc_block_moves(const struct lstmc_step *step, const struct lstmc_block *block)
{
    return !block->rests || step->decay != 0 || step->decay_of_gradient != 0;
}

int lstmc_block_update(const struct lstmc_step *step, const struct lstmc_block *block)
{
    const struct lstmc_optimizer *o = &step->model->optimizer;
    struct lstmc_update update = { .count = block->count,
                                   .w = step->weights + block->offset,
                                   .g = step->gradients + block->offset,
                                   .scale = block->scale,
                                   .limit = !clips_norm(o) && o->clipvalue > 0 ? o->clipvalue : INFINITY,
                                   .decay = step->decay,
                                   .decay_of_gradient = step->decay_of_gradient,
                                   .rate = step->rate,
                                   .rate_of_gradient = step->rate_of_gradient,
                                   .root_correction = step->root_correction };
    for (size_t part = 0; part < state_parts(o); part++)
        update.part[part] = state_of(step, part, block);
    return lstmc_range_update(o, &update);
}

static void update_tensor(const struct lstmc_step *step, const struct lstmc_tensor *tensor, float scale)
{
    for (size_t number = 0; number < tensor_blocks(tensor); number++) {
        struct lstmc_block block = block_of(tensor, number);
        block.scale = scale;
        lstmc_block_update(step, &block);
    }
}

/* One block after the other, so that nothing has to be kept of them; where no clip asks for the norm, each is updated
 * while its gradient is in the cache. */
float lstmc_optimizer_step(const struct lstmc_model *model, float *weights, float *gradients, float *state,
                           uint64_t iteration, float learning_rate)
{
    const struct lstmc_optimizer *o = &model->optimizer;
    struct lstmc_step step = { .model = model, .weights = weights, .gradients = gradients, .state = state,
                               .state_count = model->gradient_count };
    double all = 0;
    lstmc_step_begin(&step, iteration, learning_rate);
    for (int i = 0; i < trainable_tensors(model); i++) {
        const struct lstmc_tensor *tensor = &model->weights[i];
        double squares = 0;
        for (size_t number = 0; number < tensor_blocks(tensor); number++) {
            struct lstmc_block block = block_of(tensor, number);
            block_regularize(&step, &block);
            squares += lstmc_range_squares(gradients + block.offset, block.count);
            if (!clips_norm(o))
                lstmc_block_update(&step, &block);
        }
        all += squares;
        if (o->clipnorm > 0)
            update_tensor(&step, tensor, own_scale(o, squares));
    }
    for (int i = 0; clips_norm(o) && !(o->clipnorm > 0) && i < trainable_tensors(model); i++)
        update_tensor(&step, &model->weights[i], global_scale(o, all));
    lstmc_constrain(model, weights);
    return (float)sqrt(all);
}
