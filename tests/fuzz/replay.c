/*
 * Runs a fuzz entry over its corpus without a fuzzer: every file below CORPUS,
 * or those named on the command line. An input that breaks a promise aborts,
 * and its name was the last that was printed; the others are counted like the
 * tests of a unit test.
 */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { INPUT_MAX = 1 << 20 };

static int replay_file(const char *path)
{
    FILE *file = fopen(path, "rb");
    if (!file) {
        perror(path);
        return 1;
    }
    uint8_t *data = malloc(INPUT_MAX);
    if (!data) {
        fclose(file);
        return 1;
    }
    size_t size = fread(data, 1, INPUT_MAX, file);
    fclose(file);

    /* A copy of exactly this size lets the sanitizer see one byte too many. */
    uint8_t *input = malloc(size ? size : 1);
    if (input) {
        memcpy(input, data, size);
        printf("%s\n", path);
        fflush(stdout);
        LLVMFuzzerTestOneInput(input, size);
        printf("[       OK ] %s\n", path);
    }
    free(input);
    free(data);
    return input ? 0 : 1;
}

static int replay_folder(const char *folder)
{
    DIR *files = opendir(folder);
    if (!files) {
        perror(folder);
        return 1;
    }
    int failed = 0;
    size_t count = 0;
    const struct dirent *entry;
    while ((entry = readdir(files))) {
        if (entry->d_name[0] == '.') {
            continue;
        }
        char path[4096];
        snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name);
        failed |= replay_file(path);
        count++;
    }
    closedir(files);
    if (count == 0) {
        fprintf(stderr, "%s is empty\n", folder);
        return 1;
    }
    return failed;
}

int main(int argc, char **argv)
{
    if (argc < 2) {
        return replay_folder(CORPUS);
    }
    int failed = 0;
    for (int i = 1; i < argc; i++) {
        failed |= replay_file(argv[i]);
    }
    return failed;
}
