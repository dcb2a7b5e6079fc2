// Time: waiting with a deadline, the host's clock, the host's randomness.
#include <linux/netlink.h>
#include <linux/random.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <time.h>

#include "init.h"

long long now_ms(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1000LL + now.tv_nsec / 1000000;
}

// Looks again whenever the kernel has found a device, and a few times a second in case a message was lost.
bool wait_until(bool (*there)(void *), void *what, long long deadline_ms) {
  if (there(what)) return true;
  int events = socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_KOBJECT_UEVENT);
  struct sockaddr_nl address = {.nl_family = AF_NETLINK, .nl_groups = 1};
  if (events < 0 || bind(events, (struct sockaddr *)&address, sizeof address) < 0) {
    fail("could not listen for devices: %s", strerror(errno));
  }
  bool found = there(what);
  while (!found && now_ms() < deadline_ms) {
    char event[8192];
    poll(&(struct pollfd){.fd = events, .events = POLLIN}, 1, 200);
    while (recv(events, event, sizeof event, 0) > 0) continue;
    found = there(what);
  }
  close(events);
  return found;
}

// `SECONDS.NANOS`, as the host had it a moment ago.
void set_clock(const char *time) {
  char *end;
  struct timespec when = {.tv_sec = strtoll(time, &end, 10)};
  if (*end == '.') when.tv_nsec = strtol(end + 1, &end, 10);
  if (*end != '\0' || clock_settime(CLOCK_REALTIME, &when) < 0) fail("could not set the clock to %s", time);
}

// Counted as full of entropy: machines that start from one memory template have nothing else apart.
void add_seed(const char *hex) {
  union {
    struct rand_pool_info info;
    unsigned char bytes[sizeof(struct rand_pool_info) + 512];
  } seed = {0};
  size_t length = strlen(hex) / 2;
  if (length == 0 || length > 512) fail("the seed must have 1 to 512 bytes, it has %zu", length);
  for (size_t at = 0; at < length; at++) {
    unsigned value;
    if (sscanf(hex + 2 * at, "%2x", &value) != 1) fail("the seed is not hexadecimal");
    ((unsigned char *)seed.info.buf)[at] = value;
  }
  seed.info.entropy_count = length * 8;
  seed.info.buf_size = length;
  int device = open("/dev/urandom", O_WRONLY | O_CLOEXEC);
  if (device < 0 || ioctl(device, RNDADDENTROPY, &seed) < 0 || ioctl(device, RNDRESEEDCRNG) < 0) {
    fail("could not seed the random numbers: %s", strerror(errno));
  }
  close(device);
  explicit_bzero(&seed, sizeof seed);
}
