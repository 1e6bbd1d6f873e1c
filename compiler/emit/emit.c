/* emit.c: the generated source: one function of C for each part of a program. */
#include "emit.h"

#include "compiler/base/embedded.h"

/* ---- what a part of a program uses ---- */

typedef enum Wanted { WANTED_HOME, WANTED_ROLE } Wanted;

typedef struct Search {
    Wanted wanted;
    int which;              /* a Home or a Role */
    bool found;
} Search;

static void find_access(void *context, const Access *access)
{
    Search *search = context;
    const Tensor *tensor = access->tensor;
    search->found |= search->which == (search->wanted == WANTED_HOME ? (int)tensor->home : (int)tensor->role);
}

static void search_access(const Access *access, Search *search)
{
    find_access(search, access);
    for (int d = 0; d < access->tensor->rank; d++)
        if (access->index[d].gather)
            search_access(access->index[d].gather, search);
}

bool emit_is_emitted(const Statement *statement, unsigned sections, bool prepared)
{
    return statement->out.tensor->home != HOME_NONE && is_prepared(statement) == prepared
        && (prepared || (sections & SECTION_BIT(statement->section)));
}

static bool search_sections(const Ir *ir, unsigned sections, Search search)
{
    for (int i = 0; i < ir->statement_count; i++)
        if (emit_is_emitted(ir->statements[i], sections, false)) {
            search_access(&ir->statements[i]->out, &search);
            expr_visit_loads(ir->statements[i]->value, find_access, &search);
        }
    return search.found;
}

static bool uses_home(const Ir *ir, unsigned sections, Home home)
{
    return search_sections(ir, sections, (Search){ .wanted = WANTED_HOME, .which = (int)home });
}

static bool uses_role(const Ir *ir, unsigned sections, Role role)
{
    return search_sections(ir, sections, (Search){ .wanted = WANTED_ROLE, .which = (int)role });
}

static bool uses_rows(const Ir *ir, unsigned sections)
{
    for (int i = 0; i < ir->statement_count; i++)
        for (int a = 0; a < ir->statements[i]->axis_count; a++)
            if (emit_is_emitted(ir->statements[i], sections, false) && ir->statements[i]->axes[a]->kind == AXIS_BATCH)
                return true;
    return false;
}

bool emit_has_noise(const Programs *programs)
{
    const Ir *ir = programs->training;
    for (int i = 0; ir && i < ir->tensor_count; i++)
        if (ir->tensors[i]->role == ROLE_NOISE && ir->tensors[i]->home != HOME_NONE)
            return true;
    return false;
}

static bool is_product(const Statement *statement)
{
    return statement->blas;
}

bool emit_calls_blas(const Programs *programs)
{
    return emit_any_statement(programs, is_product);
}

static bool is_tile(const Statement *statement)
{
    return statement->tile != NULL;
}

bool emit_has_vectors(const Programs *programs)
{
    return emit_any_statement(programs, is_tile);
}

/* ---- functions ---- */

#define EXPORTED_MAX 16

typedef struct Function {
    Out *out;
    Arena *arena;
    const Programs *programs;
    const Groups *groups;
    const Ir *ir;
    bool dispatch;                      /* what is emitted is one body of several: nothing in it is exported */
    Exported exported[EXPORTED_MAX];    /* the last one is open */
    int exported_count;
} Function;

/* The signature's parameters start here: what stands before is "void @_forward(". */
static const char *parameters_of(const char *signature)
{
    return strchr(signature, '(') + 1;
}

/* "tape, x, rows": the parameters as arguments. */
static const char *arguments_of(Arena *arena, const char *signature)
{
    const char *text = "", *end = parameters_of(signature);
    for (; (end = strpbrk(end, ",)")) != NULL; end++) {
        const char *start = end;
        while (start[-1] != ' ' && start[-1] != '*')
            start--;
        text = arena_format(arena, "%s%s%.*s", text, *text ? ", " : "", (int)(end - start), start);
    }
    return text;
}

/* The function that the exported one of this signature calls, or that itself. One that reads weights gets them as a
 * parameter of its own, in place of `source` where it needs nothing else of that: only of a parameter do compilers
 * believe that nothing written changes it, and vectorise. */
