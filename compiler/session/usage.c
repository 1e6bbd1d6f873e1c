/* usage.c: in: what is wrong with the words of the command line.  out: a line for whoever wrote them. */
#include "usage.h"

#include <stdarg.h>
#include <stdio.h>

int usage(const char *format, ...)
{
    va_list arguments;
    fputs("lstmc: ", stderr);
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fputs(" (lstmc --help)\n", stderr);
    return 2;
}
