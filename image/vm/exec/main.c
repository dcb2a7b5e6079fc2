// `exec [--user NAME] [--cwd DIR] [--env NAME=VALUE]… -- ARGV…`: runs a command that came by ssh as a container engine
// would: with the machine's environment, and an exit code that tells a signal (ssh alone would say 255 for that, as for
// a lost connection).
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "exec.h"

static pid_t command;

static void usage(void) {
  fprintf(stderr, "usage: exec [--user NAME] [--cwd DIR] [--env NAME=VALUE]... -- COMMAND [ARGUMENT...]\n");
  exit(2);
}

// Everything before the command; where that begins is returned.
static char **parse_options(int argc, char **argv, struct options *options) {
  int at = 1;
  for (; at + 1 < argc && strcmp(argv[at], "--") != 0; at += 2) {
    if (strcmp(argv[at], "--user") == 0) {
      options->user = argv[at + 1];
    } else if (strcmp(argv[at], "--cwd") == 0) {
      options->cwd = argv[at + 1];
    } else if (strcmp(argv[at], "--env") == 0 && strchr(argv[at + 1], '=')) {
      options->env[options->env_count++] = argv[at + 1];
    } else {
      usage();
    }
  }
  if (at + 1 >= argc || strcmp(argv[at], "--") != 0) usage();
  return argv + at + 1;
}

// As podman tells what the runtime could not run: not found, or not allowed.
static int get_refusal(int why) { return why == ENOENT || why == ENOTDIR ? 127 : 126; }

static void run(const struct options *options, char **argv) {
  join_cgroup();
  become_user(options);
  if (chdir(options->cwd) < 0) {
    const int why = errno;
    fprintf(stderr, "cspace: could not enter %s: %s\n", options->cwd, strerror(why));
    _exit(get_refusal(why));
  }
  execvp(argv[0], argv);
  const int why = errno;
  fprintf(stderr, "cspace: could not run %s: %s\n", argv[0], strerror(why));
  _exit(get_refusal(why));
}

static void pass_on(int number) {
  if (command > 0) kill(command, number);
}

// What comes from a terminal comes to the command as well, and we are to tell its end. What is sent to us alone is
// meant for it.
static void prepare_signals(void) {
  signal(SIGINT, SIG_IGN);
  signal(SIGQUIT, SIG_IGN);
  struct sigaction action = {.sa_handler = pass_on, .sa_flags = SA_RESTART};
  sigaction(SIGTERM, &action, NULL);
  sigaction(SIGHUP, &action, NULL);
}

int main(int argc, char **argv) {
  struct options options = {.user = "root", .cwd = "/", .env = calloc(argc, sizeof(char *))};
  if (!options.env) return 126;
  char **wanted = parse_options(argc, argv, &options);
  sigset_t all, before;
  sigfillset(&all);
  sigprocmask(SIG_BLOCK, &all, &before);
  command = fork();
  if (command < 0) {
    fprintf(stderr, "cspace: could not start a process: %s\n", strerror(errno));
    return 126;
  }
  if (command == 0) {
    sigprocmask(SIG_SETMASK, &before, NULL);
    run(&options, wanted);
  }
  prepare_signals();
  sigprocmask(SIG_SETMASK, &before, NULL);
  // The command's alone: who closes one of them wants the other end to see it.
  for (int fd = 0; fd <= 2; fd++) close(fd);
  int status;
  while (waitpid(command, &status, 0) < 0 && errno == EINTR) continue;
  return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}
