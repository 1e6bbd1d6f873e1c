/* ir.h: the one statement form: named axes with constant extents, tensors with roles, a flat list of statements
 *
 *     lstm.z[t,b,g,n] += lstm.kernel[j,100*g+n] * embedding.y[t,b,j]     over b g n j     in loop t
 *
 * `out[index] = | += | max= scalar expression`. Matrix product, gates, softmax, loss are all just statements.
 * A time loop is the only sequential construct; a recurrence is h[t] against h[t+1], row 0 being the incoming state. */
#ifndef IR_H
#define IR_H

#include "compiler/base/base.h"
#include "compiler/base/out.h"

#include "runtime/lstmc_model.h"

#define TENSOR_RANK_MAX 6
#define STATEMENT_AXES_MAX 10
#define INDEX_TERMS_MAX 8

typedef enum AxisKind {
    AXIS_PLAIN,
    AXIS_BATCH,     /* bound to `rows` when the code runs; its extent is the largest */
    AXIS_TIME
} AxisKind;

typedef struct Axis {               /* compared by pointer */
    const char *name;
    int extent;
    AxisKind kind;
    /* set when C is written (emit_extents.c): what the extent is called; NULL: it is a number */
    const char *size;
} Axis;

typedef enum Role {
    ROLE_INPUT,         /* x [b, ...]: float, or integer ids */
    ROLE_LENGTHS,       /* [b] integer: so many steps of each row count */
    ROLE_TARGET,        /* [b, ...]: float, or integer classes */
    ROLE_SAMPLE_WEIGHT, /* [b] */
    ROLE_SCALE,         /* [] the factor of the loss */
    ROLE_TRAINING,      /* [] 1; 0 where a training program only evaluates */
    ROLE_WEIGHT,        /* Keras's layout; `weight` says which */
    ROLE_NOISE,         /* [b, ...] dropout: filled from the counter generator at the start of forward */
    ROLE_STATE,         /* [t, b, ...] with `incoming` rows more than its loop has turns: the first ones come in */
    ROLE_VALUE,
    ROLE_OUTPUT,        /* y [b, ...] */
    ROLE_LOSS,          /* [] */
    ROLE_ADJOINT,       /* d_value; d_output is the adjoint of ROLE_OUTPUT */
    ROLE_GRADIENT,      /* the adjoint of a trainable weight, or of the input */
    ROLE_MEMORY         /* what was encoded, and is read at each step of a decoder */
} Role;

/* Where plan puts a tensor: the struct (or argument) of the generated interface that holds it. */
typedef enum Home {
    HOME_NONE,
    HOME_ARGUMENT,
    HOME_WEIGHTS,
    HOME_GRADIENTS,
    HOME_PREPARED,
    HOME_TAPE,
    HOME_STATE,
    HOME_SCRATCH,
    HOME_MEMORY,
    HOME_LOCAL,
    HOME_REGISTER /* lives and dies within one turn of a tile */
} Home;

/* How the elements of a tensor lie in memory; a function of the target's lanes alone. */
typedef enum Layout {
    LAYOUT_ROWS,            /* row-major as declared */
    LAYOUT_PADDED,          /* row-major, the last extent rounded up to whole lanes */
    LAYOUT_SPACED,          /* row-major; what belongs to one sample of one step is one row, with a gap behind it */
    /* [last / lanes][all the others][lanes]: a vector, and its neighbours in the other dimensions beside it */
    LAYOUT_BLOCKED
} Layout;

