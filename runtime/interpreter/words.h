/* words.h: the vocabulary in which layers are written here, by hand, from the textbook: affine, convolve, pool,
 * normalise, softmax, scan, keep, gather, merge, and a few that move or scale numbers. Each word has its forward and
 * its backward, written by hand; a layer composes them (composition.c; compose.c keeps and walks the list) and has no
 * backward of its own.
 *
 * A word takes values, notes what is to be done, and gives the value that will come of it. A mistake is kept in
 * Composition.wrong; the words after it do nothing. */
#ifndef INTERPRETER_WORDS_H
#define INTERPRETER_WORDS_H

#include "internal.h"

typedef struct Node Node;
typedef struct Scan Scan;

/* How a word works: on nodes of the kind that it has made. */
typedef struct Word {
    const char *name;
    void (*forward)(Interpreter *it, const Run *run, Node *node);       /* sets out */
    void (*backward)(Interpreter *it, const Run *run, Node *node);      /* adds to the adjoints of in, and gradients */
} Word;

/* A matrix in a weight of the layer: all of it, or some columns. tensor NULL: none. */
typedef struct Weight {
    const struct lstmc_tensor *tensor;
    size_t first, rows, columns, stride;    /* first: in the tensor; stride: from row to row */
} Weight;

/* Over time, or height and width: the leading axes of what is read. */
typedef struct Window {
    int axes;                               /* 1 or 2 */
    int size[2], strides[2], dilation[2];
    int before[2], after[2];                /* rows of padding, of zeros, or of nothing at all */
} Window;

struct Node {
    const Word *word;
    Value **in, *out;
    int in_count;
    Weight kernel, bias;                    /* of affine and convolve; gamma and beta; a table */
    const Activation *activation;
    int how, axis, groups;
    bool causal;                            /* attend: no step looks at later ones */
    Window window;
    double number, offset, most;            /* scale; epsilon; a rate; a slope, a threshold, the largest */
    uint64_t place;                         /* of noise */
    Weight mean, variance;                  /* normalise, given */
    bool unbiased;                          /* normalise, moving */
    long *index;                            /* move, merge */
    Value **masks;                          /* merge: of each input, or NULL; none at all: NULL */
    size_t *members;                        /* pool: of one window */
    REAL *kept;                             /* activate, drop: room for one row of numbers a sample */
    Scan *scan;
    /* After a forward in training: sets the statistics among the weights. NULL: it has none. */
    void (*update)(Interpreter *it, Node *node, REAL *weights);
};

/* Nodes in order. */
typedef struct Body {
    Node **nodes;
    int node_count, node_capacity;
    Value **values;                         /* of a layer: all that are made, in scans too */
    int value_count, value_capacity;
    Loop *loop;                             /* the body of a scan */
} Body;

typedef struct Composition {
    Interpreter *it;
    Run *run;
    Body *body;                             /* where words go: the layer's, or a scan's */
    const Layer *layer;                     /* whose weights are meant: the run's, or one that it owns */
    const char *wrong;
} Composition;

#define composition_begin   REAL_NAME(composition_begin)
#define composition_end     REAL_NAME(composition_end)
#define composition_refuse  REAL_NAME(composition_refuse)
#define composed_forward    REAL_NAME(composed_forward)
#define composed_backward   REAL_NAME(composed_backward)
#define composed_update     REAL_NAME(composed_update)
#define body_forward        REAL_NAME(body_forward)
#define body_backward       REAL_NAME(body_backward)
#define new_value           REAL_NAME(new_value)
#define new_node            REAL_NAME(new_node)
#define weight_all          REAL_NAME(weight_all)
#define weight_columns      REAL_NAME(weight_columns)
#define weight_at           REAL_NAME(weight_at)
#define gradient_at         REAL_NAME(gradient_at)

/* ---- composition.c ---- */

Composition composition_begin(Interpreter *it, Run *run);
/* `result` is what the layer puts out: NULL, or what is wrong. */
const char *composition_end(Composition *c, Value *result);
void composed_forward(Interpreter *it, Run *run);
void composed_backward(Interpreter *it, Run *run);
void composed_update(Interpreter *it, Run *run, REAL *weights);

