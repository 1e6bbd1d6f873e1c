/* Ids are what the model reads: whole numbers, as decimal ones. */
static int parse(const char *text, int32_t *id)
{
    char *end;
    const double number = strtod(text, &end);
    if (text[strspn(text, "0123456789+-.eE")] || end == text || *end)
        return 0;
    if (!(number >= 0 && number < <vocabulary>) || number != floor(number))
        return 0;
    *id = (int32_t)number;
    return 1;
}