typedef struct Tensor Tensor;
struct Tensor {
    int number;                     /* position in Ir.tensors */
    const char *layer;              /* "lstm", "" for the model's own: x, output, target, loss */
    const char *name;               /* "z" */
    Role role;
    bool integer;                   /* int32_t elements */
    int rank;
    int extent[TENSOR_RANK_MAX];
    int batch_dimension, time_dimension;    /* which dimension is batch, time; -1 if none */
    const struct lstmc_tensor *weight;      /* ROLE_WEIGHT, and ROLE_GRADIENT of a weight */
    bool trainable;                         /* ROLE_WEIGHT; ROLE_INPUT if the input's gradient is asked for */
    float rate;                             /* ROLE_NOISE: what part is dropped; of normal noise its deviation */
    bool normal;                            /* ROLE_NOISE: numbers to add, not those of a dropout */
    int vocabulary;                         /* ROLE_INPUT, integer: ids are below */
    int steps;                              /* ROLE_LENGTHS: so many count where the caller gives none: all */
    /* A sum over the rows of the whole batch, or the adjoint of one: what a tape has of it is complete when the engine
     * has added that of the other tapes, after the phase that writes it (phases.c). */
    bool reduced;
    int incoming;                   /* of a state: its rows before the first step; 0 otherwise */
    bool decodes;                   /* of a state: it is one of the decoder, which reads its input step by step */
    bool kept;                      /* the caller may look at it: it stays on the tape */
    const struct lstmc_tensor *updates;     /* the statistic that it is after the batch; NULL: none */
    int place;                              /* ROLE_NOISE: the stream of its numbers, unique in the model */
    Tensor *adjoint;                        /* set by grad, NULL if nothing flows */

    /* set by plan */
    Home home;
    /* rows of the time dimension that are kept: 0 all, 1 the current one, 2 row index modulo 2 */
    int window;
    int lifetime_first, lifetime_last;
    /* scratch and tape locals: the group that may share memory with other groups; -1 alone */
    int unit;

    Layout layout;                  /* set by tile, or by blas */
    int lanes;                      /* of the layout */
    /* set by flatten, where gates lie one after the other: so many vectors are summed side by side; 0: it is not
     * flat */
    int panel;
    int gap;                        /* of LAYOUT_SPACED, in floats */
    /* set by tile: a time loop is at work on so few units of it that the rows of the batch lie in the lanes */
    bool has_few_units;
    bool in_struct;                 /* set by tile, of an input: one of several, a member of the sample's struct */
    const char *size[TENSOR_RANK_MAX];      /* of its extents: as of an axis */
    const char *member;                     /* set when C is written: its name in its unit (emit_tensor.c) */
    /* set by pack: neighbours in this dimension are the halves of a word, each a bf16; -1: floats */
    int paired;
};

typedef struct Access Access;

/* An affine index: constant + sum of coefficient * axis; or, for a gather, the element of an integer tensor. */
typedef struct Index {
    int constant;
    int terms;
    Axis *axis[INDEX_TERMS_MAX];
    int coefficient[INDEX_TERMS_MAX];
    Access *gather;                 /* not NULL: ids clamped at entry stand in for the affine part */
} Index;

struct Access {
    Tensor *tensor;
    Index index[TENSOR_RANK_MAX];
};

typedef enum Op {
#define LEAF(op, ...)               OP_##op,
#define OPERATION(op, formula, ...) OP_##op,
#include "ops.h"
#undef LEAF
#undef OPERATION
    OP_COUNT
} Op;

typedef struct Expr Expr;
struct Expr {
    Op op;
    double value;
    Access access;
    Index position;
    Expr *argument[2];
};

/* When a statement can run: the compiler's one sentence, "everything known early is computed early". */
typedef enum BindingTime {
    TIME_PREPARE,       /* depends on weights only */
    TIME_CALL,          /* once a call, outside every time loop */
    TIME_STEP           /* truly recurs */
} BindingTime;

typedef enum Section {
    SECTION_RESET,
    SECTION_FORWARD,
    SECTION_CARRY,
    SECTION_LOSS,
    SECTION_BACKWARD,
    SECTION_COUNT
} Section;

typedef enum Accumulate { ACCUMULATE_SET, ACCUMULATE_ADD, ACCUMULATE_MAX } Accumulate;

