/* streaming.c: a proof, statement by statement, that a program needs no more of a sequence than the present step and
 * the states before it.
 *
 * A statement either runs over the steps of the input, forward, and then touches of every sequence the present step
 * alone, of a state also the rows that come in; or it stands behind all steps, and then reads of sequences the last
 * state alone.
 *
 * Where a layer slides windows over a sequence, what comes out has steps of its own: one for every so many, as soon as
 * its window is complete. All that follows goes at that pace, and so must all that follows in the program: there is one
 * pace after the other, no two side by side.
 *
 * Of a model with a decoder the steps are those of the decoder's input; what does not depend on it is known before the
 * first one, as weights are. */
#include "streaming.h"
#include "sides.h"

typedef struct Proof {
    const Ir *ir;
    const Statement *statement;     /* at work */
    const Axis *steps;              /* its axis over the steps; NULL: it stands behind them, or apart */
    bool *late;                     /* [tensor_count]: known when the sequence has ended, not before */
    int *pace;                      /* [tensor_count]: at which pace it comes: 0 is that of the input */
    int *length;                    /* [statement_count + 1]: the steps of a sequence of each pace */
    int paces, at_pace;             /* how many are known beyond that of the input; that of the statement */
    bool is_paced;                  /* the statement takes windows: it begins a pace */
    const Side *sides;              /* by tensor, of a model with a decoder; NULL: of others */
    int *time;                      /* [tensor_count]: the dimension in which it has steps; -1: none */
    const char *why;
} Proof;

static int steps_of(const Ir *ir)
{
    const Tensor *input = ir->decoder ? ir->decoder : ir->input_count ? ir->inputs[0] : NULL;
    return input && input->time_dimension >= 0 ? input->extent[input->time_dimension] : 0;
}

/* Before the first step. */
static bool is_known(const Proof *proof, const Tensor *tensor)
{
    return proof->sides && proof->sides[tensor->number] != SIDE_DECODER;
}

static bool has_steps(const Proof *proof, const Tensor *tensor)
{
    return proof->time[tensor->number] >= 0 && !is_known(proof, tensor);
}

/* Which of its steps is meant. */
static const Index *step_of(const Proof *proof, const Access *access)
{
    return &access->index[proof->time[access->tensor->number]];
}

/* every * t, and how far what stands beside it reaches, as other axes may; false if there is no such t. */
static bool find_reach(const Proof *proof, const Index *index, int every, int *most)
{
    if (!proof->steps || index->gather || !index_uses(index, proof->steps))
        return false;
    int least = *most = index->constant;
    for (int i = 0; i < index->terms; i++) {
        int reach = index->coefficient[i] * (index->axis[i]->extent - 1);
        if (index->axis[i] == proof->steps && index->coefficient[i] != every)
            return false;
        if (index->axis[i] != proof->steps)
            *(reach < 0 ? &least : most) += reach;
    }
    return least >= 0;
}

/* [t], of states [t] to [t + incoming rows]. */
static bool is_present(const Proof *proof, const Tensor *tensor, const Index *index)
{
    int most;
    return find_reach(proof, index, 1, &most) && most <= tensor->incoming;
}

/* A window of those that the layer slides over a sequence: from the first step that it is taken of it reaches as far as
 * the layer waits. */
static bool is_window(const Proof *proof, const Tensor *tensor, const Index *index)
{
    const Statement *statement = proof->statement;
    int most;
    return statement->every && find_reach(proof, index, statement->every, &most) &&
           most <= statement->waits + tensor->incoming && (statement->every > 1 || most > tensor->incoming);
}

static void object(Proof *proof, const char *why)
{
    if (!proof->why)
        proof->why = why;
}

/* What was encoded has steps of its own. */
static void look_at_known(Proof *proof, const Access *access)
{
    for (int d = 0; d < access->tensor->rank && proof->steps; d++)
        if (index_uses(&access->index[d], proof->steps) && !access->index[d].gather)
            object(proof, "it reads at each step another part of what was encoded");
}

/* What is said of any access, read or written. */
static void look_at_places(Proof *proof, const Access *access)
{
    const Tensor *tensor = access->tensor;
    for (int d = 0; d < tensor->rank; d++)
        if (d != proof->time[tensor->number] && proof->steps && index_uses(&access->index[d], proof->steps) &&
            !access->index[d].gather)
            object(proof, tensor->role == ROLE_WEIGHT ? "it has a weight for each step"
                                                      : "it keeps the steps of a sequence side by side");
    if (!has_steps(proof, tensor))
        return;
    if (tensor->extent[proof->time[tensor->number]] != proof->length[proof->pace[tensor->number]] + tensor->incoming)
        object(proof, "it has a sequence of another length than the input");
    const Index *step = step_of(proof, access);
    if (proof->steps && !is_present(proof, tensor, step) && !is_window(proof, tensor, step) && !index_is_constant(step))
        object(proof, step->terms == 1 && step->coefficient[0] < 0
                          ? "it reads the sequence from its end" : "it needs other steps than the present one");
}

