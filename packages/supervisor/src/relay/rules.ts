/** A server on 127.0.0.1 came or went; packets for its port are to go where the relay listens for it, and answers back. */
export interface Rules {
  changeUdp(verb: 'add' | 'delete', port: number, relay: number): Promise<void>;
  /** Undefined where the kernel itself knows who listens. */
  changeTcp: ((verb: 'add' | 'delete', port: number) => Promise<void>) | undefined;
}

export interface RulesOptions {
  /** The program that knows the rules. */
  loader: string;
  address: string;
  /** Where the relay listens for TCP. */
  port: number;
}

/** Loads the rules that bring connections to the relay. Throws with nft's words. */
export async function loadRules({ loader, address, port }: RulesOptions): Promise<Rules> {
  const load = (kind: string) => runTool([loader, kind, address, String(port)]);
  const isAsked = await load('relayed').then(
    () => true,
    async (error: Error) => {
      await load('polled');
      console.error(`cspace: servers on 127.0.0.1 are looked for twice a second: ${error.message}`);
      return false;
    },
  );
  const change = (...lines: string[]) =>
    runTool(['nft', '-f', '-'], lines.map((line) => `${line}\n`).join(''));
  return {
    changeUdp: (verb, port, relay) =>
      change(
        `${verb} element ip cspace udp_relays { ${port} : ${relay} }`,
        `${verb} element ip cspace udp_servers { ${relay} : ${port} }`,
        ...(isAsked ? [] : [`${verb} element ip cspace udp_loopback { ${port} }`]),
      ),
    changeTcp: isAsked
      ? undefined
      : (verb, port) => change(`${verb} element ip cspace tcp_loopback { ${port} }`),
  };
}

const TIMEOUT_MS = 10_000;

async function runTool(argv: string[], input = ''): Promise<void> {
  const child = Bun.spawn(argv, {
    stdin: new Blob([input]),
    stdout: 'ignore',
    stderr: 'pipe',
    timeout: TIMEOUT_MS,
  });
  const [text, code] = await Promise.all([new Response(child.stderr).text(), child.exited]);
  if (code !== 0) throw new Error(text.trim().split('\n')[0] || `${argv[0]} ended with ${code}`);
}
