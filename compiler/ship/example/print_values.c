static void print_step(const double *values)
{
    <units>
    for (int i = 0; i < <outputs>; i++)
        printf("%s%.*g", i ? " " : "", <digits>, values[i]);
    putchar('\n');
}

