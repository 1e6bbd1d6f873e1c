/* command_compile.c: lstmc MODEL.lua: writes the files and says what was decided for each layer. */
#include "commands.h"
#include "passes.h"
#include "shipment.h"

#include <stdio.h>
#include <string.h>

Description *command_read(Arena *arena, Diagnostics *diagnostics, const Arguments *arguments, int timesteps_max)
{
    ReadOptions options = { .parameters = arguments->parameters, .parameter_count = arguments->parameter_count,
                            .timesteps_max = timesteps_max, .batch = arguments->batch, .freeze = arguments->freeze, .timed = true };
    Description *description = description_read(arena, diagnostics, arguments->model, &options);
    if (!description)
        diagnostics_print(diagnostics, stderr);
    return description;
}

void command_note(const Arguments *arguments, const Compiled *compiled)
{
    const Target *target = arguments->compile.target;
    if (arguments->compile.blas && !emit_calls_blas(&compiled->programs))
        fprintf(stderr, "%s: --blas changes nothing: no product of matrices has %d rows, %d columns and sums of %d terms, with %d rows a tape\n",
                arguments->model, target->blas_side, target->blas_side, target->blas_terms, compiled->programs.model->descriptor.batch);
}

typedef struct Files {
    Arena *arena;
    const char *folder;
    FileText text[WRITE_FILES_MAX];
    int count;
} Files;

static void add_file(Files *files, const char *name, const Out *out)
{
    const char *path = strcmp(files->folder, ".") ? arena_format(files->arena, "%s/%s", files->folder, name) : name;
    files->text[files->count++] = (FileText){ path, out->text, out->length };
}

/* All files or none: each is written beside its place first. */
static int write_all(Arena *arena, const Arguments *arguments, const Compiled *compiled)
{
    const char *name = compiled->programs.model->descriptor.name, *failed;
    Files files = { .arena = arena, .folder = arguments->output };
    add_file(&files, arena_format(arena, "%s.h", name), &compiled->header);
    add_file(&files, arena_format(arena, "%s.c", name), &compiled->source);
    if (compiled->programs.trained)
        add_file(&files, arena_format(arena, "%s_weights.c", name), &compiled->constants);
    int error = write_files(files.text, files.count, &failed);
    if (error) {
        fprintf(stderr, "%s: cannot be written: %s\n", failed, strerror(error));
        return 1;
    }
    for (int i = 0; i < files.count; i++)
        puts(files.text[i].path);
    return 0;
}

static void print_decisions(const Compiled *compiled)
{
    const Programs *programs = &compiled->programs;
    Out out = { 0 };
    schedule_print(&out, programs->training ? programs->training : programs->batch);
    printf("target %s, %d lane%s\n%s", programs->target->name, programs->target->lanes, programs->target->lanes == 1 ? "" : "s",
           out.text ? out.text : "");
    if (programs->no_step)
        printf("no streaming step: %s\n", programs->no_step);
    out_free(&out);
}

static int compile_and_write(Arena *arena, Description *description, Diagnostics *diagnostics, const Arguments *arguments,
                             const CompileOptions *options)
{
    Compiled compiled;
    int status = 1;
    if (!compile(arena, description, diagnostics, options, &compiled)) {
        diagnostics_print(diagnostics, stderr);
    } else if (options->dump) {
        fputs(compiled.dump.text, stdout);
        status = 0;
    } else {
        command_note(arguments, &compiled);
        status = write_all(arena, arguments, &compiled);
        if (!status && !arguments->quiet)
            print_decisions(&compiled);
    }
    compiled_free(&compiled);
    return status;
}

int command_compile(const Arguments *arguments)
{
    Arena *arena = arena_create();
    Diagnostics *diagnostics = diagnostics_create(arena);
    Description *description = command_read(arena, diagnostics, arguments, 0);
    CompileOptions options = arguments->compile;
    Shipment shipment = { 0 };
    struct lstmc_message message;
    int status = description ? 0 : 1;
    if (!status && arguments->weights) {
        status = shipment_load(arena, description_model(description), arguments->weights, &shipment, &message) != 0;
        options.trained = &shipment.trained;
        if (status)
            fprintf(stderr, "%s\n", message.text);
    }
    if (!status)
        status = compile_and_write(arena, description, diagnostics, arguments, &options);
    shipment_free(&shipment);
    description_free(description);
    arena_free(arena);
    return status;
}
