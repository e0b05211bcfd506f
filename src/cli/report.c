/* squall report: tells the form of reports. */
#include "cli/command.h"
#include "report/schema.h"

#include <stdio.h>
#include <string.h>

int command_report(const struct invocation *invocation)
{
    const struct words *words = &invocation->words;

    if (words->count == 1 && strcmp(words->items[0], "schema") == 0) {
        report_schema_print(stdout);
        return 0;
    }
    struct errors errors = ERRORS_INIT;
    struct error *error =
        errors_add(&errors, ERROR_USAGE, "say what to tell of reports");
    error_hint(error, "squall report schema");
    errors_print(&errors, stderr);
    return errors_exit_status(&errors);
}
