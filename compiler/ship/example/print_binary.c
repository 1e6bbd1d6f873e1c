/* The more probable of the two classes and its probability. */
static void print_step(const float *y)
{
    const int best = y[0] > 0.5f;
    printf("<class> %.6g\n", <name>, (double)(best ? y[0] : 1.0f - y[0]));
}

