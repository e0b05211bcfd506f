/*
 * Counts allocations by whoever asked for them: the program itself, by the
 * return address, or any library. Preloaded into squall by a test; at exit it
 * writes "own N\nother M\n" to the file named by ALLOCATIONS_OUT.
 */
#define _GNU_SOURCE
#include <link.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *old, size_t size);
void *__libc_memalign(size_t alignment, size_t size);

static uintptr_t low, high;
static atomic_ulong own, other;

static int first_object(struct dl_phdr_info *info, size_t size, void *context)
{
    (void)size;
    (void)context;
    low = UINTPTR_MAX;
    for (int i = 0; i < info->dlpi_phnum; i++) {
        const ElfW(Phdr) *header = &info->dlpi_phdr[i];
        if (header->p_type == PT_LOAD) {
            uintptr_t start = info->dlpi_addr + header->p_vaddr;
            if (start < low) {
                low = start;
            }
            if (start + header->p_memsz > high) {
                high = start + header->p_memsz;
            }
        }
    }
    return 1; /* the program comes first, and is enough */
}

static void count(const void *caller)
{
    uintptr_t at = (uintptr_t)caller;
    if (at >= low && at < high) {
        atomic_fetch_add(&own, 1);
    } else {
        atomic_fetch_add(&other, 1);
    }
}

#define CALLER __builtin_return_address(0)

void *malloc(size_t size)
{
    count(CALLER);
    return __libc_malloc(size);
}

void *calloc(size_t n, size_t size)
{
    count(CALLER);
    return __libc_calloc(n, size);
}

void *realloc(void *old, size_t size)
{
    count(CALLER);
    return __libc_realloc(old, size);
}

void *aligned_alloc(size_t alignment, size_t size)
{
    count(CALLER);
    return __libc_memalign(alignment, size);
}

int posix_memalign(void **out, size_t alignment, size_t size)
{
    count(CALLER);
    *out = __libc_memalign(alignment, size);
    return *out ? 0 : 12;
}

static char *copy(const char *text, size_t length)
{
    char *made = __libc_malloc(length + 1);
    if (made) {
        memcpy(made, text, length);
        made[length] = 0;
    }
    return made;
}

#undef strdup
char *strdup(const char *text)
{
    count(CALLER);
    return copy(text, strlen(text));
}

#undef strndup
char *strndup(const char *text, size_t most)
{
    count(CALLER);
    return copy(text, strnlen(text, most));
}

__attribute__((constructor)) static void begin(void)
{
    dl_iterate_phdr(first_object, NULL);
}

__attribute__((destructor)) static void end(void)
{
    const char *path = getenv("ALLOCATIONS_OUT");
    FILE *file = path ? fopen(path, "w") : NULL;
    if (file) {
        fprintf(file, "own %lu\nother %lu\n", (unsigned long)own,
                (unsigned long)other);
        fclose(file);
    }
}
