import { dirname, join, normalize } from 'node:path';

export interface Import {
  /** Of the file that imports, from the repository's root. */
  file: string;
  line: number;
  /** A path from the repository's root for a file of ours, else the name of a package. */
  target: string;
  ours: boolean;
}

const PROTOCOL = '@cspace/protocol/';

/** `import … from 'x'`, `export … from 'x'`, `import 'x'`, `import('x')`, types included. */
const IMPORT = /(?:\bfrom\s*|\bimport\s*\(\s*|^import\s+)(['"])([^'"\n]+)\1/gm;

/** Comments blanked out, line breaks kept, so that line numbers stay right and prose is no import. Pure. */
export function stripComments(source: string): string {
  const pattern = /'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*"|\/\*[\s\S]*?\*\/|(?<![:\\/])\/\/[^\n]*/g;
  return source.replace(pattern, (match) => (match.startsWith('/') ? match.replace(/[^\n]/g, ' ') : match));
}

/** Every import of a source file. Pure. */
export function parseImports(file: string, source: string): Import[] {
  const text = stripComments(source);
  return [...text.matchAll(IMPORT)].map((match) => {
    const name = match[2] ?? '';
    const line = text.slice(0, match.index).split('\n').length;
    if (name.startsWith('.')) return { file, line, target: normalize(join(dirname(file), name)), ours: true };
    if (name.startsWith(PROTOCOL))
      return { file, line, target: `packages/protocol/src/${name.slice(PROTOCOL.length)}.ts`, ours: true };
    return { file, line, target: getPackage(name), ours: false };
  });
}

/** `hono/body-limit` is of `hono`, `@a/b/c` of `@a/b`; builtins keep their whole name. Pure. */
export function getPackage(name: string): string {
  if (/^(node|bun):/.test(name)) return name;
  return name.split('/', name.startsWith('@') ? 2 : 1).join('/');
}
