// A name server out in the world: `fake-upstream.ts ADDRESS` answers every question for an A record with 203.0.113.7, by
// UDP on port 53, and says `ready`. As a module: starts one behind the lab, in a namespace of its own.
import { createSocket } from 'node:dgram';

export const UPSTREAM = '198.51.100.53';
export const UPSTREAM_ANSWER = '203.0.113.7';

const HEADER_BYTES = 12;
const TYPE_A = 1;

/** The question again, and an address where an A record was asked for. */
export function answer(query: Buffer): Buffer {
  let end = HEADER_BYTES;
  while (query[end]) end += (query[end] ?? 0) + 1;
  const question = query.subarray(HEADER_BYTES, end + 5);
  const isA = query.readUInt16BE(end + 1) === TYPE_A;
  const header = Buffer.alloc(HEADER_BYTES);
  query.copy(header, 0, 0, 2);
  header.writeUInt16BE(0x8180, 2); // an answer, recursion asked for and available
  header.writeUInt16BE(1, 4);
  header.writeUInt16BE(isA ? 1 : 0, 6);
  if (!isA) return Buffer.concat([header, question]);
  // The question's name, A, IN, 60 s, four bytes.
  const record = [0xc0, HEADER_BYTES, 0, TYPE_A, 0, 1, 0, 0, 0, 60, 0, 4];
  return Buffer.concat([
    header,
    question,
    Buffer.from([...record, ...UPSTREAM_ANSWER.split('.').map(Number)]),
  ]);
}

const WIRE = `
ip link set lo up
ip addr add ${UPSTREAM}/24 dev world0
ip link set world0 up
ip route add default via 198.51.100.1`;

/** Beyond the lab's namespace, with a route of the lab to it; gives what ends it. */
export async function startFakeUpstream(): Promise<() => Promise<void>> {
  const script = `read -r _\n${WIRE}\nexec ${process.execPath} ${import.meta.path} ${UPSTREAM}`;
  const child = Bun.spawn(['unshare', '--net', 'sh', '-ec', `echo wire\n${script}`], {
    stdin: 'pipe',
    stdout: 'pipe',
    stderr: 'inherit',
  });
  const reader = child.stdout.getReader();
  await reader.read();
  const ip = (...args: string[]) => {
    const { exitCode, stderr } = Bun.spawnSync(['ip', ...args], { timeout: 10_000 });
    if (exitCode !== 0) throw new Error(`ip ${args.join(' ')}: ${stderr}`);
  };
  ip('link', 'add', 'world1', 'type', 'veth', 'peer', 'name', 'world0', 'netns', String(child.pid));
  ip('addr', 'add', '198.51.100.1/24', 'dev', 'world1');
  ip('link', 'set', 'world1', 'up');
  child.stdin.write('\n');
  child.stdin.flush();
  await reader.read();
  return async () => {
    child.kill();
    await child.exited;
    Bun.spawnSync(['ip', 'link', 'del', 'world1'], { timeout: 10_000 });
  };
}

if (import.meta.main) {
  const socket = createSocket('udp4');
  socket.on('message', (query, peer) => socket.send(answer(query), peer.port, peer.address));
  socket.bind(53, process.argv[2], () => console.log('ready'));
}
