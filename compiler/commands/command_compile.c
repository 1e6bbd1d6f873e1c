/* command_compile.c: lstmc MODEL.lua: writes the files and says what was decided for each layer. */
#include "commands.h"
#include "compiler/base/ownership.h"
#include "compiler/passes/passes.h"
#include "compiler/ship/shipment.h"

#include "runtime/files/replace.h"

#include <stdio.h>
#include <string.h>

typedef struct Files {
    Arena *arena;
    const char *folder;
    FileText text[WRITE_FILES_MAX];
    Out out[WRITE_FILES_MAX];       /* of files that are made here */
    int count;
} Files;

static void add_file(Files *files, const char *name, const Out *out)
{
    const char *path = strcmp(files->folder, ".") ? arena_format(files->arena, "%s/%s", files->folder, name) : name;
    files->text[files->count++] = (FileText){ path, out->text, out->length };
}

/* People change examples, and a description's name may be that of a program: a file is overwritten if its first line
 * still says that lstmc wrote it. */
static bool all_are_ours(const Files *files)
{
    bool ours = true;
    for (int i = 0; i < files->count; i++)
        if (!file_is_ours(files->text[i].path, FILE_TEXT)) {
            fprintf(stderr, "%s: is not lstmc's, and would be overwritten: move it, or choose another folder by -o\n",
                    files->text[i].path);
            ours = false;
        }
    return ours;
}

/* A program around the model, for a start. */
static void add_example(Files *files, const Programs *programs, bool self_test)
{
    Out *program = &files->out[files->count], *makefile = program + 1;
    emit_example(program, files->arena, programs, self_test);
    emit_makefile(makefile, files->arena, programs, self_test);
    add_file(files, arena_format(files->arena, "%s_main.c", programs->model->descriptor.name), program);
    add_file(files, "Makefile", makefile);
}

static void add_self_test(Files *files, const Programs *programs, const Golden *golden)
{
    Out *header = &files->out[files->count], *source = header + 1;
    emit_self_test_header(header, files->arena, programs);
    emit_self_test_source(source, files->arena, programs, golden);
    add_file(files, arena_format(files->arena, "%s_self_test.h", programs->model->descriptor.name), header);
    add_file(files, arena_format(files->arena, "%s_self_test.c", programs->model->descriptor.name), source);
}

/* All files or none: each is written beside its place first. */
static int write_all(const Files *files)
{
    const char *failed = files->text[0].path;
    if (!all_are_ours(files))
        return 1;
    int error = make_folder(files->folder);
    if (!error)
        error = write_files(files->text, files->count, &failed);
    if (error) {
        fprintf(stderr, "%s: cannot be written: %s\n", failed, lstmc_write_reason(error));
        return 1;
    }
    for (int i = 0; i < files->count; i++)
        puts(files->text[i].path);
    return 0;
}

/* `golden` NULL: no self-test. */
static int write_compiled(Arena *arena, const Arguments *arguments, const Compiled *compiled, const Golden *golden)
{
    const char *name = compiled->programs.model->descriptor.name;
    Files files = { .arena = arena, .folder = arguments->output };
    add_file(&files, arena_format(arena, "%s.h", name), &compiled->header);
    add_file(&files, arena_format(arena, "%s.c", name), &compiled->source);
    if (compiled->programs.trained)
        add_file(&files, arena_format(arena, "%s_weights.c", name), &compiled->constants);
    if (golden)
        add_self_test(&files, &compiled->programs, golden);
    if (arguments->example)
        add_example(&files, &compiled->programs, golden);
    int status = write_all(&files);
    for (int i = 0; i < WRITE_FILES_MAX; i++)
        out_free(&files.out[i]);
    return status;
}

/* What a device needs: constants, and memory for one prediction or one stream. */
static void print_needs(Arena *arena, const Programs *programs)
{
    Sizes sizes = emit_sizes(programs);
    printf("constants %s, memory to predict %s", emit_readable_bytes(arena, sizes.packed),
           emit_readable_bytes(arena, sizes.scratch));
    if (programs->step)
        printf(", of a stream %s\n"
               "a step has %s of arrays on the stack, and what the compiler adds (gcc: -fstack-usage)",
               emit_readable_bytes(arena, sizes.state), emit_readable_bytes(arena, sizes.step_stack));
    if (programs->decode)
        printf(", to encode %s and %s of what was encoded,\nof what is said %s, and %s for a step of it",
               emit_readable_bytes(arena, sizes.encode_scratch), emit_readable_bytes(arena, sizes.memory),
               emit_readable_bytes(arena, sizes.state), emit_readable_bytes(arena, sizes.decode_scratch));
    puts("");
}