typedef struct Loop {               /* a time loop: consecutive statements with the same Loop are its body */
    Axis *axis;
    bool reversed;
    /* set by piece: its turns are done in pieces of so many, each followed by the tiles that `follow`. 0: in one */
    int piece;
    const struct Idle *idle;        /* set by idle; NULL: all turns are alike */
} Loop;

typedef struct Idle {               /* what is left of a turn at which the mask is 0 for all rows */
    Access mask;                    /* as the loop reads it: [t], or [t,b] */
    struct Statement **statements; int count;
} Idle;

/* Consecutive statements that are emitted as one nest over vectors; set by schedule. Every axis of such a statement is
 * one of point:   lane, row or outer: all statements of the tile have the same ones, and meet only at the same point;
 *   copied:  another axis of the output (gates): its positions are written out side by side;
 *   summed:  not in the output: a loop inside, in the statement's order, its unroll[] written out.
 *     for outer... { for lane by blocks * vector { for row by rows { statements } } }
 * With `dot` the lane axis is summed: vectors along it are added up, and their lanes at the end. */
typedef struct Tile {
    Axis *lane;                     /* vectors lie along it */
    bool dot;
    int blocks;                     /* vectors along the lane axis side by side */
    Axis *row;                      /* NULL: none, and rows is 1 */
    /* positions along the row axis side by side, in registers as long as sums are formed */
    int rows;
    /* so many times `rows` make a block of the row axis; the loop over blocks stands outside of that along the lanes.
     * 0: there are none */
    int row_block;
    int sets;                       /* accumulators of each sum, for its terms in turn */
    /* side by side where vectors have fewer floats than there are lanes, and machines fewer registers; rows 0: these */
    struct { int rows, blocks; } narrow;
    /* along the lane axis, turn by turn of the time loop: a cache still holds the end of what was read last */
    bool back_and_forth;
    /* a summed axis that is cut into pieces of chunk_extent; the loop over them stands outermost. NULL: none */
    Axis *chunk;
    int chunk_extent;
    int outer_count;                /* outermost first */
    Axis *outer[STATEMENT_AXES_MAX];
    /* set by piece: runs after each piece of this loop, for the turns of that piece; NULL: for all at once */
    const Loop *follows;
    const Axis *turns;              /* its own axis over those turns: the chunk, or an outer one */
    /* set by pack, of a copy: the loop along the lanes stands outermost, so that what it writes is one stream */
    bool lanes_first;
    /* of such a copy, if vectors of its source lie along this axis: it goes square by square; NULL: they do not */
    const Axis *across;
    bool skips_idle;                /* set by idle: where all of those were idle, it does nothing */
} Tile;

typedef struct Statement {
    Access out;
    Accumulate accumulate;
    Expr *value;
    int axis_count;
    Axis *axes[STATEMENT_AXES_MAX]; /* outermost first; the axis of the loop is not among them */
    Loop *loop;                     /* NULL: outside */
    Section section;
    int phase;                      /* set by phases: of its section; in a step: which pace it keeps */
    /* of a layer that slides windows over a sequence: their strides, and the steps before the last one of the first
     * window; every 0: it does not */
    int every, waits;
    const char *layer;              /* whose mathematics this is */
    BindingTime time;               /* set by stage */
    int unroll[STATEMENT_AXES_MAX]; /* set by schedule: 1 a plain loop, n copies of the body, the extent: no loop */
    /* set by blas: a call of BLAS, or the zero in front of one from which its sums start */
    bool blas;
    Tile *tile;                     /* set by schedule; NULL: a nest of plain loops of its own */
    Loop *left;                     /* set by stage: the loop that it was moved out of */
    /* set by plan: what a tile leaves of the output is read nowhere else, and need not go to memory */
    bool unread;
    /* set by rows, of a copy, where ranges of the weights are prepared: the axis of its rows; NULL: it is done whole */
    const Axis *rows_of_weight;
    /* set by first_turn: at position 0 of this axis, of time, nothing is added that counts, where this state is 0
     * before its loop; NULL: something is */
    const Axis *first;
    const Tensor *first_state;
} Statement;

