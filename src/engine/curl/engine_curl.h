/*
 * engine_curl: HTTP through libcurl's multi interface.
 *
 * One worker's engine has an event loop (loop.h), with the multi handles in
 * which connections live, and a transfer (transfer.h) with an easy handle for
 * each attempt that may be under way at once. The target's name is resolved
 * by the first worker of a run, for all (route.h). Everything that libcurl
 * says is turned into the core's words in this folder: nobody else knows a
 * CURLcode. curl_global_init is its user's affair.
 */
#ifndef SQUALL_ENGINE_CURL_ENGINE_CURL_H
#define SQUALL_ENGINE_CURL_ENGINE_CURL_H

#include "engine/engine.h"

extern const struct engine_type engine_curl;

#endif