static void look_at_read(void *context, const Access *access)
{
    Proof *proof = context;
    const Tensor *tensor = access->tensor;
    if (is_known(proof, tensor)) {
        look_at_known(proof, access);
        return;
    }
    look_at_places(proof, access);
    if (proof->steps && (proof->late[tensor->number] ||
                         (has_steps(proof, tensor) && index_is_constant(step_of(proof, access)))))
        object(proof, "it needs, at each step, what is known at the end of the sequence");
    if (proof->steps || !has_steps(proof, tensor))
        return;
    const Index *index = step_of(proof, access);
    bool last_state = tensor->role == ROLE_STATE && index_is_constant(index) &&
                      index->constant == tensor->extent[proof->time[tensor->number]] - 1;
    if (!last_state)
        object(proof, index_is_constant(index) ? "it needs one step out of the sequence"
                                               : "it needs the whole sequence");
}

static bool counts_steps(const Proof *proof, const Expr *expr)
{
    return expr->op == OP_AXIS && proof->steps && index_uses(&expr->position, proof->steps);
}

/* A step and another axis, as in greater(s, t), by which a causal attention knows what came before. */
static bool compares_steps(const Proof *proof, const Expr *expr)
{
    return op_traits[expr->op].arity == 2 && expr->argument[0]->op == OP_AXIS && expr->argument[1]->op == OP_AXIS &&
           counts_steps(proof, expr->argument[0]) != counts_steps(proof, expr->argument[1]);
}

static void look_at_positions(Proof *proof, const Expr *expr)
{
    if (compares_steps(proof, expr))
        object(proof, "it looks from each step at others, as many as there are");
    if (counts_steps(proof, expr))
        object(proof, "it counts the steps");
    for (int i = 0; i < op_traits[expr->op].arity; i++)
        look_at_positions(proof, expr->argument[i]);
}

/* A decoder's state begins with what was encoded. */
static bool begins_with_known(const Proof *proof)
{
    return proof->sides && proof->statement->out.tensor->role == ROLE_STATE &&
           side_of_value(proof->sides, proof->statement) != SIDE_DECODER;
}

static void look_at_written(Proof *proof)
{
    const Statement *statement = proof->statement;
    const Tensor *out = statement->out.tensor;
    look_at_places(proof, &statement->out);
    if (proof->steps && !has_steps(proof, out))
        object(proof, statement->accumulate == ACCUMULATE_MAX ? "it takes the largest of all steps"
                                                              : "it needs the whole sequence");
    else if (proof->steps && !is_present(proof, out, step_of(proof, &statement->out)))
        object(proof, "it needs the whole sequence");
    else if (!proof->steps && has_steps(proof, out) && !begins_with_known(proof))
        object(proof,
               out->role == ROLE_STATE ? "its state starts from data" : "it makes a sequence out of what is none");
}

/* An axis that stands where sequences have their steps. */
static void find_steps_of(void *context, const Access *access)
{
    Proof *proof = context;
    const Tensor *tensor = access->tensor;
    const Index *index = has_steps(proof, tensor) ? step_of(proof, access) : NULL;
    if (index && proof->steps && index_uses(index, proof->steps))
        return;
    for (int i = 0; index && i < index->terms; i++) {
        if (proof->steps && proof->steps != index->axis[i])
            object(proof, "it needs other steps than the present one");
        proof->steps = index->axis[i];
    }
}

/* What a decoder makes step by step has steps, though it is no sequence of the model: a number for each, say. */
static void find_own_steps(const Proof *proof)
{
    const Access *out = &proof->statement->out;
    int *time = &proof->time[out->tensor->number], most;
    for (int d = 0; d < out->tensor->rank && proof->sides && *time < 0 && out->tensor->role == ROLE_VALUE; d++)
        if (find_reach(proof, &out->index[d], 1, &most) && most == 0)
            *time = d;
}

static void find_steps(Proof *proof)
{
    const Statement *statement = proof->statement;
    proof->steps = statement->loop ? statement->loop->axis : NULL;
    if (statement->loop && statement->loop->reversed)
        object(proof, "it reads the sequence from its end");
    find_steps_of(proof, &statement->out);
    expr_visit_loads(statement->value, find_steps_of, proof);
    find_own_steps(proof);
}

