/* flow.h: a graph of ONNX on its way to layers. A step is a layer in the making. A flow is what one of the graph's
 * tensors is of a step's output: which of its axes lie where, so that Transpose, Squeeze, Unsqueeze and Reshape need no
 * layers, and axes can stand in another order than a description has them: the batch first, the features last. */
#ifndef FLOW_H
#define FLOW_H

#include "onnx.h"

#define ATOMS_MAX 12
#define SAMPLE_RANK_MAX 4
#define STATES_MAX 4            /* h and c, forward and backward */

/* A size. One that the file leaves open is computed with as a number that no other size is, and has a text: what a
 * description writes for it. */
typedef struct Extent {
    int64_t size;
    const char *text;           /* NULL: the number itself */
} Extent;

typedef struct Step Step;

typedef struct Ref {            /* what a step puts out */
    Step *step;
    int state;                  /* OUTPUT; of a loop over time from 0 on, which of its states behind the last step */
} Ref;

#define OUTPUT (-1)

typedef struct Loop {           /* over time */
    DraftLayer *inner[2];       /* forward and backward, without what says what they return; the first of one
                                 * direction is the step's own */
    bool forward, backward;
    int state_count;            /* of one direction */
    bool has_lengths;
    bool gives_output, gives_states[STATES_MAX];    /* what is read of it (layers.c) */
} Loop;

struct Step {
    DraftLayer *layer;          /* arguments and weights; not in the draft yet */
    Ref *from; int from_count, from_capacity;
    int initial_count;          /* the last of these are the states that it begins with */
    int rank;
    Extent shape[SAMPLE_RANK_MAX];      /* of a sample of its output */
    bool takes_bias, takes_activation;  /* it has none yet */
    Loop *loop;                 /* NULL: none */
    bool looks;                 /* at all steps of what it reads, which a mask would hide (attention.c) */
    double factor;              /* of a Rescaling that only multiplies; 0: it is something else */
    int number;                 /* of the steps */
    bool is_read, is_there;     /* by an output of the graph; in the draft */
    int place, state_places[STATES_MAX];        /* in the draft */
    Step *same_as;              /* a loop whose last output it is: no layer of its own; NULL */
};

/* A tensor of the graph. Its elements lie in memory as the step puts them out: by the batch, and then by atoms, which
 * are the extents of a sample, or parts of them; each axis of the tensor is a list of atoms, row-major, or none where
 * the extent is 1. */
typedef struct Axis {
    int count;
    int atoms[ATOMS_MAX];
} Axis;

typedef struct Flow {
    Ref ref;
    int atom_count;
    Extent atoms[ATOMS_MAX];    /* the first is the batch */
    int rank;
    Axis axes[ONNX_RANK_MAX];
    bool alone_by_name;         /* who reads what the step puts out reads this tensor */
    bool alone;                 /* and there is one who does */
} Flow;

/* What a name of the graph stands for: numbers, a flow, or several flows one behind the other along an axis, which need
 * no layer if they are taken apart again. */
typedef struct Value {
    const Array *array;
    Flow *flow;
    Flow **parts; int part_count;
    int axis;
} Value;

typedef struct Importer {
    Draft *draft;
    Arena *arena;
    const OnnxModel *model;
    const OnnxNode *node;       /* the one that is being translated */
    struct TextIndex *index;    /* names to places in values */
    Value *values; int *uses; int value_count, value_capacity, use_capacity;
    const int *input_order;     /* [input][ONNX_RANK_MAX]: axes of each input of the graph, the batch first (axes.c) */
    Step **steps; int step_count, step_capacity;
    const char *sizes[8]; int size_count;       /* what open sizes are called in the graph */
    size_t number_count;        /* of arrays that were computed */
    bool *done;                 /* nodes that others have taken in */
    bool failed;
} Importer;

/* ---- importer.c: names, messages ---- */

