/* compile.c: the pipeline on one page: a description, four programs, the passes, two files.
 *
 *     read_lua   description -> layer list                      (done before)
 *     lower      layer list -> forward statements               calls each layer's mathematics
 *     decoder    a step of a decoder -> two halves              encode, and what each step does
 *     grad       + adjoint statements                           derived; frozen layers prune it
 *     stage      statements -> binding times                    prepare, call, step
 *     phases     passes over a tape -> phases                   where sums over the whole batch are needed
 *     blas       large products -> calls                        with --blas, before a tile can claim them
 *     flatten    gates -> one after the other                   where their units would leave vectors empty
 *     transpose  values -> the order in which sums read them    where vectors would lie along the sum
 *     tile       statements -> nests over vectors               where the target has lanes; their numbers may be chosen
 * (tuning) piece      time loops -> pieces                           gradients follow a few turns of back-propagation
 *     pack       weights -> the order in which tiles read them  at prepare time
 *     schedule   other statements -> order of loops, unrolling  under the target's budget
 *     plan       tensors -> homes                               weights, tape, state, scratch
 *     contain    weights read in prediction -> copies           of a trained model, whose operands become constants
 *     idle       time loops under a mask -> what is left of them  at turns that no row needs
 *     emit       -> text
 *
 * After every pass the program is checked: set before read, every index proven inside its tensor. */
#include "compile.h"
#include "compiler/ir/streaming.h"
#include "compiler/passes/passes.h"
#include "compiler/ship/ship.h"

#include <string.h>

#define PASSES(PASS) \
    PASS(LOWER, "lower") PASS(GRAD, "grad") PASS(STAGE, "stage") PASS(PHASES, "phases") PASS(BLAS, "blas") \
    PASS(BATCH_FIRST, "batch_first") PASS(FLATTEN, "flatten") PASS(TRANSPOSE, "transpose") PASS(TILE, "tile") \
    PASS(PIECE, "piece") PASS(PACK, "pack") PASS(SCHEDULE, "schedule") PASS(PLAN, "plan") PASS(IDLE, "idle") \
    PASS(FIRST_TURN, "first_turn")

enum {
#define NUMBER(pass, name) PASS_##pass,
    PASSES(NUMBER)
    PASS_COUNT
};

static const char *const passes[PASS_COUNT] = {
#define NAME(pass, name) name,
    PASSES(NAME)
};

bool pass_exists(const char *name)
{
    for (int p = 0; p < PASS_COUNT; p++)
        if (!strcmp(name, passes[p]))
            return true;
    return false;
}

const char *pass_names(void)
{
#define LISTED(pass, name) ", " name
    return PASSES(LISTED) + strlen(", ");
}

static void check(const Ir *ir, const char *pass)
{
    const char *broken = ir_check(ir);
    if (broken)
        die("after %s: %s", pass, broken);
}

typedef struct Pipeline {
    Arena *arena;
    Description *description;
    Diagnostics *diagnostics;
    const CompileOptions *options;
    const Tuning *tuning;       /* NULL: none */
    NamedTiles *tiles;
} Pipeline;

static LowerOptions lowering_of(const Pipeline *pipeline, ProgramKind kind)
{
    const ProgramTraits *traits = &program_traits[kind];
    const CompileOptions *options = pipeline->options;
    return (LowerOptions){
        .training = traits->training,
        .batch = traits->batched ? description_model(pipeline->description)->descriptor.batch : 1,
        .streaming = kind == PROGRAM_STEP,
        .decoding = kind == PROGRAM_ENCODE || kind == PROGRAM_DECODE,
        .input_gradient = traits->training && options->input_gradient,
        .keep_adjoints = traits->training && options->keep_adjoints,
    };
}

static Ir *lower_program(const Pipeline *pipeline, ProgramKind kind)
{
    LowerOptions lowering = lowering_of(pipeline, kind);
    Ir *ir = lower(pipeline->arena, pipeline->description, &lowering);
    if (ir && kind == PROGRAM_ENCODE)
        keep_encoder(ir);
    if (ir && kind == PROGRAM_DECODE)
        keep_decoder(ir);
    return ir;
}

/* A lowered program through all passes, or up to the one that is dumped; NULL stays NULL. */
static Ir *run_passes(const Pipeline *pipeline, ProgramKind kind, Ir *ir)
{
    const ProgramTraits *traits = &program_traits[kind];
    const CompileOptions *options = pipeline->options;
    for (int p = PASS_LOWER; ir && p < PASS_COUNT; p++) {
        if (p == PASS_GRAD && traits->training)
            grad(ir);
        if (p == PASS_GRAD && !traits->streaming)
            only_turn(ir);
        if (p == PASS_STAGE)
            stage(ir, options->target, options->blas);
        if (p == PASS_PHASES)
            phases(ir, options->layer_phases);
        if (p == PASS_BLAS && options->blas)
            blas(ir, options->target);
        if (p == PASS_BATCH_FIRST)
            batch_first(ir, options->target);
        /* of bf16 there are fewer bytes to read than instructions to do so */
        if (p == PASS_FLATTEN && (traits->training || !options->bf16))
            flatten(ir, options->target);
        if (p == PASS_TRANSPOSE)
            transpose(ir, options->target);
        if (p == PASS_TILE) {
            tile(ir, options->target);
            tuning_apply(pipeline->diagnostics, pipeline->tuning, ir, options->target, traits->name, pipeline->tiles);
        }
        if (p == PASS_PIECE)
            piece(ir);
        if (p == PASS_PACK)
            pack(ir, options->target, options->bf16 && !traits->training);
        if (p == PASS_SCHEDULE)
            schedule(ir, options->target, options->unroll);
        if (p == PASS_SCHEDULE && traits->training)
            rows(ir);
        if (p == PASS_PLAN)
            plan(ir, traits->streaming, kind == PROGRAM_DECODE ? SIZE_MAX : PLAN_STEP_BYTES);
        if (p == PASS_PLAN && options->trained && !traits->training)
            contain(ir);
        if (p == PASS_IDLE)
            idle(ir);
        if (p == PASS_FIRST_TURN && traits->training)
            first_turn(ir);
        check(ir, passes[p]);
        if (options->dump && !strcmp(options->dump, passes[p]))
            break;
    }
    return ir;
}