static void open_function(Function *to, const char *signature, unsigned sections, const char *source)
{
    bool weights = uses_home(to->ir, sections, HOME_WEIGHTS), prepared = uses_home(to->ir, sections, HOME_PREPARED);
    const char *name = strchr(signature, '@'), *parameters = parameters_of(signature),
               *arguments = arguments_of(to->arena, signature);
    if (to->exported_count == EXPORTED_MAX)
        die("more than %d exported functions", EXPORTED_MAX);
    Exported *exported = &to->exported[to->exported_count++];
    *exported = (Exported){ .signature = signature };
    if (weights || to->dispatch) {
        const char *function = arena_format(to->arena, "%s_%.*s_with", to->programs->model->descriptor.name,
                                            (int)(parameters - name - 3), name + 2);
        if (weights && !prepared) {
            parameters = strchr(parameters, ',') + 2;
            arguments = strchr(arguments, ',') + 2;
        }
        exported->function = function;
        exported->arguments = weights ? arena_format(to->arena, "%s->weights, %s", source, arguments) : arguments;
        signature = arena_format(to->arena, "static %.*s%s(%s%s", (int)(name - signature), signature, function,
                                 weights ? "const struct @_weights *restrict weights, " : "", parameters);
    }
    emit_text(to->out, to->arena, to->programs->model, signature);
    put(to->out, "{");
    if (*source && !weights && !prepared)
        put(to->out, "(void)%s;", source);
}

static void close_function(const Function *to)
{
    const Exported *exported = &to->exported[to->exported_count - 1];
    put(to->out, "}\n\n");
    if (!exported->function || to->dispatch)
        return;
    emit_text(to->out, to->arena, to->programs->model, exported->signature);
    put(to->out, "{\n%s%s(%s);\n}\n\n", strncmp(exported->signature, "void ", 5) ? "return " : "", exported->function,
        exported->arguments);
}

/* An argument that these sections do not use is said to be so. */
static void put_unless_used(const Function *to, unsigned sections, const char *memory, Home home)
{
    if (!uses_home(to->ir, sections, home))
        put(to->out, "(void)%s;", memory);
}

/* A layer of one's own may look at nothing. */
static void put_unless_read(const Function *to, unsigned sections)
{
    if (!uses_role(to->ir, sections, ROLE_INPUT))
        put(to->out, "(void)x;");
}

static bool has_home(const Ir *ir, Home home)
{
    for (int i = 0; i < ir->tensor_count; i++)
        if (ir->tensors[i]->home == home)
            return true;
    return false;
}

static const Parts *parts_of(const Function *to, const char *function, const Section *sections)
{
    const Parts *parts = parts_find(to->arena, to->programs, to->groups, to->ir, function, sections);
    emit_part_functions(to->out, parts);
    return parts;
}

static void emit_prepare(Function *to, const char *signature)
{
    const Parts *parts = parts_of(to, to->ir->training ? "prepare_training" : "prepare",
                                  (const Section[]){ SECTION_COUNT });
    open_function(to, signature, 0, "");
    const char *name = to->ir->training ? "training" : "packed";
    if (home_has_vectors(to->ir, HOME_PREPARED))
        put(to->out, "memset(%s, 0, sizeof *%s);", name, name);
    if (to->ir->training || !to->programs->trained)
        put(to->out, "%s->weights = weights;", name);
    else if (!has_home(to->ir, HOME_PREPARED))
        put(to->out, "(void)packed;\n(void)weights;");
    emit_part_calls(to->out, parts);
    close_function(to);
}

static void emit_predict(Function *to, const char *signature, bool batch)
{
    const unsigned sections = SECTION_BIT(SECTION_RESET) | SECTION_BIT(SECTION_FORWARD);
    const Parts *parts = parts_of(to, batch ? "predict_batch" : "predict",
                                  (const Section[]){ SECTION_RESET, SECTION_FORWARD, SECTION_COUNT });
    open_function(to, signature, sections, "packed");
    put_unless_used(to, sections, "scratch", HOME_SCRATCH);
    put_unless_read(to, sections);
    if (batch && !uses_rows(to->ir, sections))
        put(to->out, "(void)rows;");
    emit_part_calls(to->out, parts);
    close_function(to);
}

