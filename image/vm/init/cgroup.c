// The control group that everything of the machine but ourselves is in.
#include <sys/sysinfo.h>

#include "init.h"

#define CGROUPS "/sys/fs/cgroup"
#define MACHINE CGROUPS "/machine"
#define MOST_RESERVED (64LL << 20)

// The machine's memory but for what the kernel, its first process and sshd need. Without a bound of its own a program that
// takes it all makes the kernel throw out and read again the code of every program, for minutes, before it ends one.
static long get_memory_bytes(void) {
  struct sysinfo info;
  if (sysinfo(&info) < 0) return -1;
  long long total = (long long)info.totalram * info.mem_unit, reserve = total / 8;
  if (reserve > MOST_RESERVED) reserve = MOST_RESERVED;
  return total - reserve;
}

void make_cgroup(long pids) {
  char text[32];
  make_folder(MACHINE, 0755);
  write_text(CGROUPS "/cgroup.subtree_control", "+pids +memory");
  snprintf(text, sizeof text, "%ld", pids);
  write_text(MACHINE "/pids.max", text);
  snprintf(text, sizeof text, "%ld", get_memory_bytes());
  write_text(MACHINE "/memory.max", text);
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

// How many processes the kernel has ended for want of memory since it began.
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
