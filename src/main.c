/* The program: what must be set up once in a process, and its exit status. */
#include "cli/dispatch.h"

#include <curl/curl.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { LIBCURL_MIN = 0x075000 }; /* 7.80.0: CURLOPT_PREREQFUNCTION */

/* The library that is found at run time can be older than the one that squall
 * was built with. */
static bool libcurl_is_new_enough(void)
{
    const curl_version_info_data *info = curl_version_info(CURLVERSION_NOW);
    if (info->version_num >= LIBCURL_MIN) {
        return true;
    }
    fprintf(stderr,
            "squall: error: libcurl %s is too old\n"
            "  squall needs libcurl 7.80 or newer, which lets it see every "
            "request that is sent\n",
            info->version);
    return false;
}

/* A reader that has seen enough (squall ... | head) is no failure. */
static bool flush_output(void)
{
    if ((fflush(stdout) == 0 && !ferror(stdout)) || errno == EPIPE) {
        return true;
    }
    fprintf(stderr, "squall: error: cannot write to standard output: %s\n",
            strerror(errno));
    return false;
}

/* Where a standard stream is closed, its number would go to the next file or
 * socket, and what is printed with it. It fails instead. */
static void hold_standard_streams(void)
{
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
        if (fcntl(fd, F_GETFD) < 0) {
            (void)open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY);
        }
    }
}

int main(int argc, char **argv)
{
    hold_standard_streams();
    /* A peer that hangs up is an outcome, a closed pipe is noticed when
     * standard output is flushed, and a file that may not grow is an error of
     * whoever writes it. */
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN);
    /* Whoever started squall may ignore it: then nobody would know how a
     * command ended, and one that failed would count as done. */
    signal(SIGCHLD, SIG_DFL);
    if (!libcurl_is_new_enough() || curl_global_init(CURL_GLOBAL_DEFAULT)) {
        return 3;
    }
    int status = dispatch(argc, (const char *const *)argv);
    curl_global_cleanup();
    bool written = flush_output();
    return written ? status : 3;
}
