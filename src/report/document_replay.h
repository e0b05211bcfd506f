/* document_replay: the report on dead letters that were sent again. */
#ifndef SQUALL_REPORT_DOCUMENT_REPLAY_H
#define SQUALL_REPORT_DOCUMENT_REPLAY_H

#include "effects/replayed.h"

#include <cjson/cJSON.h>

/* Owned by the caller; null where nothing was replayed. */
cJSON *document_replay(const struct replayed *replayed, const char *file);

#endif