static void emit_step(Function *to)
{
    const unsigned sections = SECTION_BIT(SECTION_FORWARD) | SECTION_BIT(SECTION_CARRY);
    bool on_stack = has_home(to->ir, HOME_SCRATCH);
    if (on_stack) {
        emit_group_types(to->out, to->groups, "step_memory");
        put(to->out, "/* What a step computes on its way. */\nstruct %s_step_memory {",
            to->programs->model->descriptor.name);
        emit_tensor_members(to->out, to->arena, to->groups, to->ir, HOME_SCRATCH, "step_memory");
        put(to->out, "};\n\n");
    }
    const Parts *parts = parts_of(to, "reset", (const Section[]){ SECTION_RESET, SECTION_COUNT });
    open_function(to, "void @_reset(const struct @_packed *restrict packed, struct @_state *restrict state)",
                  SECTION_BIT(SECTION_RESET), "packed");
    put_unless_used(to, SECTION_BIT(SECTION_RESET), "state", HOME_STATE);
    emit_part_calls(to->out, parts);
    close_function(to);
    parts = parts_of(to, "step", (const Section[]){ SECTION_FORWARD, SECTION_CARRY, SECTION_COUNT });
    open_function(to,
                  "int @_step(const struct @_packed *restrict packed, struct @_state *restrict state, const <x> "
                  "*restrict x, "
                  "float *restrict y)",
                  sections, "packed");
    if (on_stack)
        put(to->out, "struct %s_step_memory memory, *const scratch = &memory;", to->programs->model->descriptor.name);
    put_unless_used(to, sections, "state", HOME_STATE);
    put_unless_read(to, sections);
    emit_part_calls(to->out, parts);
    put(to->out, "return 1;");
    close_function(to);
}

/* ---- training ---- */

static bool is_set_by_loss(const Ir *ir, const Tensor *tensor)
{
    bool by[SECTION_COUNT] = { false };
    for (int i = 0; i < ir->statement_count; i++)
        if (ir->statements[i]->out.tensor == tensor)
            by[ir->statements[i]->section] = true;
    return !by[SECTION_FORWARD] && (tensor == ir->output->adjoint || (by[SECTION_LOSS] && by[SECTION_BACKWARD]));
}

static void put_cleared(const Function *to, const Tensor *tensor)
{
    const char *member = tensor_member(to->arena, to->ir, tensor);
    put(to->out, "memset(%stape->%s, 0, sizeof tape->%s);", tensor->rank ? "" : "&", member, member);
}

/* A caller with a loss of its own writes d_output and nothing else: what M_loss would set beside it
 * starts from zero. */
static void put_cleared_adjoints(const Function *to)
{
    for (int i = 0; i < to->ir->tensor_count; i++) {
        const Tensor *tensor = to->ir->tensors[i];
        if (tensor->home == HOME_TAPE && tensor->role == ROLE_ADJOINT && is_set_by_loss(to->ir, tensor))
            put_cleared(to, tensor);
    }
}

/* The gradient of the input is that of one pass; those of the weights add up. */
static void put_cleared_input_gradient(const Function *to)
{
    for (int i = 0; i < to->ir->tensor_count; i++)
        if (to->ir->tensors[i]->home == HOME_TAPE && to->ir->tensors[i]->role == ROLE_GRADIENT)
            put_cleared(to, to->ir->tensors[i]);
}

/* Dropout noise is a function of (seed, place, sample in the whole batch, element in the sample). */
static void put_noise(const Function *to, const Tensor *noise)
{
    Arena *arena = to->arena;
    const char *place = arena_format(arena, "tape->%s", tensor_member(arena, to->ir, noise)), *element = "",
               *sample = "";
    int loops = 0;
    put(to->out, "/* %s: 0 with probability %.9g, else %.9g */", noise->name, noise->rate,
        1 / (1 - (double)noise->rate));
    for (int d = 0; d < noise->rank; d++) {
        const char *name = d == noise->batch_dimension ? "b" : arena_format(arena, "i%d", d);
        if (d == noise->batch_dimension) {
            sample = " + b";
            put(to->out, "for (int b = 0; b < rows; b++) {");
        } else {
            element = *element ? arena_format(arena, loops > 1 ? "(%s) * %d + %s" : "%s * %d + %s", element,
                                              noise->extent[d], name)
                               : name;
            loops++;
            put(to->out, "for (int %s = 0; %s < %d; %s++) {", name, name, noise->extent[d], name);
        }
        place = arena_format(arena, "%s[%s]", place, name);
    }
    emit_line(to->out, arena,
              arena_format(arena,
                           "%s = lstmc_dropout_noise(%s, seed, %d, (uint64_t)(tape->first_row%s), (uint64_t)(%s));",
                           place, float_text(arena, noise->rate), noise->place, sample, *element ? element : "0"));
    for (int d = 0; d < noise->rank; d++)
        put(to->out, "}");
}

