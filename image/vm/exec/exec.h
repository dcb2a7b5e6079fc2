// What the files of `exec` have of each other.
#pragma once
#include <pwd.h>

struct options {
  const char *user, *cwd;
  char **env;
  int env_count;
};

// user.c
void become_user(const struct options *options);

// environment.c
void join_cgroup(void);
void set_environment(const struct options *options, const struct passwd *user);