/* ---- sequence.c ---- */

#define sequence_of REAL_NAME(sequence_of)
/* What a recurrent layer, the run's or one that it owns, makes of a sequence and its mask, which may be NULL. given:
 * what its states begin with, in Keras's order, or none. */
Value *sequence_of(Composition *c, const Layer *layer, Value *x, Value *mask, Value *const *given, int given_count);

/* ---- compose.c ---- */

Value *composition_refuse(Composition *c, const char *why);
void body_forward(Interpreter *it, const Run *run, Body *body);
void body_backward(Interpreter *it, const Run *run, Body *body);

/* For words: a value of the present body, in memory of its own unless y says where; a node that reads `in` and makes a
 * value of that shape. NULL: no memory, or a NULL among `in`. */
Value *new_value(Composition *c, Shape shape, REAL *y);
Node *new_node(Composition *c, const Word *word, Value *const *in, int in_count, Shape shape);

/* The layer's weight of that name ("kernel"), as a matrix whose columns are its last axis. */
Weight weight_all(const Composition *c, const char *name);
Weight weight_columns(Weight weight, size_t first, size_t columns);
const REAL *weight_at(const Interpreter *it, Weight weight);                    /* NULL: there is none */
REAL *gradient_at(const Interpreter *it, const Run *run, Weight weight);        /* NULL: none, or it is frozen */

/* ---- the words ---- */

#define affine              REAL_NAME(affine)
#define product             REAL_NAME(product)
#define activate            REAL_NAME(activate)
#define softmax_along       REAL_NAME(softmax_along)
#define scale               REAL_NAME(scale)
#define keep                REAL_NAME(keep)
#define drop                REAL_NAME(drop)
#define disturb             REAL_NAME(disturb)
#define drop_alpha          REAL_NAME(drop_alpha)
#define rectify             REAL_NAME(rectify)
#define rectify_by          REAL_NAME(rectify_by)
#define rectify_exponentially REAL_NAME(rectify_exponentially)
#define merge               REAL_NAME(merge)
#define add                 REAL_NAME(add)
#define subtract            REAL_NAME(subtract)
#define multiply            REAL_NAME(multiply)
#define concatenate         REAL_NAME(concatenate)
#define move                REAL_NAME(move)
#define part                REAL_NAME(part)
#define reshape             REAL_NAME(reshape)
#define repeat              REAL_NAME(repeat)
#define gather              REAL_NAME(gather)
#define spread              REAL_NAME(spread)
#define keras_window        REAL_NAME(keras_window)
#define layer_window        REAL_NAME(layer_window)
#define convolve            REAL_NAME(convolve)
#define begin_with_bias     REAL_NAME(begin_with_bias)
#define add_bias_gradient   REAL_NAME(add_bias_gradient)
#define pool                REAL_NAME(pool)
#define pool_all            REAL_NAME(pool_all)
#define normalise_layer     REAL_NAME(normalise_layer)
#define normalise_batch     REAL_NAME(normalise_batch)
#define normalise_by        REAL_NAME(normalise_by)
#define normalise_moving    REAL_NAME(normalise_moving)
#define normalise_length    REAL_NAME(normalise_length)
#define convolve_back       REAL_NAME(convolve_back)
#define attend              REAL_NAME(attend)
#define scan_begin          REAL_NAME(scan_begin)
#define scan_slice          REAL_NAME(scan_slice)
#define scan_state          REAL_NAME(scan_state)
#define scan_begins         REAL_NAME(scan_begins)
#define scan_begins_anew    REAL_NAME(scan_begins_anew)
#define scan_final          REAL_NAME(scan_final)
#define scan_step_outside   REAL_NAME(scan_step_outside)
#define scan_truncate       REAL_NAME(scan_truncate)
#define scan_next           REAL_NAME(scan_next)
#define scan_end            REAL_NAME(scan_end)
#define scan_all            REAL_NAME(scan_all)
#define scan_last           REAL_NAME(scan_last)

