/* imported.c: in: a file of another framework, and arrays.  out: how far the imported model is from what they say. */
#include "imported.h"
#include "command.h"
#include "runtime/lstmc.h"

#include <criterion/criterion.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* How many steps a sample of the array has. */
static size_t steps_of(const char *path)
{
    struct lstmc_npy array;
    struct lstmc_message message;
    cr_assert_eq(lstmc_npy_read(path, &array, &message), 0, "%s", message.text);
    size_t steps = array.rank > 1 ? array.shape[1] : 1;
    lstmc_npy_free(&array);
    return steps;
}

static double deviation(const char *found, const char *expected)
{
    struct lstmc_npy ours, theirs;
    struct lstmc_message message;
    double largest = 1, most = 0;
    cr_assert_eq(lstmc_npy_read(found, &ours, &message), 0, "%s", message.text);
    cr_assert_eq(lstmc_npy_read(expected, &theirs, &message), 0, "%s", message.text);
    cr_expect_eq(ours.count, theirs.count, "%s: %zu numbers, expected %zu", expected, ours.count, theirs.count);
    for (size_t i = 0; i < ours.count && i < theirs.count; i++) {
        double difference = fabs(lstmc_npy_value(&ours, i) - lstmc_npy_value(&theirs, i));
        largest = fmax(largest, fabs(lstmc_npy_value(&theirs, i)));
        most = difference > most || isnan(difference) ? difference : most;
    }
    bool whole = ours.count == theirs.count && !isnan(most);
    lstmc_npy_free(&ours);
    lstmc_npy_free(&theirs);
    return whole ? most / largest : 1e9;
}

static bool run_line(const char *folder, const char *line)
{
    Ran ran = command_run(folder, 120, line);
    bool done = ran.status == 0;
    cr_expect(done, "%s: status %d: %s", line, ran.status, ran.errors);
    ran_free(&ran);
    return done;
}

double imported_deviation(const char *folder, const char *file, const char *options, const char *arrays)
{
    char line[3 * PATH_MAX], input[2 * PATH_MAX], output[2 * PATH_MAX], found[PATH_MAX], here[PATH_MAX], steps[40] = "";
    cr_assert_not_null(getcwd(here, sizeof here));
    snprintf(input, sizeof input, "%s/%s/input.npy", here, arrays);
    snprintf(output, sizeof output, "%s/%s/output.npy", here, arrays);
    snprintf(line, sizeof line, "$L import '%s/%s' %s -o imported --quiet", here, file, options);
    if (!run_line(folder, line))
        return 1e9;
    char *description = command_read_file(folder, "imported.lua");
    if (strstr(description, "arg.timesteps"))
        snprintf(steps, sizeof steps, "timesteps=%zu", steps_of(input));
    free(description);
    snprintf(line, sizeof line, "$L predict imported.lua %s --interpreted --quiet --input '%s' --out y.npy", steps, input);
    snprintf(found, sizeof found, "%s/y.npy", folder);
    double far = run_line(folder, line) ? deviation(found, output) : 1e9;
    run_line(folder, "rm -f imported.lua imported.safetensors y.npy");
    return far;
}

int imported_damaged(void *import, const char *path, struct lstmc_message *message)
{
    const DamagedImport *into = import;
    char line[PATH_MAX + 200];
    snprintf(line, sizeof line, "rm -f d.lua d.safetensors; cp '%s' %s; $L import %s -o d --quiet", path, into->name,
             into->name);
    Ran ran = command_run(into->folder, 100, line);
    cr_expect(ran.status == 0 || (ran.status == 1 && *ran.errors), "%s: status %d: %s", path, ran.status, ran.errors);
    snprintf(message->text, sizeof message->text, "%s", ran.errors);
    int status = ran.status;
    ran_free(&ran);
    return status;
}
