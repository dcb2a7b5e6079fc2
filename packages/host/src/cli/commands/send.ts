import { randomUUID } from 'node:crypto';
import { ProblemError } from '@cspace/protocol/problem';
import { MAX_TURN_BYTES } from '@cspace/protocol/supervisor-api';
import { connectApi } from '../../client/connect-api.ts';
import type { CliContext } from '../context.ts';
import { printJson } from '../output/json.ts';
import { resolveRef } from '../resolve-ref.ts';
import { sendAndFollow } from '../send-turn.ts';

export interface SendArguments {
  name: string;
  text: readonly string[];
}

export async function runSend(
  context: CliContext,
  { name, text: words }: SendArguments,
  options: { json?: boolean; follow?: boolean },
): Promise<number> {
  const ref = await resolveRef(context, name);
  const text = await readText(context, words);
  const client = await connectApi(context);
  const json = options.json === true;
  if (options.follow) return sendAndFollow(context, { client, ref, text, json });
  const sent = await client.send(ref, { id: randomUUID(), text });
  if (json) printJson(context.stdout, sent);
  else context.stdout.write(`${sent.id}\n`);
  return 0;
}

/** The words of the command line, or all of stdin for `-`. Throws `usage` where there is nothing, or too much. */
export async function readText(context: CliContext, words: readonly string[]): Promise<string> {
  const text = words.length === 1 && words[0] === '-' ? await context.stdin.readAll() : words.join(' ');
  if (text.trim() === '') {
    throw new ProblemError({ code: 'usage', message: 'the turn is empty', fix: 'cspace send --help' });
  }
  if (Buffer.byteLength(text) > MAX_TURN_BYTES) {
    throw new ProblemError({
      code: 'too-large',
      message: `the turn is longer than ${MAX_TURN_BYTES / 1024} KiB`,
      fix: 'put it into a file of the sandbox and name that: cspace exec -i NAME -- tee task.md < task.md',
    });
  }
  return text;
}
