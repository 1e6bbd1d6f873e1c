/* Six digits, and as many more as keep those of the unit in which the model sees the value. */
static int digits(double value, double unit)
{
    int count = 6;
    for (double size = fabs(value) / 10; unit > 0 && size >= unit && count < 15; size /= 10)
        count++;
    return count;
}

