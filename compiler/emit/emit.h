/* emit.h: planned programs to the text of the two generated files. */
#ifndef EMIT_H
#define EMIT_H

#include "programs.h"

typedef struct Groups Groups;

/* `of_trained`: what the numbers of a trained model mean; NULL: nothing is known. */
void emit_header(Out *out, Arena *arena, const Programs *programs, const char *of_trained);
void emit_source(Out *out, Arena *arena, const Programs *programs);
/* Why no C can be written for a model of this name; NULL: it can. */
const char *emit_name_refused(Arena *arena, const Model *model);

/* ---- sizes (emit_sizes.c): what sizeof says of the generated structs, in bytes; 0 where the model has
 * no such struct */

typedef struct Sizes {
    size_t weights, gradients, packed, training, scratch, batch_scratch, state, tape;
    size_t memory, encode_scratch, decode_scratch;      /* of a model with a decoder, whose state is `state` */
    size_t step_stack;      /* arrays that M_step has on the stack; registers that the compiler spills come on top */
} Sizes;
Sizes  emit_sizes(const Programs *programs);
#define STRUCT_BYTES_MAX ((size_t)1 << 31)
/* The generated struct that is larger than STRUCT_BYTES_MAX ("sentiment_tape"), or NULL. */
const char *emit_too_large(Arena *arena, const Programs *programs);
size_t emit_multiply_adds(const Ir *ir, Section section);       /* of one sample */
size_t emit_activations(const Ir *ir, Section section);         /* transcendental operations of one sample */
const char *emit_readable_bytes(Arena *arena, size_t bytes);    /* "1.4 MB" */
const char *emit_readable_count(Arena *arena, size_t count);    /* "213 301" */

/* ---- the parts of the emitter ---- */

/* Names (emit_names.c). */
const char *c_name(Arena *arena, const char *name);             /* as a member */
const char *c_layer_name(Arena *arena, const char *layer);      /* as the struct of a layer */
const char *c_variable_name(Arena *arena, const char *name);
const char *c_index_name(Arena *arena, const char *name);       /* of an axis, as a loop variable */
const char *weight_layer(Arena *arena, const struct lstmc_tensor *weight);
const char *weight_name(const struct lstmc_tensor *weight);
const char *c_weight_group(Arena *arena, const struct lstmc_model *descriptor, const struct lstmc_tensor *weight);
const char *macro_prefix(Arena *arena, const struct lstmc_model *descriptor);
const char *quoted_text(Arena *arena, const char *text);        /* as a C string, quotes included (emit_descriptor.c) */
/* a file's name must not end the comment that it stands in */
const char *comment_text(Arena *arena, const char *text);
/* Text with @ for the model's name, $ for the prefix of its macros, <x> and <target> for the types of its data. */
char       *fill_template(Arena *arena, const Model *model, const char *text);
/* the first comment of both files */
void        emit_stamp(Out *out, Arena *arena, const Programs *programs, const char *suffix);

/* what follows it in the header: how to use the functions (emit_stamp.c) */
void        emit_usage(Out *out, Arena *arena, const Programs *programs);
const char *emit_shape(Arena *arena, int rank, const int *shape);   /* "[24, 8]" */
/* The first line of the files of a trained model: "_weights.c". */
void        emit_trained_stamp(Out *out, Arena *arena, const Programs *programs, const char *suffix);

/* What lives in one home (emit_contents.c). */
typedef struct TensorList {
    const Tensor **list;
    int count, capacity;
} TensorList;

typedef struct Contents {
    TensorList interface;                   /* what belongs to the model as a whole */
    TensorList *layers; int layer_count;    /* in the order of their first tensors; none is empty */
    TensorList *units;                      /* by the unit's number */
} Contents;
Contents    contents_of(Arena *arena, const Ir *ir, Home home);

