// The machine's root: the image's, with the machine's own disk over it, and what a container engine would mount in it.
#include <sys/mount.h>
#include <sys/stat.h>

#include "init.h"

#define KERNEL_FILES (MS_NOSUID | MS_NODEV | MS_NOEXEC)

// A descriptor of it: by path it cannot be reached any more once the root is ours.
int mount_disk(void) {
  char device[32];
  if (!find_disk("disk", device)) fail("there is no disk disk");
  // What is deleted in the guest takes no room on the host.
  mount_at(device, DISK, "ext4", MS_NODEV | MS_NOATIME, "discard");
  make_folder(DISK "/upper", 0755);
  make_folder(DISK "/work", 0700);
  make_folder(DISK "/volumes", 0700);
  return open_folder(DISK);
}

static void move_mount_to(const char *from, const char *to) {
  if (mount(from, to, NULL, MS_MOVE, NULL) < 0) fail("could not move %s to %s: %s", from, to, strerror(errno));
}

void mount_root(void) {
  // By redirect_dir the image's folders can be renamed, as programs expect of any folder.
  mount_at("overlay", ROOT, "overlay", 0,
           "lowerdir=" LOWER ",upperdir=" DISK "/upper,workdir=" DISK "/work,redirect_dir=on");
  make_folder(ROOT "/usr/lib/modules", 0755);
  if (mount(MODULES, ROOT "/usr/lib/modules", NULL, MS_BIND, NULL) < 0) {
    fail("could not bind the modules: %s", strerror(errno));
  }
  move_mount_to("/dev", ROOT "/dev");
  move_mount_to("/proc", ROOT "/proc");
  move_mount_to("/sys", ROOT "/sys");
  mount_at("devpts", ROOT "/dev/pts", "devpts", MS_NOSUID | MS_NOEXEC, "gid=5,mode=620,ptmxmode=666");
  mount_at("shm", ROOT "/dev/shm", "tmpfs", KERNEL_FILES, "mode=1777");
  mount_at("mqueue", ROOT "/dev/mqueue", "mqueue", KERNEL_FILES, NULL);
  mount_at("cgroup2", ROOT "/sys/fs/cgroup", "cgroup2", KERNEL_FILES, "nsdelegate");
  mount_at("run", ROOT "/run", "tmpfs", MS_NOSUID | MS_NODEV, "mode=0755");
  make_folder(ROOT "/tmp", 01777);
}

static void link_device(const char *path, const char *to) {
  if (symlink(to, path) < 0 && errno != EEXIST) fail("could not make %s: %s", path, strerror(errno));
}

// From here on paths are the machine's. As mounted over "/", not only changed to: in a mere chroot the kernel refuses
// user namespaces, and with them the sandboxes of browsers.
void enter_root(void) {
  if (chdir(ROOT) < 0 || mount(".", "/", NULL, MS_MOVE, NULL) < 0 || chroot(".") < 0 || chdir("/") < 0) {
    fail("could not enter the root: %s", strerror(errno));
  }
  umask(022);
  link_device("/dev/fd", "/proc/self/fd");
  link_device("/dev/stdin", "/proc/self/fd/0");
  link_device("/dev/stdout", "/proc/self/fd/1");
  link_device("/dev/stderr", "/proc/self/fd/2");
}

// `NAME=VALUE` each, the name with dots.
void set_sysctls(const struct list *sysctls) {
  for (size_t at = 0; at < sysctls->count; at++) {
    char path[256] = "/proc/sys/", *name = path + strlen(path);
    const char *entry = sysctls->items[at], *value = strchr(entry, '=');
    size_t length = value ? (size_t)(value - entry) : 0;
    if (length == 0 || length > sizeof path - 16) fail("configuration: sysctl=%s is no NAME=VALUE", entry);
    memcpy(name, entry, length);
    for (char *dot; (dot = strchr(name, '.'));) *dot = '/';
    write_text(path, value + 1);
  }
}

void set_hostname(const char *name) {
  char line[80];
  int length = snprintf(line, sizeof line, "%s\n", name);
  if (sethostname(name, strlen(name)) < 0) fail("could not set the host name %s: %s", name, strerror(errno));
  write_file("/etc/hostname", 0644, line, length);
}
