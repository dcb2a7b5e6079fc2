// The control group that everything of the machine but ourselves is in.
#include "init.h"

#define CGROUPS "/sys/fs/cgroup"
#define MACHINE CGROUPS "/machine"
#define MOST_RESERVED (64LL << 20)

// A number of a file whose lines are `NAME NUMBER` or `NAME: NUMBER UNIT`; 0 where it is not there.
static long long read_number(const char *path, const char *name) {
  FILE *file = fopen(path, "re");
  char line[128];
  long long number = 0;
  const size_t length = strlen(name);
  while (file && fgets(line, sizeof line, file)) {
    if (strncmp(line, name, length) == 0 && sscanf(line + length, "%lld", &number) == 1) break;
  }
  if (file) fclose(file);
  return number;
}

// The machine's memory: what is to be had now, before there is any program, but for what the kernel needs for them, and
// sshd. Without a bound of its own a program that takes it all makes the kernel throw out and read again the code of every
// program, for minutes, before it ends one; a bound above what there is would be none.
static long long get_memory_bytes(void) {
  const long long available = read_number("/proc/meminfo", "MemAvailable:") << 10;
  const long long reserve = available / 6;
  return available - (reserve > MOST_RESERVED ? MOST_RESERVED : reserve);
}

void bound_processes(long pids) {
  char text[32];
  snprintf(text, sizeof text, "%ld", pids);
  write_text(MACHINE "/pids.max", text);
}

// Before there is any program.
void make_cgroup(long pids) {
  char text[32];
  make_folder(MACHINE, 0755);
  write_text(CGROUPS "/cgroup.subtree_control", "+pids +memory");
  bound_processes(pids);
  snprintf(text, sizeof text, "%lld", get_memory_bytes());
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
  return read_number("/proc/vmstat", "oom_kill ");
}
