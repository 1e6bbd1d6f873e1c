/* search_output.c: in: the results of a search.  out: a table, a line for the shell, a page. */
#include "search_output.h"
#include "compiler/report/search_page.h"
#include "compiler/search/search_progress.h"
#include "compiler/search/shortest.h"
#include "compiler/search/table.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define ROWS 50                 /* of the table: who wants more reads the file */

/* ---- the best ---- */

/* As a shell takes it for one word. */
static const char *quoted(Arena *arena, const char *word)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_./:=,+-@%";
    const char *text = "'";
    if (*word && !word[strspn(word, plain)])
        return word;
    for (const char *c = word; *c; c++)
        text = *c == '\'' ? arena_format(arena, "%s'\\''", text) : arena_format(arena, "%s%c", text, *c);
    return arena_format(arena, "%s'", text);
}

static const char *joined_data(Arena *arena, const Arguments *a)
{
    const char *text = a->data[0];
    for (int i = 1; i < a->data_count; i++)
        text = strchr(a->data[i], '=') ? arena_format(arena, "%s --data %s", text, quoted(arena, a->data[i]))
                                       : arena_format(arena, "%s,%s", text, a->data[i]);
    return text;
}

const char *search_best_command(Arena *arena, const SearchOutcome *o)
{
    int count;
    if (!o->ranked_count || o->ranked[0].state != TRIAL_DONE)
        return NULL;
    const Arguments *a = o->arguments;
    const char **words = probe_words(arena, a, o->space, o->trials->values[o->ranked[0].trial], &count);
    const char *line = arena_format(arena, "lstmc train %s", quoted(arena, a->model));
    for (int i = 0; i < count; i++)
        line = arena_format(arena, "%s %s", line, quoted(arena, words[i]));
    for (int i = 0; i < a->option_count; i++)
        line = arena_format(arena, "%s %s", line, quoted(arena, a->options[i]));
    return a->data_count ? arena_format(arena, "%s --data %s", line, joined_data(arena, a)) : line;
}

/* ---- the table ---- */

static const char *monitor_of(const SearchOutcome *o)
{
    bool held_out = false;
    for (int i = 0; i < o->count; i++)
        held_out |= o->results[i].has_validation;
    return search_monitor_name(o->probe->monitor, held_out);
}

static int width_of(const SearchOutcome *o, int argument, int rows)
{
    size_t widest = strlen(o->space->dimensions[argument].name);
    for (int i = 0; i < rows; i++) {
        size_t width = strlen(o->trials->values[o->ranked[i].trial][argument]);
        widest = width > widest ? width : widest;
    }
    return (int)widest;
}

void search_print_table(Arena *arena, const SearchOutcome *o, const char *table)
{
    int rows = o->ranked_count < ROWS ? o->ranked_count : ROWS;
    int *width = arena_array(arena, int, o->space->count);
    printf("rank  trial");
    for (int k = 0; k < o->space->count; k++)
        printf("  %*s", width[k] = width_of(o, k, rows), o->space->dimensions[k].name);
    printf("  epochs  %s\n", monitor_of(o));
    for (int i = 0; i < rows; i++) {
        const TrialResult *r = &o->ranked[i];
        printf("%4d  %5d", i + 1, r->trial + 1);
        for (int k = 0; k < o->space->count; k++)
            printf("  %*s", width[k], o->trials->values[r->trial][k]);
        if (r->state == TRIAL_DONE)
            printf("  %6d  %.6g\n", r->epochs, r->value);
        else
            printf("  %6d  %s: %s\n", r->epochs, trial_state_names[r->state], r->why);
    }
    if (rows < o->ranked_count)
        printf("and %d more in %s\n", o->ranked_count - rows, table);
}

/* ---- the page ---- */

static double number_of(const Dimension *d, const char *value)
{
    for (int i = 0; i < d->choice_count; i++)
        if (!strcmp(value, d->choices[i]))
            return i;
    return shortest_read(value);
}

static SearchedTraining *trainings_of(Arena *arena, const SearchOutcome *o, const TrialResult *results, int count)
{
    SearchedTraining *all = arena_array(arena, SearchedTraining, count + 1);
    for (int i = 0; i < count; i++) {
        const TrialResult *r = &results[i];
        double *numbers = arena_array(arena, double, o->space->count);
        for (int k = 0; k < o->space->count; k++)
            numbers[k] = number_of(&o->space->dimensions[k], o->trials->values[r->trial][k]);
        all[i] = (SearchedTraining){ .trial = r->trial + 1, .rung = r->rung, .epochs = r->epochs,
                                     .values = o->trials->values[r->trial], .numbers = numbers,
                                     .value = r->state == TRIAL_DONE ? r->value : NAN,
                                     .state = trial_state_names[r->state] };
    }
    return all;
}

int search_write_page(Arena *arena, const SearchOutcome *o, const char *command, const char *path)
{
    const Model *model = description_model(o->probe->description);
    const char *file = strrchr(o->arguments->model, '/');
    SearchedArgument *arguments = arena_array(arena, SearchedArgument, o->space->count);
    for (int k = 0; k < o->space->count; k++) {
        const Dimension *d = &o->space->dimensions[k];
        arguments[k] = (SearchedArgument){ .name = d->name, .logarithmic = d->logarithmic,
                                           .whole = d->kind == DIMENSION_WHOLE, .choices = d->choices,
                                           .choice_count = d->choice_count };
    }
    SearchPage page = { .model = model->descriptor.name, .description = file ? file + 1 : o->arguments->model,
                        .monitor = monitor_of(o), .maximize = o->probe->maximize, .arguments = arguments,
                        .argument_count = o->space->count,
                        .trainings = trainings_of(arena, o, o->results, o->count), .training_count = o->count,
                        .ranked = trainings_of(arena, o, o->ranked, o->ranked_count),
                        .ranked_count = o->ranked_count, .command = command, .rung_count = o->rungs };
    return search_page_write(arena, path, &page);
}
