// Words on the console, and the one way to give up.
#include <stdarg.h>

#include "init.h"

void say(const char *format, ...) {
  char line[1024];
  va_list args;
  va_start(args, format);
  vsnprintf(line, sizeof line, format, args);
  va_end(args);
  dprintf(STDERR_FILENO, "cspace: %s\n", line);
}

// The reason goes to the console and, for the host to say it, to the status port.
void fail(const char *format, ...) {
  char reason[1024], word[1100];
  va_list args;
  va_start(args, format);
  vsnprintf(reason, sizeof reason, format, args);
  va_end(args);
  say("%s", reason);
  snprintf(word, sizeof word, "failed %s\n", reason);
  write_status(word);
  end_machine();
}

// With `cspace_trace=1` on the kernel's command line (it becomes our environment): when what was done.
void trace(const char *what) {
  if (getenv("cspace_trace")) say("%lld ms: %s", now_ms(), what);
}
