/* message.c: a failure in words. */
#include "message.h"
#include "number.h"

#include <string.h>

/* Names out of files must not command a terminal. */
static void write_words(char *text, size_t size, const char *format, va_list arguments)
{
    lstmc_format_list(text, size, format, arguments);
    for (char *c = text; *c; c++)
        if ((unsigned char)*c < 0x20 || *c == 0x7f)
            *c = '?';
}

int lstmc_fail(struct lstmc_message *message, int status, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    if (message)
        write_words(message->text, sizeof message->text, format, arguments);
    va_end(arguments);
    return status;
}

void lstmc_add_words(struct lstmc_message *message, const char *format, ...)
{
    size_t used = message ? strlen(message->text) : 0;
    va_list arguments;
    va_start(arguments, format);
    if (message)
        write_words(message->text + used, sizeof message->text - used, format, arguments);
    va_end(arguments);
}

void lstmc_note(struct lstmc_notes *notes, const char *format, ...)
{
    char line[512];
    size_t used = notes ? strlen(notes->text) : 0;
    if (!notes)
        return;
    va_list arguments;
    va_start(arguments, format);
    write_words(line, sizeof line, format, arguments);
    va_end(arguments);
    if (used + strlen(line) + 2 <= sizeof notes->text)
        lstmc_format(notes->text + used, sizeof notes->text - used, "%s\n", line);
}

int lstmc_fail_memory(struct lstmc_message *message, const char *what)
{
    return lstmc_fail(message, LSTMC_NO_MEMORY, "not enough memory for %s", what);
}