/* a run of one layer's statements in one section: what lives within one shares memory with the others */
typedef struct Unit {
    const char *name;               /* "lstm_backward", unique; NULL if nothing lives in it alone */
    const char *layer;
    Section section;
} Unit;

/* A streaming step that does not go on each time, but every so many: from the phase of this number on. */
typedef struct Pace {
    int every;
    Tensor *waits;                  /* [1] a state: how many times it still does not go on */
} Pace;

typedef struct Ir {                 /* one program: training, inference, or one streaming step */
    Arena *arena;
    const struct lstmc_model *descriptor;
    bool training;
    bool prepares_ranges;           /* set by rows: all that is prepared can be, row by row of the weights */
    bool keep_adjoints;             /* what flows back to the states is there for every step when M_backward is done */
    /* extent of the batch axis; 1: the axis is absent from every tensor and statement */
    int batch;
    Axis *batch_axis;               /* NULL if batch is 1 */
    /* set by phases: between two of them the engine adds up what the tapes have of tensors that are `reduced` */
    int phases[SECTION_COUNT];
    Pace *paces;                    /* of a step: where phase 1, 2 ... begins */
    int pace_count;
    Tensor **tensors;    int tensor_count, tensor_capacity;
    Statement **statements; int statement_count, statement_capacity;
    Tensor **inputs;                    /* one, or the samples are structs that have all of them */
    int input_count;
    Tensor *decoder;                    /* the input that is read step by step; NULL: none */
    Tensor *mask;                       /* of a layer alone that makes one: which steps of its output count */
    Tensor *lengths;                    /* NULL: all steps count */
    Tensor *output, *target, *sample_weight, *scale, *loss;     /* the last four NULL unless training */
    Unit *units;         int unit_count, unit_capacity;                 /* set by plan: what tensor->unit numbers */
} Ir;

/* Building blocks (ir.c). */
Ir        *ir_create(Arena *arena, const struct lstmc_model *descriptor);
Tensor    *ir_tensor(Ir *ir, Role role, const char *layer, const char *name, int rank, const int *extent);
Axis      *ir_axis(Ir *ir, const char *name, int extent, AxisKind kind);
Statement *ir_statement(Ir *ir, Section section, Loop *loop, Accumulate accumulate, Access out, Expr *value,
                        int axis_count, Axis *const *axes);
Index      index_constant(int constant);
Index      index_axis(Axis *axis);
bool       index_equal(const Index *a, const Index *b);
bool       access_equal(const Access *a, const Access *b);
bool       index_is_constant(const Index *index);               /* the same place at all positions of all axes */
bool       index_uses(const Index *index, const Axis *axis);    /* gathers included */
int        index_smallest(const Index *index);                  /* over all positions of its axes */
int        index_largest(const Index *index);
/* d_output, the adjoint of the output; NULL: there is none */
const Tensor *ir_output_adjoint(const Ir *ir);
bool       tensor_is_row_major(const Tensor *tensor);           /* with or without gaps */
int        tensor_row_floats(const Tensor *tensor);             /* of what belongs to one sample of one step */
size_t     tensor_count(const Tensor *tensor);                  /* elements, without the padding of its layout */
int        tensor_row_start(const Tensor *tensor);              /* the first dimension behind batch and time */
/* Calls `visit` for every load in the expression, the loads inside gathers included. */
void       expr_visit_loads(const Expr *expr, void (*visit)(void *context, const Access *access), void *context);
/* Calls `visit` for all that the statement reads: the loads of its value, and what says where its result goes. */
void       statement_visit_reads(const Statement *statement, void (*visit)(void *context, const Access *access),
                                 void *context);

/* Expressions (expr.c): constructors fold constants and neutral elements (x*1, x+0, x*0). */
Expr *expr_constant(Arena *arena, double value);
Expr *expr_load(Arena *arena, Access access);
Expr *expr_position(Arena *arena, Index position);
/* A copy, as other statements may have a part of the expression, in which each load reads what `rewrite` says. */
Expr *expr_with_accesses(Arena *arena, const Expr *expr, Access (*rewrite)(void *context, const Access *access),
                         void *context);
