#include "engine/virtual/virtual_model.h"

#include "base/must.h"
#include "model/ledger_page.h"
#include "model/resource.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

enum { LINES_MAX = 5, LINE_MAX_BYTES = 160, NAME_MAX_BYTES = 128 };

/* Sends what the model answers; a page takes the place of its body. */
static void send_answer(struct virtual_request *request,
                        const struct service_answer *answer,
                        const struct str *page)
{
    char texts[LINES_MAX][LINE_MAX_BYTES];
    const char *lines[LINES_MAX];
    struct answer_header header;
    struct virtual_answer out = {
        .how = answer->how == ANSWER_SEND ? VIRTUAL_WHOLE : VIRTUAL_CLOSED,
        .status = answer->status,
        .lines = lines,
        .body = page ? page->text : answer->body,
        .length = page ? page->length : answer->length,
    };
    for (size_t i = 0; service_answer_header(answer, i, &header); i++) {
        must(i < LINES_MAX);
        snprintf(texts[i], sizeof(texts[i]), "%s: %s", header.name,
                 header.value);
        lines[i] = texts[i];
        out.line_count = i + 1;
    }
    virtual_answer(request, DURATION_ZERO, &out);
}

static void turn(void *context, struct instant now)
{
    struct virtual_model *model = context;
    const struct service_answer *answer;
    void *waiter;

    while ((answer = orders_next(&model->orders, now, &waiter))) {
        send_answer(waiter, answer, NULL);
    }
}

static struct instant next(void *context)
{
    return orders_due(&((struct virtual_model *)context)->orders);
}

static void read_headers(const struct virtual_model *model,
                         const struct virtual_request *request,
                         struct order_request *order)
{
    for (size_t i = 0; i < request->line_count; i++) {
        const char *line = request->lines[i];
        char name[NAME_MAX_BYTES];
        size_t length = strcspn(line, ":");
        if (length < sizeof(name) && line[length] == ':') {
            memcpy(name, line, length);
            name[length] = '\0';
            const char *value = line + length + 1;
            value += strspn(value, " \t");
            orders_read_header(&model->orders, order, name, value);
        }
    }
}

static struct order_request order_request_of(
    const struct virtual_model *model, const struct virtual_request *request)
{
    struct order_request order = {
        .kind = strcmp(request->path, "/refunds") == 0 ? EFFECT_REFUND
                                                       : EFFECT_ORDER,
        .body = request->body,
        .length = request->body_length,
        .is_too_large = request->body_length > ORDER_BODY_MAX,
        .connection = request->connection,
    };
    read_headers(model, request, &order);
    return order;
}

/* What is not an order is answered at once. */
static void show(struct virtual_model *model, struct virtual_request *request,
                 enum resource resource)
{
    struct service_answer *answer = &model->answer;
    struct ledger_page page;

    str_reset(&model->page);
    service_answer_begin(answer, 200);
    switch (resource) {
    case RESOURCE_LEDGER:
        ledger_page_begin(&page, &model->orders.effects, false, false);
        (void)ledger_page_write(&page, &model->page, SIZE_MAX);
        answer->media = ANSWER_TEXT;
        answer->length = model->page.length;
        send_answer(request, answer, &model->page);
        return;
    case RESOURCE_HEALTH:
        service_answer_append(answer, "{\"status\": \"ok\"}\n");
        break;
    case RESOURCE_RESET:
        orders_reset(&model->orders);
        service_answer_begin(answer, 204);
        break;
    case RESOURCE_SHOW_FAULTS:
    case RESOURCE_SET_FAULTS:
        service_answer_problem(answer, 501,
                               "the faults of a model are its profile's");
        break;
    case RESOURCE_ORDERS:
    case RESOURCE_REFUNDS:
        must_never("orders are placed");
        break;
    }
    send_answer(request, answer, NULL);
}

static void arrive(void *context, struct virtual_request *request,
                   struct instant now)
{
    struct virtual_model *model = context;
    enum resource resource;

    if (!resource_find(request->path, request->method, &resource,
                       &model->answer)) {
        send_answer(request, &model->answer, NULL);
        return;
    }
    if (resource != RESOURCE_ORDERS && resource != RESOURCE_REFUNDS) {
        show(model, request, resource);
        return;
    }
    struct order_request order = order_request_of(model, request);
    request->order =
        orders_place(&model->orders, &order, now, request, &model->answer);
    if (!request->order) {
        send_answer(request, &model->answer, NULL);
    }
}

static void leave(void *context, struct virtual_request *request,
                  struct instant now)
{
    struct virtual_model *model = context;
    (void)now;
    orders_abandon(&model->orders, request->order);
}

static void break_off(void *context, struct virtual_request *request,
                      struct instant now)
{
    struct virtual_model *model = context;
    struct order_request order = order_request_of(model, request);
    orders_break_off(&model->orders, &order, now);
}

void virtual_model_init(struct virtual_model *model,
                        const struct service_config *config, uint64_t seed)
{
    model->page = (struct str)STR_INIT;
    orders_init(&model->orders, config,
                &(struct orders_options){
                    .orders_max = ORDERS_MAX,
                    .keys_max = KEYS_MAX,
                    .effects_max = EFFECTS_MAX,
                    .seed = seed,
                });
}

void virtual_model_release(struct virtual_model *model)
{
    str_release(&model->page);
    orders_release(&model->orders);
}

struct virtual_service virtual_model_service(struct virtual_model *model)
{
    return (struct virtual_service){
        .context = model,
        .arrive = arrive,
        .leave = leave,
        .break_off = break_off,
        .next = next,
        .turn = turn,
    };
}

void virtual_model_end(struct virtual_model *model)
{
    void *waiter;
    const struct service_answer *answer =
        orders_next(&model->orders, INSTANT_NEVER, &waiter);
    must(!answer); /* nobody is left who could wait */
}
