/* message.c: a failure in words. */
#include "message.h"

#include <stdarg.h>
#include <stdio.h>

int lstmc_fail(struct lstmc_message *message, int status, const char *format, ...)
{
    if (message) {
        va_list arguments;
        va_start(arguments, format);
        vsnprintf(message->text, sizeof message->text, format, arguments);
        va_end(arguments);
        for (char *c = message->text; *c; c++)      /* names out of files must not command a terminal */
            if ((unsigned char)*c < 0x20 || *c == 0x7f)
                *c = '?';
    }
    return status;
}

int lstmc_fail_memory(struct lstmc_message *message, const char *what)
{
    return lstmc_fail(message, LSTMC_NO_MEMORY, "not enough memory for %s", what);
}
