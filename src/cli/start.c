#include "cli/start.h"

#include "base/mask.h"
#include "base/str.h"
#include "base/units.h"
#include "report/event_sample.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

void start_note(const struct invocation *invocation, const char *format, ...)
{
    if (invocation->quiet) {
        return;
    }
    struct str text = STR_INIT;
    va_list arguments;
    va_start(arguments, format);
    str_vprintf(&text, format, arguments);
    va_end(arguments);
    char *masked = mask_text(text.text);
    fputs("squall: ", stderr);
    error_print_text(masked, stderr);
    fputc('\n', stderr);
    free(masked);
    str_release(&text);
}

uint64_t start_number(void)
{
    uint64_t number = 0;
    while (getrandom(&number, sizeof(number), 0) != sizeof(number)) {
    }
    return number;
}

uint64_t start_seed(void)
{
    return start_number() >> 32;
}

/* "100/s": so many of each second. */
static bool read_per_second(const char *text, uint64_t *per_second,
                            const char **problem)
{
    double rate = 0;

    if (!units_parse_rate(text, &rate, problem)) {
        return false;
    }
    *problem = "not a whole number of 1 to 10000 a second";
    *per_second = rate >= 1 && rate <= EVENT_SAMPLE_MAX ? (uint64_t)rate : 0;
    return *per_second > 0 && rate == (double)*per_second;
}

static bool read_sample(const struct invocation *invocation,
                        struct outputs *outputs, struct errors *errors)
{
    const char *text = invocation->sample;
    const char *problem = "not between 0 and 1";
    double *share = &outputs->sample;

    *share = 1;
    if (text && !invocation->outputs[WRITER_events] && !invocation->otlp) {
        errors_add(errors, ERROR_USAGE, "--sample is of --events and --otlp");
        return false;
    }
    if (!text) {
        return true;
    }
    if (strchr(text, '/')
            ? read_per_second(text, &outputs->per_second, &problem)
            : units_parse_ratio(text, share, &problem) && *share >= 0 &&
                  *share <= 1) {
        return true;
    }
    struct error *error =
        errors_add(errors, ERROR_USAGE, "--sample: \"%s\": %s", text, problem);
    error_hint(error, "write a share from 0 to 1, such as 0.01 or 1%%, or how "
                      "many of each second, such as 100/s");
    return false;
}

bool start_outputs(const struct invocation *invocation, const char *input,
                   struct outputs *outputs, struct errors *errors)
{
    *outputs = (struct outputs){
        .input = input,
        .style = {.color = invocation_color(invocation, stdout),
                  .width = invocation_width(stdout),
                  .depth = invocation->full    ? TEXT_FULL
                           : invocation->quiet ? TEXT_VERDICT
                                               : TEXT_SHORT},
        .in_full = invocation->full,
        .compact = invocation->compact,
    };
    for (size_t id = 0; id < WRITER_COUNT; id++) {
        if (invocation->outputs[id]) {
            outputs_add(outputs, (enum writer_id)id, invocation->outputs[id]);
        }
    }
    if (invocation->json) {
        outputs_add(outputs, WRITER_json, "-");
    }
    if (invocation->report) {
        outputs_add(outputs, WRITER_json, invocation->report);
    }
    if (!outputs_on_stdout(outputs)) {
        outputs_add(outputs, WRITER_text, "-");
    }
    return read_sample(invocation, outputs, errors);
}
