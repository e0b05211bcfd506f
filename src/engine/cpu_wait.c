#include "engine/cpu_wait.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

/* The beginning of a file; "" where it cannot be read. */
static void read_start(const char *path, char *text, size_t size)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t got = fd < 0 ? 0 : read(fd, text, size - 1);
    if (fd >= 0) {
        close(fd);
    }
    text[got > 0 ? got : 0] = '\0';
}

struct duration cpu_wait_of_thread(void)
{
    char text[96];
    int64_t on_core, waiting;

    read_start("/proc/thread-self/schedstat", text, sizeof(text));
    if (sscanf(text, "%" SCNd64 " %" SCNd64, &on_core, &waiting) != 2) {
        return (struct duration){-1};
    }
    return (struct duration){waiting};
}

struct duration cpu_wait_for_host(void)
{
    char text[256];
    int64_t ticks;
    long per_s = sysconf(_SC_CLK_TCK);

    /* user nice system idle iowait irq softirq steal */
    read_start("/proc/stat", text, sizeof(text));
    if (per_s <= 0 || sscanf(text, "cpu %*s %*s %*s %*s %*s %*s %*s %" SCNd64,
                             &ticks) != 1) {
        return (struct duration){-1};
    }
    return (struct duration){ticks * (NS_PER_S / per_s)};
}
