#include "engine/native/addresses.h"

#include "base/must.h"
#include "engine/curl/route.h"
#include "engine/curl/source_address.h"
#include "plan/address.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/un.h>

bool addresses_is_literal(const char *text)
{
    unsigned char ignored[sizeof(struct in6_addr)];
    return inet_pton(AF_INET, text, ignored) == 1 ||
           inet_pton(AF_INET6, text, ignored) == 1;
}

/* Of an address in digits, perhaps with a zone. */
static bool read_literal(const char *text, const char *port,
                         struct native_address *address)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM,
                             .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV};
    struct addrinfo *found = NULL;

    if (getaddrinfo(text, port, &hints, &found) != 0) {
        return false;
    }
    memcpy(&address->address, found->ai_addr, found->ai_addrlen);
    address->length = found->ai_addrlen;
    freeaddrinfo(found);
    return true;
}

static void use_unix_socket(struct native_engine *engine, const char *path)
{
    struct sockaddr_un name = {.sun_family = AF_UNIX};

    engine->to.items = arena_alloc(&engine->arena, sizeof(*engine->to.items));
    engine->to.count = 1;
    strncpy(name.sun_path, path, sizeof(name.sun_path) - 1);
    memcpy(&engine->to.items->address, &name, sizeof(name));
    engine->to.items->length = sizeof(name);
}

/* "192.0.2.1,[2001:db8::1]" */
static void use_list(struct native_engine *engine, char *list)
{
    struct address target;
    char port[8];
    size_t count = 1;

    for (const char *at = list; *at; at++) {
        count += *at == ',';
    }
    engine->to.items =
        arena_array(&engine->arena, count, sizeof(*engine->to.items));
    address_of_url(engine->base.plan->target.url, &target);
    snprintf(port, sizeof(port), "%u", (unsigned)target.port);
    address_release(&target);
    char *rest = NULL;
    for (char *text = strtok_r(list, ",", &rest); text;
         text = strtok_r(NULL, ",", &rest)) {
        size_t length = strlen(text);
        if (*text == '[' && text[length - 1] == ']') {
            text[length - 1] = '\0';
            text++;
        }
        engine->to.count +=
            read_literal(text, port, &engine->to.items[engine->to.count]);
    }
    must(engine->to.count == count);
}

static void use_sources(struct native_engine *engine)
{
    const struct string_list *list = &engine->base.plan->target.interface;

    engine->from.items =
        arena_array(&engine->arena, list->count, sizeof(*engine->from.items));
    for (size_t i = 0; i < list->count; i++) {
        engine->from.count += read_literal(
            list->items[i], "0", &engine->from.items[engine->from.count]);
    }
    must(engine->from.count == list->count);
}

bool addresses_find(struct native_engine *engine, struct errors *errors)
{
    const struct target_config *target = &engine->base.plan->target;
    struct str reached = STR_INIT;

    if (!source_address_check(target, errors) ||
        !route_reach(engine->base.plan, &reached, &engine->looked_up,
                     errors)) {
        str_release(&reached);
        return false;
    }
    if (target->unix_socket) {
        use_unix_socket(engine, target->unix_socket);
    } else {
        engine->base.place = arena_strdup(&engine->arena, reached.text);
        use_list(engine, reached.text);
    }
    use_sources(engine);
    str_release(&reached);
    return true;
}

void addresses_share(struct native_engine *engine,
                     const struct native_engine *first)
{
    engine->to = first->to;
    engine->from = first->from;
}
