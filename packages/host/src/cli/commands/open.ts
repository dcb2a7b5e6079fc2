import type { SandboxRef } from '@cspace/protocol/names';
import type { PortsResponse } from '@cspace/protocol/ports';
import { ProblemError } from '@cspace/protocol/problem';
import { connectDaemon } from '../../client/connect.ts';
import { openInBrowser } from '../browser.ts';
import { chooseUrl } from '../choose-url.ts';
import type { CliContext } from '../context.ts';
import { printJson } from '../output/json.ts';
import { select } from '../output/select.ts';
import {
  describePort,
  findPort,
  findWebPorts,
  getSeveralProblem,
  type OpenablePort,
  parsePort,
} from '../pick-port.ts';
import { resolveRef } from '../resolve-ref.ts';

export interface OpenOptions {
  json?: boolean;
  print?: boolean;
}

/** The URL goes to stdout in every case; what is not as one would expect is a note on stderr. */
export async function runOpen(
  context: CliContext,
  { name, port }: { name: string; port: string | undefined },
  options: OpenOptions,
): Promise<number> {
  const wanted = port === undefined ? undefined : parsePort(port);
  const ref = await resolveRef(context, name);
  const answer = await (await connectDaemon(context)).ports(ref);
  const found =
    wanted === undefined
      ? await pickPort(context, { ref, answer, canAsk: !options.json })
      : findPort(ref, answer.ports, wanted);
  const chosen = await chooseUrl({ url: found.url, domain: answer.domain, address: answer.address });
  if (options.json) {
    printJson(context.stdout, chosen);
    return 0;
  }
  context.stdout.write(`${chosen.url}\n`);
  if (chosen.reason !== undefined) {
    const fix = chosen.fix === undefined ? '' : `; names on this host: ${chosen.fix}`;
    context.stderr.write(`note: ${chosen.reason}, so this is the address${fix}\n`);
  }
  if (options.print) return 0;
  const why = await openInBrowser(context, chosen.url);
  if (why !== undefined) context.stderr.write(`note: nothing was opened: ${why}\n`);
  return 0;
}

interface Choosing {
  ref: SandboxRef;
  answer: PortsResponse;
  canAsk: boolean;
}

async function pickPort(context: CliContext, { ref, answer, canAsk }: Choosing): Promise<OpenablePort> {
  const ports = findWebPorts(ref, answer.ports);
  const [first] = ports;
  if (first && ports.length === 1) return first;
  if (!canAsk || !context.stdin.isTerminal || !context.stderr.isTerminal) throw getSeveralProblem(ref, ports);
  const choices = ports.map((port) => ({ value: port, label: `${describePort(port)}  ${port.url}` }));
  const picked = await select('Which one?', choices, context);
  if (!picked) throw new ProblemError({ code: 'interrupted', message: 'interrupted' });
  return picked;
}
