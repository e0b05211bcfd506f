#include "run/reset.h"

#include "engine/curl/once.h"
#include "ledger/command.h"
#include "plan/address.h"

static const char name[] = "--reset";
static const struct duration most = {60 * NS_PER_S};

bool reset_is_url(const char *what)
{
    return address_is_http(what);
}

/* What it prints is for nobody. */
static bool ignore(void *user, const char *bytes, size_t length,
                   struct errors *errors)
{
    (void)user;
    (void)bytes;
    (void)length;
    (void)errors;
    return true;
}

static bool ask(const char *url, const struct plan *plan,
                const atomic_uint *stop, struct errors *errors)
{
    struct once once = {
        .method = "POST", .url = url, .timeout = most, .stop = stop};
    struct once_answer answer;

    once_send(plan, &once, &answer);
    if (answer.status == 0) {
        errors_add(errors, ERROR_NO_TARGET, "%s: no answer: %s", name,
                   answer.problem);
        return false;
    }
    if (answer.status / 100 != 2) {
        struct error *error =
            errors_add(errors, ERROR_NO_TARGET, "%s: it answered %ld", name,
                       answer.status);
        error_hint(error, "it is asked with POST and expected to answer 2xx");
        return false;
    }
    return true;
}

bool reset_service(const char *what, const struct plan *plan,
                   const atomic_uint *stop, const atomic_bool *give_up,
                   struct errors *errors)
{
    if (reset_is_url(what)) {
        return ask(what, plan, stop, errors);
    }
    struct command_limits limits = {
        .subject = "the reset's command",
        .name = name,
        .timeout = most,
        .stop = give_up,
        .time_limit = "1 min",
        .code = ERROR_NO_TARGET,
    };
    return command_read(what, &limits, ignore, NULL, errors);
}
