import type { ImageBuildRequest } from '@cspace/protocol/daemon-api';
import { ProblemError } from '@cspace/protocol/problem';
import { connectDaemon } from '../../client/connect.ts';
import { locateHome } from '../../client/locate-home.ts';
import { loadConfig } from '../../config/load.ts';
import type { CliContext } from '../context.ts';
import { printJson } from '../output/json.ts';
import { createProgress } from '../output/progress.ts';

export interface ImageBuildOptions {
  json?: boolean;
  force?: boolean;
  substrate?: string;
}

export async function runImageBuild(context: CliContext, options: ImageBuildOptions): Promise<number> {
  const request = await getRequest(context, options);
  const client = await connectDaemon(context);
  const progress = createProgress(context.stderr);
  try {
    for await (const event of client.buildImage(request)) {
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

/** A project's configuration has no say: the image is that of all of them. */
async function getRequest(
  context: CliContext,
  { force, substrate }: ImageBuildOptions,
): Promise<ImageBuildRequest> {
  const home = await locateHome(context);
  const { config } = await loadConfig({ home, flags: { substrate }, env: context.env });
  return {
    force: force === true,
    ...(config.substrate === undefined ? {} : { substrate: config.substrate }),
  };
}
