// Builds the JupyterLab extension from lib/ into jupyter_lifecycle/labextension, without what was there before.

import { execFileSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '..');
const own = resolve(root, 'node_modules');

rmSync(resolve(root, '../jupyter_lifecycle/labextension'), { recursive: true, force: true });
execFileSync(
  process.execPath,
  [
    resolve(own, '@jupyter/builder/lib/build-labextension.js'),
    '--core-package-file',
    resolve(own, '@jupyterlab/core-meta/core.package.json'),
    root,
  ],
  { cwd: root, stdio: 'inherit' },
);
