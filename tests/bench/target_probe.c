/*
 * target_probe: serves the embedded target with given settings, for load from
 * outside, and says what each request cost.
 *
 *   target_probe WORKERS MEAN_US constant|exponential KEYMODE [PORT]
 */
#include "service/server.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

int main(int argc, char **argv)
{
    struct errors errors = ERRORS_INIT;
    struct service_config config;
    struct server_options options = {.seed = 1};
    struct server_counts counts;
    struct rusage usage;
    sigset_t signals;
    int signal_number;

    if (argc < 5) {
        fprintf(stderr, "usage: target_probe WORKERS MEAN_US "
                        "constant|exponential KEYMODE [PORT]\n");
        return 2;
    }
    service_config_default(&config);
    config.workers = strtoull(argv[1], NULL, 10);
    config.time.mean = duration_us(strtoll(argv[2], NULL, 10));
    config.time.type = strcmp(argv[3], "exponential") == 0
                           ? SERVICE_EXPONENTIAL
                           : SERVICE_CONSTANT;
    config.idempotency = (enum key_mode)strtol(argv[4], NULL, 10);
    if (argc > 5) {
        options.port = (uint16_t)strtoul(argv[5], NULL, 10);
    }
    sigemptyset(&signals);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGTERM);
    sigprocmask(SIG_BLOCK, &signals, NULL);
    struct server *server = server_start(&config, &options, &errors);
    if (!server) {
        errors_print(&errors, stderr);
        return 3;
    }
    printf("%s\n", server_url(server));
    fflush(stdout);
    sigwait(&signals, &signal_number);
    server_counts(server, &counts);
    server_stop(server);
    getrusage(RUSAGE_SELF, &usage);
    double cpu_us =
        (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1e6 +
        (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec);
    printf("requests %llu, effects %llu, shed %llu, CPU %.1f us a request, "
           "peak memory %ld MiB\n",
           (unsigned long long)counts.requests,
           (unsigned long long)counts.effects, (unsigned long long)counts.shed,
           counts.requests ? cpu_us / (double)counts.requests : 0,
           usage.ru_maxrss / 1024);
    return 0;
}
