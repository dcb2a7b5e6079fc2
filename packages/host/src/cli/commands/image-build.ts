import { ProblemError } from '@cspace/protocol/problem';
import { connectDaemon } from '../../client/connect.ts';
import type { CliContext } from '../context.ts';
import { printJson } from '../output/json.ts';
import { createProgress } from '../output/progress.ts';

export interface ImageBuildOptions {
  json?: boolean;
  force?: boolean;
}

export async function runImageBuild(context: CliContext, options: ImageBuildOptions): Promise<number> {
  const client = await connectDaemon(context);
  const progress = createProgress(context.stderr);
  try {
    for await (const event of client.buildImage({ force: options.force === true })) {
      if (event.type === 'problem') throw new ProblemError(event.problem);
      if (options.json) printJson(context.stdout, event);
      else if (event.type === 'progress') progress.show(event.message);
      if (event.type !== 'image') continue;
      progress.clear();
      if (!options.json) {
        context.stdout.write(`the image ${event.tag} ${event.built ? 'is built' : 'is there already'}\n`);
      }
      return 0;
    }
  } finally {
    progress.clear();
  }
  throw new ProblemError({
    code: 'daemon-unreachable',
    message: 'the daemon left before the image was built',
    fix: 'cspace image build',
  });
}
