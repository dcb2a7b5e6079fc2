import { OVERRIDES } from '../../packages/host/src/config/overrides.ts';
import { getDefaults, ProjectFile, UserFile } from '../../packages/host/src/config/schema.ts';
import type { PASSED_ENV } from '../../packages/protocol/src/daemon-api.ts';
import { formatTable } from './table.ts';

/** Shown in the page, and read by its test with the parsers of cspace. */
export const EXAMPLES = {
  project: `{
  // Comments and trailing commas are fine.
  "project": "shop",
  "model": "claude-sonnet-4-5",
  "limits": { "cpus": 2, "memory": "3g" },
}
`,
  user: `{
  "limits": { "cpus": 8, "memory": "16g", "pids": 8192 },
  "bridge": "cspace0",
  "subnet": "192.168.64.0/24",
  "idleSeconds": 3600,
}
`,
  secrets: `# Anthropic: an API key (sk-ant-api…) or an OAuth token (sk-ant-oat…, from \`claude setup-token\`)
ANTHROPIC_API_KEY=sk-ant-api03-...
# GitHub: for git push, git fetch and gh
GH_TOKEN=github_pat_...
`,
};

const CREDENTIALS: Record<(typeof PASSED_ENV)[number], string> = {
  ANTHROPIC_API_KEY: 'an API key; an OAuth token in its place is recognised by `sk-ant-oat`',
  CLAUDE_CODE_OAUTH_TOKEN: 'an OAuth token of a Claude subscription, from `claude setup-token`',
  ANTHROPIC_AUTH_TOKEN: 'the bearer token of a gateway',
  ANTHROPIC_BASE_URL:
    'another server that speaks the Messages API: a gateway, or a model server in your network; sandboxes do not reach servers on this host',
  ANTHROPIC_MODEL: 'the model, where neither flag nor configuration names one',
  GH_TOKEN: 'a GitHub token: git over https and gh use it; inside it stands under all three names',
  GITHUB_TOKEN: 'the same, looked for second',
  GITHUB_PERSONAL_ACCESS_TOKEN: 'the same, looked for third',
};

interface Property {
  description?: string;
  type?: string | string[];
  enum?: string[];
  properties?: Record<string, Property>;
}

interface Key {
  /** With its parents: `limits.cpus`. */
  name: string;
  type: string;
  description: string;
  inProject: boolean;
  inUser: boolean;
}

/** docs/config.md: what can be configured, from the schemas that check it. `flags`: the long options of `cspace up`. */
export function getConfigPage(flags: ReadonlySet<string>): string {
  return `${[
    '# Configuration',
    'Made by `scripts/generate-docs` from the schemas in `packages/host/src/config`; changes here are overwritten.',
    INTRO,
    '## Keys',
    formatTable(
      ['key', 'type', 'default', 'flag of `up`', 'variable', '`.cspace.json`', '`config.json`', 'what it is'],
      getKeys().map((key) => getRow(key, flags)),
    ),
    '## `.cspace.json`',
    PROJECT,
    code('jsonc', EXAMPLES.project),
    '## `config.json`',
    USER,
    code('jsonc', EXAMPLES.user),
    '## Credentials: `secrets.env` and the environment',
    SECRETS,
    code('sh', EXAMPLES.secrets),
    formatTable(
      ['variable', 'what it is'],
      Object.entries(CREDENTIALS).map(([name, text]) => [`\`${name}\``, text]),
    ),
    '## The agent’s role: `.cspace/agent.md`',
    ROLE,
    '## Where everything is: `CSPACE_HOME`',
    HOME,
  ].join('\n\n')}\n`;
}

function getKeys(): Key[] {
  const project = flatten(ProjectFile);
  const user = flatten(UserFile);
  return [...new Map([...project, ...user])].map(([name, property]) => ({
    name,
    type: getType(property),
    description: property.description ?? '',
    inProject: project.has(name),
    inUser: user.has(name),
  }));
}

/** The keys as a person writes them (`input`: before memory becomes MiB), those of objects under their own names. */
function flatten(schema: typeof ProjectFile | typeof UserFile): Map<string, Property> {
  const { properties } = schema.toJSONSchema({ io: 'input' }) as Property;
  return new Map(
    Object.entries(properties ?? {}).flatMap(([name, property]): [string, Property][] =>
      property.properties
        ? Object.entries(property.properties).map(([inner, found]) => [`${name}.${inner}`, found])
        : [[name, property]],
    ),
  );
}

function getType({ type, enum: values }: Property): string {
  if (values) return values.map((value) => `\`"${value}"\``).join(' or ');
  return [type ?? '']
    .flat()
    .map((name) => (name === 'integer' ? 'whole number' : name))
    .join(' or ');
}

