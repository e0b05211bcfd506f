/* transfer_fault: what an order asks of a transfer of libcurl beside its
 * message: a body that breaks off, an answer that is read slowly, a connection
 * that is reset. */
#ifndef SQUALL_ENGINE_CURL_TRANSFER_FAULT_H
#define SQUALL_ENGINE_CURL_TRANSFER_FAULT_H

#include "engine/curl/transfer.h"

/* Sets what the order asks of a transfer that has all other options and is not
 * under way. */
void transfer_fault_set(struct curl_transfer *transfer,
                        const struct transfer_order *order);

/* Whether nobody uses its connection of HTTP/1.1 after it. */
void transfer_set_closing(struct curl_transfer *transfer, bool closes);

/* Of a slow reader: whether so many bytes of a body may be read by now. If
 * not, it is noted when they may. */
bool transfer_fault_may_read(struct curl_transfer *transfer, size_t bytes);

/* Slow readers that may read more by now go on. */
void transfer_fault_read_on(struct curl_engine *engine);

/* Its connection of HTTP/1.1 is to be reset when it is closed. */
void transfer_fault_break(struct curl_transfer *transfer);

#endif
