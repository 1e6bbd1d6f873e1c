/* command_search.c: lstmc search: draws the values of trials, trains them rung by rung, several at once, and says which
 * are best. What is next is a function of what is done, and all that is done is in a file: the rest is this loop. */
#include "commands.h"
#include "search_output.h"
#include "compiler/base/streams.h"
#include "compiler/base/run.h"
#include "compiler/search/place.h"
#include "compiler/search/search_progress.h"
#include "compiler/search/table.h"
#include "compiler/search/workers.h"
#include "compiler/session/load.h"

#include "runtime/files/replace.h"
#include "runtime/lstmc_random.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define TRIALS  30              /* without --trials */
#define HALVING 3               /* without --halving: what such searches usually take */
#define SEED    1

typedef struct Search {
    Arena *arena;
    Diagnostics *diagnostics;
    const Arguments *arguments;
    Space space;
    Trials trials;
    Probe probe;
    Rungs rungs;
    Place place;
    TableForm form;
    const char *objects;        /* a temporary folder of compiled models; NULL: none */
    TrialResult *results;       /* what is done */
    int count, capacity;
    int earlier;                /* of them: done by an earlier run */
    SearchProgress progress;
    struct lstmc_message message;
} Search;

/* ---- what is searched ---- */

/* The bytes of the description: a search does not go on with another one. */
static uint64_t digest_of(const char *path)
{
    uint64_t digest = 0;
    FILE *file = fopen(path, "rb");
    for (int c; file && (c = fgetc(file)) != EOF;)
        digest = lstmc_mix(digest ^ (uint64_t)c);
    if (file)
        fclose(file);
    return digest;
}

/* All that decides what the table will hold, a line each. */
static const char *words_of(const Search *s)
{
    const Arguments *a = s->arguments;
    const char *text = arena_format(s->arena, "description %016llx\nversion %s\n",
                                    (unsigned long long)digest_of(a->model), LSTMC_VERSION);
    for (int i = 0; i < a->parameter_count; i++)
        text = arena_format(s->arena, "%s%s\n", text, a->parameters[i]);
    for (int i = 0; i < a->option_count; i++)
        text = arena_format(s->arena, "%s%s\n", text, a->options[i]);
    for (int i = 0; i < a->data_count; i++)
        text = arena_format(s->arena, "%s--data %s\n", text, a->data[i]);
    text = arena_format(s->arena, "%s--trials=%d\n--halving=%d\n", text, a->trials ? a->trials : TRIALS,
                        a->halving ? a->halving : HALVING);
    return arena_format(s->arena, "%s--seed=%llu\n--monitor=%s\n--epochs=%d\n", text,
                        (unsigned long long)(a->seed ? a->seed : SEED),
                        s->probe.monitor ? s->probe.monitor : "loss of what is held out, if anything is",
                        s->rungs.epochs[s->rungs.count - 1]);
}

static bool understand(Search *s)
{
    const Arguments *a = s->arguments;
    int asked = a->trials ? a->trials : TRIALS;
    s->trials = draw_trials(s->arena, &s->space, a->seed ? a->seed : SEED, asked);
    if (!probe_description(s->arena, s->diagnostics, a, &s->space, &s->trials, &s->probe))
        return false;
    if (s->trials.count < asked && !a->quiet)
        fprintf(stderr, "note: there are %d different trials, not %d\n", s->trials.count, asked);
    const Model *model = description_model(s->probe.description);
    s->rungs = rungs_plan(s->trials.count, a->halving ? a->halving : HALVING, a->epochs ? a->epochs : s->probe.epochs);
    s->form = (TableForm){ .space = &s->space, .trials = &s->trials, .metrics = model->metrics,
                           .metric_count = model->metric_count };
    if (a->interpreted || compiler_exists())
        return true;
    snprintf(s->message.text, sizeof s->message.text, "no C compiler (set CC, or take --interpreted)");
    return false;
}

/* ---- what is there already ---- */

