#include "plan/at_rest.h"

void plan_at_rest(struct plan *plan, uint64_t operations, struct duration most)
{
    struct load_config *load = &plan->load;

    load->model = LOAD_CLOSED;
    load->clients = load->connections = load->threads = 1;
    load->max_in_flight = 1;
    load->pool = POOL_SHARED;
    load->warmup = load->think = DURATION_ZERO;
    load->duration = load->drain = most;
    load->operations = operations;
    load->first_stage_is_warmup = false;
    load->stage_count = 1;
    load->stages[0] = (struct stage_config){.name = "rest", .length = most};
    plan->fault_count = 0;
    plan->timeline_count = 0;
    plan->slo_count = 0;
    plan->abort_count = 0;
    plan->has_ledger = false;
}
