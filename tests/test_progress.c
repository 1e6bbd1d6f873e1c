/* test_progress.c: the bar on a terminal (a pseudo-terminal of a known width), and what a narrow, a dumb and a colourless one get. */
#define _GNU_SOURCE             /* posix_openpt */
#include "runtime/train/progress.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

struct screen {
    int master;
    FILE *terminal;
};

static struct screen screen_open(int columns)
{
    struct screen screen = { .master = posix_openpt(O_RDWR | O_NOCTTY) };
    struct winsize size = { .ws_row = 25, .ws_col = (unsigned short)columns };
    if (screen.master < 0 || grantpt(screen.master) || unlockpt(screen.master) || !(screen.terminal = fopen(ptsname(screen.master), "w")))
        cr_skip_test("no pseudo-terminal can be had");
    ioctl(screen.master, TIOCSWINSZ, &size);
    fcntl(screen.master, F_SETFL, O_NONBLOCK);
    setenv("TERM", "xterm", 1);
    unsetenv("NO_COLOR");
    unsetenv("COLUMNS");
    return screen;
}

/* What has been written since the last time. */
static void screen_read(struct screen *screen, char *text, size_t capacity)
{
    fflush(screen->terminal);
    tcdrain(fileno(screen->terminal));
    ssize_t length = read(screen->master, text, capacity - 1);
    text[length > 0 ? length : 0] = 0;
}

static void screen_close(struct screen *screen, char *text, size_t capacity)
{
    usleep(10000);
    screen_read(screen, text, capacity);
    fclose(screen->terminal);
    close(screen->master);
}

static const char *const names[] = { "binary_accuracy" };

/* An epoch of 200 samples, seen a quarter of the way and at its end. */
static void show(FILE *to, int batches)
{
    struct lstmc_progress progress;
    const struct lstmc_history history = { .loss = 0.25, .validation_loss = 0.5, .metric = { 0.9 }, .validation_metric = { 0.8 },
                                           .has_validation = 1, .seconds = 1.5 };
    lstmc_progress_begin(&progress, to, 20, 200, names, 1);
    lstmc_progress_epoch(&progress, 3, 0);
    for (int i = 0; i < batches; i++)
        lstmc_progress_batch(&progress, 50, 0.4321, (double[]){ 0.75 });
    lstmc_progress_epoch_end(&progress, &history);
}

/* Columns that a line takes: escapes take none. */
static int widest(const char *text)
{
    int width = 0, most = 0;
    for (; *text; text++) {
        if (*text == '\033') {
            text += strcspn(text, "mK");
            continue;
        }
        width = *text == '\r' || *text == '\n' ? 0 : width + 1;
        most = width > most ? width : most;
    }
    return most;
}

Test(progress, bar)
{
    char text[4096];
    struct screen screen = screen_open(100);
    show(screen.terminal, 1);
    screen_close(&screen, text, sizeof text);
    cr_expect(strstr(text, "\repoch  3/20 [\033[32m======>                 \033[0m]  25%  ETA "), "%s", text);
    cr_expect(strstr(text, "  loss 0.4321  binary_accuracy 0.75"), "%s", text);
    cr_expect(strstr(text, "\repoch  3/20  loss 0.25  binary_accuracy 0.9  val_loss 0.5  val_binary_accuracy 0.8  1.50 s"), "%s", text);
}

Test(progress, draws_at_most_ten_times_a_second)
{
    char text[65536];
    int bars = 0;
    struct screen screen = screen_open(100);
    double started = lstmc_seconds();
    show(screen.terminal, 1000);
    double seconds = lstmc_seconds() - started;
    screen_close(&screen, text, sizeof text);
    for (const char *at = text; (at = strstr(at, " [")); at++)
        bars++;
    cr_expect(bars >= 1 && bars <= 1 + seconds / 0.1, "%d bars in %g s", bars, seconds);
}

