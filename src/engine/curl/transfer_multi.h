/* transfer_multi: what libcurl works on: transfers are added to a multi handle
 * and taken off it. */
#ifndef SQUALL_ENGINE_CURL_TRANSFER_MULTI_H
#define SQUALL_ENGINE_CURL_TRANSFER_MULTI_H

#include "engine/curl/transfer.h"

/* A request that has its options goes to libcurl. False: no memory. */
bool transfer_add(struct curl_transfer *transfer);
void transfer_remove(struct curl_transfer *transfer);

#endif
