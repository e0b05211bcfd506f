/*
 * Fuzz entry: any bytes either compile to a template whose text stays within
 * its bound and is the same when filled twice, or are refused with a sentence
 * and a place inside the text.
 */
#include "load/template.h"

#include "base/must.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void fill_twice(const struct template *template)
{
    const struct template_subject subject = {
        .run = UINT64_MAX,
        .operation = UINT64_MAX,
        .attempt = UINT32_MAX,
        .max_attempts = UINT32_MAX,
        .client = UINT64_MAX,
        .seed = 1,
        .key = "key",
        .key_length = 3,
    };
    size_t room = template->length_max + 1;
    char *first = malloc(room);
    char *second = malloc(room);

    must(first && second);
    size_t length = template_fill(template, &subject, first, room);
    must(length < room);
    must(first[length] == '\0');
    must(template_fill(template, &subject, second, room) == length);
    must(memcmp(first, second, length) == 0);
    must(!template->is_constant || length == template->length_max);
    free(first);
    free(second);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena = ARENA_INIT;
    struct template template;
    const char *problem = NULL;
    size_t problem_at = 0;

    if (template_compile(&template, &arena, (const char *)data, size, &problem,
                         &problem_at)) {
        fill_twice(&template);
    } else {
        must(problem && *problem);
        must(problem_at + 2 <= size);
        must(memcmp(data + problem_at, "{{", 2) == 0);
    }
    arena_release(&arena);
    return 0;
}