/* x kernel + bias, on the last axis. */
Value *affine(Composition *c, Value *x, Weight kernel, Weight bias);
/* Of each sample: a b, or a b^T, where a is [m, k]. */
Value *product(Composition *c, Value *a, Value *b, bool transposed);

/* f(x), along the last axis where that matters (softmax); of an activation by its name. */
Value *activate(Composition *c, Value *x, const char *name);
Value *softmax_along(Composition *c, Value *x, int axis);
/* factor x + offset */
Value *scale(Composition *c, Value *x, double factor, double offset);
/* v where mask is not 0, else `otherwise`, or 0 if that is NULL: no products. The mask has the first axes of v. */
Value *keep(Composition *c, Value *mask, Value *v, Value *otherwise);
/* Inverted dropout; noise by counter, keyed by the place. In a scan: the same noise in every turn. */
Value *drop(Composition *c, Value *x, double rate, uint64_t place);

/* Normal noise by counter, of that deviation: x + noise, or x (1 + noise). */
enum Disturb { DISTURB_ADD, DISTURB_MULTIPLY };
Value *disturb(Composition *c, Value *x, enum Disturb how, double deviation, uint64_t place);
/* What is dropped becomes what SELU saturates at; mean and variance stay. */
Value *drop_alpha(Composition *c, Value *x, double rate, uint64_t place);
/* x above the threshold, at most `most`; else slope (x - threshold). */
Value *rectify(Composition *c, Value *x, double slope, double threshold, double most);
/* x above zero, else a slope of its own at each position; of an axis whose extent in the weight is 1, one for all. */
Value *rectify_by(Composition *c, Value *x, Weight slope);
/* x above zero, else alpha (exp(x) - 1). */
Value *rectify_exponentially(Composition *c, Value *x, double alpha);

/* Element by element; an extent of 1 counts for all. Keras's merges, of which Maximum, Minimum and Multiply do not look
 * at what a mask says does not count; and sums and products of two values as they are. */
enum Merge { MERGE_ADD, MERGE_SUBTRACT, MERGE_MULTIPLY, MERGE_AVERAGE, MERGE_MAXIMUM, MERGE_MINIMUM };
Value *merge(Composition *c, enum Merge how, Value *const *values, int count);
Value *add(Composition *c, Value *a, Value *b);
Value *subtract(Composition *c, Value *a, Value *b);
Value *multiply(Composition *c, Value *a, Value *b);
/* Side by side along an axis; -1 is the last one, as in Keras, where the batch is axis 0. */
Value *concatenate(Composition *c, Value *const *values, int count, int axis);

/* Number i of the new shape is number index[i] of x, or 0 if that is -1. Takes a copy of index. */
Value *move(Composition *c, Value *x, Shape shape, const long *index);
/* Along an axis (from 0, without the batch): first, first + step, ...; step -1 turns it round. */
Value *part(Composition *c, Value *x, int axis, int first, int count, int step);
Value *reshape(Composition *c, Value *x, Shape shape);
Value *repeat(Composition *c, Value *x, int times);                 /* a new first axis */
/* Row ids[i] of a table. */
Value *gather(Composition *c, Value *ids, Weight table);
/* A weight, the same for all samples: an initial state that is learned. */
Value *spread(Composition *c, Weight weight, Shape shape);

/* Keras's "valid", "same" or "causal"; strides and dilation NULL: 1. */
Window keras_window(const Value *x, int axes, const int *size, const int *strides, const int *dilation,
                    const char *padding);
/* The window of a layer that slides over x, along its steps or over its rows and columns; the size under that name,
 * strides that are not said are as large. */
Window layer_window(const Layer *layer, const Value *x, const char *size_name);
/* Cross-correlation: kernel [size..., channels / groups, filters]. */
Value *convolve(Composition *c, Value *x, Weight kernel, Weight bias, Window window, int groups);
/* What both kinds of convolution have in common: out := the bias, or zeros; the gradient of the bias. */
void begin_with_bias(Interpreter *it, Node *node);
void add_bias_gradient(Interpreter *it, const Run *run, Node *node);
/* The transposed convolution over steps, into that shape: kernel [size, filters, channels]; window.before places are
 * cut off in front. */
