/* command_export.c: lstmc export: a description and its weights become a file of another framework. */
#include "commands.h"
#include "compiler/base/ownership.h"
#include "compiler/interchange/export.h"
#include "compiler/session/session.h"

#include <stdio.h>

static int run(Session *s)
{
    const Model *model = description_model(s->description);
    int before = diagnostics_count(s->diagnostics);
    ExportRequest request = { .model = model, .format = s->arguments.format, .path = s->arguments.output };
    int status = session_read_weights(s, session_file(s, s->arguments.weights, ".safetensors"));
    if (!status)
        status = file_claim(request.path, FILE_ANY, true, &s->message);
    if (status)
        return status;
    request.weights = s->weights;
    if (!export_file(s->arena, s->diagnostics, &request))
        return diagnostics_count(s->diagnostics) > before ? LSTMC_MISMATCH : LSTMC_IO;
    if (!s->arguments.quiet)
        printf("%s: %zu parameters\n", request.path, model->descriptor.weight_count);
    return 0;
}

int command_export(const Arguments *arguments)
{
    Session s;
    session_open(&s, arguments);
    return session_close(&s, s.description ? run(&s) : LSTMC_MISMATCH);
}
