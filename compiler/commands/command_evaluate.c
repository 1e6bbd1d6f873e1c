/* command_evaluate.c: lstmc evaluate: loss and metrics of a weight file on what is held out of
 * the description's data. */
#include "compiler/session/judge.h"

#include <stdio.h>

static int evaluate(Session *s)
{
    const Model *model = description_model(s->description);
    const char *path = session_file(s, s->arguments.weights, ".safetensors");
    double loss, *metric = arena_array(s->arena, double, model->metric_count + 1);
    int status = session_prepare(s, path, true);
    if (status)
        return status;
    const struct lstmc_dataset *data = s->validation.samples ? &s->validation : &s->data;
    struct lstmc_train_options options = { .stateful = session_stateful(model) };
    session_set_metrics(s, &options);
    if (!s->arguments.quiet)
        printf("%s: %zu samples%s, weights of %s\n", model->descriptor.name, data->samples,
               data == &s->validation ? " held out" : ", as none are held out", path);
    status = lstmc_evaluate(&s->engine, s->weights, data, &options, &loss, metric, &s->message);
    if (status)
        return status;
    session_print_values(s, "", loss, metric);
    printf("\n");
    s->engine.prepare(s->engine.context, s->weights);
    session_compare_with_persistence(s);
    return judge_print(s, data);
}

int command_evaluate(const Arguments *arguments)
{
    Session s;
    session_open(&s, arguments);
    return session_close(&s, s.description ? evaluate(&s) : 1);
}
