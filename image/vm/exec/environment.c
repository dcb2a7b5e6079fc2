// The environment of a command, and its control group.
#include <fcntl.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "exec.h"

// What the first process of the machine wrote: each variable with the NUL that ends it. The strings stay in use.
static void put_machine_environment(void) {
  FILE *file = fopen("/run/cspace-vm/env", "re");
  char *entry = NULL;
  size_t size = 0;
  while (file && getdelim(&entry, &size, '\0', file) > 0) {
    if (strchr(entry, '=')) putenv(strdup(entry));
  }
  free(entry);
  if (file) fclose(file);
}

// Of what ssh gave us only the terminal's kind is kept.
void set_environment(const struct options *options, const struct passwd *user) {
  const char *term = getenv("TERM");
  char *kept = term ? strdup(term) : NULL;
  clearenv();
  put_machine_environment();
  if (kept) setenv("TERM", kept, 1);
  setenv("HOME", user->pw_dir, 1);
  setenv("USER", user->pw_name, 1);
  setenv("LOGNAME", user->pw_name, 1);
  setenv("SHELL", user->pw_shell, 1);
  for (int at = 0; at < options->env_count; at++) putenv(options->env[at]);
}

// sshd is outside of it, so that a command can still come in when the machine has all its processes. Counts for the
// bound all the same. What cannot be done here must not keep anybody out.
void join_cgroup(void) {
  int file = open("/sys/fs/cgroup/machine/cgroup.procs", O_WRONLY | O_CLOEXEC);
  if (file < 0 || write(file, "0", 1) < 0) perror("cspace: could not enter the control group");
  if (file >= 0) close(file);
}
