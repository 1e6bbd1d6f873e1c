/* command_compile.c: lstmc MODEL.lua: writes the two files and says what was decided for each layer. */
#include "commands.h"
#include "passes.h"

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

/* Both files or none: each is written beside its place first. */
static int write_both(Arena *arena, const Arguments *arguments, const Compiled *compiled)
{
    const char *name = compiled->programs.model->descriptor.name;
    const char *folder = arguments->output;
    const char *header = arena_format(arena, "%s/%s.h", folder, name), *source = arena_format(arena, "%s/%s.c", folder, name);
    if (!strcmp(folder, ".")) {
        header += 2;
        source += 2;
    }
    const FileText texts[2] = { { header, compiled->header.text, compiled->header.length },
                            { source, compiled->source.text, compiled->source.length } };
    const char *failed;
    int error = write_files(texts, 2, &failed);
    if (error) {
        fprintf(stderr, "%s: cannot be written: %s\n", failed, strerror(error));
        return 1;
    }
    printf("%s\n%s\n", header, source);
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

int command_compile(const Arguments *arguments)
{
    Arena *arena = arena_create();
    Diagnostics *diagnostics = diagnostics_create(arena);
    Description *description = command_read(arena, diagnostics, arguments, 0);
    int status = 1;
    if (description) {
        Compiled compiled;
        if (!compile(arena, description, diagnostics, &arguments->compile, &compiled)) {
            diagnostics_print(diagnostics, stderr);
        } else if (arguments->compile.dump) {
            fputs(compiled.dump.text, stdout);
            status = 0;
        } else {
            command_note(arguments, &compiled);
            status = write_both(arena, arguments, &compiled);
            if (!status && !arguments->quiet)
                print_decisions(&compiled);
        }
        compiled_free(&compiled);
    }
    description_free(description);
    arena_free(arena);
    return status;
}
