/* usage.h: mistakes on the command line. */
#ifndef USAGE_H
#define USAGE_H

#include "compiler/base/base.h"

/* A line on standard error, "lstmc: ... (lstmc --help)". Returns 2, the exit status of such a mistake. */
int usage(const char *format, ...) PRINTF_LIKE(1, 2);

#endif
