import { readdir, readFile, readlink } from 'node:fs/promises';
import { findMacPortHolder } from './mac-port-holder.ts';
import { parsePortUsers, type Socket } from './port-users.ts';

/** Who has a port. The program is not known where its process is another user's and we are not root. */
export interface PortHolder {
  user: string;
  process: { program: string; pid: number } | undefined;
}

export interface PortQuestion {
  protocol: 'udp' | 'tcp';
  /** IPv4 */
  address: string;
  port: number;
}

/** Who keeps others from listening at an address and a port, in our network namespace; undefined where nobody does. */
export async function findPortHolder({
  protocol,
  address,
  port,
}: PortQuestion): Promise<PortHolder | undefined> {
  if (process.platform === 'darwin') return findMacPortHolder({ protocol, address, port });
  for (const table of [protocol, `${protocol}6`]) {
    const text = await readFile(`/proc/self/net/${table}`, 'utf8').catch(() => '');
    const [socket] = parsePortUsers(text, { address, port, listening: protocol === 'tcp' });
    if (!socket) continue;
    return { user: await getUserName(socket.uid), process: await findProcess(socket) };
  }
  return undefined;
}

/** proc(5): what a process has open is a folder of links, `socket:[inode]` for sockets. */
async function findProcess({ inode }: Socket): Promise<PortHolder['process']> {
  for (const pid of (await readdir('/proc')).filter((name) => /^\d+$/.test(name))) {
    for (const fd of await readdir(`/proc/${pid}/fd`).catch(() => [])) {
      const target = await readlink(`/proc/${pid}/fd/${fd}`).catch(() => '');
      if (target !== `socket:[${inode}]`) continue;
      const program = await readFile(`/proc/${pid}/comm`, 'utf8').catch(() => '');
      return { program: program.trim(), pid: Number(pid) };
    }
  }
  return undefined;
}

async function getUserName(uid: number): Promise<string> {
  const passwd = await readFile('/etc/passwd', 'utf8').catch(() => '');
  const line = passwd.split('\n').find((line) => line.split(':')[2] === String(uid));
  return line?.split(':')[0] ?? String(uid);
}
