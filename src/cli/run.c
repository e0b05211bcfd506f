/* squall run: drives traffic, measures, judges, reports. */
#include "cli/invocation.h"
#include "cli/start.h"
#include "cli/traffic.h"

int command_run(const struct invocation *invocation)
{
    struct plan_input input = invocation->input;
    struct outputs outputs;
    struct errors errors = ERRORS_INIT;

    if (!start_outputs(invocation, NULL, &outputs, &errors)) {
        errors_print(&errors, stderr);
        return errors_exit_status(&errors);
    }
    if (!invocation->has_run_id) {
        input.run = start_number();
    }
    if (!input.has_seed) {
        input.has_seed = true;
        input.seed = start_seed();
    }
    return traffic_run(invocation, &input, &outputs);
}
