/* test_openblas.c: OpenBLAS is loaded where the interpreter computes and nowhere else; what is said where
 * it cannot be. */
#include "command.h"

#include <criterion/criterion.h>
#include <string.h>

#define SECONDS 120
#define MODEL \
    "local function draw(random) return { { random() }, { random() } }, { random() } end\n" \
    "return Sequential{ name = \"net\", Input{2, 1}, LSTM{2}, Dense{1}, loss = \"mse\", data = samples{draw, samples = 32} }\n"

/* Whether the program looks for the library, as the loader of glibc tells, in a file for each process. */
#define ASKS(line) \
    "rm -f loads.*; LD_DEBUG=libs LD_DEBUG_OUTPUT=loads " line " >said 2>&1 || cat said; " \
    "cat loads.* | grep -q 'find library=libopenblas' && echo loaded || echo never"

static char *folder;

static void set_up(void)
{
    folder = command_folder();
    command_write(folder, "m.lua", MODEL, (long)strlen(MODEL));
    command_write(folder, "numbers", "1 2\n", 4);
}

static void tear_down(void)
{
    command_folder_remove(folder);
}

TestSuite(openblas, .init = set_up, .fini = tear_down);

static void expect(const char *line, int status, const char *output, const char *errors)
{
    command_expect(folder, SECONDS, line, status, output, errors);
}

Test(openblas, what_does_not_interpret_does_not_load_it)
{
    static const char *const compiled[] = { ASKS("$L m.lua"), ASKS("$L summary m.lua"), ASKS("$L train m.lua"),
                                            ASKS("$L evaluate m.lua"),
                                            ASKS("$L predict m.lua --input numbers"), ASKS("$L plot m.lua") };
    for (size_t i = 0; i < sizeof compiled / sizeof *compiled; i++)
        expect(compiled[i], 0, "never\n", NULL);
    expect(ASKS("$L check m.lua"), 0, "loaded\n", NULL);
    expect(ASKS("$L predict m.lua --input numbers --interpreted"), 0, "loaded\n", NULL);
}

/* Two files that are no libraries stand in its place. */
Test(openblas, its_absence_is_one_line)
{
    static const char message[] =
        "the interpreter computes with OpenBLAS, and libopenblas.so.0 cannot be loaded (Debian: libopenblas0)";
    expect("mkdir none; echo nothing >none/libopenblas.so.0; cp none/libopenblas.so.0 none/libopenblas.so", 0, "",
           NULL);
    expect("LD_LIBRARY_PATH=$PWD/none $L check m.lua 2>&1 | grep -c ''", 0, "1\n", NULL);
    expect("LD_LIBRARY_PATH=$PWD/none $L check m.lua", 1, "", message);
    expect("LD_LIBRARY_PATH=$PWD/none $L train m.lua --interpreted", 1, "", message);
    expect("LD_LIBRARY_PATH=$PWD/none $L train m.lua", 0, "weights: net.safetensors", "epoch 1/1");
}

/* OpenBLAS asks for memory again and again where there is none. The sanitizers take more than any limit. */
Test(openblas, little_address_space_is_no_endless_loop)
{
#ifdef __SANITIZE_ADDRESS__
    cr_skip_test("the address sanitizer needs more address space than there would be");
#endif
    expect("ulimit -v 100000; $L summary m.lua", 0, "LSTM", NULL);
    expect("ulimit -v 100000; $L m.lua --quiet", 0, "net.c", NULL);
    expect("ulimit -v 150000; $L check m.lua", 1, "", "needs 192 MB of address space: there is less (ulimit -v)");
}
