/* message.c: a failure in words. */
#include "message.h"
#include "number.h"

#include <string.h>

/* Names out of files must not command a terminal. */
static void hide_controls(char *text)
{
    for (char *c = text; *c; c++)
        if ((unsigned char)*c < 0x20 || *c == 0x7f)
            *c = '?';
}

int lstmc_fail(struct lstmc_message *message, int status, const char *format, ...)
{
    if (message) {
        va_list arguments;
        va_start(arguments, format);
        lstmc_format_list(message->text, sizeof message->text, format, arguments);
        va_end(arguments);
        hide_controls(message->text);
    }
    return status;
}

void lstmc_note(struct lstmc_notes *notes, const char *format, ...)
{
    char line[512];
    size_t used = notes ? strlen(notes->text) : 0;
    if (!notes)
        return;
    va_list arguments;
    va_start(arguments, format);
    lstmc_format_list(line, sizeof line, format, arguments);
    va_end(arguments);
    hide_controls(line);
    if (used + strlen(line) + 2 <= sizeof notes->text)
        lstmc_format(notes->text + used, sizeof notes->text - used, "%s\n", line);
}

int lstmc_fail_memory(struct lstmc_message *message, const char *what)
{
    return lstmc_fail(message, LSTMC_NO_MEMORY, "not enough memory for %s", what);
}
