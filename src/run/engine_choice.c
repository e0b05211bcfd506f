#include "run/engine_choice.h"

#include "engine/curl/engine_curl.h"

#include <stdio.h>

#ifdef SQUALL_LLHTTP
#include "engine/native/engine_native.h"
#include "engine/native/native_cannot.h"

static const struct engine_type *native_type(void)
{
    return &engine_native;
}

static const char *lacks(const struct plan *plan)
{
    return native_cannot(plan);
}

const char *engine_choice_native(void)
{
    return engine_native_libraries();
}
#else
static const struct engine_type *native_type(void)
{
    return &engine_curl;
}

static const char *lacks(const struct plan *plan)
{
    (void)plan;
    return "part in this build, which had no llhttp";
}

const char *engine_choice_native(void)
{
    return "not built in: there was no llhttp";
}
#endif

static void choose(struct engine_choice *choice,
                   const struct engine_type *type, const char *why,
                   const char *what)
{
    choice->type = type;
    snprintf(choice->why, sizeof(choice->why), "%s%s", why, what ? what : "");
}

bool engine_choice_make(const struct plan *plan, struct engine_choice *choice,
                        struct errors *errors)
{
    const char *lacking = lacks(plan);

    switch (plan->target.engine) {
    case ENGINE_CURL:
        choose(choice, &engine_curl, "target.engine says so", NULL);
        return true;
    case ENGINE_AUTO:
        choose(choice, lacking ? &engine_curl : native_type(),
               lacking ? "the native engine has no "
                       : "the native engine can do all that the run needs",
               lacking);
        return true;
    case ENGINE_NATIVE:
        break;
    }
    if (lacking) {
        struct error *error =
            errors_add(errors, ERROR_BAD_VALUE,
                       "target.engine: the native engine has no %s", lacking);
        error_hint(error, "write curl, which can do it, or auto");
        return false;
    }
    choose(choice, native_type(), "target.engine says so", NULL);
    return true;
}
