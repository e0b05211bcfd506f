/* Recorded arrivals: the file that load.arrivals names becomes the schedule,
 * and says how long the load lasts. */
#include "plan/resolve.h"

#include "base/must.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static const char file_path[] = "load.arrivals.file";

/* What load.duration may be at most (keys/load.def). */
#define TIME_MAX duration_s(720 * 3600)

/* What arrivals leave no room for. */
static void refuse_others(const struct resolver *resolver)
{
    static const struct {
        const char *path, *words;
    } others[] = {
        {"load.rate", "the file of arrivals says when operations start"},
        {"load.stages", "the file of arrivals says when operations start"},
        {"load.arrival", "the file of arrivals says when operations start"},
        {"load.warmup", "every arrival of the file counts"},
    };
    for (size_t i = 0; i < array_length(others); i++) {
        if (resolve_is_given(resolver, others[i].path) &&
            !(strcmp(others[i].path, "load.warmup") == 0 &&
              resolver->plan->load.warmup.ns == 0)) {
            struct error *error = resolve_conflict(
                resolver, others[i].path, file_path, "%s", others[i].words);
            error_hint(error, "remove one of them");
        }
    }
}

/* The names as they will be; see resolve_name in requests.c. */
static const char *const *names_of(const struct resolver *resolver)
{
    const struct draft *draft = resolver->draft;
    struct arena *arena = &resolver->plan->arena;
    const char **names =
        arena_array(arena, draft->request_count + 1, sizeof(*names));
    char name[32];

    for (size_t i = 0; i < draft->request_count; i++) {
        snprintf(name, sizeof(name), "request-%zu", i + 1);
        names[i] = draft->requests[i].name ? draft->requests[i].name
                                           : arena_strdup(arena, name);
    }
    return names;
}

static void read_text(const struct resolver *resolver, const char *text,
                      size_t length, struct arrivals *arrivals)
{
    struct arrivals_problem problem;
    const char *file = resolver->draft->arrivals_file;

    if (arrivals_read(arrivals, &resolver->plan->arena, text, length, TIME_MAX,
                      names_of(resolver), resolver->draft->request_count,
                      &problem)) {
        return;
    }
    struct error *error =
        problem.line ? resolve_refuse(resolver, file_path, "%s:%zu: %s", file,
                                      problem.line, problem.text)
                     : resolve_refuse(resolver, file_path, "%s: %s", file,
                                      problem.text);
    error_hint(error, "a line is \"12.5 NAME\": seconds since the start, and "
                      "the name of a request");
}

/* Mapped while it is read: afterwards nobody can change what a run does. */
static void read_file(const struct resolver *resolver,
                      struct arrivals *arrivals)
{
    const char *name = resolver->draft->arrivals_file;
    struct stat status = {0};
    int file = open(name, O_RDONLY | O_CLOEXEC);
    int failure = file < 0 || fstat(file, &status) != 0 ? errno : 0;

    if (!failure && !S_ISREG(status.st_mode)) {
        failure = S_ISDIR(status.st_mode) ? EISDIR : ESPIPE;
    }
    size_t length = failure ? 0 : (size_t)status.st_size;
    void *text = length > 0
                     ? mmap(NULL, length, PROT_READ, MAP_PRIVATE, file, 0)
                     : NULL;
    if (text == MAP_FAILED) {
        failure = errno;
    }
    if (file >= 0) {
        close(file);
    }
    if (failure) {
        struct error *error = resolve_refuse(
            resolver, file_path, "cannot read %s: %s", name,
            failure == ESPIPE ? "it is no regular file" : strerror(failure));
        error->code = ERROR_NO_FILE;
        return;
    }
    read_text(resolver, text ? text : "", length, arrivals);
    if (text) {
        munmap(text, length);
    }
}

/* The load ends a millisecond after its last arrival at most, unless its
 * duration cuts it before. */
static void fit_duration(struct resolver *resolver, struct arrivals *arrivals)
{
    struct load_config *load = &resolver->plan->load;
    struct duration last = arrivals_due(arrivals, arrivals->count - 1);

    if (!resolve_is_given(resolver, "load.duration")) {
        load->duration = duration_ms(last.ns / NS_PER_MS + 1);
    }
    while (arrivals->count > 0 &&
           arrivals_due(arrivals, arrivals->count - 1).ns >=
               load->duration.ns) {
        arrivals->count--;
    }
    if (arrivals->count == 0) {
        struct error *error =
            resolve_conflict(resolver, "load.duration", file_path,
                             "it is over before the first arrival");
        error_hint(error, "leave it out: the load is as long as the arrivals");
    }
    /* What a reader of the plan takes the load to be, on average. */
    load->rate_per_s =
        (double)arrivals->count / duration_in_seconds(load->duration);
}

void resolve_arrivals(struct resolver *resolver)
{
    struct plan *plan = resolver->plan;
    struct load_config *load = &plan->load;
    struct arrivals *arrivals;

    if (!resolver->draft->arrivals_file) {
        if (resolve_is_given(resolver, "load.arrivals")) {
            struct error *error = resolve_refuse(
                resolver, "load.arrivals", "it names no file of arrivals");
            error_hint(error, "squall import log writes one, and a profile "
                              "that names it");
        }
        return;
    }
    refuse_others(resolver);
    arrivals = arena_alloc(&plan->arena, sizeof(*arrivals));
    *arrivals = (struct arrivals){0};
    read_file(resolver, arrivals);
    if (arrivals->count == 0) {
        return;
    }
    arrivals->speed = resolver->draft->arrivals_speed;
    fit_duration(resolver, arrivals);
    load->arrivals = arrivals;
}