/* The first thing that cannot be taken, with the node and what it reads; later ones are silent. Always false. */
bool cannot(Importer *importer, const char *format, ...) PRINTF_LIKE(2, 3);
int place_of_name(Importer *importer, const char *name);
/* What input number `i` of the node is; NULL if there is none. */
Value *input_value(Importer *importer, int i);
const Array *input_array(Importer *importer, int i);
void set_array(Importer *importer, int output, const Array *array);
void set_flow(Importer *importer, int output, Flow flow);
void set_value(Importer *importer, int output, Value value);
int uses_of(Importer *importer, const char *name);
bool has_output(Importer *importer, int i);
int64_t to_integer(double number);

/* ---- extents.c ---- */

#define BATCH_SIZE 1000003      /* where it is open */

/* An open size by what the graph calls it. */
Extent open_extent(Importer *importer, const char *symbol, const char *parameter);
Extent extent_of(int64_t size);
Extent extent_times(Arena *arena, Extent a, Extent b);
Extent extent_plus(Arena *arena, Extent a, int64_t n);
Extent extent_divided(Arena *arena, Extent a, int64_t n);       /* rounded down */
const char *extent_text(Arena *arena, Extent extent);

/* ---- steps.c ---- */

Step *step_new(Importer *importer, const char *kind, int rank, const Extent *shape);
void step_read(Importer *importer, Step *step, Ref from);
void step_argument(Importer *importer, Step *step, const char *name, const char *text);
void step_weight(Importer *importer, Step *step, const char *found, int rank, const size_t *shape, const float *values);
/* A step that has been made before with the same arguments and the same inputs, and no weights, in place of it. */
Step *step_once(Importer *importer, Step *step);
/* A layer or an activation of the description's own, once. */
void define(Importer *importer, const char *text);
float *new_floats(Importer *importer, size_t count);

/* ---- flow.c ---- */

/* Axis i of the tensor is axis order[i] of the step's samples, from 1 on, or 0, the batch; -1: an extent of 1. */
Flow flow_of_step(Ref ref, Extent batch, int rank, const int *order);
Extent axis_extent(Importer *importer, const Flow *flow, int axis);
int axis_number(const Flow *flow, double axis);         /* counts those below zero from the end; -1: there is none */
bool is_batch(const Flow *flow, int axis);
int batch_axis(const Flow *flow);                       /* which is the batch and nothing else; -1 */
bool flow_transpose(Importer *importer, Flow *flow, const int *order);
bool flow_remove(Importer *importer, Flow *flow, int axis);      /* its extent is 1 */
void flow_tidy(Flow *flow);                             /* an atom of one element is none */
void flow_insert(Flow *flow, int axis);
bool flow_merge(Flow *flow, int first, int count);      /* axes next to each other become one */
bool flow_reshape(Importer *importer, Flow *flow, const int64_t *shape, int rank);
/* A step whose samples have these axes, the first being the batch, in this order; of those that are left out each has
 * an extent of 1. The flow is then that of this step. */
bool flow_arrange(Importer *importer, Flow *flow, const int *order, int count);
/* The axis becomes the last one of the samples, as one extent; the others stay as they lie. */
bool flow_features_last(Importer *importer, Flow *flow, int axis);
/* The axes in the order in which they lie in memory, batch first, those of extent 1 left out; how many. */
int flow_order(const Flow *flow, int *order);
/* The extents of a sample of what its step puts out; how many. */
int flow_shape(const Flow *flow, Extent *shape);
/* The same tensor put out by another step, which has changed numbers and no extents. */
void flow_through(Importer *importer, Flow *flow, Step *step);

/* ---- select.c ---- */

/* `count` places of the axis from `begin` on, `by` apart. */
bool flow_select(Importer *importer, Flow *flow, int axis, int64_t begin, int64_t count, int64_t by);
/* The steps of a sequence, the last one first. */
void flow_reverse(Importer *importer, Flow *flow);

