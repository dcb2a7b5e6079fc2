// The machine's sshd, by which commands come in.
#include <sys/stat.h>

#include "init.h"

static void copy_file(const char *from, const char *to, mode_t mode) {
  struct stat file;
  int source = open(from, O_RDONLY | O_CLOEXEC);
  if (source < 0 || fstat(source, &file) < 0) fail("could not open %s: %s", from, strerror(errno));
  char *bytes = malloc(file.st_size);
  if (!bytes || read(source, bytes, file.st_size) != file.st_size) fail("could not read %s", from);
  write_file(to, mode, bytes, file.st_size);
  free(bytes);
  close(source);
}

// Each variable with the NUL that ends it.
static void write_environment(const struct list *env) {
  char *bytes = NULL;
  size_t length = 0;
  FILE *memory = open_memstream(&bytes, &length);
  if (!memory) fail("no memory for the environment");
  for (size_t at = 0; at < env->count; at++) fwrite(env->items[at], strlen(env->items[at]) + 1, 1, memory);
  if (fclose(memory) != 0) fail("no memory for the environment");
  write_file(OURS "/env", 0644, bytes, length);
  free(bytes);
}

// Before the root is entered, while the initramfs is in sight. The folder can be passed by `dev`, for whose logins sshd
// reads the keys as `dev`.
void copy_ssh_programs(void) {
  make_folder(ROOT OURS, 0711);
  copy_file("/exec", ROOT OURS "/exec", 0755);
  copy_file("/sshd_config", ROOT OURS "/sshd_config", 0644);
}

// In memory only: a key on the disk would outlive the machine.
void write_ssh_files(const struct config *config) {
  write_environment(&config->env);
  if (!config->host_key) return;
  make_folder("/run/sshd", 0755);
  write_file(OURS "/host_key", 0600, config->host_key, strlen(config->host_key));
  write_file(OURS "/authorized", 0644, config->authorized, strlen(config->authorized));
}

// Outside the machine's control group: it must get a process of its own when all those of the machine are used up.
pid_t start_sshd(void) {
  char *argv[] = {"/usr/sbin/sshd", "-D", "-e", "-f", OURS "/sshd_config", NULL};
  char *env[] = {"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", NULL};
  int nothing = open("/dev/null", O_RDONLY | O_CLOEXEC);
  struct child sshd = {.argv = argv, .env = env, .cwd = "/", .input = nothing, .output = STDERR_FILENO};
  pid_t pid = start_child(&sshd);
  close(nothing);
  return pid;
}
