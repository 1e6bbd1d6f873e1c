/* command_plot.c: lstmc plot: a page with the curves of a training and what its weights predict. */
#include "compiler/base/ownership.h"
#include "compiler/report/report.h"

#include <stdio.h>
#include <unistd.h>

/* FILE of the option, or the default if it is there; NULL: nothing to read. */
static const char *choose(const char *file, const char *usual)
{
    return file ? file : access(usual, F_OK) ? NULL : usual;
}

/* Why weights can predict nothing here, in one line; NULL: they can. */
static const char *no_predictions(const Model *model)
{
    if (!model->loss)
        return "the description has no loss";
    return model->data.kind == DATA_NONE ? "the description names no data" : NULL;
}

static int plot(Session *s)
{
    const Arguments *a = &s->arguments;
    const Model *model = description_model(s->description);
    const char *usual_log = session_file(s, NULL, ".log.csv"), *usual_weights = session_file(s, NULL, ".safetensors");
    const char *weights = choose(a->weights, usual_weights), *lacking = no_predictions(model);
    ReportFiles files = { .log = choose(a->log, usual_log),
                          .flow = choose(NULL, session_file(s, NULL, ".gradient_flow.csv")),
                          .page = session_file(s, a->out, ".report.html"),
                          .pictures = a->pictures };
    if (!files.log && !weights) {
        snprintf(s->message.text, sizeof s->message.text,
                 "nothing to plot: neither %s nor %s is here (lstmc train %s writes them; or --log, --weights)",
                 usual_log, usual_weights, a->model);
        return LSTMC_MISMATCH;
    }
    if (weights && lacking && !files.log) {
        snprintf(s->message.text, sizeof s->message.text,
                 "nothing to plot: there is no %s, and %s, so that the weights predict nothing", usual_log, lacking);
        return LSTMC_MISMATCH;
    }
    if (!files.log)
        fprintf(stderr, "%s: no %s: no curves\n", a->model, usual_log);
    if (!weights || lacking)
        fprintf(stderr, "%s: no predictions: %s\n", a->model,
                lacking ? lacking : arena_format(s->arena, "no %s", usual_weights));
    int status = file_claim(files.page, FILE_REPORT, a->out, &s->message);
    if (!status && weights && !lacking)
        status = session_prepare(s, weights, true);
    if (!status)
        status = report_of_session(s, &files);
    if (!status && !a->quiet)
        printf("report: %s\n", files.page);
    return status;
}

int command_plot(const Arguments *arguments)
{
    Session s;
    session_open(&s, arguments);
    return session_close(&s, s.description ? plot(&s) : 1);
}
