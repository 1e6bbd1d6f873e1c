/* test_written.c: what lstmc says that it has written is written; what it may not overwrite stays; what cannot be read
 * is not waited for. */
#include "command.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SECONDS 60
#define SAMPLE "1 2 3 4 5 6"

/* arg.calls: callbacks; arg.data: in place of samples. */
#define BODY                                                                                                          \
    "local function draw(random)\n  local x = {}\n  for t = 1, 3 do x[t] = { random(), random() } end\n  return x, "  \
    "{ x[1][1] }\nend\n"                                                                                              \
    "return Sequential{ name = arg.name or 'm', Input{3, 2}, LSTM{3}, Dense{1}, loss = 'mse', metrics = {'mae'},\n"   \
    "  data = samples{draw, samples = 32, validation_samples = 16}, batch_size = 8, epochs = 2, callbacks = { "       \
    "CALLBACKS } }\n"

static char *folder;

static void set_up(void)
{
    folder = command_folder();
    command_write(folder, "m.lua", BODY, (long)strlen(BODY));
    Ran ran = command_run(folder, SECONDS,
                          "sed -i 's/CALLBACKS//' m.lua && $L train m.lua --interpreted --quiet && rm m.report.html "
                          "m.log.csv m.checkpoint");
    cr_assert(!ran.status, "%s", ran.errors);
    ran_free(&ran);
}

static void tear_down(void)
{
    command_folder_remove(folder);
}

TestSuite(written, .init = set_up, .fini = tear_down);

static void expect(const char *line, int status, const char *output, const char *errors)
{
    command_expect(folder, SECONDS, line, status, output, errors);
}

/* ---- standard output ---- */

Test(written, to_a_full_device)
{
    static const char *const lines[] = {
        "$L --help",
        "$L --version",
        "$L summary m.lua",
        "$L m.lua",
        "$L m.lua --quiet",
        "$L m.lua --dump=plan",
        "$L check m.lua --quiet",
        "$L train m.lua --interpreted --quiet",
        "$L evaluate m.lua --interpreted",
        "$L plot m.lua --interpreted",
        "echo " SAMPLE " | $L predict m.lua --interpreted",
        "echo " SAMPLE " | $L predict m.lua --stream",
        "$L tune m.lua --seconds=1 --quiet",
    };
    char line[200];
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        snprintf(line, sizeof line, "%s > /dev/full", lines[i]);
        expect(line, 1, NULL, "lstmc: standard output cannot be written");
    }
    expect("test -s m.safetensors && test -s m.report.html && test -s m.c && test -s m.tune.lua", 0, NULL, NULL);
    expect("$L summary m.lua >&-", 1, NULL, "lstmc: standard output cannot be written: Bad file descriptor");
    expect("$L train m.lua --interpreted --quiet >&-", 1, NULL, "standard output cannot be written: Bad file descriptor");
    expect("$L evaluate m.lua --interpreted --quiet 2>&-", 0, "loss", NULL);
    expect("$L predict m.lua --interpreted <&-", 1, NULL,
           "standard input: cannot be read any further: Bad file descriptor");
}

/* Text is drawn until nobody reads it. */
Test(written, samples_of_text)
{
    expect("printf 'abab%.0s' $(seq 50) > t.txt; printf \"return Sequential{ Input{4}, Embedding{2, 2}, LSTM{2, "
           "return_sequences = true}, "
           "Dense{2, activation = 'softmax'}, loss = 'sparse_categorical_crossentropy', data = characters{'t.txt', "
           "window = 4} }\" > t.lua; "
           "$L train t.lua --interpreted --quiet",
           0, "weights", "have the same target");
    expect("$L sample t.lua --length=1000000000 > /dev/full", 1, NULL,
           "standard output cannot be written: No space left on device");
    expect("$L sample t.lua --length=1000000000 | head -c 10 | wc -c", 0, "10\n", NULL);
}

/* As is usual: nobody is told who does not listen. */
Test(written, to_a_pipe_that_has_ended)
{
    expect("(yes " SAMPLE " 2>&3 | $L predict m.lua --interpreted; echo $? >status) 3>&2 2>/dev/null | head -1", 0,
           "\n", NULL);
    expect("cat status", 0, "141\n", NULL);
    expect("(trap '' PIPE; yes " SAMPLE " 2>/dev/null | $L predict m.lua --interpreted; echo $? >status) | head -1", 0,
           "\n", NULL);
    expect("cat status", 0, "141\n", NULL);
    expect("(rm m.safetensors; trap '' PIPE; sleep 0.1; $L train m.lua --interpreted --quiet; echo $? >status) | "
           "true; test -s m.safetensors && ls *.lock; cat status",
           0, "141\n", "No such file");
}

