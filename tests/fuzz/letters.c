/* Whatever the bytes of a file of dead letters: letters_read gives letters that
 * hold the promises of its header, or errors that name the file. */
#include "base/must.h"
#include "plan/plan.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_letter(const struct letters *letters, size_t i)
{
    const struct letter *letter = &letters->items[i];

    must(i == 0 || letters->items[i - 1].number < letter->number);
    must(letters_find(letters, letter->number) == letter);
    must(letter->verdict < VERDICT_COUNT && letter->verdict != VERDICT_ACKED);
    must(!letter->key || (letter->key_length > 0 &&
                          letter->key_length < KEY_MAX));
    must(strstr(letter->url, "://") && !strpbrk(letter->url, " \r\n"));
    must(letter->header_count <= letters->headers_max);
    for (size_t h = 0; h < letter->header_count; h++) {
        must(strchr(letter->headers[h], ':'));
        must(!strpbrk(letter->headers[h], "\r\n"));
    }
    must(!letter->has_body || letter->body);
    must(letter->length > 0 && memchr(letter->text, '{', letter->length));
}

/* What is read becomes a plan, or is refused with errors. */
static void check_plan(struct letters *letters)
{
    struct errors errors = ERRORS_INIT;
    struct plan_input input = {.letters = letters, .has_seed = true};
    struct plan *plan = plan_read(&input, &errors);

    must((plan != NULL) == (errors.count == 0));
    for (size_t i = 0; plan && i < letters->count; i++) {
        must(letters->items[i].request < plan->request_count);
        must(strncmp(letters->items[i].url, plan->target.url, 7) == 0);
    }
    plan_free(plan);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const headers[] = {"X-Secret: told"};
    struct errors errors = ERRORS_INIT;
    char name[64];

    int file = memfd_create("letters", 0);
    must(file >= 0);
    must(write(file, data, size) == (ssize_t)size);
    snprintf(name, sizeof(name), "/proc/self/fd/%d", file);
    struct letters *letters = letters_read(name, headers, 1, false, &errors);
    must((letters != NULL) == (errors.count == 0));
    for (size_t i = 0; i < errors.count; i++) {
        must(strcmp(errors.list[i].file, name) == 0);
        must(errors.list[i].text[0]);
    }
    for (size_t i = 0; letters && i < letters->count; i++) {
        check_letter(letters, i);
    }
    if (letters && letters->count > 0) {
        check_plan(letters);
    }
    letters_free(letters);
    close(file);
    return 0;
}