static void print_decisions(const Arguments *arguments, const Compiled *compiled)
{
    const Programs *programs = &compiled->programs;
    Out out = { 0 };
    schedule_print(&out, programs->training ? programs->training : programs->batch);
    printf("target %s, %d lane%s%s\n%s", programs->target->name, programs->target->lanes,
           programs->target->lanes == 1 ? "" : "s",
           arguments->compile.lanes_by_units ? ", as the units of the layers fill them" : "", out.text ? out.text : "");
    if (programs->no_step && !programs->model->has_decoder)
        printf("no streaming step: %s\n", programs->no_step);
    if (programs->no_decoder && programs->model->has_decoder)
        printf("the decoder does not go step by step: %s\n", programs->no_decoder);
    out_free(&out);
}

typedef struct Job {
    Arena *arena;
    const Arguments *arguments;
    Diagnostics *diagnostics;
    Description *description;
    Shipment shipment;          /* where there are weights */
    struct lstmc_message message;
} Job;

static int write_result(Job *job, const Compiled *compiled)
{
    Golden golden;
    const char *no_example = job->arguments->example && compiled->programs.model->descriptor.inputs
                                 ? ship_no_said(job->arena, &compiled->programs) : NULL;
    if (no_example) {
        snprintf(job->message.text, sizeof job->message.text, "--example: %s", no_example);
        return 1;
    }
    if (job->arguments->example && compiled->programs.model->descriptor.outputs) {
        snprintf(job->message.text, sizeof job->message.text, "--example: the program prints one answer a sample, and "
                 "the model has %d outputs (--self-test shows how they are read)",
                 compiled->programs.model->output_count);
        return 1;
    }
    if (job->arguments->self_test && shipment_golden(job->arena, job->description, job->diagnostics,
                                                     &compiled->programs, &job->shipment, &golden, &job->message))
        return 1;
    command_note(job->arguments, compiled);
    int status = write_compiled(job->arena, job->arguments, compiled, job->arguments->self_test ? &golden : NULL);
    if (!status && !job->arguments->quiet)
        print_decisions(job->arguments, compiled);
    if (!status && !job->arguments->quiet && compiled->programs.trained)
        print_needs(job->arena, &compiled->programs);
    return status;
}

static int run(Job *job)
{
    CompileOptions options = job->arguments->compile;
    Compiled compiled;
    int status = 1;
    const char *refused = options.dump ? NULL : emit_name_refused(job->arena, description_model(job->description));
    if (refused) {
        diagnostics_add(job->diagnostics, job->arguments->model, 0, "%s", refused);
        return 1;
    }
    if (job->arguments->weights) {
        if (shipment_load(job->arena, description_model(job->description), job->arguments->weights, &job->shipment,
                          &job->message))
            return 1;
        options.trained = &job->shipment.trained;
        if (job->shipment.differs)
            fprintf(stderr,
                    "%s: note: written by a description with other options of its layers, steps or loss than %s has "
                    "now\n",
                    job->arguments->weights, job->arguments->model);
    }
    if (compile(job->arena, job->description, job->diagnostics, &options, &compiled))
        status = options.dump ? fputs(compiled.dump.text, stdout) < 0 : write_result(job, &compiled);
    compiled_free(&compiled);
    return status;
}

int command_compile(const Arguments *arguments)
{
    Job job = { .arena = arena_create(), .arguments = arguments };
    job.diagnostics = diagnostics_create(job.arena);
    job.description = command_read(job.arena, job.diagnostics, arguments);
    int status = 1;
    if (job.description) {
        status = run(&job);
        diagnostics_print(job.diagnostics, stderr);
        if (job.message.text[0])
            fprintf(stderr, "%s\n", job.message.text);
    }
    shipment_free(&job.shipment);
    description_free(job.description);
    arena_free(job.arena);
    return status;
}