static int take_earlier(Search *s)
{
    int line, status = place_resume(&s->place, &s->message);
    if (status)
        return status;
    TrialResult *read = table_read(s->arena, s->place.table, &s->form, &s->earlier, &line);
    if (!read) {
        snprintf(s->message.text, sizeof s->message.text, "%.200s:%d: is not what this search has written: without "
                 "--resume a new one begins", s->place.table, line);
        return LSTMC_BAD_FILE;
    }
    for (int i = 0; i < s->earlier; i++) {
        if (read[i].rung >= s->rungs.count)
            continue;
        arena_append(s->arena, s->results, s->count, s->capacity, read[i]);
        search_progress_add(&s->progress, &read[i], false);
    }
    return LSTMC_OK;
}

/* ---- the trainings ---- */

static bool write_down(Search *s)
{
    Arena *arena = arena_create();
    int error = table_write(arena, s->place.table, &s->form, s->results, s->count);
    arena_free(arena);
    if (error)
        snprintf(s->message.text, sizeof s->message.text, "%.250s: cannot be written: %s; --resume goes on when it can",
                 s->place.table, lstmc_write_reason(error));
    return !error;
}

static bool take_result(void *context, const TrialResult *result)
{
    Search *s = context;
    if (result->state >= TRIAL_STATES) {
        if (!s->message.text[0])
            snprintf(s->message.text, sizeof s->message.text, "%.400s; --resume goes on", result->why);
        return false;
    }
    arena_append(s->arena, s->results, s->count, s->capacity, *result);
    if (!write_down(s))
        return false;
    if (result->state != TRIAL_DONE || result->rung + 1 == s->rungs.count)
        unlink(place_checkpoint(s->arena, &s->place, result->trial));       /* it goes nowhere: there may be many */
    search_progress_add(&s->progress, result, true);
    return true;
}

static TrialTask task_of(Search *s, Arena *arena, NextTrial next)
{
    Arguments *own = arena_new(arena, Arguments);
    int count = s->space.fixed_count + s->space.count;
    bool *may_be_unread = arena_array(arena, bool, count);
    for (int i = 0; i < count; i++)
        may_be_unread[i] = true;        /* another trial reads it: that has been looked at */
    *own = *s->arguments;
    own->command = "train";
    own->parameters = trial_words(arena, &s->space, s->trials.values[next.trial]);
    own->parameter_count = count;
    own->threads = 1;
    own->epochs = 0;
    own->seed = 0;
    own->resume = false;
    own->quiet = true;
    return (TrialTask){ .arguments = own, .may_be_unread = may_be_unread, .trial = next.trial, .rung = next.rung,
                        .epochs = s->rungs.epochs[next.rung], .monitor = s->probe.monitor,
                        .metrics = s->form.metrics, .metric_count = s->form.metric_count,
                        .checkpoint = place_checkpoint(arena, &s->place, next.trial), .objects = s->objects };
}

/* Whoever is not among the next ones, nor waits for the others on their rung, goes nowhere. */
static void drop_checkpoints(const Search *s, Arena *arena, const NextTrial *next, int count)
{
    for (int i = 0; i < s->trials.count; i++) {
        bool goes_on = false;
        for (int k = 0; k < count; k++)
            goes_on |= next[k].trial == i;
        for (int k = 0; k < s->count; k++)
            goes_on |= s->results[k].trial == i && s->results[k].rung == next[0].rung;
        if (!goes_on)
            unlink(place_checkpoint(arena, &s->place, i));
    }
}

