/*
 * session: connections of HTTP/2 that are of no more use, though they are
 * open.
 *
 * When bytes come that are not HTTP/2, libcurl ends the stream that it was
 * reading for and leaves the others to wait for what never comes: it says so
 * by no code. It shows in a stream that ended without a word while the service
 * keeps the connection open. So it does where the service ended the session of
 * TLS, after a GOAWAY or without, and is in no hurry to close the connection.
 * Then the connection is shut, so that libcurl ends all its streams at once.
 */
#ifndef SQUALL_ENGINE_CURL_SESSION_H
#define SQUALL_ENGINE_CURL_SESSION_H

#include <curl/curl.h>

struct curl_transfer;

/* libcurl ended it with this code, and still has it. Where its connection is
 * of no more use, all its transfers are marked as broken. Nothing for
 * HTTP/1.1. */
void session_check(struct curl_transfer *transfer, CURLcode code);

#endif
