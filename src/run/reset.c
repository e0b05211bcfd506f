#include "run/reset.h"

#include "engine/curl/post.h"
#include "ledger/command.h"
#include "plan/address.h"

#include <string.h>

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

bool reset_service(const char *what, const struct plan *plan,
                   const atomic_uint *stop, const atomic_bool *give_up,
                   struct errors *errors)
{
    if (reset_is_url(what)) {
        return post_once(plan, what, name, most, stop, errors);
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
