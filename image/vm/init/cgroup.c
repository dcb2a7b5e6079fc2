// The control group that everything of the machine but ourselves is in.
#include <sys/stat.h>

#include "init.h"

#define CGROUPS "/sys/fs/cgroup"
#define MACHINE CGROUPS "/machine"

void make_cgroup(long pids) {
  char text[32];
  snprintf(text, sizeof text, "%ld", pids);
  write_text(CGROUPS "/cgroup.subtree_control", "+pids");
  make_folder(MACHINE, 0755);
  write_text(MACHINE "/pids.max", text);
}

// For a child that has just been forked.
bool join_cgroup(void) {
  int file = open(MACHINE "/cgroup.procs", O_WRONLY | O_CLOEXEC);
  return file >= 0 && write(file, "0", 1) == 1;
}

// All of it at once. False where the machine's root has taken the files away.
bool kill_cgroup(void) {
  int file = open(MACHINE "/cgroup.kill", O_WRONLY | O_CLOEXEC);
  bool done = file >= 0 && write(file, "1", 1) == 1;
  if (file >= 0) close(file);
  return done;
}

// How many processes the kernel has ended for want of memory.
long count_oom_kills(void) {
  FILE *file = fopen("/proc/vmstat", "re");
  char line[128];
  long count = 0;
  while (file && fgets(line, sizeof line, file)) {
    if (sscanf(line, "oom_kill %ld", &count) == 1) break;
  }
  if (file) fclose(file);
  return count;
}
