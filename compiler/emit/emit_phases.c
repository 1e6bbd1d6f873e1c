/* emit_phases.c: in: a training program that is cut into phases: where sums over the whole batch are needed, or where
 * layers are done with their gradients.  out: what its files have beyond others: a function for one phase of each pass
 * that is cut (its body is that of emit_functions.c), and a table of the sums, by which an engine adds up the tapes. */
#include "emit.h"

typedef struct Pass {
    Section section;
    const char *name, *upper;           /* of the function; of its macro */
    const char *parameters, *arguments; /* of the thunk; <all>: in place of lengths */
} Pass;

static const Pass passes[] = {
    { SECTION_FORWARD, "forward", "FORWARD", "const void *training, void *tape, const void *x, int rows, uint64_t seed",
      "training, tape, x, <all>rows, seed" },
    { SECTION_BACKWARD, "backward", "BACKWARD", "const void *training, void *tape, void *gradients",
      "training, tape, gradients" },
};
#define PASSES (sizeof passes / sizeof *passes)

bool emit_is_cut(const Ir *ir, Section section)
{
    return ir && section < SECTION_COUNT && ir->phases[section] > 1;
}

/* ---- sums ---- */

typedef struct Sum {
    const Tensor *tensor;
    Section section;
    int phase;                          /* the last one that writes it */
} Sum;

static bool find_sum(const Ir *ir, const Tensor *tensor, Section section, Sum *sum)
{
    *sum = (Sum){ .tensor = tensor, .section = section, .phase = -1 };
    for (int i = 0; i < ir->statement_count; i++) {
        const Statement *statement = ir->statements[i];
        if (statement->out.tensor != tensor)
            continue;
        if (statement->section == section && statement->phase > sum->phase)
            sum->phase = statement->phase;
        if (statement->section == SECTION_LOSS && section == SECTION_BACKWARD && sum->phase < 0)
            sum->phase = 0;
    }
    return sum->phase >= 0;
}

bool emit_has_sums(const Programs *programs)
{
    const Ir *ir = programs->training;
    for (int i = 0; ir && i < ir->tensor_count; i++)
        if (ir->tensors[i]->reduced && ir->tensors[i]->home == HOME_TAPE)
            return true;
    return false;
}

static void put_sum_table(Out *out, Arena *arena, const Programs *programs)
{
    const Ir *ir = programs->training;
    const char *model = programs->model->descriptor.name;
    put(out, "static const struct lstmc_sum %s_sums[] = {", model);
    for (int i = 0; i < ir->tensor_count; i++) {
        const Tensor *tensor = ir->tensors[i];
        Sum sum;
        if (!tensor->reduced || tensor->home != HOME_TAPE ||
            !find_sum(ir, tensor, tensor->role == ROLE_ADJOINT ? SECTION_BACKWARD : SECTION_FORWARD, &sum))
            continue;
        put(out, "{");
        put(out, ".backward = %d, .phase = %d,", sum.section == SECTION_BACKWARD, sum.phase);
        emit_line(out, arena,
                  arena_format(arena, ".offset = offsetof(struct %s_tape, %s) / sizeof(float), .count = %zu", model,
                               tensor_member(arena, ir, tensor), tensor_elements(tensor)));
        put(out, "},");
    }
    put(out, "};\n\n");
}

/* ---- the descriptor ---- */

static const char forward_phase_lengths_thunk[] =
    "static void @_forward_phase_lengths_thunk(const void *training, void *tape, const void *x, const int32_t "
    "*lengths, int rows, uint64_t seed, int phase)\n{\n"
    "    @_forward_phase(training, tape, x, lengths, rows, seed, phase);\n}\n\n";

void emit_phase_thunks(Out *out, Arena *arena, const Programs *programs)
{
    for (size_t i = 0; i < PASSES; i++)
        if (emit_is_cut(programs->training, passes[i].section))
            emit_text(out, arena, programs->model,
                      arena_format(arena, "static void @_%s_phase_thunk(%s, int phase)\n{\n"
                                          "    @_%s_phase(%s, phase);\n}\n\n",
                                   passes[i].name, passes[i].parameters, passes[i].name, passes[i].arguments));
    if (programs->model->descriptor.has_lengths && emit_is_cut(programs->training, SECTION_FORWARD))
        emit_text(out, arena, programs->model, forward_phase_lengths_thunk);
    if (emit_has_sums(programs))
        put_sum_table(out, arena, programs);
}

void emit_phase_members(Out *out, const Programs *programs)
{
    const char *model = programs->model->descriptor.name;
    bool sums = emit_has_sums(programs);
    for (size_t i = 0; i < PASSES; i++) {
        const char *name = passes[i].name;
        bool is_cut = emit_is_cut(programs->training, passes[i].section);
        if (sums || is_cut)
            put(out, ".%s_phases = %d,", name, programs->training->phases[passes[i].section]);
        if (is_cut)
            put(out, ".%s_phase = %s_%s_phase_thunk,", name, model, name);
    }
    if (programs->model->descriptor.has_lengths && emit_is_cut(programs->training, SECTION_FORWARD))
        put(out, ".forward_phase_lengths = %s_forward_phase_lengths_thunk,", model);
    if (sums)
        put(out, ".sums = %s_sums, .sum_count = sizeof %s_sums / sizeof *%s_sums,", model, model, model);
}

/* ---- the header ---- */

static const char about_sums[] =
    "This model needs sums over the rows of the whole batch. Of one tape, @_forward, @_loss and @_backward are as "
    "ever: its rows are the batch. Where a batch lies on several tapes, the floats that @_model.sums names of a phase "
    "are added up over the tapes when all have done that phase, and each gets the sum, before the next phase begins; "
    "the engine of the runtime does that.";

static const char about_layers[] =
    "The backward pass is cut: behind each phase the gradients of some layers are complete, as last_phase of "
    "@_model.weights says.";

static const char *const phase_declarations[PASSES] = {
    "void @_forward_phase(const struct @_training *training, struct @_tape *tape, const <x> *x, <lengths>int rows, "
    "uint64_t seed, int phase);",
    "void @_backward_phase(const struct @_training *training, struct @_tape *tape, struct @_gradients *gradients, int "
    "phase);",
};

void emit_phase_declarations(Out *out, Arena *arena, const Programs *programs)
{
    bool sums = emit_has_sums(programs), is_cut = sums;
    for (size_t i = 0; i < PASSES; i++)
        is_cut |= emit_is_cut(programs->training, passes[i].section);
    if (!is_cut)
        return;
    const char *prefix = macro_prefix(arena, &programs->model->descriptor);
    emit_prose(out, arena, fill_template(arena, programs->model, sums ? about_sums : about_layers));
    for (size_t i = 0; i < PASSES; i++) {
        if (!emit_is_cut(programs->training, passes[i].section))
            continue;
        put(out, "#define %s_%s_PHASES %d", prefix, passes[i].upper, programs->training->phases[passes[i].section]);
        emit_line(out, arena, fill_template(arena, programs->model, phase_declarations[i]));
    }
    put(out, "\n");
}
