/* Classes that nothing was trained for have no name. */
static const char *class_name(int class)
{
    static char number[16];
    snprintf(number, sizeof number, "%d", class);
    return class < $_LABELS ? @_labels[class] : number;
}

