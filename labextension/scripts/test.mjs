// Bundles tests/*.test.ts and runs them with Node's own test runner.

import { build } from 'esbuild';
import { spawnSync } from 'node:child_process';
import { readdirSync, rmSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { inlineWorker } from './inline-worker.mjs';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '..');
const out = resolve(root, 'node_modules/.cache/jupyter-lifecycle-tests');
const files = readdirSync(resolve(root, 'tests')).filter(name => name.endsWith('.test.ts'));

rmSync(out, { recursive: true, force: true });
await build({
  entryPoints: files.map(name => resolve(root, 'tests', name)),
  bundle: true,
  format: 'esm',
  platform: 'node',
  target: 'node20',
  outdir: out,
  outExtension: { '.js': '.mjs' },
  plugins: [inlineWorker],
  logLevel: 'warning',
});
const bundles = files.map(name => resolve(out, name.replace(/\.ts$/, '.mjs')));
process.exit(spawnSync(process.execPath, ['--test', ...bundles], { stdio: 'inherit' }).status ?? 1);