/* Tensors as members (emit_tensor.c). */
bool        tensor_is_shared(const Tensor *tensor);             /* its memory, with tensors of other units */
/* its name as one of the model as a whole, "d_output"; NULL: it belongs to a layer, or a unit */
const char *tensor_of_model(const Ir *ir, const Tensor *tensor);
/* the extent that is kept: its window in the time dimension */
int         tensor_rows(const Tensor *tensor, int dimension);
/* of what is kept, the padding of its layout included */
size_t      tensor_elements(const Tensor *tensor);
/* dimensions of the array that holds it: one more where it is blocked */
int         tensor_memory_rank(const Tensor *tensor);
int         tensor_memory_extent(const Tensor *tensor, int dimension);
/* Of whole vectors, where some tensor of its home is of vectors. */
bool        tensor_is_whole(const Ir *ir, const Tensor *tensor);
bool        tensor_has_words(const Tensor *tensor);             /* a word for every two elements */
bool        home_has_vectors(const Ir *ir, Home home);          /* a tensor in it has a layout made for vectors */
/* "lstm.z", without the struct it is in */
const char *tensor_member(Arena *arena, const Ir *ir, const Tensor *tensor);
/* Sets what tensors are called in their units. */
void        emit_name_members(Arena *arena, const Ir *ir);
const char *home_pointer(const Ir *ir, Home home);              /* "tape" */
/* "float h[REBER_LSTM_TIMESTEPS][16];"; `named`: by the names of sizes. */
void        emit_tensor_line(Out *out, Arena *arena, const Ir *ir, const Tensor *tensor, const char *name, bool named);
/* The lines inside of one group; of weights: those from `first` on, and where the next group begins. */
int         emit_weight_lines(Out *out, Arena *arena, const struct lstmc_model *descriptor, const Ir *named, int first,
                              int count);
void        emit_layer_lines(Out *out, Arena *arena, const Ir *ir, const TensorList *layer, bool named);
void        emit_unit_lines(Out *out, Arena *arena, const Ir *ir, const TensorList *unit, bool named);

/* The members of a struct (emit_struct.c). `of_struct`: its name, "tape". What several layers have alike is one type,
 * which stands in front of the struct. */
void        emit_tensor_members(Out *out, Arena *arena, const Groups *groups, const Ir *ir, Home home,
                                const char *of_struct);
void        emit_weight_members(Out *out, Arena *arena, const Groups *groups, const Ir *ir, const char *of_struct);

/* The members of one layer, or of one unit, in a generated struct: "lstm_1", "local.lstm_1_backward". Layers alike have
 * one type for them (emit_groups.c). */
Groups     *groups_find(Arena *arena, const struct Programs *programs);
/* "struct deep_tape_of_lstm_1"; NULL: no other layer has the like, and the type has no name. */
const char *group_type(const Groups *groups, const char *of_struct, const char *name);
void        emit_group_types(Out *out, const Groups *groups, const char *of_struct);
/* "batch_scratch": the struct that holds what is at home there, without the model's name. */
const char *struct_of_home(const struct Programs *programs, const Ir *ir, Home home);

/* Programs.packed; once, since it gives names (emit_packed.c). */
const Ir   *emit_packed_program(const Programs *programs);

/* What a function that several layers share calls their structs: by pointers that do not tell the layer, "tape",
 * "local", "tape_of_input" (emit_members.c). */
typedef struct Member {
    Home home;
    const char *group;      /* "lstm_1" */
    const char *pointer;
    bool written;
} Member;

typedef struct Members {
    Arena *arena;
    const char *layer;      /* whose function it is */
    Member *list; int count, capacity;
    bool none;              /* something that it reads or writes is in no group */
} Members;

/* "tape->h" */
const char *members_text(Arena *arena, Members *members, const Ir *ir, const Tensor *tensor, bool written);

/* The value of an axis while a nest is emitted: a variable plus an offset, or (name NULL) the number `offset`. */
typedef struct Binding {
    const Axis *axis;
    const char *name;
    int offset;
    int copy;               /* in a tile: 1 + which of the positions side by side; 0: it is alone */
} Binding;

/* An element that the innermost loop leaves alone, read into a variable in front of it. */
typedef struct Constant {
    const Access *access;
    const char *name;
} Constant;

#define CONSTANTS_MAX 8

typedef struct Indices {
    const char **list; int count, capacity;
} Indices;

/* Consecutive statements that become one nest of C. */
typedef struct Kernel {
    Arena *arena;
    const Ir *ir;
    Members *members;       /* NULL: whole structs are there */
    const Statement *const *statements; int count;
    const AxisNames *names; /* of the axes, in the comment and in the code */
    const Indices *indices; /* what axes are called in the function: no value in it is */
} Kernel;

/* What extents are called (emit_extents.c). */
void        emit_name_extents(Arena *arena, const Programs *programs, const Ir *ir);    /* sets their names in the Ir */
/* By layer: what the last extent of its output is called, "LSTM_UNITS"; NULL: it has no name. */
const char **layer_size_names(Arena *arena, const Model *model);
int         emit_timesteps(const Programs *programs);       /* of x; 0: there is no such number */
int         emit_features(const Programs *programs);
const char *emit_extent(Arena *arena, const Ir *ir, const char *size, int extent);      /* "REBER_LSTM_UNITS", "24" */
const char *kernel_extent(const Kernel *kernel, const Axis *axis);                      /* the same; "rows" */
/* Where a loop over it begins and ends; "first_row", "end_row" of the rows of a weight, where a range is prepared. */
const char *kernel_start(const Kernel *kernel, const Axis *axis);
const char *kernel_end(const Kernel *kernel, const Axis *axis);

