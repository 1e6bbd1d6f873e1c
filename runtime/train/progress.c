/* progress.c: in: counts and means.  out: text for a person, on a terminal or in a pipe. */
#include "progress.h"
#include "runtime/base/bar.h"
#include "runtime/base/number.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#define REDRAW_SECONDS 0.1

struct line {
    char text[1024];            /* of as many metrics as there may be */
    size_t length;
};

static void __attribute__((format(printf, 2, 3))) add(struct line *line, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    int wrote = lstmc_format_list(line->text + line->length, sizeof line->text - line->length, format, arguments);
    va_end(arguments);
    if (wrote > 0)
        line->length += (size_t)wrote;
    if (line->length >= sizeof line->text)
        line->length = sizeof line->text - 1;
}

double lstmc_seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

void lstmc_progress_begin(struct lstmc_progress *progress, FILE *to, int epochs, size_t samples,
                          const char *const *names, int name_count)
{
    *progress = (struct lstmc_progress){
        .to = to, .epochs = epochs, .samples = samples, .names = names, .name_count = name_count
    };
    progress->started = progress->epoch_started = progress->last_batch = lstmc_seconds();
    progress->terminal = lstmc_bar_terminal(to, &progress->colour);
    if (progress->terminal)
        progress->width = lstmc_bar_width(to);
}

/* The window may have become another one since the last line. */
static int room_of_line(struct lstmc_progress *progress)
{
    progress->width = lstmc_bar_width(progress->to);
    return progress->width - 1;         /* the last column stays empty, because some terminals wrap there */
}

void lstmc_progress_epoch(struct lstmc_progress *progress, int epoch, size_t begun)
{
    progress->epoch = epoch;
    progress->done = progress->begun = begun;
    progress->epoch_started = progress->last_batch = lstmc_seconds();
    progress->drawn = 0;
    if (!progress->has_first)
        progress->first = epoch - 1 + (double)begun / (double)progress->samples;
    progress->has_first = 1;
}

static void add_epoch(const struct lstmc_progress *progress, struct line *line)
{
    int digits = snprintf(NULL, 0, "%d", progress->epochs);
    add(line, "epoch %*d/%d", digits, progress->epoch, progress->epochs);
}

static void add_time(struct line *line, double seconds)
{
    long whole = (long)(seconds + 0.5);
    if (whole >= 3600)
        add(line, "%ld:%02ld:%02ld", whole / 3600, whole / 60 % 60, whole % 60);
    else
        add(line, "%ld:%02ld", whole / 60, whole % 60);
}

static void add_values(const struct lstmc_progress *progress, struct line *line, const char *prefix, double loss,
                       const double *metrics)
{
    add(line, "  %sloss %.4g", prefix, loss);
    for (int i = 0; i < progress->name_count; i++)
        add(line, "  %s%s %.4g", prefix, progress->names[i], metrics[i]);
}

static void add_speed(const struct lstmc_progress *progress, struct line *line)
{
    double seconds = progress->last_batch - progress->epoch_started;
    double done = (double)(progress->done - progress->begun);
    if (seconds > 0 && done > 0)
        add(line, "  %.*f samples/s", done / seconds < 10 ? 1 : 0, done / seconds);
}

/* The rest of the whole training, by the speed so far. */
static double seconds_left(const struct lstmc_progress *progress)
{
    double reached = progress->epoch - 1 + (double)progress->done / (double)progress->samples,
           done = reached - progress->first;
    return done > 0 ? (progress->last_batch - progress->started) * (progress->epochs - reached) / done : 0;
}

void lstmc_progress_batch(struct lstmc_progress *progress, size_t done, double loss, const double *metrics)
{
    progress->done = done;
    progress->last_batch = lstmc_seconds();
    if (!progress->to || !progress->terminal || progress->last_batch - progress->drawn < REDRAW_SECONDS)
        return;
    progress->drawn = progress->last_batch;
    struct line head = { .length = 0 }, tail = { .length = 0 };
    double part = (double)done / (double)progress->samples;
    add_epoch(progress, &head);
    add(&tail, " %3d%%  ETA ", (int)(100 * part));
    add_time(&tail, seconds_left(progress));
    add_values(progress, &tail, "", loss, metrics);
    add_speed(progress, &tail);
    lstmc_bar_draw(progress->to, room_of_line(progress) + 1, progress->colour, head.text, part, tail.text);
}

/* Where the field ends that a text begins with. */
static int field_length(const char *text)
{
    const char *next = strstr(text + 2, "  ");
    return (int)(next ? (size_t)(next - text) : strlen(text));
}

/* A line that stays: what does not fit goes on in the next one, in whole fields; one that is wider than the terminal
 * stays whole. */
static void print_fields(struct lstmc_progress *progress, const char *head, const char *fields)
{
    int room = room_of_line(progress), used = (int)strlen(head), indent = 3 * used < room ? used : 2;
    fprintf(progress->to, "\r%s", head);
    while (*fields) {
        int length = lstmc_bar_fit(fields, room - used);
        if (!length && used <= indent)
            length = field_length(fields);
        fprintf(progress->to, "%.*s\033[K\n", length, fields);
        fields += length;
        used = indent;
        if (*fields)
            fprintf(progress->to, "%*s", indent, "");
    }
}

void lstmc_progress_epoch_end(struct lstmc_progress *progress, const struct lstmc_history *history)
{
    if (!progress->to)
        return;
    struct line head = { .length = 0 }, line = { .length = 0 };
    add_epoch(progress, &head);
    add_values(progress, &line, "", history->loss, history->metric);
    if (history->has_validation)
        add_values(progress, &line, "val_", history->validation_loss, history->validation_metric);
    add(&line, "  %.*f s", history->seconds < 10 ? 2 : 0, history->seconds);
    add_speed(progress, &line);
    if (progress->terminal)
        print_fields(progress, head.text, line.text);
    else
        fprintf(progress->to, "%s%s\n", head.text, line.text);
    fflush(progress->to);
}

void lstmc_progress_note(struct lstmc_progress *progress, const char *format, ...)
{
    va_list arguments;
    char text[2048];
    if (!progress->to)
        return;
    lstmc_progress_stop(progress);
    va_start(arguments, format);
    lstmc_format_list(text, sizeof text, format, arguments);
    va_end(arguments);
    fprintf(progress->to, "%s\n", text);
    fflush(progress->to);
}

void lstmc_progress_stop(struct lstmc_progress *progress)
{
    if (!progress->to || !progress->terminal)
        return;
    fputs("\r\033[K", progress->to);
    fflush(progress->to);
}
