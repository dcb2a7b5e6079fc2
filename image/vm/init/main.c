// First process of a machine's guest, from the kernel's start to the power's end (ADR 31). It runs from the initramfs;
// image/vm/Dockerfile builds it. What the host tells it comes by a virtio-serial port: nothing secret stands on the
// kernel's command line.
#include <signal.h>
#include <sys/resource.h>

#include "init.h"

// SIGCHLD is read by watch.c; no other signal has anything to say to us.
static void prepare_process(void) {
  sigset_t all;
  sigfillset(&all);
  sigprocmask(SIG_SETMASK, &all, NULL);
  // As a container engine gives them; the kernel's own would be those of a small computer.
  const struct rlimit files = {1048576, 1048576}, processes = {RLIM_INFINITY, RLIM_INFINITY};
  setrlimit(RLIMIT_NOFILE, &files);
  setrlimit(RLIMIT_NPROC, &processes);
}

// The image's root on the machine's disk: nobody's yet.
static void make_root(long pids) {
  keep_disk(mount_disk());
  trace("the disk is mounted");
  mount_root();
  copy_ssh_programs();
  enter_root();
  make_cgroup(pids);
  trace("the root is mounted");
}

// All that makes it this machine and no other.
static void make_machine(const struct config *config) {
  if (config->shares.count > 0) mount_host();
  bind_shares(config);
  bind_volumes(config);
  if (config->shares.count > 0) hide_host();
  trace("the folders are bound");
  write_ssh_files(config);
  set_hostname(config->hostname);
  set_sysctls(&config->sysctls);
  start_network(config);
  bound_processes(config->pids);
  trace("the machine is made");
}

// For a memory template: the entrypoint is started, and waits for a line on its stdin that comes once we know whose machine
// this is.
static struct program stand_by(struct config *config) {
  make_root(config->pids);
  struct program entrypoint = start_entrypoint(config);
  read_config(config, &entrypoint);
  if (config->standby) fail("configuration: standby comes twice");
  return entrypoint;
}

int main(void) {
  struct config config;
  struct program entrypoint;
  char word[64];
  prepare_process();
  mount_kernel_files();
  trace("first process");
  open_status();
  load_modules();
  mount_image();
  int button = open_power_button();
  trace("ready");
  read_config(&config, NULL);
  trace("configured");
  const bool standby = config.standby;
  if (standby) entrypoint = stand_by(&config);
  // Of a memory template neither is to be trusted any more.
  set_clock(config.time);
  add_seed(config.seed);
  if (!standby) make_root(config.pids);
  make_machine(&config);
  if (standby) {
    wake_entrypoint(&entrypoint);
  } else {
    entrypoint = start_entrypoint(&config);
  }
  trace("the entrypoint is started");
  struct ending ending = run_machine(&config, button, &entrypoint);
  snprintf(word, sizeof word, "exit %d %d\n", ending.code, ending.out_of_memory);
  write_status(word);
  end_machine();
}
