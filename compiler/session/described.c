/* described.c: in: the words of the command line.  out: the description that they name, or its mistakes; and what an
 * option did not change. */
#include "arguments.h"

#include <stdio.h>
#include <string.h>

static Description *read_for(Arena *arena, Diagnostics *diagnostics, const Arguments *arguments, int timesteps_max)
{
    ReadOptions options = { .parameters = arguments->parameters,
                            .parameter_count = arguments->parameter_count,
                            .timesteps_max = timesteps_max,
                            .batch = arguments->batch,
                            .freeze = arguments->freeze,
                            .timed = true };
    return description_read(arena, diagnostics, arguments->model, &options);
}

Description *command_read(Arena *arena, Diagnostics *diagnostics, const Arguments *arguments)
{
    Description *description = read_for(arena, diagnostics, arguments, 0);
    if (!description)
        diagnostics_print(diagnostics, stderr);
    return description;
}

/* Shapes may fit where the mathematics of a layer does not, whose steps are written down elsewhere too. */
static bool has_mathematics(Arena *arena, Description *description)
{
    const Model *model = description_model(description);
    LowerOptions options = { .training = model->descriptor.loss != NULL, .batch = model->descriptor.batch };
    return lower(arena, description, &options) != NULL;
}

Description *command_read_shortened(Arena *arena, Diagnostics *diagnostics, const Arguments *arguments,
                                    int timesteps_max)
{
    for (int tries = 0; tries < 8; tries++, timesteps_max *= 2) {
        Description *description = read_for(arena, diagnostics_create(arena), arguments, timesteps_max);
        if (description && has_mathematics(arena, description))
            return description;
        description_free(description);
    }
    return command_read(arena, diagnostics, arguments);
}

/* Of what prints answers alone, and so has nothing else to leave out. */
static bool leaves_out_notes(const Arguments *arguments)
{
    return arguments->quiet && strstr("predict sample summary", arguments->command);
}

void command_note(const Arguments *arguments, const Compiled *compiled)
{
    const Target *target = arguments->compile.target;
    if (leaves_out_notes(arguments))
        return;
    if (arguments->compile.blas && !emit_calls_blas(&compiled->programs))
        fprintf(stderr,
                "%s: --blas changes nothing: no product of matrices has %d rows, %d columns and sums of %d terms, with "
                "%d rows a tape\n",
                arguments->model, target->blas_side, target->blas_side, target->blas_terms,
                compiled->programs.model->descriptor.batch);
}
