/* command_search.c: lstmc search: draws the values of trials, trains them rung by rung, several at once, and says which
 * are best. What is next is a function of what is done, and all that is done is in a file: the rest is this loop. */
#include "commands.h"
#include "search_output.h"
#include "compiler/base/digest.h"
#include "compiler/base/streams.h"
#include "compiler/base/run.h"
#include "compiler/search/place.h"
#include "compiler/search/search_progress.h"
#include "compiler/search/table.h"
#include "compiler/search/workers.h"
#include "compiler/session/load.h"
#include "compiler/session/ranks.h"

#include "runtime/base/message.h"
#include "runtime/files/replace.h"

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
    Ranks *ranks;               /* that trials are spread over */
} Search;

/* ---- what is searched ---- */

/* All that decides what the table will hold, a line each: a search does not go on with another description. */
static const char *words_of(const Search *s)
{
    const Arguments *a = s->arguments;
    const char *text = arena_format(s->arena, "description %016llx\nversion %s\n",
                                    (unsigned long long)digest_file(a->model), LSTMC_VERSION);
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
    if (s->ranks->transport.rank)
        return true;
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
    if (!s->ranks->transport.rank && (result->state != TRIAL_DONE || result->rung + 1 == s->rungs.count))
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

/* What the trials of one rank have come to. */
typedef struct OwnResults {
    TrialResult *results;
    const TrialTask *tasks;
    int count;
} OwnResults;

static bool keep_result(void *context, const TrialResult *result)
{
    OwnResults *own = context;
    for (int i = 0; i < own->count; i++)
        if (own->tasks[i].trial == result->trial)
            own->results[i] = *result;
    return result->state < TRIAL_STATES;
}

/* As many trials at a time as all ranks together have room for; then each knows the results of all. */
static int train_on_ranks(Search *s, const TrialTask *tasks, int count, int at_once)
{
    const int ranks = s->ranks->transport.ranks, rank = s->ranks->transport.rank;
    TrialResult *results = arena_array(s->arena, TrialResult, ranks * at_once);
    int ended = 0;
    for (int first = 0; first < count && !ended && !s->message.text[0]; first += ranks * at_once) {
        int begin = first + rank * at_once < count ? first + rank * at_once : count;
        int mine = count - begin < at_once ? count - begin : at_once;
        OwnResults own = { .results = results + rank * at_once, .tasks = tasks + begin, .count = mine };
        for (int i = 0; i < at_once; i++)
            own.results[i] = (TrialResult){ .state = TRIAL_INTERRUPTED };
        ended = ranks_most(s->ranks, workers_run(tasks + begin, mine, at_once, keep_result, &own));
        ranks_gather(s->ranks, results, (size_t)at_once * sizeof *results);
        for (int i = 0; i < ranks * at_once && first + i < count; i++)
            if (results[i].state != TRIAL_INTERRUPTED)
                take_result(s, &results[i]);
    }
    return ended;
}

/* Rung by rung. 0, the number of a signal, or -1 with the message. */
static int train_all(Search *s)
{
    const Arguments *a = s->arguments;
    int at_once = a->threads ? a->threads : ranks_processors(s->ranks), count, ended = 0;
    NextTrial *next = arena_array(s->arena, NextTrial, s->trials.count);
    while (!ended && (count = rungs_next(&s->rungs, s->results, s->count, s->probe.maximize, next)) > 0) {
        Arena *arena = arena_create();
        TrialTask *tasks = arena_array(arena, TrialTask, count);
        for (int i = 0; i < count; i++)
            tasks[i] = task_of(s, arena, next[i]);
        if (!s->ranks->transport.rank)
            drop_checkpoints(s, arena, next, count);
        ended = s->ranks->transport.ranks > 1 ? train_on_ranks(s, tasks, count, at_once)
                                              : workers_run(tasks, count, at_once, take_result, s);
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

/* The exit status of a signal, or an enum lstmc_status with the message. Rank 0 has the files; the others know as much
 * as it does. */
static int search(Search *s, int *ended_by)
{
    const Arguments *a = s->arguments;
    const bool first = s->ranks->transport.rank == 0;
    s->place = place_name(s->arena, description_model(s->probe.description)->descriptor.name, words_of(s));
    int status = ranks_agree(s->ranks, first ? place_open(&s->place, &s->message) : LSTMC_OK);
    if (status)
        return status;
    search_progress_begin(&s->progress, a->quiet || !first ? NULL : stderr, &s->rungs, s->probe.monitor,
                          s->probe.maximize);
    if (a->resume || first)
        status = a->resume ? take_earlier(s) : place_begin(&s->place, &s->message);
    if (!status && !a->interpreted && !(s->objects = run_folder(s->arena)))
        status = lstmc_fail(&s->message, LSTMC_IO, "no temporary folder: %s", strerror(errno));
    status = ranks_agree(s->ranks, status);
    int ended = status ? 0 : train_all(s);
    if (s->objects)
        run_folder_remove(s->objects);
    if (status)
        return status;
    if (ended > 0) {
        *ended_by = ended;
        snprintf(s->message.text, sizeof s->message.text, "interrupted: %d of %d trainings are done; --resume goes on",
                 s->progress.done, s->progress.trainings);
    }
    return ended ? LSTMC_INTERRUPTED : first ? finish(s) : LSTMC_OK;
}

int command_search(const Arguments *arguments)
{
    Ranks ranks;
    Search s = { .arena = arena_create(), .arguments = arguments, .ranks = &ranks };
    int ended_by = 0, status = 2;
    s.diagnostics = diagnostics_create(s.arena);
    if (space_read(s.arena, arguments->parameters, arguments->parameter_count, &s.space) ||
        (status = ranks_begin(&ranks, s.arena))) {
        arena_free(s.arena);
        return status;
    }
    status = ranks_agree(&ranks, understand(&s) ? LSTMC_OK : LSTMC_MISMATCH);
    if (!status)
        status = search(&s, &ended_by);
    if (status) {
        diagnostics_print(s.diagnostics, stderr);
        if (s.message.text[0])
            fprintf(stderr, "%s: %s\n", arguments->model, s.message.text);
    }
    description_free(s.probe.description);
    int result = ranks_end(&ranks, ended_by ? SIGNAL_STATUS + ended_by : status ? 1 : 0, false);
    arena_free(s.arena);
    return result;
}
