/* delivery: whether a request that is under way has reached the service. */
#ifndef SQUALL_ENGINE_CURL_DELIVERY_H
#define SQUALL_ENGINE_CURL_DELIVERY_H

#include "engine/curl/transfer.h"

/* Every byte of it, or of the part that is sent of it, was written and
 * acknowledged by the service's kernel: nothing of the connection is on its
 * way, or as much was acknowledged as had been written when all of the request
 * was (others that share the connection go on writing). Once true it stays so;
 * it can be found out only while libcurl works on the transfer.
 *
 * An answer proves nothing by itself: 100, 102 and 103 come before the body,
 * and a final one may come early. Of a request without a body it proves that
 * the service had it. */
bool delivery_is_complete(struct curl_transfer *transfer);

/* It is sent now, and whether it was delivered will be asked for when others
 * may have sent more: notes, as soon as all of it is written, how far that
 * is. */
void delivery_watch(struct curl_transfer *transfer);

/* A turn is over: does so for all. */
void delivery_watch_all(struct curl_engine *engine);

/* The socket that it went to, -1 when there is none to be found. */
int delivery_socket(struct curl_transfer *transfer);

#endif
