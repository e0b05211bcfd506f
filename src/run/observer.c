#include "run/observer.h"

#include "base/str.h"

#include <stdarg.h>
#include <time.h>

enum { NOTE_MAX = 300 };

void observer_phase(const struct run_observer *observer, enum run_phase phase)
{
    if (observer->phase) {
        observer->phase(observer->context, phase);
    }
}

void observer_note(const struct run_observer *observer, const char *format,
                   ...)
{
    char text[NOTE_MAX];
    va_list arguments;

    if (!observer->note) {
        return;
    }
    va_start(arguments, format);
    vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    observer->note(observer->context, text);
}

void observer_wait(const struct run_observer *observer, struct duration most)
{
    struct timespec time = {most.ns / NS_PER_S, most.ns % NS_PER_S};

    if (observer->wait) {
        observer->wait(observer->context, most);
    } else {
        nanosleep(&time, NULL);
    }
}
