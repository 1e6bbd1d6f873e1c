static int parse(const char *text, float *number)
{
    char *end;
    *number = strtof(text, &end);
    return !*end;
}

