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
}

const RESULT_LINES = 12;

/** Prints events as they come: readable, or as JSON on `speech`, one a line. */
export function createEventPrinter(options: EventPrinterOptions): (event: SandboxEvent) => void {
  const { json, speech, progress } = options;
  return (event) => {
    if (json) return printJson(speech, event);
    const text = getEventText(event, {
      columns: progress.isTerminal ? progress.columns : 120,
      resultLines: RESULT_LINES,
    });
    if (!text || text.text === '') return;
    if (text.kind === 'speech') speech.write(`${text.text}\n`);
    else progress.write(`${dim(text.text, progress)}\n`);
  };
}
