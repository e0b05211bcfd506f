/*
 * gunzip: files that may be compressed, by gzip, read as what they hold.
 *
 * What a file is called says nothing: its first bytes tell. One that is not
 * compressed is read as it is.
 */
#ifndef SQUALL_BASE_GUNZIP_H
#define SQUALL_BASE_GUNZIP_H

#include <stdio.h>

/* A stream to read from, which can be rewound where the file can; the caller
 * closes it with fclose. NULL, and errno, when it cannot be opened. Of data
 * that is damaged or cut, as much as is good is read, then reading fails with
 * EBADMSG. */
FILE *gunzip_open(const char *path);

/* The words for an errno of such a stream, or of opening one. */
const char *gunzip_problem(int number);

#endif
