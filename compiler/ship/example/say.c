/* What the decoder says, the most probable sequence of those that the search keeps; the end is not in it. */
static void print_said(const int32_t *tokens, int count)
{
    for (int i = 0; i < count; i++)
        printf("%s%s", i ? "<apart>" : "", <said>);
    putchar('\n');
}

static void say_samples(FILE *file, int beam, double length_penalty)
{
    static struct @_encode_scratch scratch;
    static struct @_memory memory;
    static struct @_inputs x;
    static int32_t tokens[<steps>];
    const struct lstmc_search_options how = { .beam = beam, .steps = <steps>, .first_token = <first_token>,
                                              .from_logits = <from_logits>, .length_penalty = length_penalty };
    const size_t bytes = lstmc_search_bytes(&@_decoder, &how);
    void *work = bytes ? malloc(bytes) : NULL;
    if (!work) {
        fprintf(stderr, "there is no memory for a beam of %d\n", beam);
        exit(1);
    }
    <declare_length>
    while (read_sample(file, x.<text>)) {
        <count_text>
        @_encode(&@_trained, &scratch, &x, <length>&memory);
        const int count = lstmc_search(&@_decoder, &@_trained, &memory, &how, work, tokens, NULL);
        if (count < 0) {
            fprintf(stderr, "line %d: what the model says next is no number\n", line);
            exit(1);
        }
        print_said(tokens, count);
    }
    free(work);
}

static int usage(const char *name)
{
    fprintf(stderr, "usage: %s [--beam=N] [--length-penalty=A] [FILE]\n", name);
    return 2;
}

int main(int count, char **arguments)
{
    int beam = 1, first = 1;
    double length_penalty = 0;
    char *end = "";
    <self_test>
    for (; first < count && !strncmp(arguments[first], "--", 2) && !*end; first++) {
        if (!strncmp(arguments[first], "--beam=", 7))
            beam = (int)strtol(arguments[first] + 7, &end, 10);
        else if (!strncmp(arguments[first], "--length-penalty=", 17))
            length_penalty = strtod(arguments[first] + 17, &end);
        else
            return usage(arguments[0]);
    }
    if (*end || first + 1 < count || beam < 1 || !(length_penalty >= 0))
        return usage(arguments[0]);
    const char *name = first < count ? arguments[first] : NULL;
    FILE *file = name ? fopen(name, "r") : stdin;
    if (!file) {
        perror(name);
        return 1;
    }
    say_samples(file, beam, length_penalty);
    if (ferror(file)) {
        perror(name ? name : "standard input");
        return 1;
    }
    return fflush(stdout) != 0 || ferror(stdout) != 0;
}
