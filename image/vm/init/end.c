// The machine's end: nobody left, the disk whole, the power off. Each step has a bound, none can be waited for in vain.
#include <signal.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/wait.h>
#include <time.h>

#include "init.h"

#define TERM_MS 1000
#define KILL_MS 2000

// The disk's file system, once there is one. It cannot be reached by path, and PID 1 ends but once.
static int disk_folder = -1;

void keep_disk(int disk) { disk_folder = disk; }

int get_disk(void) { return disk_folder; }

// Until there is none left, or the time is up. SIGCHLD is blocked, so that none is missed before we wait for it.
static bool wait_for_all(long long until_ms) {
  sigset_t mask;
  sigemptyset(&mask);
  sigaddset(&mask, SIGCHLD);
  for (;;) {
    while (waitpid(-1, NULL, WNOHANG) > 0) continue;
    if (waitpid(-1, NULL, WNOHANG) < 0 && errno == ECHILD) return true;
    long long left = until_ms - now_ms();
    if (left <= 0) return false;
    sigtimedwait(&mask, NULL, &(struct timespec){.tv_sec = left / 1000, .tv_nsec = left % 1000 * 1000000});
  }
}

// Not the host's folders: what was written there is there, and a host that is gone would keep us for ever.
static void settle_disk(void) {
  if (disk_folder < 0) return;
  syncfs(disk_folder);
  if (fchdir(disk_folder) < 0 || mount(NULL, ".", NULL, MS_REMOUNT | MS_RDONLY, NULL) < 0) {
    say("the disk is synced, but not read-only: %s", strerror(errno));
  }
}

void end_machine(void) {
  kill(-1, SIGTERM);
  if (!wait_for_all(now_ms() + TERM_MS)) {
    kill(-1, SIGKILL);
    wait_for_all(now_ms() + KILL_MS);
  }
  settle_disk();
  reboot(RB_POWER_OFF);
  for (;;) pause();
}
