/* Whatever the bytes of a profile: plan_read gives a plan that holds the
 * promises of its header, or errors with places. */
#include "base/must.h"
#include "plan/plan.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_plan(const struct plan *plan)
{
    must(plan->request_count >= 1 && plan->requests);
    must(plan->load.stage_count >= 1 && plan->load.stages);
    must(plan->load.clients >= plan->load.threads);
    must(plan->load.connections >= plan->load.threads);
    must(plan->load.max_in_flight >= plan->load.threads);
    must(plan->load.pool == POOL_SHARED ||
         plan->load.connections >= plan->load.clients);
    must(plan->fault_count <= FAULTS_MAX && plan->slo_count <= SLO_MAX);
    must(cJSON_IsObject(plan->profile));
    for (size_t i = 0; i < plan->fault_count; i++) {
        must(plan->faults[i].request < (int)plan->request_count);
        must(plan->faults[i].ratio >= 0 && plan->faults[i].ratio <= 1);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct errors errors = ERRORS_INIT;
    char name[64];
    const char *profile = name;
    struct plan_input input = {.profile_count = 1, .profiles = &profile};

    int file = memfd_create("profile", 0);
    must(file >= 0);
    must(write(file, data, size) == (ssize_t)size);
    snprintf(name, sizeof(name), "/proc/self/fd/%d", file);
    struct plan *plan = plan_read(&input, &errors);
    must((plan != NULL) == (errors.count == 0));
    if (plan) {
        check_plan(plan);
    }
    plan_free(plan);
    close(file);
    return 0;
}
