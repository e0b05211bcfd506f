#include "model/resource.h"

#include "base/must.h"

#include <string.h>

static const struct row {
    enum resource resource;
    const char *path;
    const char *method;
    const char *allow; /* by all rows of this path */
} rows[] = {
    {RESOURCE_ORDERS, "/orders", "POST", "POST"},
    {RESOURCE_REFUNDS, "/refunds", "POST", "POST"},
    {RESOURCE_LEDGER, "/ledger", "GET", "GET, HEAD"},
    {RESOURCE_HEALTH, "/healthz", "GET", "GET, HEAD"},
    {RESOURCE_RESET, "/reset", "POST", "POST"},
    {RESOURCE_SHOW_FAULTS, "/faults", "GET", "GET, HEAD, PUT"},
    {RESOURCE_SET_FAULTS, "/faults", "PUT", "GET, HEAD, PUT"},
};

static bool redirect(const char *path, struct service_answer *answer)
{
    static const char prefix[] = "/redirect/";
    static const struct {
        const char *text;
        unsigned status;
    } redirects[] = {
        {"301", 301}, {"302", 302}, {"303", 303}, {"307", 307}, {"308", 308},
    };
    if (strncmp(path, prefix, strlen(prefix)) != 0 ||
        strlen(path) >= ANSWER_VALUE_MAX) {
        return false;
    }
    const char *status = path + strlen(prefix);
    for (size_t i = 0; i < array_length(redirects); i++) {
        if (strncmp(status, redirects[i].text, 3) == 0 &&
            (status[3] == '/' || status[3] == '\0')) {
            service_answer_begin(answer, redirects[i].status);
            answer->location = status[3] ? status + 3 : path;
            return true;
        }
    }
    return false;
}

bool resource_find(const char *path, const char *method,
                   enum resource *resource, struct service_answer *answer)
{
    const struct row *found = NULL;
    const char *asked = strcmp(method, "HEAD") == 0 ? "GET" : method;

    for (size_t i = 0; i < array_length(rows); i++) {
        if (strcmp(path, rows[i].path) == 0) {
            found = &rows[i];
            if (strcmp(asked, found->method) == 0) {
                *resource = found->resource;
                return true;
            }
        }
    }
    if (!found && redirect(path, answer)) {
        return false;
    }
    if (!found) {
        service_answer_problem(answer, 404, "there is no such resource");
        return false;
    }
    service_answer_problem(answer, 405, "this is not answered here");
    answer->allow = found->allow;
    return false;
}