function getRow({ name, type, description, inProject, inUser }: Key, flags: ReadonlySet<string>): string[] {
  const short = name.replace(/^limits\./, '');
  const variable = Object.hasOwn(OVERRIDES, short)
    ? OVERRIDES[short as keyof typeof OVERRIDES].variable
    : undefined;
  return [
    `\`${name}\``,
    type,
    getDefault(name),
    flags.has(`--${short}`) ? `\`--${short}\`` : '',
    variable ? `\`${variable}\`` : '',
    inProject ? 'yes' : '',
    inUser ? 'yes' : '',
    description,
  ];
}

/** The default of a key as it would be written; on a host with processors enough. */
function getDefault(name: string): string {
  const { limits, ports, ...rest } = getDefaults(Number.POSITIVE_INFINITY);
  const values: Record<string, unknown> = {
    ...rest,
    'limits.cpus': limits.cpus,
    'limits.memory': `${limits.memoryMiB / 1024}g`,
    'limits.pids': limits.pids,
    'ports.http': ports.http,
    'ports.dns': ports.dns,
  };
  const value = values[name];
  if (value === undefined) return '';
  return `\`${JSON.stringify(value)}\`${name === 'limits.cpus' ? ', or as many as there are' : ''}`;
}

const code = (language: string, text: string) => `\`\`\`${language}\n${text}\`\`\``;

const INTRO = `Nothing has to be configured. What is said in more than one place counts in this order: a flag, a \`CSPACE_*\` variable,
\`.cspace.json\` at the top of the repository, \`config.json\` in the home (\`~/.cspace\`), the default. A key or a \`CSPACE_*\`
variable that does not exist is an error, and all mistakes of a file are named at once, with their lines.`;

const PROJECT = `Committed with the project, so it may narrow what you allow in \`config.json\` and never widen it: limits above
yours are cut down to them, and \`up\` says so. Read anew by every \`up\`; a sandbox that runs keeps what it was made with.`;

const USER = `Your own, in the home. \`bridge\`, \`subnet\`, \`ports\`, \`idleSeconds\` and \`templates\` belong to the daemon, which reads them
when it starts: \`cspace daemon stop\`, and the next command starts it again. Two homes on one host need a bridge, a subnet
and ports each, and cannot both have a sandbox of the same name in a project of the same name.`;

const SECRETS = `Credentials are read at every \`up\`, from the environment first, then from \`secrets.env\` in the home: \`NAME=value\` lines
with the names below, nothing is expanded. The file has to be yours alone (\`chmod 600 ~/.cspace/secrets.env\`), or it is refused.
They reach the sandbox in a file under \`/run/cspace\`, never on a command line; a running sandbox gets new ones by
\`cspace down NAME && cspace up NAME\`. Where neither a credential for a model nor
\`ANTHROPIC_BASE_URL\` is given, the practice model answers. Of the first three, at most one may be given in each place.`;

const ROLE = `What this file of the repository says is added to the agent's system prompt, up to 64 KiB. It is read from the clone each
time the agent starts.`;

const HOME = `\`CSPACE_HOME\` is the folder with all state, \`~/.cspace\` by default; [ARCHITECTURE.md](../ARCHITECTURE.md) lists its files. An
absolute path, and a short one: the daemon's socket is in it.`;