/* The structs of the samples are spread over the arrays of the tape. */
static void put_taken_inputs(const Function *to)
{
    put(to->out, "for (int b = 0; b < rows; b++) {");
    for (int i = 0; i < to->ir->input_count; i++) {
        const Tensor *input = to->ir->inputs[i];
        const char *name = c_name(to->arena, input->name);
        put(to->out, "memcpy(tape->%s[b], x[b].%s, sizeof x[b].%s);", tensor_member(to->arena, to->ir, input), name,
            name);
    }
    put(to->out, "}");
}

static void emit_forward(Function *to)
{
    const Parts *parts = parts_of(to, "forward", (const Section[]){ SECTION_FORWARD, SECTION_COUNT });
    open_function(to,
                  "void @_forward(const struct @_training *restrict training, struct @_tape *restrict tape, const <x> "
                  "*restrict x, "
                  "int rows, uint64_t seed)",
                  SECTION_BIT(SECTION_FORWARD), "training");
    put(to->out, "tape->rows = rows;");
    if (to->ir->input_count > 1)
        put_taken_inputs(to);
    else if (to->ir->batch_axis)
        put(to->out, "memcpy(tape->input, x, (size_t)rows * sizeof tape->input[0]);");
    else
        put(to->out, "memcpy(tape->input, x, sizeof tape->input);");
    put_cleared_adjoints(to);
    if (!emit_has_noise(to->programs))
        put(to->out, "(void)seed;");
    for (int i = 0; i < to->ir->tensor_count; i++)
        if (to->ir->tensors[i]->role == ROLE_NOISE && to->ir->tensors[i]->home != HOME_NONE)
            put_noise(to, to->ir->tensors[i]);
    emit_part_calls(to->out, parts);
    close_function(to);
}

static void emit_loss(Function *to)
{
    const Parts *parts = parts_of(to, "loss", (const Section[]){ SECTION_LOSS, SECTION_COUNT });
    open_function(to,
                  "float @_loss(struct @_tape *restrict tape, const <target> *restrict target, const float *restrict "
                  "sample_weight, "
                  "float scale)",
                  0, "");
    if (uses_rows(to->ir, SECTION_BIT(SECTION_LOSS)))
        put(to->out, "const int rows = tape->rows;");
    const struct { Role role; const char *name; } arguments[] = {
        { ROLE_TARGET, "target" }, { ROLE_SAMPLE_WEIGHT, "sample_weight" }, { ROLE_SCALE, "scale" },
    };
    for (size_t i = 0; i < sizeof arguments / sizeof *arguments; i++)
        if (!uses_role(to->ir, SECTION_BIT(SECTION_LOSS), arguments[i].role))
            put(to->out, "(void)%s;", arguments[i].name);
    put(to->out, "float loss = 0.0f;");
    emit_part_calls(to->out, parts);
    put(to->out, "return loss;");
    close_function(to);
}

