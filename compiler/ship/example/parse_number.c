/* Decimal numbers alone: strtod takes "nan", "inf" and hexadecimal ones, too. */
static int parse(const char *text, double *number)
{
    char *end;
    *number = strtod(text, &end);
    return !text[strspn(text, "0123456789+-.eE")] && end > text && !*end && isfinite(*number);
}

