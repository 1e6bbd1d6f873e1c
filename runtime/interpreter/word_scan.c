/* word_scan.c: a loop over time. Its body is a list of words like a layer's; what they make is kept for every turn, so
 * that the loop can be walked back. */
#include "words.h"

enum { SLICES = 4, STATES = 256 };

struct Scan {
    Body *body, *outside;
    Loop loop;
    bool reversed, ended;
    size_t block;                           /* of turns: between two of them states have no gradient; 0: one block */
    struct {
        Value *sequence, *slice;
    } slices[SLICES];
    int slice_count;
    struct {
        int number;                         /* in run->states */
        Value *before, *next, *initial;
        REAL *held;                         /* [blocks, rows_max, count]: the state that each block begins with */
        bool passes;                        /* no state of a cell: a truncation leaves its gradient */
    } states[STATES];
    int state_count;
};

/* ---- building ---- */

Scan *scan_begin(Composition *c, int steps, bool reversed)
{
    Scan *scan = interpreter_room(c->it, 1, sizeof *scan);
    Body *body = interpreter_room(c->it, 1, sizeof *body);
    if (!scan || !body || steps < 1 || c->body->loop) {
        composition_refuse(c, !scan || !body ? "no memory" : steps < 1 ? "a scan has no steps" : "a scan in a scan");
        return NULL;
    }
    *scan = (Scan){ .body = body, .outside = c->body, .loop = { .turns = (size_t)steps }, .reversed = reversed };
    body->loop = &scan->loop;
    c->body = body;
    return scan;
}

Value *scan_slice(Composition *c, Scan *scan, Value *sequence)
{
    if (!scan || !sequence || c->wrong)
        return composition_refuse(c, "a value is missing");
    if (sequence->loop || !sequence->y || scan->slice_count == SLICES || sequence->shape.rank < 1 ||
        (size_t)sequence->shape.extent[0] != scan->loop.turns)
        return composition_refuse(c, "a scan reads sequences whose first axis is its steps");
    Shape shape = { sequence->shape.rank - 1, { 0 } };
    memcpy(shape.extent, sequence->shape.extent + 1, (size_t)shape.rank * sizeof *shape.extent);
    Value *slice = new_value(c, shape, NULL);
    scan->slices[scan->slice_count].sequence = sequence;
    scan->slices[scan->slice_count++].slice = slice;
    return slice;
}

Value *scan_state(Composition *c, Scan *scan, const char *name, Shape shape, Value *initial)
{
    if (!scan || c->wrong)
        return NULL;
    if (scan->state_count == STATES)
        return composition_refuse(c, "a loop of more states than the interpreter has room for");
    if (initial && (initial->loop || initial->count != shape_count(&shape)))
        return composition_refuse(c, "a state begins with a value of its shape, made outside of the scan");
    State *state = new_state(c->it, c->run, name, shape, scan->loop.turns);
    Value *before = state ? new_value(c, shape, state->values) : NULL;      /* row t: the state before step t */
    if (!before)
        return composition_refuse(c, "no memory");
    state->computed = initial != NULL;
    state->stateful = layer_flag(c->layer, "stateful");
    int n = scan->state_count++;
    scan->states[n].number = c->run->state_count - 1;
    scan->states[n].before = before;
    scan->states[n].initial = initial;
    scan->states[n].passes = initial != NULL;
    return before;
}

void scan_begins_anew(Composition *c, Scan *scan, Value *before, Value *initial)
{
    for (int n = 0; scan && !c->wrong && n < scan->state_count; n++) {
        if (scan->states[n].before != before || initial->loop || initial->count != before->count)
            continue;
        scan->states[n].initial = initial;
        c->run->states[scan->states[n].number].computed = true;
        return;
    }
    composition_refuse(c, "a state begins with a value of its shape, made outside of the scan");
}

void scan_begins(Composition *c, Scan *scan, Value *before, Value *initial)
{
    for (int n = 0; scan && initial && !c->wrong && n < scan->state_count; n++) {
        if (scan->states[n].before != before || initial->loop || initial->count != before->count)
            continue;
        State *state = &c->run->states[scan->states[n].number];
        scan->states[n].initial = initial;
        state->begins = state->fresh = true;
        return;
    }
    composition_refuse(c, "a state begins with a value of its shape, made outside of the scan");
}

