// Files and folders in a few words.
#include <limits.h>
#include <linux/openat2.h>
#include <sys/fsuid.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "init.h"

void make_folder(const char *path, mode_t mode) {
  if (mkdir(path, mode) == 0) {
    chmod(path, mode);
  } else if (errno != EEXIST) {
    fail("could not make the folder %s: %s", path, strerror(errno));
  }
}

// The file is made anew, with its mode from the first moment.
void write_file(const char *path, mode_t mode, const void *bytes, size_t length) {
  unlink(path);
  int file = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
  if (file < 0) fail("could not make the file %s: %s", path, strerror(errno));
  for (size_t done = 0; done < length;) {
    ssize_t written = write(file, (const char *)bytes + done, length - done);
    if (written < 0) fail("could not write to %s: %s", path, strerror(errno));
    done += written;
  }
  close(file);
}

// To a file of the kernel's, in one write.
void write_text(const char *path, const char *text) {
  int file = open(path, O_WRONLY | O_CLOEXEC);
  if (file < 0 || write(file, text, strlen(text)) < 0) {
    fail("could not write %s to %s: %s", text, path, strerror(errno));
  }
  close(file);
}

// The first line, or as much of it as fits; false where there is none.
bool read_text(const char *path, char *text, size_t size) {
  int file = open(path, O_RDONLY | O_CLOEXEC);
  if (file < 0) return false;
  ssize_t length = read(file, text, size - 1);
  close(file);
  if (length < 0) return false;
  text[length] = '\0';
  text[strcspn(text, "\n")] = '\0';
  return true;
}

int open_folder(const char *path) {
  int folder = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
  if (folder < 0) fail("could not open the folder %s: %s", path, strerror(errno));
  return folder;
}

// As its parent's owner: what the machine's root may not do on a folder of the host's, the owner may. False, with errno,
// where it is still not there.
static bool make_child(int parent, const char *name) {
  struct stat of_parent;
  if (fstat(parent, &of_parent) < 0) return false;
  setfsgid(of_parent.st_gid);
  setfsuid(of_parent.st_uid);
  const bool made = mkdirat(parent, name, 0755) == 0;
  const int why = errno;
  setfsuid(0);
  setfsgid(0);
  errno = why;
  return made || why == EEXIST;
}

// The folder `path`, with what is missing of it made. In its first `trusted` bytes symbolic links
// are followed; behind them a project's could lead out of the folder that it was meant to be in.
int open_target(const char *path, size_t trusted) {
  char rest[PATH_MAX];
  if (*path != '/' || strlen(path) >= sizeof rest) fail("the path %.200s is not absolute, or too long", path);
  strcpy(rest, path);
  int folder = open_folder("/");
  for (char *at = rest, *name; (name = strsep(&at, "/"));) {
    if (*name == '\0') continue;
    if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0) fail("the path %s is not plain", path);
    struct open_how how = {
        .flags = O_PATH | O_DIRECTORY | O_CLOEXEC,
        .resolve = (size_t)(name - rest) < trusted ? RESOLVE_NO_MAGICLINKS : RESOLVE_NO_SYMLINKS,
    };
    int child = syscall(SYS_openat2, folder, name, &how, sizeof how);
    if (child < 0 && errno == ENOENT && make_child(folder, name)) {
      child = syscall(SYS_openat2, folder, name, &how, sizeof how);
    }
    if (child < 0) {
      const char *why = errno == ELOOP ? "it is a symbolic link" : strerror(errno);
      fail("could not open %s in the path %s: %s", name, path, why);
    }
    close(folder);
    folder = child;
  }
  return folder;
}