Test(progress, narrow)
{
    for (int columns = 10; columns < 90; columns += 13) {
        char text[4096];
        struct lstmc_progress progress;
        struct screen screen = screen_open(columns);
        lstmc_progress_begin(&progress, screen.terminal, 20, 200, names, 1);
        lstmc_progress_epoch(&progress, 3, 0);
        lstmc_progress_batch(&progress, 50, 0.4321, (double[]){ 0.75 });
        screen_close(&screen, text, sizeof text);
        cr_expect(*text && widest(text) < columns, "%d columns on a terminal of %d: %s", widest(text), columns, text);
        const char *metric = strstr(text, "binary");
        cr_expect(!metric || !strncmp(metric, "binary_accuracy 0.75", 20), "a field is cut in two on a terminal of %d: %s", columns, text);
    }
}

/* What stays of an epoch is whole, in lines that no terminal breaks; the fields of the second line stand under those
 * of the first. */
Test(progress, epoch_lines_fit)
{
    for (int columns = 20; columns < 120; columns += 9) {
        char text[4096];
        struct screen screen = screen_open(columns);
        show(screen.terminal, 0);
        screen_close(&screen, text, sizeof text);
        static const char *const fields[] = { "epoch  3/20", "  loss 0.25", "  binary_accuracy 0.9", "  val_loss 0.5",
                                              "val_binary_accuracy 0.8", "  1.50 s" };
        for (size_t i = 0; i < sizeof fields / sizeof *fields; i++)
            cr_expect(strstr(text, fields[i]), "\"%s\" is missing or cut on a terminal of %d: %s", fields[i], columns,
                      text);
        cr_expect(columns < 28 || widest(text) < columns, "%d columns on a terminal of %d: %s", widest(text), columns,
                  text);
        if (columns == 65)
            cr_expect(strstr(text, "val_loss 0.5\033[K\r\n             val_binary_accuracy 0.8  1.50 s"), "%s", text);
    }
}

/* The window becomes narrower, and wider again, while the bar moves: what is drawn from then on fits. */
Test(progress, window_that_changes)
{
    static const unsigned short columns[] = { 100, 50, 33, 110 };
    struct lstmc_progress progress;
    struct screen screen = screen_open(100);
    lstmc_progress_begin(&progress, screen.terminal, 20, 200, names, 1);
    lstmc_progress_epoch(&progress, 3, 0);
    for (size_t i = 0; i < sizeof columns / sizeof *columns; i++) {
        char text[4096];
        struct winsize size = { .ws_row = 25, .ws_col = columns[i] };
        ioctl(screen.master, TIOCSWINSZ, &size);
        progress.drawn = 0;
        lstmc_progress_batch(&progress, 50, 0.4321, (double[]){ 0.75 });
        screen_read(&screen, text, sizeof text);
        cr_expect(*text && widest(text) < columns[i], "%d columns in a window of %d: %s", widest(text), columns[i],
                  text);
        cr_expect(columns[i] < 100 || strstr(text, "binary_accuracy 0.75"), "nothing is missing in a window of %d: %s",
                  columns[i], text);
    }
    fclose(screen.terminal);
    close(screen.master);
}

Test(progress, no_colour)
{
    char text[4096];
    struct screen screen = screen_open(100);
    setenv("NO_COLOR", "1", 1);
    show(screen.terminal, 1);
    screen_close(&screen, text, sizeof text);
    cr_expect(strstr(text, " [======>                 ]  25%") && !strstr(text, "\033[32m"), "%s", text);
}

Test(progress, dumb_terminal)
{
    char text[4096];
    struct screen screen = screen_open(100);
    setenv("TERM", "dumb", 1);
    show(screen.terminal, 5);
    screen_close(&screen, text, sizeof text);
    cr_expect(!strchr(text, '\033') && !strncmp(text, "epoch  3/20  loss 0.25", 22), "%s", text);
}

Test(progress, unknown_width_asks_columns)
{
    struct lstmc_progress progress;
    struct screen screen = screen_open(0);
    char text[16];
    setenv("COLUMNS", "66", 1);
    lstmc_progress_begin(&progress, screen.terminal, 1, 1, NULL, 0);
    cr_expect_eq(progress.width, 66, "%d", progress.width);
    setenv("COLUMNS", "many", 1);
    lstmc_progress_begin(&progress, screen.terminal, 1, 1, NULL, 0);
    cr_expect_eq(progress.width, 80, "%d", progress.width);
    screen_close(&screen, text, sizeof text);
}
