/* The labels of the best path: the largest class at each step, repeats taken for one, then class <blank>, the
 * blank, left out. */
static void print_labels(const float *y, int steps)
{
    int before = <blank>, count = 0;
    for (int step = 0; step < steps; step++, y += <outputs>) {
        int best = 0;
        for (int i = 1; i < <outputs>; i++)
            if (y[i] > y[best])
                best = i;
        if (best != <blank> && best != before)
            printf("%s<class>", count++ ? "<apart>" : "", <name>);
        before = best;
    }
    putchar('\n');
}

