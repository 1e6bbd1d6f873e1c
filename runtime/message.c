/* message.c: a failure in words. */
#include "message.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static void write_words(struct lstmc_message *message, size_t used, const char *format, va_list arguments)
{
    vsnprintf(message->text + used, sizeof message->text - used, format, arguments);
    for (char *c = message->text + used; *c; c++)       /* names out of files must not command a terminal */
        if ((unsigned char)*c < 0x20 || *c == 0x7f)
            *c = '?';
}

int lstmc_fail(struct lstmc_message *message, int status, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    if (message)
        write_words(message, 0, format, arguments);
    va_end(arguments);
    return status;
}

void lstmc_add_words(struct lstmc_message *message, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    if (message)
        write_words(message, strlen(message->text), format, arguments);
    va_end(arguments);
}

int lstmc_fail_memory(struct lstmc_message *message, const char *what)
{
    return lstmc_fail(message, LSTMC_NO_MEMORY, "not enough memory for %s", what);
}
