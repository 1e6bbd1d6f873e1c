/* cached.c: in: under the name of a compiler, a command that compiles or links generated C, or looks for its mistakes.
 * out: what it makes, out of $OBJECT_CACHE if the same compiler has been given the same words before, and the same
 * texts: of all sources and headers in the folders of those that it names, in its own and in those of -I. Refusals are
 * not kept, nor is what comes with a warning; and what is not understood is not looked for. A program in C, because a
 * test run asks thousands of times. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define WORDS_MAX 400

typedef struct Words {
    const char *at[WORDS_MAX];
    int count;
} Words;

typedef struct Command {
    const char *compiler;           /* where it is */
    char **arguments;
    Words words;                    /* as far as they decide what is made: without the folders of files */
    Words folders, sources, objects, made;
    enum { LINK, COMPILE, CHECK } mode;
} Command;

static void add(Words *words, const char *word)
{
    if (words->count == WORDS_MAX)
        abort();
    words->at[words->count++] = word;
}

static bool begins(const char *word, const char *with)
{
    return !strncmp(word, with, strlen(with));
}

static bool ends(const char *word, const char *with)
{
    size_t length = strlen(word), end = strlen(with);
    return length >= end && !strcmp(word + length - end, with);
}

static bool is_one_of(const char *word, const char *const *list)
{
    while (*list && strcmp(word, *list))
        list++;
    return *list;
}

static bool begins_one_of(const char *word, const char *const *list)
{
    while (*list && !begins(word, *list))
        list++;
    return *list;
}

