/* command_export.c: lstmc export: a description and its weights become a file of another framework. */
#include "commands.h"
#include "compiler/base/ownership.h"
#include "compiler/interchange/export.h"
#include "compiler/session/session.h"

#include <stdio.h>
#include <sys/stat.h>

static bool is_same_file(const char *one, const char *other)
{
    struct stat a, b;
    return !stat(one, &a) && !stat(other, &b) && a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

static int run(Session *s)
{
    const Model *model = description_model(s->description);
    int before = diagnostics_count(s->diagnostics);
    ExportRequest request = { .model = model, .format = s->arguments.format, .path = s->arguments.output,
                              .stream = s->arguments.stream };
    const char *weights = session_file(s, s->arguments.weights, ".safetensors");
    if (is_same_file(weights, request.path)) {
        snprintf(s->message.text, sizeof s->message.text,
                 "%.250s has the weights that are to be exported: choose another "
                 "name", request.path);
        return LSTMC_MISMATCH;
    }
    int status = session_read_weights(s, weights);
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
