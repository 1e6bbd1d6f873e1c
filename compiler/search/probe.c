/* probe.c: in: the values of trials.  out: the description that they have in common, or its mistakes. */
#include "probe.h"

#define PROBED 100              /* trials: who has not read an argument by then will not */

static Description *read_trial(Arena *arena, Diagnostics *diagnostics, const Arguments *a, const char **words,
                               int count, const bool *may_be_unread, bool *is_read)
{
    ReadOptions options = { .parameters = words, .parameter_count = count, .may_be_unread = may_be_unread,
                            .is_read = is_read, .batch = a->batch, .freeze = a->freeze, .timed = true,
                            .silent = is_read != NULL };
    return description_read(arena, diagnostics, a->model, &options);
}

static bool *all_true(Arena *arena, int count)
{
    bool *all = arena_array(arena, bool, count + 1);
    for (int i = 0; i < count; i++)
        all[i] = true;
    return all;
}

/* Which arguments any of the trials reads, and the first trial that is taken: its number, or -1. */
static int read_many(Arena *arena, const Arguments *a, const Space *space, const Trials *trials, bool *ever_read,
                     int *epochs)
{
    int first = -1, count = space->fixed_count + space->count;
    const bool *excused = all_true(arena, count);
    Arena *own = arena_create();
    *epochs = 0;
    for (int i = 0; i < trials->count && i < PROBED; i++) {
        bool *is_read = arena_array(own, bool, count + 1);
        Description *d = read_trial(own, diagnostics_create(own), a, trial_words(own, space, trials->values[i]),
                                    count, excused, is_read);
        for (int k = 0; k < count; k++)
            ever_read[k] |= is_read[k];
        if (d) {
            int asked = description_model(d)->epochs;
            *epochs = asked > *epochs ? asked : *epochs;
            first = first < 0 ? i : first;
        }
        description_free(d);
        arena_clear(own);
    }
    arena_free(own);
    return first;
}

/* "loss, mae": what there is to monitor. */
static const char *monitors_of(Arena *arena, const Model *model)
{
    const char *names = "loss";
    for (int i = 0; i < model->metric_count; i++)
        names = arena_format(arena, "%s, %s", names, model->metrics[i]);
    return names;
}

static bool find_monitor(Arena *arena, Diagnostics *diagnostics, const Arguments *a, Probe *probe)
{
    if (!a->monitor)
        return true;
    probe->monitor = description_monitor(probe->description, a->monitor, &probe->maximize);
    if (!probe->monitor)
        diagnostics_add(diagnostics, a->model, 0, "--monitor=%s: there is no such value; there are %s, each with val_ "
                        "too if anything is held out", a->monitor,
                        monitors_of(arena, description_model(probe->description)));
    return probe->monitor != NULL;
}

bool probe_description(Arena *arena, Diagnostics *diagnostics, const Arguments *a, const Space *space,
                       const Trials *trials, Probe *probe)
{
    int count = space->fixed_count + space->count;
    bool *ever_read = arena_array(arena, bool, count + 1);
    *probe = (Probe){ .description = NULL };
    probe->trial = read_many(arena, a, space, trials, ever_read, &probe->epochs);
    const char **words = trial_words(arena, space, trials->values[probe->trial < 0 ? 0 : probe->trial]);
    probe->description = read_trial(arena, diagnostics, a, words, count, ever_read, NULL);
    if (!probe->description) {
        if (probe->trial < 0 && trials->count > 1)
            diagnostics_add(diagnostics, a->model, 0, "no trial has values that the description takes; the mistakes "
                            "are those of the first");
        return false;
    }
    if (!description_model(probe->description)->loss) {
        diagnostics_add(diagnostics, a->model, 0, "the description has no loss: nothing to search for");
        return false;
    }
    return find_monitor(arena, diagnostics, a, probe);
}

const char **probe_words(Arena *arena, const Arguments *a, const Space *space, const char *const *values, int *count)
{
    int all = space->fixed_count + space->count;
    const char **words = trial_words(arena, space, values);
    bool *is_read = arena_array(arena, bool, all + 1);
    description_free(read_trial(arena, diagnostics_create(arena), a, words, all, all_true(arena, all), is_read));
    *count = 0;
    for (int i = 0; i < all; i++)
        if (is_read[i])
            words[(*count)++] = words[i];
    return words;
}
