/* bar.c: in: how much of something is done, and words about it.  out: one line of a terminal. */
#include "bar.h"

#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define BAR_WIDTH 24
#define NARROW 60               /* columns under which the bar gives its place to the numbers */

int lstmc_bar_terminal(FILE *to, int *colour)
{
    const char *terminal = getenv("TERM"), *no_colour = getenv("NO_COLOR");
    *colour = 0;
    if (!to || fileno(to) < 0 || !isatty(fileno(to)))
        return 0;
    *colour = !(no_colour && *no_colour);
    return !(terminal && !strcmp(terminal, "dumb"));
}

int lstmc_bar_width(FILE *to)
{
    struct winsize size;
    if (!ioctl(fileno(to), TIOCGWINSZ, &size) && size.ws_col)
        return size.ws_col;
    const char *columns = getenv("COLUMNS");
    int width = columns ? atoi(columns) : 0;
    return width > 0 ? width : 80;
}

int lstmc_bar_fit(const char *text, int room)
{
    int length = (int)strlen(text), kept = 0;
    if (length <= room)
        return length;
    for (int i = 1; i <= room; i++)
        if (text[i] == ' ' && text[i + 1] == ' ')
            kept = i;
    return kept;
}

void lstmc_bar_draw(FILE *to, int width, int colour, const char *head, double part, const char *tail)
{
    int room = width - 1, filled = width < NARROW ? -1 : (int)(BAR_WIDTH * part);
    fprintf(to, "\r%.*s", room, head);
    room -= (int)strlen(head);
    if (filled >= 0) {
        fprintf(to, " [%s", colour ? "\033[32m" : "");
        for (int i = 0; i < BAR_WIDTH; i++)
            fputc(i < filled ? '=' : i == filled ? '>' : ' ', to);
        fprintf(to, "%s]", colour ? "\033[0m" : "");
        room -= BAR_WIDTH + 3;
    }
    fprintf(to, "%.*s\033[K", lstmc_bar_fit(tail, room), tail);
    fflush(to);
}