typedef struct Nest {
    const Kernel *kernel;
    Arena *arena;
    const Ir *ir;
    Members *members;
    const Statement *statement;
    Binding bindings[STATEMENT_AXES_MAX + 1];
    int binding_count;
    Constant constants[CONSTANTS_MAX];
    int constant_count;
} Nest;

/* Expressions (emit_expression.c). */
/* Of a tensor in pairs: what reads a vector of it, "vec_lower(&packed->lstm.kernel[n / 8][k][0][n % 8])"; where it is
 * the output, its word. */
char *access_text(Nest *nest, const Access *access);
/* A pointer to what the lanes take, the first of them at the access. Where they run over an earlier dimension than the
 * last, because all behind it are 1, it is made of the pointer to the whole array: one to an element leads no farther
 * than the innermost array (C11 6.5.6), and gcc moves what reads its neighbours in front of what has stored them. */
char *lanes_text(Nest *nest, const Access *access, const Axis *lane, bool written);
/* of floats, from one lane to the next in memory */
size_t lanes_stride(const Access *access, const Axis *lane);
/* The argument of M_loss there, which the caller may leave out. */
char *sample_weight_text(Nest *nest, const Access *access);
char *half_text(Nest *nest, const Access *access);      /* which half of the word: "g % 2" */
char *expr_text(Nest *nest, const Expr *expr);
/* A form of ops.h with its arguments put in; b: NULL if it has one. */
char *emit_operation(Arena *arena, const char *form, const char *a, const char *b);
/* Argument `which` in parentheses where C would read it otherwise; the order of the sums stays that of the
 * expression. */
const char *emit_in_parentheses(Arena *arena, const char *text, int outer, int which, int inner);
char *float_text(Arena *arena, double value);

/* An exported function and the static one that does its work: "void @_predict(...)", "predict", "packed->weights,
 * packed, x, y". */
typedef struct Exported {
    const char *signature;
    const char *function, *arguments;       /* NULL: it does its work itself */
} Exported;
#define EXPORTED_MAX 16
/* All of them (emit_functions.c); returns how many there are. `exported`: room for EXPORTED_MAX. */
int emit_functions(Out *out, Arena *arena, const Programs *programs, Exported *exported);

/* Names that a text defines at the margin and that are not the model's own (emit_private.c). */
typedef enum NameKind { NAME_MACRO, NAME_TYPE, NAME_FUNCTION, NAME_ARRAY } NameKind;
typedef struct Names {
    Arena *arena;
    const char *model;
    struct Name {
        const char *text;
        NameKind kind;
    } *list;
    int count, capacity;
} Names;
Names *names_find(Arena *arena, const Model *model, const char *text);
/* Macros that call them after the model: vec_load: mgu__vec_load; through the macro `isa`, if not NULL:
 * MGU_NAME(mgu__vec_load). */
void   names_rename(Out *out, const Names *names, const char *isa);
/* the macros of the text, or those that rename */
void   names_undefine(Out *out, const Names *names, const char *isa, bool macros);
/* The text, its names made those of the model from here to its end. */
void   emit_private(Out *out, Arena *arena, const Model *model, const char *text);
/* Floats as C defines them, from here to the end of the file. */
void   emit_floats(Out *out);
void   emit_floats_end(Out *out);

/* What functions set to zero before they begin (emit_cleared.c). Of a backward pass: a caller with a loss of its own
 * writes d_output and nothing else, so that what M_loss would set beside it starts from zero; and the gradient of the
 * input is that of one pass, where those of the weights add up. Of prepare: lanes that stand for nothing. */
void emit_cleared_adjoints(Out *out, Arena *arena, const Ir *ir);
void emit_cleared_input_gradient(Out *out, Arena *arena, const Ir *ir);
void emit_cleared_lanes(Out *out, Arena *arena, const Ir *ir);

/* emit_ranges.c: what M_prepare_range copies, and what it calls. */
void emit_ranges(Out *out, Arena *arena, const Programs *programs, const Ir *ir);
extern const char emit_touches_rows[];

