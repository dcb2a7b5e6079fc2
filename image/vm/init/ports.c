// The two virtio-serial ports: the configuration comes in by `cspace.control`, the last word goes by `cspace.status`.
#include <dirent.h>
#include <limits.h>
#include <poll.h>
#include <sys/wait.h>

#include "init.h"

#define FOLDER "/sys/class/virtio-ports"
#define PORT_DEADLINE_MS 10000
// How often it is looked whether what stands by is still there.
#define STANDING_MS 1000
// Far above what a machine is told, far below its memory.
#define CONFIG_BYTES (1024 * 1024)

struct port {
  const char *name;
  char device[NAME_MAX + 8];
};

static bool find_port(void *what) {
  struct port *port = what;
  DIR *folder = opendir(FOLDER);
  bool found = false;
  for (struct dirent *entry; folder && !found && (entry = readdir(folder));) {
    char path[PATH_MAX], name[64];
    snprintf(path, sizeof path, FOLDER "/%s/name", entry->d_name);
    snprintf(port->device, sizeof port->device, "/dev/%s", entry->d_name);
    if (!read_text(path, name, sizeof name) || strcmp(name, port->name) != 0) continue;
    found = access(port->device, F_OK) == 0;
  }
  if (folder) closedir(folder);
  return found;
}

// As the port is announced by a message of the device's, it may come later than the device.
static int open_port(const char *name, int flags) {
  struct port port = {.name = name};
  if (!wait_until(find_port, &port, now_ms() + PORT_DEADLINE_MS)) fail("there is no port %s", name);
  int file = open(port.device, flags | O_CLOEXEC);
  if (file < 0) fail("could not open the port %s: %s", name, strerror(errno));
  return file;
}

// Until there is something to be read, or the host went away. What stands by must not end meanwhile.
static void wait_for_bytes(int port, const struct program *standing) {
  struct pollfd fd = {.fd = port, .events = POLLIN};
  int status;
  while (poll(&fd, 1, STANDING_MS) <= 0) {
    if (waitpid(standing->pid, &status, WNOHANG) == standing->pid) {
      fail("the entrypoint ended with code %d while it stood by", get_exit_code(status));
    }
  }
}

// Everything up to the empty string, into a buffer that has no end before it. False where the host went away meanwhile.
static bool read_strings(int port, const struct program *standing, char *bytes, size_t *length) {
  *length = 0;
  for (;;) {
    if (standing) wait_for_bytes(port, standing);
    ssize_t got = read(port, bytes + *length, CONFIG_BYTES - *length);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) fail("could not read the configuration: %s", strerror(errno));
    if (got == 0) return false;
    *length += got;
    if (*length == 1 && bytes[0] == '\0') return true;
    if (*length >= 2 && bytes[*length - 1] == '\0' && bytes[*length - 2] == '\0') return true;
    if (*length == CONFIG_BYTES) fail("the configuration has more than %d bytes", CONFIG_BYTES);
  }
}

// A write waits until a host is there. One that goes away in the middle of its words starts anew when it comes back,
// and so does one that woke us from a memory template.
void read_config(struct config *config, const struct program *standing) {
  int port = open_port("cspace.control", O_RDWR);
  char *bytes = malloc(CONFIG_BYTES);
  size_t length;
  if (!bytes) fail("no memory for the configuration");
  do {
    if (write(port, "ready\n", 6) < 0) fail("could not write to the port cspace.control: %s", strerror(errno));
  } while (!read_strings(port, standing, bytes, &length));
  parse_config(config, bytes, length - 1);
  fcntl(port, F_SETFL, O_NONBLOCK);
  if (write(port, "ok\n", 3) < 0) say("nobody reads that the configuration came: %s", strerror(errno));
  close(port);
}

// Kept open: on the way into the root there are moments without any path to it.
static int status_port = -1;

void open_status(void) { status_port = open_port("cspace.status", O_WRONLY | O_NONBLOCK); }

// Never fails: it is what failing does.
void write_status(const char *word) {
  if (write(status_port, word, strlen(word)) < 0) say("nobody reads my status: %s", word);
}
