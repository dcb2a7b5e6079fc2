import type { SandboxEvent } from '@cspace/protocol/event';
import type { Output } from '../context.ts';
import { dim } from './colour.ts';
import { getEventText } from './event-text.ts';
import { printJson } from './json.ts';

export interface EventPrinterOptions {
  json: boolean;
  /** What the agent says. */
  speech: Output;
  /** What happens around it. */
  progress: Output;
  /** The practice model answers; events that say so themselves count from then on. */
  practice?: boolean;
}

const RESULT_LINES = 12;

/** Prints events as they come: readable, or as JSON on `speech`, one a line. */
export function createEventPrinter(options: EventPrinterOptions): (event: SandboxEvent) => void {
  const { json, speech, progress } = options;
  let practice = options.practice ?? false;
  return (event) => {
    if (json) return printJson(speech, event);
    if (event.type === 'agent.started' || event.type === 'agent.resumed') practice = event.data.practice;
    const text = getEventText(event, {
      columns: progress.isTerminal ? progress.columns : 120,
      resultLines: RESULT_LINES,
      practice,
    });
    if (!text || text.text === '') return;
    if (text.kind === 'speech') speech.write(`${text.text}\n`);
    else progress.write(`${dim(text.text, progress)}\n`);
  };
}
