/* result_unjudged: whether effects could be seen to go wrong at all. */
#ifndef SQUALL_MEASURE_RESULT_UNJUDGED_H
#define SQUALL_MEASURE_RESULT_UNJUDGED_H

#include "measure/result.h"

/* Why none of a class of effects says nothing, or NULL (measure/
 * effect_figures.h). */
const char *result_unjudged(const struct result *result,
                            enum effect_class class);

#endif
