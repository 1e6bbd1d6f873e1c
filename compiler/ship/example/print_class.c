/* The most probable class and its probability. */
static void print_step(const float *y)
{
    int best = 0;
    for (int i = 1; i < <outputs>; i++)
        if (y[i] > y[best])
            best = i;
    printf("<class> %.6g\n", <name>, (double)y[best]);
}

