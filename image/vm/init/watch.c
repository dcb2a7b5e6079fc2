// The machine's life: from the start of its programs to the end of the entrypoint.
#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <sys/wait.h>

#include "init.h"

#define SSHD_PAUSE_MS 1000
// After this the entrypoint is taken for dead, though the kernel still waits for something on its behalf.
#define KILLED_MS 3000

struct life {
  pid_t entrypoint, sshd;
  long long sshd_at;  // when to start it again; 0 where it runs, or is not wanted
  long long kill_at;  // when to end the entrypoint, then when to give it up; 0 until the power button is pressed
  bool killed;
  int status;  // of the entrypoint, once it has ended
  bool ended;
};

// Its stdin is a pipe that nobody writes to, as on other substrates (ADR 14), unless it stands by; its output one that we
// read: with a terminal for it programs would behave otherwise, and could not open /dev/stdout anew.
struct program start_entrypoint(const struct config *config) {
  int in[2], out[2];
  if (pipe2(in, O_CLOEXEC) < 0 || pipe2(out, O_CLOEXEC) < 0) fail("could not make a pipe: %s", strerror(errno));
  pid_t pid = start_child(&(struct child){
      .argv = config->args.items,
      .env = config->env.count > 0 ? config->env.items : (char *[]){NULL},
      .cwd = config->cwd,
      .input = in[0],
      .output = out[1],
      .in_cgroup = true,
      .reaps = true,
  });
  if (pid < 0) fail("could not start the entrypoint: %s", strerror(errno));
  close(in[0]);
  close(out[1]);
  fcntl(out[0], F_SETFL, O_NONBLOCK);
  return (struct program){.pid = pid, .input = in[1], .output = out[0]};
}

void wake_entrypoint(const struct program *entrypoint) {
  if (write(entrypoint->input, "\n", 1) != 1) say("could not wake the entrypoint: %s", strerror(errno));
}

// One piece of it; false at its end.
static bool pass_output(int output) {
  char bytes[4096];
  ssize_t length = read(output, bytes, sizeof bytes);
  if (length < 0) return errno == EAGAIN || errno == EINTR;
  for (ssize_t done = 0, written; done < length; done += written) {
    written = write(STDERR_FILENO, bytes + done, length - done);
    if (written < 0) return true;  // a console that takes nothing is no reason to stop
  }
  return length > 0;
}

// What is left of it is bounded by the pipe's size, also where a program goes on writing.
static void pass_rest(int output) {
  for (int piece = 0; piece < 16; piece++) {
    if (!pass_output(output)) return;
  }
}

static void reap(struct life *life) {
  int status;
  for (pid_t pid; (pid = waitpid(-1, &status, WNOHANG)) > 0;) {
    if (pid == life->entrypoint) {
      life->ended = true;
      life->status = status;
    } else if (pid == life->sshd) {
      say("sshd ended with code %d; it is started again", get_exit_code(status));
      life->sshd_at = now_ms() + SSHD_PAUSE_MS;
    }
  }
}

static void press(struct life *life, long grace_ms) {
  if (life->kill_at != 0) return;
  life->kill_at = now_ms() + grace_ms;
  kill(life->entrypoint, SIGTERM);
}

// Does what is due, and says how long there is nothing to do: milliseconds, -1 for ever.
static int do_what_is_due(struct life *life) {
  long long now = now_ms(), next = -1;
  if (life->sshd_at != 0 && now >= life->sshd_at) {
    life->sshd = start_sshd();
    life->sshd_at = life->sshd < 0 ? now + SSHD_PAUSE_MS : 0;
  }
  if (life->kill_at != 0 && now >= life->kill_at) {
    if (life->killed) {
      life->ended = true;
      life->status = SIGKILL;
      return 0;
    }
    if (!kill_cgroup()) kill(life->entrypoint, SIGKILL);
    life->killed = true;
    life->kill_at = now + KILLED_MS;
  }
  if (life->sshd_at != 0) next = life->sshd_at;
  if (life->kill_at != 0 && (next < 0 || life->kill_at < next)) next = life->kill_at;
  return next < 0 ? -1 : (int)(next - now);
}

static int open_signals(void) {
  sigset_t mask;
  sigemptyset(&mask);
  sigaddset(&mask, SIGCHLD);
  int signals = signalfd(-1, &mask, SFD_CLOEXEC | SFD_NONBLOCK);
  if (signals < 0) fail("could not listen for signals: %s", strerror(errno));
  return signals;
}

struct ending run_machine(const struct config *config, int button, const struct program *entrypoint) {
  struct life life = {.entrypoint = entrypoint->pid, .sshd = -1, .sshd_at = config->host_key ? 1 : 0};
  struct signalfd_siginfo unused;
  const int output = entrypoint->output, signals = open_signals();
  struct pollfd fds[] = {{signals, POLLIN, 0}, {button, POLLIN, 0}, {output, POLLIN, 0}};
  while (!life.ended) {
    poll(fds, 3, do_what_is_due(&life));
    if (fds[2].revents && !pass_output(output)) fds[2].fd = -1;
    if (fds[1].revents && is_pressed(button)) press(&life, config->grace_ms);
    while (read(signals, &unused, sizeof unused) > 0) continue;
    reap(&life);
  }
  pass_rest(output);
  struct ending ending = {.code = get_exit_code(life.status)};
  ending.out_of_memory = ending.code == 137 && count_oom_kills() > 0;
  return ending;
}