/* Rung by rung. 0, the number of a signal, or -1 with the message. */
static int train_all(Search *s)
{
    const Arguments *a = s->arguments;
    int at_once = a->threads ? a->threads : (int)sysconf(_SC_NPROCESSORS_ONLN), count, ended = 0;
    NextTrial *next = arena_array(s->arena, NextTrial, s->trials.count);
    while (!ended && (count = rungs_next(&s->rungs, s->results, s->count, s->probe.maximize, next)) > 0) {
        Arena *arena = arena_create();
        TrialTask *tasks = arena_array(arena, TrialTask, count);
        for (int i = 0; i < count; i++)
            tasks[i] = task_of(s, arena, next[i]);
        drop_checkpoints(s, arena, next, count);
        ended = workers_run(tasks, count, at_once, take_result, s);
        arena_free(arena);
        if (!ended && s->message.text[0])
            ended = -1;
    }
    search_progress_end(&s->progress);
    return ended;
}

/* ---- the end ---- */

static int finish(Search *s)
{
    const Arguments *a = s->arguments;
    TrialResult *ranked = arena_array(s->arena, TrialResult, s->count + 1);
    memcpy(ranked, s->results, (size_t)s->count * sizeof *ranked);
    SearchOutcome outcome = { .arguments = a, .space = &s->space, .trials = &s->trials, .probe = &s->probe,
                              .ranked = ranked, .ranked_count = rungs_rank(ranked, s->count, s->probe.maximize),
                              .rungs = s->rungs.count, .results = table_order(s->results, s->count),
                              .count = s->count };
    const char *command = search_best_command(s->arena, &outcome);
    search_print_table(s->arena, &outcome, s->place.table);
    if (command)
        printf("best: %s\n", command);
    printf("table: %s\n", s->place.table);
    int error = search_write_page(s->arena, &outcome, command, s->place.page);
    if (error) {
        snprintf(s->message.text, sizeof s->message.text, "%.250s: cannot be written: %s", s->place.page,
                 lstmc_write_reason(error));
        return LSTMC_IO;
    }
    printf("report: %s\n", s->place.page);
    int status = place_finish(&s->place, &s->message);
    if (!status && !command) {
        snprintf(s->message.text, sizeof s->message.text, "no trial has come to its end; of the first: %.300s",
                 s->results[0].why);
        status = LSTMC_MISMATCH;
    }
    return status;
}

/* The exit status of a signal, or an enum lstmc_status with the message. */
static int search(Search *s, int *ended_by)
{
    const Arguments *a = s->arguments;
    int status = place_open(s->arena, description_model(s->probe.description)->descriptor.name, words_of(s), &s->place,
                            &s->message);
    if (status)
        return status;
    search_progress_begin(&s->progress, a->quiet ? NULL : stderr, &s->rungs, s->probe.monitor, s->probe.maximize);
    status = a->resume ? take_earlier(s) : place_begin(&s->place, &s->message);
    if (status)
        return status;
    if (!a->interpreted && !(s->objects = run_folder(s->arena))) {
        snprintf(s->message.text, sizeof s->message.text, "no temporary folder: %s", strerror(errno));
        return LSTMC_IO;
    }
    int ended = train_all(s);
    if (s->objects)
        run_folder_remove(s->objects);
    if (ended > 0) {
        *ended_by = ended;
        snprintf(s->message.text, sizeof s->message.text, "interrupted: %d of %d trainings are done; --resume goes on",
                 s->progress.done, s->progress.trainings);
    }
    return ended ? LSTMC_INTERRUPTED : finish(s);
}

int command_search(const Arguments *arguments)
{
    Search s = { .arena = arena_create(), .arguments = arguments };
    int status = 1, ended_by = 0;
    s.diagnostics = diagnostics_create(s.arena);
    if (space_read(s.arena, arguments->parameters, arguments->parameter_count, &s.space)) {
        arena_free(s.arena);
        return 2;
    }
    if (understand(&s))
        status = search(&s, &ended_by);
    if (status) {
        diagnostics_print(s.diagnostics, stderr);
        if (s.message.text[0])
            fprintf(stderr, "%s: %s\n", arguments->model, s.message.text);
    }
    description_free(s.probe.description);
    arena_free(s.arena);
    return ended_by ? SIGNAL_STATUS + ended_by : status ? 1 : 0;
}
