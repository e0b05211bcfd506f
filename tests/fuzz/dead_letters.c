/* Whatever the bytes of a file of dead letters: dead_letters_read gives
 * dead letters that hold the promises of its header, or errors that name the
 * file.
 */
#include "base/must.h"
#include "plan/dead_letters.h"
#include "plan/plan.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_dead_letter(const struct dead_letters *dead_letters,
                              size_t i)
{
    const struct dead_letter *dead_letter = &dead_letters->items[i];

    must(i == 0 || dead_letters->items[i - 1].number < dead_letter->number);
    must(dead_letters_find(dead_letters, dead_letter->number) == dead_letter);
    must((int)dead_letter->verdict < VERDICT_COUNT &&
         dead_letter->verdict != VERDICT_SUCCEEDED);
    must(!dead_letter->key ||
         (dead_letter->key_length > 0 && dead_letter->key_length < KEY_MAX));
    must(strstr(dead_letter->url, "://") &&
         !strpbrk(dead_letter->url, " \r\n"));
    must(dead_letter->header_count <= dead_letters->headers_max);
    for (size_t h = 0; h < dead_letter->header_count; h++) {
        must(strchr(dead_letter->headers[h], ':'));
        must(!strpbrk(dead_letter->headers[h], "\r\n"));
    }
    must(!dead_letter->has_body || dead_letter->body);
    must(dead_letter->length > 0 &&
         memchr(dead_letter->text, '{', dead_letter->length));
}

/* What is read becomes a plan, or is refused with errors. */
static void check_plan(struct dead_letters *dead_letters)
{
    struct errors errors = ERRORS_INIT;
    struct plan_input input = {.workload = &dead_letters->workload};
    struct plan *plan = plan_read(&input, &errors);

    must((plan != NULL) == (errors.count == 0));
    for (size_t i = 0; plan && i < dead_letters->count; i++) {
        must(dead_letters->items[i].request < plan->request_count);
        must(strncmp(dead_letters->items[i].url, plan->target.url, 7) == 0);
    }
    plan_free(plan);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const headers[] = {"X-Secret: told"};
    struct errors errors = ERRORS_INIT;
    char name[64];

    int file = memfd_create("dead letters", 0);
    must(file >= 0);
    must(write(file, data, size) == (ssize_t)size);
    snprintf(name, sizeof(name), "/proc/self/fd/%d", file);
    struct dead_letters *dead_letters =
        dead_letters_read(name, headers, 1, false, &errors);
    must((dead_letters != NULL) == (errors.count == 0));
    for (size_t i = 0; i < errors.count; i++) {
        must(strcmp(errors.list[i].file, name) == 0);
        must(errors.list[i].text[0]);
    }
    for (size_t i = 0; dead_letters && i < dead_letters->count; i++) {
        check_dead_letter(dead_letters, i);
    }
    if (dead_letters && dead_letters->count > 0) {
        check_plan(dead_letters);
    }
    dead_letters_free(dead_letters);
    close(file);
    return 0;
}
