// What the files of the first process have of each other, a block for each file. Whatever cannot be done ends the
// machine by fail(): nothing returns an error that nobody could act on.
#pragma once
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

// Of the initramfs, out of sight for whoever lives in the machine's root.
#define LOWER "/cspace/lower"
#define MODULES "/cspace/modules"
#define DISK "/cspace/disk"
#define ROOT "/cspace/root"
// In the machine's root: what its sshd needs; and the host's folders, until each is at its place.
#define OURS "/run/cspace-vm"
#define HOST OURS "/host"

// say.c
void say(const char *format, ...) __attribute__((format(printf, 1, 2)));
void fail(const char *format, ...) __attribute__((format(printf, 1, 2), noreturn));
void trace(const char *what);

// clock.c
long long now_ms(void);
bool wait_until(bool (*there)(void *), void *what, long long deadline_ms);
void set_clock(const char *time);
void add_seed(const char *hex);

// config.c
struct list {
  char **items;  // NULL after the last
  size_t count;
};
struct config {
  const char *hostname, *time, *seed, *cwd;
  const char *mac, *address, *gateway, *gateway_mac;
  const char *host_key, *authorized;
  bool standby;
  long pids, grace_ms;
  struct list sysctls, shares, volumes, env, args;
};
void parse_config(struct config *config, char *bytes, size_t length);

// ports.c
void open_status(void);
struct program;
void read_config(struct config *config, const struct program *standing);
void write_status(const char *word);

// files.c
void make_folder(const char *path, mode_t mode);
void write_file(const char *path, mode_t mode, const void *bytes, size_t length);
void write_text(const char *path, const char *text);
bool read_text(const char *path, char *text, size_t size);
int open_folder(const char *path);
int open_target(const char *path, size_t trusted);

// boot.c
void mount_kernel_files(void);
void load_modules(void);
bool find_disk(const char *serial, char device[static 32]);
void mount_at(const char *source, const char *target, const char *type, unsigned long flags, const char *data);
void mount_image(void);

// root.c
int mount_disk(void);
void mount_root(void);
void enter_root(void);
void set_sysctls(const struct list *sysctls);
void set_hostname(const char *name);

// folders.c
void mount_host(void);
void hide_host(void);
void bind_shares(const struct config *config);
void bind_volumes(const struct config *config);

// network.c
void start_network(const struct config *config);

// cgroup.c
void make_cgroup(long pids);
void bound_processes(long pids);
bool join_cgroup(void);
bool kill_cgroup(void);
long count_oom_kills(void);

// children.c
struct child {
  char **argv, **env;
  const char *cwd;
  int input, output;
  bool in_cgroup, reaps;
};
pid_t start_child(const struct child *child);
int get_exit_code(int status);

// ssh.c
void copy_ssh_programs(void);
void write_ssh_files(const struct config *config);
pid_t start_sshd(void);

// power.c
int open_power_button(void);
bool is_pressed(int button);

// watch.c
struct ending {
  int code;
  bool out_of_memory;
};
struct program {
  pid_t pid;
  int input, output;
};
struct program start_entrypoint(const struct config *config);
void wake_entrypoint(const struct program *entrypoint);
struct ending run_machine(const struct config *config, int button, const struct program *entrypoint);

// end.c
void keep_disk(int disk);
int get_disk(void);
void end_machine(void) __attribute__((noreturn));