Value *convolve_back(Composition *c, Value *x, Weight kernel, Weight bias, Window window, Shape shape);
/* Padding counts neither for the largest nor for the mean. */
enum Pool { POOL_MAXIMUM, POOL_AVERAGE };
Value *pool(Composition *c, Value *x, enum Pool how, Window window);
/* Over all axes but the last; with a mask (of the first axis), the mean is of the steps that it keeps. */
Value *pool_all(Composition *c, Value *x, enum Pool how, Value *mask);

/* gamma (x - mean) / sqrt(variance + epsilon) + beta, by feature of the last axis. The moments are those of each
 * position; of the whole batch and all positions (that a mask keeps); given as weights,
 * which do not learn. */
Value *normalise_layer(Composition *c, Value *x, Weight gamma, Weight beta, double epsilon);
Value *normalise_batch(Composition *c, Value *x, Value *mask, Weight gamma, Weight beta, double epsilon);
Value *normalise_by(Composition *c, Value *x, Weight mean, Weight variance, Weight gamma, Weight beta, double epsilon);
/* By the batch in training, and then the given moments become momentum * theirs + (1 - momentum) * its; else by
 * them. */
typedef struct Moving {
    Weight mean, variance;
    double momentum;
    bool unbiased;                          /* the moving variance is of n / (n - 1) times the variance */
} Moving;
Value *normalise_moving(Composition *c, Value *x, Value *mask, Moving moving, Weight gamma, Weight beta,
                        double epsilon);

/* By rows of features: x / max(|x|, sqrt(epsilon)), or gain x / sqrt(mean of squares + epsilon). */
enum Length { LENGTH_UNIT, LENGTH_RMS };
Value *normalise_length(Composition *c, Value *x, enum Length how, Weight gain, double epsilon);

/* Of each step t of the query the mean of the values of all steps s that the masks keep (NULL: all), by the softmax of
 * a score in each head: factor gain query(t) key(s), or the sum of share tanh(gain (query(t) + key(s))). Zeros where
 * there is none to look at. Dropout on the weights, noise {steps of the query, heads, steps of the value}. */
enum Score { ATTEND_DOT, ATTEND_TANH };
typedef struct Attend {
    enum Score how;
    int heads;
    bool causal;                            /* no step looks at later ones */
    double factor, rate;
    uint64_t place;                         /* of noise */
    Weight gain, share;                     /* one number; one, or one for each feature. None: 1 */
} Attend;
Value *attend(Composition *c, Value *query, Value *key, Value *value, Value *const masks[2], Attend attend_by);

/* A loop over time: between scan_begin and scan_end words are the body, which is run once for every step. A slice is
 * what it reads of a sequence at its step (the first axis), the last one first if it is reversed. A state begins with
 * `initial`, or with what reset and carry leave in it. scan_next says what it is after the step. Afterwards, scan_all
 * and scan_last give a value of the body at every step, in the order of computing, and at the last one. */
Scan *scan_begin(Composition *c, int steps, bool reversed);
Value *scan_slice(Composition *c, Scan *scan, Value *sequence);
Value *scan_state(Composition *c, Scan *scan, const char *name, Shape shape, Value *initial);
/* The state begins there after a reset, and after a carry where it was. */
void scan_begins(Composition *c, Scan *scan, Value *before, Value *initial);
/* It begins there each time: nothing is carried. */
void scan_begins_anew(Composition *c, Scan *scan, Value *before, Value *initial);
/* Truncated back-propagation through time: no gradient goes through the states, those that are there, from one block of
 * so many turns to the one before; block 0: all is one. */
void scan_truncate(Composition *c, Scan *scan, int block);
/* Words go in front of the loop, until they go into its body again. */
void scan_step_outside(Composition *c, Scan *scan, bool outside);
void scan_next(Composition *c, Scan *scan, Value *state, Value *next);
void scan_end(Composition *c, Scan *scan);
Value *scan_all(Composition *c, Scan *scan, Value *value);
Value *scan_last(Composition *c, Scan *scan, Value *value);
/* State 0, 1, ... of those that began without a value, behind the last step. */
Value *scan_final(Composition *c, Scan *scan, int number);

#endif
