/**
 * Which of the texts, none of them a part of another, a file has anywhere. It may be large, and mostly holes: GNU grep skips
 * those where lines end with NUL. Throws where it cannot be read.
 */
export async function findTexts(path: string, texts: readonly string[]): Promise<string[]> {
  const options = ['--null-data', '--text', '--only-matching', '--no-filename', '--fixed-strings'];
  const grep = Bun.spawn(['grep', ...options, '--file=-', '--', path], {
    stdin: Buffer.from(texts.join('\n')),
    stdout: 'pipe',
    env: { LC_ALL: 'C', PATH: process.env.PATH },
  });
  const found = new Set((await new Response(grep.stdout).text()).split('\0'));
  if ((await grep.exited) > 1) throw new Error(`grep cannot search ${path}`);
  return texts.filter((text) => found.has(text));
}
