import type { SandboxEvent } from '@cspace/protocol/event';
import { stripControls, toOneLine } from './terminal-text.ts';

/** An event for people. `speech` is what the agent says; `progress` all that happens around it. */
export interface EventText {
  kind: 'speech' | 'progress';
  text: string;
}

export interface EventTextOptions {
  columns: number;
  /** Lines of a tool's result that are shown. */
  resultLines: number;
  /** The practice model answers: what Claude Code reckons as its price is made up. */
  practice: boolean;
}

type TurnEnd = Extract<SandboxEvent, { type: 'turn.ended' }>['data'];

/** An event as text without a newline at its end; undefined for those that people need not see. */
export function getEventText(event: SandboxEvent, options: EventTextOptions): EventText | undefined {
  const progress = (text: string): EventText => ({ kind: 'progress', text });
  const line = (text: string) => progress(toOneLine(text, options.columns));
  switch (event.type) {
    case 'turn.text':
      return { kind: 'speech', text: stripControls(event.data.text).trimEnd() };
    case 'turn.queued':
      return progress(getPrompt(event.data.text));
    case 'turn.started':
      return event.data.attempt > 1 ? line(`- attempt ${event.data.attempt} of this turn`) : undefined;
    case 'turn.tool_call':
      return line(`* ${event.data.name} ${getToolInput(event.data.input)}`);
    case 'turn.tool_result':
      return progress(getResult(event.data, options));
    case 'turn.ended':
      return line(getEnd(event.data, options));
    case 'supervisor.started':
      return line(`- supervisor ${event.data.version} started`);
    case 'agent.started':
      return line(`- new conversation${getModel(event.data)}`);
    case 'agent.resumed':
      return line(`- conversation continued${getModel(event.data)}`);
    case 'agent.reset':
      return line(`- the earlier conversation is gone: ${event.data.reason}`);
    case 'agent.exited':
      return event.data.expected ? undefined : line(`- the agent ended: ${event.data.reason}`);
    case 'attach.started':
      return line('- somebody attached');
    case 'attach.ended':
      return line(`- detached: ${event.data.reason}`);
  }
}

function getModel({ model, practice }: { model: string | null; practice: boolean }): string {
  if (practice) return ' with the practice model';
  return model === null ? '' : ` with ${model}`;
}

function getPrompt(text: string): string {
  return stripControls(text)
    .split('\n')
    .map((line) => `> ${line}`)
    .join('\n');
}

/** The part of a tool's input that tells most: its command, file or pattern. */
function getToolInput(input: unknown): string {
  if (typeof input !== 'object' || input === null) return '';
  const fields = input as Record<string, unknown>;
  for (const name of ['command', 'file_path', 'path', 'pattern', 'url', 'query', 'description']) {
    if (typeof fields[name] === 'string') return fields[name];
  }
  return JSON.stringify(input);
}

function getResult(data: { text: string; isError: boolean }, options: EventTextOptions): string {
  const lines = stripControls(data.text).trimEnd().split('\n');
  const shown = lines.slice(0, options.resultLines).map((line) => `  ${line.trimEnd()}`.trimEnd());
  if (lines.length > shown.length) shown.push(`  … ${lines.length - shown.length} more lines`);
  if (data.isError) shown.unshift('  failed:');
  return shown.join('\n');
}

function getEnd(data: TurnEnd, { practice }: EventTextOptions): string {
  const parts = [`- turn ${data.outcome}`];
  if (data.reason !== undefined) parts.push(`: ${data.reason}`);
  if (data.durationMs !== undefined) parts.push(`, ${(data.durationMs / 1000).toFixed(1)} s`);
  if (data.costUsd && !practice) parts.push(`, $${data.costUsd.toFixed(4)}`);
  return parts.join('');
}
