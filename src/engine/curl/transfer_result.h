/* transfer_result: libcurl's words for how a transfer went, turned into the
 * core's. */
#ifndef SQUALL_ENGINE_CURL_TRANSFER_RESULT_H
#define SQUALL_ENGINE_CURL_TRANSFER_RESULT_H

#include "engine/curl/transfer.h"

/* What libcurl ended it as; sets what its facts say of a whole answer or of a
 * failure. */
enum outcome transfer_outcome(struct curl_transfer *transfer, CURLcode code);

/* Bytes of an answer came, be it less than a line: they are its first. Of one
 * that may end before there is a line. */
void transfer_find_first_byte(struct curl_transfer *transfer);

/* Fills in whether its connection had served before, and how long opening it
 * took. The request is about to go out. */
void transfer_read_connection(struct curl_transfer *transfer);

/* Fills in what was sent and received of a request that went out: to be asked
 * when it is over, before libcurl forgets it. Once is enough: what has ended
 * grows no more. */
void transfer_count_bytes(struct curl_transfer *transfer);

#endif