Expr *expr_make(Arena *arena, Op op, Expr *a, Expr *b);
enum { PRECEDENCE_CALL, PRECEDENCE_SUM, PRECEDENCE_PRODUCT, PRECEDENCE_SIGN };

typedef struct OpTraits {   /* a row of ops.h */
    const char *name;       /* "tanh"; the sign for infix ones: "+" */
    const char *lua;        /* what the vocabulary calls it; NULL: no layer can say it */
    int arity;
    int precedence;         /* of an infix sign; PRECEDENCE_CALL: written as a call */
    bool transcendental;    /* stands at the root of a statement, so that its derivative can use the output */
    double (*evaluate)(double a, double b);     /* NULL: constants, loads and positions have no arguments */
    /* d expr / d argument `which`; NULL, and `adjoint` too: no gradient flows */
    Expr *(*derive)(Arena *arena, const Expr *expr, int which, Expr *output);
    /* From the stored output alone, for what recurs: a few operations, but 1 - y*y has no digits left where y is close
     * to 1. NULL: as ever. */
    Expr *(*derive_fast)(Arena *arena, Expr *output);
    /* What the argument's adjoint is, given that of the expression, where it is no product with the derivative. */
    Expr *(*adjoint)(Arena *arena, const Expr *expr, int which, Expr *d_expr);
    int first_flows;        /* the first argument through which a gradient flows: a mask in front is none */
    /* What is simpler than the operation on these arguments; NULL: nothing. Constants alone are computed before. */
    Expr *(*fold)(Arena *arena, Expr *a, Expr *b);
    /* As C; every @ is an argument. `vector_precise`: where it does not recur, and its digits are worth more than its
     * time; NULL: the same. `helper`: the function of one number that `scalar` calls; NULL: it is C's own. */
    const char *scalar, *helper, *vector, *vector_precise;
} OpTraits;
extern const OpTraits op_traits[OP_COUNT];
bool expr_flows(const Expr *expr, int which);    /* a gradient flows through argument `which` */
/* The adjoint of argument `which`, given the expression and its adjoint: d_expr times the derivative, if nothing else
 * is said. `output` stands for the value of the expression where that is stored, else NULL; `recurs`: it is computed at
 * each turn of a time loop, where derive_fast is worth its digits. */
Expr *expr_adjoint(Arena *arena, const Expr *expr, int which, Expr *d_expr, Expr *output, bool recurs);

/* The printed form (ir_print.c): the dump, the golden files, and the comment over each emitted kernel. */
void  ir_print(Out *out, const Ir *ir);
char *statement_text(Arena *arena, const Statement *statement);  /* one line, without "over" and "in loop" */
char *statement_axes_text(Arena *arena, const Statement *statement);  /* "over b g n     in loop t" */

/* What the axes of a nest are called in it (axis_names.c): no two of a statement alike. */
typedef struct AxisName {
    const Axis *axis;
    const char *name;
} AxisName;

typedef struct AxisNames {
    Arena *arena;
    AxisName *list; int count, capacity;
} AxisNames;

/* Of the statements of one nest; `legal` makes a name one that the language has, NULL: each is. */
const AxisNames *axis_names(Arena *arena, const Statement *const *statements, int count,
                            const char *(*legal)(Arena *arena, const char *name));
const char *axis_name(const AxisNames *names, const Axis *axis);
char *statement_text_in(const AxisNames *names, const Statement *statement);    /* as in the nest of these names */
/* the shortest decimal that reads back as the same double; "inf", "-inf" */
char *constant_text(Arena *arena, double value);

/* The checker (ir_check.c), after every pass: set before read, all axes bound, every index proven inside its tensor,
 * loops contiguous, no write after read. Returns NULL, or what is wrong (arena memory). */
const char *ir_check(const Ir *ir);

#endif
