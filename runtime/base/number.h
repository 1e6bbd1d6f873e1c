/* number.h: numbers as text, the same in every locale: a program that uses the runtime may have called setlocale, and
 * its numbers may have decimal commas. Every other file reads and prints numbers by what stands here (tests/floors.sh
 * holds it to that). No global locale is touched: what is changed and changed back is the calling thread's own. */
#ifndef LSTMC_NUMBER_H
#define LSTMC_NUMBER_H

#include <locale.h>
#include <stdarg.h>
#include <stddef.h>

/* Whether the `length` bytes at `text` are a decimal number, a finite one: an optional sign, digits with at most one
 * point among them, an optional exponent. Nothing else is: no "nan", "inf" or hexadecimal, no blanks, no separators of
 * thousands. Behind them must stand a byte that no number goes on with, a zero say. */
int lstmc_number_read(const char *text, size_t length, double *value);

/* strtod, with a decimal point: also hexadecimal, "nan" and "inf". For what the runtime has written itself. */
double lstmc_number_scan(const char *text, char **end);

/* snprintf and vsnprintf, whose numbers have a decimal point. */
int lstmc_format(char *text, size_t size, const char *format, ...) __attribute__((format(printf, 3, 4)));
int lstmc_format_list(char *text, size_t size, const char *format, va_list arguments)
    __attribute__((format(printf, 3, 0)));

/* For libraries that read and print numbers themselves: the calling thread has the C locale until `leave`, which takes
 * what `enter` returned. */
locale_t lstmc_c_locale_enter(void);
void     lstmc_c_locale_leave(locale_t before);

#endif
