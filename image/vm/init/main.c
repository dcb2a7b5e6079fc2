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

static void make_machine(const struct config *config) {
  set_clock(config->time);
  add_seed(config->seed);
  keep_disk(mount_disk());
  trace("the disk is mounted");
  mount_root();
  trace("the root is mounted");
  if (config->shares.count > 0) mount_host();
  bind_shares(config);
  bind_volumes(config);
  trace("the folders are bound");
  write_ssh_files(config);
  enter_root();
  set_hostname(config->hostname);
  set_sysctls(&config->sysctls);
  start_network(config);
  make_cgroup(config->pids);
  trace("the machine is made");
}

int main(void) {
  struct config config;
  char word[64];
  prepare_process();
  mount_kernel_files();
  trace("first process");
  open_status();
  load_modules();
  mount_image();
  int button = open_power_button();
  trace("ready");
  read_config(&config);
  trace("configured");
  make_machine(&config);
  struct ending ending = run_machine(&config, button);
  snprintf(word, sizeof word, "exit %d %d\n", ending.code, ending.out_of_memory);
  write_status(word);
  end_machine();
}
