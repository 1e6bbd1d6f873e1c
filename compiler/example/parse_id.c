/* Ids are what the model reads. */
static int parse(const char *text, int32_t *id)
{
    char *end;
    const long number = strtol(text, &end, 10);
    *id = (int32_t)number;
    return !*end && number >= 0 && number < <vocabulary>;
}

