// What every machine of an image has alike, before it is anybody's: the kernel's files, modules, the image's disks. A
// memory template is taken after it.
#include <dirent.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <termios.h>

#include "init.h"

#define DISK_DEADLINE_MS 10000

void mount_at(const char *source, const char *target, const char *type, unsigned long flags, const char *data) {
  make_folder(target, 0755);
  if (mount(source, target, type, flags, data) < 0) {
    fail("could not mount %s at %s: %s", type, target, strerror(errno));
  }
}

// It may not have been there when the kernel wanted to give it to us. What is written comes out as it is.
static void open_console(void) {
  int console = open("/dev/console", O_RDWR | O_NOCTTY);
  struct termios mode;
  if (console < 0) return;
  for (int fd = 0; fd <= 2; fd++) dup2(console, fd);
  if (console > 2) close(console);
  if (tcgetattr(STDERR_FILENO, &mode) < 0) return;
  mode.c_oflag &= ~OPOST;
  tcsetattr(STDERR_FILENO, TCSANOW, &mode);
}

void mount_kernel_files(void) {
  umask(0);
  mount_at("devtmpfs", "/dev", "devtmpfs", MS_NOSUID, "mode=0755");
  open_console();
  mount_at("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL);
  mount_at("sysfs", "/sys", "sysfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL);
}

static int is_module(const struct dirent *entry) { return strstr(entry->d_name, ".ko") != NULL; }

// In the order of their names. One for a device or a CPU that is not there says ENODEV, which is no fault.
void load_modules(void) {
  struct dirent **entries;
  int count = scandir("/modules", &entries, is_module, alphasort);
  if (count < 0) fail("could not list the modules: %s", strerror(errno));
  for (int at = 0; at < count; at++) {
    char path[300];
    snprintf(path, sizeof path, "/modules/%s", entries[at]->d_name);
    int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0 || (syscall(SYS_finit_module, file, "", 0) < 0 && errno != ENODEV && errno != EEXIST)) {
      fail("could not load the module %s: %s", entries[at]->d_name, strerror(errno));
    }
    close(file);
    unlink(path);  // the memory is the machine's
    trace(entries[at]->d_name);
    free(entries[at]);
  }
  free(entries);
}

struct disk {
  const char *serial;
  char *device;
};

static bool look_for_disk(void *what) {
  const struct disk *disk = what;
  for (char letter = 'a'; letter <= 'z'; letter++) {
    char path[64], serial[64];
    snprintf(path, sizeof path, "/sys/block/vd%c/serial", letter);
    if (!read_text(path, serial, sizeof serial) || strcmp(serial, disk->serial) != 0) continue;
    snprintf(disk->device, 32, "/dev/vd%c", letter);
    return access(disk->device, F_OK) == 0;
  }
  return false;
}

bool find_disk(const char *serial, char device[static 32]) {
  struct disk disk = {.serial = serial, .device = device};
  return wait_until(look_for_disk, &disk, now_ms() + DISK_DEADLINE_MS);
}

static void mount_read_only(const char *serial, const char *target) {
  char device[32];
  if (!find_disk(serial, device)) fail("there is no disk %s", serial);
  mount_at(device, target, "erofs", MS_RDONLY | MS_NODEV, NULL);
}

void mount_image(void) {
  make_folder("/cspace", 0700);
  mount_read_only("root", LOWER);
  mount_read_only("modules", MODULES);
}
