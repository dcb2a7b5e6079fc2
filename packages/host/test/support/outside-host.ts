/** Another machine, as seen from the lab: a namespace behind an interface of its own (addresses of RFC 5737). */
export interface OutsideHost {
  /** Where sandboxes find it. */
  address: string;
  /** The lab's own end: a test's server listens there, and is `forward`ed to from the other machine. */
  near: string;
  /** Its port leads to the same one of `near`, where the test can look at what comes. */
  forward(port: number): Promise<void>;
  dispose(): Promise<void>;
}

const NEAR = '198.51.100.2';
const ADDRESS = '198.51.100.9';

const RELAY = `
  const [hostname, near, port] = process.argv.slice(1);
  Bun.listen({ hostname, port: Number(port), socket: {
    async open(client) {
      client.pause();
      client.data = await Bun.connect({ hostname: near, port: Number(port), socket: {
        data(_, bytes) { client.write(bytes) }, close() { client.end() }, error() { client.end() } } });
      client.resume();
    },
    data(client, bytes) { client.data.write(bytes) }, close(client) { client.data?.end() }, error() {},
  } });
  console.log('ready');`;

/** Sandboxes do not reach the host's services: a server of a test that they are to reach stands outside of it. */
export async function makeOutsideHost(): Promise<OutsideHost> {
  const children: Bun.Subprocess[] = [];
  const machine = Bun.spawn(['unshare', '--net', 'sleep', '900'], { stdio: ['ignore', 'ignore', 'ignore'] });
  children.push(machine);
  const there = ['nsenter', `--net=/proc/${machine.pid}/ns/net`];
  const run = (script: string, enter: string[] = []) => {
    const child = Bun.spawnSync([...enter, 'sh', '-ec', script], { timeout: 10_000 });
    if (child.exitCode !== 0) throw new Error(`${script}: ${child.stderr.toString()}`);
    return child.stdout.toString();
  };
  while (run(`readlink /proc/${machine.pid}/ns/net`) === run('readlink /proc/self/ns/net'))
    await Bun.sleep(5);
  run(`ip link add out type veth peer name in0 netns ${machine.pid}
    ip addr add ${NEAR}/24 dev out
    ip link set out up`);
  run(`ip addr add ${ADDRESS}/24 dev in0; ip link set in0 up; ip link set lo up`, there);
  return {
    address: ADDRESS,
    near: NEAR,
    async forward(port) {
      const argv = [...there, process.execPath, '-e', RELAY, ADDRESS, NEAR, String(port)];
      const child = Bun.spawn(argv, { stdio: ['ignore', 'pipe', 'inherit'] });
      children.push(child);
      const { value } = await child.stdout.getReader().read();
      if (new TextDecoder().decode(value) !== 'ready\n') throw new Error(`nothing listens on ${port}`);
    },
    async dispose() {
      for (const child of children.reverse()) {
        child.kill('SIGKILL');
        await child.exited;
      }
      Bun.spawnSync(['ip', 'link', 'del', 'out'], { timeout: 10_000 });
    },
  };
}
