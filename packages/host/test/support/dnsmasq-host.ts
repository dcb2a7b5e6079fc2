import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createPrivateHost, type PrivateHost } from './private-host.ts';
import { isAlive, waitUntil } from './world.ts';

const PID_FILE = 'dnsmasq.pid';

/** A dnsmasq as Debian runs one: it reads /etc/dnsmasq.d, and an init script starts it anew. It knows no other server. */
const INIT_SCRIPT = `#!/bin/sh
# A stand-in for Debian's: /run is the machine's own here.
pid=$(cat /etc/${PID_FILE} 2>/dev/null) && kill "$pid"
while [ -n "$pid" ] && kill -0 "$pid" 2>/dev/null; do sleep 0.02; done
exec dnsmasq --pid-file=/etc/${PID_FILE} --user=root --listen-address=127.0.0.1 --bind-interfaces \\
  --conf-file=/dev/null --no-resolv --no-hosts --cache-size=0 -7 /etc/dnsmasq.d
`;

/** A host whose programs ask a plain dnsmasq of its own. */
export async function createDnsmasqHost(): Promise<PrivateHost> {
  const setup = [
    "printf 'nameserver 127.0.0.1\\n' >/etc/resolv.conf",
    "sed -i 's/^hosts:.*/hosts: files dns/' /etc/nsswitch.conf",
    `printf '127.0.0.1 localhost\\n' >/etc/hosts`,
    'mkdir -p /etc/dnsmasq.d && rm -f /etc/dnsmasq.d/*',
    `cat >/etc/init.d/dnsmasq <<'END'\n${INIT_SCRIPT}END`,
    'chmod 755 /etc/init.d/dnsmasq',
    '/etc/init.d/dnsmasq restart',
  ].join('\n');
  const host = await createPrivateHost({ setup });
  return {
    ...host,
    async dispose() {
      const pid = Number(readFileSync(join(host.etc, PID_FILE), 'utf8'));
      process.kill(pid, 'SIGTERM');
      await waitUntil('dnsmasq has left', () => !isAlive(pid), 5000);
      await host.dispose();
    },
  };
}
