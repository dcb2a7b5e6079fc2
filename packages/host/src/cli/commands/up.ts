import { PASSED_ENV, type UpEvent, type UpRequest } from '@cspace/protocol/daemon-api';
import { formatRef } from '@cspace/protocol/names';
import { ProblemError } from '@cspace/protocol/problem';
import { connectDaemon } from '../../client/connect.ts';
import type { DaemonClient } from '../../client/daemon-client.ts';
import { locateHome } from '../../client/locate-home.ts';
import { getHeadCommit } from '../../git/project.ts';
import type { CliContext, Output } from '../context.ts';
import { findProject } from '../find-project.ts';
import { printJson } from '../output/json.ts';
import { createProgress } from '../output/progress.ts';
import { toOneLine } from '../output/terminal-text.ts';
import { formatTimings, type SpanEvent } from '../output/timings.ts';
import { parseRef } from '../resolve-ref.ts';
import { sendAndFollow } from '../send-turn.ts';
import { withSetup } from '../with-setup.ts';
import { readText } from './send.ts';

export interface UpOptions {
  json?: boolean;
  yes?: boolean;
  message?: string;
  base?: string;
  model?: string;
  cpus?: string;
  memory?: string;
  pids?: string;
  network?: string;
  substrate?: string;
  timings?: boolean;
}

const MAX_NOTE = 500;

type UpEnd = Extract<UpEvent, { type: 'up' }>;

export async function runUp(
  context: CliContext,
  name: string | undefined,
  options: UpOptions,
): Promise<number> {
  const home = await locateHome(context);
  // What is wrong with the call is said before anything is installed, started or made.
  const text = options.message === undefined ? undefined : await readText(context, [options.message]);
  const request = await getRequest(context, { home, name, options });
  const setup = { yes: options.yes === true, substrate: request.substrate };
  const { client, end } = await withSetup(context, setup, async () => {
    const client = await connectDaemon(context);
    return { client, end: await bringUp(context, { client, request, options }) };
  });
  const json = options.json === true;
  if (!json) printUp(end, text === undefined ? context.stdout : context.stderr);
  if (text === undefined) return 0;
  const ref = { project: end.sandbox.project, sandbox: end.sandbox.sandbox };
  return sendAndFollow(context, { client, ref, text, json });
}

interface Call {
  home: string;
  name: string | undefined;
  options: UpOptions;
}

async function getRequest(context: CliContext, { home, name, options }: Call): Promise<UpRequest> {
  // A bad name is bad in every project: said before one is looked for.
  if (name !== undefined) parseRef({ project: 'p', sandbox: getShortName(name) }, name);
  const { model, substrate, network, cpus, memory, pids } = options;
  const flags = { model, substrate, network, cpus, memory, pids };
  const { project, repository, config, notices } = await findProject(context, { home, flags });
  for (const notice of notices) context.stderr.write(`note: ${notice}\n`);
  if (options.base === undefined)
    await getHeadCommit(repository, { owner: context.owner, signal: context.signal });
  const sandbox = name === undefined ? undefined : getNameIn(project, name);
  return {
    project,
    ...(sandbox === undefined ? {} : { sandbox }),
    repository: repository.repository,
    source: repository.source,
    ...(options.base === undefined ? {} : { base: options.base }),
    ...(config.model === undefined ? {} : { model: config.model }),
    ...(config.substrate === undefined ? {} : { substrate: config.substrate }),
    limits: config.limits,
    network: config.network,
    volumes: config.volumes,
    env: getPassedEnv(context.env),
  };
}

const getShortName = (name: string) => name.slice(name.indexOf('/') + 1);

/** `shop/mercury` is fine inside of shop; elsewhere the repository that it would be a clone of is another one. */
function getNameIn(project: string, name: string): string {
  const ref = parseRef(
    { project: name.includes('/') ? name.slice(0, name.indexOf('/')) : project, sandbox: getShortName(name) },
    name,
  );
  if (ref.project === project) return ref.sandbox;
  throw new ProblemError({
    code: 'usage',
    message: `this is the repository of project ${project}, not of ${ref.project}`,
    why: 'up makes a sandbox of the repository it is called in',
    fix: `cd into the repository of ${ref.project}, or: cspace up ${ref.sandbox}`,
  });
}

export function getPassedEnv(env: CliContext['env']): UpRequest['env'] {
  return Object.fromEntries(PASSED_ENV.flatMap((name) => (env[name] ? [[name, env[name]]] : [])));
}

interface Attempt {
  client: DaemonClient;
  request: UpRequest;
  options: UpOptions;
}

async function bringUp(context: CliContext, { client, request, options }: Attempt): Promise<UpEnd> {
  const progress = createProgress(context.stderr);
  const spans: SpanEvent[] = [];
  try {
    for await (const event of client.up(request)) {
      if (event.type === 'problem') throw new ProblemError(event.problem);
      if (options.json) printJson(context.stdout, event);
      else if (event.type === 'progress' && event.step === 'note') {
        progress.clear();
        context.stderr.write(`note: ${toOneLine(event.message, MAX_NOTE)}\n`);
      } else if (event.type === 'progress') progress.show(event.message);
      if (event.type === 'span') spans.push(event);
      if (event.type === 'up') {
        progress.clear();
        if (options.timings && !options.json) context.stderr.write(formatTimings(spans));
        return event;
      }
    }
  } finally {
    progress.clear();
  }
  throw new ProblemError({
    code: 'daemon-unreachable',
    message: 'the daemon left before the sandbox was up',
    why: 'the next daemon takes back what was half made',
    fix: 'run the command again',
  });
}

function printUp({ sandbox, created }: UpEnd, output: Output): void {
  const { address, branch, domain, practice } = sandbox;
  const where = address === null ? '' : ` at ${address}`;
  const what = created
    ? `${formatRef(sandbox)} is up${where}`
    : `${formatRef(sandbox)} is running already${where}`;
  output.write(`${what}${branch === null ? '' : `, on branch ${branch}`}\n`);
  if (address !== null) output.write(`its name is ${domain}\n`);
  if (!practice) return;
  output.write('note: no credential was found, so the practice model answers: a script, not a real model.\n');
  output.write('      It does what follows `run:`. For Claude: cspace secrets set ANTHROPIC_API_KEY\n');
}