/* ---- files ---- */

Test(written, files_that_may_not_grow)
{
    /* blocks of 512 bytes: there is room for the weights, and for nothing else */
    expect("(ulimit -f 2; $L train m.lua --interpreted --quiet)", 1, "weights: m.safetensors",
           "no checkpoint: m.checkpoint: cannot be written: File too large");
    expect("(ulimit -f 2; $L m.lua)", 1, NULL, "m.h: cannot be written: File too large");
    expect("(ulimit -f 1; $L train m.lua --interpreted --quiet)", 1, NULL,
           "m.safetensors: cannot be written: File too large");
    expect("$L evaluate m.lua --interpreted --quiet", 0, "loss", NULL);
    expect("ls", 0, "m.lua\nm.safetensors\n", NULL);
}

/* The training goes on, and its status says that not all is there. */
Test(written, log_that_cannot_be_written)
{
    expect("sed \"s/epochs = 2/epochs = 2, callbacks = ModelCheckpoint{'w-{epoch}'}/; s/, callbacks = { *}//\" m.lua "
           "> c.lua; echo mine > w-1; "
           "$L train c.lua --interpreted --quiet",
           1, "weights: m.safetensors",
           "w-1: is not lstmc's, and would be overwritten: move it, or choose another name\nc.lua: trained, but not "
           "all files could be written\n");
    expect("cat w-1; $L evaluate c.lua --weights w-2 --interpreted --quiet", 0, "mine\nloss", NULL);
}

Test(written, folders_are_made)
{
    expect("$L m.lua -o a/b --quiet", 0, "a/b/m.h\na/b/m.c\n", NULL);
    expect("$L train m.lua --interpreted --quiet --out c/d/r.safetensors --checkpoint e/f --log g/h", 0,
           "report: c/d/r.report.html", NULL);
    expect("test -s c/d/r.safetensors && test -s e/f && test -s g/h", 0, NULL, NULL);
    expect("$L plot m.lua --interpreted --weights c/d/r.safetensors --log g/h --out i/page.html --svg j/k --quiet && "
           "test -s i/page.html && test -s j/k/loss.svg",
           0, NULL, NULL);
    expect("echo " SAMPLE " | $L predict m.lua --interpreted --out l/y.npy && test -s l/y.npy", 0, NULL, NULL);
    expect("$L tune m.lua --seconds=1 --quiet -o n/t.lua && test -s n/t.lua", 0, "n/t.lua", NULL);
    static const char *const lines[] = { "$L train m.lua --interpreted --out m.lua/x",
                                         "$L plot m.lua --interpreted --out m.lua/x",
                                         "$L predict m.lua --interpreted --out m.lua/x", "$L tune m.lua -o m.lua/x",
                                         "$L m.lua -o m.lua/x" };
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++)
        expect(lines[i], 1, NULL, "cannot be written: Not a directory");
    expect("ls *.lock c/d/*.lock e/*.lock 2>/dev/null", 2, NULL, NULL);
}

/* ---- what may be replaced ---- */

/* A training with this callback: what it says. */
static void expect_callback(const char *callback, int status, const char *errors)
{
    char line[600];
    snprintf(line, sizeof line,
             "sed \"s|callbacks = { *}|callbacks = { %s }|\" m.lua > c.lua; $L train c.lua --interpreted --quiet",
             callback);
    expect(line, status, status ? NULL : "weights", errors);
}

