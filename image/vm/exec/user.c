// Becoming a user: ids, groups and environment. By the machine's own files and not by the C library's name services,
// which a static program does not have.
#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "exec.h"

#define MAX_GROUPS 256

static void refuse(const char *what, const char *name) {
  fprintf(stderr, "cspace: could not %s %s: %s\n", what, name, strerror(errno));
  _exit(126);
}

static struct passwd *find_user(const char *name) {
  FILE *file = fopen("/etc/passwd", "re");
  struct passwd *user = NULL;
  while (file && (user = fgetpwent(file)) && strcmp(user->pw_name, name) != 0) continue;
  if (!user) refuse("find the user", name);
  fclose(file);
  return user;
}

static int is_member(const struct group *group, const char *name) {
  for (char **member = group->gr_mem; *member; member++) {
    if (strcmp(*member, name) == 0) return 1;
  }
  return 0;
}

static size_t find_groups(const struct passwd *user, gid_t groups[static MAX_GROUPS]) {
  size_t count = 0;
  groups[count++] = user->pw_gid;
  FILE *file = fopen("/etc/group", "re");
  for (struct group *group; file && count < MAX_GROUPS && (group = fgetgrent(file));) {
    if (group->gr_gid != user->pw_gid && is_member(group, user->pw_name)) groups[count++] = group->gr_gid;
  }
  if (file) fclose(file);
  return count;
}

void become_user(const struct options *options) {
  gid_t groups[MAX_GROUPS];
  const struct passwd *user = find_user(options->user);
  const size_t count = find_groups(user, groups);
  if (setgroups(count, groups) < 0 || setgid(user->pw_gid) < 0 || setuid(user->pw_uid) < 0) {
    refuse("become", options->user);
  }
  set_environment(options, user);
}
