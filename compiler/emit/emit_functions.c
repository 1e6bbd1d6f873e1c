/* emit_functions.c: the exported functions: a table of them, each with the sections of its program that it runs. */
#include "emit.h"

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

/* ---- functions ---- */

typedef struct Function {
    Out *out;
    Arena *arena;
    const Programs *programs;
    const Groups *groups;
    const Ir *ir;
    unsigned sections;                  /* of this function */
    bool dispatch;                      /* what is emitted is one body of several: nothing in it is exported */
    Exported *exported;                 /* [EXPORTED_MAX], the last one is open */
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

static const char *with(const Function *to, const char *signature, const char *mark, const char *text)
{
    const char *at = strstr(signature, mark);
    return at ? arena_format(to->arena, "%.*s%s%s", (int)(at - signature), signature, text, at + strlen(mark))
              : signature;
}

/* The signature with what is written to, y or the outputs, and with lengths where samples have them. */
static const char *complete(const Function *to, const char *signature)
{
    const struct lstmc_model *descriptor = &to->programs->model->descriptor;
    signature = with(to, signature, "<y>", descriptor->outputs ? "struct @_outputs *restrict outputs"
                                                               : "float *restrict y");
    return with(to, signature, "<lengths>", descriptor->has_lengths ? "const int32_t *restrict lengths, " : "");
}

/* The function that the exported one of this signature calls, or that itself. One that reads weights gets them as a
 * parameter of its own, in place of `source` where it needs nothing else of that: only of a parameter do compilers
 * believe that nothing written changes it, and vectorise. */
static void open_function(Function *to, const char *signature, const char *source)
{
    bool weights = uses_home(to->ir, to->sections, HOME_WEIGHTS),
         prepared = uses_home(to->ir, to->sections, HOME_PREPARED);
    signature = complete(to, signature);
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

/* An argument that is not used is said to be so. */
static void put_unless_used(const Function *to, const char *memory, Home home)
{
    if (!uses_home(to->ir, to->sections, home))
        put(to->out, "(void)%s;", memory);
}

/* A layer of one's own may look at nothing. */
static void put_unless_read(const Function *to)
{
    if (!uses_role(to->ir, to->sections, ROLE_INPUT))
        put(to->out, "(void)x;");
    if (to->ir->lengths && !uses_role(to->ir, to->sections, ROLE_LENGTHS))
        put(to->out, "(void)lengths;");
}

static bool has_home(const Ir *ir, Home home)
{
    for (int i = 0; i < ir->tensor_count; i++)
        if (ir->tensors[i]->home == home)
            return true;
    return false;
}

/* ---- what a pass over a tape begins with ---- */

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

/* ---- the functions, one by one ---- */

static void begin_prepare(const Function *to)
{
    bool training = to->ir->training;
    const char *name = training ? "training" : "packed";
    emit_cleared_lanes(to->out, to->arena, to->ir);
    if (training || !to->programs->trained)
        put(to->out, "%s->weights = weights;", name);
    else if (!has_home(to->ir, HOME_PREPARED))
        put(to->out, "(void)packed;\n(void)weights;");
    if (to->ir->prepares_ranges)
        put(to->out, "%s_prepare_range(training, weights, 0, sizeof *weights / sizeof(float));",
            to->programs->model->descriptor.name);
}

static void begin_prepare_range(const Function *to)
{
    emit_ranges(to->out, to->arena, to->programs, to->ir);
}

static void begin_predict(const Function *to)
{
    if (to->programs->model->descriptor.outputs)    /* one behind the other */
        put(to->out, "float *restrict const y = (float *)outputs;");
    put_unless_used(to, "scratch", HOME_SCRATCH);
    put_unless_read(to);
    if (program_traits[program_kind(to->programs, to->ir)].batched && !uses_rows(to->ir, to->sections))
        put(to->out, "(void)rows;");
}

static void begin_reset(const Function *to)
{
    put_unless_used(to, "state", HOME_STATE);
}

static void begin_step(const Function *to)
{
    if (has_home(to->ir, HOME_SCRATCH))
        put(to->out, "%sstruct %s_step_memory memory, *const scratch = &memory;",
            home_has_vectors(to->ir, HOME_SCRATCH) ? "_Alignas(LANES * sizeof(float)) " : "",
            to->programs->model->descriptor.name);
    put_unless_used(to, "state", HOME_STATE);
    put_unless_read(to);
}

static void begin_encode(const Function *to)
{
    put_unless_used(to, "scratch", HOME_SCRATCH);
    put_unless_used(to, "memory", HOME_MEMORY);
    put_unless_read(to);
}

static void begin_decode_reset(const Function *to)
{
    put_unless_used(to, "memory", HOME_MEMORY);
    begin_reset(to);
}

static void begin_decode_step(const Function *to)
{
    put_unless_used(to, "memory", HOME_MEMORY);
    put_unless_used(to, "scratch", HOME_SCRATCH);
    begin_reset(to);
    put_unless_read(to);
}

static void begin_reset_tape(const Function *to)
{
    if (uses_rows(to->ir, to->sections))
        put(to->out, "const int rows = %s_BATCH;", macro_prefix(to->arena, &to->programs->model->descriptor));
    put(to->out, "tape->rows = 0;\ntape->first_row = 0;");
}

static bool knows_training(const Ir *ir)
{
    for (int i = 0; i < ir->tensor_count; i++)
        if (ir->tensors[i]->role == ROLE_TRAINING)
            return true;
    return false;
}

static void put_taken_lengths(const Function *to)
{
    const Tensor *lengths = to->ir->lengths;
    if (!lengths)
        return;
    put(to->out, "for (int b = 0; b < rows; b++)\n    tape->lengths[b] = lengths ? lengths[b] : %d;", lengths->steps);
}

static void begin_forward(const Function *to)
{
    const Ir *ir = to->ir;
    put(to->out, "tape->rows = rows;");
    if (knows_training(ir))
        put(to->out, "tape->is_training = seed != 0 ? 1.0f : 0.0f;");
    if (ir->input_count > 1)
        put_taken_inputs(to);
    else if (ir->batch_axis)
        put(to->out, "memcpy(tape->input, x, (size_t)rows * sizeof tape->input[0]);");
    else
        put(to->out, "memcpy(tape->input, x, sizeof tape->input);");
    put_taken_lengths(to);
    emit_cleared_adjoints(to->out, to->arena, to->ir);
    if (!emit_has_noise(to->programs) && !knows_training(ir))
        put(to->out, "(void)seed;");
    for (int i = 0; i < ir->tensor_count; i++)
        if (ir->tensors[i]->role == ROLE_NOISE && ir->tensors[i]->home != HOME_NONE)
            emit_noise(to->out, to->arena, ir, ir->tensors[i]);
}

static void begin_backward(const Function *to)
{
    emit_cleared_input_gradient(to->out, to->arena, to->ir);
}

static void put_rows_of_tape(const Function *to)
{
    if (uses_rows(to->ir, to->sections))
        put(to->out, "const int rows = tape->rows;");
}

static void declare_loss(const Function *to)
{
    static const struct { Role role; const char *name; } arguments[] = {
        { ROLE_TARGET, "target" }, { ROLE_SAMPLE_WEIGHT, "sample_weight" }, { ROLE_SCALE, "scale" },
    };
    put_rows_of_tape(to);
    for (size_t i = 0; i < sizeof arguments / sizeof *arguments; i++)
        if (!uses_role(to->ir, to->sections, arguments[i].role))
            put(to->out, "(void)%s;", arguments[i].name);
    put(to->out, "float loss = 0.0f;");
}

static void declare_backward(const Function *to)
{
    put_unless_used(to, "tape", HOME_TAPE);
    put_unless_used(to, "gradients", HOME_GRADIENTS);
    put_rows_of_tape(to);
}

static void declare_carry(const Function *to)
{
    put_unless_used(to, "tape", HOME_TAPE);
    put_rows_of_tape(to);
}

/* An exported function: what it does of its program, in which order. */
typedef struct Entry {
    ProgramKind program;
    const char *name;               /* as its static functions bear it: "lstm_forward" */
    const char *signature;
    Section sections[4];            /* SECTION_COUNT ends them */
    const char *source;             /* the struct that points to the weights; "": there is none */
    void (*declare)(const Function *to);    /* what stands at the top; NULL: nothing */
    void (*begin)(const Function *to);      /* what it does first, in its first phase; NULL: nothing */
    const char *end;
} Entry;

static const Entry prepare_entry = {
    .name = "prepare", .sections = { SECTION_COUNT }, .source = "", .begin = begin_prepare,
    .signature = "void @_prepare(struct @_packed *restrict packed, const struct @_weights *restrict weights)",
};

static const Entry entries[] = {
    { PROGRAM_SINGLE, "predict",
      "void @_predict(const struct @_packed *restrict packed, struct @_scratch *restrict scratch, const <x> *restrict "
      "x, <lengths><y>)",
      { SECTION_RESET, SECTION_FORWARD, SECTION_COUNT }, "packed", begin_predict, NULL, NULL },
    { PROGRAM_BATCH, "predict_batch",
      "void @_predict_batch(const struct @_packed *restrict packed, struct @_batch_scratch *restrict scratch, const "
      "<x> *restrict x, <lengths>int rows, <y>)",
      { SECTION_RESET, SECTION_FORWARD, SECTION_COUNT }, "packed", begin_predict, NULL, NULL },
    { PROGRAM_STEP, "reset", "void @_reset(const struct @_packed *restrict packed, struct @_state *restrict state)",
      { SECTION_RESET, SECTION_COUNT }, "packed", begin_reset, NULL, NULL },
    { PROGRAM_STEP, "step",
      "int @_step(const struct @_packed *restrict packed, struct @_state *restrict state, const <x> *restrict x, float "
      "*restrict y)",
      { SECTION_FORWARD, SECTION_CARRY, SECTION_COUNT }, "packed", begin_step, NULL, "return 1;" },
    { PROGRAM_ENCODE, "encode",
      "void @_encode(const struct @_packed *restrict packed, struct @_encode_scratch *restrict scratch, const <x> "
      "*restrict x, <lengths>struct @_memory *restrict memory)",
      { SECTION_RESET, SECTION_FORWARD, SECTION_COUNT }, "packed", begin_encode, NULL, NULL },
    { PROGRAM_DECODE, "decode_reset",
      "void @_decode_reset(const struct @_packed *restrict packed, const struct @_memory *restrict memory, struct "
      "@_state *restrict state)",
      { SECTION_RESET, SECTION_COUNT }, "packed", begin_decode_reset, NULL, NULL },
    { PROGRAM_DECODE, "decode_step",
      "int @_decode_step(const struct @_packed *restrict packed, const struct @_memory *restrict memory, struct "
      "@_decode_scratch *restrict scratch, struct @_state *restrict state, const <step> *restrict x, float *restrict "
      "y)",
      { SECTION_FORWARD, SECTION_CARRY, SECTION_COUNT }, "packed", begin_decode_step, NULL, "return 1;" },
    { PROGRAM_TRAINING, "prepare_training",
      "void @_prepare_training(struct @_training *restrict training, const struct @_weights *restrict weights)",
      { SECTION_COUNT }, "", NULL, begin_prepare, NULL },
    { PROGRAM_TRAINING, "prepare_range",
      "void @_prepare_range(struct @_training *restrict training, const struct @_weights *restrict weights, size_t "
      "first, size_t count)",
      { SECTION_COUNT }, "", NULL, begin_prepare_range, NULL },
    { PROGRAM_TRAINING, "reset_tape",
      "void @_reset_tape(const struct @_training *restrict training, struct @_tape *restrict tape)",
      { SECTION_RESET, SECTION_COUNT }, "training", begin_reset_tape, NULL, NULL },
    { PROGRAM_TRAINING, "forward",
      "void @_forward(const struct @_training *restrict training, struct @_tape *restrict tape, const <x> *restrict x, "
      "<lengths>int rows, uint64_t seed)",
      { SECTION_FORWARD, SECTION_COUNT }, "training", NULL, begin_forward, NULL },
    { PROGRAM_TRAINING, "loss",
      "float @_loss(struct @_tape *restrict tape, const <target> *restrict target, const float *restrict "
      "sample_weight, float scale)",
      { SECTION_LOSS, SECTION_COUNT }, "", declare_loss, NULL, "return loss;" },
    { PROGRAM_TRAINING, "backward",
      "void @_backward(const struct @_training *restrict training, struct @_tape *restrict tape, struct @_gradients "
      "*restrict gradients)",
      { SECTION_BACKWARD, SECTION_COUNT }, "training", declare_backward, begin_backward, NULL },
    { PROGRAM_TRAINING, "carry", "void @_carry(struct @_tape *restrict tape)", { SECTION_CARRY, SECTION_COUNT }, "",
      declare_carry, NULL, NULL },
};

/* A pass that is cut: a function for one phase, and the one for all of them. */
static void emit_phases(Function *to, const Entry *entry, const Parts *parts)
{
    Arena *arena = to->arena;
    int phases = to->ir->phases[*entry->sections];
    const char *parameters = parameters_of(entry->signature);
    open_function(to,
                  arena_format(arena, "void @_%s_phase(%.*s, int phase)", entry->name, (int)strlen(parameters) - 1,
                               parameters),
                  entry->source);
    if (entry->declare)
        entry->declare(to);
    put(to->out, "switch (phase) {");
    for (int phase = 0; phase < phases; phase++) {
        put(to->out, "case %d: {", phase);
        if (phase == 0 && entry->begin)
            entry->begin(to);
        emit_part_calls(to->out, parts, SECTION_COUNT, phase);
        put(to->out, "break;\n}");
    }
    put(to->out, "}");
    close_function(to);
    to->sections = 0;
    open_function(to, entry->signature, "");
    put(to->out, "for (int phase = 0; phase < %d; phase++)", phases);
    emit_line(to->out, arena,
              arena_format(arena, "    %s_%s_phase(%s, phase);", to->programs->model->descriptor.name, entry->name,
                           arguments_of(arena, complete(to, entry->signature))));
    close_function(to);
}

/* What a step does at this pace, and inside of it what goes on less often; its states go on last, when all have read
 * them. */
static void put_pace(const Function *to, const Parts *parts, int phase)
{
    const Ir *ir = to->ir;
    if (phase == 0)
        put(to->out, "int wrote = 0;");
    emit_part_calls(to->out, parts, SECTION_FORWARD, phase);
    if (phase == ir->pace_count) {
        put(to->out, "wrote = 1;");
    } else {
        const char *member = tensor_member(to->arena, ir, ir->paces[phase].waits);
        const char *waits = arena_format(to->arena, "state->%s[0]", member);
        put(to->out, "if (%s > 0.0f) {", waits);
        put(to->out, "%s -= 1.0f;\n} else {", waits);
        put(to->out, "%s = %d.0f;", waits, ir->paces[phase].every - 1);
        put_pace(to, parts, phase + 1);
        put(to->out, "}");
    }
    emit_part_calls(to->out, parts, SECTION_CARRY, phase);
}

static void emit_whole(Function *to, const Entry *entry, const Parts *parts)
{
    open_function(to, entry->signature, entry->source);
    if (entry->declare)
        entry->declare(to);
    if (entry->begin)
        entry->begin(to);
    if (to->ir->pace_count && *entry->sections == SECTION_FORWARD)
        put_pace(to, parts, 0);
    else
        emit_part_calls(to->out, parts, SECTION_COUNT, EVERY_PHASE);
    if (to->ir->pace_count && *entry->sections == SECTION_FORWARD)
        put(to->out, "return wrote;");
    else if (entry->end)
        put(to->out, "%s", entry->end);
    close_function(to);
}

static void emit_entry(Function *to, const Entry *entry)
{
    Parts *parts = parts_find(to->programs, to->groups, to->ir, entry->name, entry->sections);
    to->sections = 0;
    for (int i = 0; entry->sections[i] != SECTION_COUNT; i++)
        to->sections |= SECTION_BIT(entry->sections[i]);
    emit_part_functions(to->out, parts);
    if (emit_is_cut(to->ir, *entry->sections) && !to->ir->pace_count)
        emit_phases(to, entry, parts);
    else
        emit_whole(to, entry, parts);
    parts_free(parts);
}

/* The type of what a step has on its stack. */
static void emit_step_memory(const Function *to)
{
    if (!has_home(to->ir, HOME_SCRATCH))
        return;
    emit_group_types(to->out, to->groups, "step_memory");
    put(to->out, "/* What a step computes on its way. */\nstruct %s_step_memory {",
        to->programs->model->descriptor.name);
    emit_tensor_members(to->out, to->arena, to->groups, to->ir, HOME_SCRATCH, "step_memory");
    put(to->out, "};\n\n");
}

int emit_functions(Out *out, Arena *arena, const Programs *programs, Exported *exported)
{
    Function to = { .out = out, .arena = arena, .programs = programs, .groups = groups_find(arena, programs),
                    .dispatch = emit_dispatches(programs), .exported = exported, .ir = programs->packed };
    emit_entry(&to, &prepare_entry);
    for (size_t i = 0; i < sizeof entries / sizeof *entries; i++) {
        const Entry *entry = &entries[i];
        const Ir *before = to.ir;
        to.ir = programs->program[entry->program];
        if (!to.ir || (*entry->sections == SECTION_LOSS && !to.ir->loss) ||
            (entry->begin == begin_prepare_range && !to.ir->prepares_ranges))
            continue;
        if (entry->program == PROGRAM_STEP && to.ir != before)
            emit_step_memory(&to);
        emit_entry(&to, entry);
    }
    return to.exported_count;
}
