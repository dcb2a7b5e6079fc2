export interface Rules {
  /** Has packets for a UDP port brought to where the relay listens for it, and answers come from it. */
  addUdp(port: number, relay: number): Promise<void>;
  removeUdp(port: number, relay: number): Promise<void>;
}

/** Loads the rules that bring connections to the relay's port, by the program that knows them. Throws with nft's words. */
export async function loadRules(program: string, address: string, relay: number): Promise<Rules> {
  await runTool([program, 'relayed', address, String(relay)]);
  const change = (verb: 'add' | 'delete', port: number, relay: number) =>
    runTool(
      ['nft', '-f', '-'],
      `${verb} element ip cspace udp_relays { ${port} : ${relay} }\n` +
        `${verb} element ip cspace udp_servers { ${relay} : ${port} }\n`,
    );
  return {
    addUdp: (port, relay) => change('add', port, relay),
    removeUdp: (port, relay) => change('delete', port, relay),
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
