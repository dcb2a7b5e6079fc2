/** What dig(1) of BIND made of an answer. */
export interface Dug {
  status: string;
  flags: string[];
  /** As in a zone file, blanks made one: `name ttl IN A address`. */
  answer: string[];
  authority: string[];
  text: string;
}

export const NO_DIG =
  Bun.which('dig') === null ? 'dig is missing: apt-get install bind9-dnsutils' : undefined;

/** Asks once; `args` as dig has them. */
export async function dig(port: number, args: string[], server = '127.0.0.1'): Promise<Dug> {
  const once = ['+tries=1', '+time=5', '+noall', '+comments', '+question', '+answer', '+authority'];
  const child = Bun.spawn(['dig', '-p', `${port}`, `@${server}`, ...once, ...args], {
    stdin: 'ignore',
    stdout: 'pipe',
    stderr: 'ignore',
    timeout: 20_000,
  });
  const text = await new Response(child.stdout).text();
  await child.exited;
  return parseDug(text);
}

function parseDug(text: string): Dug {
  const section = (name: string) =>
    (new RegExp(`;; ${name} SECTION:\n((?:[^;\n].*\n)*)`).exec(text)?.[1] ?? '')
      .split('\n')
      .filter(Boolean)
      .map((line) => line.replace(/\s+/g, ' '));
  return {
    status: /status: (\w+)/.exec(text)?.[1] ?? '',
    flags: /;; flags: ([^;]*);/.exec(text)?.[1]?.split(' ') ?? [],
    answer: section('ANSWER'),
    authority: section('AUTHORITY'),
    text,
  };
}
