static void print_step(const float *y)
{
    for (int i = 0; i < <outputs>; i++)
        printf("%s%.6g", i ? " " : "", (double)y[i]);
    putchar('\n');
}