static const char *name_of(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

static const char *text_of(const char *format, const char *a, const char *b)
{
    char *text;
    if (asprintf(&text, format, a, b) < 0)
        abort();
    return text;
}

/* The first of that name in the PATH that is not this program, which lies there under its name. */
static const char *find_compiler(const char *name)
{
    char self[PATH_MAX] = "", found[PATH_MAX];
    if (readlink("/proc/self/exe", self, sizeof self - 1) < 0)
        return NULL;
    char *folders = strdup(getenv("PATH") ? getenv("PATH") : "/usr/bin:/bin"), *rest = folders;
    for (const char *folder; (folder = strsep(&rest, ":"));) {
        const char *path = text_of("%s/%s", *folder ? folder : ".", name);
        if (!access(path, X_OK) && realpath(path, found) && strcmp(found, self))
            return path;
    }
    return NULL;
}

/* ---- what is asked ---- */

static bool take_source(Command *command, const char *word)
{
    const char *name = name_of(word);
    add(&command->sources, word);
    if (name > word)
        add(&command->folders, strndup(word, (size_t)(name - word)));
    add(&command->words, name);
    return true;
}

/* False: with this word it is not known what else decides what is made. */
static bool take_word(Command *command, const char *word)
{
    static const char *const unknown[] = { "-E", "-S", "-M", "-v", "-L", "-save-temps", "-fstack-usage", "-fprofile",
                                           "@", "-include", "-iq", "-is", "-id", NULL };
    static const char *const known[] = { "-lm", "-ldl", "-lpthread", "-lopenblas", NULL };
    if (ends(word, ".c") || ends(word, ".cpp"))
        return take_source(command, word);
    if (!strcmp(word, "-c"))
        command->mode = COMPILE;
    else if (!strcmp(word, "-fsyntax-only"))
        command->mode = CHECK;
    else if (ends(word, ".o"))
        add(&command->objects, word);
    else if (begins(word, "-I") && word[2])
        add(&command->folders, word + 2);
    else if (is_one_of(word, known) || begins(word, "-L/usr/"))
        ;                           /* of the system, as what stands behind -l */
    else if (begins_one_of(word, unknown) || begins(word, "-l") || ends(word, ".a") || ends(word, ".so") ||
             !strcmp(word, "-") || !strcmp(word, "--coverage") || !access(word, F_OK))
        return false;
    add(&command->words, word);
    return true;
}

static void name_what_is_made(Command *command, const char *given)
{
    if (command->mode == CHECK)
        return;
    if (given || command->mode == LINK) {
        add(&command->made, given ? given : "a.out");
        return;
    }
    for (int i = 0; i < command->sources.count; i++) {
        char *name = strdup(name_of(command->sources.at[i]));
        *strrchr(name, '.') = 0;
        add(&command->made, text_of("%s%s", name, ".o"));
    }
}

static bool understand(Command *command)
{
    const char *given = NULL;
    add(&command->folders, ".");
    for (char **word = command->arguments + 1; *word; word++) {
        if (strpbrk(*word, " \t\n"))
            return false;
        if (!strcmp(*word, "-o") && word[1])
            given = *++word;
        else if (begins(*word, "-o") && (*word)[2])
            given = *word + 2;
        else if (!take_word(command, *word))
            return false;
    }
    if (given)
        add(&command->words, text_of("%s%s", "-o", name_of(given)));
    name_what_is_made(command, given);
    return command->sources.count + command->objects.count > 0;
}

/* ---- its key: FNV-1a of 128 bits ---- */

__extension__ typedef unsigned __int128 Key;

static Key hash(Key key, const void *bytes, size_t count)
{
    const Key prime = (Key)1 << 88 | 0x13b;
    for (const unsigned char *at = bytes, *end = at + count; at < end; at++)
        key = (key ^ *at) * prime;
    return key;
}

static Key hash_word(Key key, const char *word)
{
    return hash(key, word, strlen(word) + 1);
}

static Key hash_file(Key key, const char *path)
{
    char bytes[1 << 16];
    int file = open(path, O_RDONLY);
    size_t whole = 0;
    for (ssize_t got; file >= 0 && (got = read(file, bytes, sizeof bytes)) > 0; whole += (size_t)got)
        key = hash(key, bytes, (size_t)got);
    if (file >= 0)
        close(file);
    return hash(key, &whole, sizeof whole);
}

static Key hash_texts(Key key, const char *folder)
{
    glob_t texts = { 0 };
    glob(text_of("%s/%s", folder, "*.[ch]"), 0, NULL, &texts);
    glob(text_of("%s/%s", folder, "*.cpp"), GLOB_APPEND, NULL, &texts);
    for (size_t i = 0; i < texts.gl_pathc; i++)
        key = hash_file(hash_word(key, name_of(texts.gl_pathv[i])), texts.gl_pathv[i]);
    globfree(&texts);
    return hash_word(key, "");
}

static const char *path_of_kept(const Command *command, const char *cache)
{
    struct stat compiler = { 0 };
    stat(command->compiler, &compiler);
    Key key = (Key)0x6c62272e07bb0142 << 64 | 0x62b821756295c58d;
    key = hash_word(key, command->compiler);
    key = hash(hash(key, &compiler.st_size, sizeof compiler.st_size), &compiler.st_mtim, sizeof compiler.st_mtim);
    for (int i = 0; i < command->words.count; i++)
        key = hash_word(key, command->words.at[i]);
    for (int i = 0; i < command->folders.count; i++)
        key = hash_texts(key, command->folders.at[i]);
    for (int i = 0; i < command->objects.count; i++)
        key = hash_file(key, command->objects.at[i]);
    char name[40];
    snprintf(name, sizeof name, "%016llx%016llx", (unsigned long long)(key >> 64), (unsigned long long)key);
    return text_of("%s/%s", cache, name);
}

/* ---- what is kept: an empty file KEY, and what was made as KEY.1, KEY.2 ... ---- */

static bool copy_to(int to, const char *from)
{
    char bytes[1 << 16];
    int file = open(from, O_RDONLY);
    ssize_t got = -1;
    while (file >= 0 && (got = read(file, bytes, sizeof bytes)) > 0)
        if (write(to, bytes, (size_t)got) != got)
            break;
    if (file >= 0)
        close(file);
    return got == 0;
}

static bool copy(const char *from, const char *path)
{
    struct stat original;
    if (stat(from, &original))
        return false;
    unlink(path);
    int file = open(path, O_WRONLY | O_CREAT | O_TRUNC, original.st_mode & 0777);
    bool whole = file >= 0 && copy_to(file, from);
    return file >= 0 && !close(file) && whole;
}

static const char *numbered(const char *kept, int number)
{
    char suffix[20];
    snprintf(suffix, sizeof suffix, ".%d", number);
    return text_of("%s%s", kept, suffix);
}

/* run.sh removes what nobody has asked for in days. */
static bool take_kept(const Command *command, const char *kept)
{
    if (utimensat(AT_FDCWD, kept, NULL, 0))
        return false;
    for (int i = 0; i < command->made.count; i++) {
        const char *from = numbered(kept, i + 1);
        if (utimensat(AT_FDCWD, from, NULL, 0) || !copy(from, command->made.at[i]))
            return false;
    }
    return true;
}

static void keep(const Command *command, const char *kept)
{
    const char *whole = numbered(kept, getpid() + WORDS_MAX);
    for (int i = 0; i < command->made.count; i++)
        if (!copy(command->made.at[i], whole) || rename(whole, numbered(kept, i + 1)))
            return;
    int file = open(kept, O_WRONLY | O_CREAT, 0666);
    if (file >= 0)
        close(file);
}

/* The exit status; *silent: nothing was said. */
static int run(const Command *command, bool *silent)
{
    FILE *said = tmpfile();
    if (!said)
        abort();
    pid_t child = fork();
    if (!child) {
        dup2(fileno(said), STDERR_FILENO);
        execv(command->compiler, command->arguments);
        _exit(127);
    }
    int status = 0;
    while (waitpid(child, &status, 0) < 0 && errno == EINTR)
        continue;
    rewind(said);
    *silent = true;
    for (int c; (c = fgetc(said)) != EOF; *silent = false)
        fputc(c, stderr);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

int main(int count, char **arguments)
{
    (void)count;
    const char *cache = getenv("OBJECT_CACHE");
    Command command = { .compiler = find_compiler(name_of(arguments[0])), .arguments = arguments };
    if (!command.compiler) {
        fprintf(stderr, "%s is not in the PATH\n", name_of(arguments[0]));
        return 127;
    }
    arguments[0] = (char *)command.compiler;     /* beside which it looks for its parts */
    if (!cache || !*cache || !understand(&command)) {
        execv(command.compiler, arguments);
        return 127;
    }
    const char *kept = path_of_kept(&command, cache);
    if (take_kept(&command, kept))
        return 0;
    bool silent;
    int status = run(&command, &silent);
    mkdir(cache, 0777);
    if (status == 0 && silent)
        keep(&command, kept);
    return status;
}