Test(written, names_of_callbacks)
{
    expect("mkdir -p .git/hooks sub; echo mine > .git/config; echo mine > notes; ln -s .git/hooks hooks; ln -s "
           ".git/config config; cp m.lua kept.lua",
           0, NULL, NULL);
    static const char *const refused[][2] = {
        { "ModelCheckpoint{'m.lua'}", "m.lua: is not lstmc's, and would be overwritten" },
        { "CSVLogger{'m.lua'}", "m.lua: is not lstmc's" },
        { "ModelCheckpoint{'notes'}", "notes: is not lstmc's" },
        { "ModelCheckpoint{'.profile'}", "must not be hidden: \".profile\"" },
        { "CSVLogger{'sub/.git/x'}", "must not be hidden" },
        { "ModelCheckpoint{'sub/../x'}", "must lie in the working folder" },
        { "ModelCheckpoint{'/tmp/x'}", "must lie in the working folder" },
        { "ModelCheckpoint{'hooks/post-commit'}", "hooks/post-commit: a callback writes in the working folder, and "
                                                  "nothing that is hidden there" },
        { "ModelCheckpoint{'hooks/{epoch}'}", "hooks/{epoch}: a callback writes" },
        { "CSVLogger{'config'}", "config: a callback writes" },
        { "ModelCheckpoint{'m.checkpoint'}", "m.checkpoint: is the checkpoint of the training" },
        { "ModelCheckpoint{'sub/../m.checkpoint'}", "must lie in" },
        { "ModelCheckpoint{'./m.checkpoint'}", "is the checkpoint of the training" },
        { "ModelCheckpoint{'m.safetensors', save_best_only = true}", "m.safetensors: is where the last weights go "
                                                                     "(--out)" },
        { "ModelCheckpoint{'m.report.html'}", "is a file of the training's own" },
        { "CSVLogger{'m.safetensors'}", "is not lstmc's" },
    };
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++)
        expect_callback(refused[i][0], 1, refused[i][1]);
    expect("cmp m.lua kept.lua && cat .git/config notes && ls -A . .git/hooks sub", 0,
           "mine\nmine\n.:\n.git\nc.lua\nconfig\nhooks\nkept.lua\nm.lua\nm.safetensors\nnotes\nsub\n\n.git/"
           "hooks:\n\nsub:\n",
           NULL);
}

Test(written, names_that_callbacks_may_have)
{
    expect("mkdir elsewhere; ln -s elsewhere away; echo mine > best.tmp", 0, NULL, NULL);
    for (int again = 0; again < 2; again++) {       /* what lstmc has written it may replace */
        expect_callback("ModelCheckpoint{'best'}, CSVLogger{'own.csv'}", 0, NULL);
        expect_callback("ModelCheckpoint{'./a/b.c/{epoch:02d}/w..-{val_loss:.1f}'}, CSVLogger{'a/own.csv', separator "
                        "= ';'}",
                        0, NULL);
        expect_callback("ModelCheckpoint{'away/best'}, CSVLogger{'m.log.csv'}, ModelCheckpoint{'m.safetensors'}", 0,
                        NULL);
    }
    expect("cat best.tmp; ls a a/b.c elsewhere", 0, "mine\na:\nb.c\nown.csv\n\na/b.c:\n01\n02\n\nelsewhere:\nbest\n",
           NULL);
    expect_callback("ModelCheckpoint{'a/own.csv'}", 1, "a/own.csv: is not lstmc's");
}

/* The name of the description makes names too. */
Test(written, names_of_the_description)
{
    static const char *const files[] = { "n.h",       "n.c",           "n.safetensors",       "n.checkpoint",
                                         "n.log.csv", "n.report.html", "n.gradient_flow.csv", "n.tune.lua" };
    static const char *const lines[] = { "$L m.lua name=n",
                                         "$L m.lua name=n",
                                         "$L train m.lua name=n --interpreted",
                                         "$L train m.lua name=n --interpreted",
                                         "$L train m.lua name=n --interpreted",
                                         "cp m.csv n.log.csv; $L plot m.lua name=n --interpreted",
                                         "$L train m.lua name=n --gradient-flow",
                                         "$L tune m.lua name=n --seconds=1" };
    char line[200], said[200];
    expect("$L train m.lua --interpreted --quiet --log m.csv", 0, "weights", NULL);
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        snprintf(line, sizeof line, "echo 'epoch,loss' > %s; %s", files[i], lines[i]);
        snprintf(said, sizeof said, "%s: is not lstmc's, and would be overwritten", files[i]);
        expect(line, 1, NULL, said);
        snprintf(line, sizeof line, "cat %s; rm n.*; ls *.lock 2>/dev/null; true", files[i]);
        expect(line, 0, "epoch,loss\n", NULL);
    }
    expect("echo mine > n.safetensors; $L train m.lua name=n --interpreted --quiet --out n.safetensors", 0,
           "weights: n.safetensors", NULL);
}

/* ---- what cannot be read is not waited for ---- */