/* ---- settle.c ---- */

/* The flow of a value; several become one by a layer. NULL with a message. */
Flow *input_flow(Importer *importer, int i);
Flow *settle(Importer *importer, Value *value);

/* ---- arrays.c ---- */

/* With room for its numbers, for one if they are uniform; NULL with a message if there would be too many. */
Array *array_new(Importer *importer, int rank, const int64_t *shape, bool uniform);
/* What stands at `offset` and, along each axis of the new shape, so many elements further each; NULL with a message. */
Array *array_view(Importer *importer, const Array *from, int rank, const int64_t *shape, const int64_t *strides,
                  int64_t offset);
/* Stretched to that shape, as operands are; NULL with a message. */
Array *array_stretched(Importer *importer, const Array *from, int rank, const int64_t *shape);
void array_strides(const Array *array, int64_t *strides);
double array_at(const Array *array, size_t i);
bool all_are(const Array *array, double number);
bool is_single(const Array *array);         /* one number, however often */
float *array_floats(Importer *importer, const Array *array);
/* A list of integers: of attribute `name`, or of input number `i` if there is no such attribute; -1: neither. */
int integers(Importer *importer, const char *name, int i, int64_t *list, int most);

/* ---- functions.c ---- */

bool is_function(const char *operation);
/* What alpha and beta are unless they are given; whether its formula has 'A' or 'B', as they stand for these. */
void function_numbers(const char *operation, double *alpha, double *beta);
bool function_takes(const char *operation, char number);
/* The activation by its name in a description, of x that is held between -clip and clip before, unless clip is 0. */
const char *function_name(Importer *importer, const char *operation, double alpha, double beta, double clip);

/* ---- activation.c ---- */

/* By its name in a description: in the layer that the flow comes from, or behind it. */
bool activate(Importer *importer, Flow *flow, const char *name);
/* Of a Clip; infinite where there is none. */
bool clip_bounds(Importer *importer, double *low, double *high);

/* ---- fold.c: nodes all of whose inputs are known ---- */

/* Whether it is one; then its outputs are known, or the message was said. */
bool fold_node(Importer *importer);
/* Of these, what moves numbers and makes none (fold_view.c). */
bool fold_view(Importer *importer);
/* What a Slice takes, axis by axis. False with words. */
typedef struct Slices {
    int count;
    int64_t begins[ONNX_RANK_MAX], ends[ONNX_RANK_MAX], axes[ONNX_RANK_MAX], steps[ONNX_RANK_MAX];
} Slices;
bool read_slices(Importer *importer, Slices *slices);
/* Where a Slice begins and how many it takes of an axis of that extent; larger steps than that are as good. */
void slice_bounds(int64_t extent, int64_t *begin, int64_t end, int64_t *step, int64_t *count);

/* ---- nodes by what they do; false if the message was said ---- */

bool import_recurrent(Importer *importer);
bool import_product(Importer *importer);        /* Gemm, MatMul */
bool import_arithmetic(Importer *importer);     /* Add, Sub, Mul, Div, Max, Min, Mean, Sum */
bool import_activation(Importer *importer);
/* An activation of several nodes (composed.c); false without words: it is none. */
bool import_composed(Importer *importer);
/* Attention, of several nodes (attention.c); false without words: it is none. */
bool import_attention(Importer *importer);
bool import_window(Importer *importer);         /* Conv, pooling */
bool import_norm(Importer *importer);
bool import_view(Importer *importer);           /* Transpose, Reshape ... */
bool import_part(Importer *importer);           /* Slice, Gather, Split */
bool import_repeat(Importer *importer);         /* Tile */

/* Axes of all inputs (axes.c). */
const int *find_axes(Arena *arena, const OnnxModel *model);
/* The draft of the steps that the outputs read (layers.c). */
void draft_steps(Importer *importer, Flow *const *outputs, int count);

#endif
