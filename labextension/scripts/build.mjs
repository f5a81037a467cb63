// Bundles the widgets into jupyter_lifecycle/widgets/static: one self-contained ES module and one stylesheet each.

import { build, context } from 'esbuild';
import { existsSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { inlineWorker } from './inline-worker.mjs';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '..');
const out = resolve(root, '../jupyter_lifecycle/widgets/static');
const LIMIT = 60 * 1024;

async function styles(name, files) {
  const parts = await Promise.all(
    files.map(file => readFile(resolve(root, 'style', file), 'utf8')),
  );
  await writeFile(resolve(out, `${name}.css`), parts.join('\n'));
}

const options = {
  bundle: true,
  format: 'esm',
  target: 'es2022',
  minify: true,
  legalComments: 'none',
  outdir: out,
  plugins: [inlineWorker],
  logLevel: 'warning',
};

async function main() {
  await mkdir(out, { recursive: true });
  const names = ['explorer', 'panels'];
  const entries = { explorer: resolve(root, 'src/widget.ts') };
  if (existsSync(resolve(root, 'src/panels.ts'))) entries.panels = resolve(root, 'src/panels.ts');
  for (const name of names)
    if (existsSync(resolve(root, 'style', `${name}.css`)))
      await styles(name, ['tokens.css', `${name}.css`]);
  if (process.argv.includes('--watch')) {
    const watcher = await context({ ...options, entryPoints: entries });
    await watcher.watch();
    return;
  }
  await build({ ...options, entryPoints: entries });
  for (const name of Object.keys(entries)) {
    const size = gzipSync(await readFile(resolve(out, `${name}.js`))).length;
    console.log(`${name}.js ${(size / 1024).toFixed(1)} KB gzipped`);
    if (size > LIMIT) throw new Error(`${name}.js is over ${LIMIT / 1024} KB gzipped`);
  }
}

await main();
