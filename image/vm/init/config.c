// The configuration: `key=value` strings, each ended by a NUL. Read whole before anything of it is done.
#include "init.h"

static void add(struct list *list, char *item) {
  list->items = realloc(list->items, (list->count + 2) * sizeof *list->items);
  if (!list->items) fail("no memory for the configuration");
  list->items[list->count++] = item;
  list->items[list->count] = NULL;
}

static long parse_count(const char *key, const char *value) {
  char *end;
  long count = strtol(value, &end, 10);
  if (*value == '\0' || *end != '\0' || count <= 0) fail("configuration: %s=%s is not a positive number", key, value);
  return count;
}

static void parse_entry(struct config *config, const char *key, char *value) {
  const struct {
    const char *key;
    const char **text;
    struct list *list;
    long *count;
  } keys[] = {
      {"hostname", &config->hostname, NULL, NULL},
      {"time", &config->time, NULL, NULL},
      {"seed", &config->seed, NULL, NULL},
      {"cwd", &config->cwd, NULL, NULL},
      {"mac", &config->mac, NULL, NULL},
      {"address", &config->address, NULL, NULL},
      {"gateway", &config->gateway, NULL, NULL},
      {"gatewaymac", &config->gateway_mac, NULL, NULL},
      {"hostkey", &config->host_key, NULL, NULL},
      {"authorized", &config->authorized, NULL, NULL},
      {"sysctl", NULL, &config->sysctls, NULL},
      {"share", NULL, &config->shares, NULL},
      {"volume", NULL, &config->volumes, NULL},
      {"env", NULL, &config->env, NULL},
      {"arg", NULL, &config->args, NULL},
      {"pids", NULL, NULL, &config->pids},
      {"grace", NULL, NULL, &config->grace_ms},
  };
  for (size_t at = 0; at < sizeof keys / sizeof *keys; at++) {
    if (strcmp(key, keys[at].key) != 0) continue;
    if (keys[at].list) return add(keys[at].list, value);
    if (keys[at].count) {
      *keys[at].count = parse_count(key, value);
    } else {
      *keys[at].text = value;
    }
    return;
  }
  if (strcmp(key, "standby") != 0) fail("configuration: unknown key %s", key);
  config->standby = true;
}

static void require(bool there, const char *what) {
  if (!there) fail("configuration: %s missing", what);
}

// The strings stay where they are: `bytes` belongs to the configuration from now on.
void parse_config(struct config *config, char *bytes, size_t length) {
  *config = (struct config){.cwd = "/"};
  for (char *entry = bytes, *next; entry < bytes + length; entry = next) {
    next = entry + strlen(entry) + 1;
    char *equals = strchr(entry, '=');
    if (!equals) fail("configuration: an entry of %zu characters is no key=value", strlen(entry));
    *equals = '\0';
    parse_entry(config, entry, equals + 1);
  }
  require(config->args.count > 0, "arg is");
  require(config->pids, "pids is");
  if (config->standby) return;
  require(config->hostname && config->time && config->seed, "hostname, time or seed is");
  require(config->grace_ms, "grace is");
  require(!config->address == !config->gateway && !config->address == !config->gateway_mac &&
              !config->address == !config->mac,
          "a part of address, mac, gateway and gatewaymac is");
  require(!config->host_key == !config->authorized, "one of hostkey and authorized is");
}