static void check_sizes(Arena *arena, Diagnostics *diagnostics, const Programs *programs)
{
    const char *large = emit_too_large(arena, programs);
    if (large)
        diagnostics_add(diagnostics, programs->model->file, 0,
                        "struct %s would be larger than 2 GB with %d rows a tape: choose a smaller batch_size, or more "
                        "shards",
                        large, programs->model->descriptor.batch);
}

/* Whether a model streams is seen in the program of one sample, before its passes. A stream has no length: each of its
 * steps counts. */
static const char *find_obstacle(const Pipeline *pipeline, const Ir *single)
{
    LowerOptions lowering = lowering_of(pipeline, PROGRAM_SINGLE);
    lowering.whole = true;
    const Ir *whole = single->lengths ? lower(pipeline->arena, pipeline->description, &lowering) : single;
    return streaming_obstacle(pipeline->arena, whole);
}

static void find_obstacles(const Pipeline *pipeline, const Ir *single, Programs *programs)
{
    const char *why = find_obstacle(pipeline, single);
    programs->no_step = single->decoder ? "it has several inputs" : why;
    programs->no_decoder = single->decoder ? why : "the description names no decoder";
}

static bool is_left_out(const Pipeline *pipeline, const Programs *programs, ProgramKind kind)
{
    switch (kind) {
    case PROGRAM_TRAINING: return pipeline->options->inference;
    case PROGRAM_STEP:     return programs->no_step != NULL;
    case PROGRAM_ENCODE:
    case PROGRAM_DECODE:   return programs->no_decoder != NULL;
    default:               return false;
    }
}

static bool run_all(const Pipeline *pipeline, Programs *programs)
{
    for (ProgramKind kind = 0; kind < PROGRAM_COUNT; kind++) {
        if (is_left_out(pipeline, programs, kind))
            continue;
        Ir *ir = lower_program(pipeline, kind);
        if (!ir)
            return false;
        if (kind == PROGRAM_SINGLE)
            find_obstacles(pipeline, ir, programs);
        programs->program[kind] = run_passes(pipeline, kind, ir);
    }
    for (ProgramKind kind = 0; kind < PROGRAM_COUNT; kind++)
        if (programs->program[kind]) {
            emit_name_extents(pipeline->arena, programs, programs->program[kind]);
            emit_name_members(pipeline->arena, programs->program[kind]);
        }
    programs->packed = emit_packed_program(programs);
    return true;
}

static bool dump(const Pipeline *pipeline, Compiled *compiled)
{
    ProgramKind kind = pipeline->options->inference ? PROGRAM_BATCH : PROGRAM_TRAINING;
    Ir *ir = run_passes(pipeline, kind, lower_program(pipeline, kind));
    if (ir)
        ir_print(&compiled->dump, ir);
    return ir != NULL;
}

bool compile(Arena *arena, Description *description, Diagnostics *diagnostics, const CompileOptions *options,
             Compiled *compiled)
{
    *compiled = (Compiled){ 0 };
    CompileOptions settled = *options;
    if (options->lanes_by_units)
        settled.target = target_for_units(options->target, &description_model(description)->descriptor);
    options = &settled;
    Programs *programs = &compiled->programs;
    Tuning from_file;
    Pipeline pipeline = { .arena = arena, .description = description, .diagnostics = diagnostics, .options = options,
                          .tuning = options->tuning_file ? &from_file : options->tuning, .tiles = &compiled->tiles };
    programs->model = description_model(description);
    programs->target = options->target;
    programs->input_gradient = options->input_gradient;
    programs->precise = options->precise;
    programs->optimizer_apart = options->optimizer_apart;
    programs->bf16 = options->bf16;
    programs->dispatch = options->dispatch;
    programs->trained = options->trained;
    int before = diagnostics_count(diagnostics);
    if (options->tuning_file && !tuning_read(arena, diagnostics, options->tuning_file, &from_file))
        return false;
    if (options->dump)
        return dump(&pipeline, compiled) && diagnostics_count(diagnostics) == before;
    if (!run_all(&pipeline, programs))
        return false;
    check_sizes(arena, diagnostics, programs);
    if (diagnostics_count(diagnostics) != before)
        return false;
    if (options->tuning_file && !options->inference)    /* without training, its tiles are missed by nobody */
        tuning_hint(&from_file, &compiled->tiles);
    Arena *scratch = arena_create();
    Out of_trained = { 0 };
    if (programs->trained)
        emit_meaning_declarations(&of_trained, scratch, programs);
    emit_header(&compiled->header, scratch, programs, of_trained.text);
    out_free(&of_trained);
    arena_clear(scratch);
    emit_source(&compiled->source, scratch, programs);
    arena_clear(scratch);
    if (programs->trained)
        emit_constants(&compiled->constants, scratch, programs);
    arena_free(scratch);
    return true;
}

void compiled_free(Compiled *compiled)
{
    out_free(&compiled->header);
    out_free(&compiled->source);
    out_free(&compiled->constants);
    out_free(&compiled->dump);
}