static void emit_training(Function *to)
{
    const char *name = macro_prefix(to->arena, &to->programs->model->descriptor);
    emit_prepare(to, "void @_prepare_training(struct @_training *restrict training, const struct @_weights *restrict "
                     "weights)");
    const Parts *parts = parts_of(to, "reset_tape", (const Section[]){ SECTION_RESET, SECTION_COUNT });
    open_function(to, "void @_reset_tape(const struct @_training *restrict training, struct @_tape *restrict tape)",
                  SECTION_BIT(SECTION_RESET), "training");
    if (uses_rows(to->ir, SECTION_BIT(SECTION_RESET)))
        put(to->out, "const int rows = %s_BATCH;", name);
    put(to->out, "tape->rows = 0;\ntape->first_row = 0;");
    emit_part_calls(to->out, parts);
    close_function(to);
    emit_forward(to);
    if (to->ir->loss)
        emit_loss(to);
    parts = parts_of(to, "backward", (const Section[]){ SECTION_BACKWARD, SECTION_COUNT });
    open_function(to, "void @_backward(const struct @_training *restrict training, struct @_tape *restrict tape, "
                      "struct @_gradients *restrict gradients)", SECTION_BIT(SECTION_BACKWARD), "training");
    put_unless_used(to, SECTION_BIT(SECTION_BACKWARD), "tape", HOME_TAPE);
    put_unless_used(to, SECTION_BIT(SECTION_BACKWARD), "gradients", HOME_GRADIENTS);
    if (uses_rows(to->ir, SECTION_BIT(SECTION_BACKWARD)))
        put(to->out, "const int rows = tape->rows;");
    put_cleared_input_gradient(to);
    emit_part_calls(to->out, parts);
    close_function(to);
    parts = parts_of(to, "carry", (const Section[]){ SECTION_CARRY, SECTION_COUNT });
    open_function(to, "void @_carry(struct @_tape *restrict tape)", 0, "");
    put_unless_used(to, SECTION_BIT(SECTION_CARRY), "tape", HOME_TAPE);
    if (uses_rows(to->ir, SECTION_BIT(SECTION_CARRY)))
        put(to->out, "const int rows = tape->rows;");
    emit_part_calls(to->out, parts);
    close_function(to);
}

/* Helpers and functions: all that computes. */
static void emit_body(Function *to)
{
    const Programs *programs = to->programs;
    emit_helpers(to->out, programs);
    put(to->out, "/* Static functions have the weights as a parameter of their own: of a parameter compilers know that "
                 "no write changes it. */\n\n");
    to->ir = emit_packed_program(programs);
    emit_prepare(to, "void @_prepare(struct @_packed *restrict packed, const struct @_weights *restrict weights)");
    to->ir = programs->single;
    emit_predict(to,
                 "void @_predict(const struct @_packed *restrict packed, struct @_scratch *restrict scratch, const <x> "
                 "*restrict x, "
                 "float *restrict y)",
                 false);
    to->ir = programs->batch;
    emit_predict(to,
                 "void @_predict_batch(const struct @_packed *restrict packed, struct @_batch_scratch *restrict "
                 "scratch, "
                 "const <x> *restrict x, int rows, float *restrict y)",
                 true);
    if (programs->step) {
        to->ir = programs->step;
        emit_step(to);
    }
    if (programs->training) {
        to->ir = programs->training;
        emit_training(to);
    }
}

void emit_beginning(Out *out, Arena *arena, const Programs *programs)
{
    emit_text(out, arena, programs->model, "#include \"@.h\"\n\n");
    put(out, "%s#include <math.h>\n#include <string.h>\n\n", emit_calls_blas(programs) ? "#include <cblas.h>\n" : "");
    emit_floats(out);
    if (emit_has_noise(programs)) {
        put_raw(out, embedded_text("runtime/lstmc_random.h"));
        put(out, "\n");
    }
}

void emit_source(Out *out, Arena *arena, const Programs *programs)
{
    Out body = { 0 };
    Function to = { .out = &body, .arena = arena, .programs = programs, .groups = groups_find(arena, programs),
                    .dispatch = emit_dispatches(programs) };
    emit_stamp(out, arena, programs, "c");
    put_raw(out, " */\n");
    emit_body(&to);
    if (to.dispatch) {
        emit_dispatch(out, arena, programs, body.text, to.exported, to.exported_count);
    } else {
        emit_beginning(out, arena, programs);
        emit_descriptor(&body, arena, programs);
        emit_private(out, arena, programs->model, body.text);
        emit_floats_end(out);
    }
    out_free(&body);
}

/* What has no vectors has nothing to choose. */
bool emit_dispatches(const Programs *programs)
{
    return programs->dispatch && emit_has_vectors(programs);
}