static void mark_late(void *context, const Access *access)
{
    Proof *proof = context;
    const Tensor *tensor = access->tensor;
    proof->late[proof->statement->out.tensor->number] |= has_steps(proof, tensor) || proof->late[tensor->number];
}

/* ---- paces ---- */

static void find_pace_of(void *context, const Access *access)
{
    Proof *proof = context;
    const Tensor *tensor = access->tensor;
    if (proof->pace[tensor->number] > proof->at_pace)
        proof->at_pace = proof->pace[tensor->number];
    if (has_steps(proof, tensor) && is_window(proof, tensor, step_of(proof, access)))
        proof->is_paced = true;
}

/* At which pace each tensor comes, by what it is made of; true if more is known than before. */
static bool find_more_paces(Proof *proof)
{
    const Ir *ir = proof->ir;
    bool more = false;
    for (int i = 0; i < ir->statement_count; i++) {
        const Statement *statement = proof->statement = ir->statements[i];
        const Tensor *out = statement->out.tensor;
        if (statement->section != SECTION_FORWARD || is_known(proof, out))
            continue;
        find_steps(proof);
        proof->is_paced = false;
        proof->at_pace = 0;
        expr_visit_loads(statement->value, find_pace_of, proof);
        proof->at_pace += proof->is_paced && has_steps(proof, out);
        if (proof->at_pace <= proof->pace[out->number] || proof->at_pace > ir->statement_count)
            continue;
        more = true;
        proof->pace[out->number] = proof->at_pace;
        if (proof->at_pace > proof->paces)
            proof->length[++proof->paces] = out->extent[proof->time[out->number]] - out->incoming;
    }
    return more;
}

/* A state is read before it is written: once more around the loop. */
static void find_paces(Proof *proof)
{
    proof->length[0] = steps_of(proof->ir);
    while (find_more_paces(proof))
        ;
    proof->at_pace = 0;
    proof->why = NULL;              /* the statements are looked at once more */
}

static void look_at_pace_of(void *context, const Access *access)
{
    Proof *proof = context;
    const Tensor *tensor = access->tensor;
    if (has_steps(proof, tensor) && is_window(proof, tensor, step_of(proof, access)))
        proof->is_paced = true;
    if ((has_steps(proof, tensor) || proof->late[tensor->number]) && proof->pace[tensor->number] != proof->at_pace)
        object(proof, "its branches do not go at the same pace");
}

/* What a statement reads comes at the pace at which the program has arrived. */
static void look_at_pace(Proof *proof)
{
    proof->is_paced = false;
    expr_visit_loads(proof->statement->value, look_at_pace_of, proof);
    if (proof->is_paced)
        proof->at_pace = proof->pace[proof->statement->out.tensor->number];
    if (proof->statement->every && proof->statement->loop)
        object(proof, "it has windows and a loop in one layer");
}

static void look_at_statement(Proof *proof)
{
    const Statement *statement = proof->statement;
    find_steps(proof);
    look_at_pace(proof);
    look_at_written(proof);
    look_at_positions(proof, statement->value);
    expr_visit_loads(statement->value, look_at_read, proof);
    for (int d = 0; d < statement->out.tensor->rank; d++)
        if (statement->out.index[d].gather)
            look_at_read(proof, statement->out.index[d].gather);
    if (!proof->steps)
        expr_visit_loads(statement->value, mark_late, proof);
}

const char *streaming_obstacle(Arena *arena, const Ir *ir)
{
    if (ir->input_count > 1 && !ir->decoder)
        return "it has several inputs";
    if (ir->descriptor->outputs)
        return "it has several outputs";
    if (!steps_of(ir))
        return "the input has no time axis";
    Proof proof = { .ir = ir, .late = arena_array(arena, bool, ir->tensor_count),
                    .pace = arena_array(arena, int, ir->tensor_count),
                    .length = arena_array(arena, int, ir->statement_count + 2),
                    .time = arena_array(arena, int, ir->tensor_count + 1),
                    .sides = ir->decoder ? sides_of(arena, ir) : NULL };
    for (int i = 0; i < ir->tensor_count; i++)
        proof.time[i] = ir->tensors[i]->time_dimension;
    find_paces(&proof);
    for (int i = 0; i < ir->statement_count; i++) {
        proof.statement = ir->statements[i];
        if (proof.statement->section != SECTION_FORWARD ||
            is_known(&proof, proof.statement->out.tensor))
            continue;
        look_at_statement(&proof);
        if (proof.why)
            return arena_format(arena, "%s: %s (%s)", *proof.statement->layer ? proof.statement->layer : "output",
                                proof.why, statement_text(arena, proof.statement));
    }
    return NULL;
}
