// Starting programs, and what their end says.
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "init.h"

// In the child: nothing of ours is left but what the program is meant to have. Says why where it cannot be run.
static void become(const struct child *child) {
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, NULL);
  signal(SIGPIPE, SIG_DFL);
  setsid();
  // Kept by the program that we become: tini warns where it is neither the first process nor this.
  if (child->reaps) prctl(PR_SET_CHILD_SUBREAPER, 1);
  if (child->in_cgroup && !join_cgroup()) say("could not enter the control group: %s", strerror(errno));
  if (chdir(child->cwd) < 0) {
    say("could not enter %s: %s", child->cwd, strerror(errno));
    _exit(126);
  }
  dup2(child->input, STDIN_FILENO);
  dup2(child->output, STDOUT_FILENO);
  dup2(child->output, STDERR_FILENO);
  environ = child->env;
  execvp(child->argv[0], child->argv);
  const int why = errno;
  say("could not run %s: %s", child->argv[0], strerror(why));
  _exit(why == ENOENT ? 127 : 126);
}

pid_t start_child(const struct child *child) {
  pid_t pid = fork();
  if (pid == 0) become(child);
  return pid;
}

// As a shell tells it.
int get_exit_code(int status) { return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status); }
