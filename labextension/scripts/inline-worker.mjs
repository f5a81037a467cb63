// For esbuild: `inline-worker:./x.ts` is the bundled source of x.ts, as text. A worker needs no file of its own.

import { build } from 'esbuild';
import { dirname, resolve } from 'node:path';

export const inlineWorker = {
  name: 'inline-worker',
  setup(builder) {
    builder.onResolve({ filter: /^inline-worker:/ }, args => ({
      path: resolve(args.resolveDir, args.path.slice('inline-worker:'.length)),
      namespace: 'inline-worker',
    }));
    builder.onLoad({ filter: /.*/, namespace: 'inline-worker' }, async args => {
      const result = await build({
        entryPoints: [args.path],
        bundle: true,
        minify: true,
        write: false,
        format: 'iife',
        target: 'es2022',
      });
      return {
        contents: result.outputFiles[0].text,
        loader: 'text',
        watchDirs: [dirname(args.path)],
      };
    });
  },
};
