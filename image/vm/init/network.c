// The machine's part of its cable, by rtnetlink: address, the gateway's hardware address, routes. The same as
// network/attach.ts of the host makes for a container.
#include <arpa/inet.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <net/ethernet.h>
#include <netinet/ether.h>
#include <sys/socket.h>

#include "init.h"

#define LINK_DEADLINE_MS 10000

struct request {
  struct nlmsghdr header;
  char body[256];
};

// A request of that type whose body begins with `size` bytes.
static struct request begin(int type, int flags, const void *body, size_t size) {
  struct request request = {
      .header = {.nlmsg_len = NLMSG_LENGTH(size), .nlmsg_type = type, .nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK | flags},
  };
  memcpy(NLMSG_DATA(&request.header), body, size);
  return request;
}

static void add(struct request *request, int type, const void *value, size_t size) {
  struct rtattr *attr = (struct rtattr *)((char *)request + NLMSG_ALIGN(request->header.nlmsg_len));
  attr->rta_type = type;
  attr->rta_len = RTA_LENGTH(size);
  memcpy(RTA_DATA(attr), value, size);
  request->header.nlmsg_len = NLMSG_ALIGN(request->header.nlmsg_len) + RTA_ALIGN(attr->rta_len);
}

static void ask(int netlink, const struct request *request, const char *what) {
  struct {
    struct nlmsghdr header;
    struct nlmsgerr result;
    char rest[512];
  } answer;
  if (send(netlink, request, request->header.nlmsg_len, 0) < 0 || recv(netlink, &answer, sizeof answer, 0) < 0) {
    fail("could not %s: %s", what, strerror(errno));
  }
  if (answer.header.nlmsg_type != NLMSG_ERROR) fail("could not %s: the kernel answers otherwise", what);
  if (answer.result.error != 0) fail("could not %s: %s", what, strerror(-answer.result.error));
}

static void set_link_up(int netlink, int link, const struct ether_addr *mac, const char *what) {
  struct ifinfomsg body = {.ifi_index = link, .ifi_flags = IFF_UP, .ifi_change = IFF_UP};
  struct request request = begin(RTM_NEWLINK, 0, &body, sizeof body);
  if (mac) add(&request, IFLA_ADDRESS, mac, sizeof *mac);
  ask(netlink, &request, what);
}

static void add_address(int netlink, int link, const struct in_addr *address) {
  struct ifaddrmsg body = {.ifa_family = AF_INET, .ifa_prefixlen = 32, .ifa_index = link};
  struct request request = begin(RTM_NEWADDR, NLM_F_CREATE | NLM_F_REPLACE, &body, sizeof body);
  add(&request, IFA_LOCAL, address, sizeof *address);
  add(&request, IFA_ADDRESS, address, sizeof *address);
  ask(netlink, &request, "give eth0 its address");
}

// A host with `arp_ignore` would not answer for an address of another interface.
static void add_neighbour(int netlink, int link, const struct in_addr *address, const struct ether_addr *mac) {
  struct ndmsg body = {.ndm_family = AF_INET, .ndm_ifindex = link, .ndm_state = NUD_PERMANENT};
  struct request request = begin(RTM_NEWNEIGH, NLM_F_CREATE | NLM_F_REPLACE, &body, sizeof body);
  add(&request, NDA_DST, address, sizeof *address);
  add(&request, NDA_LLADDR, mac, sizeof *mac);
  ask(netlink, &request, "add the gateway as a neighbour");
}

// To the gateway itself on the link, or by way of it to everywhere.
static void add_route(int netlink, int link, const struct in_addr *gateway, bool everywhere) {
  struct rtmsg body = {
      .rtm_family = AF_INET,
      .rtm_dst_len = everywhere ? 0 : 32,
      .rtm_table = RT_TABLE_MAIN,
      .rtm_protocol = RTPROT_BOOT,
      .rtm_scope = everywhere ? RT_SCOPE_UNIVERSE : RT_SCOPE_LINK,
      .rtm_type = RTN_UNICAST,
  };
  struct request request = begin(RTM_NEWROUTE, NLM_F_CREATE | NLM_F_REPLACE, &body, sizeof body);
  add(&request, everywhere ? RTA_GATEWAY : RTA_DST, gateway, sizeof *gateway);
  add(&request, RTA_OIF, &link, sizeof link);
  ask(netlink, &request, everywhere ? "add the default route" : "add the gateway's route");
}

static struct in_addr parse_address(const char *text) {
  struct in_addr address;
  if (inet_pton(AF_INET, text, &address) != 1) fail("configuration: %s is no IPv4 address", text);
  return address;
}

static struct ether_addr parse_mac(const char *text) {
  struct ether_addr mac;
  if (!ether_aton_r(text, &mac)) fail("configuration: %s is no hardware address", text);
  return mac;
}

static bool has_link(void *name) { return if_nametoindex(name) != 0; }

// Without an address there is loopback alone.
void start_network(const struct config *config) {
  int netlink = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
  if (netlink < 0) fail("could not open rtnetlink: %s", strerror(errno));
  set_link_up(netlink, if_nametoindex("lo"), NULL, "set up lo");
  if (config->address) {
    const struct in_addr address = parse_address(config->address), gateway = parse_address(config->gateway);
    const struct ether_addr mac = parse_mac(config->mac), gateway_mac = parse_mac(config->gateway_mac);
    if (!wait_until(has_link, "eth0", now_ms() + LINK_DEADLINE_MS)) fail("there is no eth0");
    int link = if_nametoindex("eth0");
    add_address(netlink, link, &address);
    set_link_up(netlink, link, &mac, "set up eth0");
    add_neighbour(netlink, link, &gateway, &gateway_mac);
    add_route(netlink, link, &gateway, false);
    add_route(netlink, link, &gateway, true);
  }
  close(netlink);
}