void scan_truncate(Composition *c, Scan *scan, int block)
{
    if (!scan || c->wrong || block < 1)
        return;
    scan->block = (size_t)block;
    for (int n = 0; n < scan->state_count; n++)
        if (!scan->states[n].passes)
            scan->states[n].held = interpreter_room(c->it, (scan->loop.turns / scan->block + 1) *
                                                    (size_t)c->it->rows_max * scan->states[n].before->count,
                                                    sizeof(REAL));
}

void scan_step_outside(Composition *c, Scan *scan, bool outside)
{
    if (scan && !c->wrong)
        c->body = outside ? scan->outside : scan->body;
}

void scan_next(Composition *c, Scan *scan, Value *state, Value *next)
{
    for (int n = 0; scan && !c->wrong && n < scan->state_count; n++)
        if (scan->states[n].before == state && next && next->count == state->count) {
            scan->states[n].next = next;
            return;
        }
    composition_refuse(c, "the next state must have the shape of a state of this scan");
}

static void scan_forward(Interpreter *it, const Run *run, Node *node);
static void scan_backward(Interpreter *it, const Run *run, Node *node);
static const Word word_scan = { "scan", scan_forward, scan_backward };

void scan_end(Composition *c, Scan *scan)
{
    if (!scan)
        return;
    c->body = scan->outside;
    for (int n = 0; n < scan->state_count; n++)
        if (!scan->states[n].next)
            composition_refuse(c, "a state has no next one");
    Node *node = new_node(c, &word_scan, NULL, 0, (Shape){ 0 });
    if (node)
        node->scan = scan;
    scan->ended = true;
}

/* ---- running ---- */

/* A slice is number `at` of the sequence. */
static size_t slice_at(const Scan *scan, size_t t)
{
    return scan->reversed ? scan->loop.turns - 1 - t : t;
}

static void read_slices(const Interpreter *it, const Scan *scan)
{
    for (int n = 0; n < scan->slice_count; n++) {
        const Value *sequence = scan->slices[n].sequence, *slice = scan->slices[n].slice;
        for (size_t row = 0; row < (size_t)it->rows; row++)
            memcpy(values_of(slice) + row * slice->count,
                   sequence->y + row * sequence->count + slice_at(scan, scan->loop.at) * slice->count,
                   slice->count * sizeof(REAL));
    }
}

/* The value that state n begins with this time; NULL: what stands there. */
static Value *beginning_of(const Run *run, const Scan *scan, int n)
{
    const State *state = &run->states[scan->states[n].number];
    return state->begins && !state->fresh ? NULL : scan->states[n].initial;
}

static bool begins_block(const Scan *scan, size_t t)
{
    return scan->block && t && t % scan->block == 0;
}

/* Where a block begins the states are remembered, or those that were once remembered stand there again. */
static void hold_states(const Interpreter *it, const Scan *scan, size_t t)
{
    for (int n = 0; n < scan->state_count; n++) {
        size_t count = (size_t)it->rows_max * scan->states[n].before->count;
        REAL *state = values_of(scan->states[n].before), *held = scan->states[n].held;
        if (held)
            memcpy(it->hold ? state : held + t / scan->block * count, it->hold ? held + t / scan->block * count : state,
                   count * sizeof(REAL));
    }
}

static void scan_forward(Interpreter *it, const Run *run, Node *node)
{
    Scan *scan = node->scan;
    scan->loop.at = 0;
    for (int n = 0; n < scan->state_count; n++)
        if (beginning_of(run, scan, n))
            memcpy(values_of(scan->states[n].before), scan->states[n].initial->y,
                   (size_t)it->rows * scan->states[n].before->count * sizeof(REAL));
    for (size_t t = 0; t < scan->loop.turns; t++) {
        scan->loop.at = t;
        if (begins_block(scan, t))
            hold_states(it, scan, t);
        read_slices(it, scan);
        body_forward(it, run, scan->body);
        for (int n = 0; n < scan->state_count; n++)
            memcpy(state_row(it, &run->states[scan->states[n].number], t + 1), values_of(scan->states[n].next),
                   (size_t)it->rows * scan->states[n].before->count * sizeof(REAL));
    }
}

static void add_to(REAL *sum, const REAL *more, size_t count)
{
    for (size_t i = 0; sum && i < count; i++)
        sum[i] += more[i];
}