/* What is in the programs (emit_queries.c). */
#define SECTION_BIT(section) (1u << (section))
bool is_prepared(const Statement *statement);
/* Whether the statement becomes code of these sections, or of prepare time. */
bool emit_is_emitted(const Statement *statement, unsigned sections, bool prepared);
bool emit_any_statement(const Programs *programs, bool (*is_meant)(const Statement *statement));
bool emit_has_vectors(const Programs *programs);        /* some loops run over vectors */
bool emit_has_noise(const Programs *programs);          /* dropout, or normal noise, in training */
bool emit_has_normal_noise(const Programs *programs);
bool emit_calls_blas(const Programs *programs);         /* the source includes cblas.h and is linked with BLAS */
bool emit_dispatches(const Programs *programs);         /* one body for each instruction set */

/* What the mathematics calls, and what stands in front of it: headers, floats, random numbers (emit_helpers.c). */
void emit_helpers(Out *out, const Programs *programs);
void emit_beginning(Out *out, Arena *arena, const Programs *programs);

/* The body of a source as one body for each instruction set, and the exported functions, which choose
 * (emit_dispatch.c). */
void emit_dispatch(Out *out, Arena *arena, const Programs *programs, const char *body, const Exported *exported,
                   int count);

/* Tables, thunks and M_model, the end of the source (emit_descriptor.c). */
void emit_descriptor(Out *out, Arena *arena, const Programs *programs);

/* "t_end": the variables that hold the bounds of one piece of a time loop (emit_kernel.c). */
const char *loop_bound(Arena *arena, const Loop *loop, const char *which);
bool indices_have(const Indices *indices, const char *name);
Nest nest_of(const Kernel *kernel);     /* the time loop around is bound, nothing else */
/* One nest, loops included, as C; `rows` is the name of the bound of the batch axis (emit_nest.c). */
void emit_nest(Out *out, const Kernel *kernel);
void emit_noise(Out *out, Arena *arena, const Ir *ir, const Tensor *noise);     /* of a dropout (emit_noise.c) */
/* One product by BLAS; two statements: the first sets to zero what the second adds to (emit_product.c). */
void emit_product(Out *out, const Kernel *kernel);
/* The statements themselves, one a line, in one comment. */
void emit_statement_comments(Out *out, const Kernel *kernel);
/* All nests of these statements in their time loops. */
void emit_statements(Out *out, Arena *arena, const Ir *ir, Members *members, const Statement *const *statements,
                     int count);

/* What an exported function does, layer by layer (emit_units.c): first the static functions, then, inside the exported
 * one, their calls. `sections`: in this order, SECTION_COUNT ends them; none of them: what is done at prepare time. */
typedef struct Parts Parts;
Parts *parts_find(const Programs *programs, const Groups *groups, const Ir *ir, const char *function,
                  const Section *sections);
void   parts_free(Parts *parts);
void   emit_part_functions(Out *out, const Parts *parts);
#define EVERY_PHASE (-1)
void   emit_part_calls(Out *out, const Parts *parts, Section section, int phase);    /* SECTION_COUNT: all */

/* What a model has that needs sums over the whole batch (emit_phases.c); of others, nothing. */
bool emit_is_cut(const Ir *ir, Section section);    /* there is more than one phase of it */
bool emit_has_sums(const Programs *programs);
void emit_phase_thunks(Out *out, Arena *arena, const Programs *programs);
void emit_phase_members(Out *out, const Programs *programs);
void emit_phase_declarations(Out *out, Arena *arena, const Programs *programs);

/* Statistics that a batch changes (emit_updates.c); of a model without them, nothing. */
bool emit_has_updates(const Programs *programs);
void emit_update_declaration(Out *out, Arena *arena, const Programs *programs);
void emit_update_thunk(Out *out, Arena *arena, const Programs *programs);       /* and M_update_statistics itself */
void emit_update_member(Out *out, const Programs *programs);

/* Of a model with a decoder (emit_decoder.c); of others, nothing. */
void emit_decoder_macros(Out *out, Arena *arena, const Programs *programs);
void emit_decoder_functions(Out *out, Arena *arena, const Programs *programs);
void emit_decoder_usage(Out *out, Arena *arena, const Programs *programs, const char *packed);
void emit_decoder_table(Out *out, Arena *arena, const Programs *programs);     /* thunks and M_decoder */

/* Text (emit_text.c). */
#define COLUMNS_MAX 120
/* A line of code, or a comment, broken at spaces where it is longer than 120 columns. */
void emit_line(Out *out, Arena *arena, const char *text);
void emit_comment(Out *out, Arena *arena, const char *text);
void emit_prose(Out *out, Arena *arena, const char *text);      /* a comment of words */
void emit_text(Out *out, Arena *arena, const Model *model, const char *text);   /* a template, line by line */
/* A declaration with the comment in front of it, templates both. */
void emit_declared(Out *out, Arena *arena, const Model *model, const char *comment, const char *declaration);

#endif
