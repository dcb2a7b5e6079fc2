// The power button: the host's request for an orderly end.
#include <linux/input.h>

#include "init.h"

// By its name, since the keyboard is an input too, and the numbers depend on the machine. -1 where there is none.
int open_power_button(void) {
  for (int number = 0; number < 32; number++) {
    char path[64], name[64];
    snprintf(path, sizeof path, "/sys/class/input/event%d/device/name", number);
    if (!read_text(path, name, sizeof name) || strcmp(name, "Power Button") != 0) continue;
    snprintf(path, sizeof path, "/dev/input/event%d", number);
    int button = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    if (button >= 0) return button;
  }
  say("there is no power button: an orderly stop is not possible");
  return -1;
}

bool is_pressed(int button) {
  struct input_event event;
  bool pressed = false;
  while (read(button, &event, sizeof event) == sizeof event) {
    if (event.type == EV_KEY && event.code == KEY_POWER && event.value == 1) pressed = true;
  }
  return pressed;
}