static void give_slices_back(const Interpreter *it, const Scan *scan)
{
    for (int n = 0; n < scan->slice_count; n++) {
        const Value *sequence = scan->slices[n].sequence, *slice = scan->slices[n].slice;
        REAL *d_sequence = adjoint_of(sequence);
        for (size_t row = 0; d_sequence && row < (size_t)it->rows; row++)
            add_to(d_sequence + row * sequence->count + slice_at(scan, scan->loop.at) * slice->count,
                   adjoint_of(slice) + row * slice->count, slice->count);
    }
}

static void scan_backward(Interpreter *it, const Run *run, Node *node)
{
    Scan *scan = node->scan;
    for (int n = 0; n < scan->state_count; n++)
        memset(run->states[scan->states[n].number].d, 0,
               (size_t)it->rows * scan->states[n].before->count * sizeof(REAL));
    for (size_t t = scan->loop.turns; t-- > 0;) {
        scan->loop.at = t;
        for (int n = 0; n < scan->state_count; n++)
            add_to(adjoint_of(scan->states[n].next), run->states[scan->states[n].number].d,
                   (size_t)it->rows * scan->states[n].before->count);
        body_backward(it, run, scan->body);
        for (int n = 0; n < scan->state_count; n++)
            memcpy(run->states[scan->states[n].number].d, adjoint_of(scan->states[n].before),
                   (size_t)it->rows * scan->states[n].before->count * sizeof(REAL));
        for (int n = 0; begins_block(scan, t) && n < scan->state_count; n++)
            if (scan->states[n].held)
                memset(run->states[scan->states[n].number].d, 0,
                       (size_t)it->rows * scan->states[n].before->count * sizeof(REAL));
        give_slices_back(it, scan);
    }
    for (int n = 0; n < scan->state_count; n++)
        if (beginning_of(run, scan, n))
            add_to(adjoint_of(scan->states[n].initial), run->states[scan->states[n].number].d,
                   (size_t)it->rows * scan->states[n].initial->count);
}

/* ---- what comes out ---- */

/* node->how: every step, in the order of computing, or the last one. */
static void collect_forward(Interpreter *it, const Run *run, Node *node)
{
    (void)run;
    const Value *value = node->in[0];
    size_t steps = node->how ? value->loop->turns : 1, first = value->loop->turns - steps;
    for (size_t row = 0; row < (size_t)it->rows; row++)
        for (size_t t = 0; t < steps; t++)
            memcpy(values_of(node->out) + (row * steps + t) * value->count,
                   value->y + (first + t) * value->turn + row * value->count, value->count * sizeof(REAL));
}

static void collect_backward(Interpreter *it, const Run *run, Node *node)
{
    (void)run;
    const Value *value = node->in[0];
    size_t steps = node->how ? value->loop->turns : 1, first = value->loop->turns - steps;
    for (size_t row = 0; row < (size_t)it->rows; row++)
        for (size_t t = 0; t < steps; t++)
            add_to(value->d_y + (first + t) * value->turn + row * value->count,
                   adjoint_of(node->out) + (row * steps + t) * value->count, value->count);
}

static const Word word_collect = { "collect", collect_forward, collect_backward };

static Value *collect(Composition *c, Scan *scan, Value *value, bool all)
{
    if (c->wrong || !scan || !value)
        return composition_refuse(c, "a value is missing");
    if (!scan->ended || value->loop != &scan->loop || value->shape.rank + all > LSTMC_RANK_MAX)
        return composition_refuse(c, "what comes out of a scan is a value of its body, and comes after its end");
    Shape shape = value->shape;
    if (all) {
        shape = (Shape){ value->shape.rank + 1, { (int)scan->loop.turns } };
        memcpy(shape.extent + 1, value->shape.extent, (size_t)value->shape.rank * sizeof *shape.extent);
    }
    Node *node = new_node(c, &word_collect, &value, 1, shape);
    if (node)
        node->how = all;
    return node ? node->out : NULL;
}

Value *scan_all(Composition *c, Scan *scan, Value *value)
{
    return collect(c, scan, value, true);
}

Value *scan_final(Composition *c, Scan *scan, int number)
{
    int n = 0;
    while (scan && n < scan->state_count && (scan->states[n].passes || number-- > 0))
        n++;
    return scan && n < scan->state_count ? scan_last(c, scan, scan->states[n].next)
                                         : composition_refuse(c, "a scan has no such state");
}

Value *scan_last(Composition *c, Scan *scan, Value *value)
{
    return collect(c, scan, value, false);
}