/* Pipes in place of files, that nobody writes. */
Test(written, pipes_that_nobody_writes)
{
    static const char *const lines[] = {
        "$L p",
        "$L m.lua --tuning p",
        "$L m.lua --weights p",
        "$L evaluate m.lua --weights p --interpreted",
        "$L predict m.lua --weights p",
        "$L sample m.lua --weights p",
        "$L train m.lua --interpreted --init p",
        "$L train m.lua --interpreted --resume --checkpoint p",
        "$L train m.lua --interpreted --log p",
        "$L train m.lua --interpreted --out p",
        "$L plot m.lua --interpreted --log p",
        "$L plot m.lua --interpreted --out p",
        "$L predict m.lua --interpreted --out p </dev/null",
        "$L predict m.lua --interpreted --input p.npy",
        "$L predict m.lua --interpreted --input p",
        "$L predict m.lua --stream --input p",
        "$L tune m.lua -o p",
        "$L m.lua -o p",
        "$L train csv.lua --interpreted",
        "$L train npy.lua --interpreted",
        "$L train lines.lua --interpreted",
        "$L train folder.lua --interpreted",
        "$L train wav.lua --interpreted",
        "$L train csv.lua --interpreted --data p.csv.gz",
        "$L predict csv.lua --interpreted --input p.csv",
        "mkfifo n.c; $L m.lua name=n",
        "mkfifo m.gradient_flow.csv; $L plot m.lua --interpreted",
    };
    char line[200];
    expect("mkfifo p p.npy p.csv p.csv.gz; mkdir d; mkfifo d/a.txt d/b.txt d/x_1.wav d/y_1.wav", 0, NULL, NULL);
    expect(
        "h='return Sequential{ name = \"m\", '; t='LSTM{3}, Dense{1}, loss = \"mse\", metrics = {\"mae\"}, data = '; "
        "c='Input{4}, Embedding{9, 2}, LSTM{3}, Dense{2, activation = \"softmax\"}, loss = "
        "\"sparse_categorical_crossentropy\", data = '; "
        "echo \"$h Input{3, 2}, $t csv{'p.csv', columns = {'a', 'b'}, targets = {'a'}, window = 3} }\" > csv.lua; "
        "echo \"$h Input{3, 2}, $t npy{'p.npy', 'p.npy'} }\" > npy.lua; echo \"$h $c lines{folder = 'd', vocabulary = "
        "9} }\" > folder.lua; "
        "echo \"$h $c lines{{'d/a.txt', 'd/b.txt'}, vocabulary = 9} }\" > lines.lua; "
        "echo \"$h Input{8, 5}, LSTM{3}, Dense{2, activation = 'softmax'}, loss = 'sparse_categorical_crossentropy', "
        "data = wav{folder = 'd', label = 1, sample_rate = 8000} }\" > wav.lua",
        0, NULL, NULL);
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        snprintf(line, sizeof line, "timeout 30 sh -c '%s' >out 2>said </dev/null", lines[i]);
        Ran ran = command_run(folder, SECONDS, line);
        char *said = command_read_file(folder, "said");
        cr_expect(ran.status == 1, "%s: exit status %d: %s", lines[i], ran.status, said);
        cr_expect(strstr(said, "not a regular file") || strstr(said, "a pipe") || strstr(said, "Not a directory"),
                  "%s: %s", lines[i], said);
        free(said);
        ran_free(&ran);
    }
}

/* Where somebody writes, pipes are read; what we have been given is read whoever writes. */
Test(written, pipes_that_somebody_writes)
{
    expect("mkfifo p; echo " SAMPLE " >p & $L predict m.lua --interpreted --input p", 0, ".", NULL);
    expect("(echo " SAMPLE "; echo " SAMPLE ") | $L predict m.lua --interpreted --input /dev/stdin | wc -l", 0, "2\n",
           NULL);
    expect("echo " SAMPLE " | $L predict m.lua --interpreted --input /dev/fd/3 3<&0", 0, ".", NULL);
    expect("true | $L predict m.lua --interpreted --input /proc/self/fd/3 3<&0", 0, NULL, NULL);
    expect("$L predict m.lua --interpreted --input /dev/fd/77", 1, NULL, "/dev/fd/77: Bad file descriptor");
    expect("$L predict m.lua --interpreted --input .", 1, NULL, "m.lua: .: is a folder");
    expect("$L predict m.lua --interpreted < .", 1, NULL,
           "standard input: cannot be read any further: Is a directory");
    expect("echo " SAMPLE " > n; $L predict m.lua --interpreted --input n --out /dev/null; test -c /dev/null", 0, NULL,
           "/dev/null: cannot be written: Invalid argument (a pipe, a device or a socket is there, not a file)");
}

