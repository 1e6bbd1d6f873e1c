/* meaning.c: what the third file of a model says of its numbers. -DMODEL=name; one of
 *     -DENCODE       lines of standard input as ids, behind how many of them the vocabulary does not have
 *                    (with -DLINE_END=124, '|', that character is the end of a line within a text)
 *     -DNORMALIZE    numbers of standard input, a sample's in a line, as the model reads them
 *     -DDENORMALIZE  outputs in the unit of the data
 *     -DNAMES        labels and vocabulary, one in a line */
#define JOIN_(a, b) a##b
#define JOIN(a, b) JOIN_(a, b)
#define NAME(what) JOIN(MODEL, what)
#define TEXT_(name) #name
#define TEXT(name) TEXT_(name)
#define HEADER(name) TEXT(name.h)
#include HEADER(MODEL)

#include <stdio.h>
#include <string.h>

#ifdef ENCODE

int main(void)
{
    static char line[1 << 16];
    static int32_t x[1 << 12];
    while (fgets(line, sizeof line, stdin)) {
        line[strcspn(line, "\n")] = 0;
#ifdef LINE_END
        for (char *c = line; (c = strchr(c, LINE_END)) != NULL;)
            *c = '\n';
#endif
        printf("%d:", NAME(_encode)(line, x));
        for (size_t i = 0; i < NAME(_model).input_count; i++)
            printf(" %d", (int)x[i]);
        putchar('\n');
    }
}

#elif defined NAMES

int main(void)
{
    for (int i = 0; i < LABELS; i++)
        puts(NAME(_labels)[i]);
    for (int i = 0; i < VOCABULARY; i++)
        puts(NAME(_vocabulary)[i]);
}

#else

int main(void)
{
    static float raw[1 << 12], x[1 << 12];
    const struct lstmc_model *model = &NAME(_model);
#ifdef NORMALIZE
    size_t count = model->input_count, step = count / (size_t)model->input_shape[0];
#else
    size_t count = model->output_count, step = count;
#endif
    for (size_t i = 0; scanf("%f%*[ ,\n]", &raw[i]) == 1 || i == count;) {
        if (++i < count)
            continue;
#ifdef NORMALIZE
        NAME(_normalize)(raw, x);
        static float again[1 << 12];
        for (size_t t = 0; t < count; t += step)
            NAME(_normalize_step)(raw + t, again + t);
        if (memcmp(x, again, count * sizeof *x))
            puts("the steps differ");
        NAME(_normalize)(raw, raw);
        if (memcmp(x, raw, count * sizeof *x))
            puts("in place it differs");
#else
        (void)step;
        NAME(_denormalize)(raw, x);
#endif
        for (size_t k = 0; k < count; k++)
            printf("%.9g%c", (double)x[k], k + 1 < count ? ' ' : '\n');
        i = 0;
    }
}

#endif
