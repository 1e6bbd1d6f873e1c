/* search_progress.c: in: results as they come.  out: text for a person, on a terminal or in a pipe. */
#include "search_progress.h"

#include "runtime/base/bar.h"

#include <string.h>

const char *search_monitor_name(const char *monitor, bool has_validation)
{
    return monitor ? monitor : has_validation ? "val_loss" : "loss";
}

void search_progress_begin(SearchProgress *p, FILE *to, const Rungs *rungs, const char *monitor, bool maximize)
{
    int colour;
    *p = (SearchProgress){ .to = to, .rungs = rungs, .monitor = monitor, .maximize = maximize };
    p->terminal = lstmc_bar_terminal(to, &colour);
    p->colour = colour;
    for (int r = 0; r < rungs->count; r++) {
        p->trainings += rungs->trials[r];
        p->epochs += (double)rungs->trials[r] * (rungs->epochs[r] - (r ? rungs->epochs[r - 1] : 0));
    }
    clock_gettime(CLOCK_MONOTONIC, &p->started);
}

/* The rest of all epochs, by the speed so far. */
static long seconds_left(const SearchProgress *p)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    double passed = (double)(now.tv_sec - p->started.tv_sec) + 1e-9 * (double)(now.tv_nsec - p->started.tv_nsec);
    double here = p->epochs_done - p->epochs_before;
    return here > 0 ? (long)(passed * (p->epochs - p->epochs_done) / here + 0.5) : 0;
}

static void draw(SearchProgress *p)
{
    char head[80], tail[200];
    long left = seconds_left(p);
    int used = snprintf(tail, sizeof tail, "  ETA %ld:%02ld:%02ld", left / 3600, left / 60 % 60, left % 60);
    if (p->has_best)
        snprintf(tail + used, sizeof tail - (size_t)used, "  best %s %.4g  trial %d",
                 search_monitor_name(p->monitor, p->best.has_validation), p->best.value, p->best.trial + 1);
    snprintf(head, sizeof head, "%d of %d trainings", p->done, p->trainings);
    lstmc_bar_draw(p->to, lstmc_bar_width(p->to), p->colour, head, (double)p->done / p->trainings, tail);
}

static void print_line(const SearchProgress *p, const TrialResult *r)
{
    fprintf(p->to, "%d of %d: trial %d, ", p->done, p->trainings, r->trial + 1);
    if (r->state == TRIAL_DONE)
        fprintf(p->to, "%d epoch%s: %s %.6g\n", r->epochs, r->epochs == 1 ? "" : "s",
                search_monitor_name(p->monitor, r->has_validation), r->value);
    else
        fprintf(p->to, "no value: %s\n", r->why);
}

void search_progress_add(SearchProgress *p, const TrialResult *r, bool is_new)
{
    int below = r->rung ? p->rungs->epochs[r->rung - 1] : 0;
    double epochs = p->rungs->epochs[r->rung] - below;
    bool better = r->state == TRIAL_DONE &&
                  (!p->has_best || (p->maximize ? r->value > p->best.value : r->value < p->best.value));
    p->done++;
    p->epochs_done += epochs;
    if (better) {
        p->best = *r;
        p->has_best = true;
    }
    if (!is_new)
        p->epochs_before += epochs;
    else if (p->to && p->terminal)
        draw(p);
    else if (p->to)
        print_line(p, r);
    if (p->to)
        fflush(p->to);
}

void search_progress_end(SearchProgress *p)
{
    if (!p->to || !p->terminal)
        return;
    fputs("\r\033[K", p->to);
    fflush(p->to);
}
