// The host's folders at their places, and the machine's own folders (volumes) over parts of them.
#include <limits.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "init.h"

// The device may be plugged in only after we were told that it will be.
#define HOST_DEADLINE_MS 10000

static bool try_host(void *unused) {
  (void)unused;
  return mount("host", HOST, "virtiofs", MS_NOSUID | MS_NODEV, NULL) == 0;
}

void mount_host(void) {
  make_folder(HOST, 0700);
  if (!wait_until(try_host, NULL, now_ms() + HOST_DEADLINE_MS)) {
    fail("could not mount the host's folders: %s", strerror(errno));
  }
}

// Each folder has been bound where it belongs: nobody has to see the others, or all of them once more.
void hide_host(void) {
  if (umount2(HOST, MNT_DETACH) < 0 || rmdir(HOST) < 0) fail("could not hide the host's folders: %s", strerror(errno));
}

// A copy of the mount at the folder `path`, as a descriptor for place() to put somewhere. Opened as a folder, so that
// the kernel mounts what virtiofs says is a file system of its own, and the copy is of that.
static int copy_mount(const char *path, bool read_only) {
  int folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  int copy = folder < 0 ? -1 : open_tree(folder, "", AT_EMPTY_PATH | OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
  struct mount_attr attr = {.attr_set = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV};
  if (read_only) attr.attr_set |= MOUNT_ATTR_RDONLY;
  if (copy < 0 || mount_setattr(copy, "", AT_EMPTY_PATH, &attr, sizeof attr) < 0) {
    fail("could not copy the mount %s: %s", path, strerror(errno));
  }
  close(folder);
  return copy;
}

static void place(int copy, int target, const char *name) {
  if (move_mount(copy, "", target, "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH) < 0) {
    fail("could not bind %s: %s", name, strerror(errno));
  }
  close(copy);
  close(target);
}

struct share {
  char folder[64];
  bool read_only;
  const char *target;
};

// `SUBDIR:ro|rw:TARGET`
static struct share parse_share(const char *text) {
  struct share share = {0};
  int end = 0;
  char mode[3];
  bool parsed = sscanf(text, "%63[^:/]:%2[a-z]:%n", share.folder, mode, &end) == 2 && text[end] == '/';
  share.read_only = parsed && strcmp(mode, "ro") == 0;
  if (!parsed || (!share.read_only && strcmp(mode, "rw") != 0)) {
    fail("configuration: share=%s is no SUBDIR:ro|rw:TARGET", text);
  }
  share.target = text + end;
  return share;
}

void bind_shares(const struct config *config) {
  for (size_t at = 0; at < config->shares.count; at++) {
    struct share share = parse_share(config->shares.items[at]);
    char path[128];
    snprintf(path, sizeof path, HOST "/%s", share.folder);
    int target = open_target(share.target, strlen(share.target));
    place(copy_mount(path, share.read_only), target, share.target);
  }
}

// How much of `path` is the target of a share that it is in; 0 where it is in none.
static size_t find_share(const struct config *config, const char *path) {
  size_t longest = 0;
  for (size_t at = 0; at < config->shares.count; at++) {
    const char *target = parse_share(config->shares.items[at]).target;
    size_t length = strlen(target);
    if (length > longest && strncmp(path, target, length) == 0 && path[length] == '/') longest = length;
  }
  return longest;
}

// The volume's folder on the disk: the same one whenever the machine starts.
static void make_volume(const char *target, int covered, char path[static PATH_MAX]) {
  char *end = path + sprintf(path, "/proc/self/fd/%d/volumes/", get_disk());
  if (strlen(target) > NAME_MAX) fail("the path of the volume %s is too long", target);
  for (const char *at = target; *at; at++) {
    end += sprintf(end, *at == '/' || *at == '%' ? "%%%02x" : "%c", *at);
  }
  struct stat as;
  if (fstat(covered, &as) < 0) fail("could not look at %s: %s", target, strerror(errno));
  make_folder(path, as.st_mode & 07777);
  if (chown(path, as.st_uid, as.st_gid) < 0) fail("could not give away %s: %s", path, strerror(errno));
}

void bind_volumes(const struct config *config) {
  for (size_t at = 0; at < config->volumes.count; at++) {
    const char *target = config->volumes.items[at];
    const size_t shared = find_share(config, target);
    char path[PATH_MAX];
    int covered = open_target(target, shared == 0 ? strlen(target) : shared);
    make_volume(target, covered, path);
    place(copy_mount(path, false), covered, target);
  }
}
