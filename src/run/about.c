#include "run/about.h"

#include "base/date.h"
#include "base/mask.h"
#include "base/str.h"
#include "base/version.h"
#include "report/document.h"
#include "report/member.h"

#include <stdlib.h>

cJSON *about_add(cJSON *document, const struct about *about)
{
    cJSON *tool = cJSON_AddObjectToObject(document, "tool");
    cJSON_AddStringToObject(tool, "version", SQUALL_VERSION);
    member_text(tool, "libcurl", about->libcurl);
    member_text(tool, "build", version_build());

    cJSON *run = cJSON_AddObjectToObject(document, "run");
    struct str date = STR_INIT;
    char seed[24];
    date_append(&date, about->started_unix_ms * 1000, 3);
    cJSON_AddStringToObject(run, "started_at", date.text);
    str_release(&date);
    member_us(run, "duration_us", about->took.ns / NS_PER_US);
    snprintf(seed, sizeof seed, "%" PRIu64, about->seed);
    cJSON_AddStringToObject(run, "seed", seed);
    document_add_argv(run, about->argc, about->argv);
    char *target = about->target ? mask_text(about->target) : NULL;
    member_text(run, "target", target);
    free(target);
    cJSON_AddBoolToObject(run, "complete", about->is_complete);
    cJSON_AddNumberToObject(run, "exit", about->exit_status);
    member_text(run, "problem", about->problem);
    return run;
}