/* ---- what was learned before a NaN ---- */

/* The rate jumps in epoch 7, and the loss goes to infinity behind it. */
#define DIVERGING                                                                                                     \
    "local function f(random) local x, s = {}, 0 for t = 1, 3 do x[t] = { random() - 0.5 } s = s + x[t][1] end "      \
    "return x, { s } end\n"                                                                                           \
    "return Sequential{ name = 'd', Input{3, 1}, LSTM{6}, Dense{1}, loss = 'mse', optimizer = SGD{learning_rate = "   \
    "PiecewiseConstantDecay{{12}, {0.05, 50.0}}},\n"                                                                  \
    "  data = samples{f, samples = 8, validation_samples = 4}, batch_size = 4, epochs = 100, callbacks = { "          \
    "CALLBACKS } }\n"

static void expect_diverging(const char *callbacks, const char *said)
{
    char line[600];
    command_write(folder, "diverging", DIVERGING, (long)strlen(DIVERGING));
    snprintf(line, sizeof line,
             "rm -f d.*; sed 's/CALLBACKS/%s/' diverging > d.lua; $L train d.lua --interpreted --quiet", callbacks);
    Ran ran = command_run(folder, SECONDS, line);
    cr_expect(ran.status == 1 && !*ran.output && strstr(ran.errors, ", the best\n") && strstr(ran.errors, said),
              "%s: %d %s%s", callbacks, ran.status, ran.output, ran.errors);
    ran_free(&ran);
}

Test(written, the_best_weights_outlive_a_nan)
{
    expect_diverging("EarlyStopping{patience = 90, restore_best_weights = true}",
                     "d.lua: the best weights are in d.safetensors, and in d.checkpoint\n");
    expect("$L evaluate d.lua --interpreted --quiet >a; $L evaluate d.lua --weights d.checkpoint --interpreted "
           "--quiet >b; cat a; cmp a b",
           0, "loss 0.", NULL);
    expect("rm d.safetensors; $L train d.lua --interpreted --quiet --resume && $L evaluate d.lua --interpreted "
           "--quiet >b; cmp a b",
           0, "weights that are saved (the best): val_loss 0.", "note: this training has ended at a NaN in epoch ");
    expect("$L train d.lua --interpreted --quiet --epochs=1; $L evaluate d.lua --weights d.checkpoint.old "
           "--interpreted --quiet >b; cmp a b",
           0, "weights:",
           "note: d.checkpoint, with the best weights of a training that has ended at a NaN, is now "
           "d.checkpoint.old\n");
    expect_diverging("", "d.lua: the best weights are in d.checkpoint: --init d.checkpoint starts from them\n");
    expect("test ! -e d.safetensors && $L evaluate d.lua --weights d.checkpoint --interpreted --quiet >b; cmp a b", 0,
           NULL, NULL);
    expect("$L train d.lua --interpreted --quiet --init d.checkpoint --epochs=1", 0, "weights: d.safetensors",
           "is now d.checkpoint.old");
    expect_diverging("ModelCheckpoint{\"best\", save_best_only = true}", "d.lua: the last file of ModelCheckpoint is "
                                                                         "best\n");
    expect("$L evaluate d.lua --weights best --interpreted --quiet >b; cmp a b", 0, NULL, NULL);
    /* nothing was learned yet */
    expect("sed 's/{12}/{0}/; s/50.0/1e30/; s/CALLBACKS//' diverging > d.lua; rm -f d.safetensors d.checkpoint*; $L "
           "train d.lua --interpreted --quiet; ls d.*",
           0, "d.lua\n", "validation after epoch 1: the loss of samples 0 to 3 is inf; first seen: the loss itself\n");
}

Test(written, names_with_values_that_do_not_exist)
{
    expect_callback("ModelCheckpoint{'best-{epoch:02d}-{val_acc:.2f}.safetensors'}", 1,
                    "there is no \"val_acc\"; there are epoch and batch; loss, mae, and each of these with val_");
    expect_callback("EarlyStopping{monitor = 'val_accuracy'}", 1,
                    "there is no \"val_binary_accuracy\" to monitor; there are loss, mae, and each of these with "
                    "val_");
    expect("ls", 0, "c.lua\nm.lua\nm.safetensors\n", NULL);
    expect_callback("ModelCheckpoint{'w-{epoch}-{val_mean_absolute_error:.0f}'}, "
                    "EarlyStopping{'val_mean_absolute_error'}",
                    0, NULL);
}
