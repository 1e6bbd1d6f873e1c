/* number.c: in: text, or numbers.  out: the other, with decimal points whatever the locale. The one file that calls
 * strtod, and prints numbers. */
#include "number.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

/* The C locale is there without memory, so that this does not fail; where it should all the same, the locale stays as
 * it is. */
locale_t lstmc_c_locale_enter(void)
{
    locale_t c = newlocale(LC_ALL_MASK, "C", (locale_t)0);
    return c ? uselocale(c) : (locale_t)0;
}

void lstmc_c_locale_leave(locale_t before)
{
    if (before)
        freelocale(uselocale(before));
}

static const char *skip_digits(const char *at, const char *end)
{
    while (at < end && *at >= '0' && *at <= '9')
        at++;
    return at;
}

static const char *skip_sign(const char *at, const char *end)
{
    return at < end && (*at == '+' || *at == '-') ? at + 1 : at;
}

static int is_decimal(const char *text, const char *end)
{
    const char *whole = skip_sign(text, end), *point = skip_digits(whole, end),
               *fraction = point < end && *point == '.' ? point + 1 : point;
    const char *at = skip_digits(fraction, end);
    if (point == whole && at == fraction)
        return 0;
    if (at == end)
        return 1;
    const char *exponent = *at == 'e' || *at == 'E' ? skip_sign(at + 1, end) : end;
    return exponent < end && skip_digits(exponent, end) == end;
}

double lstmc_number_scan(const char *text, char **end)
{
    locale_t before = lstmc_c_locale_enter();
    double value = strtod(text, end);
    lstmc_c_locale_leave(before);
    return value;
}

int lstmc_number_read(const char *text, size_t length, double *value)
{
    if (!is_decimal(text, text + length))
        return 0;
    char *end;
    *value = lstmc_number_scan(text, &end);
    return end == text + length && isfinite(*value);
}

int lstmc_format_list(char *text, size_t size, const char *format, va_list arguments)
{
    locale_t before = lstmc_c_locale_enter();
    int length = vsnprintf(text, size, format, arguments);
    lstmc_c_locale_leave(before);
    return length;
}

int lstmc_format(char *text, size_t size, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    int length = lstmc_format_list(text, size, format, arguments);
    va_end(arguments);
    return length;
}
