/*
 * session_mark: what is known of a connection of HTTP/2, noted with every
 * transfer that is under way on it.
 */
#ifndef SQUALL_ENGINE_CURL_SESSION_MARK_H
#define SQUALL_ENGINE_CURL_SESSION_MARK_H

struct curl_transfer;

/* The connection that it goes over is of no more use. */
void session_mark_broken(struct curl_transfer *transfer);

/* The service has ended the TLS session that it goes over: it closes the
 * connection, and may take its time to do so. Nothing before it was sent. */
void session_mark_closed(struct curl_transfer *transfer);

#endif
